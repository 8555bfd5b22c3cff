"""Where the tokenisation network's requests are taken: participants, creations, journals, and redemptions out of escrow.

Every request is screened as a client's would be; the network hears one of its few sentences, the books keep our own rule and
reason (I9). The same request again gets the same answer, with other content it is a `Conflict`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from openscrip.assets.actions import Resumed
from openscrip.assets.network import NetworkStatus
from openscrip.assets.stock import Stock
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.clients import Client, ClientWallet, wallet_id
from openscrip.issuance.in_kind_row import (
    InKindCreation,
    InKindHeld,
    InKindRedemption,
    JournalConfirmed,
    JournalRejected,
    Participant,
)
from openscrip.issuance.news import ChainName
from openscrip.issuance.primary_market import Asked, RequestRefused, Screen
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Conflict, Malformed, Refused, refuse_unless
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.store import Store, Unit

VIA = "itn"
IDS_AHEAD = 16
"""So many ids of redemptions to come are named for each participant, so that any of them may be used next."""


@dataclass(frozen=True, slots=True)
class CreationAsked:
    """What the network asks for a participant; `network` is its name for the chain."""

    tokenization_request_id: str
    shares: Shares
    underlying: str
    token: str
    network: str
    client: str
    wallet: str


@dataclass(frozen=True, slots=True)
class OfferedToken:
    """A token that can be created and redeemed in kind, and the networks (by their names there) that carry it."""

    underlying: str
    token: str
    networks: tuple[str, ...]


class InKindMarket:
    """The issuer's side of the network. `chains` gives the network's name of each chain that is offered.

    `counterparty` is the tokenisation account as the custodian knows it.
    """

    def __init__(
        self,
        store: Store,
        books: Books,
        screen: Screen,
        terms: Terms,
        now: Callable[[], int],
        chains: Mapping[str, str],
        counterparty: str,
    ) -> None:
        self._store = store
        self._books = books
        self._screen = screen
        self._terms = terms
        self._now = now
        self._chains = dict(chains)
        self._counterparty = counterparty

    # participants

    def register(self, client: str, mail: str) -> Participant:
        """Make a client a participant, under the mail address by which the network will ask. Again is harmless.

        Raises `Malformed("client.unknown")`, `Conflict("participant.conflict")` where either is taken.
        """
        digest = mail_hash(mail)
        with self._store.transaction() as unit:
            if unit.row(Client, client) is None:
                raise Malformed("client.unknown", f"client: {client!a:.80} was not taken on")
            for known in unit.rows(Participant):
                if (known.id == client) != (known.mail_hash == digest):
                    raise Conflict("participant.conflict", "participant: the client or the address was registered otherwise")
            found = unit.row(Participant, client)
            if found is None:
                found = Participant(client, digest, since=self._now())
                unit.put(_name_ids(unit, found))
            return unit.row(Participant, client) or found

    def connect(self, mail: str, account: str) -> str:
        """Link a participant's account at the network; the id by which we know the participant.

        Raises `Malformed("participant.unknown")` for an address that was not registered and
        `Conflict("participant.linked")` where it is linked already.
        """
        digest = mail_hash(mail)
        with self._store.transaction() as unit:
            found = next((each for each in unit.rows(Participant) if each.mail_hash == digest), None)
            if found is None:
                raise Malformed("participant.unknown", "participant: nobody was registered under this address")
            if found.account:
                raise Conflict("participant.linked", f"participant: {found.id} was linked to an account")
            unit.put(replace(found, account=account, state="linked"))
            return found.id

    def tokens(self) -> list[OfferedToken]:
        """What may be created: one line for each token, networks and tokens in alphabetical order."""
        with self._store.view() as view:
            stocks = view.rows(Stock)
        found = [OfferedToken(stock.id, stock.token_symbol, self._networks(stock)) for stock in stocks]
        return sorted((each for each in found if each.networks), key=lambda each: (each.underlying, each.token))

    def _networks(self, stock: Stock) -> tuple[str, ...]:
        return tuple(sorted({self._chains[chain] for chain, _ in stock.tokens if chain in self._chains}))

    # creations

    def create(self, asked: CreationAsked) -> InKindCreation:
        """Take a request, or record why not: the row's state says `created`, or `refused` with the network's rule for it.

        Raises `Conflict("itn.conflict")` for a known id with other content.
        """
        request_id = issuer_request_id(asked.tokenization_request_id)
        parts = (asked.shares, asked.underlying, asked.token, asked.network, asked.client, asked.wallet)
        fingerprint = hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
        with self._store.transaction() as unit:
            try:
                unit.use_once("request", request_id, fingerprint)
            except Refused as refusal:
                text = f"request: {asked.tokenization_request_id:.80} came with other content"
                raise Conflict("itn.conflict", text) from refusal
            known = unit.row(InKindCreation, request_id)
            if known is not None:
                return known
            chain = next((name for name, network in self._chains.items() if network == asked.network), "")
            row = InKindCreation(
                request_id, asked.underlying, asked.client, chain, asked.wallet, asked.shares,
                asked.tokenization_request_id, asked.network, self._counterparty, self._now(),
            )  # fmt: skip
            try:
                decision = Decision(rows=(replace(row, epoch=self._checked(unit, asked, chain).epoch),))
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                fact = RequestRefused(request_id, asked.client, asked.underlying, refusal.code, refusal.text)
                decision = Decision((refused,), facts=(fact,))
            self._books.record(unit, decision)
            return unit.row(InKindCreation, request_id) or row

    def _checked(self, unit: Unit, asked: CreationAsked, chain: str) -> Stock:
        """The stock, when nothing forbids the creation. Raises `Refused` with one of the network's five rules."""
        participant = unit.row(Participant, asked.client)
        linked = participant is not None and participant.state == "linked"
        refuse_unless(linked, "itn.eligibility", f"in kind: {asked.client!r:.60} was no linked participant")
        stock = unit.row(Stock, asked.underlying)
        offered = stock is not None and stock.token_symbol == asked.token and chain in dict(stock.tokens)
        if stock is None or not offered:
            text = f"in kind: {asked.token!r:.20} of {asked.underlying!r:.20} was not offered on {asked.network!r:.20}"
            raise Refused("itn.token", text)
        known = unit.row(ClientWallet, wallet_id(chain, asked.wallet))
        owned = known is not None and known.wallet.person_id == asked.client
        refuse_unless(owned, "itn.wallet", f"in kind: {asked.wallet!r:.70} was no wallet of {asked.client:.60}")
        refuse_unless(stock.is_open, "itn.frozen", f"in kind: the primary market of {stock.id} waited for a corporate action")
        try:
            self._terms.check_size(asked.shares)
            refuse_unless(
                bool(stock.multiplier.to_raw_down(asked.shares)), "amount.size", f"in kind: {asked.shares} shares were no token"
            )
        except Refused as refusal:
            raise Refused("itn.payload", refusal.text) from refusal
        try:
            value = stock.price.cost_up(asked.shares)
            self._screen(unit, Asked("subscribe", asked.client, stock.id, chain, asked.wallet, value))
        except Refused as refusal:
            rule = "itn.wallet" if "wallet" in refusal.code else "itn.eligibility"
            raise Refused(rule, f"{refusal.code}: {refusal.text}") from refusal
        return stock

    def confirm(self, tokenization_request_id: str, request_id: str, client: str, status: NetworkStatus, reason: str) -> None:
        """Hear what became of a journal. The same again is harmless; the other outcome is refused, and a person is told.

        Raises `Malformed("itn.unknown")`, or `Conflict("itn.conflict")`.
        """
        conflict = False
        with self._store.transaction() as unit:
            row = unit.row(InKindCreation, request_id)
            same = row is not None and row.request == tokenization_request_id and client in ("", row.client)
            if row is None or not same or row.origin or row.state == "refused":
                raise Malformed("itn.unknown", f"journal: nothing waits for {tokenization_request_id!a:.80}")
            try:
                unit.use_once("journal", row.id, status.value)
            except Refused:
                conflict = True
                text = f"journal: {row.id} was told before as another outcome than {status.value}"
                if unit.first_time("itn.journal", row.id):
                    self._books.record(unit, Decision(facts=(InKindHeld(row.id, row.stock, "itn.conflict", text),)))
            else:
                done = status is NetworkStatus.COMPLETED
                event = JournalConfirmed() if done else JournalRejected(reason[:300])
                self._books.tell(unit, InKindCreation, row.id, event)
        if conflict:
            raise Conflict("itn.conflict", f"journal: {tokenization_request_id!a:.80} was told before with another outcome")

    # redemptions

    def escrowed(self, unit: Unit, event: RedemptionEscrowed) -> bool:
        """Take tokens that a participant put into escrow under one of its ids. False where they are not a participant's."""
        named = unit.row(ChainName, event.hash)
        known = unit.row(ClientWallet, wallet_id(event.chain, event.holder))
        participant = unit.row(Participant, known.wallet.person_id) if known else None
        stock = next((each for each in unit.rows(Stock) if (event.chain, event.token) in each.tokens), None)
        if named is None or participant is None or stock is None or event.chain not in self._chains:
            return False
        ours = named.business_id.startswith(f"{VIA}-{participant.id}-")
        fresh = unit.row(Redemption, named.business_id) is None
        if not ours or not fresh or participant.state != "linked" or event.kind is not RedemptionKind.IN_KIND:
            return False
        try:
            claim = stock.multiplier.to_shares_down(event.raw)
            refuse_unless(bool(claim and event.raw.grains), "amount.size", f"in kind: {event.raw} raw was worth nothing")
            value = stock.price.proceeds_down(claim)
            self._screen(unit, Asked("redeem", participant.id, stock.id, event.chain, event.holder, value))
        except Refused as refusal:
            fact = RequestRefused(named.business_id, participant.id, stock.id, refusal.code, refusal.text)
            self._books.record(unit, Decision(facts=(fact,)))
            return False
        self._begin(unit, named.business_id, participant, stock, event)
        return True

    def _begin(self, unit: Unit, request_id: str, participant: Participant, stock: Stock, event: RedemptionEscrowed) -> None:
        now = self._now()
        redemption = Redemption(
            request_id, stock.id, participant.id, event.chain, event.holder, event.raw, RedemptionKind.IN_KIND,
            self._counterparty, unit.next_number("place"), now, via=VIA,
        )  # fmt: skip
        side = InKindRedemption(
            request_id, stock.id, participant.id, event.chain, event.holder, stock.token_symbol, self._chains[event.chain],
            self._counterparty, event.tx_id, now, stock.epoch,
        )  # fmt: skip
        named = _name_ids(unit, participant, int(request_id.rpartition("-")[2]))
        self._books.record(unit, Decision(rows=(redemption, side, named)))
        self._books.tell(unit, Redemption, request_id, event)

    # a person

    def resume(self, request_id: str, by: str, reason: str) -> InKindCreation | InKindRedemption:
        """Let a held creation or redemption go on. Raises `Malformed("in_kind.unknown")`, `Refused("in_kind.state")`."""
        with self._store.transaction() as unit:
            row = unit.row(InKindCreation, request_id) or unit.row(InKindRedemption, request_id)
            if row is not None:
                refuse_unless(row.state == "held", "in_kind.state", f"in kind: {request_id} was {row.state}, not held")
                self._books.tell(unit, type(row), request_id, Resumed(by, reason))
                return unit.row(type(row), request_id) or row
        raise Malformed("in_kind.unknown", f"in kind: {request_id!a:.80} is neither a creation nor a redemption")


