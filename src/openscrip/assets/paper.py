"""What paper broker and paper custodian share: market time with due times, failure switches, notices, hours.

Both are pure state machines: the same commands in the same order give the same events, so a process can be rebuilt by
replaying its log, and a simulation can drive them without any process. Time moves only through `advance_to`.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from heapq import heappop, heappush
from math import gcd
from typing import Generic, Protocol, TypeVar

from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.listings import instruments
from openscrip.assets.notice import CASH, RATIOS, ActionEvent, Notice, NoticeFunction
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares

WITHHOLDING = Bps(3000)
"""US tax withheld from dividends to a foreign holder without a treaty rate."""

PAY_DELAY = timedelta(days=21)
"""From ex-date to payment where a notice names no pay date."""

ISO_MONEY = 10
"""Micros of the fifth decimal, the last that a custody message holds."""

ANNOUNCE_HOUR, BOOK_HOUR, SETTLE_HOUR, TRANSFER_CUT_OFF_HOUR = 8, 6, 12, 15
TRANSFER_HOUR, TRANSFER_MINUTE = 16, 30

EventT = TypeVar("EventT")


class Closes(Protocol):
    """Where prices come from."""

    def on(self, symbol: str, day: date) -> PricePerShare | None:
        """The last close on or before `day`, None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Transfer:
    """Whole shares that leave or reach our account at the broker, free of payment. `id` is the idempotency key."""

    id: str
    isin: str
    quantity: Shares


@dataclass(frozen=True, slots=True)
class CashIn:
    """Money that reaches our account at the broker. `id` is the idempotency key."""

    id: str
    amount: Money
    reference: str = ""
    """The loan that it repays, if it does."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that somebody outside sends to the bank account. `id` is the bank's reference and arrives once."""

    id: str
    reference: str
    amount: Money
    sender: str


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    """`done`, or rejected with a reason; the same for every repetition of the id."""

    id: str
    done: bool
    reason: str


class Depository(Protocol):
    """The broker's side of a movement, as the custodian sees it. Each raises `Conflict("transfer.conflict")`."""

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave our account at the broker for custody."""
        ...

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares reach our account at the broker from custody."""
        ...

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money reaches our account at the broker."""
        ...


@dataclass(frozen=True, slots=True)
class Switch:
    """A failure that strikes `permille` of the cases whose id starts with `only`, at most `times` times (0: no limit).

    `size` is the number of pieces for `fill_pieces`. Which cases are struck depends on seed and id alone, not on order.
    """

    name: str
    permille: int = 1000
    only: str = ""
    times: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Switches:
    """All failures that are on; setting them replaces those before."""

    seed: int
    switches: tuple[Switch, ...]


class Switchboard:
    """Decides which case is struck by which failure."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._seed = 0
        self._on: dict[str, list[Switch]] = {}
        self._struck: dict[Switch, int] = {}
        self.struck: list[tuple[str, str]] = []
        """What was struck so far, in order: switch and case."""

    def turn(self, switches: Switches) -> None:
        """Replace all switches. Raises `Malformed("switch.unknown")`, or `switch.range`."""
        for each in switches.switches:
            if each.name not in self._names:
                raise Malformed("switch.unknown", f"switch: {each.name!r} was not one of {', '.join(sorted(self._names))}")
            if not 0 <= each.permille <= 1000 or each.times < 0 or not 0 <= each.size <= 100:
                raise Malformed("switch.range", f"switch: {each.name} had a permille, times or size out of range")
        self._seed, self._on, self._struck = switches.seed, {}, {}
        for each in switches.switches:
            self._on.setdefault(each.name, []).append(each)

    @property
    def on(self) -> bool:
        """Whether any failure is switched on."""
        return bool(self._on)

    def strike(self, name: str, case: str) -> Switch | None:
        """The switch that strikes `case`, if any; striking uses up one of its `times`."""
        for each in self._on.get(name, ()):
            struck = self._struck.get(each, 0)
            if not case.startswith(each.only) or (each.times and struck >= each.times):
                continue
            if each.permille < 1000 and zlib.crc32(f"{self._seed}:{name}:{case}".encode()) % 1000 >= each.permille:
                continue
            self._struck[each] = struck + 1
            self.struck.append((name, case))
            return each
        return None


