"""JSON-RPC 2.0 over one kept-alive HTTP connection a thread, every call with a time limit."""

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from openscrip.kernel.errors import Unavailable


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
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise ValueError(f"rpc: {url!r} was not an http address")
        self.url = url
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path or "/"
        self._secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        self._local = threading.local()

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
        answers = self._post([
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, (method, params) in enumerate(calls)
        ])
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise _error(answers)
        ordered = sorted(answers, key=lambda answer: int(answer["id"]))
        return [answer["result"] if "result" in answer else _error(answer) for answer in ordered]

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _post(self, document: object) -> Any:
        body = json.dumps(document).encode()
        kept = getattr(self._local, "connection", None) is not None
        try:
            return self._exchange(body)
        except (http.client.HTTPException, ConnectionError) as first:
            self.close()
            if not kept:
                raise Unavailable(f"rpc: {self.url} did not answer: {first}") from first
        except OSError as error:
            self.close()
            raise Unavailable(f"rpc: {self.url} did not answer: {error}") from error
        try:
            return self._exchange(body)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise Unavailable(f"rpc: {self.url} did not answer: {error}") from error

    def _exchange(self, body: bytes) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            connection = kind(self._host, self._port, timeout=self._timeout_s)
            self._local.connection = connection
        connection.request("POST", self._path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        try:
            return json.loads(content)
        except ValueError as error:
            raise Unavailable(f"rpc: {self.url} answered {response.status} without JSON") from error


def _error(answer: object) -> RpcError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return RpcError(0, f"rpc: answer was {str(answer)[:200]}")
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
