"""JSON-RPC over one kept-alive HTTP connection, many calls in one request. Used for both chains."""

from collections.abc import Sequence
from typing import Any

import httpx

from openscrip_watch.refusal import Silent

Call = tuple[str, list[Any]]
TIMEOUT_S = 15.0
_BATCH_MAX = 200


class RpcError(Exception):
    """The node answered a call with an error: a revert, or a method that it does not know."""


class Rpc:
    """One node. Raises `Silent("chain.unavailable")` when it does not answer or answers nonsense."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url = url
        self._client = client

    def call(self, method: str, params: list[Any]) -> Any:
        """The result of one call. Raises `RpcError` for an error of the node."""
        return settled(self.batch([(method, params)])[0])

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results in the order of `calls`; an `RpcError` stands where a call failed."""
        results: list[Any] = []
        for first in range(0, len(calls), _BATCH_MAX):
            results += self._batch(calls[first : first + _BATCH_MAX])
        return results

    def _batch(self, calls: Sequence[Call]) -> list[Any]:
        body = [{"jsonrpc": "2.0", "id": n, "method": call[0], "params": call[1]} for n, call in enumerate(calls)]
        try:
            answer = self._client.post(self.url, json=body if len(body) > 1 else body[0], timeout=TIMEOUT_S).json()
            rows = {row["id"]: row for row in (answer if isinstance(answer, list) else [answer])}
            return [_result(rows[n]) for n in range(len(calls))]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            text = f"chain: the node at {self.url} did not answer ({type(error).__name__})"
            raise Silent("chain.unavailable", text) from None


def settled(result: Any) -> Any:
    """The result, or its error raised as `Silent`: for calls that never fail on a healthy node."""
    if isinstance(result, RpcError):
        raise Silent("chain.unavailable", f"chain: the node answered {result}")
    return result


def _result(row: dict[str, Any]) -> Any:
    error = row.get("error")
    return RpcError(str(error.get("message", error) if isinstance(error, dict) else error)) if error else row["result"]
