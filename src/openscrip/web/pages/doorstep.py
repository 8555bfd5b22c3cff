"""Routes that belong to no face: files, and the choice between light and dark."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Malformed
from openscrip.web.shell.assets import Asset
from openscrip.web.shell.current import THEMES, current_of, shell_of
from openscrip.web.shell.forms import fields_of
from openscrip.web.shell.render import page, redirect
from openscrip.web.shell.visitors import safe_next

FOR_EVER = "public, max-age=31536000, immutable"


def doorstep_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/static/{version}/{name:path}")
    def static(request: Request, version: str, name: str) -> Response:
        """An own file. Under another version than today's it is answered, and not kept."""
        assets = shell_of(request).assets
        return _file(request, assets.own(name), FOR_EVER if version == assets.version else "no-cache")

    @routes.get("/vendor/{name:path}")
    def vendor(request: Request, name: str) -> Response:
        """A file of a library, by its version."""
        return _file(request, shell_of(request).assets.vendor(name), FOR_EVER)

    @routes.get("/theme")
    def themes(request: Request, next: str = "/") -> Response:  # noqa: A002  # the name that links carry
        """Choose between light and dark."""
        return page(request, "shell/theme.html", chosen=current_of(request).theme, next=safe_next(next, "/"))

    @routes.post("/theme")
    def theme(request: Request) -> Response:
        """Keep the choice in a cookie, for the server to set before anything is painted."""
        fields = fields_of(request)
        chosen = fields.get("theme", [""])[-1]
        if chosen not in {*THEMES, "system"}:
            raise Malformed("theme.value", "theme: it was neither light, dark nor system")
        kept = "openscrip-theme=; Max-Age=0" if chosen == "system" else f"openscrip-theme={chosen}; Max-Age=31536000"
        current_of(request).cookies.append(f"{kept}; Path=/; SameSite=Lax")  # the switch on the page sets it, too
        return redirect(request, safe_next(fields.get("next", ["/"])[-1], "/"))

    @routes.get("/health")
    def health() -> Response:
        """Whether pages are answered; says nothing of the platform."""
        return Response("ok", media_type="text/plain")

    return routes


def _file(request: Request, asset: Asset | None, keep: str) -> Response:
    if asset is None:
        raise Malformed("file.unknown", "file: it was not there")
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding", "Content-Type": asset.kind}
    if asset.pressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.pressed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.body, headers=headers)
