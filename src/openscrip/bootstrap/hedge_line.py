"""Which broker a market maker hedges at, an account at Alpaca or a broker that speaks FIX 4.2, and the adapter built for it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.broker import Broker
from openscrip.assets.brokers.alpaca import AlpacaBroker
from openscrip.assets.brokers.alpaca_store import AlpacaStore
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.kernel.clock import Clock, LiveClock
from openscrip.kernel.errors import Malformed
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity


@dataclass(frozen=True, slots=True)
class AlpacaHedge:
    """An account at Alpaca or at what speaks as it does."""

    url: str
    account: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class FixHedge:
    """A broker's FIX acceptor `host:port` and its back office; `live` is false where market time is pushed."""

    fix: str
    office: str
    sender: str
    target: str
    live: bool = True

    def __post_init__(self) -> None:
        """Raise `Malformed("hedge.fix")` for what is no address, or names no two parties."""
        host, _, port = self.fix.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()):
            raise Malformed("hedge.fix", f"hedge: the FIX address was {self.fix!a:.40}; give host:port")
        if not self.office or not self.sender or not self.target or self.sender == self.target:
            raise Malformed("hedge.fix", "hedge: give the back office's address too, and two different names for the session")


HedgeLine = AlpacaHedge | FixHedge | None


@contextmanager
def hedging(line: HedgeLine, folder: Path, clock: Clock) -> Iterator[Broker | None]:
    """The broker that hedges, its session or streams followed meanwhile; None where none is named. `clock` is market time."""
    if line is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    broker = _alpaca(line, folder) if isinstance(line, AlpacaHedge) else _fix(line, folder, clock)
    with closing(broker):
        broker.start()
        yield broker


def _alpaca(line: AlpacaHedge, folder: Path) -> AlpacaBroker:
    http = AlpacaHttp("alpaca", line.url, Credentials(Auth.BASIC, line.key, line.secret))
    return AlpacaBroker(http, line.account, AlpacaStore(folder / "alpaca.db"), LiveClock(), new_york_calendar())


def _fix(line: FixHedge, folder: Path, clock: Clock) -> FixBroker:
    """With a session store and books of its own: its numbers go on where they were after any crash."""
    host, _, port = line.fix.rpartition(":")
    fix = FixLine(host, int(port), Identity(line.sender, line.target), clock, live=line.live)
    books = open_database(sqlite_url(folder / f"hedge-{line.sender}.db"))
    return FixBroker(books, fix, PaperBrokerClient(line.office), clock, new_york_calendar())
