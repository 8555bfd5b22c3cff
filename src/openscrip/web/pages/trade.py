"""The trading screen: one market with its ticket, and what a person has at the venue."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.kernel.errors import Malformed, Refused
from openscrip.records.holdings import wallets_of
from openscrip.web.csv_file import csv_response
from openscrip.web.office import Office
from openscrip.web.pages.markets import STATES, siblings
from openscrip.web.pages.trade_estimate import estimate_of
from openscrip.web.pages.trade_ticket import (
    KINDS,
    SELF_TRADES,
    TIMES,
    AmendAsked,
    CancelAsked,
    OrderAsked,
    PayInAsked,
    errors_of,
    refusal_of,
    told_to_venue,
    worst_of,
)
from openscrip.web.pages.venue_money import name_wallets
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import Form, Invalid, fields_of, once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor, visitor
from openscrip.web.trading import TRADES, MarketNow, TradedPair, TradingLine

INTERVALS = ((1, "1 min"), (5, "5 min"), (15, "15 min"), (60, "1 h"), (240, "4 h"), (1440, "1 day"))
SENT = "send"


def trade_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _add_pages(routes)
    _add_forms(routes)
    return routes


def _add_pages(routes: APIRouter) -> None:
    @routes.get("/trade/{pair}")
    def market(request: Request, pair: str, interval: int = 1) -> Response:
        """One market: live prices, the ticket, and the person's own orders."""
        return _screen(request, pair, "main", interval=interval)

    @routes.get("/trade/{pair}/market")
    def strip(request: Request, pair: str) -> Response:
        """The strip above: session, last price, reference, premium."""
        return _screen(request, pair, "strip")

    @routes.get("/trade/{pair}/ticket")
    def ticket(request: Request, pair: str) -> Response:
        """An empty ticket."""
        return _screen(request, pair, "ticket")

    @routes.get("/trade/{pair}/account")
    def account(request: Request, pair: str) -> Response:
        """Open orders, fills and balances."""
        return _screen(request, pair, "account")

    @routes.get("/trade/{pair}/candles")
    def candles(request: Request, pair: str, interval: int = 1) -> Response:
        """The chart as a table."""
        known, minutes = _pair(request, pair), _interval(interval)
        rows = shell_of(request).office.trading.candles(known.key, minutes)
        return page(request, "trade/candles.html", pair=known, minutes=minutes, rows=rows[::-1], intervals=INTERVALS)

    @routes.get("/trade/{pair}/candles.csv")
    def candles_file(request: Request, pair: str, interval: int = 1) -> Response:
        """The chart as a file."""
        known, minutes = _pair(request, pair), _interval(interval)
        rows = shell_of(request).office.trading.candles(known.key, minutes)
        header = ("at", "first", "high", "low", "last", "volume")
        cells = [(row.at, row.first, row.high, row.low, row.last, row.volume) for row in rows]
        return csv_response(f"{known.key}-{minutes}-minutes", header, cells)


def _add_forms(routes: APIRouter) -> None:
    @routes.post("/trade/open")
    def open_account(request: Request) -> Response:
        """An account at the venue, for the person's proven wallets."""
        person = investor(request).person
        office = shell_of(request).office
        with office.store.view() as view:
            wallets = [(each.wallet.chain, each.wallet.address) for each in wallets_of(view, person)]
        seat = office.trading.open(person, [(_place(chain), address) for chain, address in wallets])
        # Also as places to take money back to: the venue lets a new one wait for a while.
        name_wallets(office, person, seat)
        record_alone(request, "venue.open", str(seat.account), {})
        return redirect(request, _back(request))

    @routes.post("/trade/token")
    def token(request: Request) -> Response:
        """What the screen's own socket shows at the venue."""
        line = shell_of(request).office.trading
        told = {"token": line.token(investor(request).person), "url": line.private_socket}
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    @routes.post("/trade/pay-in")
    def pay_in(request: Request) -> Response:
        """Dollars from the played bank."""
        person = investor(request).person
        asked = read(request, PayInAsked, "trade.pay-in")

        def act(request_id: str) -> Response:
            shell_of(request).office.trading.pay_in(person, asked.dollars, request_id)
            record_alone(request, "venue.pay_in", request_id, {"dollars": asked.dollars})
            return redirect(request, _back(request))

        return once(request, "trade.pay-in", asked, act)

    @routes.post("/trade/{pair}/orders")
    def order(request: Request, pair: str) -> Response:
        """Review an order, then send it."""
        return _order(request, pair)

    @routes.post("/trade/{pair}/amend")
    def amend(request: Request, pair: str) -> Response:
        """Another price or quantity for an order that stands."""
        asked = read(request, AmendAsked, "trade.amend")
        known = _pair(request, pair)
        changes = {"order_qty": asked.quantity, "limit_price": asked.price}

        def act(line: TradingLine, person: str) -> None:
            line.amend(person, asked.order, {name: text for name, text in changes.items() if text})
            record_alone(request, "venue.amend", asked.order, changes)

        return _done(request, known, act)

    @routes.post("/trade/{pair}/cancel")
    def cancel(request: Request, pair: str) -> Response:
        """End one order, or all of them."""
        asked = read(request, CancelAsked, "trade.cancel")
        known = _pair(request, pair)

        def act(line: TradingLine, person: str) -> None:
            line.cancel(person, asked.order)
            record_alone(request, "venue.cancel", asked.order or "all", {})

        return _done(request, known, act)


