"""The venue's second key: a party with keys, a record and eyes of its own that signs payouts after `funding_approval.judge`.

It reads chains and banks itself for what came in, and hears of addresses from the customers' door. On Solana it signs a
transaction only if that is the payout asked for, byte for byte.
"""

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from solders.hash import Hash
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from openscrip.assets.bank import Bank, CashReceived, Payment, PaymentState
from openscrip.issuance.chains.evm.node import address
from openscrip.issuance.chains.evm.signing import Signer as EvmSigner
from openscrip.issuance.chains.evm.treasury import PAYOUT, TREASURY, VOID
from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Signer as SolanaSigner
from openscrip.issuance.chains.solana.treasury import MARK_SPACE, Both, payout_steps
from openscrip.issuance.coins import Payout
from openscrip.issuance.indexer.deposits import ArrivalFeed
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.markets.funding import BANK_PLACE, DAY_S, wallet_id
from openscrip.markets.funding_approval import (
    APPROVAL_REGISTERED,
    ApprovalTerms,
    Approved,
    KnownAddress,
    SeenDeposit,
    SignedOn,
    Standing,
    judge,
    units_of,
)
from openscrip.markets.funding_deposits import Arrival, deposit_id
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.keys import MessageSigner
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Unit

FORGOTTEN = "forgotten"


class Signing(Protocol):
    """How the second signature is put under a payout of one chain."""

    def sign(self, payout: Payout, transaction: bytes | None) -> str:
        """As `PayoutApprover.approve_payout`, without a judgment."""
        ...


@dataclass(frozen=True, slots=True)
class EvmSigning:
    """Under the typed data that the treasury contract verifies."""

    key: EvmSigner
    chain_id: int
    treasury: str

    def sign(self, payout: Payout, transaction: bytes | None) -> str:
        """The signature in hex."""
        values = (chain_hash(payout.id), address(payout.token, "token"), address(payout.to, "receiver"), payout.amount.atoms)
        return "0x" + self.key.sign_digest(digest(TREASURY, self.chain_id, self.treasury, PAYOUT, values)).hex()

    def sign_void(self, payment_id: str) -> str:
        """The signature in hex that ends a payout."""
        said = digest(TREASURY, self.chain_id, self.treasury, VOID, (chain_hash(payment_id),))
        return "0x" + self.key.sign_digest(said).hex()


@dataclass(frozen=True, slots=True)
class SolanaSigning:
    """Under a transaction that is this payout and nothing else."""

    key: SolanaSigner
    cluster: Cluster
    treasury: str
    payer: Pubkey
    treasurer: Pubkey

    def sign(self, payout: Payout, transaction: bytes | None) -> str:
        """The signature in base58. Raises `Malformed("transaction.malformed")`, `Refused("transaction.content")`."""
        try:
            message = Transaction.from_bytes(transaction or b"").message
        except ValueError:
            raise Malformed("transaction.malformed", "approver: a payout on Solana came without its transaction") from None
        owner = Both(Pubkey.from_string(self.treasury), (self.treasurer, self.key.pubkey()))
        steps = payout_steps(payout, self.payer, owner, self.treasurer, self.cluster.rent(MARK_SPACE))
        blockhash: Hash = message.recent_blockhash
        expected = Message.new_with_blockhash(steps, self.payer, blockhash)
        text = f"approver: the transaction for {payout.id} was not what was asked for"
        refuse_unless(bytes(expected) == bytes(message), "transaction.content", text)
        return str(self.key.sign_message(bytes(message)))


