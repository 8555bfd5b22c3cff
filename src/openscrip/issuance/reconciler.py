"""Looks at chains, index and custody, compares them with the books, and opens and closes breaks. A feed of the worker.

The books are read before the world and again where the difference is recorded: only if they said the same both times is it
one. What is on its way stands in the books before it is sent, so that nothing of ours looks like a difference.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from openscrip.assets import accounts
from openscrip.assets.custody import Custodian, Statement
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break, BreakOpened
from openscrip.issuance.bridge_row import OPEN, Crossing
from openscrip.issuance.chain import Chain, Departed
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.reconciliation import (
    ChainBooks,
    ChainSeen,
    Finding,
    ReportedReserve,
    StockBooks,
    StockSeen,
    compare,
    decide,
    was_compared,
)
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.feed import Feed
from openscrip.runtime.store import Store, Unit, View

log = logging.getLogger(__name__)

FEED = "reconciliation"
STAGED_STATES = ("staging", "staged", "verifying", "held")
STATEMENT_S = 60
"""How old in market time the newest statement may be before another is asked for."""
STATEMENTS_KEPT = 2_000
REST_S, REST_TIMES = 0.2, 10
"""A look while market time stands is followed by a rest: at least so long, and so many times as long as it took."""
PAGES_AT_ONCE = 20

ReadReserve = Callable[[str], ReportedReserve | None]
"""What the reserve feed of a token says; None while it says nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one stock, when, and what the books said before."""

    stock: str
    at: int
    books: StockBooks
    seen: StockSeen
    findings: tuple[Finding, ...]


class Reconciler:
    """Compares every listed stock. `reserves` reads the feeds of those chains that have any."""

    def __init__(
        self,
        store: Store,
        books: Books,
        chains: Mapping[str, Chain],
        custodian: Custodian,
        clock: Clock,
        *,
        indexers: Sequence[Indexer] = (),
        reserves: Mapping[str, ReadReserve] | None = None,
        machine: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._books = books
        self._chains = chains
        self._custodian = custodian
        self._clock = clock
        self._indexers = {indexer.chain: indexer for indexer in indexers}
        self._reserves = reserves or {}
        self._machine = machine
        self._followed: set[tuple[str, str]] = set()
        self._unjudged: dict[tuple[str, str], tuple[int, RawAmount, int]] = {}
        self._statements: dict[str, list[Statement]] = {}
        self._rests_until = 0.0
        self._looked_at = -1
        self.looks: dict[str, Look] = {}
        """The last look at each stock."""

    def feed(self) -> Feed:
        """The feed that the worker reads."""
        return Feed(FEED, self.poll, self.apply)

    def close(self) -> None:
        """Close the index."""
        for indexer in self._indexers.values():
            indexer.store.close()

    def indexed(self) -> list[tuple[str, str, int]]:
        """How far the index was read: (chain, token, block)."""
        return [(name, one.token, one.number) for name, each in self._indexers.items() for one in each.store.cursors(name)]

    def poll(self, cursor: str) -> tuple[list[Look], str]:
        """Look at everything; the looks by which a break would open, change or close.

        Raises `Unavailable` when a part did not answer and nothing else is to be told.
        """
        now, began = self._clock.now(), self._machine()
        if now == self._looked_at and began < self._rests_until:
            return [], cursor
        silent: list[str] = []
        self._index(silent)
        changed = [look for look in self.look(now, silent) if self._changes(look)]
        self._looked_at = now
        ended = self._machine()
        self._rests_until = ended + max(REST_S, REST_TIMES * (ended - began))
        if silent and not changed:
            raise Unavailable("; ".join(silent))
        return changed, cursor

    def apply(self, unit: Unit, look: Look) -> None:
        """Record what a look found, unless the books have moved since: then it is looked at again."""
        stock = unit.row(Stock, look.stock)
        if stock is None or books_of(unit, stock) != look.books:
            self._looked_at = -1
            return
        name = f"{look.stock}:break:"
        decision = self._decided(unit, look, lambda: f"{name}{unit.next_number(name)}")
        for fact in decision.facts:
            if isinstance(fact, BreakOpened):
                log.error("reconciliation: %s of %s %s: %s, expected %s", *_words(fact))
        self._books.record(unit, decision)

    def look(self, now: int, silent: list[str]) -> list[Look]:
        """Every stock as the books and the world show it now; what did not answer is told to `silent`."""
        with self._store.view() as view:
            known = [books_of(view, stock) for stock in view.rows(Stock)]
            heard = {name: view.cursor(f"chain:{name}") for name in self._chains}
            told = view.cursor("custodian")
        for books in known:
            seen = self._see(books, heard, told, silent)
            books_then = self._with_unheard(books, seen, heard, silent)
            self.looks[books.stock.id] = Look(books.stock.id, now, books, seen, tuple(compare(books_then, seen)))
        return [self.looks[books.stock.id] for books in known]

    def _changes(self, look: Look) -> bool:
        with self._store.view() as view:
            return self._decided(view, look, lambda: "") != Decision()

    def _decided(self, view: View, look: Look, named: Callable[[], str]) -> Decision:
        known = [row for state in ("open", "accepted") for row in view.rows(Break, stock=look.stock, state=state)]
        return decide(look.stock, [row for row in known if was_compared(row, look.seen)], look.findings, look.at, named)

    # seeing

    def _index(self, silent: list[str]) -> None:
        with self._store.view() as view:
            listed = [pair for stock in view.rows(Stock) for pair in stock.tokens if pair[0] in self._indexers]
        for name, indexer in self._indexers.items():
            new = [token for chain, token in listed if chain == name and (chain, token) not in self._followed]
            try:
                if new:
                    indexer.store.follow(name, new)
                    self._followed.update((name, token) for token in new)
                indexer.catch_up(PAGES_AT_ONCE)
            except Unavailable as outage:
                silent.append(str(outage))

    def _see(self, books: StockBooks, heard: Mapping[str, str], told: str, silent: list[str]) -> StockSeen:
        chains: dict[str, ChainSeen] = {}
        for name, token in books.stock.tokens:
            if name in self._chains:
                try:
                    chains[name] = self._see_chain(name, token)
                except Unavailable as outage:
                    silent.append(str(outage))
        try:
            statement = self._statement(books.stock.isin)
            unheard = self._custodian.events(int(told or 0), 1)
        except Unavailable as outage:
            silent.append(str(outage))
            return StockSeen(chains, None)
        as_of = min((shown.reserve.as_of for shown in chains.values() if shown.reserve), default=statement.as_of)
        return StockSeen(chains, None if unheard else statement, self._held_since(books.stock.isin, as_of))

    def _see_chain(self, name: str, token: str) -> ChainSeen:
        chain, reserve = self._chains[name], self._reserves.get(name)
        first = chain.head().number
        supply, multiplier = chain.supply(token), chain.multiplier(token)
        indexed = self._indexed(name, token, first, supply)
        return ChainSeen(first, supply, multiplier, indexed, reserve(token) if reserve else None)

    def _indexed(self, name: str, token: str, first: int, supply: RawAmount) -> frozenset[RawAmount] | None:
        """The supplies that the index knows from block `first` to where the supply was read; None while it cannot tell.

        Where a block is told only when it is over (Solana), a reading waits until the index has come that far.
        """
        indexer = self._indexers.get(name)
        if indexer is None:
            return None
        read = _read(indexer, token)
        if read < first:
            return self._judged_later(indexer, token, read, (first, supply))
        found = indexer.store.supplies(name, token, first, first)
        if supply not in found and indexer.catch_up(PAGES_AT_ONCE):
            last = max(first, min(self._chains[name].head().number, _read(indexer, token)))
            found = indexer.store.supplies(name, token, first, last)
        return frozenset(found)

    def _judged_later(
        self, indexer: Indexer, token: str, read: int, reading: tuple[int, RawAmount]
    ) -> frozenset[RawAmount] | None:
        """The verdict on an earlier reading that the index has reached; this one waits for its own, if none does."""
        key, last = (indexer.chain, token), self._chains[indexer.chain].head().number
        waiting = self._unjudged.setdefault(key, (*reading, last))
        if read < waiting[2]:
            return None
        block, supply, end = waiting
        self._unjudged[key] = (*reading, last)
        found = indexer.store.supplies(indexer.chain, token, max(0, block - 1), end)
        return frozenset({reading[1]}) if supply in found else frozenset(found - {reading[1]})

    def _with_unheard(self, books: StockBooks, seen: StockSeen, heard: Mapping[str, str], silent: list[str]) -> StockBooks:
        """The books with the departures that chains tell of and that were not heard yet; asked for where supply is short."""
        found = dict(books.chains)
        for name, shown in seen.chains.items():
            if shown.supply >= found[name].least:
                continue
            token = books.stock.token(name)
            try:
                events, _ = self._chains[name].events(heard[name])
            except Unavailable as outage:
                silent.append(str(outage))
                continue
            gone = sum(event.raw.atoms for event in events if isinstance(event, Departed) and event.token == token)
            found[name] = replace(found[name], least=found[name].least - RawAmount(gone))
        return replace(books, chains=found)

    def _statement(self, isin: str) -> Statement:
        """The newest statement; another is asked for when it is old or something moved."""
        kept = self._statements.setdefault(isin, [])
        newest = self._custodian.latest_statement(isin)
        if not kept or newest.sequence > kept[-1].sequence:
            after = kept[-1].sequence if kept else max(0, newest.sequence - STATEMENTS_KEPT)
            kept += self._custodian.statements(isin, after)
            del kept[:-STATEMENTS_KEPT]
        return newest

    def _held_since(self, isin: str, as_of: int) -> frozenset[tuple[int, Shares]]:
        """What statements held that a report as of `as_of` may stand on; empty where that is too long ago."""
        kept = self._statements[isin]
        before = [place for place, statement in enumerate(kept) if statement.as_of <= as_of]
        if not before:
            return frozenset()
        return frozenset((one.epoch, one.available) for one in kept[max(0, before[-1] - 1) :])


def books_of(view: View, stock: Stock) -> StockBooks:
    """What the books say of a stock, all of one moment."""
    crossings = [row for state in OPEN for row in view.rows(Crossing, stock=stock.id, state=state)]
    chains = {name: _chain_books(view, stock.id, name, crossings) for name, _ in stock.tokens}
    left = sum(view.balance(accounts.raw_crossing(stock.id, name)).credit for name, _ in stock.tokens)
    unbooked = sum(row.raw.atoms for row in crossings if not row.booked)
    custody = sum(view.balance(f"{stock.id}/{name}").debit for name in accounts.SHARES_IN_CUSTODY)
    claims = view.balance(f"{stock.id}/redemption_claim").credit
    rows = [row for state in STAGED_STATES for row in view.rows(Distribution, stock=stock.id, state=state)]
    staged = tuple((row.after, row.epoch_after) for row in rows if row.after != row.before)
    in_flight = RawAmount(RawAmount.from_grains(left).atoms + unbooked)
    return StockBooks(stock, chains, in_flight, Shares(custody), Shares(claims), staged)


def _chain_books(view: View, stock: str, chain: str, crossings: Sequence[Crossing]) -> ChainBooks:
    supply = view.balance(accounts.raw_supply(stock, chain))
    gone = sum(row.raw.grains for row in crossings if row.source == chain and not row.booked)
    coming = sum(
        row.raw.grains for row in crossings if (row.state, chain) in (("arriving", row.destination), ("restoring", row.source))
    )
    least, most = supply.credit - supply.debits_pending - gone, supply.credit + supply.credits_pending + coming
    return ChainBooks(*(RawAmount.from_grains(grains) for grains in (supply.credit, least, most)))


def _read(indexer: Indexer, token: str) -> int:
    return next((one.number for one in indexer.store.cursors(indexer.chain) if one.token == token), -1)


def _words(fact: BreakOpened) -> tuple[str, str, str, str, str]:
    return fact.kind, fact.stock, f"on {fact.chain}" if fact.chain else "", fact.seen, fact.expected