def _order(request: Request, pair: str) -> Response:
    person, known = investor(request).person, _pair(request, pair)
    line = shell_of(request).office.trading
    try:
        asked = read(request, OrderAsked, "trade.order")
    except Invalid as invalid:
        return _screen(request, pair, "ticket", form=Form(invalid.values, invalid.errors), status=422)
    values = {name: each[-1] for name, each in fields_of(request).items()}
    errors = errors_of(asked, known)
    if errors:
        return _screen(request, pair, "ticket", form=Form(values, errors), status=422)
    try:
        if asked.step == SENT:

            def act(request_id: str) -> Response:
                told = told_to_venue(asked, known, request_id)
                sentence = line.place(person, told, only_check=False)
                record_alone(request, "venue.order", told["cl_ord_id"], {"order": sentence})
                return redirect(request, f"/trade/{known.key}?sent={told['cl_ord_id']}#account")

            done = once(request, "trade.order", asked, act)
            if "hx-redirect" not in done.headers:
                return done
            # The page stays: leaving it would close its line to the venue, and with it what an armed switch guards.
            empty = Form({"side": asked.side, "kind": asked.kind, "time": "GTC"})
            return _screen(request, pair, "ticket", form=empty, taken=True)
        sentence = line.place(person, told_to_venue(asked, known, "review"), only_check=True)
    except Refused as refusal:
        return _screen(request, pair, "ticket", form=Form(values, refusal_of(refusal)), status=422)
    now = _now(line, known)
    estimate = estimate_of(asked, now, line.book(known))
    review = {"sentence": sentence, "worst": worst_of(asked, known), "estimate": estimate, "asked": asked}
    return _screen(request, pair, "ticket", form=Form(values, {}), review=review)


def _done(request: Request, pair: TradedPair, act: Callable[[TradingLine, str], None]) -> Response:
    """After a change of an order: the account again, with what was refused above it."""
    trouble = ""
    try:
        act(shell_of(request).office.trading, investor(request).person)
    except Refused as refusal:
        trouble = refusal.text
    if request.headers.get("hx-request") == "true":
        return _screen(request, pair.key, "account", trouble=trouble, status=422 if trouble else 200)
    if trouble:
        return _screen(request, pair.key, "main", trouble=trouble, status=422)
    return redirect(request, f"/trade/{pair.key}#account")


def _screen(
    request: Request,
    pair: str,
    block: str,
    *,
    form: Form | None = None,
    review: Mapping[str, Any] | None = None,
    trouble: str = "",
    taken: bool = False,
    interval: int = 1,
    status: int = 200,
) -> Response:
    office = shell_of(request).office
    line, known, who = office.trading, _pair(request, pair), visitor(request)
    now = _now(line, known)
    person = who.name if who.kind == "investor" else ""
    seat = line.seat(person) if person and block != "strip" else None
    desk = None
    if seat is not None and block in ("main", "account"):
        try:
            desk = line.desk(person)
        except Refused as refusal:
            trouble = trouble or refusal.text
    kind, word, sentence = STATES[now.state]
    return page(
        request,
        "trade/pair.html",
        block=block,
        status=status,
        private=bool(person),
        line=line,
        pair=known,
        pairs=siblings(line.pairs(), known),
        now=now,
        state=(kind, word, sentence),
        takes_orders=now.state in TRADES,
        person=person,
        seat=seat,
        desk=desk,
        form=form or Form({"side": "buy", "kind": "limit", "time": "GTC"}),
        review=review,
        trouble=trouble,
        taken=taken,
        sent=request.query_params.get("sent", ""),
        kinds=KINDS,
        times=TIMES,
        self_trades=SELF_TRADES,
        intervals=INTERVALS,
        minutes=_interval(interval),
        opens=now.state in ("closed", "pre_open", "call") and bool(person) and _clock_is_played(office),
    )


def _clock_is_played(office: Office) -> bool:
    return office.practice is not None and office.clock_mode != "live"


def _pair(request: Request, key: str) -> TradedPair:
    line = shell_of(request).office.trading
    found = next((each for each in line.pairs() if each.key == key), None) if line.is_open else None
    if found is None:
        raise Malformed("pair.unknown", "trade: there is no such market")
    return found


def _now(line: TradingLine, pair: TradedPair) -> MarketNow:
    return next(each for each in line.markets() if each.pair.key == pair.key)


def _interval(minutes: int) -> int:
    if minutes not in {each for each, _ in INTERVALS}:
        raise Malformed("interval.unknown", "trade: there are no candles of that length")
    return minutes


def _place(chain: str) -> str:
    """The venue names a kind of chain."""
    return "solana" if chain == "solana" else "evm"


def _back(request: Request) -> str:
    """The market, or the page of the money, that a form was sent from."""
    told = fields_of(request).get("pair", [""])[-1]
    return f"/trade/{told}" if told.isalnum() and told.isascii() else "/trade"
