"""The WebSocket server: a public and a private address, one loop with the sequencer, one consumer of its facts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_create_server

from openscrip.api.kraken.counters import Counters
from openscrip.api.kraken.keys import Keys
from openscrip.api.kraken.socket.asked import (
    AddOrder,
    AmendOrder,
    Asked,
    BatchAdd,
    BatchCancel,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    EditOrder,
    Ping,
    Subscribe,
    Unsubscribe,
)
from openscrip.api.kraken.socket.connection import Connection, Limits
from openscrip.api.kraken.socket.market_data import MarketData, Quoted
from openscrip.api.kraken.socket.orders import Orders
from openscrip.api.kraken.socket.private import ORDER_FACTS, OrderFact, Private
from openscrip.api.kraken.socket.reference import status_message
from openscrip.api.kraken.socket.session import Sessions
from openscrip.api.kraken.socket.subscriptions import Subscriptions
from openscrip.api.kraken.socket.switches import Switches
from openscrip.api.kraken.socket.wire import time_text
from openscrip.api.kraken.tokens import Tokens
from openscrip.api.kraken.trading import Trading
from openscrip.kernel.errors import Refused
from openscrip.markets.compact import Rows, is_rows
from openscrip.markets.facts import BookEvents, Entered, Fact, Listed, Moved, Printed, Stopped
from openscrip.markets.history_reader import HistoryReader
from openscrip.markets.instruments import Instrument
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue
from openscrip.runtime.awake import Awake

Origins = Callable[[], Collection[str]]
PATHS = (b"/v2", b"/v2/")
HEARTBEAT = b'{"channel":"heartbeat"}'
BEAT_S = 1.0
SPELLINGS_MAX = 10_000
LIMITS = Limits()
_WATCHED = frozenset({Listed, Entered, Stopped})


class SocketServer:
    """All connections of both addresses. Made by `serve_socket`."""

    def __init__(
        self,
        sequencer: Sequencer,
        venue: Venue,
        history: HistoryReader,
        keys: Keys,
        tokens: Tokens,
        counters: Counters,
        clock_us: Callable[[], int],
        limits: Limits,
        quoted: Quoted | None,
        origins: Origins = tuple,
    ) -> None:
        self.limits = limits
        self._origins = origins
        self.now_us = clock_us
        self.connections: dict[int, Connection] = {}
        self.market = MarketData(history, clock_us, quoted)
        self.public_port = self.private_port = 0
        self._sequencer, self._venue = sequencer, venue
        self._made = 0
        self._unflushed: list[Connection] = []
        self._spelt: dict[str, Instrument] = {}
        self._sessions = Sessions(tokens, keys, clock_us, limits.sessions)
        self._private = Private(sequencer, venue, history, self._count)
        self._counters = counters
        self.switches = Switches(sequencer, venue)
        self._orders = Orders(
            sequencer, venue, Trading(venue.instruments, venue), self._sessions, counters, self.find, self._spelt, self.switches
        )
        self._subscriptions = Subscriptions(self.market, self._private, self._sessions, venue, self.find, limits.subscriptions)
        self._beat: asyncio.TimerHandle | None = None
        self._awake: Awake | None = None
        orders, channels = self._orders, self._subscriptions
        self._methods: dict[type, Callable[..., None]] = {
            AddOrder: orders.add,
            AmendOrder: orders.amend,
            EditOrder: orders.edit,
            CancelOrder: orders.cancel,
            CancelAll: orders.cancel_all,
            CancelAllAfter: orders.cancel_all_after,
            BatchAdd: orders.batch_add,
            BatchCancel: orders.batch_cancel,
            Subscribe: channels.subscribe,
            Unsubscribe: channels.unsubscribe,
            Ping: _pong,
        }

    async def start(self) -> None:
        """Follow every instrument from where its book stands. To be called before a command is submitted."""
        for instrument in self._venue.instruments.instruments.values():
            await self.market.add(instrument, self._venue.floors[instrument.number].book.state(), self.now_us())
        self._sequencer.readers.insert(0, self.hear)  # replies and executions leave before anything is stored
        self._sequencer.on_stopped.append(self._hang_up)
        self._awake = Awake(asyncio.get_running_loop())
        self._beat = asyncio.get_running_loop().call_later(BEAT_S, self._second)

    def stop(self) -> None:
        """End every connection."""
        if self._beat is not None:
            self._beat.cancel()
        if self.hear in self._sequencer.readers:
            self._sequencer.readers.remove(self.hear)
        self._hang_up("")

    def _hang_up(self, _reason: str) -> None:
        self.switches.clear()
        for connection in list(self.connections.values()):
            connection.cut()

    # connections

    def made(self, request: WSUpgradeRequest, *, private: bool) -> Connection | WSUpgradeResponseWithListener | None:
        """A listener for whoever knocks, or why there is none."""
        if request.path.partition(b"?")[0] not in PATHS:
            return None
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._origins():  # a program sends none, a browser always tells whose page asks
            response = WSUpgradeResponse.create_error_response(HTTPStatus.FORBIDDEN)
            return WSUpgradeResponseWithListener(response, None)
        if len(self.connections) >= self.limits.connections or self._sequencer.stopped:
            response = WSUpgradeResponse.create_error_response(HTTPStatus.SERVICE_UNAVAILABLE)
            return WSUpgradeResponseWithListener(response, None)
        self._made += 1
        return Connection(self, self._made, private=private)

    def opened(self, connection: Connection) -> None:
        """A client has come: it is told the venue's status."""
        self.connections[connection.number] = connection
        connection.say(status_message(self._system(), connection.number))

    def _system(self) -> str:
        return "cancel_only" if self._venue.is_stopped else "online"

    def asked(self, connection: Connection, asked: Asked, now_us: int) -> None:
        """Do what a request asks for."""
        self._methods[type(asked)](connection, asked, now_us)

    def at_once(self, connection: Connection, payloads: list[bytes], done: int, now_us: int) -> int:
        """Do plain requests from the place `done` on, until one is not: its place."""
        return self._orders.at_once(connection, payloads, done, now_us)

    def read_all(self, connection: Connection) -> None:
        """Let the replies to one read leave: at once, or when what they tell of is on the disk."""
        heads = connection.held
        if not heads:
            return
        if self._awake is not None:
            self._awake.came()
        connection.held = []
        if self._orders.submitted:
            self._orders.submitted = False
            self._sequencer.when_durable(lambda: connection.release(heads))
            self._sequencer.parcel()
        else:
            connection.release(heads)

    def flush_soon(self, connection: Connection) -> None:
        """Flush a connection at the end of this turn of the loop, unless somebody does so before."""
        if not self._unflushed:
            asyncio.get_running_loop().call_soon(self._flush_all)
        self._unflushed.append(connection)

    def _flush_all(self) -> None:
        if not self._unflushed:
            return
        unflushed, self._unflushed = self._unflushed, []
        for connection in unflushed:
            connection.flush()
        if self._awake is not None and self._sequencer.is_idle:
            self._awake.answered()

    def caught_up(self, connection: Connection) -> None:
        """A slow reader has room again."""
        self.market.caught_up(connection)

    def closed(self, connection: Connection) -> None:
        """A client has gone. Orders go with it for accounts that asked for that."""
        if self.connections.pop(connection.number, None) is None:
            return
        self.market.closed(connection)
        self._private.closed(connection)
        self._subscriptions.closed(connection)
        self.switches.lost(connection.number)

    def find(self, spelling: str) -> Instrument:
        """The instrument so spelt. Raises `Refused("query.pair")`."""
        found = self._spelt.get(spelling)
        if found is None:
            found = self._venue.instruments.find(spelling)
            if found is None or found.number not in self.market.feeds:  # listed, but not durably
                raise Refused("query.pair", f"symbol: {spelling!a:.40} was not listed")
            if len(self._spelt) < SPELLINGS_MAX:
                self._spelt[spelling] = found
        return found

    def _count(self, account: int, instrument: int) -> int:
        for connection in self.connections.values():
            for key in connection.sessions.values():
                if key.account == account:
                    return int(self._counters.engine(account, instrument, key.tier, time.monotonic()))
        return 0

    # what happened

    def hear(self, facts: Sequence[Fact | Rows]) -> None:
        """Tell whoever listens what is durable."""
        self._hear_private(facts)
        self._flush_all()
        shown, printed = self.market.shown, self.market.printed
        for fact in facts:
            kind = type(fact)
            if is_rows(fact):
                self.market.hear_rows(fact)
            elif kind is BookEvents:
                shown(fact)  # type: ignore[arg-type]  # by its kind
            elif kind is Printed:
                printed(fact)  # type: ignore[arg-type]  # by its kind
            elif kind in _WATCHED:
                self._watch(fact)  # type: ignore[arg-type]  # by its kind

    def _hear_private(self, facts: Sequence[Fact | Rows]) -> None:
        about_orders: dict[int, list[OrderFact]] = {}
        moved: list[Moved] = []
        heard = self._private.heard
        for fact in facts:
            kind = type(fact)
            if is_rows(fact):
                if about_orders or moved:
                    self._private.hear_orders(about_orders)
                    self._private.hear_money(moved)
                    about_orders, moved = {}, []
                self._private.hear_rows(fact)
            elif kind in ORDER_FACTS:
                if fact.account in heard:  # type: ignore[union-attr]  # by its kind
                    about_orders.setdefault(fact.account, []).append(fact)  # type: ignore[arg-type,union-attr]  # by its kind
            elif kind is Moved:
                moved.append(fact)  # type: ignore[arg-type]  # by its kind
        if about_orders:
            self._private.hear_orders(about_orders)
        if moved:
            self._private.hear_money(moved)

    def _watch(self, fact: Fact) -> None:
        if isinstance(fact, Listed):
            self._spelt.clear()
            self.market.listed(fact.instrument)
            self._private.listed(fact.instrument)
            self._subscriptions.changed([fact.instrument])
        elif isinstance(fact, Entered):
            self._subscriptions.changed([self._venue.instruments.instruments[fact.instrument]])
        elif isinstance(fact, Stopped) and not fact.account:
            for connection in list(self.connections.values()):
                connection.say(status_message("cancel_only" if fact.on else "online", connection.number))
                connection.flush()

    # time

    def _second(self) -> None:
        """Once a second: heartbeats, rates, switches, and whether each key still stands."""
        now_us = self.now_us()
        self.switches.look()
        for connection in list(self.connections.values()):
            connection.second_passed()
            if connection.sessions:
                for account in self._sessions.look_again(connection, now_us):
                    self._private.unsubscribe(connection, "executions", account)
                    self._private.unsubscribe(connection, "balances", account)
            if connection.spoke:
                connection.spoke = False
            elif self._subscriptions.count(connection):
                connection.say(HEARTBEAT)
                connection.flush()
                connection.spoke = False
        self._beat = asyncio.get_running_loop().call_later(BEAT_S, self._second)


