"""`eth_subscribe` over WebSocket: new heads, logs, and the ids of transactions that the pool took.

They are told by the face, not by anvil, so that they go on when anvil is made anew.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from openscrip.issuance.nodes.evm.methods import INVALID_PARAMS, Methods, failure

_SUBSCRIPTIONS_MAX, _NEWS_MAX = 1_000, 10_000
_NOT_IN_A_HEADER = {"transactions", "uncles", "withdrawals", "size", "totalDifficulty"}
_Say = Callable[[str], Awaitable[None]]
_Read = Callable[[bytes], Awaitable[bytes]]


class Listener:
    """One connection: its subscriptions by id, and what there is to tell it, in order."""

    def __init__(self, say: _Say, read: _Read) -> None:
        self._say = say
        self._read = read
        self._wanted: dict[str, tuple[str, Any]] = {}
        self._news: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(_NEWS_MAX)
        self._is_behind = False

    def hear(self, kind: str, what: Any) -> None:
        """A new block, or the id of a transaction. Who does not read what it asked for is let go."""
        if not self._wanted or self._is_behind:
            return
        try:
            self._news.put_nowait((kind, what))
        except asyncio.QueueFull:
            self._is_behind = True

    async def tell(self) -> None:
        """Tell, until it is too far behind."""
        while not self._is_behind:
            kind, what = await self._news.get()
            for subscription, (wanted, criteria) in tuple(self._wanted.items()):
                for each in await self._told(kind, what, wanted, criteria):
                    told = {"subscription": subscription, "result": each}
                    said = {"jsonrpc": "2.0", "method": "eth_subscription", "params": told}
                    await self._say(json.dumps(said, separators=(",", ":")))

    async def answer(self, body: bytes, methods: Methods) -> bytes:
        """The answer to one message: `eth_subscribe` and `eth_unsubscribe` are the connection's own."""
        if b"subscribe" not in body:
            return await methods.answer(body)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return await methods.answer(body)
        if isinstance(asked, list):
            answers = [self._answer_own(each) or await methods.answer_one(each) for each in asked]
            return json.dumps(answers).encode() if answers else await methods.answer(body)
        return json.dumps(self._answer_own(asked) or await methods.answer_one(asked)).encode()

    def _answer_own(self, asked: Any) -> dict[str, Any] | None:
        if not isinstance(asked, dict) or asked.get("method") not in {"eth_subscribe", "eth_unsubscribe"}:
            return None
        request_id, params = asked.get("id"), asked.get("params")
        if not isinstance(params, list) or not params or not isinstance(params[0], str):
            return failure(request_id, INVALID_PARAMS, "Invalid params: expected what to subscribe to")
        if asked["method"] == "eth_unsubscribe":
            return {"jsonrpc": "2.0", "id": request_id, "result": self._wanted.pop(params[0], None) is not None}
        kind, criteria = params[0], params[1] if len(params) > 1 and isinstance(params[1], dict) else {}
        if kind not in {"newHeads", "logs", "newPendingTransactions"} or len(self._wanted) >= _SUBSCRIPTIONS_MAX:
            return failure(request_id, INVALID_PARAMS, f"Invalid params: no subscription to {kind[:40]}")
        subscription = "0x" + secrets.token_hex(16)
        self._wanted[subscription] = (kind, {name: criteria[name] for name in ("address", "topics") if name in criteria})
        return {"jsonrpc": "2.0", "id": request_id, "result": subscription}

    async def _told(self, kind: str, what: Any, wanted: str, criteria: Any) -> Sequence[Any]:
        match kind, wanted:
            case "pending", "newPendingTransactions":
                return [what]
            case "block", "newHeads":
                return [{name: value for name, value in what.items() if name not in _NOT_IN_A_HEADER}]
            case "block", "logs":
                params = [criteria | {"blockHash": what["hash"]}]
                asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": params}
                found = json.loads(await self._read(json.dumps(asked).encode())).get("result") or []
                return list(found)
            case _:
                return []


class Subscriptions:
    """All connections that listen."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def hear(self, kind: str, what: Any) -> None:
        """A new block, or the id of a transaction."""
        for listener in self._listeners:
            listener.hear(kind, what)

    @contextmanager
    def listener(self, say: _Say, read: _Read) -> Iterator[Listener]:
        """A connection, as long as it lasts; `say` sends to it, `read` asks the chain."""
        made = Listener(say, read)
        self._listeners.add(made)
        try:
            yield made
        finally:
            self._listeners.discard(made)
