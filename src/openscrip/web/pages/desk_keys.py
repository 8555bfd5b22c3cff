"""The desk's door: operators sign in with a passkey or a wallet, and enrol keys by links."""

from dataclasses import replace
from secrets import token_bytes
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from openscrip.issuance.clients import wallet_id
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.audit_trail import canonical_body
from openscrip.runtime.store import Unit, View
from openscrip.web.shell.current import Current, current_of
from openscrip.web.shell.forms import read
from openscrip.web.shell.limits import address_of
from openscrip.web.shell.render import page, redirect
from openscrip.web.shell.rows import DeskOperator, DeskWallet, Passkey
from openscrip.web.shell.sessions import Proven, begin, hashed, session_id
from openscrip.web.shell.visitors import Operator, operator, safe_next, visitor
from openscrip.web.signing.challenges import Challenge
from openscrip.web.signing.operators import open_link, use_link, waiting_recoveries
from openscrip.web.signing.passkeys import enrolled, enrolment_options, keys_of, sign_in_options, verified
from openscrip.web.signing.wallets import proof_of

CHALLENGE_BYTES = 32
DESK = "/desk"


class KeySigned(BaseModel):
    """What a passkey signed, and which question that answers."""

    nonce: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]+$")]
    credential: Annotated[str, Field(min_length=1, max_length=16_384)]
    next: Annotated[str, Field(max_length=500)] = ""


class KeyMade(KeySigned):
    """A new passkey, and what its owner calls it."""

    label: Annotated[str, Field(min_length=1, max_length=40)]


class DeskWalletSigned(BaseModel):
    """What an operator's wallet signed."""

    nonce: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]+$")]
    signature: Annotated[str, Field(min_length=1, max_length=8_194, pattern=r"^[A-Za-z0-9]+$")]
    signed: Annotated[str, Field(max_length=8_192)] = ""
    next: Annotated[str, Field(max_length=500)] = ""


class KeyRemoved(BaseModel):
    """Which key is to go."""

    key: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[A-Za-z0-9_-]+$")]


def desk_key_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/desk/sign-in")
    def desk_sign_in(request: Request, next: str = "") -> Response:  # noqa: A002  # the name that links carry
        """With which key?"""
        if visitor(request).kind == "operator":
            return redirect(request, safe_next(next, DESK))
        return _sign_in_page(request, safe_next(next, ""))

    @routes.post("/desk/sign-in")
    def signed(request: Request) -> Response:
        """Sign in with what a passkey signed. Whatever is wrong with it is answered alike."""
        told, current = read(request, KeySigned, "desk"), current_of(request)
        current.shell.limits.spend("sign-in", address_of(request), current.shell.now())
        try:
            asked = _taken(current, told.nonce, "passkey")
            with current.shell.office.store.transaction() as unit:
                key = verified(current.shell, unit, told.credential, asked.value)
                refuse_unless(_is_active(unit, key.person), "passkey.refused", "passkey: it is not known here")
        except Refused as refusal:
            return _sign_in_page(request, told.next, 422, refusal.text)
        begin(current, Proven("operator", key.person, proof=f"passkey:{key.id[:16]}"), current.shell.lives)
        return redirect(request, safe_next(told.next, DESK))

    @routes.post("/desk/sign-in/wallet")
    def signed_by_wallet(request: Request) -> Response:
        """Sign in with a wallet that was named for an operator."""
        told, current = read(request, DeskWalletSigned, "desk"), current_of(request)
        shell = current.shell
        shell.limits.spend("sign-in", address_of(request), shell.now())
        try:
            asked = _taken(current, told.nonce, "wallet")
            proof = proof_of(asked, told.signature, told.signed, shell.office.contracts)
            with shell.office.store.view() as view:
                owned = view.row(DeskWallet, wallet_id(asked.facts["chain"], asked.facts["address"]))
                known = owned is not None and owned.state == "active" and _is_active(view, owned.person)
            refuse_unless(known, "wallet.signature", "wallet: this wallet did not sign this text; start again")
        except Refused as refusal:
            return _sign_in_page(request, told.next, 422, refusal.text)
        name = owned.person if owned else ""
        begin(current, Proven("operator", name, asked.facts["chain"], asked.facts["address"], proof), shell.lives)
        return redirect(request, safe_next(told.next, DESK))

    _enrolling(routes)
    _keeping(routes)
    return routes


