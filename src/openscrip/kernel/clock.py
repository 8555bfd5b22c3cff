"""Market time: UTC seconds that enter as an argument or through a `Clock`. Machine time is for leases and timeouts alone."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


class Clock(Protocol):
    """Market time in whole UTC seconds."""

    def now(self) -> int:
        """The current market time."""
        ...


class LiveClock:
    """Market time is the machine's."""

    def now(self) -> int:
        """The current wall-clock second."""
        return int(time.time())

    def now_us(self) -> int:
        """The current wall-clock microsecond, for who tells one order from the next."""
        return time.time_ns() // 1_000


@dataclass(slots=True)
class SteppedClock:
    """Market time moves only when somebody moves it, and never back."""

    at: int

    def now(self) -> int:
        """The second that the clock was last moved to."""
        return self.at

    def advance_to(self, at: int) -> None:
        """Move to `at`; an earlier instant is ignored."""
        self.at = max(self.at, at)


def instant(text: str) -> int:
    """The UTC second of an ISO 8601 instant such as `2024-06-03T13:30:00Z`.

    Raises `ValueError` for what is none, and for one that its zone moves out of the years 1 to 9999: `iso` could not write it.
    """
    try:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).timestamp())
    except OverflowError:
        raise ValueError(f"{text!a:.40} was outside the years 1 to 9999 in UTC") from None


def iso(at: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_york_words(at: int) -> str:
    """As people in the market say it: `3 Jun 2024, 16:00 New York`."""
    local = datetime.fromtimestamp(at, NEW_YORK)
    return f"{local.day} {local:%b %Y, %H:%M} New York"


def new_york_date(at: int) -> date:
    """The calendar date in New York, where the listings trade."""
    return datetime.fromtimestamp(at, NEW_YORK).date()


def new_york_instant(day: date, hour: int, minute: int = 0) -> int:
    """The UTC second of a New York wall-clock time."""
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).timestamp())
