"""The doors of the durable chain: JSON-RPC over HTTP and WebSocket, answered only when what it rests on is on disk."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from openscrip.issuance.nodes.evm.chain import Chain
from openscrip.issuance.nodes.evm.methods import Methods
from openscrip.issuance.nodes.evm.subscriptions import Subscriptions

BODY_BYTES_MAX = 16_000_000
PARENT_CHECK_S = 0.25
_MESSAGES_MAX = 64
"""Messages of one WebSocket that are answered at once; the next waits."""
_TRY_AGAIN_LATER = 1013
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
    (b"access-control-max-age", b"600"),
]


class Face:
    """The ASGI application over one chain."""

    def __init__(self, chain: Chain, subscriptions: Subscriptions) -> None:
        self._chain = chain
        self._methods = Methods(chain)
        self._subscriptions = subscriptions

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        """Answer one request, or one connection's messages."""
        if scope["type"] == "websocket":
            await self._converse(receive, send)
        elif scope["type"] == "http":
            await self._answer(str(scope["method"]), receive, send)

    async def _answer(self, method: str, receive: _Receive, send: _Send) -> None:
        if method != "POST":
            await _respond(send, 200, b'"ok"' if method == "GET" else b"")
            return
        body = await _body(receive)
        if body is None:
            await _respond(send, 413, b'"body was too large"')
            return
        answered = await self._methods.answer(body)
        await self._chain.durable()
        await _respond(send, 200, answered)

    async def _converse(self, receive: _Receive, send: _Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        room, tasks = asyncio.Semaphore(_MESSAGES_MAX), set[asyncio.Task[None]]()

        async def say(text: str) -> None:
            await self._chain.durable()
            await send({"type": "websocket.send", "text": text})

        async def respond(body: bytes) -> None:
            try:
                await say((await listener.answer(body, self._methods)).decode())
            except OSError:  # whoever asked has left
                return
            finally:
                room.release()

        async def tell() -> None:
            with suppress(OSError):
                await listener.tell()
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})

        with self._subscriptions.listener(say, self._chain.read) as listener:
            telling = asyncio.create_task(tell())
            while (message := await receive())["type"] == "websocket.receive":
                await room.acquire()
                body = (message.get("text") or "").encode() or message.get("bytes") or b""
                task = asyncio.create_task(respond(body))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            telling.cancel()


async def serve(
    chain: Chain, subscriptions: Subscriptions, door: socket.socket, ready: Callable[[], None], *, die_with_parent: bool
) -> None:
    """Serve on a listening socket until SIGTERM or SIGINT, or until the parent process is gone.

    `ready` is called once a signal is heeded; who connects from then on is answered.
    """
    configuration = uvicorn.Config(
        Face(chain, subscriptions), lifespan="off", log_level="warning", access_log=False, ws="websockets-sansio",
        ws_max_size=BODY_BYTES_MAX, timeout_graceful_shutdown=2, timeout_keep_alive=75,
    )  # fmt: skip
    server = _Server(configuration)
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, server.leave)
    if die_with_parent:
        _leave_without(os.getppid(), server, loop)
    ready()
    await server.serve(sockets=[door])


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


async def _body(receive: _Receive) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _respond(send: _Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length]})
    await send({"type": "http.response.body", "body": body})
