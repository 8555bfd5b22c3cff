"""What waits for a second person: looked at as the exact payload and what it would do, signed with a passkey, or denied."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.records.desk_items import item_path
from openscrip.records.foreseen import Foreseen, foresee
from openscrip.runtime.store import Unit, View
from openscrip.web.pages.desk import LOOKED
from openscrip.web.pages.desk_acts import Reason
from openscrip.web.shell.audit import record
from openscrip.web.shell.current import Current, current_of
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import page, redirect
from openscrip.web.shell.sessions import hashed, session_id
from openscrip.web.shell.visitors import operator
from openscrip.web.signing.approvals import Approval, approval, approvals, approve, challenge_of, refuse, refuse_unfit
from openscrip.web.signing.challenges import Challenge, new_nonce
from openscrip.web.signing.passkeys import keys_of, sign_in_options, verified

MAY = ("operator", "approver", "compliance", "admin")
"""Whoever may approve anything; which of them may approve this one, the approval says."""


class Denied(BaseModel):
    """Which payload is denied, and why."""

    id: Annotated[str, Field(min_length=3, max_length=400)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Reason


class Approved(Denied):
    """Which payload is approved, why, and what a passkey signed for it."""

    nonce: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]+$")]
    credential: Annotated[str, Field(min_length=1, max_length=16_384)]


DeniedT = TypeVar("DeniedT", bound=Denied)


def desk_approval_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/desk/approvals")
    def waiting(request: Request, show: str = "mine") -> Response:
        """What waits for a second person: what I may sign, or everything."""
        me, shell = operator(request), current_of(request).shell
        with shell.office.store.view() as view:
            found = approvals(view, shell.now())
        mine = [each for each in found if each.is_for(me.name, me.roles)]
        return page(
            request, "desk/approvals.html", private=True, items=found if show == "all" else mine, show=show,
            counts=(len(mine), len(found)), me=me,
        )  # fmt: skip

    @routes.get("/desk/approvals/{approval_id:path}")
    def one(request: Request, approval_id: str) -> Response:
        """What exactly happens if I sign?"""
        return _approval_page(request, approval_id)

    _deciding(routes)
    return routes


def _deciding(routes: APIRouter) -> None:
    @routes.post("/desk/decisions/approve")
    def approved(request: Request) -> Response:
        """Do what was proposed, on a passkey's signature over exactly this payload, made for this request alone."""
        me, current = operator(request, *MAY), current_of(request)
        shell = current.shell

        def act(unit: Unit, told: Approved) -> tuple[Approval, Mapping[str, str]]:
            found = refuse_unfit(approval(unit, told.id, shell.now()), told.digest, me.name, me.roles)
            asked = shell.challenges.take(told.nonce, "approval", hashed(session_id(current)), shell.now())
            is_signed_for = asked.value == challenge_of(found.digest, told.nonce)
            refuse_unless(is_signed_for, "approval.changed", "approval: it changed since you opened it; look at it again")
            key = verified(shell, unit, told.credential, asked.value, operator=me.name)
            approve(shell.office, unit, found, me.name, me.roles, told.reason, shell.now())
            return found, {"key": key.id[:16]}

        return _decided(request, Approved, "approve", act)

    @routes.post("/desk/decisions/deny")
    def denied(request: Request) -> Response:
        """Say no for good."""
        me, shell = operator(request, *MAY), current_of(request).shell

        def act(unit: Unit, told: Denied) -> tuple[Approval, Mapping[str, str]]:
            found = approval(unit, told.id, shell.now())
            if found is None:
                raise Malformed("approval.unknown", "approval: nothing of that id waits; it was decided, or ran out")
            refuse_unless(bool(found.roles & me.roles), "approval.role", "approval: your roles do not decide this")
            refuse_unless(found.digest == told.digest, "approval.changed", "approval: it changed since you opened it")
            refuse(shell.office, unit, found, me.name, told.reason, shell.now())
            return found, {}

        return _decided(request, Denied, "deny", act)


def _decided(
    request: Request, shape: type[DeniedT], purpose: str, act: Callable[[Unit, DeniedT], tuple[Approval, Mapping[str, str]]]
) -> Response:
    """`act` once for its form, in one transaction with its entry in the audit chain; a refusal stands on the approval's page.

    `act` gives what it decided, and what the entry tells beside digest, reason and payload.
    """
    me, office = operator(request, *MAY), current_of(request).shell.office
    try:
        told = read(request, shape, purpose)
    except Invalid as wrong:
        return _approval_page(request, str(wrong.values.get("id", "")), Form(wrong.values, wrong.errors))

    def do(_request_id: str) -> Response:
        with office.store.transaction() as unit:
            found, said = act(unit, told)
            entry = {"digest": found.digest, **said, "reason": told.reason, "payload": dict(found.payload)}
            record(unit, f"operator:{me.name}", f"approvals.{purpose}", found.subject, entry)
        office.nudge()
        return redirect(request, "/desk/approvals")

    try:
        return once(request, f"desk-{purpose}", told, do)
    except Refused as refusal:
        if refusal.code == "approval.unknown" or refusal.code.startswith("form."):
            raise
        return _approval_page(request, told.id, Form({"reason": told.reason}, {"": refusal.text}))


def _approval_page(request: Request, approval_id: str, form: Form | None = None) -> Response:
    me, current = operator(request), current_of(request)
    shell, office = current.shell, current.shell.office
    with office.store.view() as view:
        found = approval(view, approval_id, shell.now())
        if found is None:
            raise Malformed("approval.unknown", "approval: nothing of that id waits; it was decided, or ran out")
        mine = found.is_for(me.name, me.roles)
        foreseen = _foreseen(current, view, found, me.name if mine else "another person")
        keys = keys_of(view, me.name) if mine else []
    asked = _asked(current, found.digest) if keys else None
    return page(
        request, "desk/approval.html", status=422 if form else 200, private=True, found=found, mine=mine,
        may_deny=bool(found.roles & me.roles), foreseen=foreseen, keys=keys, form=form or Form(),
        nonce=asked.nonce if asked else "", options=sign_in_options(shell, asked.value, keys) if asked else "",
        item="" if found.kind == "recoveries" else item_path(found.kind, found.subject),
    )  # fmt: skip


def _foreseen(current: Current, view: View, found: Approval, by: str) -> Foreseen:
    shell = current.shell
    return foresee(view, lambda unit: approve(shell.office, unit, found, by, found.roles, LOOKED, shell.now()))


def _asked(current: Current, digest: str) -> Challenge:
    """A question that only a signature made now, for this payload, in this session, answers, and only once."""
    nonce, shell = new_nonce(), current.shell
    value = challenge_of(digest, nonce)
    return shell.challenges.ask("approval", hashed(session_id(current)), shell.now(), value, nonce)
