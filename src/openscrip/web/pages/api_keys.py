"""Keys for programs of whoever is signed in: made and shown once, listed, revoked, all at `/security`."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.api_keys import Scope, make_key, revoke_key
from openscrip.web.pages.program_keys import keys_held, scopes_of
from openscrip.web.pages.signing_in import security_page
from openscrip.web.shell.audit import record
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.forms import Invalid, read
from openscrip.web.shell.render import redirect
from openscrip.web.shell.visitors import SignInNeeded, Visitor, visitor


class KeyAsked(BaseModel):
    """A new key: what its owner calls it, and what it may."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)] = []


class KeyRevoked(BaseModel):
    """Which key is to end."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


def api_key_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/security/keys")
    def make(request: Request) -> Response:
        """Make a key; its text is on this page and never again."""
        who, shell = owner_of(request), shell_of(request)
        try:
            asked = read(request, KeyAsked, "api-key")
        except Invalid:
            return security_page(request, 422, "Name the key, and choose at least one thing that it may do.")
        allowed = scopes_of(who)
        refuse_unless(set(asked.scopes) <= set(allowed), "key.scopes", "api key: you cannot give what you do not have")
        try:
            with shell.office.store.transaction() as unit:
                row, text = make_key(unit, who.name, asked.name, tuple(asked.scopes), who.who, shell.now())
                record(unit, who.who, "key.make", row.id, {"label": row.label, "scopes": list(row.scopes)})
        except Refused as refusal:
            return security_page(request, 422, refusal.text)
        return security_page(request, new_key=text)

    @routes.post("/security/keys/revoke")
    def revoke(request: Request) -> Response:
        """End a key at once."""
        who, shell, told = owner_of(request), shell_of(request), read(request, KeyRevoked, "api-key")
        with shell.office.store.transaction() as unit:
            if told.key not in {row.id for row in keys_held(unit, who)}:
                raise Malformed("key.unknown", "api key: there is none of that id")
            revoke_key(unit, told.key, who.who, shell.now())
            record(unit, who.who, "key.revoke", told.key)
        return redirect(request, "/security")

    return routes


def owner_of(request: Request) -> Visitor:
    """Whose keys they are: an investor's or an operator's. Raises `SignInNeeded`."""
    who = visitor(request)
    if who.kind not in {"investor", "operator"}:
        raise SignInNeeded("/join" if who.kind == "wallet" else "/sign-in")
    return who