def issuer_request_id(tokenization_request_id: str) -> str:
    """Our own id of the network's request, the same for every repetition."""
    return f"{VIA}-{hashlib.sha256(tokenization_request_id.encode()).hexdigest()[:24]}"


def redemption_id(participant: str, number: int) -> str:
    """The id of a participant's redemption `number`, from 1: what it escrows under is `chain_hash` of it."""
    return f"{VIA}-{participant}-{number}"


def mail_hash(mail: str) -> str:
    """What is kept of a mail address. Raises `Malformed("participant.mail")`."""
    name = mail.strip().casefold()
    if not 3 <= len(name) <= 254 or name.count("@") != 1 or any(c.isspace() or not c.isprintable() for c in name):
        raise Malformed("participant.mail", "participant: the mail address could not be read")
    return hashlib.sha256(f"openscrip-participant:{name}".encode()).hexdigest()


def _name_ids(unit: Unit, participant: Participant, used: int = 0) -> Participant:
    """Name the ids that a participant's next redemptions may have, `used` being the last number; the participant with it."""
    for number in range(participant.redemptions + 1, used + IDS_AHEAD + 1):
        business_id = redemption_id(participant.id, number)
        unit.put(ChainName(chain_hash(business_id).hex(), business_id, ""))
    return replace(participant, redemptions=max(participant.redemptions, used + IDS_AHEAD))
