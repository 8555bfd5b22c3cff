"""Redeeming: which tokens, for shares or for cash; what they stand for; one confirmation. Its order then asks for them."""

import uuid
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.terms import Rates, hours_at
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_GRAIN, ATOMS_PER_SHARE, RawAmount, Shares
from openscrip.records.prices import hour_at
from openscrip.web.office import Office
from openscrip.web.pages.investor import Held, Place, holdings_of
from openscrip.web.rule_words import RULES, words_of
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor
from openscrip.web.wallet_choices import BANK, short

Amount = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Choice = Annotated[str, StringConstraints(max_length=120)]
Once = Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")]
Account = Annotated[str, StringConstraints(strip_whitespace=True, max_length=34, pattern=r"^[A-Za-z0-9 ./-]*$")]


class Wanted(BaseModel):
    """What is to be redeemed."""

    source: Choice
    amount: Amount
    kind: Literal["cash", "in_kind"] = "cash"
    deliver_to: Account = ""
    paid_in: Choice = BANK


FAULTS = {
    "source": "Choose one of your holdings.",
    "amount": "Write how many tokens, such as 10 or 2.5, with at most 8 decimals.",
    "deliver_to": "Name your account at your broker: letters, digits, blanks, '-', '/' and '.'.",
    "paid_in": "Choose one of the ways to be paid.",
}


def redeeming_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/redeem")
    def ask(
        request: Request, source: str = "", amount: str = "", kind: str = "cash", deliver_to: str = "", paid_in: str = BANK,
        rule: str = "",
    ) -> Response:  # fmt: skip
        """The form, filled with what was chosen before; `rule` says why that was not possible."""
        values = {"source": source, "amount": amount[:40], "kind": kind, "deliver_to": deliver_to[:34], "paid_in": paid_in}
        found = words_of(rule)
        refused = {"amount": f"Not possible because {found.because}. {found.remedy}"} if rule in RULES else {}
        return _form(request, Form(values, refused), 422 if refused else 200)

    @routes.post("/redeem")
    def look(request: Request) -> Response:
        """Check the entries, and lead to the page that says what they come to."""
        who = investor(request)
        try:
            asked = read(request, Wanted, "redeem.look")
        except Invalid as invalid:
            return _form(request, _named(invalid), 422)
        try:
            _meant(shell_of(request).office, who.person, asked)
        except Invalid as invalid:
            return _form(request, _named(invalid), 422)
        return redirect(request, f"/redeem/review?{urlencode(asked.model_dump() | {'once': uuid.uuid4().hex})}")

    @routes.get("/redeem/review")
    def review(
        request: Request, source: str = "", amount: str = "", kind: Literal["cash", "in_kind"] = "cash", deliver_to: str = "",
        paid_in: str = BANK, once: Once = "",
    ) -> Response:  # fmt: skip
        """What the tokens stand for, what it costs, what comes of it. `once` keys the form: two tabs are one order."""
        who = investor(request)
        office = shell_of(request).office
        try:
            asked = Wanted(source=source, amount=amount, kind=kind, deliver_to=deliver_to, paid_in=paid_in)
            held, place, raw = _meant(office, who.person, asked)
        except Invalid as invalid:
            return _form(request, _named(invalid), 422)
        except ValueError:
            return redirect(request, "/redeem")
        return page(
            request, "investor/redeem_review.html", private=True, asked=asked, once=once,
            **_figures(office, held, place, raw, asked),
        )  # fmt: skip

    _confirming(routes)
    return routes


def _confirming(routes: APIRouter) -> None:
    @routes.post("/redeem/confirm")
    def confirm(request: Request) -> Response:
        """Take the redemption into the line, once."""
        who = investor(request)
        try:
            asked = read(request, Wanted, "redeem")
        except Invalid as invalid:
            return _form(request, _named(invalid), 422)

        def act(request_id: str) -> Response:
            office = shell_of(request).office
            held, place, raw = _meant(office, who.person, asked)
            paid_in = asked.paid_in.partition(":")[0]
            row = office.market.redeem(
                request_id, who.person, held.stock.id, place.chain.name, place.wallet, raw,
                RedemptionKind[asked.kind.upper()], asked.deliver_to if asked.kind == "in_kind" else "", paid_in=paid_in,
            )  # fmt: skip
            office.nudge()
            told = {"stock": row.stock, "raw": str(row.raw), "kind": asked.kind, "state": row.state}
            record_alone(request, "order.redeem", row.id, told)
            if row.state == "refused":
                return redirect(request, f"/redeem?{urlencode({**asked.model_dump(), 'rule': row.rule})}")
            return redirect(request, f"/orders/{row.id}")

        try:
            return once(request, "redeem", asked, act)
        except Invalid as invalid:
            return _form(request, _named(invalid), 422)


