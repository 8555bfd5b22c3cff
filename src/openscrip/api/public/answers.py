"""How everything is answered: answers that a reader may keep, and headers for readers elsewhere."""

import hashlib

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openscrip.api.failures import Handlers, Responses, declared, failure
from openscrip.api.public.limits import Buckets, TooOften
from openscrip.issuance.coverage import CURSOR
from openscrip.runtime.store import View

MINUTE_S = 60
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining",
    "cross-origin-resource-policy": "cross-origin",
}
PREFLIGHT = CORS | {
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "If-None-Match, Last-Event-ID",
    "access-control-max-age": "86400",
}
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "content-security-policy": "default-src 'none'"}


def failures(*statuses: int) -> Responses:
    """The failures of a route, beside those of every route."""
    return declared(*statuses, 400, 405, 429, 500, 503)


KEPT: Responses = {304: {"description": "Nothing changed since the answer with this ETag."}}
"""Of routes whose answers a reader may keep."""


class NotModified(Exception):
    """The reader has the newest answer."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


def newest(request: Request, response: Response, view: View, now: int) -> None:
    """Mark an answer by where the facts and the looks stand, and by the minute. Raises `NotModified`."""
    stands = f"{view.position()}.{view.cursor(CURSOR)}.{now // MINUTE_S}"
    what = f"{stands} {request.url.path}?{request.url.query}"
    etag = f'W/"{hashlib.sha256(what.encode()).hexdigest()[:24]}"'
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        raise NotModified(etag)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "public, max-age=1, must-revalidate"


def add_handlers(app: FastAPI) -> None:
    """Every failure in its one shape."""
    Handlers("openapi.json", keyed=True).add_to(app)
    app.add_exception_handler(NotModified, _not_modified)


def _not_modified(_: Request, error: Exception) -> Response:
    return Response(status_code=304, headers={"ETag": str(error)})


class PublicDoor:
    """What stands around the routes: headers, limits by address, preflights. Addresses are the socket's own."""

    def __init__(self, app: ASGIApp, buckets: Buckets, public: str = "/public/") -> None:
        self._app = app
        self._buckets = buckets
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        is_public = path.startswith(self._public) or path == "/openapi.json"
        if is_public and scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT | SAFE)(scope, receive, send)
            return
        client = scope.get("client")
        try:
            left = self._buckets.take(str(client[0]) if client else "")
        except TooOften as often:
            headers = {"Retry-After": str(often.after_s)} | SAFE | (CORS if is_public else {})
            await failure(429, "limits.reached", str(often), headers)(scope, receive, send)
            return
        more = SAFE | (CORS if is_public else {"cache-control": "no-store"})
        more |= {"x-ratelimit-limit": str(self._buckets.rate.burst), "x-ratelimit-remaining": str(left)}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
