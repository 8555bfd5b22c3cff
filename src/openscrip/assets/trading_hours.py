"""The three sessions of a US equity day, as windows of New York time.

Regular hours come from the calendar; extended ones run from 4:00 to the open and from the close to 20:00 (17:00 on a half
day), overnight from 20:00 to 4:00 before a day with a session, whose trade date it bears.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from openscrip.assets.calendar import Calendar, Session
from openscrip.kernel.clock import new_york_date, new_york_instant

EARLY_HOUR, LATE_HOUR, LATE_HOUR_HALF_DAY = 4, 20, 17


class TradingSession(StrEnum):
    """FIX 336: in which hours an order trades. Outside regular hours only limit orders do."""

    REGULAR = "regular"
    EXTENDED = "extended"
    OVERNIGHT = "overnight"


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of trading: `open_at` to `close_at` in UTC seconds (close excluded), and the date that trades in it bear."""

    session: TradingSession
    trade_date: date
    open_at: int
    close_at: int


def open_window(calendar: Calendar, at: int) -> Window | None:
    """The window that is open at an instant, or None while nothing trades. Raises `Refused("calendar.horizon")`."""
    days = calendar.session_on_or_after(new_york_date(at)), calendar.next_session(new_york_date(at))
    return next((each for day in days for each in _windows(day) if each.open_at <= at < each.close_at), None)


def next_window(calendar: Calendar, session: TradingSession, at: int) -> Window:
    """The window of these hours that is open at `at`, or the next one. Raises `Refused("calendar.horizon")`."""
    day = calendar.session_on_or_after(new_york_date(at))
    while True:
        for each in _windows(day):
            if each.session is session and at < each.close_at:
                return each
        day = calendar.next_session(day.day)


def _windows(session: Session) -> Iterator[Window]:
    """The windows that bear the date of one session, in order of time."""
    day = session.day
    early_at = new_york_instant(day, EARLY_HOUR)
    late_at = new_york_instant(day, LATE_HOUR_HALF_DAY if session.half_day else LATE_HOUR)
    yield Window(TradingSession.OVERNIGHT, day, new_york_instant(day - timedelta(days=1), LATE_HOUR), early_at)
    yield Window(TradingSession.EXTENDED, day, early_at, session.open_at)
    yield Window(TradingSession.REGULAR, day, session.open_at, session.close_at)
    yield Window(TradingSession.EXTENDED, day, session.close_at, late_at)
