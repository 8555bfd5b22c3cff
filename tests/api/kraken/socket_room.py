"""A venue with its socket for tests: real sequencer, real journal in a folder, real sockets on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

from openscrip.api.kraken.counters import TIERS, Counters, Tier
from openscrip.api.kraken.keys import ALL, ApiKey, Keys, Permission, new_key
from openscrip.api.kraken.socket.connection import Limits
from openscrip.api.kraken.socket.server import LIMITS, SocketServer, serve_socket
from openscrip.api.kraken.tokens import Tokens
from openscrip.markets.commands import Admit, Credit, Enter, List, Open, State
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.recovery import facts_after, open_journal, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.storage import Storage
from openscrip.markets.venue import Venue

USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
PAIR = Instrument(1, TSLA, USD, reasonable_bps=0, band_bps=0, stale_us=0, stale_halt_us=0, orders_max=100_000)
SYMBOL = "TSLAx/USD"
START_US = 1_767_625_200_000_000
ACCOUNTS = (1, 2, 3)


class Time:
    """The venue's clock: a microsecond further with each look."""

    def __init__(self) -> None:
        self.at_us = START_US

    def __call__(self) -> int:
        self.at_us += 1
        return self.at_us


class Client:
    """One client's connection. Messages wait in `heard` until a test asks for them."""

    def __init__(self, connection: ClientConnection, token: str) -> None:
        self.connection, self.token = connection, token
        self.heard: list[dict[str, Any]] = []
        self._last = 0

    async def hear(self) -> dict[str, Any]:
        """The next message, heartbeats apart."""
        while True:
            told = await asyncio.wait_for(self.connection.recv(), 60)
            message: dict[str, Any] = json.loads(told, parse_float=Decimal)
            if message.get("channel") != "heartbeat":
                return message

    async def next(self, channel: str, kind: str = "") -> dict[str, Any]:
        """The next message of a channel."""
        for place, message in enumerate(self.heard):
            if message.get("channel") == channel and kind in {"", message.get("type")}:
                return self.heard.pop(place)
        while True:
            message = await self.hear()
            if message.get("channel") == channel and kind in {"", message.get("type")}:
                return message
            self.heard.append(message)

    async def ask(self, method: str, request: int | None = None, **params: Any) -> dict[str, Any]:
        """Send a request; the reply to it."""
        self._last += 1
        number = self._last if request is None else request
        frame: dict[str, Any] = {"method": method, "req_id": number}
        if method != "ping":
            frame["params"] = params
        await self.connection.send(json.dumps(frame))
        return await self.reply(number)

    async def reply(self, number: int) -> dict[str, Any]:
        """The next reply to request `number`."""
        for place, message in enumerate(self.heard):
            if message.get("req_id") == number:
                return self.heard.pop(place)
        while True:
            message = await self.hear()
            if message.get("req_id") == number:
                return message
            self.heard.append(message)

    async def order(self, side: str, quantity: float, limit: float, **more: Any) -> dict[str, Any]:
        """Place a limit order."""
        named: dict[str, Any] = {
            "order_type": "limit",
            "side": side,
            "order_qty": quantity,
            "limit_price": limit,
            "symbol": SYMBOL,
        }
        return await self.ask("add_order", **(named | {"symbol": SYMBOL, "token": self.token} | more))

    async def subscribe(self, channel: str, **more: Any) -> dict[str, Any]:
        """Listen to a private channel."""
        return await self.ask("subscribe", channel=channel, token=self.token, **more)


class Room:
    """The server and what stands behind it."""

    def __init__(self, server: SocketServer, sequencer: Sequencer, venue: Venue, time: Time, tokens: Tokens) -> None:
        self.server, self.sequencer, self.venue, self.time, self.tokens = server, sequencer, venue, time, tokens
        self.opened: list[Client] = []

    def token(self, account: int = 1, permissions: frozenset[Permission] = ALL, tier: Tier = TIERS["maker"]) -> str:
        """A token for an account."""
        key = new_key(account, account, f"key {account}", permissions, tier)
        self.keys[key.key] = key
        return self.tokens.issue(key, asyncio.get_running_loop().time())

    keys: dict[str, ApiKey]

    async def client(self, account: int = 1, *, private: bool = True, **more: Any) -> Client:
        """A client of an account, past the first status message."""
        port = self.server.private_port if private else self.server.public_port
        connection = await connect(f"ws://127.0.0.1:{port}/v2", compression=None, **more)
        client = Client(connection, self.token(account) if private else "")
        assert (await client.hear())["channel"] == "status"
        self.opened.append(client)
        return client


def trade_open(sequencer: Sequencer) -> None:
    """Two assets, one pair, three accounts with money and tokens, trading open."""
    for command in (Admit(USD), Admit(TSLA), List(PAIR)):
        sequencer.submit(command)
    for account in ACCOUNTS:
        sequencer.submit(Open(account, f"account {account}"))
        sequencer.submit(Credit(account, USD.number, 10**15, f"usd {account}"))
        sequencer.submit(Credit(account, TSLA.number, 10**15, f"tsla {account}"))
    for state in (State.PRE_OPEN, State.CALL, State.OPEN):
        sequencer.submit(Enter(PAIR.number, state))


@asynccontextmanager
async def room(
    folder: Path, *, sync: bool = False, limits: Limits = LIMITS, disk: Storage | None = None, pages: tuple[str, ...] = ()
) -> AsyncIterator[Room]:
    """A venue that trades, served on two ports."""
    venue, journal = open_venue(folder / "journal", Venue) if disk is None else open_journal(disk, Venue)
    time, tokens = Time(), Tokens()
    history = History(folder / "history.duckdb", venue.instruments, partial(facts_after, folder / "journal", Venue, durable=0))
    history.start(venue.sequence)
    keys = Keys()
    async with Sequencer(venue, journal, time, sync=sync) as sequencer:
        sequencer.consumers.append(history.hear)
        if not venue.sequence:
            trade_open(sequencer)
        await sequencer.settled()
        serve = serve_socket(
            sequencer,
            venue,
            history,
            keys,
            tokens,
            Counters(),
            time,
            limits=limits,
            quoted=history.quoted,
            origins=lambda: pages,
        )  # fmt: skip
        async with serve as server:
            its = Room(server, sequencer, venue, time, tokens)
            its.keys = keys._by_key  # keys made by tests stand as long as they do
            yield its
            for client in its.opened:
                await client.connection.close()
    history.stop()


def run(work: Callable[[Room], Coroutine[Any, Any, None]], folder: Path, **options: Any) -> None:
    """Run a test in a room."""

    async def inside() -> None:
        async with room(folder, **options) as its:
            await work(its)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(inside(), 150))