@cache
def book_at(day: date) -> int:
    """When corporate actions are booked on their ex-date: 06:00 New York."""
    return new_york_instant(day, BOOK_HOUR)


@cache
def settle_at(day: date) -> int:
    """When trades settle and money moves on a settlement day: 12:00 New York."""
    return new_york_instant(day, SETTLE_HOUR)


@cache
def transfer_at(day: date) -> int:
    """When free-of-payment transfers settle on a settlement day: 16:30 New York."""
    return new_york_instant(day, TRANSFER_HOUR, TRANSFER_MINUTE)


def transfer_day(calendar: Calendar, now: int) -> date:
    """The day on which a transfer instructed at `now` settles: today before 15:00, else the next settlement day."""
    today = new_york_date(now)
    if calendar.is_settlement_day(today) and now < _cut_off(today):
        return today
    return calendar.settle(today)


def last_day(calendar: Calendar) -> date:
    """The last day on which paper parties act: far enough before the end of the sessions to settle what is open."""
    return calendar.horizon - timedelta(days=14)


def refuse_clock_beyond(calendar: Calendar, now: int) -> None:
    """Raise `Malformed("clock.range")` for market time outside the known sessions."""
    first, last = settle_at(calendar.sessions()[0]), settle_at(last_day(calendar))
    if not first <= now <= last:
        raise Malformed("clock.range", f"clock: {now} was not between {first} and {last}")


@cache
def _cut_off(day: date) -> int:
    return new_york_instant(day, TRANSFER_CUT_OFF_HOUR)


