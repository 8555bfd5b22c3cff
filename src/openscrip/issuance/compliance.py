"""Compliance over the books: who is taken on, what rules and lists say of them, and the door of the primary market.

A client is judged when something that matters changes: particulars, papers, owners, rules, lists. The verdict stands in a row
with the versions that made it; the door compares versions and judges anew where one differs, so that no request is ever
answered by an old list, whether or not the rescreening of everybody has come to that client.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from openscrip.assets.compliance.control import Stake, checked_stakes
from openscrip.assets.compliance.persons import Paper, Person, Wallet
from openscrip.assets.compliance.rules import May
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.assets.compliance.screening import (
    Known,
    Policy,
    Refusal,
    ScreenedOrder,
    Verdict,
    judge,
    of_amount,
    of_lists,
    of_wallet,
    refuse_any,
)
from openscrip.assets.compliance.vault import Vault, passing_vault
from openscrip.issuance.cases import Case, hold_of, open_case
from openscrip.issuance.clients import (
    Clearance,
    Cleared,
    Client,
    ClientStanding,
    ClientWallet,
    Conduct,
    DecisionRecord,
    Evidence,
    ListUsed,
    Owners,
    wallet_id,
)
from openscrip.issuance.monitoring import counted, patterns
from openscrip.issuance.primary_market import Asked
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused, refuse_unless
from openscrip.runtime.codec import Codec, Undecodable
from openscrip.runtime.store import Unit, View

PERSONS = Codec((Person,))
BY_RULES = "rules"
OWNERS_DEEP_MAX = 200
NAME_RULES = frozenset({"compliance.sanctioned_name", "compliance.name_review"})
GROUP_RULES = frozenset({"compliance.us_person", "compliance.country"})


class Compliance:
    """`lists` gives the lists in force, and `refresh` looks whether they have changed. `now` is market time."""

    def __init__(
        self,
        policy: Policy,
        lists: Callable[[], SanctionsLists],
        vault: Vault,
        now: Callable[[], int],
        refresh: Callable[[View], None] = lambda view: None,
    ) -> None:
        self.policy = policy
        self.lists = lists
        self.vault = vault
        self.now = now
        self._refresh = refresh

    # persons

    def take_on(self, unit: Unit, person: Person, wallets: Mapping[str, str], by: str = BY_RULES) -> Client:
        """Enter a client and attested wallets (address by chain), once; later wallets are added.

        Raises `Conflict("client.conflict")` for the same id with other particulars, `Refused("compliance.list_stale")`
        while the lists are old, and `Refused("compliance.wallet_of_another")` for a wallet that somebody else signed for.
        """
        self._refresh(unit)
        refuse_any(list(of_lists(self.lists(), self.policy, self.now())))
        client = self._entered(unit, person, "onboarded", by)
        for chain, address in wallets.items():
            self.add_wallet(unit, client.id, chain, address, "")
        return client

    def relate(self, unit: Unit, person: Person, by: str) -> Client:
        """Enter an owner of an entity, who is screened and may not subscribe."""
        return self._entered(unit, person, "related", by)

    def _entered(self, unit: Unit, person: Person, state: str, by: str) -> Client:
        document = json.loads(PERSONS.encode(person))
        inputs = self.vault.digest(document)
        client = unit.row(Client, person.id)
        if client is None:
            client = Client(person.id, self.vault.seal(document, bound(person.id)), inputs, self.now(), state=state)
            unit.put(client)
            self.judge_anew(unit, person.id, by, "taken on")
        elif client.inputs != inputs:
            raise Conflict("client.conflict", f"client: {person.id} was taken on with other particulars")
        elif client.state == "related" and state == "onboarded":
            client = replace(client, state=state)
            unit.put(client)
            self.judge_anew(unit, person.id, by, "an owner was onboarded")
        return client

    def change(self, unit: Unit, person: Person, by: str, reason: str) -> Client:
        """Particulars that have changed, in a named person's or provider's name; everything is judged anew."""
        client = _client(unit, person.id)
        document = json.loads(PERSONS.encode(person))
        after = replace(client, sealed=self.vault.seal(document, bound(person.id)), inputs=self.vault.digest(document))
        unit.put(after)
        self.judge_anew(unit, person.id, by, reason)
        return after

    def add_wallet(self, unit: Unit, person: str, chain: str, address: str, proof: str) -> ClientWallet:
        """A wallet whose key has signed. Raises `Refused("compliance.wallet_of_another")`."""
        known = unit.row(ClientWallet, wallet_id(chain, address))
        refuse_unless(
            known is None or known.wallet.person_id == person,
            "compliance.wallet_of_another",
            f"wallet: {address:.80} on {chain} belonged to somebody else",
        )
        if known is None or (proof and not known.proof):
            wallet = Wallet(chain, address, person, True)
            known = ClientWallet(wallet_id(chain, address), wallet, proof=proof, proven_at=self.now())
            unit.put(known)
        return known

    def add_paper(self, unit: Unit, person: str, paper: Paper, particulars: Mapping[str, str], by: str) -> Evidence:
        """A paper of a client; the same document again is the same row. `particulars` are sealed."""
        _client(unit, person)
        row_id = f"{person}:{paper.kind.value}:{paper.sha256[:16]}"
        known = unit.row(Evidence, row_id)
        if known is not None:
            if known.paper != paper:
                raise Conflict("evidence.conflict", f"evidence: {row_id} was entered with other dates")
            return known
        sealed = self.vault.seal(dict(particulars), bound(row_id))
        row = Evidence(row_id, person, paper, sealed, by, self.now(), stock=person)
        unit.put(row)
        self.judge_anew(unit, person, by, f"evidence: {paper.kind.value}")
        return row

    def tell_owners(self, unit: Unit, entity: str, stakes: tuple[Stake, ...], by: str) -> Owners:
        """Who owns an entity. Every owner must be entered before. Raises `Malformed("client.unknown")`, `owners.share`."""
        for each in (entity, *(stake.owner for stake in stakes)):
            _client(unit, each)
        row = Owners(entity, checked_stakes(entity, stakes), by, self.now())
        unit.put(row)
        self.judge_anew(unit, entity, by, "owners told")
        return row

    def person(self, view: View, person: str) -> Person:
        """The particulars. Raises `Malformed("client.unknown")`."""
        return self._opened(_client(view, person))

    def _opened(self, client: Client) -> Person:
        document = self.vault.open(client.sealed, bound(client.id))
        try:
            found: Person = PERSONS.decode("Person", json.dumps(document))
        except (Undecodable, Malformed):  # their texts would quote what is personal
            raise Refused("vault.damaged", f"vault: the particulars of {client.id} did not fit this version") from None
        return found

    # verdicts

    def standing(self, unit: Unit, person: str) -> ClientStanding | None:
        """What is said of a client now: the row, or a new judgement where a version differs or evidence has expired."""
        row = unit.row(ClientStanding, person)
        if row is None and unit.row(Client, person) is None:
            return None
        fresh = row is not None and (row.policy, row.lists) == (self.policy.version, self.lists().digest)
        if row is not None and fresh and self.now() < row.until:
            return row
        return self.judge_anew(unit, person, BY_RULES, "versions or dates have moved on")

    def foresee(self, view: View, person: str) -> None:
        """Compare a client's names ahead of a judgement, so that it finds the answers kept."""
        client = view.row(Client, person)
        if client is not None:
            judge(self._known(view, client, self.lists()), self.policy, self.lists(), self.now())

    def judge_anew(self, unit: Unit, person: str, by: str, reason: str) -> ClientStanding:
        """Judge, record the decision, open the case that it asks for. The same verdict on the same inputs adds no record."""
        client = _client(unit, person)
        lists, now = self.lists(), self.now()
        verdict = judge(self._known(unit, client, lists), self.policy, lists, now)
        if client.state == "related":
            text = f"compliance: {person} was entered as an owner, and was not onboarded"
            verdict = replace(verdict, refusals=(Refusal("compliance.unverified", text), *verdict.refusals))
        before = unit.row(ClientStanding, person)
        rules = tuple(each.rule for each in verdict.refusals)
        record = DecisionRecord(
            f"{person}:{unit.next_number(f'decision:{person}')}", person, self.policy.version, self.policy.book.hash,
            tuple(ListUsed(part.publisher, part.sha256, part.retrieved_at) for part in lists.parts), lists.digest,
            lists.scorer.name, client.inputs, verdict.score, verdict.listed, verdict.word, rules, by, reason, now,
        )  # fmt: skip
        unit.put(record)
        row = ClientStanding(
            person, self.policy.version, lists.digest, client.inputs, verdict.refusals, verdict.redeem, verdict.hold,
            verdict.score, verdict.listed, verdict.until, now, record.id, state=verdict.word,
        )  # fmt: skip
        unit.put(row)
        self._open_cases(unit, client, verdict, lists, before)
        return row

    def _known(self, unit: View, client: Client, lists: SanctionsLists) -> Known:
        stakes: dict[str, tuple[Stake, ...]] = {}
        persons = {client.id: self._opened(client)}
        waiting = [client.id]
        while waiting and len(persons) < OWNERS_DEEP_MAX:
            entity = waiting.pop()
            row = unit.row(Owners, entity)
            if row is None:
                continue
            stakes[entity] = row.stakes
            for stake in row.stakes:
                if stake.owner not in persons:
                    persons[stake.owner] = self._opened(_client(unit, stake.owner))
                    waiting.append(stake.owner)
        papers = tuple(row.paper for row in unit.rows(Evidence, stock=client.id, state="valid"))
        return Known(persons[client.id], papers, stakes, persons, self._cleared(unit, client, lists))

    def _cleared(self, unit: View, client: Client, lists: SanctionsLists) -> frozenset[str]:
        """Entries that two persons found to be somebody else, as long as neither particulars nor entry have changed."""
        found = unit.row(Clearance, client.id)
        entries = found.entries if found is not None else ()
        return frozenset(
            each.listed for each in entries if each.inputs == client.inputs and each.entry == lists.entry_digest(each.listed)
        )

    def _open_cases(
        self, unit: Unit, client: Client, verdict: Verdict, lists: SanctionsLists, before: ClientStanding | None
    ) -> None:
        """A listed name or owner is a case and a hold; a group is a case where a client who was clear came into it."""
        entry = lists.entry_digest(verdict.listed)
        known = {each.rule for each in before.refusals} if before is not None else None
        for refusal in verdict.refusals:
            if refusal.rule in NAME_RULES:
                self._open(unit, client, "name", refusal, entry[:16], holds=True, listed=verdict.listed, entry=entry)
            elif refusal.rule == "compliance.sanctioned_owner":
                self._open(unit, client, "owner", refusal, lists.digest[:16], holds=True)
            elif (
                refusal.rule in GROUP_RULES and verdict.hold is not May.YES and known is not None and refusal.rule not in known
            ):
                self._open(unit, client, "group", refusal, f"{refusal.rule}:{self.policy.version}", holds=False)

    def _open(
        self, unit: Unit, client: Client | ClientStanding, kind: str, refusal: Refusal, ground: str, *, holds: bool,
        listed: str = "", entry: str = "",
    ) -> None:  # fmt: skip
        """A case for this ground, good for the particulars as they are."""
        whole = f"{client.inputs[:16]}:{ground}"
        name = hashlib.sha256(f"{refusal.rule}:{whole}".encode()).hexdigest()[:12]
        open_case(unit, Case(
            f"{client.id}:{kind}:{name}", client.id, kind, refusal.rule, refusal.text, whole, self.now(), holds, listed, entry,
        ))  # fmt: skip

    def clear(self, unit: Unit, case: Case) -> None:
        """What a released case of a name means: the entry is somebody else, for these particulars."""
        if case.kind == "name" and case.listed:
            found = unit.row(Clearance, case.person) or Clearance(case.person, ())
            cleared = Cleared(case.listed, case.entry, _client(unit, case.person).inputs, case.id)
            unit.put(replace(found, entries=(*found.entries, cleared)))
        names = ", ".join(each.by for each in case.approvals if each.word == "release")
        self.judge_anew(unit, case.person, names, f"case {case.id} was released")

    # the door

    def screen(self, unit: Unit, asked: Asked) -> None:
        """What the primary market calls for each request: raises `Refused` with the first rule that forbids it.

        A redemption is refused for its wallet alone; where a rule demands a review it is taken, and the client is held.
        """
        self._refresh(unit)
        standing = self.standing(unit, asked.person)
        if standing is None:
            raise Refused("compliance.unverified", f"compliance: {asked.person!a:.80} was not onboarded")
        known = unit.row(ClientWallet, wallet_id(asked.chain, asked.wallet))
        wallet = known.wallet if known else Wallet(asked.chain, asked.wallet, asked.person, False)
        today = new_york_date(self.now())
        conduct = unit.row(Conduct, asked.person) or Conduct(asked.person)
        of_its_wallet = list(of_wallet(asked.person, wallet, self.lists()))
        if asked.side == "subscribe":
            held = hold_of(unit, asked.person)
            waits = (
                [Refusal("compliance.held", f"compliance: {asked.person} was held by {', '.join(held.cases)}")] if held else []
            )
            order = ScreenedOrder(asked.value)
            spent = conduct.today(today).subscribed
            refuse_any([
                *standing.refusals, *waits, *of_its_wallet, *of_amount(order, self.policy, spent),
                *of_lists(self.lists(), self.policy, self.now()),
            ])  # fmt: skip
        else:
            self._screen_redemption(unit, asked, standing, of_its_wallet)
        watch = self.policy.book.monitoring
        after = counted(conduct, today, asked.side, asked.stock, asked.value, watch)
        unit.put(after)
        for case in patterns(after, today, watch, self.now()):
            open_case(unit, case)

    def _screen_redemption(self, unit: Unit, asked: Asked, standing: ClientStanding, of_its_wallet: list[Refusal]) -> None:
        refuse_any([each for each in of_its_wallet if each.rule != "compliance.sanctioned_address"])
        groups = [each for each in standing.refusals if each.rule in GROUP_RULES]
        if standing.redeem is May.NO:
            refuse_any(groups)
        review = [each for each in of_its_wallet if each.rule == "compliance.sanctioned_address"]
        review += [each for each in standing.refusals if each.rule == "compliance.unverified"]
        if standing.redeem is May.REVIEW and not standing.listed:
            review += groups
        for each in review:
            kind = "address" if each.rule == "compliance.sanctioned_address" else "group"
            ground = f"{each.rule}:{standing.policy}:{wallet_id(asked.chain, asked.wallet)}"
            self._open(unit, standing, kind, each, ground, holds=True)

    def screen_address(self, chain: str, wallet: str) -> None:
        """What a crossing or a deposit asks of an address, whose owner need not be a client: raises `Refused` if listed."""
        listed = self.lists().match_address("evm" if is_evm(chain) else chain, wallet)
        if listed is not None:
            raise Refused("compliance.sanctioned_address", f"compliance: {wallet} was listed ({listed.programme})")


def screening(
    policy: Policy, lists: SanctionsLists, now: Callable[[], int], vault: Vault | None = None
) -> Callable[[Unit, Asked], None]:
    """The door alone, on lists that do not change; without a vault, one whose key is gone with the process."""
    return Compliance(policy, lambda: lists, vault or passing_vault(), now).screen


def address_screening(lists: SanctionsLists) -> Callable[[str, str], None]:
    """What a crossing asks of its holder and receiver, on lists that do not change: raises `Refused` for a listed address."""

    def screen_address(chain: str, wallet: str) -> None:
        listed = lists.match_address("evm" if is_evm(chain) else chain, wallet)
        if listed is not None:
            text = f"compliance: {wallet} was listed ({listed.programme})"
            raise Refused("compliance.sanctioned_address", text)

    return screen_address


def bound(row_id: str) -> str:
    """The place that a sealed text is bound to."""
    return f"client/{row_id}"


def _client(view: View, person: str) -> Client:
    client = view.row(Client, person)
    if client is None:
        raise Malformed("client.unknown", f"client: {person!a:.80} was not taken on")
    return client
