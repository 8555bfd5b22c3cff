"""JSON-RPC 2.0: one request or a batch in, the answer out. Methods are plain functions of their parameter list."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from solders.errors import BincodeError, SerdeJSONError, SignerError
from solders.hash import ParseHashError
from solders.transaction import SanitizeError

Method = Callable[[list[Any]], Any]
BATCH_MAX = 1000
INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, PARSE = -32600, -32601, -32602, -32700
PREFLIGHT_FAILED = -32002
SIGNATURE_FAILED = -32003
BLOCK_NOT_AVAILABLE, SLOT_SKIPPED = -32004, -32007
UNSUPPORTED_VERSION, NOT_REACHED = -32015, -32016

UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError),
    *(BincodeError, ParseHashError, SanitizeError, SerdeJSONError, SignerError),
)
"""What Python and solders raise on parameters that are not what a method takes."""


class RpcError(Exception):
    """An answer that is an error: `code` and `text` as Solana's own nodes give them."""

    def __init__(self, code: int, text: str, data: object = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.data = data


def answer(body: bytes, methods: Mapping[str, Method]) -> bytes:
    """The answer to the body of one HTTP request."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return json.dumps(_failure(None, RpcError(PARSE, "Parse error"))).encode()
    if not isinstance(asked, list):
        return json.dumps(_answer_one(asked, methods)).encode()
    if not 0 < len(asked) <= BATCH_MAX:
        return json.dumps(_failure(None, RpcError(INVALID_REQUEST, f"Batch of {len(asked)} requests"))).encode()
    return json.dumps([_answer_one(one, methods) for one in asked]).encode()


def _answer_one(asked: Any, methods: Mapping[str, Method]) -> dict[str, Any]:
    if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
        return _failure(None, RpcError(INVALID_REQUEST, "Invalid request"))
    request_id, parameters = asked.get("id"), asked.get("params", [])
    method = methods.get(asked["method"])
    if method is None:
        return _failure(request_id, RpcError(METHOD_NOT_FOUND, "Method not found"))
    if not isinstance(parameters, list):
        return _failure(request_id, RpcError(INVALID_PARAMS, "Invalid params: expected a list"))
    try:
        return {"jsonrpc": "2.0", "result": method(parameters), "id": request_id}
    except RpcError as refusal:
        return _failure(request_id, refusal)
    except UNREADABLE as unreadable:
        return _failure(request_id, RpcError(INVALID_PARAMS, f"Invalid params: {unreadable}"))


def _failure(request_id: Any, error: RpcError) -> dict[str, Any]:
    shape: dict[str, Any] = {"code": error.code, "message": error.text}
    if error.data is not None:
        shape["data"] = error.data
    return {"jsonrpc": "2.0", "error": shape, "id": request_id}
