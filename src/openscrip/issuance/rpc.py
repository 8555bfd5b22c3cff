"""JSON-RPC 2.0 over kept-alive HTTP connections, every call with a time limit."""

import json
from collections.abc import Sequence
from typing import Any

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.connections import Connections


class RpcError(Exception):
    """The node answered with an error object: `code`, `message`, and `data` where it gave some."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class JsonRpc:
    """A JSON-RPC endpoint at an `http://host:port/path` address. Safe to share between threads.

    A request is sent once more if the kept connection was found closed, so only what may safely arrive twice is sent
    through here: reads, settings, and signed transactions.
    """

    def __init__(self, url: str, timeout_s: float = 10) -> None:
        self.url = url
        self._connections = Connections("rpc", url, timeout_s)

    def call(self, method: str, *params: object) -> Any:
        """The result of one call. Raises `RpcError` and `Unavailable`."""
        answer = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        raise _error(answer)

    def batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of many calls in one request, in order; an `RpcError` stands where a call failed."""
        if not calls:
            return []
        answers = self._post(
            [
                {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
                for place, (method, params) in enumerate(calls)
            ]
        )
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise _error(answers)
        ordered = sorted(answers, key=lambda answer: int(answer["id"]))
        return [answer["result"] if "result" in answer else _error(answer) for answer in ordered]

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        self._connections.close()

    def _post(self, document: object) -> Any:
        status, content = self._connections.exchange("POST", "", json.dumps(document).encode())
        try:
            return json.loads(content)
        except ValueError as error:
            raise Unavailable(f"rpc: {self.url} answered {status} without JSON") from error


def _error(answer: object) -> RpcError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return RpcError(0, f"rpc: answer was {str(answer)[:200]}")
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
