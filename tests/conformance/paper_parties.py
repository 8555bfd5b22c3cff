"""Paper broker and custodian for the conformance suites: in this process, and as processes of their own over HTTP."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette
from tests.conformance.brokers import START, AnyBroker, FixDesk, Paper, in_memory, over_fix

from openscrip.assets.bank import Bank, Conversion, Payment
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.custodians.iso import Carrier, IsoCustodian
from openscrip.assets.custodians.iso_file_carrier import FileCarrier
from openscrip.assets.custodians.iso_http import HttpCarrier
from openscrip.assets.custodians.iso_store import IsoStore
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.custodians.paper_core import PaperCustodian, SubBalanceMove
from openscrip.assets.custodians.paper_depository import HttpDepository
from openscrip.assets.custodians.paper_files import AtEachCall, FileDesk, looking
from openscrip.assets.custodians.paper_server import House, custodian_app, custodian_shell
from openscrip.assets.custodians.two_keys import Ed25519StatementKey, Ed25519TwoKeys
from openscrip.assets.custody import Custodian, Instruction, Signatures
from openscrip.assets.listings import custodian_notices, daily_closes, instrument
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Deposit, Switch, Switches
from openscrip.assets.paper_child import BROKER_MODULE, CUSTODIAN_MODULE, PaperChild
from openscrip.kernel.clock import instant
from openscrip.runtime.database import sqlite_url

TREASURY, APPROVER = Ed25519StatementKey(b"T" * 32), Ed25519StatementKey(b"A" * 32)
TSLA, NVDA, AAPL = (instrument(symbol).isin for symbol in ("TSLA", "NVDA", "AAPL"))
ADAPTERS = ("in process", "over http")
CUSTODIANS = (*ADAPTERS, "iso over http", "iso over files")


class Closed(Protocol):
    """What is opened in the serving thread, and closed there."""

    def close(self) -> None: ...


OpenT = TypeVar("OpenT", bound=Closed)


class AnyCustodian(Custodian, Paper, Protocol):
    """A custodian under test."""

    def move_sub_balance(self, move: SubBalanceMove) -> None: ...


class AnyBank(Bank, Protocol):
    """A bank under test."""

    def deposit(self, deposit: Deposit) -> None: ...


@contextmanager
def a_broker(adapter: str, folder: Path) -> Iterator[AnyBroker]:
    with in_memory(folder) if adapter == "in process" else over_fix(folder) as broker:
        yield broker


@contextmanager
def a_custodian(adapter: str, folder: Path) -> Iterator[tuple[AnyBroker, AnyCustodian, AnyBank]]:
    two_keys = Ed25519TwoKeys(TREASURY.public_key(), APPROVER.public_key())
    with a_broker(adapter, folder / "broker") as broker:
        if not isinstance(broker, FixDesk):
            key = Ed25519StatementKey(b"C" * 32)
            core = PaperCustodian(instant(START), daily_closes(), custodian_notices(), broker, two_keys, key)
            yield broker, core, core.bank
            return
        depository = HttpDepository(broker.url)
        exchange = folder / "exchange" if adapter == "iso over files" else None
        with served(
            lambda: custodian_shell(folder / "custodian", instant(START), depository, two_keys),
            lambda house: custodian_app(house) if exchange is None else with_files(house, exchange),
        ) as url:
            client, bank = PaperCustodianClient(url), PaperBankClient(url)
            if adapter.startswith("iso"):
                carrier = HttpCarrier(url) if exchange is None else file_carrier(exchange, client, folder)
                with an_iso_custodian(client, carrier, folder) as iso:
                    yield broker, iso, bank
                bank.close()
                client.close()
                depository.close()
                return
            yield broker, client, bank
            bank.close()
            client.close()
        depository.close()


class IsoUnderTest(IsoCustodian):
    """The adapter, with the paper custodian's own doors for what only tests do."""

    paper: PaperCustodianClient

    def advance_to(self, now: int) -> None:
        self.paper.advance_to(now)

    def next_due(self) -> int | None:
        return self.paper.next_due()

    def turn(self, switches: Switches) -> None:
        self.paper.turn(switches)

    def announce(self, notice: Notice) -> None:
        self.paper.announce(notice)

    def move_sub_balance(self, move: SubBalanceMove) -> None:
        self.paper.move_sub_balance(move)


@contextmanager
def an_iso_custodian(paper: PaperCustodianClient, carrier: Carrier, folder: Path) -> Iterator[IsoUnderTest]:
    (folder / "issuer").mkdir(parents=True, exist_ok=True)
    store, key = IsoStore.open(sqlite_url(folder / "issuer" / "custody.db")), paper.public_key()
    iso = IsoUnderTest("custodian", carrier, store, key, TREASURY.sign, paper.now, new_york_calendar())
    iso.paper = paper
    yield iso
    iso.close()


def with_files(house: House, exchange: Path) -> Starlette:
    """The custodian's doors with an exchange folder, looked into at each call and beside them."""
    desk, app = FileDesk(exchange, house.shell, house.box, TREASURY.public_key()), custodian_app(house)
    app.add_middleware(AtEachCall, desk=desk)
    app.state.beside = looking(desk)
    return app


def file_carrier(exchange: Path, paper: PaperCustodianClient, folder: Path, timeout_s: float = 10) -> FileCarrier:
    (folder / "issuer").mkdir(parents=True, exist_ok=True)
    store = IsoStore.open(sqlite_url(folder / "issuer" / "custody.db"))

    def kept(number: int) -> str | None:
        row = store.message("custodian", number)
        return None if row is None else row.envelope.hash

    return FileCarrier(exchange, paper.public_key(), TREASURY.sign, paper.now, kept, timeout_s)


@contextmanager
def served(open_shell: Callable[[], OpenT], app: Callable[[OpenT], Starlette]) -> Iterator[str]:
    """The server of a paper process with its store on disk, in a thread: a process would cost each case a second."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    servers: list[uvicorn.Server] = []
    ready = threading.Event()

    def run() -> None:
        shell = open_shell()
        routes = app(shell)
        config = uvicorn.Config(routes, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        servers.append(uvicorn.Server(config))
        ready.set()

        async def both() -> None:
            async with getattr(routes.state, "beside", nullcontext)():
                await servers[0].serve(sockets=[door])

        asyncio.run(both())
        shell.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        if not ready.wait(60):
            raise TimeoutError("the server was not ready within 60 s")
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(60)
        door.close()


def broker_child(folder: Path) -> PaperChild:
    return PaperChild(BROKER_MODULE, folder, ["--start-time", START])


def custodian_child(folder: Path, broker_url: str, *more: str) -> PaperChild:
    keys = ["--treasury-key", TREASURY.public_key().hex(), "--approver-key", APPROVER.public_key().hex()]
    return PaperChild(CUSTODIAN_MODULE, folder, ["--start-time", START, "--broker", broker_url, *keys, *more])


def signed(movement: Instruction | Payment | Conversion) -> Signatures:
    message = movement.signed_bytes()
    return Signatures(TREASURY.sign(message), APPROVER.sign(message))


def switch(name: str, *, only: str = "", times: int = 0, size: int = 0, permille: int = 1000) -> Switches:
    return Switches(7, (Switch(name, permille, only, times, size),))
