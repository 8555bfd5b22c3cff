"""What the pages of activity read of the index: one token by itself, or all of them with the past remembered.

Days that are over change only where a chain took something back or a token's history was read late; a fingerprint of their
counts tells that. So of a thousand tokens only today's rows are read for each visitor.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from openscrip.assets.stock import Stock
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.indexer.days import Day
from openscrip.issuance.indexer.store import IndexStore
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.records.activity import ActivityDay, all_days, day_number, multipliers_of, token_days
from openscrip.runtime.store import Store

log = logging.getLogger(__name__)

PASTS_MAX = 8
AT_ONCE = 3_000
"""So many days of tokens are added up while somebody waits; more of them beside."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are shown: `days` of them up to `last`."""

    days: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Totals:
    """A span in one line. Users of a span are not the sum of its days', so only new ones are totalled."""

    volume: Money = Money(0)
    transactions: int = 0
    transfers: int = 0
    new_users: int = 0
    users_most: int = 0
    minted: RawAmount = RawAmount(0)
    burned: RawAmount = RawAmount(0)

    def plus(self, days: Sequence[ActivityDay]) -> "Totals":
        """With more days."""
        if not days:
            return self
        return Totals(
            Money(self.volume.atoms + sum(each.volume.atoms for each in days)),
            self.transactions + sum(each.transactions for each in days),
            self.transfers + sum(each.transfers for each in days),
            self.new_users + sum(each.new_users for each in days),
            max(self.users_most, *(each.users for each in days)),
            RawAmount(self.minted.atoms + sum(each.minted.atoms for each in days)),
            RawAmount(self.burned.atoms + sum(each.burned.atoms for each in days)),
        )


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token over a span."""

    stock: Stock
    totals: Totals


@dataclass(frozen=True, slots=True)
class Everything:
    """All tokens of a span: what each comes to, the most volume first, and all of them day by day.

    `is_whole` is False while the days that are over are still being added up: then there is today alone.
    """

    lines: Sequence[TokenLine]
    days: Sequence[ActivityDay]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Past:
    mark: object
    totals: Mapping[str, Totals]
    days: Sequence[ActivityDay]


@dataclass(frozen=True, slots=True)
class _Known:
    past: _Past
    mark: object
    stocks: Sequence[Stock]
    told: Everything


NO_PAST = _Past(None, {}, [])
"""Before the days that are over were added up."""
_pasts: dict[tuple[int, date, date], _Past] = {}
_known: dict[tuple[int, date, date], _Known] = {}
_lock = threading.Lock()


def everything(store: Store, index: IndexStore, span: Span, *, waits: bool = False) -> Everything:
    """All tokens, as it was worked out before unless something of it changed: counts, a price, a multiplier.

    Where the past is long and nobody has asked for it yet, it is added up beside, and there is today alone until then;
    whoever needs all of it `waits`.
    """
    with store.view() as view:
        stocks = view.rows(Stock)
    work = _Work(store, index, stocks, span.first, span.last - timedelta(days=1))
    past = work.known()
    if past is None and (waits or len(stocks) * span.days <= AT_ONCE):
        past = work.done()
    if past is None:
        threading.Thread(target=work.done_beside, name="activity past", daemon=True).start()
        past = NO_PAST
    today = day_number(span.last)
    mark, key = index.days_mark(today, today), (id(index), span.first, span.last)
    known = _known.get(key)
    if known is None or known.past is not past or known.mark != mark or known.stocks != stocks:
        # Today is valued at the multiplier in force now; with tomorrow it is worked out from the actions, as every day before.
        each, together = _worked_out(index, stocks, {}, span.last, span.last)
        lines = [TokenLine(stock, past.totals.get(stock.id, Totals()).plus(each[stock.id])) for stock in stocks]
        lines.sort(key=lambda line: (-line.totals.volume.atoms, line.stock.id))
        known = _Known(past, mark, stocks, Everything(lines, [*past.days, *together], past is not NO_PAST))
        if len(_known) >= PASTS_MAX:
            _known.clear()
        _known[key] = known
    return known.told


def days_of_token(store: Store, index: IndexStore, stock: Stock, span: Span) -> list[ActivityDay]:
    """One token's days."""
    known: dict[tuple[str, str], Sequence[Day]] = {}
    for chain, token in stock.tokens:
        try:
            known[chain, token] = index.days(chain, token, day_number(span.first), day_number(span.last))
        except Refused as refusal:
            if refusal.code != "index.unknown":
                raise  # else it was listed a moment ago: the index will follow it
    with store.view() as view:
        actions = view.rows(Distribution, stock=stock.id)
    return token_days(known, stock, multipliers_of(stock, actions))


@dataclass(frozen=True, slots=True)
class _Work:
    """The days that are over, from `first` to `last`, of all tokens: found, or added up once."""

    store: Store
    index: IndexStore
    stocks: Sequence[Stock]
    first: date
    last: date

    def known(self) -> _Past | None:
        """What was added up before, if nothing of these days was counted or taken back since."""
        found = _pasts.get(self._key)
        return found if found is not None and found.mark == self._mark() else None

    def done(self) -> _Past:
        """Added up now; who asks for the same meanwhile waits for it."""
        with _lock:
            known = self.known()
            if known is not None:
                return known
            mark, actions = self._mark(), dict[str, list[Distribution]]()
            with self.store.view() as view:
                for row in view.rows(Distribution):
                    actions.setdefault(row.stock, []).append(row)
            each, together = _worked_out(self.index, self.stocks, actions, self.first, self.last)
            made = _Past(mark, {name: Totals().plus(days) for name, days in each.items()}, together)
            if len(_pasts) >= PASTS_MAX:
                _pasts.clear()
            _pasts[self._key] = made
            return made

    def done_beside(self) -> None:
        """The same for nobody who waits, unless somebody is at it."""
        if _lock.locked():
            return  # the next visitor begins it, if it was another one's
        try:
            self.done()
        except Unavailable as outage:
            log.debug("web: the days that are over were not added up: %s", outage)

    @property
    def _key(self) -> tuple[int, date, date]:
        return id(self.index), self.first, self.last

    def _mark(self) -> object:
        return self.index.days_mark(day_number(self.first), day_number(self.last)), len(self.stocks)


def _worked_out(
    index: IndexStore, stocks: Sequence[Stock], actions: Mapping[str, Sequence[Distribution]], first: date, last: date
) -> tuple[dict[str, list[ActivityDay]], list[ActivityDay]]:
    known = index.days_between(day_number(first), day_number(last))
    each = {stock.id: token_days(known, stock, multipliers_of(stock, actions.get(stock.id, []))) for stock in stocks}
    return each, all_days(known, each.values())
