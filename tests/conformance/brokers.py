"""Brokers for the conformance suite: each with what it can do. To add one: an entry in `ADAPTERS`.

`over fix` is the FIX broker with the paper broker's whole program behind a socket, in a thread: a process would cost each
case a second.
"""

import argparse
import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import uvicorn
from tests.conformance.alpaca_parties import over_alpaca
from tests.databases import new_database

from openscrip.assets.broker import Broker, BrokerEvent, Order, OrderAnswer, OrderProgress, OrderState, Position
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.brokers.paper_server import broker_app, broker_shell
from openscrip.assets.brokers.paper_session import PaperSession
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import broker_announcements, daily_closes
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Depository, Switches, Transfer, TransferAnswer
from openscrip.assets.paper_child import PaperChild
from openscrip.kernel.clock import LiveClock, SteppedClock, instant
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity
from openscrip.runtime.fix.party import Limits

START = "2024-06-03T12:00:00Z"
"""A Monday, 08:00 in New York."""
WAIT_S = 60.0
US = Identity("OPENSCRIP", "PAPERBROKER")
QUICK = Limits(tick_s=0.02, backoff_s_min=0.005, backoff_s_max=0.1)
CaseT = TypeVar("CaseT", bound=Callable[..., None])


class Paper(Protocol):
    """What the suites use of a paper party to make things happen."""

    def advance_to(self, now: int) -> None: ...
    def next_due(self) -> int | None: ...
    def turn(self, switches: Switches) -> None: ...
    def announce(self, notice: Notice) -> None: ...


class AnyBroker(Broker, Depository, Paper, Protocol):
    """A broker under test."""


class FixDesk:
    """The FIX broker and its paper broker's back office as one; `place` waits for the answer."""

    def __init__(self, broker: FixBroker, office: PaperBrokerClient, clock: SteppedClock) -> None:
        self.broker, self.office, self.clock = broker, office, clock
        self.url = office.url

    def place(self, order: Order) -> OrderAnswer:
        answer = self.broker.place(order)
        if answer.status is OrderState.PENDING:
            self.broker.catch_up(WAIT_S)
            answer = self.broker.place(order)
        return answer

    def order(self, client_order_id: str) -> OrderProgress | None:
        return self.broker.order(client_order_id)

    def cancel(self, client_order_id: str) -> None:
        self.broker.cancel(client_order_id)
        self.broker.catch_up(WAIT_S)

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        self.broker.catch_up(WAIT_S)
        return self.broker.events(after, limit)

    def positions(self) -> Mapping[str, Position]:
        return self.broker.positions()

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        return self.office.deliver(transfer)

    def receive(self, transfer: Transfer) -> TransferAnswer:
        return self.office.receive(transfer)

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        return self.office.pay_in(cash)

    def advance_to(self, now: int) -> None:
        self.office.advance_to(now)
        self.clock.advance_to(now)
        self.broker.catch_up(WAIT_S)

    def next_due(self) -> int | None:
        return self.office.next_due()

    def turn(self, switches: Switches) -> None:
        self.office.turn(switches)

    def announce(self, notice: Notice) -> None:
        self.office.announce(notice)


@contextmanager
def in_memory(_folder: Path) -> Iterator[AnyBroker]:
    yield PaperBroker(instant(START), daily_closes(), broker_announcements())


@contextmanager
def over_fix(folder: Path, books: str = "") -> Iterator[FixDesk]:
    """Our books are in a file, or in the database of the URL `books`."""
    folder.mkdir(parents=True, exist_ok=True)
    with paper_program(folder) as (url, fix_port):
        clock, office = SteppedClock(instant(START)), PaperBrokerClient(url)
        line = FixLine("127.0.0.1", fix_port, US, clock, live=False, limits=QUICK)
        engine = open_database(books or sqlite_url(folder / "fix.db"))
        broker = FixBroker(engine, line, office, clock, new_york_calendar())
        broker.start()
        try:
            yield FixDesk(broker, office, clock)
        finally:
            broker.close()


