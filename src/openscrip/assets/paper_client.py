"""One keep-alive connection to a paper process: refusals come back as they were raised, silence as `Unavailable`."""

import json
from typing import Any
from urllib.parse import urlencode

from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable
from openscrip.runtime.connections import Connections

TIMEOUT_S = 10.0


class PaperConnection:
    """JSON over HTTP to one process at `url`, from one thread at a time or several."""

    def __init__(self, name: str, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        self._connections = Connections(name, url, timeout_s)

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The answer to a GET."""
        return self._answer("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: object) -> dict[str, Any]:
        """The answer to a POST."""
        return self._answer("POST", path, json.dumps(body).encode())

    def find(self, path: str) -> dict[str, Any] | None:
        """The answer to a GET, None for what the other side does not know."""
        try:
            return self.get(path)
        except Refused as refusal:
            if refusal.code.endswith(".unknown"):
                return None
            raise

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _answer(self, method: str, path: str, content: bytes | None = None) -> dict[str, Any]:
        status, answer = self._connections.exchange(method, path, content)
        try:
            body: dict[str, Any] = json.loads(answer)
        except ValueError as error:
            raise Unavailable(f"{self._name}: {method} {path} was answered {status} without JSON") from error
        if status == 200:
            return body
        code, text = str(body.get("code", "unknown")), str(body.get("text", f"status {status}"))
        if status >= 500:
            raise Unavailable(f"{self._name}: {text}")
        if status == 400:
            raise Malformed(code, text)
        raise Conflict(code, text) if code.endswith((".conflict", ".live")) else Refused(code, text)
