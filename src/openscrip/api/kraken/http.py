"""HTTP/1.1 for the venue's REST door, on one event loop: small requests in, small JSON answers out, in the order they came.

A framework costs five times the order itself (see decision 0036), so that this is the protocol alone: httptools (the parser of
Node) reads the bytes, and everything that a stranger could grow is bounded here: heads, bodies, headers, requests in flight,
connections, and the time that each of these may take. Whoever breaks a bound is answered once and let go.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType

import httptools

from openscrip.api.kraken.http_message import ERRORS, Bounds, Request, answer_bytes


class Slot:
    """The place of an answer in the line of a connection."""

    __slots__ = ("_connection", "answer", "last")

    def __init__(self, connection: "Connection", last: bool) -> None:
        self._connection = connection
        self.answer: bytes | None = None
        self.last = last

    def fill(self, body: bytes, status: int = 200) -> None:
        """Answer; what was asked before is answered first. Does nothing once the client is gone, or the second time."""
        if self.answer is None:
            self.answer = answer_bytes(body, status, self.last)
            self._connection.flush()


Handler = Callable[[Request, Slot], None]

_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Broken(Exception):
    """A bound was broken while a request was read."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Connection(asyncio.Protocol):
    """One client: reads requests, hands them on, and sends the answers in order."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._bounds = server.bounds
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._slots: deque[Slot] = deque()
        self._backlog: deque[tuple[Request, bool]] = deque()
        self._paused = self._ended = self._broken = self._woken = self._going = False
        self._paused_s = self._began_s = self._left_s = 0.0
        self._seen_s = server.machine_s()
        self.host = ""
        self._url = self._body = b""
        self._values = [b"", b"", b"", b"", b""]
        self._headers = self._head_bytes = self._read = 0
        self._headed = False

    # the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the client in, or turn it away when there are too many."""
        self._transport = transport  # type: ignore[assignment]  # create_server gives one that reads and writes
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        if not self._server.enter(self):
            self._end(503)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone; what it still waits for is answered to nobody."""
        self._transport = None
        self._slots.clear()
        self._backlog.clear()
        self._server.leave(self)
        self._server.settled()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._ended:
            return
        now_s = self._seen_s = self._server.machine_s()
        if not self._began_s:
            self._began_s = now_s
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, _Broken):
                raise
            self._end(cause.status)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(400)
        else:
            if not self._headed and self._read > self._bounds.head_max:
                self._end(431)

    def eof_received(self) -> bool:
        """The client sends no more: stay for the answers that it waits for."""
        self._ended = True
        return bool(self._slots or self._backlog)

    def pause_writing(self) -> None:
        """The client reads too slowly: take no more from it."""
        self._paused, self._paused_s = True, self._server.machine_s()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused = False
        self._go_on()

    # the parser's calls

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers += 1
        self._head_bytes += len(name) + len(value)
        if self._headers > self._bounds.headers_max or self._head_bytes + len(self._url) > self._bounds.head_max:
            raise _Broken(431)
        place = _WANTED.get(name.lower())
        if place is not None:
            self._values[place] = value

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = True
        if self._parser.get_http_version() not in _VERSIONS or self._parser.should_upgrade():
            raise _Broken(400)
        told = self._values[_LENGTH]
        if told and (len(told) > 12 or int(told) > self._bounds.body_max):
            raise _Broken(413)
        if self._values[_EXPECT].lower() == b"100-continue" and self._transport and not self._slots:
            self._transport.write(_GO_ON)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body = self._body + body if self._body else body
        if len(self._body) > self._bounds.body_max:
            raise _Broken(413)

    def on_message_complete(self) -> None:
        """A request is whole."""
        parser, values = self._parser, self._values
        path, _, query = self._url.partition(b"?")
        request = Request(parser.get_method(), path, query, self._body, self.host, values[_KEY], values[_SIGN], values[_KIND])
        last = not parser.should_keep_alive()
        self._clear()
        if self._ended:
            return
        self._ended = last
        if self._backlog or not self._is_free():
            self._backlog.append((request, last))
            if self._transport and not self._transport.is_closing():
                self._transport.pause_reading()
            self._wake()
        else:
            self._hand_on(request, last)

    # answers

    def flush(self) -> None:
        """Send what is ready, as far as it is in line."""
        transport, slots = self._transport, self._slots
        if transport is None:
            return
        while slots:
            slot = slots[0]
            if slot.answer is None:
                break
            slots.popleft()
            transport.write(slot.answer)
            if slot.last:
                self._ended = True
                slots.clear()
                self._backlog.clear()
                self._leave()
                return
        if self._backlog:
            self._go_on()
        elif self._ended and not slots:
            transport.close()
        self._server.settled()

    @property
    def waits(self) -> bool:
        """Whether the client waits for an answer."""
        return bool(self._slots or self._backlog)

    def check(self, now_s: float) -> None:
        """Let the client go if it took too long."""
        bounds, transport = self._bounds, self._transport
        if transport is None:
            return
        if (self._paused and now_s - self._paused_s > bounds.unread_s) or (
            self._left_s and now_s - self._left_s > bounds.closing_s
        ):
            transport.abort()
        elif self._began_s and now_s - self._began_s > bounds.request_s and not self.waits:
            self._end(408)
        elif not self.waits and not self._paused and now_s - self._seen_s > bounds.idle_s:
            transport.close()

    def abort(self) -> None:
        """Let the client go at once."""
        if self._transport:
            self._transport.abort()

    def _clear(self) -> None:
        self._url = self._body = b""
        self._values = [b"", b"", b"", b"", b""]
        self._headers = self._head_bytes = self._read = 0
        self._headed = False
        self._began_s = 0.0

    def _is_free(self) -> bool:
        bounds, transport = self._bounds, self._transport
        return (
            not self._paused
            and len(self._slots) < bounds.in_flight_max
            and transport is not None
            and transport.get_write_buffer_size() < bounds.unsent_max
        )

    def _hand_on(self, request: Request, last: bool) -> None:
        slot = Slot(self, last)
        self._slots.append(slot)
        self._server.handler(request, slot)

    def _go_on(self) -> None:
        """Take up what was set aside, as far as there is room."""
        self._woken = False
        if self._going:
            return
        self._going = True
        while self._backlog and self._is_free():
            self._hand_on(*self._backlog.popleft())
        self._going = False
        if self._backlog:
            self._wake()
        elif self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def _wake(self) -> None:
        """Come back once the loop has sent what is buffered, if nothing else is going to call."""
        if not self._woken and not self._paused and not self._slots:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _leave(self) -> None:
        """Close, once the last answer was written.

        A client in the middle of a request that was refused would lose the refusal if we closed at once, since what it sends
        on would be answered with a reset: so our side ends, and its bytes are dropped until it ends too.
        """
        if self._transport is None:
            return
        if self._broken and self._transport.can_write_eof():
            self._left_s = self._server.machine_s()
            self._transport.write_eof()
        else:
            self._transport.close()

    def _end(self, status: int) -> None:
        """Answer with an error in the end, and let the client go."""
        self._ended = self._broken = True
        self._began_s = 0.0
        slot = Slot(self, last=True)
        self._slots.append(slot)
        slot.fill(ERRORS[status], status)


_VERSIONS = frozenset({"1.0", "1.1"})
_KEY, _SIGN, _KIND, _LENGTH, _EXPECT = range(5)
_WANTED = MappingProxyType(
    {b"api-key": _KEY, b"api-sign": _SIGN, b"content-type": _KIND, b"content-length": _LENGTH, b"expect": _EXPECT}
)


class Server:
    """All connections of one door. `machine_s` is a monotonic clock."""

    def __init__(self, handler: Handler, bounds: Bounds | None = None, machine_s: Callable[[], float] = time.monotonic) -> None:
        self.handler = handler
        self.bounds = bounds or Bounds()
        self.machine_s = machine_s
        self.connections: set[Connection] = set()
        self._hosts: dict[str, int] = {}
        self._quiet: asyncio.Event | None = None

    def enter(self, connection: Connection) -> bool:
        """Whether there is room for one more; it is in then."""
        self.connections.add(connection)
        of_host = self._hosts[connection.host] = self._hosts.get(connection.host, 0) + 1
        return len(self.connections) <= self.bounds.connections_max and of_host <= self.bounds.connections_host_max

    def leave(self, connection: Connection) -> None:
        """It is gone."""
        self.connections.discard(connection)
        left = self._hosts.get(connection.host, 0) - 1
        if left > 0:
            self._hosts[connection.host] = left
        else:
            self._hosts.pop(connection.host, None)

    def settled(self) -> None:
        """A connection has sent what it could."""
        if self._quiet is not None and not any(each.waits for each in self.connections):
            self._quiet.set()

    def check(self) -> None:
        """Let go whoever took too long; called once a second."""
        now_s = self.machine_s()
        for connection in tuple(self.connections):
            connection.check(now_s)

    @asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen; gives the port. In the end answers that are under way get a moment, then every connection goes."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), host, port, backlog=1_024)
        checking = loop.create_task(self._keep_checking())
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            checking.cancel()
            with suppress(asyncio.CancelledError):
                await checking
            self._quiet = asyncio.Event()
            self.settled()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), self.bounds.closing_s)
            for connection in tuple(self.connections):
                connection.abort()

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.check()
