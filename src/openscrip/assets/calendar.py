"""Sessions and settlement days of the New York exchange, from a table that ships with the package.

The table is made from `exchange_calendars` XNYS and a test compares every row with it; reading it takes 20 ms instead
of the 1.4 s and 88 MB of importing that library. Settlement days are the sessions less Columbus and Veterans Day, on
which the exchange trades and the banks are closed.
"""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files

from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Refused

_MONDAY = 0
_OCTOBER, _NOVEMBER = 10, 11


@dataclass(frozen=True, slots=True)
class Session:
    """The regular session of one day: `open_at` to `close_at` in UTC seconds; half days close early."""

    day: date
    open_at: int
    close_at: int
    half_day: bool


def is_bank_holiday_with_session(day: date) -> bool:
    """Whether banks rest while the exchange trades: Columbus Day (second Monday of October) and Veterans Day."""
    columbus = day.month == _OCTOBER and day.weekday() == _MONDAY and 8 <= day.day <= 14
    # A Veterans Day on Sunday is observed on Monday; one on Saturday closes no bank on Friday.
    observed = day.month == _NOVEMBER and (day.day == 11 or (day.day == 12 and day.weekday() == _MONDAY))
    return columbus or observed


class Calendar:
    """Sessions and settlement days. Days outside the table raise `Refused("calendar.horizon")`."""

    def __init__(self, hours: Iterable[tuple[date, time, time]]) -> None:
        self._hours = {day: (opens, closes) for day, opens, closes in hours}
        self._sessions = sorted(self._hours)
        self._settlement_days = [day for day in self._sessions if not is_bank_holiday_with_session(day)]
        self._made: dict[date, Session] = {}

    @property
    def horizon(self) -> date:
        """The last session of the table."""
        return self._sessions[-1]

    def sessions(self) -> list[date]:
        """All session days in order."""
        return list(self._sessions)

    def session(self, day: date) -> Session | None:
        """The session of `day`, or None on a day without trading."""
        made = self._made.get(day)
        if made is not None:
            return made
        self._within(day)
        hours = self._hours.get(day)
        if hours is None:
            return None
        opens, closes = hours
        session = Session(
            day,
            new_york_instant(day, opens.hour, opens.minute),
            new_york_instant(day, closes.hour, closes.minute),
            closes < time(16),
        )
        self._made[day] = session
        return session

    def session_on_or_after(self, day: date) -> Session:
        """The session of `day`, or the next one."""
        return self._session_at(bisect_left(self._sessions, self._within(day)))

    def next_session(self, day: date) -> Session:
        """The first session strictly after `day`."""
        return self._session_at(bisect_right(self._sessions, self._within(day)))

    def previous_session(self, day: date) -> Session:
        """The last session strictly before `day`."""
        return self._session_at(bisect_left(self._sessions, self._within(day)) - 1)

    def open_session(self, at: int) -> Session | None:
        """The session that is open at the instant `at` (open included, close excluded)."""
        session = self.session(new_york_date(at))
        return session if session is not None and session.open_at <= at < session.close_at else None

    def is_settlement_day(self, day: date) -> bool:
        """Whether shares and money settle on `day`."""
        self._within(day)
        return day in self._hours and not is_bank_holiday_with_session(day)

    def settle(self, trade_date: date) -> date:
        """The settlement day of a trade, T+1: the next settlement day strictly after `trade_date`."""
        place = bisect_right(self._settlement_days, self._within(trade_date))
        if place >= len(self._settlement_days):
            raise _beyond(trade_date)
        return self._settlement_days[place]

    def settlement_on_or_after(self, day: date) -> date:
        """`day` if shares settle on it, else the next settlement day."""
        return day if self.is_settlement_day(day) else self.settle(day)

    def _session_at(self, place: int) -> Session:
        if not 0 <= place < len(self._sessions):
            raise _beyond(self.horizon)
        session = self.session(self._sessions[place])
        if session is None:
            raise _beyond(self._sessions[place])
        return session

    def _within(self, day: date) -> date:
        if not self._sessions[0] <= day <= self._sessions[-1]:
            raise _beyond(day)
        return day


def _beyond(day: date) -> Refused:
    return Refused("calendar.horizon", f"calendar: {day} was outside the known sessions; the table must be renewed")


@cache
def new_york_calendar() -> Calendar:
    """The calendar that ships with the package, 2020 to 2027."""
    text = (files("openscrip.assets") / "data" / "sessions.csv").read_text(encoding="utf-8")
    return Calendar(
        (date.fromisoformat(row["date"]), time.fromisoformat(row["open"]), time.fromisoformat(row["close"]))
        for row in csv.DictReader(text.splitlines())
    )
