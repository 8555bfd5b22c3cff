"""The ledger of a data folder, opened for whoever reads or closes it, whether or not anything runs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.up import market_of
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime import migrations
from openscrip.runtime.chart import ChartOfAccounts
from openscrip.runtime.closing import Closing, Period, close_period
from openscrip.runtime.database import open_database, revision
from openscrip.runtime.history import one_moment
from openscrip.runtime.settings import Settings

DAY_TEXT = len("2024-06-03")


class LedgerRoom:
    """One ledger: its chart, and a connection that only reads."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self.engine = engine
        self.chart: ChartOfAccounts = CHART_OF_ACCOUNTS

    def reading(self) -> AbstractContextManager[Connection]:
        """As `history.one_moment`."""
        return one_moment(self.engine)

    def close_period(self, period: Period, by: str) -> Closing:
        """Close a period at the market time of the data folder. Raises as `closing.close_period`."""
        settings = market_of(self._settings, "", "")
        clock = clock_of(settings.market.clock, Places(settings.data).clock, instant(settings.market.start))
        return close_period(self.engine, period, by, clock.now())


@contextmanager
def ledger_room(settings: Settings) -> Iterator[LedgerRoom]:
    """The ledger of a data folder.

    Raises `Refused("platform.missing")` where nothing was ever started and `Refused("ledger.revision")` for a database
    that the program in front of it has not brought up to date.
    """
    url = settings.database_url
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        raise Refused("platform.missing", f"platform: nothing was ever started in {settings.data}; run `openscrip up`")
    engine = open_database(url)
    try:
        found = revision(engine)
        if found != migrations.HEAD:
            said = f"ledger: the database was of revision {found!r}, not {migrations.HEAD}; start `openscrip up` once"
            raise Refused("ledger.revision", said)
        yield LedgerRoom(settings, engine)
    finally:
        engine.dispose()


def moment_of(text: str) -> int:
    """The instant that `text` names: an ISO 8601 instant in UTC, or the last second of a day, month or year.

    Raises `Malformed("ledger.at")`.
    """
    return Period.parse(text).until - 1 if len(text) <= DAY_TEXT else _instant(text)


def beginning_of(text: str) -> int:
    """As `moment_of`, but the first second of a day, month or year."""
    if len(text) > DAY_TEXT:
        return _instant(text)
    Period.parse(text)
    return _instant((text + "-01-01")[:DAY_TEXT] + "T00:00:00Z")


def _instant(text: str) -> int:
    try:
        if not text.endswith("Z"):
            raise ValueError(text)
        return instant(text)
    except ValueError as error:
        raise Malformed("ledger.at", f"ledger: {text!a:.40} was no instant such as 2024-06-03T13:30:00Z") from error
