"""Which methods change the chain, and how: everything else anvil answers by itself.

What would take blocks back, or hand mining to anvil, is refused: a replay could not make it again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from itertools import groupby
from typing import Any

from openscrip.issuance.nodes.evm.chain import Chain
from openscrip.issuance.nodes.evm.child import CallRefused
from openscrip.issuance.nodes.evm.settings import is_setting
from openscrip.issuance.nodes.evm.wire import WireBroken

INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32600, -32601, -32602
INTERNAL, PARSE, NOT_SUPPORTED = -32603, -32700, -32004
_SEND = "eth_sendRawTransaction"
BATCH_MAX = 10_000
MINE_MAX = 10_000
_READS = ("eth_", "net_", "web3_", "debug_", "trace_", "txpool_", "ots_", "erigon_", "rpc_")
_ANVIL_READS = {
    "anvil_nodeInfo", "anvil_metadata", "hardhat_metadata", "anvil_getAutomine", "hardhat_getAutomine",
    "anvil_getIntervalMining", "anvil_getGenesisTime", "anvil_dumpState",
}  # fmt: skip
_CHEATS = ("evm_", "anvil_", "hardhat_", "tenderly_")
_CLOSED = {
    "eth_sendRawTransactionSync", "eth_sendTransactionSync", "eth_sendUnsignedTransaction", "eth_sendBundle",
    "eth_resend", "eth_submitWork", "eth_submitHashrate", "debug_setHead",
}  # fmt: skip
Params = list[Any]
_Act = Callable[[Params], Awaitable[Any]]


class Methods:
    """The JSON-RPC of one chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._acts: Mapping[str, _Act] = {
            _SEND: self._send,
            "eth_sendTransaction": lambda params: chain.submit_unsigned(_object(params)),
            "evm_mine": self._mine_one,
            "anvil_mine": self._mine_many,
            "hardhat_mine": self._mine_many,
            "evm_setNextBlockTimestamp": self._set_next_at,
            "evm_setTime": self._set_next_at,
            "anvil_setTime": self._set_next_at,
            "evm_increaseTime": self._increase_time,
            "anvil_increaseTime": self._increase_time,
            "openscrip_setClock": self._set_clock,
            "openscrip_getClock": self._get_clock,
            "openscrip_rest": self._rest,
        }

    async def answer(self, body: bytes) -> bytes:
        """The answer to the body of one request, or of one WebSocket message: a call or a batch."""
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return _dumped(failure(None, PARSE, "Parse error"))
        if not isinstance(asked, list):
            if _is_read(asked):
                return await self._read(body, asked)
            return _dumped(await self.answer_one(asked))
        if not 0 < len(asked) <= BATCH_MAX:
            return _dumped(failure(None, INVALID_REQUEST, f"Batch of {len(asked)} requests"))
        if all(_is_read(each) for each in asked):
            return await self._read(body, asked)
        answers: list[Any] = []
        for are_sends, some in groupby(asked, _is_send):
            calls = list(some)
            answers += await self._send_all(calls) if are_sends else [await self.answer_one(each) for each in calls]
        return _dumped(answers)

    async def answer_one(self, asked: Any) -> Any:
        """The answer to one call. What it changes goes to its end, whatever becomes of whoever asked."""
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return failure(None, INVALID_REQUEST, "Invalid request")
        if _is_read(asked):
            return json.loads(await self._read(_dumped(asked), asked))
        request_id, method, params = asked.get("id"), asked["method"], asked.get("params") or []
        if not isinstance(params, list):
            return failure(request_id, INVALID_PARAMS, "Invalid params: expected a list")
        act = self._acts.get(method) or self._setting(method)
        if act is None and (method in _CLOSED or method.startswith(_CHEATS)):
            return failure(request_id, NOT_SUPPORTED, f"Method not supported by a chain that keeps a log: {method[:80]}")
        if act is None:
            return failure(request_id, METHOD_NOT_FOUND, f"Method not found: {method[:80]}")
        try:
            return {"jsonrpc": "2.0", "id": request_id, "result": await asyncio.shield(asyncio.ensure_future(act(params)))}
        except CallRefused as refused:
            return {"jsonrpc": "2.0", "id": request_id, "error": refused.error}
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as unreadable:
            return failure(request_id, INVALID_PARAMS, f"Invalid params: {unreadable}")
        except OSError as broken:
            return failure(request_id, INTERNAL, f"Internal error: {broken}")

    async def _send_all(self, calls: list[Any]) -> list[Any]:
        """The answers to signed transactions that follow each other in a batch: offered together, in order."""
        try:
            raws = [_text(each["params"]) for each in calls]
            answers = await asyncio.shield(asyncio.ensure_future(self._chain.submit(raws)))
        except (ValueError, TypeError, LookupError, CallRefused, OSError):
            return [await self.answer_one(each) for each in calls]  # each has its own answer
        return [answer | {"id": each.get("id")} for each, answer in zip(calls, answers, strict=True)]

    async def _send(self, params: Params) -> Any:
        (answer,) = await self._chain.submit([_text(params)])
        if "error" in answer:
            raise CallRefused(answer["error"])
        return answer["result"]

    async def _read(self, body: bytes, asked: Any) -> bytes:
        try:
            return await self._chain.read(body)
        except WireBroken as broken:
            one = asked if isinstance(asked, dict) else {}
            return _dumped(failure(one.get("id"), INTERNAL, f"Internal error: {broken}"))

    def _setting(self, method: str) -> _Act | None:
        if not is_setting(method):
            return None
        return lambda params: self._chain.set(method, params)

    async def _mine_one(self, params: Params) -> Any:
        asked = params[0] if params else None
        options = asked if isinstance(asked, dict) else {"timestamp": asked}
        blocks = _integer(options.get("blocks", 1))
        at = options.get("timestamp")
        return await self._mine([None if at is None else _integer(at)] + [None] * (blocks - 1), "0x0")

    async def _mine_many(self, params: Params) -> Any:
        blocks = _integer(params[0]) if params and params[0] is not None else 1
        interval = _integer(params[1]) if len(params) > 1 and params[1] is not None else 0
        start = self._chain.tip.at
        return await self._mine([start + interval * place if interval else None for place in range(blocks)], None)

    async def _mine(self, times: list[int | None], answer: Any) -> Any:
        if not 0 < len(times) <= MINE_MAX:
            raise ValueError(f"{len(times)} blocks at once")
        await self._chain.mine(times)
        return answer

    async def _set_next_at(self, params: Params) -> None:
        await self._chain.set_next_at(_integer(params[0]))

    async def _increase_time(self, params: Params) -> int:
        step = _integer(params[0])
        if step < 0:
            raise ValueError("time does not go back")
        await self._chain.set_next_at(self._chain.tip.at + step)
        return step

    async def _set_clock(self, params: Params) -> int:
        return await self._chain.set_clock(_integer(params[0]))

    async def _get_clock(self, params: Params) -> int:
        return self._chain.tip.at

    async def _rest(self, params: Params) -> bool:
        self._chain.rest(resting=bool(params[0]) if params else True)
        return True


def failure(request_id: Any, code: int, text: str) -> dict[str, Any]:
    """An error as wallets expect it."""
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}


def _is_read(asked: Any) -> bool:
    method = asked.get("method") if isinstance(asked, dict) else None
    if not isinstance(method, str):
        return False
    if method in _ANVIL_READS:
        return True
    return method.startswith(_READS) and method not in _CLOSED and not method.startswith("eth_send")


def _is_send(asked: Any) -> bool:
    return isinstance(asked, dict) and asked.get("method") == _SEND


def _dumped(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _text(params: Params) -> str:
    raw = params[0]
    if not isinstance(raw, str):
        raise TypeError("expected a hex string")
    bytes.fromhex(raw.removeprefix("0x"))
    return raw


def _object(params: Params) -> dict[str, Any]:
    if not isinstance(params[0], dict):
        raise TypeError("expected a transaction object")
    return params[0]


def _integer(value: Any) -> int:
    """A count or an instant, as a number or as text, hexadecimal with 0x."""
    number = int(value, 16 if value.startswith("0x") else 10) if isinstance(value, str) else int(value)
    if not 0 <= number < 2**63:
        raise ValueError(f"{number} was out of range")
    return number
