"""Looks at chains, index and custody, compares them with the books, and opens and closes breaks. A feed of the worker.

The books are read before the world and after it. What is on its way stands in the books before it is sent, so what the
world shows lies between the two; a difference that is found while the books move must be found several times in a row.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from openscrip.assets import accounts
from openscrip.assets.custody import Custodian
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break, BreakOpened
from openscrip.issuance.bridge_row import OPEN, Crossing
from openscrip.issuance.chain import Chain, Departed
from openscrip.issuance.coverage import CoverageKeeper
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, IndexBroken
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.reconciliation import (
    ChainBooks,
    ChainSeen,
    Finding,
    Indexed,
    StockBooks,
    StockSeen,
    between,
    compare,
    decide,
    was_compared,
)
from openscrip.issuance.stated import Stated, Told
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.feed import QUIET_S, Feed
from openscrip.runtime.ledger import Balance
from openscrip.runtime.store import Store, Unit, View

log = logging.getLogger(__name__)

FEED = "reconciliation"
STAGED_STATES = ("staging", "staged", "taking_back", "verifying", "held")
REST_S, REST_TIMES, REST_S_MAX = 0.2, 10, 2.0
"""A look while market time stands is followed by a rest: at least so long, and so many times as long as it took."""
PAGES_AT_ONCE = 20
MOVED_LOOKS = 3
"""So many looks in a row must find a difference while the books move."""
OFTEN_S = 1.0
"""Machine time between two readings of the index."""


class Reader(Protocol):
    """Reads what a chain shows of tokens; of many at once where the chain can tell so."""

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        """Each token as one final block shows it. Raises `Unavailable`."""
        ...


class PortReader:
    """Reads through the port: right for every chain, one question after the other."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        """As `Reader.read`."""
        block = self._chain.head().number
        return {token: ChainSeen(block, self._chain.supply(token), self._chain.multiplier(token)) for token in tokens}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one stock, when, and what the books said; `moved` where they changed while the world was read."""

    stock: str
    at: int
    books: StockBooks
    seen: StockSeen
    findings: tuple[Finding, ...]
    moved: bool = False


