"""Years of market beyond the data: the sessions, closes and corporate actions of the package, played again and again.

A lap is a whole number of weeks, so that weekdays stay weekdays. Where a line split during a lap, prices and dividends of
the next one are divided by the splits before it, so that no price jumps where nothing happened.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from openscrip.assets.calendar import Calendar
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Closes
from openscrip.kernel.clock import NEW_YORK
from openscrip.kernel.money import PricePerShare

FIRST_DAY = date(2024, 1, 29)
"""A Monday before the first corporate action that has prices around it."""
LAP_DAYS = 130 * 7
"""To the last Sunday within the closes."""
SESSIONS_A_YEAR = 251


class MarketYears:
    """`years` of 251 sessions from `FIRST_DAY` on."""

    def __init__(self, years: int, calendar: Calendar, closes: Closes, notices: Iterable[Notice]) -> None:
        self._closes = closes
        self._notices = [each for each in notices if 0 <= (each.ex_date - FIRST_DAY).days < LAP_DAYS]
        self._divisor = _splits_of(self._notices)
        self.laps = years * 366 // LAP_DAYS + 2  # the last is there for what looks ahead
        self.calendar = Calendar(self._hours(calendar))

    def on(self, symbol: str, day: date) -> PricePerShare | None:
        """As `Closes.on`, for a day of any lap."""
        lap, place = divmod((day - FIRST_DAY).days, LAP_DAYS)
        close = self._closes.on(symbol, FIRST_DAY + timedelta(days=place))
        return None if close is None else self._scaled(close, symbol, lap)

    def notices(self, source: str) -> tuple[Notice, ...]:
        """What `source` announces in all laps but the last, which is there for what looks ahead; each id bears its ex-date."""
        return tuple(
            self._moved(notice, lap) for lap in range(self.laps - 1) for notice in self._notices if notice.source == source
        )

    def _moved(self, notice: Notice, lap: int) -> Notice:
        shift = timedelta(days=lap * LAP_DAYS)
        ex_date = notice.ex_date + shift
        return replace(
            notice,
            event_id=f"{notice.symbol}.{notice.event.value}.{ex_date.isoformat()}",
            announced_on=notice.announced_on + shift,
            ex_date=ex_date,
            record_date=notice.record_date + shift if notice.record_date else None,
            pay_date=notice.pay_date + shift if notice.pay_date else None,
            cash_usd=self._scaled(notice.cash_usd, notice.symbol, lap) if notice.cash_usd else None,
        )

    def _scaled(self, price: PricePerShare, symbol: str, lap: int) -> PricePerShare:
        return PricePerShare(max(1, price.micros // self._divisor.get(symbol, 1) ** lap))

    def _hours(self, calendar: Calendar) -> Iterable[tuple[date, time, time]]:
        """The sessions of a lap, moved to each lap. The weeks before the first lap are there for what looks back."""
        days = calendar.sessions()
        for lap in range(self.laps):
            first = FIRST_DAY if lap else FIRST_DAY - timedelta(days=28)
            for day in days[bisect_left(days, first) : bisect_left(days, FIRST_DAY + timedelta(days=LAP_DAYS))]:
                session = calendar.session(day)
                if session is not None:
                    moved = day + timedelta(days=lap * LAP_DAYS)
                    yield moved, _new_york_time(session.open_at), _new_york_time(session.close_at)


class AfterSplits:
    """Closes that know of splits which the data do not: from each ex-date on, prices are divided by its ratio."""

    def __init__(self, closes: Closes, splits: Iterable[Notice]) -> None:
        self._closes = closes
        self._splits: dict[str, list[tuple[date, int, int]]] = {}
        for notice in splits:
            if notice.ratio is not None:
                self._splits.setdefault(notice.symbol, []).append((notice.ex_date, *notice.ratio))

    def on(self, symbol: str, day: date) -> PricePerShare | None:
        """As `Closes.on`."""
        close = self._closes.on(symbol, day)
        return None if close is None else self._divided(close, symbol, day)

    def notices(self, told: Iterable[Notice]) -> tuple[Notice, ...]:
        """The same notices; cash a share is divided like prices."""
        return tuple(
            replace(each, cash_usd=self._divided(each.cash_usd, each.symbol, each.ex_date)) if each.cash_usd else each
            for each in told
        )

    def _divided(self, price: PricePerShare, symbol: str, day: date) -> PricePerShare:
        micros = price.micros
        for ex_date, new, old in self._splits.get(symbol, ()):
            if ex_date <= day:
                micros = max(1, micros * old // new)
        return PricePerShare(micros)


def _splits_of(notices: Iterable[Notice]) -> Mapping[str, int]:
    """By which whole number a lap's splits multiply each line's shares."""
    divisor: dict[str, int] = {}
    for notice in {each.event_id: each for each in notices}.values():
        if notice.ratio is not None:
            new, old = notice.ratio
            divisor[notice.symbol] = divisor.get(notice.symbol, 1) * new // old
    return divisor


def _new_york_time(at: int) -> time:
    return datetime.fromtimestamp(at, NEW_YORK).time()
