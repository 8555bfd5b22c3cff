"""How a page is rendered: whole, or only the block that htmx asked for."""

import gzip
import uuid
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, TemplateNotFound
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from openscrip.web.filters import add_filters
from openscrip.web.shell.assets import Assets
from openscrip.web.shell.current import CURRENT, Current, current_of, shell_of
from openscrip.web.shell.visitors import Visitor, csrf_of, visitor_of

__all__ = ["environment", "page", "redirect", "shell_of"]

PRESS_BYTES_MIN = 1_000
FACES = {"desk": "desk", "trade": "trade", "activity": "activity"}
INVESTOR = frozenset({
    "join", "sign-in", "sign-out", "holdings", "subscribe", "orders", "redeem", "dividends", "documents", "notices", "security",
})  # fmt: skip


def environment(assets: Assets) -> Environment:
    """The templates: everything is escaped, and a name that a template misspells is an error."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("openscrip.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    add_filters(made)
    made.globals.update(
        asset=assets.own_url,
        vendor=assets.vendor_url,
        current=facts,
        csrf_token=lambda: csrf_of(CURRENT.get()),
        idempotency_key=lambda: uuid.uuid4().hex,
    )
    try:
        # A block that is rendered alone does not run what stands before it, such as an import: the parts are always there.
        made.globals["parts"] = made.get_template("parts.html").module
    except TemplateNotFound:
        made.globals["parts"] = None
    return made


def face_of(path: str) -> str:
    """Which of the faces a path belongs to."""
    first = path.strip("/").partition("/")[0]
    return "investor" if first in INVESTOR else FACES.get(first, "public")


def facts() -> dict[str, Any]:
    """What a template may know of the request that it answers."""
    current = CURRENT.get()
    office, visitor = current.shell.office, visitor_of(current)
    return {
        "path": current.path,
        "visitor": visitor,
        "face": "desk" if visitor.kind == "operator" and current.path == "/security" else face_of(current.path),
        "theme": current.theme,
        "simulated": tuple(office.simulated),
        "market_time": office.now(),
        "reached": current.reached,
    }


def page(
    request: Request, template: str, *, block: str = "main", status: int = 200, private: bool = False, **values: Any
) -> Response:
    """The page, or only `block` of it where htmx asks for a part. What is private is never kept by anybody.

    Whoever is signed in gets every page as a private one.
    """
    current = current_of(request)
    known = _Lazily(current)
    given = {**facts(), "csrf": known, **values}
    made = shell_of(request).templates.get_template(template)
    if current.is_partial and block in made.blocks:
        context = made.new_context(given)
        text = "".join(made.blocks[block](context))
    else:
        text = made.render(given)
    visitor: Visitor = given["visitor"]
    is_private = private or visitor.kind != "anonymous" or bool(current.cookies) or known.asked
    response = HTMLResponse(text, status)
    response.headers["Cache-Control"] = "no-store" if is_private else "no-cache"
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Encoding"
    accepts = "gzip" in request.headers.get("accept-encoding", "")
    if accepts and not is_private and len(response.body) >= PRESS_BYTES_MIN:
        # Never of a page that holds a token or a person's data: its length would tell of them.
        response.body = gzip.compress(bytes(response.body), 5, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response


def redirect(request: Request, path: str) -> Response:
    """Go on at an own path: 303, and for htmx the header that it follows as a whole page."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError(f"render: {path!r} is no path of ours")
    if request.headers.get("hx-request") == "true":
        return Response(status_code=200, headers={"HX-Redirect": path, "Cache-Control": "no-store"})
    return RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})


class _Lazily:
    """The CSRF token when it is printed, so that a page without a form gives no cookie to anybody."""

    def __init__(self, current: Current) -> None:
        self._current = current

    @property
    def asked(self) -> bool:
        """Whether this answer holds a token."""
        return "csrf" in self._current.known

    def __str__(self) -> str:
        return csrf_of(self._current)

    def __html__(self) -> str:
        return csrf_of(self._current)