class Reconciler:
    """Compares every listed stock. `readers` read the chains; the port does where there is none.

    `custody` is the custodian, or all of them by the names of their feeds; `keeper` keeps what was seen, for reading.
    """

    def __init__(
        self,
        store: Store,
        books: Books,
        chains: Mapping[str, Chain],
        custody: Custodian | Mapping[str, Custodian],
        clock: Clock,
        *,
        indexers: Sequence[Indexer] = (),
        readers: Mapping[str, Reader] | None = None,
        often_s: float = OFTEN_S,
        machine: Callable[[], float] = time.monotonic,
        keeper: CoverageKeeper | None = None,
    ) -> None:
        self._store = store
        self._books = books
        self._chains = chains
        self._clock = clock
        self._stated = Stated(custody, clock)
        self._indexers = {indexer.chain: indexer for indexer in indexers}
        self._readers = {name: PortReader(chain) for name, chain in chains.items()} | dict(readers or {})
        self._often_s = often_s
        self._machine = machine
        self._keeper = keeper
        self._followed: set[tuple[str, str]] = set()
        self._unjudged: dict[tuple[str, str], tuple[int, RawAmount]] = {}
        self._suspected: dict[str, dict[tuple[str, str], int]] = {}
        self._indexes_from_s = 0.0
        self._rests_until = 0.0
        self._looked_at = -1
        self.looks: dict[str, Look] = {}
        """The last look at each stock."""

    def feed(self) -> Feed:
        """The feed that the worker reads."""
        return Feed(FEED, self.poll, self.apply, QUIET_S)

    def close(self) -> None:
        """Close the index."""
        for indexer in self._indexers.values():
            indexer.store.close()

    @property
    def readers(self) -> Mapping[str, Reader]:
        """What reads each chain."""
        return self._readers

    def indexed(self) -> list[tuple[str, str, int]]:
        """How far the index was read: (chain, token, block)."""
        return [(name, one.token, one.number) for name, each in self._indexers.items() for one in each.store.cursors(name)]

    def poll(self, cursor: str) -> tuple[list[Look], str]:
        """Look at everything; the looks by which a break would open, change or close, and those that are to be kept.

        Raises `Unavailable` when a part did not answer and nothing else is to be told.
        """
        now, began = self._clock.now(), self._machine()
        if now == self._looked_at and began < self._rests_until:
            return [], cursor
        silent: list[str] = []
        self._index(silent)
        changed = [look for look in self.look(now, silent) if self._is_kept(look) or self._changes(look)]
        self._looked_at = now
        ended = self._machine()
        self._rests_until = ended + max(REST_S, min(REST_S_MAX, REST_TIMES * (ended - began)))
        if silent and not changed:
            raise Unavailable("; ".join(silent))
        return changed, cursor

    def apply(self, unit: Unit, look: Look) -> None:
        """Record what a look found."""
        name = f"{look.stock}:break:"
        decision = self._decided(unit, look, lambda: f"{name}{unit.next_number(name)}")
        for fact in decision.facts:
            if isinstance(fact, BreakOpened):
                log.error("reconciliation: %s of %s %s: %s, expected %s", *_words(fact))
        self._books.record(unit, decision)
        if self._keeper is not None and self._keeper.is_due(look):
            self._keeper.keep(unit, look)

    def _is_kept(self, look: Look) -> bool:
        return self._keeper is not None and self._keeper.is_due(look)

    def look(self, now: int, silent: list[str]) -> list[Look]:
        """Every stock as the books and the world show it now; what did not answer is told to `silent`."""
        with self._store.view() as view:
            known = [books_of(view, stock) for stock in view.rows(Stock)]
            heard = {name: view.cursor(f"chain:{name}") for name in self._chains}
            told = {name: view.cursor(name) for name in self._stated.custodians}
        chains = {name: self._see_chain(name, known, silent) for name in self._chains}
        statements = self._stated.now(known, told, silent)
        with self._store.view() as view:
            later = {stock.id: books_of(view, stock) for stock in view.rows(Stock)}
        for books in known:
            seen = self._see(books, chains, statements.get(books.stock.isin))
            after = later.get(books.stock.id, books)
            self.looks[books.stock.id] = self._compared(now, books, after, seen, heard, silent)
        return [self.looks[books.stock.id] for books in known]

    def _compared(
        self, now: int, books: StockBooks, after: StockBooks, seen: StockSeen, heard: Mapping[str, str], silent: list[str]
    ) -> Look:
        """One stock. Where the books moved, supply is compared with both their ends, and the rest where it stood still."""
        moved = books != after
        if moved and _of_custody(books) != _of_custody(after):
            seen = replace(seen, statement=None)
        span = between(books, after) if moved else books
        findings = compare(self._with_unheard(span, seen, heard, silent), seen)
        if (books.stock, books.staged) != (after.stock, after.staged):
            findings = [finding for finding in findings if finding.kind != "multiplier"]
        return Look(books.stock.id, now, span, seen, self._confirmed(books.stock.id, findings, moved), moved)

    def _confirmed(self, stock: str, findings: Sequence[Finding], moved: bool) -> tuple[Finding, ...]:
        """Findings that count: at once where the books stood still, else after several looks in a row."""
        before = self._suspected.get(stock, {})
        counts = {(finding.kind, finding.chain): before.get((finding.kind, finding.chain), 0) + 1 for finding in findings}
        self._suspected[stock] = counts
        least = MOVED_LOOKS if moved else 1
        return tuple(finding for finding in findings if counts[finding.kind, finding.chain] >= least)

    def _changes(self, look: Look) -> bool:
        with self._store.glance() as view:
            return self._decided(view, look, lambda: "") != Decision()

    def _decided(self, view: View, look: Look, named: Callable[[], str]) -> Decision:
        known = view.rows_in(Break, ("open", "accepted"), stock=look.stock)

        def closes(row: Break) -> bool:
            return not look.moved and was_compared(row, look.books, look.seen)

        return decide(look.stock, known, look.findings, look.at, named, closes)

    # seeing

    def _index(self, silent: list[str]) -> None:
        """Let the index follow every listed token, and read what is new, now and then."""
        now = self._machine()
        if now < self._indexes_from_s:
            return
        self._indexes_from_s = now + self._often_s
        with self._store.glance() as view:
            listed = [pair for stock in view.rows(Stock) for pair in stock.tokens if pair[0] in self._indexers]
        for name, indexer in self._indexers.items():
            new = [token for chain, token in listed if chain == name and (chain, token) not in self._followed]
            try:
                if new:
                    indexer.store.follow(name, new)
                    self._followed.update((name, token) for token in new)
                indexer.catch_up(PAGES_AT_ONCE)
            except (Unavailable, IndexBroken) as trouble:
                silent.append(str(trouble))

    def _see(self, books: StockBooks, chains: Mapping[str, Mapping[str, ChainSeen]], statement: Told | None) -> StockSeen:
        shown = {name: chains[name][token] for name, token in books.stock.tokens if token in chains.get(name, {})}
        if statement is None:
            return StockSeen(shown, None)
        as_of = min((each.reserve.as_of for each in shown.values() if each.reserve), default=statement.newest.as_of)
        held = self._stated.held_since(books.stock.isin, as_of)
        return StockSeen(shown, statement.newest if statement.heard else None, held, statement.parts)

    def _see_chain(self, name: str, known: Sequence[StockBooks], silent: list[str]) -> Mapping[str, ChainSeen]:
        """What a chain shows of all tokens, beside what the index knows of them; nothing if it is silent."""
        tokens = [token for books in known for chain, token in books.stock.tokens if chain == name]
        try:
            shown = self._readers[name].read(tokens)
            indexer = self._indexers.get(name)
            read = {} if indexer is None else {one.token: one.number for one in indexer.store.cursors(name)}
            return {token: replace(one, indexed=self._indexed(name, token, one, read)) for token, one in shown.items()}
        except Unavailable as outage:
            silent.append(str(outage))
            return {}

    def _indexed(self, name: str, token: str, shown: ChainSeen, read: Mapping[str, int]) -> Indexed | None:
        """What the index knows of the supply that was read, or of an earlier reading; None while it cannot tell.

        A reading that the index has not reached waits until it has, while later ones pass.
        """
        if token not in read:
            return None
        key, now = (name, token), (shown.block, shown.supply)
        block, supply = now if read[token] >= shown.block else self._unjudged.setdefault(key, now)
        if read[token] < block:
            return None
        self._unjudged[key] = now
        return Indexed(supply, frozenset(_supplies(self._indexers[name].store, name, token, block)))

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