def _named(invalid: Invalid) -> Form:
    return Form(
        invalid.values,
        {name: text if " " in text and name == "amount" else FAULTS.get(name, text) for name, text in invalid.errors.items()},
    )


def _meant(office: Office, person: str, asked: Wanted) -> tuple[Held, Place, RawAmount]:
    """Which tokens are meant. Raises `Invalid` by field."""
    values = asked.model_dump()
    holdings, _ = holdings_of(office, person)
    found = next((pair for pair in _sources(holdings) if _value(*pair) == asked.source), None)
    if found is None:
        raise Invalid({"source": FAULTS["source"]}, values)
    held, place = found
    try:
        raw = RawAmount.parse(asked.amount.replace(",", ""))
    except Malformed:
        raise Invalid({"amount": FAULTS["amount"]}, values) from None
    if not raw or raw.atoms % ATOMS_PER_GRAIN:
        raise Invalid({"amount": FAULTS["amount"]}, values)
    if raw > place.raw:
        raise Invalid({"amount": f"You hold {place.raw} tokens there; write no more than that."}, values)
    if asked.paid_in not in dict(_payouts(office, place.chain.name)):
        raise Invalid({"paid_in": FAULTS["paid_in"]}, values)
    if asked.kind == "in_kind":
        if not asked.deliver_to:
            raise Invalid({"deliver_to": FAULTS["deliver_to"]}, values)
        if held.stock.multiplier.to_shares_down(raw) < Shares.whole(1):
            raise Invalid({"amount": "Shares can be sent from one whole share on; choose cash for less."}, values)
    return held, place, raw


def _sources(holdings: list[Held]) -> list[tuple[Held, Place]]:
    return [(held, place) for held in holdings for place in held.places]


def _value(held: Held, place: Place) -> str:
    return f"{held.stock.id}:{place.chain.name}:{place.wallet}"


def _words(held: Held, place: Place) -> str:
    tokens = f"{place.raw} {held.stock.token_symbol} tokens"
    return f"{held.stock.id}: {tokens} = {place.shares} shares, {place.chain.title} {short(place.wallet)}"


def _payouts(office: Office, chain: str) -> list[tuple[str, str]]:
    """How money can be paid out for tokens of a chain."""
    with office.store.view() as view:
        coins = [coin for coin in view.rows(Stablecoin) if coin.chain == chain and coin.state == "accepted"]
    return [
        (BANK, "US dollars to my bank"),
        *((f"{coin.asset}:{coin.chain}", f"{coin.asset.upper()} to the same wallet") for coin in coins),
    ]


def _form(request: Request, form: Form, status: int = 200) -> Response:
    who = investor(request)
    office = shell_of(request).office
    holdings, silent = holdings_of(office, who.person)
    sources = [(_value(held, place), _words(held, place)) for held, place in _sources(holdings)]
    payouts = [(BANK, "US dollars to my bank")]
    for place in {place.chain.name: place for _, place in _sources(holdings)}.values():
        payouts += [(value, f"{words} ({place.chain.title})") for value, words in _payouts(office, place.chain.name)[1:]]
    return page(
        request, "investor/redeem.html", status=status, private=True, form=form, sources=sources, silent=silent,
        payouts=payouts, hour=hour_at(office.now(), office.calendar),
    )  # fmt: skip


def _figures(office: Office, held: Held, place: Place, raw: RawAmount, asked: Wanted) -> dict[str, Any]:
    """What it comes to: the claim rounded down, the dust that rounding takes, the fee, the money as it would be now."""
    stock, now = held.stock, office.now()
    claim = stock.multiplier.to_shares_down(raw)
    dust = stock.multiplier.to_ui_down(raw).atoms - claim.atoms * (10**18 // ATOMS_PER_SHARE)
    whole = claim.whole_down()
    try:
        rates = office.terms.rates(hours_at(office.calendar, now))
    except Refused:
        rates = Rates()
    in_kind = asked.kind == "in_kind"
    gross = stock.price.proceeds_down(Shares(claim.atoms - whole.atoms) if in_kind else claim)
    fee = Money(0) if in_kind else min(rates.fee_up(gross), gross)
    return {
        "held": held, "place": place, "raw": raw, "claim": claim, "dust": dust > 0, "whole": whole,
        "fraction": claim - whole, "gross": gross, "fee": fee, "net": gross - fee, "rates": rates, "in_kind": in_kind,
        "hour": hour_at(now, office.calendar), "paid_words": dict(_payouts(office, place.chain.name))[asked.paid_in],
        "is_redeemable": stock.is_redeemable,
    }  # fmt: skip