def _pong(connection: Connection, asked: Ping, now_us: int) -> None:
    named = "" if asked.req_id is None else f'"req_id":{asked.req_id},'
    connection.held.append(f'{{"method":"pong",{named}"time_in":"{time_text(now_us)}",')


@asynccontextmanager
async def serve_socket(
    sequencer: Sequencer,
    venue: Venue,
    history: HistoryReader,
    keys: Keys,
    tokens: Tokens,
    counters: Counters,
    clock_us: Callable[[], int],
    *,
    host: str = "127.0.0.1",
    public_port: int = 0,
    private_port: int = 0,
    limits: Limits = LIMITS,
    quoted: Quoted | None = None,
    origins: Origins = tuple,
) -> AsyncIterator[SocketServer]:
    """Serve both addresses, path `/v2`, until the block ends; ports of 0 are chosen and told by the server.

    To be entered in the sequencer's loop, before anything is submitted. `quoted` hears of each new best bid and ask;
    `origins` are the pages of browsers that may connect, asked for at each handshake of one.
    """
    server = SocketServer(sequencer, venue, history, keys, tokens, counters, clock_us, limits, quoted, origins)
    await server.start()
    listening = []
    for port, private in ((public_port, False), (private_port, True)):
        listening.append(
            await ws_create_server(
                partial(server.made, private=private),
                host,
                port,
                max_frame_size=limits.frame_bytes,
                websocket_handshake_timeout=5,
            )
        )
    server.public_port, server.private_port = (each.sockets[0].getsockname()[1] for each in listening)
    try:
        yield server
    finally:
        for each in listening:
            each.close()
        server.stop()
        for each in listening:
            await each.wait_closed()
