"""What stands before every route: the limit on what may be sent, and the count of what was refused."""

import json
from collections import Counter

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openscrip.api.failures import failure

BODY_BYTES_MAX = 64 * 1024


class BodyLimit:
    """Takes a body in as a whole and hands it on, or answers 413 as soon as it is longer than 64 KiB."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = bool(message.get("more_body", False))
            if len(body) > BODY_BYTES_MAX:
                refusal = failure(413, "body.size", f"body: it was longer than {BODY_BYTES_MAX} bytes")
                await refusal(scope, receive, send)
                return
        waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)


class NoBrowsers:
    """Answers 403 to whatever a page in a browser sent: this door asks for no key, so that no page may ever use it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
                text = "door: a page in a browser may not use the operator's door; its pages have their own"
                await failure(403, "door.browser", text)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CountedRefusals:
    """Counts every answer of a failure by the rule in it; one without a rule by its status, as `http.400`."""

    def __init__(self, app: ASGIApp, refused: Counter[str]) -> None:
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        failed = 0

        async def count(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                failed = message["status"] if message["status"] >= 400 else 0
            elif failed and message["type"] == "http.response.body":
                self._refused[_rule(message.get("body", b""), failed)] += 1
                failed = 0
            await send(message)

        await self._app(scope, receive, count)


def _rule(body: bytes, status: int) -> str:
    try:
        return str(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        return f"http.{status}"
