"""One keep-alive connection to a paper process: refusals come back as they were raised, silence as `Unavailable`."""

from typing import Any

import httpx

from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable

TIMEOUT_S = 10.0
KEEP_IDLE = httpx.Limits(keepalive_expiry=3.0)
"""Shorter than a server waits (uvicorn: 5 s), so that no request meets a connection that is just being closed."""


class PaperConnection:
    """JSON over HTTP to one process at `url`, from one thread at a time or several."""

    def __init__(self, name: str, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        # Nothing of the environment (proxies, netrc) may redirect a broker or a custodian.
        # Loading the certificates of all authorities takes 0.1 s, so only where they are needed.
        secure = url.startswith("https:")
        self._http = httpx.Client(base_url=url, timeout=timeout_s, limits=KEEP_IDLE, trust_env=False, verify=secure)

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The answer to a GET."""
        return self._answer("GET", path, params=query)

    def post(self, path: str, body: object) -> dict[str, Any]:
        """The answer to a POST."""
        return self._answer("POST", path, json=body)

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
        self._http.close()

    def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **options)
            body: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"{self._name}: {method} {path} was not answered: {type(error).__name__}") from error
        if response.status_code == 200:
            return body
        code, text = str(body.get("code", "unknown")), str(body.get("text", f"status {response.status_code}"))
        if response.status_code >= 500:
            raise Unavailable(f"{self._name}: {text}")
        if response.status_code == 400:
            raise Malformed(code, text)
        raise Conflict(code, text) if code.endswith((".conflict", ".live")) else Refused(code, text)
