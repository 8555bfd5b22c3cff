"""The doors of the durable chain: JSON-RPC over HTTP and WebSocket, answered only when what it rests on is on disk."""

import asyncio
import socket
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any

import uvicorn

from openscrip.issuance.nodes.evm.chain import Chain
from openscrip.issuance.nodes.evm.methods import Methods
from openscrip.issuance.nodes.evm.subscriptions import Subscriptions
from openscrip.issuance.nodes.serving import Receive, Send, respond, serve_until_told, whole_body

BODY_BYTES_MAX = 16_000_000
_MESSAGES_MAX = 64
"""Messages of one WebSocket that are answered at once; the next waits."""
_TRY_AGAIN_LATER = 1013


class Face:
    """The ASGI application over one chain."""

    def __init__(self, chain: Chain, subscriptions: Subscriptions) -> None:
        self._chain = chain
        self._methods = Methods(chain)
        self._subscriptions = subscriptions

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or one connection's messages."""
        if scope["type"] == "websocket":
            await self._converse(receive, send)
        elif scope["type"] == "http":
            await self._answer(str(scope["method"]), receive, send)

    async def _answer(self, method: str, receive: Receive, send: Send) -> None:
        if method != "POST":
            await respond(send, 200, b'"ok"' if method == "GET" else b"")
            return
        body = await whole_body(receive, BODY_BYTES_MAX)
        if body is None:
            await respond(send, 413, b'"body was too large"')
            return
        answered = await self._methods.answer(body)
        await self._chain.durable()
        await respond(send, 200, answered)

    async def _converse(self, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        room, tasks = asyncio.Semaphore(_MESSAGES_MAX), set[asyncio.Task[None]]()

        async def say(text: str) -> None:
            await self._chain.durable()
            await send({"type": "websocket.send", "text": text})

        async def say_answer(body: bytes) -> None:
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
                task = asyncio.create_task(say_answer(body))
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
    await serve_until_told(configuration, [door], ready, die_with_parent=die_with_parent)
