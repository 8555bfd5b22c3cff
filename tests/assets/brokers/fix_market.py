"""A paper broker as a process, and our side of its session: what the FIX broker's tests stand on."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from openscrip.assets.broker import BrokerEvent, Order, OrderAnswer, OrderState, Side
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.paper import Switch, Switches
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity
from openscrip.runtime.fix.party import Limits

START = "2024-06-03T12:00:00Z"
"""A Monday, 08:00 in New York."""
US = Identity("OPENSCRIP", "PAPERBROKER")
QUICK = Limits(tick_s=0.05, backoff_s_min=0.005, backoff_s_max=0.2)
WAIT_S = 60.0
EventT = TypeVar("EventT")


@dataclass
class Market:
    """The broker's process, its back office, our clock and our broker."""

    child: PaperChild
    office: PaperBrokerClient
    clock: SteppedClock
    broker: FixBroker
    data: Path

    def advance_to(self, at: str) -> None:
        """Push market time: the broker first, then ours, when everything that the broker said is booked."""
        self.office.advance_to(instant(at))
        self.clock.advance_to(instant(at))
        self.broker.catch_up(WAIT_S)

    def place(self, order: Order) -> OrderAnswer:
        """Place and wait for the answer."""
        self.broker.place(order)
        self.broker.catch_up(WAIT_S)
        return self.broker.place(order)

    def turn(self, *switches: Switch) -> None:
        """Turn failures on."""
        self.office.turn(Switches(7, switches))

    def told(self, kind: type[EventT]) -> list[EventT]:
        """Events of a kind."""
        return [each for each in everything(self.broker) if isinstance(each, kind)]

    def state(self, case: str) -> OrderState:
        """Where an order stands."""
        found = self.broker.order(case)
        assert found is not None
        return found.status

    def restart_ours(self, **changes: object) -> None:
        """A new process of ours, as far as anything but the database goes."""
        self.broker.stop()
        self.broker = our_side(self.child, self.office, self.clock, self.data, **changes)
        self.broker.start()


def buy(case: str = "buy-1", quantity: str = "5", symbol: str = "TSLA", **terms: object) -> Order:
    """A purchase."""
    return Order(case, symbol, Side.BUY, Shares.parse(quantity), **terms)  # type: ignore[arg-type]  # terms by name


def everything(broker: FixBroker) -> Sequence[BrokerEvent]:
    """All events."""
    found: list[BrokerEvent] = []
    while page := broker.events(len(found), 1_000):
        found += page
    return found


def our_side(child: PaperChild, office: PaperBrokerClient, clock: SteppedClock, data: Path, **changes: object) -> FixBroker:
    """Our broker over FIX to a paper broker's process, with its books in a file or at the URL `books`."""
    engine = open_database(str(changes.pop("books", "")) or sqlite_url(data / "fix.db"))
    leases = changes.pop("leases", None)
    line = FixLine("127.0.0.1", child.fix_port, US, clock, live=False, leases=leases, limits=QUICK)  # type: ignore[arg-type]  # by name
    return FixBroker(engine, line, office, clock, new_york_calendar(), **changes)  # type: ignore[arg-type]  # by name


@contextmanager
def a_market(data: Path, *options: str, **changes: object) -> Iterator[Market]:
    """Both sides, started and taken down again."""
    data.mkdir(parents=True, exist_ok=True)
    child = PaperChild(BROKER_MODULE, data / "broker", ["--start-time", START, *options])
    child.start()
    office = PaperBrokerClient(child.url)
    clock = SteppedClock(instant(START))
    market = Market(child, office, clock, our_side(child, office, clock, data, **changes), data)
    market.broker.start()
    try:
        yield market
    finally:
        market.broker.close()
        child.kill()


def until(what: Callable[[], bool], within_s: float = WAIT_S) -> None:
    """Wait for something that a process of its own does."""
    ends = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.005)
