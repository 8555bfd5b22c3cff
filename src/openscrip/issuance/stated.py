"""What custodians state, as the reconciler holds it against the books: the newest statements of each line and those before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from openscrip.assets.custody import Custodian, Statement
from openscrip.assets.keeping import newest_of, summed
from openscrip.issuance.reconciliation import StockBooks
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import Shares

FIRST = "custodian"
STATEMENT_S = 30
"""How old in market time the newest statement may be before another is asked for."""
STATEMENTS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """The newest statements of a line, summed and by custodian; `heard`: the books know all that custody told until now."""

    newest: Statement
    heard: bool
    parts: Mapping[str, Statement] = field(default_factory=dict)


class Stated:
    """Asks the custodians. One that is silent or stale is named, and of no line is anything known then."""

    def __init__(self, custody: Custodian | Mapping[str, Custodian], clock: Clock) -> None:
        self.custodians: Mapping[str, Custodian] = custody if isinstance(custody, Mapping) else {FIRST: custody}
        self._clock = clock
        self._kept: dict[tuple[str, str], list[Statement]] = {}

    def now(self, known: Sequence[StockBooks], cursors: Mapping[str, str], silent: list[str]) -> dict[str, Told]:
        """The newest of each line by ISIN; `cursors` is how far the books have heard each custodian."""
        try:
            newest = {books.stock.isin: self._newest(books) for books in known}
            heard = not any(each.events(int(cursors[name] or 0), 1) for name, each in self.custodians.items())
        except Unavailable as outage:
            silent.append(str(outage))
            return {}
        return {isin: Told(summed(parts), heard, parts) for isin, parts in newest.items()}

    def held_since(self, isin: str, as_of: int) -> frozenset[tuple[int, Shares]]:
        """What statements held together that a report as of `as_of` may stand on; empty where that is too long ago."""
        each = [self._held_at(name, isin, as_of) for name in self.custodians]
        sums = (({epoch for epoch, _ in parts}, sum(held.atoms for _, held in parts)) for parts in product(*each))
        return frozenset((epochs.pop(), Shares(atoms)) for epochs, atoms in sums if len(epochs) == 1)

    def _held_at(self, name: str, isin: str, as_of: int) -> set[tuple[int, Shares]]:
        kept = self._kept.get((name, isin), [])
        before = [place for place, statement in enumerate(kept) if statement.as_of <= as_of]
        return {(one.epoch, one.available) for one in kept[max(0, before[-1] - 1) :]} if before else set()

    def _newest(self, books: StockBooks) -> dict[str, Statement]:
        """The newest of one line. New ones are asked for where the last differ from the books, or one is half a minute old."""
        isin = books.stock.isin
        last = {name: kept[-1] for name in self.custodians if (kept := self._kept.get((name, isin)))}
        if len(last) == len(self.custodians):
            whole = summed(last)
            differs = (whole.aggregate, whole.epoch) != (books.custody, books.stock.epoch)
            if not differs and self._clock.now() - whole.as_of < STATEMENT_S:
                return last
        return {name: self._asked(name, each, isin) for name, each in self.custodians.items()}

    def _asked(self, name: str, custodian: Custodian, isin: str) -> Statement:
        try:
            newest = newest_of({name: custodian}, isin, self._clock.now())[name]
            kept = self._kept.setdefault((name, isin), [])
            after = kept[-1].sequence if kept else max(0, newest.sequence - STATEMENTS_KEPT)
            if newest.sequence > after:
                kept += custodian.statements(isin, after)
                del kept[:-STATEMENTS_KEPT]
        except Unavailable as outage:
            raise Unavailable(f"{name}: {outage}" if len(self.custodians) > 1 else str(outage)) from outage
        return newest