def _enrolling(routes: APIRouter) -> None:
    @routes.get("/desk/enrol/{secret}")
    def enrol(request: Request, secret: str) -> Response:
        """Make a passkey by a one-time link."""
        return _enrol_page(request, secret)

    @routes.post("/desk/enrol/{secret}")
    def made(request: Request, secret: str) -> Response:
        """Keep the passkey that was made, and sign its owner in."""
        told, current = read(request, KeyMade, "enrol"), current_of(request)
        shell = current.shell
        shell.limits.spend("sign-in", address_of(request), shell.now())
        try:
            asked = _taken(current, told.nonce, "enrolment")
            with shell.office.store.transaction() as unit:
                link = open_link(unit, secret, shell.now())
                key = enrolled(shell, link.person, told.credential, asked.value, told.label)
                use_link(unit, secret, key, shell.now(), shell.office.now())
        except Refused as refusal:
            return _enrol_page(request, secret, 422, refusal.text)
        begin(current, Proven("operator", key.person, proof=f"passkey:{key.id[:16]}"), shell.lives)
        return redirect(request, "/security")


def _keeping(routes: APIRouter) -> None:
    @routes.post("/security/passkeys")
    def another(request: Request) -> Response:
        """One more passkey for whoever is signed in."""
        me, told, current = operator_of(request), read(request, KeyMade, "passkey"), current_of(request)
        shell = current.shell
        asked = _taken(current, told.nonce, "enrolment")
        key = enrolled(shell, me.name, told.credential, asked.value, told.label)
        with shell.office.store.transaction() as unit:
            refuse_unless(unit.row(Passkey, key.id) is None, "passkey.known", "passkey: it is enrolled already")
            unit.put(key)
            body = canonical_body({"key": key.id[:16], "label": key.label, "purpose": "another"})
            unit.audit(f"operator:{me.name}", "passkey.enrol", me.name, body, shell.now(), shell.office.now())
        return redirect(request, "/security")

    @routes.post("/security/passkeys/remove")
    def remove(request: Request) -> Response:
        """Take a key of mine away; the last one stays."""
        me, told, shell = operator_of(request), read(request, KeyRemoved, "passkey"), current_of(request).shell
        with shell.office.store.transaction() as unit:
            mine = {key.id: key for key in keys_of(unit, me.name)}
            if told.key not in mine:
                raise Refused("passkey.unknown", "passkey: there is none of that id")
            refuse_unless(len(mine) > 1, "passkey.last", "passkey: it is your last one; enrol another one before")
            unit.put(_removed(mine[told.key]))
            body = canonical_body({"key": told.key[:16]})
            unit.audit(f"operator:{me.name}", "passkey.remove", me.name, body, shell.now(), shell.office.now())
        return redirect(request, "/security")


def keys_shown(request: Request, view: View) -> dict[str, Any]:
    """What an operator sees of keys: their own, a question for another one, and recoveries that wait."""
    me, current = operator_of(request), current_of(request)
    asked = _asked(current, "enrolment")
    keys = keys_of(view, me.name)
    return {
        "keys": keys,
        "options": enrolment_options(current.shell, me.name, keys, asked.value),
        "nonce": asked.nonce,
        "recoveries": waiting_recoveries(view, current.shell.now()),
    }


def operator_of(request: Request) -> Operator:
    """Whoever of the desk is signed in: their own keys are theirs whatever their roles are. Raises `SignInNeeded`."""
    known = visitor(request)
    return Operator(known.name, known.roles, known.session) if known.kind == "operator" else operator(request)


def _asked(current: Current, kind: str) -> Challenge:
    return current.shell.challenges.ask(kind, hashed(session_id(current)), current.shell.now(), token_bytes(CHALLENGE_BYTES))


def _taken(current: Current, nonce: str, kind: str) -> Challenge:
    return current.shell.challenges.take(nonce, kind, hashed(session_id(current)), current.shell.now())


def _is_active(view: View | Unit, name: str) -> bool:
    person = view.row(DeskOperator, name)
    return person is not None and person.state == "active"


def _removed(key: Passkey) -> Passkey:
    return replace(key, state="removed")


def _sign_in_page(request: Request, back: str, status: int = 200, fault: str = "") -> Response:
    current = current_of(request)
    asked = _asked(current, "passkey")
    return page(
        request, "shell/desk_sign_in.html", status=status, private=True, next=safe_next(back, ""), fault=fault,
        nonce=asked.nonce, options=sign_in_options(current.shell, asked.value),
    )  # fmt: skip


def _enrol_page(request: Request, secret: str, status: int = 200, fault: str = "") -> Response:
    current = current_of(request)
    with current.shell.office.store.view() as view:
        link = open_link(view, secret, current.shell.now())
        known = keys_of(view, link.person)
    asked = _asked(current, "enrolment")
    return page(
        request, "shell/enrol.html", status=status, private=True, link=link, fault=fault, nonce=asked.nonce,
        options=enrolment_options(current.shell, link.person, known, asked.value),
    )  # fmt: skip
