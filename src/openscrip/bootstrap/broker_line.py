"""The line to the broker, of the kind that is set: a FIX session, or Alpaca's interface; ours or a paper one's."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.broker import Broker
from openscrip.assets.brokers.alpaca import NAME, AlpacaBroker
from openscrip.assets.brokers.alpaca_server import ROOT
from openscrip.assets.brokers.alpaca_store import AlpacaStore
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import Calendar
from openscrip.bootstrap.places import Places, Wiring
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.broker_settings import BrokerLine
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity
from openscrip.runtime.leases import Leases
from openscrip.runtime.settings import Settings


class RunningBroker(Broker, Protocol):
    """A broker whose line one process runs: a session, or streams that are followed."""

    on_booked: Callable[[], None]
    """Called when events were booked, for whoever waits for them."""

    @property
    def refused(self) -> Mapping[str, int]:
        """What came and counted for nothing in this process, by rule."""
        ...

    def start(self, holder: str = "worker") -> None:
        """Run the line as soon as its lease is ours."""
        ...

    def stop(self) -> None:
        """Run it no more."""
        ...

    def close(self) -> None:
        """Stop, and close the connections."""
        ...

    def troubles(self) -> dict[str, str]:
        """What is wrong at the moment."""
        ...

    def catch_up(self, timeout_s: float = 60.0) -> int:
        """Wait until what was told by now is booked; gives the last event's number."""
        ...


def refuse_other_kind(settings: Settings, wiring: Wiring) -> None:
    """Raise `Refused("broker.kind")` for a folder that began with a broker of another kind."""
    kind, before = settings.broker.kind, wiring.broker_kind
    text = f"broker: kind {kind!r} was asked for a folder that began with {before!r}; its orders are there, start a new folder"
    refuse_unless(kind == before, "broker.kind", text)


def build_broker(
    settings: Settings, places: Places, wiring: Wiring, engine: Engine, clock: Clock, calendar: Calendar, *, trades: bool = True
) -> RunningBroker:
    """The broker as set, or the paper broker that `wiring` names. `start(holder)` begins to run its line.

    A process that never `trades` gets a line without a key. Raises `Refused` with `broker.kind` or `broker.key`.
    """
    refuse_other_kind(settings, wiring)
    if settings.broker.kind == "alpaca":
        return _alpaca(settings.broker, places, wiring, engine, clock, calendar, trades=trades)
    return _fix(settings, places, wiring, engine, clock, calendar)


def told_of(line: BrokerLine) -> str:
    """What the platform would connect to, in words; nothing of a key's content."""
    if line.alpaca:
        shown = f" from {line.token_url}" if line.token_url else ""
        return f"Alpaca at {line.alpaca}, account {line.account}, {line.auth}{shown}, key from {line.key_file}"
    if line.fix:
        return f"FIX 4.2 at {line.fix} as {line.sender} to {line.target}, back office at {line.back_office}"
    return f"the paper broker of this machine, {'as Alpaca' if line.kind == 'alpaca' else 'over FIX 4.2'}"


def credentials_of(line: BrokerLine) -> Credentials:
    """Key and secret of the file. Raises `Refused("broker.key")` if it is missing, readable by others, or not two lines."""
    file = Path(line.key_file)
    refuse_unless(file.is_file(), "broker.key", f"broker: the key file {file} was missing; write key and secret into it")
    mode = file.stat().st_mode & 0o777
    refuse_unless(mode & 0o077 == 0, "broker.key", f"broker: {file} had mode {mode:o}; others could read it, use 600")
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("broker.key", f"broker: {file} could not be read ({type(error).__name__})") from error
    refuse_unless(len(lines) == 2, "broker.key", f"broker: {file} was not two lines, key and secret")
    return Credentials(Auth(line.auth), lines[0], lines[1], line.token_url)


def _alpaca(
    line: BrokerLine, places: Places, wiring: Wiring, engine: Engine, clock: Clock, calendar: Calendar, *, trades: bool
) -> AlpacaBroker:
    store, leases = AlpacaStore(places.data / "platform" / "alpaca.db"), Leases(engine)
    if line.alpaca:
        known = credentials_of(line) if trades else Credentials(Auth.BASIC, "", "")
        return AlpacaBroker(AlpacaHttp(NAME, line.alpaca, known), line.account, store, clock, calendar, leases=leases)
    paper, office = Credentials(Auth.BASIC, "paper", "paper"), PaperBrokerClient(wiring.broker)
    interface = AlpacaHttp(NAME, wiring.broker + ROOT, paper)
    return AlpacaBroker(interface, "account", store, clock, calendar, leases=leases, standing=office)


def _fix(settings: Settings, places: Places, wiring: Wiring, engine: Engine, clock: Clock, calendar: Calendar) -> FixBroker:
    line = settings.broker
    host, _, port = (line.fix or wiring.broker_fix).rpartition(":")
    own_file = engine.dialect.name == "sqlite"
    fix = FixLine(
        host,
        int(port or 0),
        Identity(line.sender, line.target),
        clock,
        live=settings.market.clock == "live",
        leases=Leases(engine),
        heartbeat_s=line.heartbeat_s,
        resets=line.reset == "daily",
    )
    books = open_database(sqlite_url(places.data / "platform" / "fix.db")) if own_file else engine
    office = PaperBrokerClient(line.back_office or wiring.broker)
    return FixBroker(books, fix, office, clock, calendar, ask_after_s=line.ask_after_s)


def settle(worker_idle: Callable[[], None], broker: RunningBroker, timeout_s: float) -> None:
    """Wait until nothing is in flight: `worker_idle` returns when all possible work is done, and the broker has nothing new."""
    reached = broker.catch_up(timeout_s)
    while True:
        worker_idle()
        before, reached = reached, broker.catch_up(timeout_s)
        if reached == before:
            return
