"""The Alpaca broker against the paper Alpaca, over real sockets, as the conformance suite opens brokers."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.broker import BrokerEvent, Order, OrderAnswer, OrderProgress, Position
from openscrip.assets.brokers.alpaca import AlpacaBroker
from openscrip.assets.brokers.alpaca_paper import AlpacaPaper
from openscrip.assets.brokers.alpaca_store import AlpacaStore
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import broker_announcements, daily_closes
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Switches, Transfer, TransferAnswer
from openscrip.assets.paper_rest import PaperRest
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.errors import NotYet, Unavailable

START = "2024-06-03T12:00:00Z"
WAIT_S = 60.0
CAN = frozenset({"busts", "cancels", "conflicts", "limits", "transfers", "actions"})
"""It tells no failed settlements, has no overnight hours, and says in its own words why an order ended."""


class AlpacaDesk:
    """The Alpaca broker and the paper Alpaca behind it as one."""

    def __init__(self, broker: AlpacaBroker, paper: AlpacaPaper, clock: SteppedClock, store: AlpacaStore) -> None:
        self.broker, self.paper, self.clock, self.store = broker, paper, clock, store

    def place(self, order: Order) -> OrderAnswer:
        return self.broker.place(order)

    def order(self, client_order_id: str) -> OrderProgress | None:
        self.catch_up()
        return self.broker.order(client_order_id)

    def cancel(self, client_order_id: str) -> None:
        self.broker.cancel(client_order_id)
        self.catch_up()

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        self.catch_up()
        return self.broker.events(after, limit)

    def positions(self) -> Mapping[str, Position]:
        self.catch_up()
        return self.broker.positions()

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        with self.paper.lock:
            return self.paper.core.deliver(transfer)

    def receive(self, transfer: Transfer) -> TransferAnswer:
        with self.paper.lock:
            return self.paper.core.receive(transfer)

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        with self.paper.lock:
            return self.paper.core.pay_in(cash)

    def advance_to(self, now: int) -> None:
        self.paper.advance_to(now)
        self.clock.advance_to(now)
        self.catch_up()

    def next_due(self) -> int | None:
        return self.paper.core.next_due()

    def turn(self, switches: Switches) -> None:
        with self.paper.lock:
            self.paper.core.turn(switches)

    def announce(self, notice: Notice) -> None:
        with self.paper.lock:
            self.paper.core.announce(notice)
            self.paper.hear()

    def catch_up(self) -> None:
        """Until everything that the vendor told is booked."""
        ends = time.monotonic() + WAIT_S
        while (self.broker.last_heard("trades"), self.broker.last_heard("nta")) != (
            self.paper.trades.last_id,
            self.paper.activities.last_id,
        ):
            assert time.monotonic() < ends, self.broker.troubles()
            time.sleep(0.002)
        self.broker.events(0, 0)
        self.broker.read_announcements()


@contextmanager
def over_alpaca(folder: Path) -> Iterator[AlpacaDesk]:
    core = PaperBroker(instant(START), daily_closes(), broker_announcements())
    with paper_alpaca(AlpacaPaper(core)) as (paper, url), an_alpaca(folder, url, SteppedClock(core.now)) as opened:
        broker, clock, store = opened
        yield AlpacaDesk(broker, paper, clock, store)


@contextmanager
def paper_alpaca(paper: AlpacaPaper) -> Iterator[tuple[AlpacaPaper, str]]:
    with PaperRest(paper.routes()) as rest:
        yield paper, rest.url


@contextmanager
def an_alpaca(folder: Path, url: str, clock: SteppedClock) -> Iterator[tuple[AlpacaBroker, SteppedClock, AlpacaStore]]:
    """The broker's side with its store in `folder`; opened again it goes on where it was."""
    store = AlpacaStore(folder / "alpaca.db")
    http = AlpacaHttp("alpaca", url, Credentials(Auth.BASIC, "key", "secret"), timeout_s=2.0)
    broker = AlpacaBroker(http, "account", store, clock, new_york_calendar())
    broker.start()
    try:
        yield broker, clock, store
    finally:
        broker.close()


def patiently(broker: AlpacaBroker, order: Order, attempts: int = 10) -> OrderAnswer:
    """Place an order as the worker would: again after silence."""
    for _ in range(attempts):
        try:
            return broker.place(order)
        except (NotYet, Unavailable):
            threading.Event().wait(0.001)
    raise AssertionError("the order was never answered")
