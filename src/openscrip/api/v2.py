"""The second API as one application, to be mounted at `/api/v2`: public, for clients, for the desk, and webhooks.

Its document is `openapi.json`. Routes keep their names in it: the typed client is made from them.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from openscrip.api.body import BodyLimit
from openscrip.api.failures import Failure
from openscrip.api.outgoing.routes import webhook_routes
from openscrip.api.private.client import client_routes
from openscrip.api.private.desk import desk_routes
from openscrip.api.public.answers import PublicDoor, add_handlers
from openscrip.api.public.assets import asset_routes
from openscrip.api.public.limits import KEYED, PUBLIC, Buckets, Rate
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.system import system_routes

VERSION = "2.0"
ABOUT = """What everybody may read is under `/public`, without a key and from any page. What is a client's is under `/client`,
with a key in `X-API-Key`. Amounts are exact decimal strings; instants are UTC; what is not known is null."""


class Streamed:
    """An application as the end of one route; a bare function would be taken for a handler of requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        await self._app(scope, receive, send)


def api_v2(
    office: ApiOffice,
    *,
    events: ASGIApp | None = None,
    allow: Callable[[str], None] | None = None,
    rate: Rate = PUBLIC,
    key_rate: Rate = KEYED,
) -> FastAPI:
    """The application. `events` answers `/public/events`, `allow` refuses targets of webhooks.

    `rate` is how often an address may ask, `key_rate` a key.
    """
    app = FastAPI(
        title="Openscrip",
        version=VERSION,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": "/api/v2"}],
        root_path_in_servers=False,
        generate_unique_id_function=_name,
        redirect_slashes=False,
    )
    buckets = Buckets(key_rate)
    app.include_router(asset_routes(office), prefix="/public")
    app.include_router(system_routes(office), prefix="/public")
    app.include_router(client_routes(office, buckets), prefix="/client")
    app.include_router(desk_routes(office, buckets), prefix="/desk")
    app.include_router(webhook_routes(office, buckets, allow), prefix="/webhooks")
    if events is not None:
        app.add_route("/public/events", Streamed(events), include_in_schema=False)  # type: ignore[arg-type]  # any ASGI application answers a route
    app.add_middleware(BodyLimit)
    app.add_middleware(PublicDoor, Buckets(rate))
    add_handlers(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # how FastAPI is told
    return app


def document() -> dict[str, Any]:
    """The application's document, without a platform."""
    nobody: Any = SimpleNamespace(store=None, clock_mode="live", webhook_master=b"")
    return api_v2(nobody).openapi()


def _document(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document without the failures that it thinks of and we never answer."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers
        )
        for path in made["paths"].values():
            for operation in path.values():
                if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                    del operation["responses"]["422"]
        for unused in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(unused, None)
        app.openapi_schema = made
    return app.openapi_schema


def _name(route: APIRoute) -> str:
    return route.name


__all__ = ("Failure", "api_v2", "document")