class VenueApprover:
    """`PayoutApprover` on every chain of the venue, and the approver's half of payments from its bank accounts."""

    def __init__(
        self, folder: Path, terms: ApprovalTerms, now: Callable[[], int], bank_key: MessageSigner, banks: Mapping[str, Bank]
    ) -> None:
        """Its record lies in `folder/approver.sqlite`, which the venue cannot write. `banks` by currency."""
        folder.mkdir(parents=True, exist_ok=True)
        engine = open_database(sqlite_url(folder / "approver.sqlite"))
        upgrade(engine)
        self._store = SqlStore(engine, {}, APPROVAL_REGISTERED, now)
        self._terms = terms
        self._now = now
        self._bank_key = bank_key
        self._banks = banks
        self._signings: dict[str, Signing] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._feeds: dict[str, ArrivalFeed[Arrival]] = {}
        self._one_at_a_time = threading.Lock()

    def watch_chain(self, name: str, signing: Signing, tokens: Mapping[str, str], arrivals: ArrivalFeed[Arrival]) -> None:
        """Sign for a chain: `tokens` by asset, `arrivals` as the approver itself reads them."""
        self._signings[name] = signing
        self._tokens.update({(name, asset): token for asset, token in tokens.items()})
        self._feeds[name] = arrivals

    def know(self, place: str, to: str) -> None:
        """A customer has named an address; what counts is when it was first heard of here."""
        with self._store.transaction() as unit:
            row = KnownAddress(wallet_id(place, to), self._now())
            before = unit.row(KnownAddress, row.id)
            if before is None or before.state == FORGOTTEN:
                unit.put(row)

    def forget(self, place: str, to: str) -> None:
        """No customer's any more: named again, it waits its delay again."""
        with self._store.transaction() as unit:
            known = unit.row(KnownAddress, wallet_id(place, to))
            if known is not None:
                unit.put(replace(known, state=FORGOTTEN))

    def approve_payout(self, payout: Payout, transaction: bytes | None) -> str:
        """As `PayoutApprover.approve_payout`."""
        signing, token = self._signings.get(payout.chain), self._tokens.get((payout.chain, payout.asset))
        if signing is None or token is None or token.lower() != payout.token.lower():
            raise Refused(
                "approver.token", f"approver: {payout.asset!a:.20} on {payout.chain!a:.20} was another token, or none"
            )
        self._judged(Approved(
            payout.id, payout.chain, payout.asset, payout.to, units_of(payout.amount), payout.reference, self._now(),
            payout.reference,
        ))  # fmt: skip
        return signing.sign(payout, transaction)

    def approve_void(self, payment_id: str, chain: str, reference: str) -> str:
        """As `VoidApprover.approve_void`. Raises `Refused("approver.unsigned")` for what was never signed here."""
        signing = self._signings.get(chain)
        with self._one_at_a_time, self._store.transaction() as unit:
            before = unit.row(Approved, payment_id)
            known = before is not None and (before.place, before.reference) == (chain, reference)
            if before is None or not known or not isinstance(signing, EvmSigning):
                raise Refused("approver.unsigned", f"approver: {payment_id!a:.80} was never signed for {chain!a:.20}")
            unit.put(replace(before, state="void"))
        return signing.sign_void(payment_id)

    def approve_payment(self, currency: str, payment: Payment) -> str:
        """The approver's signature under a payment from the account of a currency, in base64."""
        if currency not in self._banks:
            raise Refused("approver.token", f"approver: no account in {currency!a:.20}")
        self._judged(Approved(
            payment.id, BANK_PLACE, currency, payment.to, payment.amount.atoms, payment.reference, self._now(),
            payment.reference,
        ))  # fmt: skip
        return base64.b64encode(self._bank_key.sign_message(payment.signed_bytes())).decode()

    def close(self) -> None:
        """Close the record."""
        self._store.close()

    def _judged(self, asked: Approved) -> None:
        """Judge and keep, before anything is signed: what is in the record may be signed at any time."""
        with self._one_at_a_time:
            if asked.reference.startswith("D-"):
                self._catch_up(asked)
            with self._store.transaction() as unit:
                standing = self._standing(unit, asked)
                judge(asked, standing, self._terms)
                if standing.before is None:
                    unit.put(asked)
                    _count(unit, asked, asked.amount)

    def _standing(self, unit: Unit, asked: Approved) -> Standing:
        others = unit.rows(Approved, stock=asked.reference, state="signed")
        live = [row for row in others if row.id != asked.id and not self._has_failed(unit, row)]
        known = unit.row(KnownAddress, wallet_id(asked.place, asked.to))
        if known is not None and known.state == FORGOTTEN:
            known = None
        counted = unit.row(SignedOn, _day(asked))
        deposit = unit.row(SeenDeposit, asked.reference)
        return Standing(unit.row(Approved, asked.id), known, deposit, live, counted.amount if counted else 0)

    def _has_failed(self, unit: Unit, row: Approved) -> bool:
        """A payment that the bank says it never makes is none; nor does it count on its day."""
        if row.place != BANK_PLACE:
            return False
        told = self._banks[row.asset].payment(row.id)
        if told is None or told.status is not PaymentState.FAILED:
            return False
        unit.put(replace(row, state="failed"))
        _count(unit, row, -row.amount)
        return True

    def _catch_up(self, asked: Approved) -> None:
        """Read what has arrived since the last look."""
        if asked.place == BANK_PLACE:
            self._read_bank(asked.asset)
            return
        feed = self._feeds[asked.place]
        self._read_new_assets(asked.place)
        while True:
            with self._store.view() as view:
                cursor = view.cursor(asked.place)
            arrivals, after = feed.poll(cursor)
            if after == cursor:
                return
            with self._store.transaction() as unit:
                _keep(unit, arrivals)
                unit.set_cursor(asked.place, after)

    def _read_new_assets(self, place: str) -> None:
        """What arrived of an asset before it was configured here counts too: the past is read once more, for it alone."""
        assets = {asset for at, asset in self._tokens if at == place}
        with self._store.view() as view:
            before, reached = set(view.cursor(f"{place}:assets").split()), view.cursor(place)
        new = assets - before if before else set()
        cursor = ""
        while new and cursor != reached:
            arrivals, after = self._feeds[place].poll(cursor)
            with self._store.transaction() as unit:
                _keep(unit, [seen for seen in arrivals if seen.asset in new])
            if after == cursor or _block(after) >= _block(reached):
                break
            cursor = after
        if assets != before:
            with self._store.transaction() as unit:
                unit.set_cursor(f"{place}:assets", " ".join(sorted(assets)))

    def _read_bank(self, currency: str) -> None:
        source = f"{BANK_PLACE}:{currency}"
        with self._store.view() as view:
            cursor = view.cursor(source)
        while events := self._banks[currency].events(int(cursor or 0), 200):
            cursor = str(events[-1].seq)
            with self._store.transaction() as unit:
                _keep(unit, [_arrival(currency, each) for each in events if isinstance(each, CashReceived)])
                unit.set_cursor(source, cursor)


def _block(cursor: str) -> int:
    """The block of a feed's cursor; -1 before the first."""
    return int(cursor.partition(":")[0] or -1)


def _arrival(currency: str, event: CashReceived) -> Arrival:
    return Arrival(
        f"{BANK_PLACE}:{currency}:{event.id}", currency, BANK_PLACE, event.sender, event.amount.atoms, event.id, event.seq
    )


def _keep(unit: Unit, arrivals: Sequence[Arrival]) -> None:
    for seen in arrivals:
        row = SeenDeposit(deposit_id(seen.source), seen.place, seen.asset, seen.sender, seen.amount)
        if unit.row(SeenDeposit, row.id) is None:
            unit.put(row)


def _day(row: Approved) -> str:
    return f"{row.asset}:{row.at // DAY_S}"


def _count(unit: Unit, row: Approved, amount: int) -> None:
    before = unit.row(SignedOn, _day(row)) or SignedOn(_day(row), 0)
    unit.put(replace(before, amount=before.amount + amount))
