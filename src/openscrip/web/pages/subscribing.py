"""Subscribing: an amount, a quote with its worst case and its end, one confirmation. The order's own page says the rest."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from openscrip.assets.stock import Stock
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.quote import Quote, QuoteMode, QuoteSide
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.records.holdings import wallets_of
from openscrip.records.prices import hour_at
from openscrip.web.office import Office
from openscrip.web.rule_words import RULES, RuleWords, sentence_of, words_of
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor
from openscrip.web.wallet_choices import BANK, destination_of, destinations, payer_of, payments

Amount = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
Choice = Annotated[str, StringConstraints(max_length=120)]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,12}$")]


class Wanted(BaseModel):
    """What is to be quoted."""

    stock: Symbol
    amount: Amount
    unit: Literal["shares", "usd"] = "shares"
    mode: Literal["order_through", "instant"] = "order_through"
    to: Choice
    pay: Choice = BANK


class Confirmed(BaseModel):
    """A quote that is taken, with where the tokens go and how it is paid."""

    to: Choice
    pay: Choice = BANK


def subscribing_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/subscribe")
    def ask(
        request: Request, stock: str = "", amount: str = "", unit: str = "shares", mode: str = "order_through", to: str = "",
        pay: str = BANK, rule: str = "",
    ) -> Response:  # fmt: skip
        """The form, filled with what was chosen before; `rule` says why that was not possible."""
        values = {"stock": stock, "amount": amount[:30], "unit": unit, "mode": mode, "to": to, "pay": pay}
        found = words_of(rule)
        refused = {"amount": f"Not possible because {found.because}. {found.remedy}"} if rule in RULES else {}
        return _form(request, Form(values, refused), 422 if refused else 200)

    @routes.post("/subscribe")
    def quote(request: Request) -> Response:
        """Take a quote. What is not possible comes back with the rule in words and the entries kept."""
        who = investor(request)
        try:
            asked = read(request, Wanted, "quote")
        except Invalid as invalid:
            return _form(request, _named(invalid), status=422)
        try:
            amount = _amount(asked)
        except Malformed:
            return _form(request, Form(dict(asked), {"amount": FAULTS["amount"]}), status=422)

        shell = shell_of(request)
        shell.limits.spend("quotes", who.person, shell.now())

        def act(request_id: str) -> Response:
            office = shell.office
            offered = _offered(office, who.person)
            destination_of(asked.to, offered["to"])
            payer_of(asked.pay, offered["pay"])
            row = office.market.quote(request_id, who.person, asked.stock, QuoteSide.SUBSCRIBE, QuoteMode(asked.mode), amount)
            if row.state == "refused":
                return redirect(request, f"/subscribe?{urlencode({**dict(asked), 'rule': row.rule})}")
            return redirect(request, f"/subscribe/{row.id}?{urlencode({'to': asked.to, 'pay': asked.pay})}")

        try:
            return once(request, "quote", asked, act)
        except Malformed as wrong:
            field = {"wallet.choice": "to", "payment.choice": "pay", "symbol.unknown": "stock"}.get(wrong.code, "amount")
            fault = sentence_of(wrong) if field == "amount" else FAULTS[field]
            return _form(request, Form(dict(asked), {field: fault}), 422)

    _confirming(routes)
    return routes


def _confirming(routes: APIRouter) -> None:
    @routes.get("/subscribe/{quote_id}")
    def review(request: Request, quote_id: str, to: str = "", pay: str = BANK, rule: str = "") -> Response:
        """The quote: what is paid, what comes at least, by when; `rule` says why it could not be taken."""
        return _review(request, quote_id, to, pay, refused=RULES.get(rule))

    @routes.post("/subscribe/{quote_id}")
    def confirm(request: Request, quote_id: str) -> Response:
        """Place the order, once. Where another tab has taken the same quote, its order is shown."""
        who = investor(request)
        asked = read(request, Confirmed, "subscribe")
        office = shell_of(request).office
        row = _own_quote(office, who.person, quote_id)
        offered = _offered(office, who.person)
        (chain, wallet), paid_by = destination_of(asked.to, offered["to"]), payer_of(asked.pay, offered["pay"])

        def act(request_id: str) -> Response:
            if row.used_by:
                return redirect(request, f"/orders/{row.used_by}")
            order = office.market.subscribe(
                request_id, who.person, row.stock, chain, wallet, row.shares, row.mode is QuoteMode.INSTANT, row.id, paid_by
            )
            office.nudge()
            told = {"stock": row.stock, "shares": str(row.shares), "deposit": str(order.deposit), "state": order.state}
            record_alone(request, "order.subscribe", order.id, told)
            if order.rule == "quote.used":  # by another tab, in this moment
                return redirect(request, f"/orders/{_own_quote(office, who.person, quote_id).used_by}")
            if order.rule == "quote.expired":
                return redirect(request, f"/subscribe/{quote_id}?{urlencode({**dict(asked), 'rule': order.rule})}")
            return redirect(request, f"/orders/{order.id}")

        return once(request, "subscribe", asked, act)


def _amount(asked: Wanted) -> Shares | Money:
    plain = asked.amount.replace(",", "")
    return Shares.parse(plain) if asked.unit == "shares" else Money.parse(plain)


FAULTS = {
    "amount": "Write an amount such as 10 or 2.5.",
    "stock": "Choose one of the listed stocks.",
    "to": "Choose one of your own wallets.",
    "pay": "Choose one of the ways to pay.",
}


def _named(invalid: Invalid) -> Form:
    return Form(invalid.values, {name: FAULTS.get(name, text) for name, text in invalid.errors.items()})


def _offered(office: Office, person: str) -> dict[str, list[tuple[str, str]]]:
    with office.store.view() as view:
        wallets, coins = wallets_of(view, person), view.rows(Stablecoin)
    chains = office.rails.chains()
    return {"to": destinations(wallets, chains), "pay": payments(wallets, chains, coins)}


def _form(request: Request, form: Form, status: int = 200) -> Response:
    who = investor(request)
    office = shell_of(request).office
    with office.store.view() as view:
        stocks = sorted(view.rows(Stock), key=lambda each: each.id)
    offered = _offered(office, who.person)
    values = {**form.values, "stock": form.values.get("stock") or (stocks[0].id if stocks else "")}
    return page(
        request, "investor/subscribe.html", status=status, private=True, form=Form(values, form.errors), stocks=stocks,
        hour=hour_at(office.now(), office.calendar), to=offered["to"], pay=offered["pay"],
    )  # fmt: skip


def _own_quote(office: Office, person: str, quote_id: str) -> Quote:
    with office.store.view() as view:
        row = view.row(Quote, quote_id)
    if row is None or row.person != person or row.side is not QuoteSide.SUBSCRIBE or row.state == "refused":
        raise Malformed("quote.unknown", "quote: there is none of that number here")
    return row


def _review(request: Request, quote_id: str, to: str, pay: str, *, refused: RuleWords | None = None) -> Response:
    who = investor(request)
    office = shell_of(request).office
    row = _own_quote(office, who.person, quote_id)
    offered = _offered(office, who.person)
    to = to if to in dict(offered["to"]) else offered["to"][0][0] if offered["to"] else ""
    pay = pay if pay in dict(offered["pay"]) else BANK
    with office.store.view() as view:
        stock = view.row(Stock, row.stock)
    now = office.now()
    return page(
        request, "investor/quote.html", status=422 if refused else 200, private=True, quote=row, stock=stock, to=to, pay=pay,
        to_words=dict(offered["to"]).get(to, ""), pay_words=dict(offered["pay"])[pay], left=max(0, row.expires_at - now),
        is_over=now >= row.expires_at or row.state == "used", standing=_stands(office), refused=refused, coin=_coin(pay),
        figures=_figures(row), **_dates(office, row),
    )  # fmt: skip


def _stands(office: Office) -> bool:
    """Whether market time is moved by hand or by jumps, so that a countdown in seconds would mislead."""
    return office.clock_mode != "live"


def _coin(pay: str) -> str:
    return "" if pay == BANK else pay.partition(":")[0].upper()


def _figures(row: Quote) -> Mapping[str, Money]:
    """What a quote is made of: shares at its unit price, the fee, the whole."""
    cost, likely = row.unit_price.cost_up(row.shares), row.price.cost_up(row.shares)
    return {"cost": cost, "fee": row.rates.fee_up(cost), "spare": row.amount - likely - row.rates.fee_up(likely)}


def _dates(office: Office, row: Quote) -> dict[str, Any]:
    """When it is bought and when it is delivered, as far as the calendar tells."""
    hour = hour_at(office.now(), office.calendar)
    try:
        today = new_york_date(office.now())
        session = office.calendar.session_on_or_after(today)
        if session.close_at <= office.now():
            session = office.calendar.next_session(today)
        settles: date | None = office.calendar.settle(session.day)
        opens_at: int | None = session.open_at if session.open_at > office.now() else None
    except Refused:
        settles, opens_at = None, None
    return {"hour": hour, "settles_on": settles, "opens_at": opens_at, "instant": row.mode is QuoteMode.INSTANT}
