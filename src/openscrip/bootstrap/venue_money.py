"""The venue's money on real parts: treasuries on chains, accounts at a bank, its own store, and the worker that performs."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine

from openscrip.assets.actions import Acknowledged, Wake, Woken
from openscrip.assets.bank import Bank, Payment
from openscrip.assets.custody import Signatures
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.calls import ATTEMPTS_MAX, Calls, SentCalls
from openscrip.issuance.chain import Call, Chain
from openscrip.issuance.coins import PayCoins, Payout, PayTokens, VoidingTreasury, VoidPayout
from openscrip.issuance.indexer.deposits import ArrivalFeed
from openscrip.issuance.indexer.movements import Block, Moved
from openscrip.issuance.indexer.reading import History
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Refused
from openscrip.markets.funding import (
    CreditCustomer,
    FundingTerms,
    GiveBackFunds,
    Holding,
    Nature,
    PayCash,
    PayOutFunds,
    ReserveFunds,
    Told,
    Unsent,
)
from openscrip.markets.funding_check import CHECK_REGISTERED, Held, Reconciliation
from openscrip.markets.funding_deposits import Arrival
from openscrip.markets.funding_desk import FUNDING_REGISTERED, FundingDesk, Screen, build_funding_books
from openscrip.markets.funding_door import VenueDoor
from openscrip.markets.money_chart import MONEY_SIDES
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.decision import Books
from openscrip.runtime.feed import Feed
from openscrip.runtime.keys import MessageSigner
from openscrip.runtime.ledger import Chart
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Lease, Unit
from openscrip.runtime.worker import Retries, Worker, no_probe

EVENTS_AT_ONCE = 200
LISTED = -2
"""In place of a block: the token is accepted now."""


class PaymentKeys(Protocol):
    """Both keys under a payment of the venue."""

    def payment(self, currency: str, payment: Payment) -> Signatures:
        """Raises `Refused` with the approver's rule."""
        ...


class ApprovesPayments(Protocol):
    """The second key, after its own judgment."""

    def approve_payment(self, currency: str, payment: Payment) -> str:
        """The signature in base64. Raises `Refused`."""
        ...


@dataclass(frozen=True, slots=True)
class VenuePaymentKeys:
    """The venue's treasury signs here, the approver after its own check."""

    treasury: MessageSigner
    approver: ApprovesPayments

    def payment(self, currency: str, payment: Payment) -> Signatures:
        """As `PaymentKeys.payment`."""
        second = self.approver.approve_payment(currency, payment)
        return Signatures(base64.b64encode(self.treasury.sign_message(payment.signed_bytes())).decode(), second)


class VenueMoneyRefused(Exception):
    """Something refused what no row can decide about: the command waits for a person."""


@dataclass(frozen=True, slots=True)
class MoneyChain:
    """A chain with the venue's treasury: `chain` signs and sends with a key of the venue's own, whose nonces nobody shares.

    `history` must call a block final that is never undone; `first` is the block in which the treasury was founded.
    `balance_is_units` where the treasury counts in the venue's units already (Solana's 1e-8), not in the token's 1e-18.
    """

    chain: Chain
    treasury: VoidingTreasury
    history: History
    first: int = 0
    balance_is_units: bool = False

    def held(self, holding: Holding) -> Held:
        """What the chain says that the treasury has: the venue's units, and what is below one of them."""
        atoms = self.treasury.balance(holding.token).atoms
        return Held(atoms, 0) if self.balance_is_units else Held(*divmod(atoms, holding.atoms_per_unit))


def open_money_store(folder: Path, now: Callable[[], int], more: Sequence[type] = (), chart: Chart = MONEY_SIDES) -> SqlStore:
    """The venue's own rows and ledger, in `folder/money.sqlite`; `more` are classes that others keep there."""
    return _store(_database(folder), now, more, chart)


def _database(folder: Path) -> Engine:
    folder.mkdir(parents=True, exist_ok=True)
    engine = open_database(sqlite_url(folder / "money.sqlite"))
    upgrade(engine)
    return engine


def _store(engine: Engine, now: Callable[[], int], more: Sequence[type], chart: Chart) -> SqlStore:
    return SqlStore(engine, chart, (*FUNDING_REGISTERED, *CHECK_REGISTERED, *more), now)


