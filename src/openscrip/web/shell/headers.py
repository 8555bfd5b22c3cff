"""The outermost layer: which request it is, headers of every answer, the one name that we answer to, and the body's limit."""

import asyncio
import time
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openscrip.runtime.prepared import TALLY, Tally
from openscrip.web.live import reached_of
from openscrip.web.shell.current import CURRENT, Current, Shell

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src {connect}; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
"""What a page may load and do; nothing inline, nothing from elsewhere."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), "
        "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), "
        "usb=(), xr-spatial-tracking=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
}
HSTS = "max-age=31536000"
FORM_BYTES_MAX = 64 * 1024
JSON_BYTES_MAX = 1024 * 1024
TOO_LONG = "The request was too long."
BODY_S = 20.0
"""A body that takes longer to arrive is not waited for."""


class Front:
    """Makes the `Current` of each request, answers to no other name than ours, and sets the headers of every answer.

    `sockets` are the addresses of the venue's sockets, which pages may connect to.
    """

    def __init__(self, app: ASGIApp, shell: Shell, sockets: Iterable[str] = (), body_s: float = BODY_S) -> None:
        self._app = app
        self._body_s = body_s
        self._shell = shell
        self._csp = CSP.format(connect=" ".join(["'self'", *sockets]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current = Current(self._shell, Request(scope), reached_of(self._shell.office.store))
        scope["openscrip.current"] = current
        token, tally = CURRENT.set(current), Tally()
        counting = TALLY.set(tally)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._finish(current, tally, MutableHeaders(scope=message))
            await send(message)

        try:
            refusal = self._elsewhere(scope)
            if refusal is not None:
                await refusal(scope, receive, sent)
            else:
                await self._within(scope, receive, sent)
        finally:
            CURRENT.reset(token)
            TALLY.reset(counting)

    def _elsewhere(self, scope: Scope) -> Response | None:
        """The answer to who came by another name: names that were made up are refused, the loopback address is led here."""
        host = Headers(scope=scope).get("host", "")
        if host == self._shell.host:
            return None
        if self._shell.host.startswith("localhost") and host == f"127.0.0.1:{self._shell.port}":
            query = scope["query_string"].decode("latin-1")
            path = scope.get("raw_path", b"/").decode("latin-1").partition("?")[0]
            safe = "/" + path.lstrip("/\\")
            return RedirectResponse(f"{self._shell.origin}{safe}{'?' + query if query else ''}", 307)
        return PlainTextResponse("This host name is not served here.", 421)

    async def _within(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the body in as a whole, up to its limit, so that what reads it needs not wait for it."""
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = JSON_BYTES_MAX if headers.get("content-type", "").startswith("application/json") else FORM_BYTES_MAX
        told = headers.get("content-length", "0")
        if not told.isdigit() or int(told) > most:
            await PlainTextResponse(TOO_LONG, 413)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._body_s):
                body = await _whole(receive, most)
        except TimeoutError:
            await PlainTextResponse("The request did not arrive in time.", 408)(scope, receive, send)
            return
        if body is None:
            await PlainTextResponse(TOO_LONG, 413)(scope, receive, send)
            return
        scope["openscrip.body"] = body
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    def _finish(self, current: Current, tally: Tally, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", self._csp)
        headers.setdefault("Cache-Control", "no-store")
        if self._shell.origin.startswith("https:"):
            headers.setdefault("Strict-Transport-Security", HSTS)
        for cookie in current.cookies:
            headers.append("Set-Cookie", cookie)
            headers["Cache-Control"] = "no-store"
        took_ms = (time.perf_counter() - current.started_s) * 1_000
        headers.append("Server-Timing", f'app;dur={took_ms:.2f}, db;dur={tally.took_s * 1_000:.2f};desc="{tally.count}"')


async def _whole(receive: Receive, most: int) -> bytes | None:
    """The whole body, None for one that is longer than `most`; what a visitor who went away had sent is no body."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        more = bool(message.get("more_body", False))
        if len(body) > most:
            return None
    return bytes(body)
