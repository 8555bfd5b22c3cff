"""The HTTP door of the `openscrip up` that runs in a data folder."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from openscrip.kernel.errors import Malformed, Refused, Unavailable

ANSWER_S = 60.0
LONG_S = 600.0
"""For what moves market time: everything that is due happens before the answer."""


class Door:
    """Asks, and raises what was answered as `Malformed`, `Refused` or `Unavailable`."""

    def __init__(self, url: str, pace: int = 0) -> None:
        import httpx  # noqa: PLC0415

        self.pace = pace
        self._client = httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False)

    def get(self, path: str, **query: str) -> Any:
        """The answer to a question."""
        return self._ask("GET", path, params=query)

    def post(self, path: str, timeout_s: float = ANSWER_S, **body: Any) -> Any:
        """The answer to a request."""
        return self._ask("POST", path, json=body, timeout=timeout_s)

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        import httpx  # noqa: PLC0415

        try:
            response = self._client.request(method, path, **rest)
        except httpx.HTTPError as error:
            text = f"platform: {self._client.base_url} did not answer ({type(error).__name__}); is `openscrip up` running?"
            raise Unavailable(text) from error
        try:
            body = response.json()
        except ValueError:
            raise Unavailable(f"platform: {path} was answered {response.status_code} without JSON") from None
        if response.is_success:
            return body
        code, text = str(body.get("code", "internal")), str(body.get("text", ""))
        if response.status_code in {409, 422}:
            raise Refused(code, text)
        if response.status_code < 500:
            raise Malformed(code, text)
        raise Unavailable(text)


def data_folder(asked: Namespace) -> Path:
    """The data folder in force."""
    from openscrip.cli.settings import settings_of  # noqa: PLC0415

    return settings_of(asked).data


def door_of(asked: Namespace) -> Door:
    """The door of what runs in the data folder. Raises `Unavailable` when nothing does."""
    told = door_file(asked)
    return Door(told["doors"]["api"], int(told["market"]["pace"]))


def door_file(asked: Namespace) -> dict[str, Any]:
    """What runs in the data folder tells of itself: its doors, the market's clock. Raises `Unavailable` when nothing does."""
    folder = data_folder(asked)
    try:
        told: dict[str, Any] = json.loads((folder / "doors.json").read_text(encoding="utf-8"))
        if {"api"} <= set(told["doors"]) and {"pace"} <= set(told["market"]):
            return told
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise Unavailable(f"platform: nothing runs in {folder}; start it with `openscrip up --data {folder}`")
