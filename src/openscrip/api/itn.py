"""The door that a tokenisation network calls: participants, tokens, requests to create in kind, and journals.

It is a door of its own, on its own port, and shows nothing else. The four calls answer under the paths of the network's guide
of 2026 (`/tokenization/...`) and under the older ones; a creation that is refused gets one of the network's sentences, exactly.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openscrip.api.itn_guard import Call, Guard
from openscrip.assets.network import NetworkStatus
from openscrip.issuance.in_kind_market import CreationAsked, InKindMarket
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable
from openscrip.kernel.quantities import Shares

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 64 * 1024
TEXT_MAX = 200
SENTENCES: Mapping[str, str] = {
    "itn.wallet": "Invalid Wallet: Wallet does not belong to client",
    "itn.token": "Invalid Token: Token not available on the network",
    "itn.eligibility": "Insufficient Eligibility: Client not eligible",
    "itn.payload": "Failed Validation: Invalid data payload",
    "itn.frozen": "Frozen Token: Token is waiting for a corporate action",
}
"""What the network hears of a refused creation. The last is ours: a frozen token is not one that is not available."""
STATUS = {
    "itn.address": 403, "itn.rate": 429, "itn.unauthorised": 401, "itn.size": 413, "itn.unknown": 404,
    "participant.unknown": 404, "participant.linked": 409, "itn.conflict": 409,
}  # fmt: skip


@dataclass(slots=True)
class ItnDoor:
    """What the door needs. `account` is our account at the network, `public_url` the address that the network calls.

    `refused` counts by rule what was turned away; `nudge` wakes the worker.
    """

    market: InKindMarket
    guard: Guard
    account: str
    public_url: str = ""
    nudge: Callable[[], None] = lambda: None
    refused: Counter[str] = field(default_factory=Counter)


Act = Callable[[Mapping[str, Any], Mapping[str, str]], tuple[dict[str, Any], str]]
"""What a call does: the answer, and the rule of a refusal that is its answer (empty for a good one)."""


def itn_application(door: ItnDoor) -> Starlette:
    """The door's routes."""
    market = door.market

    def connect(mail_answer: str) -> Act:
        def act(body: Mapping[str, Any], _: Mapping[str, str]) -> tuple[dict[str, Any], str]:
            account = _text(body, "client_account_number", "account")
            return {mail_answer: market.connect(_text(body, "email"), account)}, ""

        return act

    def tokens(_: Mapping[str, Any], __: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        told = [{"underlying": t.underlying, "token": t.token, "networks": list(t.networks)} for t in market.tokens()]
        return {"tokens": told}, ""

    def custody_account(_: Mapping[str, Any], path: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        symbol = path["symbol"]
        if symbol not in {token.underlying for token in market.tokens()}:
            raise Malformed("itn.unknown", f"itn: {symbol!a:.20} was not offered")
        return {"account_id": door.account, "underlying_symbol": symbol}, ""

    def create(body: Mapping[str, Any], _: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        row = market.create(read_creation(body))
        door.nudge()
        if row.state == "refused":
            return {}, row.rule
        return {"issuer_request_id": row.id, "status": "created"}, ""

    def confirm(body: Mapping[str, Any], _: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        status = _status(body)
        reason = body.get("reason")
        market.confirm(
            _text(body, "tokenization_request_id", "id"), _text(body, "issuer_request_id"), _client(body, required=False),
            status, reason if isinstance(reason, str) else "",
        )  # fmt: skip
        door.nudge()
        return {}, ""

    routes = [
        _post(door, "/accounts/connect", connect("client_id")),
        _post(door, "/tokenization/accounts/connect", connect("client_external_account_id")),
        _post(door, "/inkind/issuance", create),
        _post(door, "/tokenization/mint", create),
        _post(door, "/inkind/issuance/confirm", confirm),
        _post(door, "/tokenization/mint/confirm", confirm),
        _get(door, "/tokenized-assets", tokens),
        _get(door, "/tokenization/tokens", tokens),
        _get(door, "/tokenization/custody-accounts/{symbol}", custody_account),
    ]
    return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_route, Exception: _bug})


def read_creation(body: Mapping[str, Any]) -> CreationAsked:
    """A request to create. Raises `Malformed("itn.payload")`."""
    qty = body.get("qty")
    try:
        shares = Shares.parse(str(qty) if isinstance(qty, _Decimal | int) and not isinstance(qty, bool) else qty)
    except Refused as refusal:
        raise Malformed("itn.payload", refusal.text) from refusal
    return CreationAsked(
        _text(body, "tokenization_request_id", "id"), shares, _text(body, "underlying_symbol"), _text(body, "token_symbol"),
        _text(body, "network"), _client(body, required=True), _text(body, "wallet_address"),
    )  # fmt: skip


class _Decimal(str):
    """The text of a number with a fraction."""

    __slots__ = ()


def read_body(raw: bytes) -> dict[str, Any]:
    """The object in a body: no field twice, no number that is none. Raises `Malformed("itn.payload")`."""
    try:
        document = json.loads(raw, parse_float=_Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError) as error:
        raise Malformed("itn.payload", "itn: the body was not JSON") from error
    if not isinstance(document, dict):
        raise Malformed("itn.payload", "itn: the body was no object")
    return document


def _text(body: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that is there: printable text of some length."""
    value = next((body[name] for name in names if body.get(name) is not None), None)
    good = isinstance(value, str) and not isinstance(value, _Decimal) and 0 < len(value) <= TEXT_MAX and value.isprintable()
    if not good or not isinstance(value, str):
        raise Malformed("itn.payload", f"itn: {names[0]} was missing or no text of 1 to {TEXT_MAX} characters")
    return value


def _client(body: Mapping[str, Any], *, required: bool) -> str:
    """The participant, by exactly one of its names."""
    names = [name for name in ("client_external_account_id", "client_account_id", "client_id") if body.get(name) is not None]
    if not names and not required:
        return ""
    if len(names) != 1:
        raise Malformed("itn.payload", "itn: the client was named never, or twice")
    return _text(body, names[0])


def _status(body: Mapping[str, Any]) -> NetworkStatus:
    text = _text(body, "status")
    if text not in (NetworkStatus.COMPLETED, NetworkStatus.REJECTED):
        raise Malformed("itn.payload", f"itn: status {text!a:.40} was neither completed nor rejected")
    return NetworkStatus(text)


def _post(door: ItnDoor, path: str, act: Act) -> Route:
    return Route(path, _endpoint(door, act, has_body=True), methods=["POST"])


def _get(door: ItnDoor, path: str, act: Act) -> Route:
    return Route(path, _endpoint(door, act, has_body=False), methods=["GET"])


def _endpoint(door: ItnDoor, act: Act, *, has_body: bool) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)  # whoever asked was gone before the question was whole
        except Refused as refusal:
            return _refused(door, refusal, request)
        return await run_in_threadpool(_answer, door, act, request, raw, has_body)

    return endpoint


def _answer(door: ItnDoor, act: Act, request: Request, raw: bytes, has_body: bool) -> Response:
    caller = request.client.host if request.client else ""
    target = f"{door.public_url}{request.url.path}" if door.public_url else str(request.url)
    try:
        door.guard.check(Call(caller, request.method, target, dict(request.headers), raw))
        told, rule = act(read_body(raw) if has_body else {}, request.path_params)
    except Refused as refusal:
        return _refused(door, refusal, request)
    except (Unavailable, TimeoutError) as outage:
        log.warning("itn: %s", outage)
        return JSONResponse({"code": "unavailable", "message": "try again"}, 503, {"Retry-After": "1"})
    if rule:
        door.refused[rule] += 1
        return _said(400, rule, SENTENCES.get(rule, SENTENCES["itn.payload"]))
    return JSONResponse(told)


def _refused(door: ItnDoor, refusal: Refused, request: Request) -> Response:
    rule = refusal.code
    door.refused[rule] += 1
    status = STATUS.get(rule, 409 if isinstance(refusal, Conflict) else 400)
    if rule == "itn.rate":
        wait_s = door.guard.wait_s(request.client.host if request.client else "")
        return _said(429, rule, "Too Many Requests", {"Retry-After": str(max(1, wait_s))})
    if status in (401, 403):
        return _said(status, rule, "Unauthorized" if status == 401 else "Forbidden")
    if status == 400:
        return _said(400, rule, SENTENCES.get(rule, SENTENCES["itn.payload"]))
    return _said(status, rule, refusal.text)


def _said(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status, headers)


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Malformed("itn.size", f"itn: the body was longer than {BODY_BYTES_MAX} bytes")
    return bytes(body)


async def _no_route(_: Request, error: Exception) -> Response:
    return _said(getattr(error, "status_code", 404), "itn.route", "Not Found")


async def _bug(request: Request, error: Exception) -> Response:
    log.error("itn: %s %s failed", request.method, request.url.path, exc_info=error)
    return _said(500, "internal", "Internal Server Error")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field was given twice")
    return found
