"""The HTTP face: one path, POST for JSON-RPC, answered only when what it rests on is on disk."""

import asyncio
import os
import socket
import sys
import traceback
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, NoReturn

import uvicorn

from openscrip.issuance.nodes.serving import Receive, Send, respond, serve_until_told, whole_body
from openscrip.issuance.nodes.solana.account_methods import account_methods
from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.block_methods import block_methods, in_time
from openscrip.issuance.nodes.solana.log import LogFailed
from openscrip.issuance.nodes.solana.node_methods import node_methods
from openscrip.issuance.nodes.solana.rpc import answer
from openscrip.issuance.nodes.solana.socket_face import MESSAGE_BYTES_MAX, SocketFace
from openscrip.issuance.nodes.solana.subscriptions import Publisher
from openscrip.issuance.nodes.solana.token_parsing import TokenParser
from openscrip.issuance.nodes.solana.transaction_methods import transaction_methods

BODY_BYTES_MAX = 4_000_000
DISK_FAILED = 74
"""Exit status after a failed flush (EX_IOERR): the node must not answer what may be lost."""


class Face:
    """The ASGI application over one bank: JSON-RPC by POST, subscriptions by WebSocket, on the same path."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        parse = TokenParser(bank.account, bank.now)
        parts = (
            node_methods(bank),
            block_methods(bank),
            account_methods(bank, parse),
            transaction_methods(bank, parse),
        )
        self.methods = {name: in_time(bank, method) for part in parts for name, method in part.items()}
        self.publisher = Publisher(bank, parse)
        self._sockets = SocketFace(bank, self.publisher)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or serve one WebSocket."""
        if scope["type"] == "websocket":
            await self._sockets(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["method"], receive, send)

    async def _answer(self, verb: str, receive: Receive, send: Send) -> None:
        if verb != "POST":
            await respond(send, 200, b'"ok"' if verb == "GET" else b"")
            return
        body = await whole_body(receive, BODY_BYTES_MAX)
        if body is None:
            await respond(send, 413, b'"body was too large"')
            return
        try:
            answered = answer(body, self.methods)
            # Reads wait too: nobody is told of a state that a power cut could still take back.
            await self._bank.log.durable()
        except LogFailed as failure:
            _end(failure)
        await respond(send, 200, answered)


async def serve(bank: Bank, doors: Sequence[socket.socket], ready: Callable[[], None], *, die_with_parent: bool) -> None:
    """Serve on listening sockets until SIGTERM or SIGINT, or until the parent process is gone.

    `ready` is called once a signal is heeded; who connects from then on is answered.
    """
    face = Face(bank)
    configuration = uvicorn.Config(
        face,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    telling = asyncio.create_task(_publish(face.publisher))
    await serve_until_told(configuration, doors, ready, die_with_parent=die_with_parent)
    telling.cancel()


async def _publish(publisher: Publisher) -> None:
    try:
        await publisher.run()
    except LogFailed as failure:
        _end(failure)
    except Exception as bug:  # noqa: BLE001 - a node that answers but never notifies would be trusted in vain
        traceback.print_exc()
        _end(bug)


def _end(failure: Exception) -> NoReturn:
    print(f"solana node: {failure}", file=sys.stderr, flush=True)  # noqa: T201 - the program speaks to whoever started it
    os._exit(DISK_FAILED)