def _of_custody(books: StockBooks) -> tuple[object, ...]:
    """What statement and cover are compared with."""
    return books.stock, books.custody, books.claims, books.in_flight


def _supplies(index: IndexStore, chain: str, token: str, block: int) -> Iterator[RawAmount]:
    """The supply at the beginning of a block and after each of its mints and burns: a block may be read while it is made."""
    supply = index.supply(chain, token, block - 1) if block else RawAmount(0)
    yield supply
    for _, moved in index.transfers(chain, token, block, block):
        if ALL in (moved.sender, moved.receiver):
            supply += RawAmount(moved.atoms if moved.sender == ALL else -moved.atoms)
            yield supply


def books_of(view: View, stock: Stock) -> StockBooks:
    """What the books say of a stock, all of one moment."""
    supplies = {name: accounts.raw_supply(stock.id, name) for name, _ in stock.tokens}
    left_by = [accounts.raw_crossing(stock.id, name) for name in supplies]
    held_as, claim = [f"{stock.id}/{name}" for name in accounts.SHARES_IN_CUSTODY], f"{stock.id}/redemption_claim"
    balances = view.balances_of([*supplies.values(), *left_by, *held_as, claim])
    crossings = view.rows_in(Crossing, OPEN, stock=stock.id)
    chains = {name: _chain_books(balances[account], name, crossings) for name, account in supplies.items()}
    left = sum(balances[account].credit for account in left_by)
    unbooked = sum(row.raw.atoms for row in crossings if not row.booked)
    custody = sum(balances[account].debit for account in held_as)
    claims = balances[claim].credit
    rows = view.rows_in(Distribution, STAGED_STATES, stock=stock.id)
    staged = tuple((row.after, row.epoch_after) for row in rows if row.after != row.before)
    in_flight = RawAmount(RawAmount.from_grains(left).atoms + unbooked)
    return StockBooks(stock, chains, in_flight, Shares(custody), Shares(claims), staged)


def _chain_books(supply: Balance, chain: str, crossings: Sequence[Crossing]) -> ChainBooks:
    gone = sum(row.raw.grains for row in crossings if row.source == chain and not row.booked)
    coming = sum(
        row.raw.grains for row in crossings if (row.state, chain) in (("arriving", row.destination), ("restoring", row.source))
    )
    least, most = supply.credit - supply.debits_pending - gone, supply.credit + supply.credits_pending + coming
    return ChainBooks(*(RawAmount.from_grains(grains) for grains in (supply.credit, least, most)))


def _words(fact: BreakOpened) -> tuple[str, str, str, str, str]:
    return fact.kind, fact.stock, f"on {fact.chain}" if fact.chain else "", fact.seen, fact.expected
