"""HTTP to anvil: kept connections, one request at a time on each, or many in a row whose order counts."""

import asyncio
import json
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, cast

import httptools

_CONNECTIONS_MAX = 64
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)
_WINDOW = 256
"""Requests of one row that are under way at once."""


class WireBroken(ConnectionError):
    """The chain went away before it answered."""


class Wire(asyncio.Protocol):
    """One connection. Requests may follow each other before answers come; the chain takes them in order."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None

    @classmethod
    async def connected(cls, port: int) -> "Wire":
        """A new connection. Raises `OSError` where nobody listens."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return wire

    def ask(self, body: bytes) -> asyncio.Future[bytes]:
        """Send one JSON-RPC document; its answer, or `WireBroken`."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_exception(WireBroken("evm node: the chain was away"))
            return answer
        self._waiting.append(answer)
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)
        return answer

    async def row(self, calls: Iterable[tuple[str, Sequence[object]]]) -> list[dict[str, Any]]:
        """Make calls in order, many under way at once; the answers in order, errors among them."""
        answers: list[dict[str, Any]] = []
        under_way: deque[asyncio.Future[bytes]] = deque()
        for method, params in calls:
            if len(under_way) == _WINDOW:
                answers.append(json.loads(await under_way.popleft()))
            under_way.append(self.ask(document(method, params)))
        answers += [json.loads(await each) for each in under_way]
        return answers

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """End it; whoever waits fails."""
        if self._transport is not None:
            self._transport.close()

    # What the event loop and the parser call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport = cast("asyncio.Transport", transport)
        self._socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()
        if self._waiting and self._socket is not None and _QUICK_ACK is not None:
            # The chain holds back a second small answer until the first is acknowledged, which may take 40 ms.
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's."""
        self._transport = None
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(WireBroken("evm node: the chain went away"))

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """The parser's."""
        answer = self._waiting.popleft()
        if not answer.done():
            answer.set_result(b"".join(self._parts))
        self._parts.clear()


class Wires:
    """Connections for reads, as many as are needed at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Wire] = []
        self._free = asyncio.Semaphore(_CONNECTIONS_MAX)
        self._open = True

    async def ask(self, body: bytes) -> bytes:
        """The answer to one JSON-RPC document. Raises `WireBroken`."""
        async with self._free:
            wire = await self._taken()
            try:
                answer = await wire.ask(body)
            except BaseException:
                wire.close()  # the answer may still come: it must not meet another's question
                raise
            if self._open:
                self._idle.append(wire)
            else:
                wire.close()
            return answer

    def close(self) -> None:
        """End those that nobody uses, and the others when they are done."""
        self._open = False
        while self._idle:
            self._idle.pop().close()

    async def _taken(self) -> Wire:
        while self._idle:
            wire = self._idle.pop()
            if wire.is_open:
                return wire
        try:
            return await Wire.connected(self._port)
        except OSError as error:
            raise WireBroken(f"evm node: the chain was away: {error}") from error


def document(method: str, params: Sequence[object]) -> bytes:
    """One JSON-RPC request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, separators=(",", ":")).encode()