def over_fix_on_postgresql(folder: Path) -> AbstractContextManager[FixDesk]:
    return over_fix(folder, new_database())


@contextmanager
def line_to(child: PaperChild, folder: Path, at: str = START, *, live: bool = False) -> Iterator[FixDesk]:
    """Our FIX broker to a paper broker's process, with its books in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, office = SteppedClock(LiveClock().now() if live else instant(at)), PaperBrokerClient(child.url)
    line = FixLine("127.0.0.1", child.fix_port, US, LiveClock() if live else clock, live=live, limits=QUICK)
    broker = FixBroker(open_database(sqlite_url(folder / "fix.db")), line, office, line.clock, new_york_calendar())
    broker.start()
    try:
        yield FixDesk(broker, office, clock)
    finally:
        broker.close()


@contextmanager
def paper_program(folder: Path) -> Iterator[tuple[str, int]]:
    """The paper broker's program in a thread: its back office's address and its FIX port."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    ready = threading.Event()
    told: list[tuple[uvicorn.Server, int]] = []
    arguments = argparse.Namespace(
        data=folder, live=False, sender="PAPERBROKER", target="OPENSCRIP", cancel_on_disconnect=False
    )

    async def serve() -> None:
        shell = broker_shell(folder, instant(START))
        session = PaperSession(shell, arguments)
        config = uvicorn.Config(
            broker_app(shell, session.poke), log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        told.append((server, await session.listen(0, ready.set)))
        ready.set()
        await server.serve(sockets=[door])
        await session.close()
        shell.close()
        session.raise_failure()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        if not ready.wait(WAIT_S):
            raise TimeoutError(f"the paper broker was not ready within {WAIT_S} s")
        yield f"http://127.0.0.1:{door.getsockname()[1]}", told[0][1]
    finally:
        for server, _ in told:
            server.should_exit = True
        thread.join(WAIT_S)
        door.close()


@dataclass(frozen=True)
class Adapter:
    """How a broker is opened for a case, and what it can do beyond taking orders and filling them."""

    open: Callable[[Path], AbstractContextManager[AnyBroker]]
    can: frozenset[str]


EVERYTHING = frozenset(
    {
        "actions",  # tells of corporate actions and books splits and dividends
        "busts",  # takes trades back
        "cancels",
        "conflicts",  # knows an id that comes again with other content
        "corrections",
        "failed_settlement",  # tells that a settlement failed or came in parts
        "limits",
        "margin",  # lends, and keeps what it lent for
        "numbers",  # fills at the paper market's own times and prices
        "sessions",  # extended and overnight hours
        "settlement",
        "transfers",  # shares and money in and out
    }
)
ADAPTERS: dict[str, Adapter] = {
    "in memory": Adapter(in_memory, EVERYTHING),
    "over fix": Adapter(over_fix, EVERYTHING),
    "over fix, on postgresql": Adapter(
        over_fix_on_postgresql, EVERYTHING - {"actions", "limits", "margin", "sessions", "transfers"}
    ),
    "over alpaca": Adapter(over_alpaca, EVERYTHING - {"failed_settlement", "margin", "sessions"}),
}


def needs(*capabilities: str) -> Callable[[CaseT], CaseT]:
    """A case for brokers that can do this; the others are not asked."""
    unknown = set(capabilities) - EVERYTHING
    assert not unknown, f"no capability: {unknown}"

    def marked(case: CaseT) -> CaseT:
        case.needs = frozenset(capabilities)  # type: ignore[attr-defined]  # a note on the test
        return case

    return marked


def able(case: object) -> list[str]:
    """The adapters that a case is for."""
    needed: frozenset[str] = getattr(case, "needs", frozenset())
    return [name for name, adapter in ADAPTERS.items() if needed <= adapter.can]
