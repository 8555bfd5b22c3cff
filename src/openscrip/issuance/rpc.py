"""JSON-RPC 2.0 over kept-alive HTTP connections, every call with a time limit."""

import http.client
import json
from collections import deque
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
        self._idle: deque[http.client.HTTPConnection] = deque()

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
        """Close the connections that nobody uses at the moment."""
        while self._idle:
            self._idle.pop().close()

    def _post(self, document: object) -> Any:
        body = json.dumps(document).encode()
        try:
            kept = self._idle.pop()
        except IndexError:
            kept = None
        if kept is not None:
            try:
                return self._exchange(kept, body)
            except (http.client.HTTPException, ConnectionError):
                self.close()  # the server closed what we kept
            except OSError as error:
                raise Unavailable(f"rpc: {self.url} did not answer: {error}") from error
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        try:
            return self._exchange(kind(self._host, self._port, timeout=self._timeout_s), body)
        except (http.client.HTTPException, OSError) as error:
            raise Unavailable(f"rpc: {self.url} did not answer: {error}") from error

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> Any:
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        try:
            return json.loads(content)
        except ValueError as error:
            raise Unavailable(f"rpc: {self.url} answered {response.status} without JSON") from error


def _error(answer: object) -> RpcError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return RpcError(0, f"rpc: answer was {str(answer)[:200]}")
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
