"""What a simulated run plays for visitors: a lent wallet, the faucet, the bank, the identity provider's page, the clock.

Each answers 404 where the money is real. The name of a practice wallet is a hash of a random cookie: whoever has the cookie
has the wallet, for as long as the browser keeps it.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.assets.compliance.identity import Outcome
from openscrip.issuance.identity_inbox import Examination
from openscrip.issuance.joining import PROVIDER
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.kernel.money import Money
from openscrip.web.office import Office
from openscrip.web.rails import Practice
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.current import current_of
from openscrip.web.shell.forms import read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor, safe_next, wallet

COINS = Money(250_000 * 10**6)
"""What one click on the faucet gives."""
DAY_S, STAGE_S = 86_400, 60
OPENED = ("open", "post_only", "halted", "delisted")
"""States of a market that time alone does not open any further."""
OPENING_S, HEARD_S, LOOK_S = 25.0, 3.0, 0.2
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")

Word = Annotated[str, StringConstraints(max_length=60)]


class Nothing(BaseModel):
    """A form without fields of its own."""


class EvmAsked(BaseModel):
    """A request of EIP-1193."""

    method: Word
    params: Annotated[str, StringConstraints(max_length=40_000)] = "[]"


class SolanaAsked(BaseModel):
    """Bytes to sign, in base64."""

    method: Word
    payload: Annotated[str, StringConstraints(max_length=8_000)]


class FundAsked(BaseModel):
    """Whose wallet the faucet fills."""

    chain: Word
    wallet: Annotated[str, StringConstraints(max_length=80)]
    next: Annotated[str, StringConstraints(max_length=200)] = "/holdings"


class Returning(BaseModel):
    """A form without fields of its own, and the page to go on at."""

    next: Annotated[str, StringConstraints(max_length=200)] = "/reports"


class Examined(BaseModel):
    """What is to come of an examination."""

    outcome: Outcome


class Advanced(BaseModel):
    """How far the clock is moved: to what is due next, by a day, or until the market `pair` has opened."""

    to: Literal["event", "day", "opening"] = "event"
    pair: Annotated[str, StringConstraints(max_length=20)] = ""
    next: Annotated[str, StringConstraints(max_length=200)] = "/holdings"


def practice_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _wallets(routes)
    _money(routes)
    _identity(routes)
    _report(routes)
    return routes


def practice_of(request: Request) -> Practice:
    """What is played here. Raises `Malformed("page.unknown")` where nothing is."""
    found = shell_of(request).office.practice
    if found is None:
        raise Malformed("page.unknown", "practice: this run is no simulation")
    return found


def _name(request: Request) -> str:
    """The name of this browser's practice wallet; a browser without one is given the cookie."""
    current = current_of(request)
    cookie = f"{shell_of(request).cookie}-practice"
    found = request.cookies.get(cookie, "")
    if not _COOKIE.fullmatch(found):
        found = secrets.token_urlsafe(32)
        current.cookies.append(f"{cookie}={found}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000")
    return "practice-" + hashlib.sha256(found.encode()).hexdigest()[:32]


def _wallets(routes: APIRouter) -> None:
    @routes.post("/practice/wallet")
    def lend(request: Request) -> Response:
        """The addresses of this browser's practice wallet."""
        practice = practice_of(request)
        read(request, Nothing, "practice")
        found = practice.addresses(_name(request))
        key = base64.b64encode(bytes(Pubkey.from_string(found["solana"]))).decode()
        return JSONResponse({"evm": found["evm"], "solana": found["solana"], "solana_key": key})

    @routes.post("/practice/evm")
    def evm(request: Request) -> Response:
        """A request of EIP-1193 to the practice wallet."""
        practice = practice_of(request)
        asked = read(request, EvmAsked, "practice")
        return JSONResponse({"result": _evm(request, practice, asked)})

    @routes.post("/practice/solana")
    def solana(request: Request) -> Response:
        """Sign a message or a transaction."""
        practice = practice_of(request)
        asked = read(request, SolanaAsked, "practice")
        try:
            payload = base64.b64decode(asked.payload, validate=True)
        except ValueError:
            raise Malformed("practice.payload", "practice: the payload was no base64") from None
        known = {"message": practice.sign_solana, "transaction": practice.sign_solana_transaction}
        if asked.method not in known:
            raise Malformed("practice.method", f"practice: {asked.method!a:.40} is nothing that the practice wallet does")
        return JSONResponse({"result": base64.b64encode(known[asked.method](_name(request), payload)).decode()})


