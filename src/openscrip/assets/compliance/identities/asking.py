"""What both providers are asked through: one connection, short waits, answers of bounded size, times in their spellings."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx

from openscrip.kernel.errors import Malformed, Unavailable

ANSWER_S = 10.0
ANSWER_BYTES_MAX = 1 << 20


class Asking:
    """GET with fixed headers, or with headers that sign each request."""

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str], sign: Callable[[str, str], dict[str, str]] | None = None
    ) -> None:
        self._name = name
        self._sign = sign
        self._client = httpx.Client(base_url=url, headers=dict(headers), timeout=ANSWER_S, trust_env=False)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object. Raises `Unavailable`, `Malformed("identity.unknown")`, `Malformed("identity.answer")`."""
        request = self._client.build_request("GET", path, params=query)
        if self._sign is not None:
            request.headers.update(self._sign("GET", request.url.raw_path.decode()))
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise Unavailable(f"identity: {self._name} did not answer ({type(error).__name__})") from error
        if response.status_code == 404:
            raise Malformed("identity.unknown", f"identity: {self._name} knew nothing of what it was asked about")
        if response.status_code != 200 or len(response.content) > ANSWER_BYTES_MAX:
            raise Unavailable(f"identity: {self._name} answered {response.status_code} with {len(response.content)} bytes")
        try:
            found = response.json()
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Malformed("identity.answer", f"identity: {self._name} answered without a JSON object")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def instant_of(text: str) -> int:
    """UTC seconds of `2026-11-20T12:00:00.000Z`, `2026-11-20 12:00:00.123` or `2026-11-20 12:00:00+0000`."""
    found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def day_of(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)
