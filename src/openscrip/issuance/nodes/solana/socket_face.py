"""The WebSocket face: subscriptions on the path `/`. A connection that does not take its messages is ended."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM

from openscrip.issuance.nodes.solana.account_methods import Filter, key_of, read_filters
from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, Method, RpcError, answer
from openscrip.issuance.nodes.solana.shapes import account_shape, options
from openscrip.issuance.nodes.solana.subscriptions import Publisher, Subscription

MESSAGE_BYTES_MAX = 65_536
SUBSCRIPTIONS_MAX, CONNECTIONS_MAX, QUEUE_MAX, QUEUE_BYTES_MAX = 1_000, 1_000, 4_096, 16_000_000
TOO_MANY = 1013
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_KINDS = ("signature", "account", "program", "logs", "slot", "root")


class SocketFace:
    """Every open connection."""

    def __init__(self, bank: Bank, publisher: Publisher, *, queue_max: int = QUEUE_MAX) -> None:
        self._bank, self._publisher = bank, publisher
        self._queue_max = queue_max
        self._open = 0

    async def __call__(self, receive: _Receive, send: _Send) -> None:
        """Serve one connection until it ends."""
        await receive()
        if self._open >= CONNECTIONS_MAX:
            await send({"type": "websocket.close", "code": TOO_MANY})
            return
        await send({"type": "websocket.accept"})
        self._open += 1
        connection = _Connection(self._bank, self._publisher, self._queue_max)
        work = (connection.send_all(send), connection.read_all(receive), connection.overflow())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= 1
            connection.forget_all()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Connection:
    """One connection: its subscriptions, and the messages that wait to be sent."""

    def __init__(self, bank: Bank, publisher: Publisher, queue_max: int) -> None:
        self._bank, self._publisher = bank, publisher
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(queue_max)
        self._waiting_bytes = 0
        self._overflowed = asyncio.Event()
        self._subscriptions: dict[int, Subscription] = {}
        self._methods: Mapping[str, Method] = {
            **{f"{kind}Subscribe": self._subscribing(kind) for kind in _KINDS},
            **{f"{kind}Unsubscribe": self._unsubscribe for kind in _KINDS},
        }

    def tell(self, message: bytes) -> None:
        """Queue a message; a full queue ends the connection."""
        if self._waiting.full() or self._waiting_bytes > QUEUE_BYTES_MAX:
            self._overflowed.set()
            return
        self._waiting_bytes += len(message)
        self._waiting.put_nowait(message)

    def ended(self, number: int) -> None:
        """A subscription is over."""
        self._subscriptions.pop(number, None)

    async def overflow(self) -> None:
        """Return once more waits than a connection may leave waiting."""
        await self._overflowed.wait()

    def forget_all(self) -> None:
        """The connection is over."""
        for subscription in self._subscriptions.values():
            self._publisher.unsubscribe(subscription)

    async def read_all(self, receive: _Receive) -> None:
        """Answer requests until the other side leaves."""
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            self._take(text.encode() if text is not None else message.get("bytes") or b"")

    async def send_all(self, send: _Send) -> None:
        """Send what waits, in order."""
        while True:
            message = await self._waiting.get()
            self._waiting_bytes -= len(message)
            await send({"type": "websocket.send", "text": message.decode()})

    def _take(self, body: bytes) -> None:
        if not _is_notification(body):
            self.tell(answer(body, self._methods))

    def _subscribing(self, kind: str) -> Method:
        def subscribe(asked: list[Any]) -> int:
            if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
                raise RpcError(INVALID_PARAMS, f"Too many subscriptions; max {SUBSCRIPTIONS_MAX}")
            topic, tests = _topic(kind, asked)
            wanted = options(asked, 0 if kind in ("slot", "root") else 1)
            account_shape(Pubkey.default(), Account(0, b"", SYSTEM), wanted)  # options that cannot be served are refused now
            made = self._publisher.subscribe(self, topic, wanted, tests)
            self._subscriptions[made.number] = made
            return made.number

        return subscribe

    def _unsubscribe(self, asked: list[Any]) -> bool:
        subscription = self._subscriptions.pop(asked[0], None)
        if subscription is None:
            raise RpcError(INVALID_PARAMS, "Invalid subscription id.")
        self._publisher.unsubscribe(subscription)
        return True


def _topic(kind: str, asked: list[Any]) -> tuple[tuple[str, object], list[Filter]]:
    if kind in ("slot", "root"):
        return (kind, None), []
    if kind == "signature":
        return (kind, Signature.from_string(asked[0])), []
    if kind == "logs":
        return (kind, _mentioned(asked[0])), []
    return (kind, key_of(asked[0])), read_filters(options(asked, 1).get("filters") or []) if kind == "program" else []


def _mentioned(asked: Any) -> object:
    if asked in ("all", "allWithVotes"):
        return None
    mentions = asked["mentions"]
    if len(mentions) != 1:
        raise RpcError(INVALID_PARAMS, "Invalid Request: Only 1 address supported")
    return key_of(mentions[0])


def _is_notification(body: bytes) -> bool:
    """Whether a message wants no answer, such as the `ping` with which web3.js keeps a connection alive."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and "id" not in asked
