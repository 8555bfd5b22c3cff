"""A running stack: the parts as processes, the platform, and its worker in a thread; market time live or accelerated."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from openscrip.assets.stock import Stock
from openscrip.bootstrap.broker_line import settle
from openscrip.bootstrap.capital import pay_in_capital
from openscrip.bootstrap.listing import list_stock
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import Platform, build_platform
from openscrip.bootstrap.stack import Stack
from openscrip.bootstrap.workers import children_of
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.runtime.settings import Settings
from openscrip.runtime.worker import Worker

IDLE_S = 120.0
CAPITAL = Money(100_000_000 * 10**6)
"""What the paper issuer starts with, at the bank and at the broker."""


class Running:
    """The whole stack with its workers, one of them in this process.

    `advance_to` moves accelerated time from one due instant to the next.
    """

    def __init__(self, stack: Stack, platform: Platform) -> None:
        self.stack = stack
        self.platform = platform
        self.tenure = platform.tenure()
        self.worker: Worker = platform.worker(tenure=self.tenure)
        self.workers = children_of(platform.settings)
        self.on_listed: list[Callable[[], None]] = []
        """Called when a stock was listed, for whoever deals in all of them."""
        self._stop = threading.Event()
        self._moving = threading.Lock()
        self._thread = threading.Thread(target=self.worker.run_forever, args=(self._stop,), name="worker")

    def start(self) -> None:
        """Start the workers, and the session with the broker."""
        self.tenure.start()
        for child in self.workers:
            child.start()
        self.platform.broker.on_booked = partial(self.worker.tell, "broker")
        self.platform.broker.start("worker")
        self._thread.start()
        for child in self.workers:
            child.wait_ready()

    def stop(self) -> None:
        """Let the workers finish what they hold, close the platform, end the children."""
        for child in self.workers:
            child.stop()
        self._stop.set()
        if self._thread.is_alive():
            self.worker.nudge()
            self._thread.join(IDLE_S)
        self.tenure.stop()
        self.platform.close()
        self.stack.stop()

    def list_stock(self, symbol: str) -> Stock:
        """List a stock on both chains, once."""
        self.platform, stock = list_stock(self.platform, symbol)
        self.worker.nudge()
        for hear in self.on_listed:
            hear()
        return stock

    def settle(self) -> None:
        """Wait until nothing is in flight at this instant of market time."""
        settle(lambda: self.worker.wait_idle(IDLE_S), self.platform.broker, IDLE_S)

    def advance_to(self, until: int, progress: Callable[[int], None] = lambda now: None) -> None:
        """Step accelerated time to `until`, stopping wherever something is due; it moves only when nothing is in flight.

        Raises `Refused("clock.live")` when market time is the wall clock.
        """
        if self.stack.clock is None:
            raise Refused("clock.live", "clock: market time is the wall clock; it cannot be moved")
        with self._moving:
            clock = self.platform.clock
            self.settle()
            while clock.now() < until:
                due = [at for at in (self.stack.next_due(), self.platform.store.next_due()) if at is not None]
                self.stack.advance_to(min([at for at in due if at > clock.now()] + [until]))
                self.settle()
                progress(clock.now())


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Bring a data folder up, new or used before, and take it down again whatever happens."""
    places = Places(settings.data)
    stack = Stack(settings, places)
    wiring = stack.start()
    try:
        run = Running(stack, build_platform(settings, places, wiring))
    except BaseException:
        stack.stop()
        raise
    try:
        pay_in_capital(run.platform, CAPITAL)
        run.start()
        yield run
    finally:
        run.stop()