def _evm(request: Request, practice: Practice, asked: EvmAsked) -> object:
    try:
        params = json.loads(asked.params)
        office = shell_of(request).office
        number = office.chain_ids["evm"]
        match asked.method:
            case "eth_chainId":
                return hex(number)
            case "wallet_switchEthereumChain":
                wanted = int(params[0]["chainId"], 16)
                text = f"practice: the practice wallet is on chain {number}, {wanted} was asked"
                refuse_unless(wanted == number, "practice.chain", text)
                return None
            case "personal_sign":
                return practice.sign_evm(_name(request), bytes.fromhex(params[0].removeprefix("0x")))
            case "eth_sendTransaction":
                call = params[0]
                value = int(call.get("value") or "0x0", 16)
                return practice.send_evm(_name(request), number, str(call["to"]), str(call["data"]), value)
            case _:
                return practice.ask_evm(number, asked.method, list(params))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise Malformed("practice.params", f"practice: the parameters of {asked.method!a:.40} could not be read") from None


def _money(routes: APIRouter) -> None:
    @routes.post("/practice/fund")
    def fund(request: Request) -> Response:
        """Simulated coins, and what pays for transactions, for a wallet that is this visitor's."""
        practice = practice_of(request)
        asked = read(request, FundAsked, "practice")
        practice.fund(asked.chain, asked.wallet, COINS)
        record_alone(request, "practice.fund", asked.wallet, {"chain": asked.chain})
        return redirect(request, safe_next(asked.next, "/holdings"))

    @routes.post("/orders/{order_id}/simulated-payment")
    def pay(request: Request, order_id: str) -> Response:
        """The visitor's simulated bank sends what an order waits for; again is the same payment."""
        practice, who = practice_of(request), investor(request)
        read(request, Nothing, "practice")
        office = shell_of(request).office
        with office.store.view() as view:
            row = view.row(Subscription, order_id)
        if row is None or row.person != who.person:
            raise Malformed("order.unknown", "order: there is none of that number here")
        if row.state == "awaiting_payment":
            practice.pay(row)
            record_alone(request, "practice.pay", order_id, {"amount": str(row.deposit)})
            office.nudge()
        return redirect(request, f"/orders/{order_id}")

    @routes.post("/practice/clock")
    def advance(request: Request) -> Response:
        """Move the simulated clock on: to whatever is due next, by a day, or until a market is open."""
        practice = practice_of(request)
        asked = read(request, Advanced, "practice")
        office = shell_of(request).office
        now = office.now()
        if asked.to == "opening":
            at = _open_market(office, practice, asked.pair)
        else:
            at = now + DAY_S if asked.to == "day" else max(practice.next_due() or now, now)
            practice.advance_to(at)
        record_alone(request, "practice.clock", str(at), {})
        return redirect(request, safe_next(asked.next, "/holdings"))


def _report(routes: APIRouter) -> None:
    @routes.post("/practice/report")
    def report(request: Request) -> Response:
        """Let issuer, custodians and auditor write and sign a reserve report now, where they are played."""
        practice = practice_of(request)
        asked = read(request, Returning, "practice")
        practice.report()
        record_alone(request, "practice.report", "", {})
        return redirect(request, safe_next(asked.next, "/reports"))


def _open_market(office: Office, practice: Practice, pair: str) -> int:
    """Go to the exchange's next opening, then by the minute until the venue's auction is over; the market's time then.

    The venue hears of the time once a second, so that each step waits until it has; as far as it gets while somebody waits.
    """
    ends = time.monotonic() + OPENING_S
    while (state := _state_of(office, pair)) not in OPENED and time.monotonic() < ends:
        now = office.now()
        session = office.calendar.session_on_or_after(new_york_date(now))
        if now >= session.close_at:
            session = office.calendar.next_session(new_york_date(now))
        practice.advance_to(max(now + STAGE_S, session.open_at))
        heard = time.monotonic() + HEARD_S
        while _state_of(office, pair) == state and time.monotonic() < heard:
            time.sleep(LOOK_S)
    return office.now()


def _state_of(office: Office, pair: str) -> str:
    found = next((each.state for each in office.trading.markets() if each.pair.key == pair), "")
    if not found:
        raise Malformed("pair.unknown", "trade: there is no such market")
    return found


def _identity(routes: APIRouter) -> None:
    @routes.get("/simulated-identity/{subject}")
    def examination(request: Request, subject: str) -> Response:
        """The simulated identity provider's own page."""
        practice_of(request)
        _examined(request, subject)
        return page(request, "investor/identity.html", private=True, subject=subject)

    @routes.post("/simulated-identity/{subject}")
    def decide(request: Request, subject: str) -> Response:
        """What the visitor lets the simulated provider find; it tells us by a signed webhook, as a real one would."""
        practice, row = practice_of(request), _examined(request, subject)
        asked = read(request, Examined, "practice")
        practice.examine(subject, row.client, asked.outcome)
        record_alone(request, "practice.examine", row.client, {"outcome": asked.outcome.value})
        return redirect(request, "/join?checking=1")


def _examined(request: Request, subject: str) -> Examination:
    """The examination of whoever asks; anybody else's is not known to them."""
    who = wallet(request)
    with shell_of(request).office.store.view() as view:
        row = view.row(Examination, f"{PROVIDER}:{subject}")
    if row is None or not who.person or row.client != who.person:
        raise Malformed("examination.unknown", "examination: there is none of that number here")
    return row