class PaperParty(Generic[EventT]):
    """Market time, due times, numbered events and notices of a paper broker or custodian."""

    SWITCHES: tuple[str, ...] = ()

    def __init__(self, start_at: int, notices: Iterable[Notice], calendar: Calendar | None = None) -> None:
        self.now = start_at
        self.calendar = new_york_calendar() if calendar is None else calendar
        self.switchboard = Switchboard(self.SWITCHES)
        self._events: list[EventT] = []
        self._due: list[tuple[int, int, Callable[[str], None], str]] = []
        self._due_count = 0
        self._notices: dict[str, Notice] = {}
        self._went_ex: set[str] = set()
        started_on = new_york_date(start_at)
        for notice in notices:
            # What went ex before the start is history: it is in the prices and in no holding.
            if notice.ex_date > started_on:
                self.announce(notice)
        self.advance_to(start_at)

    def advance_to(self, now: int) -> None:
        """Move market time to `now` and do everything that is due by then, in order of time. Earlier is ignored."""
        due = self._due
        while due and due[0][0] <= now:
            at, _, act, key = heappop(due)
            self.now = max(self.now, at)
            act(key)
        self.now = max(self.now, now)

    def next_due(self) -> int | None:
        """The next instant at which something happens by itself."""
        return self._due[0][0] if self._due else None

    def events(self, after: int, limit: int) -> Sequence[EventT]:
        """Up to `limit` events numbered above `after`."""
        return self._events[after : after + limit]

    @property
    def last_event(self) -> int:
        """The number of the newest event, 0 before the first."""
        return len(self._events)

    def turn(self, switches: Switches) -> None:
        """Replace the failure switches."""
        self.switchboard.turn(switches)

    def announce(self, notice: Notice) -> None:
        """Take a notice into the schedule; one with a known `event_id` replaces the terms that are not booked yet.

        An earlier revision is ignored and a withdrawal stops the booking. What a split already booked wrongly is booked anew
        by a movement of its own, `EVENT-ID~REVISION`, from the ratio that was booked to the one that should have been.
        """
        known = self._notices.get(notice.event_id)
        if known == notice or (known is not None and notice.revision < known.revision):
            return
        listed = instruments().get(notice.symbol)
        if listed is None or listed.isin != notice.isin:
            raise Malformed("notice.symbol", f"notice: {notice.symbol} {notice.isin} was not a known line")
        for day in (notice.announced_on, notice.ex_date, notice.pay_date or notice.ex_date + PAY_DELAY):
            if not self.calendar.sessions()[0] <= day <= last_day(self.calendar):
                raise Malformed("notice.date", f"notice: {day} was outside the known sessions")
        self._notices[notice.event_id] = notice
        announced_at = new_york_instant(notice.announced_on, ANNOUNCE_HOUR)
        self._schedule(max(self.now, announced_at), self._tell, notice.event_id)
        if notice.event_id in self._went_ex:
            self._book_anew(known or notice, notice)
        elif book_at(notice.ex_date) >= self.now:
            self._schedule(book_at(notice.ex_date), self._go_ex, notice.event_id)

    def _schedule(self, at: int, act: Callable[[str], None], key: str) -> None:
        self._due_count += 1
        heappush(self._due, (at, self._due_count, act, key))

    @property
    def _seq(self) -> int:
        """The number of the next event."""
        return len(self._events) + 1

    def _tell(self, event_id: str) -> None:
        self._announced(self._notices[event_id])

    def _go_ex(self, event_id: str) -> None:
        notice = self._notices[event_id]
        if self.now != book_at(notice.ex_date) or notice.is_withdrawn or event_id in self._went_ex:
            return  # A replacement moved the date and its own entry follows, or the event was withdrawn or is booked.
        self._went_ex.add(event_id)
        if notice.event in CASH:
            self._entitle(notice)
            paid_on = notice.pay_date or notice.ex_date + PAY_DELAY
            self._schedule(settle_at(self.calendar.settlement_on_or_after(paid_on)), self._pay, event_id)
        elif notice.event in RATIOS:
            self._split(notice)

    def _pay(self, event_id: str) -> None:
        notice = self._notices[event_id]
        if notice.is_withdrawn:
            return
        if notice.event is ActionEvent.MATURITY:
            self._mature(notice)
        else:
            self._pay_dividend(notice)

    def _book_anew(self, before: Notice, after: Notice) -> None:
        """Bring holdings from one ratio to the other. Cash follows the newest terms when it is paid."""
        if before.ratio is None or after.event not in RATIOS:
            return
        was, now = (1, 1) if before.is_withdrawn else before.ratio, (1, 1) if after.is_withdrawn else after.ratio or (1, 1)
        new, old = now[0] * was[1], now[1] * was[0]
        if new == old:
            return
        kind = ActionEvent.FORWARD_SPLIT if new > old else ActionEvent.REVERSE_SPLIT
        part = gcd(new, old)
        self._split(
            replace(
                after,
                event_id=f"{after.event_id}~{after.revision}",
                event=kind,
                function=NoticeFunction.NEW,
                ratio_new=new // part,
                ratio_old=old // part,
            )
        )

    def _mature(self, notice: Notice) -> None:
        """Pay a bond out. A party that keeps none of it does nothing."""

    def _announced(self, notice: Notice) -> None:
        raise RuntimeError(f"paper: {type(self).__name__} did not say how it announces {notice.event_id}")

    def _entitle(self, notice: Notice) -> None:
        raise RuntimeError(f"paper: {type(self).__name__} did not say who is entitled to {notice.event_id}")

    def _split(self, notice: Notice) -> None:
        raise RuntimeError(f"paper: {type(self).__name__} did not say how it books {notice.event_id}")

    def _pay_dividend(self, notice: Notice) -> None:
        raise RuntimeError(f"paper: {type(self).__name__} did not say how it pays {notice.event_id}")


@dataclass(frozen=True, slots=True)
class DividendCash:
    """The money of a dividend: `net` = `gross` - `withheld`."""

    gross: Money
    withheld: Money

    @property
    def net(self) -> Money:
        """What is paid."""
        return self.gross - self.withheld


def _taxed(notice: Notice, gross: Money, eligible: Shares) -> Money:
    """What of a payment is income: not what returns capital."""
    if notice.event in (ActionEvent.CAPITAL_RETURN, ActionEvent.MATURITY):
        return Money(0)
    return gross - notice.capital_usd.proceeds_down(eligible) if notice.capital_usd is not None else gross


def dividend_cash(notice: Notice, eligible: Shares) -> DividendCash:
    """What `eligible` shares get, to the five decimals of a custody message: gross rounded down, the tax rounded up.

    Where the notice names no rate it is 30 %.
    """
    exact = notice.cash_usd.proceeds_down(eligible) if notice.cash_usd is not None else Money(0)
    gross = Money(exact.atoms - exact.atoms % ISO_MONEY)
    withheld = _taxed(notice, gross, eligible).fee_up(WITHHOLDING if notice.withheld_bps is None else Bps(notice.withheld_bps))
    return DividendCash(gross, Money(withheld.atoms + -withheld.atoms % ISO_MONEY))
