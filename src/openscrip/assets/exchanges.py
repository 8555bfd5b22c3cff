"""Exchanges by their operating MIC: sessions in their own hours, and how long their trades take to settle.

New York's lines settle on T+1 less the bank holidays on which the exchange trades; London's on T+2, which is the cycle there
until October 2027. The London table is made from `exchange_calendars` XLON, and a test compares every row with it.
"""

import csv
from collections.abc import Iterable
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from openscrip.assets.calendar import Calendar, Session, new_york_calendar
from openscrip.kernel.errors import Malformed

LONDON = ZoneInfo("Europe/London")
_LONDON_HALF = time(16)


class LondonCalendar(Calendar):
    """The London exchange: every session is a settlement day, and trades settle two of them later."""

    def __init__(self, hours: Iterable[tuple[date, time, time]]) -> None:
        known = list(hours)
        super().__init__(known)
        self._london = {day: (opens, closes) for day, opens, closes in known}

    def session(self, day: date) -> Session | None:
        """As `Calendar.session`, at London's wall clock."""
        hours = self._london.get(day) if super().session(day) is not None else None
        if hours is None:
            return None
        opens, closes = (int(datetime.combine(day, at, LONDON).timestamp()) for at in hours)
        return Session(day, opens, closes, hours[1] < _LONDON_HALF)

    def is_settlement_day(self, day: date) -> bool:
        """Whether shares and money settle on `day`: on every session."""
        return self.session(day) is not None

    def settle(self, trade_date: date) -> date:
        """T+2: the second session strictly after `trade_date`."""
        return self.next_session(self.next_session(trade_date).day).day

    def settlement_on_or_after(self, day: date) -> date:
        """`day` if it is a session, else the next one."""
        return self.session_on_or_after(day).day


@cache
def london_calendar() -> LondonCalendar:
    """London's sessions that ship with the package, 2020 to 2027."""
    text = (files("openscrip.assets") / "data" / "sessions_london.csv").read_text(encoding="utf-8")
    return LondonCalendar(
        (date.fromisoformat(row["date"]), time.fromisoformat(row["open"]), time.fromisoformat(row["close"]))
        for row in csv.DictReader(text.splitlines())
    )


def calendar_of(mic: str) -> Calendar:
    """The calendar of a listing by its operating MIC. Raises `Malformed("product.exchange")` for one without a table."""
    if mic in ("XNAS", "XNYS", "ARCX"):
        return new_york_calendar()
    if mic == "XLON":
        return london_calendar()
    known = "XNAS, XNYS, ARCX and XLON"
    raise Malformed("product.exchange", f"product: no sessions are known for {mic!r:.10}; they are for {known}")
