"""Paper broker and custodian for the conformance suites: in this process, and as processes of their own over HTTP."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette

from openscrip.assets.broker import Broker
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.brokers.paper_server import broker_app, broker_shell
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.custodians.paper_bank import Deposit
from openscrip.assets.custodians.paper_core import PaperCustodian, SubBalanceMove
from openscrip.assets.custodians.paper_depository import HttpDepository
from openscrip.assets.custodians.paper_server import custodian_app, custodian_shell
from openscrip.assets.custodians.two_keys import Ed25519StatementKey, Ed25519TwoKeys
from openscrip.assets.custody import Custodian, Instruction, Payment, Signatures
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes, instrument
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Depository, PaperParty, Switch, Switches
from openscrip.assets.paper_child import BROKER_MODULE, CUSTODIAN_MODULE, PaperChild
from openscrip.assets.paper_log import PaperShell
from openscrip.kernel.clock import instant

START = "2024-06-03T12:00:00Z"
"""A Monday, 08:00 in New York."""

TREASURY, APPROVER = Ed25519StatementKey(b"T" * 32), Ed25519StatementKey(b"A" * 32)
TSLA, NVDA, AAPL = (instrument(symbol).isin for symbol in ("TSLA", "NVDA", "AAPL"))
ADAPTERS = ("in process", "over http")
CoreT = TypeVar("CoreT", bound=PaperParty[Any])


class Paper(Protocol):
    """What the suites use of a paper party to make things happen."""

    def advance_to(self, now: int) -> None: ...
    def next_due(self) -> int | None: ...
    def turn(self, switches: Switches) -> None: ...
    def announce(self, notice: Notice) -> None: ...


class AnyBroker(Broker, Depository, Paper, Protocol):
    """A broker under test."""


class AnyCustodian(Custodian, Paper, Protocol):
    """A custodian under test."""

    def deposit(self, deposit: Deposit) -> None: ...
    def move_sub_balance(self, move: SubBalanceMove) -> None: ...


@contextmanager
def a_broker(adapter: str, folder: Path) -> Iterator[AnyBroker]:
    if adapter == "in process":
        yield PaperBroker(instant(START), daily_closes(), broker_announcements())
        return
    with served(lambda: broker_shell(folder, instant(START)), broker_app) as url:
        client = PaperBrokerClient(url)
        yield client
        client.close()


@contextmanager
def a_custodian(adapter: str, folder: Path) -> Iterator[tuple[AnyBroker, AnyCustodian]]:
    two_keys = Ed25519TwoKeys(TREASURY.public_key(), APPROVER.public_key())
    with a_broker(adapter, folder / "broker") as broker:
        if not isinstance(broker, PaperBrokerClient):
            key = Ed25519StatementKey(b"C" * 32)
            yield broker, PaperCustodian(instant(START), daily_closes(), custodian_notices(), broker, two_keys, key)
            return
        depository = HttpDepository(broker.url)
        with served(
            lambda: custodian_shell(folder / "custodian", instant(START), depository, two_keys), custodian_app
        ) as url:
            client = PaperCustodianClient(url)
            yield broker, client
            client.close()
        depository.close()


@contextmanager
def served(open_shell: Callable[[], PaperShell[CoreT]], app: Callable[[PaperShell[CoreT]], Starlette]) -> Iterator[str]:
    """The server of a paper process with its store on disk, in a thread: a process would cost each case a second."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    servers: list[uvicorn.Server] = []
    ready = threading.Event()

    def run() -> None:
        shell = open_shell()
        config = uvicorn.Config(app(shell), log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        servers.append(uvicorn.Server(config))
        ready.set()
        servers[0].run(sockets=[door])
        shell.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        if not ready.wait(10):
            raise TimeoutError("the server was not ready within 10 s")
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(10)
        door.close()


def broker_child(folder: Path) -> PaperChild:
    return PaperChild(BROKER_MODULE, folder, ["--start-time", START])


def custodian_child(folder: Path, broker_url: str) -> PaperChild:
    keys = ["--treasury-key", TREASURY.public_key().hex(), "--approver-key", APPROVER.public_key().hex()]
    return PaperChild(CUSTODIAN_MODULE, folder, ["--start-time", START, "--broker", broker_url, *keys])


def signed(movement: Instruction | Payment) -> Signatures:
    message = movement.signed_bytes()
    return Signatures(TREASURY.sign(message), APPROVER.sign(message))


def switch(name: str, *, only: str = "", times: int = 0, size: int = 0, permille: int = 1000) -> Switches:
    return Switches(7, (Switch(name, permille, only, times, size),))
