"""A venue with its REST door for tests: real sequencer, real journal and history in a folder, real sockets on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop

from openscrip.api.kraken.counters import TIERS, Tier
from openscrip.api.kraken.http_message import Bounds
from openscrip.api.kraken.keys import ALL, ApiKey, KeyFile, Keys, Permission
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.door import serve_rest
from openscrip.markets.commands import Admit, Credit, Enter, List, Open, Quote, SetFees, State
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.recovery import facts_after, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.storage import FolderStorage
from openscrip.markets.venue import Venue

USD, EUR = money(1, "USD", "ZUSD"), money(4, "EUR", "ZEUR", 1_100_000)
TSLA, AAPL = token(2, "TSLAx"), token(3, "AAPLx")
LOOSE: dict[str, Any] = {"reasonable_bps": 0, "band_bps": 0, "stale_us": 0, "stale_halt_us": 0}
PAIR = Instrument(1, TSLA, USD, orders_max=100_000, multiplier=(3, 2), **LOOSE)
OTHER = Instrument(2, AAPL, EUR, **LOOSE)
START_US = 1_767_625_200_000_000
TIERS_OF_FEES = ((0, 4_000, 2_500), (50_000_000_000, 2_000, 1_000))
ALICE, BOB = 1, 2


@dataclass
class Time:
    """The venue's clock: a microsecond further with each look."""

    at_us: int = START_US

    def __call__(self) -> int:
        self.at_us += 1
        return self.at_us


class Client:
    """One connection, plain; `key` signs."""

    def __init__(self, port: int, key: ApiKey | None = None) -> None:
        self.port, self.key = port, key
        self.nonce = 1_000
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def raw(self, data: bytes) -> tuple[int, bytes]:
        """Send bytes; status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(data)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in head if line.startswith("content-length"))
        body = await asyncio.wait_for(reader.readexactly(length), 60)
        return int(head[0].split(" ")[1]), body

    async def public(self, name: str, **query: Any) -> dict[str, Any]:
        """The answer to a public call."""
        text = f"?{urlencode(query)}" if query else ""
        _, body = await self.raw(f"GET /0/public/{name}{text} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        told: dict[str, Any] = json.loads(body)
        return told

    def signed(
        self, path: str, body: bytes, nonce: str, kind: str = "application/x-www-form-urlencoded", sign: bytes = b""
    ) -> bytes:
        """A private request as bytes."""
        key = self.key
        assert key is not None
        signature = sign or key.signer.sign(path.encode(), nonce.encode(), body)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAPI-Key: {key.key}\r\nAPI-Sign: {signature.decode()}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def send(self, name: str, body: bytes, nonce: str, kind: str = "application/x-www-form-urlencoded") -> dict[str, Any]:
        """The answer to a private call with this body."""
        _, answer = await self.raw(self.signed(f"/0/private/{name}", body, nonce, kind))
        told: dict[str, Any] = json.loads(answer)
        return told

    async def ask(self, name: str, **asked: Any) -> dict[str, Any]:
        """The answer to a private call, sent as a form."""
        self.nonce += 1
        return await self.send(name, urlencode({"nonce": self.nonce} | asked).encode(), str(self.nonce))

    async def ask_json(self, name: str, **asked: Any) -> dict[str, Any]:
        """The answer to a private call, sent as JSON."""
        self.nonce += 1
        body = json.dumps({"nonce": str(self.nonce)} | asked).encode()
        return await self.send(name, body, str(self.nonce), "application/json")

    async def result(self, name: str, **asked: Any) -> Any:
        """The result of a private call that must succeed."""
        told = await self.ask(name, **asked)
        assert told["error"] == [], (name, asked, told)
        return told["result"]

    async def error(self, name: str, **asked: Any) -> str:
        """The one error of a private call that must fail."""
        told = await self.ask(name, **asked)
        assert "result" not in told
        (text,) = told["error"]
        return str(text)

    async def order(self, side: str = "buy", volume: str = "1", price: str = "300", **more: Any) -> str:
        """Place a limit order in the first pair; its id."""
        asked = {"pair": "TSLAxUSD", "type": side, "ordertype": "limit", "volume": volume, "price": price} | more
        told = await self.result("AddOrder", **asked)
        (text,) = told["txid"]
        return str(text)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


@dataclass
class Room:
    """The door and what stands behind it."""

    port: int
    backing: Backing
    sequencer: Sequencer
    venue: Venue
    time: Time
    files: KeyFile
    machine_s: list[float]
    clients: list[Client] = field(default_factory=list)

    def client(
        self, account: int = ALICE, permissions: frozenset[Permission] = ALL, tier: Tier = TIERS["maker"], window_s: int = 0
    ) -> Client:
        """A client of an account, with a key of its own."""
        key = self.files.create(account, f"key of {account}", permissions, tier, nonce_window_s=window_s)
        self.machine_s[0] += 1.5
        self.clients.append(Client(self.port, key))
        return self.clients[-1]

    def stranger(self) -> Client:
        """A client without a key."""
        self.clients.append(Client(self.port))
        return self.clients[-1]


def trade_open(sequencer: Sequencer) -> None:
    """Assets, pairs, accounts with money and tokens, fees, trading open."""
    for command in (Admit(USD), Admit(EUR), Admit(TSLA), Admit(AAPL), List(PAIR), List(OTHER), SetFees(0, TIERS_OF_FEES)):
        sequencer.submit(command)
    for account, name in ((ALICE, "alice"), (BOB, "bob")):
        sequencer.submit(Open(account, name))
        sequencer.submit(Credit(account, USD.number, 1_000_000_000_000, f"usd {account}"))
        sequencer.submit(Credit(account, TSLA.number, 1_000_00000000, f"tsla {account}"))
    for pair in (PAIR, OTHER):
        for state in (State.PRE_OPEN, State.CALL, State.OPEN):
            sequencer.submit(Enter(pair.number, state))
    sequencer.submit(Quote(PAIR.number, 30_000, START_US))


@asynccontextmanager
async def room(folder: Path, *, sync: bool = True, bounds: Bounds | None = None) -> AsyncIterator[Room]:
    """A venue that trades, served on one port."""
    venue, journal = open_venue(folder / "journal", Venue)
    time, machine_s = Time(), [1_000.0]
    history = History(folder / "history.duckdb", venue.instruments, partial(facts_after, folder / "journal", Venue, durable=0))
    history.start(venue.sequence)
    files = KeyFile(folder / "keys.json")
    try:
        async with Sequencer(venue, journal, time, sync=sync) as sequencer:
            sequencer.consumers.append(history.hear)
            if not venue.sequence:
                trade_open(sequencer)
            await sequencer.settled()
            keys = Keys(files, machine_s=lambda: machine_s[0])
            backing = Backing(sequencer, venue, keys, history, time, machine_s=lambda: machine_s[0])
            async with serve_rest(backing, bounds=bounds) as port:
                its = Room(port, backing, sequencer, venue, time, files, machine_s)
                try:
                    yield its
                finally:
                    for client in its.clients:
                        client.close()
                    await asyncio.sleep(0)
    finally:
        history.stop()
        if isinstance(journal.storage, FolderStorage):
            journal.storage.close()


def run(work: Callable[[Room], Coroutine[Any, Any, None]], folder: Path, **options: Any) -> None:
    """Run a test in a room."""

    async def inside() -> None:
        async with room(folder, **options) as its:
            await work(its)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(inside(), 150))
