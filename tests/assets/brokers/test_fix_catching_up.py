"""When `FixBroker.catch_up` may say that everything is booked, while the session's own thread books beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.assets.brokers.fix_market import START, US

from openscrip.assets.broker import LoanCharged
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_office import BackOffice, OfficeNews, OfficeStanding
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.calendar import new_york_calendar
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.money import Money
from openscrip.runtime.database import open_database, sqlite_url

NOW = instant(START)


@dataclass
class Office:
    """A back office that says nothing over the session and has some news; `said` is where the first belongs in the session."""

    said: int = 0

    def news(self, after: int, limit: int) -> Sequence[OfficeNews]:
        charged = LoanCharged(0, NOW, "loan-1", "charge-1", Money(1))
        return [OfficeNews(1, self.said, charged)][after:]

    def standing(self) -> OfficeStanding:
        return OfficeStanding(0, 0, 1)

    def close(self) -> None:
        """Nothing is open."""


class Raced(FixBroker):
    """Whose session's thread books all news after `catch_up` has looked at the books, and before it reads the news itself."""

    def _read_if_ours(self) -> bool:
        self._read_news()
        return self._read_news()


def raced(folder: Path, office: Office) -> Raced:
    clock = SteppedClock(NOW)
    line = FixLine("127.0.0.1", 1, US, clock, live=False)
    engine = open_database(sqlite_url(folder / "fix.db"))
    return Raced(engine, line, cast("BackOffice", office), clock, new_york_calendar())


def test_catching_up__news_booked_by_another_thread_meanwhile__counts_their_event(tmp_path: Path) -> None:
    broker = raced(tmp_path, Office())
    before = broker.last_event()
    assert broker.catch_up(5.0) == broker.last_event() == before + 1
    broker.close()


def test_catching_up__news_that_wait_for_what_never_comes__ends_without_them(tmp_path: Path) -> None:
    broker = raced(tmp_path, Office(said=7))
    assert broker.catch_up(5.0) == 0
    broker.close()