class VenueMoney:
    """Everything about money in and out of one venue. It owns its store's connections, no process and no thread."""

    def __init__(
        self, store: SqlStore, terms: FundingTerms, chains: Mapping[str, MoneyChain], banks: Mapping[str, Bank],
        keys: PaymentKeys, door: VenueDoor, screen: Screen, clock: Clock,
    ) -> None:  # fmt: skip
        """`banks` by currency; `keys` sign what leaves them."""
        self.store = store
        self.terms = terms
        self.books: Books = build_funding_books(terms, clock.now)
        self.desk = FundingDesk(store, self.books, terms, screen, clock.now)
        self._chains = chains
        self._banks = banks
        self._keys = keys
        self._door = door
        self._clock = clock

    def worker(self, name: str = "venue-money", probe: Callable[[str], None] = no_probe, **how: Any) -> Worker:
        """A worker on the venue's store. No two live ones may share a name.

        What does not answer is asked again for as long as it takes; only a bug has its command parked.
        """
        how.setdefault("retries", Retries(limit=2**62))
        calls = Calls(
            self.store, {name: each.chain for name, each in self._chains.items()}, probe=probe,
            coins=self._prepare_coins, tokens=self._prepare_tokens,
            voids=self._prepare_void,
        )  # fmt: skip

        def pay(lease: Lease) -> Landed | Rejected | Unsent:
            return self._distinguish(lease, calls.perform(lease))

        told = dict.fromkeys((CreditCustomer, ReserveFunds, PayOutFunds, GiveBackFunds), self._tell)
        perform = {**told, PayCoins: pay, PayTokens: pay, VoidPayout: calls.perform, PayCash: self._pay_cash, Wake: _wake}
        return Worker(self.store, self._clock, perform, self._apply, probe=probe, feeds=self.feeds(), name=name, **how)

    def feeds(self) -> tuple[Feed, ...]:
        """What chains and banks tell, and whether they hold what the ledger says."""
        chains = [
            Feed(f"venue:{name}", self._arrivals(name, each).poll, self.desk.arrived) for name, each in self._chains.items()
        ]
        for name, each in self._chains.items():
            for token, (after, until) in self._late(name).items():
                late = arrivals(self.terms, name, each.history, each.treasury.address, after + 1, only=token, until=until)
                chains.append(Feed(f"venue:{name}:{token}:{until}", late.poll, self.desk.arrived))
        banks = (Feed(f"venue:bank:{name}", _numbered(each), self.desk.from_bank(name)) for name, each in self._banks.items())
        check = Reconciliation(self.store, self.terms, self.held, self._clock.now)
        return (*chains, *banks, Feed("venue:holdings", check.poll, check.apply))

    def final_block(self, chain: str) -> int:
        """The newest block or slot of a chain that is never undone. Raises `Unavailable`."""
        return self._chains[chain].history.heads()[1]

    def held(self) -> Mapping[str, Held]:
        """What every holding has, as chain and bank say now. Raises `Unavailable`."""
        found: dict[str, Held] = {}
        for name, holding in self.terms.holdings.items():
            if holding.nature is Nature.CASH:
                found[name] = Held(self._banks[holding.asset].balance().atoms, 0)
            else:
                found[name] = self._chains[holding.place].held(holding)
        return found

    def _arrivals(self, name: str, at: MoneyChain) -> ArrivalFeed[Arrival]:
        return arrivals(self.terms, name, at.history, at.treasury.address, at.first)

    def _late(self, name: str) -> dict[str, tuple[int, int]]:
        """The tokens that a chain's feed learned of on its way, and the blocks (after, until) that a feed of its own reads.

        Who sends a token to the treasury as soon as it is listed is credited, even if the venue heard of it blocks later.
        """
        accepted = [_token_key(each.token) for each in self.terms.holdings.values() if each.place == name]
        with self.store.transaction() as unit:
            read, before = unit.cursor(f"venue:{name}"), unit.cursor(f"venue:{name}:tokens")
            reached = int(read.partition(":")[0] or -1)
            first = self._chains[name].first - 1
            # By token: after which block its own feed reads, until which, and how far all was read when it was struck off.
            known: dict[str, list[int]] = json.loads(before or "{}")
            for token in accepted:
                if token not in known:
                    known[token] = [first if before else reached, reached, LISTED]
                elif known[token][2] != LISTED:
                    known[token] = [max(first, known[token][2]), reached, LISTED]
            for token in set(known) - set(accepted):
                known[token][2] = reached if known[token][2] == LISTED else known[token][2]
            unit.set_cursor(f"venue:{name}:tokens", json.dumps(known))
        return {token: (known[token][0], known[token][1]) for token in accepted if known[token][0] < known[token][1]}

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    # what is performed

    def _tell(self, lease: Lease) -> Told | Rejected:
        action: Any = lease.command.action
        try:
            self._door.tell(action)
        except Refused as refusal:
            return Rejected(lease.command.key, refusal.code, refusal.text)
        return Told(lease.command.key)

    def _distinguish(self, lease: Lease, answer: Landed | Rejected) -> Landed | Rejected | Unsent:
        """A payout that was refused and never signed is on its way nowhere."""
        if isinstance(answer, Landed):
            return answer
        names = [f"{lease.command.key}#{attempt}" for attempt in range(1, ATTEMPTS_MAX + 1)]
        with self.store.view() as view:
            was_signed = any(view.row(SentCalls, name) is not None for name in names)
        return answer if was_signed else Unsent(answer.command, answer.code, answer.text)

    def _prepare_coins(self, action: PayCoins) -> tuple[Call, ...]:
        return self._prepare(Payout(
            action.payment_id, action.chain, action.asset, self._token(action), action.to, action.amount, action.reference
        ))  # fmt: skip

    def _prepare_tokens(self, action: PayTokens) -> tuple[Call, ...]:
        return self._prepare(Payout(
            action.payment_id, action.chain, action.asset, self._token(action), action.to, action.raw, action.reference
        ))  # fmt: skip

    def _token(self, action: PayCoins | PayTokens) -> str:
        return self.terms.holding(action.asset, action.chain).token

    def _prepare(self, payout: Payout) -> tuple[Call, ...]:
        return self._chains[payout.chain].treasury.prepare_payout(payout)

    def _prepare_void(self, action: VoidPayout) -> tuple[Call, ...]:
        return self._chains[action.chain].treasury.prepare_void(action.payment_id, action.reference)

    def _pay_cash(self, lease: Lease) -> Acknowledged | Unsent | Rejected:
        """Ask the bank, signed by both keys; the outcome comes as news. What the approver refuses was never asked."""
        action: Any = lease.command.action
        asked: PayCash = action
        bank = self._banks[asked.currency]
        payment = Payment(asked.payment_id, asked.to, asked.amount, asked.reference)
        try:
            signatures = self._keys.payment(asked.currency, payment)
        except Refused as refusal:
            known = bank.payment(payment.id)
            return Acknowledged() if known is not None else Unsent(lease.command.key, refusal.code, refusal.text)
        try:
            bank.pay(payment, signatures)
        except Refused as refusal:
            return Rejected(lease.command.key, refusal.code, refusal.text)
        return Acknowledged()

    def _apply(self, unit: Unit, command: Command, answer: Any) -> None:
        if isinstance(answer, Refused):
            raise VenueMoneyRefused(f"{command.key} was refused ({answer.code}): {answer.text}")
        self.books.tell(unit, command.row_kind, command.row_id, answer)


