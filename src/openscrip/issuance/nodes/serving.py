"""What both nodes' doors share: bodies of a bounded size, answers any page may read, an end on a signal or with the parent."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

PARENT_CHECK_S = 0.25
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
    (b"access-control-max-age", b"600"),
]


async def whole_body(receive: Receive, bytes_max: int) -> bytes | None:
    """The body of a request; None once it is longer than `bytes_max`."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def respond(send: Send, status: int, body: bytes) -> None:
    """Answer one request with JSON."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


async def serve_until_told(
    configuration: uvicorn.Config, doors: Sequence[socket.socket], ready: Callable[[], None], *, die_with_parent: bool
) -> None:
    """Serve on listening sockets until SIGTERM or SIGINT, or until the parent process is gone.

    `ready` is called once a signal is heeded; who connects from then on is answered.
    """
    server = _Server(configuration)
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, server.leave)
    if die_with_parent:
        _leave_without(os.getppid(), server, loop)
    ready()
    await server.serve(sockets=list(doors))


class _Server(uvicorn.Server):
    """Uvicorn that leaves with status 0 on a signal; its own handling raises the signal again."""

    def leave(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _leave_without(parent: int, server: _Server, loop: asyncio.AbstractEventLoop) -> None:
    if os.getppid() == parent:
        loop.call_later(PARENT_CHECK_S, _leave_without, parent, server, loop)
    else:
        server.leave()
