"""The page that a person comes back to after signing in again: what they asked for, or the form that they had filled in."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request

from openscrip.web.shell.current import Current

FILLED: Mapping[str, str] = {
    "/subscribe": "/subscribe",
    "/subscribe/{quote_id}": "/subscribe/{quote_id}",
    "/redeem": "/redeem",
    "/redeem/confirm": "/redeem/review",
}
"""Forms whose page takes their entries in its address: where a form is sent to, and where it stands."""
NEVER = frozenset({"csrf", "key"})
"""What belongs to the session that is over."""
FIELDS_MAX = 20


def page_of(current: Current) -> str:
    """The path of that page with its query; empty where nobody can say. Never of another site."""
    request = current.request
    if request.method == "GET" and not current.is_partial:
        query = request.url.query
        return current.path + (f"?{query}" if query else "")
    if request.method == "GET":
        return _own(current, request.headers.get("hx-current-url", ""))
    declared = str(getattr(request.scope.get("route"), "path", ""))
    if declared in FILLED:
        entries = _entries(request)
        path = FILLED[declared].format(**request.path_params)
        return path + (f"?{urlencode(entries)}" if entries else "")
    return _own(current, request.headers.get("referer", ""))


def _own(current: Current, address: str) -> str:
    """The path and query of an address of ours, else nothing."""
    if not address.startswith(current.shell.origin + "/"):
        return ""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _entries(request: Request) -> list[tuple[str, str]]:
    body: bytes = request.scope.get("openscrip.body", b"")
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        return []
    return [(name, value) for name, value in pairs if name not in NEVER]
