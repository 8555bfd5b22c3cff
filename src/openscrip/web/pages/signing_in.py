"""Signing in with a wallet and out again, and who is signed in: `/sign-in`, `/sign-out`, `/security`."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.web.pages.desk_keys import keys_shown
from openscrip.web.pages.program_keys import WORDS, keys_held, scopes_of
from openscrip.web.shell.current import Current, current_of
from openscrip.web.shell.forms import read
from openscrip.web.shell.limits import address_of
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.sessions import Proven, begin, end, end_one, hashed, open_of, session_id
from openscrip.web.shell.visitors import SignInNeeded, safe_next, sign_in_path, visitor
from openscrip.web.signing.wallets import ask, proof_of, signer_of, solana_input


class ChallengeAsked(BaseModel):
    """Which wallet is to sign."""

    chain: Annotated[str, Field(max_length=20, pattern=r"^[a-z0-9-]+$")]
    address: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$")]


class WalletSigned(BaseModel):
    """What a wallet signed: hex of an EVM wallet, base58 and the signed bytes in base64 of a Solana one."""

    nonce: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]+$")]
    signature: Annotated[str, Field(min_length=1, max_length=8_194, pattern=r"^[A-Za-z0-9]+$")]
    signed: Annotated[str, Field(max_length=8_192)] = ""
    next: Annotated[str, Field(max_length=500)] = ""


class SessionEnded(BaseModel):
    """Which session is to end."""

    session: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def signing_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/sign-in")
    def sign_in(request: Request, next: str = "") -> Response:  # noqa: A002  # the name that links carry
        """With which wallet?"""
        if visitor(request).kind in {"wallet", "investor"}:
            return redirect(request, safe_next(next, "/holdings"))
        return page(
            request,
            "shell/sign_in.html",
            private=True,
            next=safe_next(next, ""),
            practice=shell_of(request).office.practice is not None,
        )

    @routes.post("/sign-in/challenge")
    def challenge(request: Request) -> Response:
        """The text that a wallet is to sign, once, within five minutes, in this browser."""
        current = current_of(request)
        asked = read(request, ChallengeAsked, "sign-in")
        spend(current, asked.address)
        made = ask(current.shell, signer_of(current.shell, asked.chain, asked.address), bound_to(current))
        fields = solana_input(current.shell, made) if asked.chain == "solana" else {}
        answer = {"nonce": made.nonce, "text": made.value.decode(), "input": fields}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @routes.post("/sign-in")
    def signed(request: Request) -> Response:
        """Sign in with what the wallet signed."""
        told = read(request, WalletSigned, "sign-in")
        proven = proven_wallet(current_of(request), told)
        begin(current_of(request), proven, current_of(request).shell.lives)
        known = visitor(request)
        return redirect(request, safe_next(told.next, "/holdings") if known.kind == "investor" else "/join")

    @routes.post("/sign-out")
    def sign_out(request: Request) -> Response:
        """Leave."""
        end(current_of(request))
        return redirect(request, "/")

    @routes.get("/security")
    def security(request: Request) -> Response:
        """Who is signed in as me, from where, and with which keys."""
        return security_page(request)

    @routes.post("/security/sessions/end")
    def end_session(request: Request) -> Response:
        """End another session of mine."""
        told, who = read(request, SessionEnded, "session"), visitor(request)
        if who.kind == "anonymous":
            raise SignInNeeded("/sign-in")
        if told.session == who.session:
            end(current_of(request))
            return redirect(request, "/")
        end_one(current_of(request), who.owner, told.session)
        return redirect(request, "/security")

    return routes


def bound_to(current: Current) -> str:
    """The session that a question is asked in."""
    return hashed(session_id(current))


def spend(current: Current, account: str) -> None:
    """Count an attempt to sign in, by address and by account. Raises `TooMany`."""
    address, now = address_of(current.request), current.shell.now()
    current.shell.limits.spend("sign-in", address, now)
    current.shell.limits.spend("account", f"{address} {account.lower()}", now)


def proven_wallet(current: Current, told: WalletSigned) -> Proven:
    """The wallet that answered its question. Raises `Refused("challenge.void")`, `Refused("wallet.signature")`."""
    shell = current.shell
    shell.limits.spend("sign-in", address_of(current.request), shell.now())
    asked = shell.challenges.take(told.nonce, "wallet", bound_to(current), shell.now())
    proof = proof_of(asked, told.signature, told.signed, shell.office.contracts)
    return Proven("wallet", "", asked.facts["chain"], asked.facts["address"], proof)


def security_page(request: Request, status: int = 200, fault: str = "", new_key: str = "") -> Response:
    """The page, also with what went wrong."""
    who, current = visitor(request), current_of(request)
    if who.kind == "anonymous":
        raise SignInNeeded(sign_in_path(current, "/sign-in"))
    with current.shell.office.store.view() as view:
        sessions = open_of(view, who.owner, current.shell.now())
        passkeys = keys_shown(request, view) if who.kind == "operator" else {}
        programs = keys_held(view, who)
    return page(
        request, "shell/security.html", status=status, private=True, sessions=sessions, here=who.session, fault=fault,
        new_key=new_key, programs=programs, may=[(scope.value, WORDS[scope]) for scope in scopes_of(who)],
        **{"keys": (), "options": "", "nonce": "", "recoveries": (), **passkeys},
    )  # fmt: skip