def arrivals(
    terms: FundingTerms, name: str, history: History, treasury: str, first: int = 0, *, only: str = "", until: int | None = None
) -> ArrivalFeed[Arrival]:
    """What reached the venue's treasury on a chain, as the venue, or its approver, reads it; of one token alone with `only`."""
    names = {_token_key(each.token): each for each in terms.holdings.values() if each.place == name}
    names = {token: each for token, each in names.items() if only in ("", token)}

    def told(block: Block, one: Moved) -> Arrival:
        holding = names[one.token]
        units, dust = divmod(one.atoms, holding.atoms_per_unit)
        return Arrival(f"{name}:{one.tx_id}:{one.place}", holding.asset, name, one.sender, units, one.tx_id, block.number, dust)

    return ArrivalFeed(history, dict.fromkeys(names, treasury), told, first, until=until)


def _token_key(token: str) -> str:
    """As the history of its chain names it: EVM addresses in small letters."""
    return token.lower() if token.startswith("0x") else token


def _numbered(bank: Bank) -> Callable[[str], tuple[Sequence[Any], str]]:
    def poll(cursor: str) -> tuple[Sequence[Any], str]:
        found = bank.events(int(cursor or 0), EVENTS_AT_ONCE)
        return found, str(found[-1].seq) if found else cursor

    return poll


def _wake(lease: Lease) -> Woken:
    action: Any = lease.command.action
    due: Wake = action
    return Woken(due.why)
