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
from openscrip.markets.money_chart import VenueChart
from openscrip.runtime import migrations
from openscrip.runtime.chart import ChartOfAccounts
from openscrip.runtime.closing import Closing, Period, close_period
from openscrip.runtime.database import open_database, revision, sqlite_url
from openscrip.runtime.history import one_moment
from openscrip.runtime.settings import Settings

CURRENCIES = ("USD", "EUR")
"""What the venue's banks keep."""
DAY_TEXT = len("2024-06-03")


class LedgerRoom:
    """One ledger: its chart, and a connection that only reads."""

    def __init__(self, settings: Settings, engine: Engine, chart: ChartOfAccounts = CHART_OF_ACCOUNTS) -> None:
        self._settings = settings
        self.engine = engine
        self.chart = chart

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
    with _opened(settings, settings.database_url, CHART_OF_ACCOUNTS, "openscrip up") as room:
        yield room


@contextmanager
def venue_ledger_room(settings: Settings) -> Iterator[LedgerRoom]:
    """The ledger of the venue in a data folder. Raises as `ledger_room`."""
    from openscrip.bootstrap.venue_wiring import VenueWiring  # noqa: PLC0415  # loads what speaks to chains
    from openscrip.markets.funding import Nature  # noqa: PLC0415

    folder = settings.data / "venue"
    wiring = VenueWiring.read(folder)
    coins = {each.asset for each in wiring.holdings() if each.nature is not Nature.TOKEN} if wiring else set()
    with _opened(settings, sqlite_url(folder / "money.sqlite"), VenueChart({*CURRENCIES, *coins}), "openscrip venue") as room:
        yield room


@contextmanager
def _opened(settings: Settings, url: str, chart: ChartOfAccounts, start: str) -> Iterator[LedgerRoom]:
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        raise Refused("platform.missing", f"platform: nothing was ever started in {settings.data}; run `{start}`")
    engine = open_database(url)
    try:
        found = revision(engine)
        if found != migrations.HEAD:
            said = f"ledger: the database was of revision {found!r}, not {migrations.HEAD}; start `{start}` once"
            raise Refused("ledger.revision", said)
        yield LedgerRoom(settings, engine, chart)
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
