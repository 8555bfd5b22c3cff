"""Tokens and coins to the venue and back: what a wallet signs to send them, how far they are, and asking for them again."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.kernel.errors import Malformed, Refused
from openscrip.web.office import Office
from openscrip.web.pages.investor import SignedTransaction
from openscrip.web.rule_words import sentence_of
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor
from openscrip.web.trading import BalanceLine, Seat
from openscrip.web.venue_money import BROUGHT, TAKEN, Passage, Reached, reached, underway
from openscrip.web.venue_purse import Source, goals_of, own_wallets, sources_of, units_of

HOME = "/trade/money"
TX_IDS = {"evm": re.compile(r"0x[0-9a-fA-F]{64}"), "solana": re.compile(r"[1-9A-HJ-NP-Za-km-z]{64,90}")}
"""What names a transaction, by kind of chain."""

Amount = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Choice = Annotated[str, StringConstraints(max_length=160)]
FAULTS = {"goal": "Choose what, and where to.", "amount": "Write how much, such as 10 or 2.5."}


class SendAsked(BaseModel):
    """What a wallet is to send."""

    source: Choice
    amount: Amount


class TakeAsked(BaseModel):
    """What is to leave the venue, and where to."""

    goal: Choice
    amount: Amount


def venue_money_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _looks(routes)
    _sending(routes)
    _taking(routes)
    return routes


def _looks(routes: APIRouter) -> None:
    @routes.get("/trade/money")
    def money(request: Request) -> Response:
        """What may be sent and taken, and what is under way."""
        return _money(request, Form())

    @routes.get("/trade/money/send")
    def send(request: Request, source: str = "", amount: str = "") -> Response:
        """One form: how much. The wallets below it send it."""
        person, office = investor(request).person, shell_of(request).office
        found = _source(office, person, source)
        return page(
            request, "trade/send.html", private=True, source=found, form=Form({"amount": amount[:40] or found.held}),
            seat=_seat(office, person), practice=office.practice is not None,
        )  # fmt: skip

    @routes.get("/trade/money/sent/{place}/{tx_id}")
    def sent(request: Request, place: str, tx_id: str) -> Response:
        """How far a transfer to the venue is: as the venue has it, or before that as its chain says."""
        person, office = investor(request).person, shell_of(request).office
        chain = office.rails.chains().get(place)
        if chain is None or not TX_IDS[chain.kind].fullmatch(tx_id):
            raise Malformed("transfer.unknown", "transfer: there is no transaction of that name")
        row = next((each for each in _passages(office, person) if each.way == "in" and _same(each.tx_id, tx_id)), None)
        at = reached(row) if row is not None else underway(office.rails.landing(place, tx_id))
        return _passage(request, row, at, BROUGHT, tx_id, place)

    @routes.get("/trade/money/taken/{passage_id}")
    def taken(request: Request, passage_id: str) -> Response:
        """How far a withdrawal is."""
        person, office = investor(request).person, shell_of(request).office
        row = next((each for each in _passages(office, person) if each.id == passage_id), None)
        if row is None:
            raise Malformed("transfer.unknown", "transfer: there is none of that number here")
        return _passage(request, row, reached(row), TAKEN if row.way == "out" else BROUGHT, row.tx_id, row.place)


def _sending(routes: APIRouter) -> None:
    @routes.post("/trade/money/send")
    def prepare(request: Request) -> Response:
        """What the wallet is asked to sign. The wallet is made known to the venue first, so that it knows whose it is."""
        person, office = investor(request).person, shell_of(request).office
        try:
            asked = read(request, SendAsked, "trade.send")
        except Invalid:
            raise Malformed("amount.malformed", f"amount: {FAULTS['amount']}") from None
        seat = _seat(office, person)
        if seat is None:
            raise Refused("venue.account", "account: you have none at the venue yet; open one first")
        source = _source(office, person, asked.source)
        signing = source.to_sign(office.rails, units_of(asked.amount, source))
        office.venue_money.know(seat.account, source.accepted.place, source.wallet)
        return JSONResponse(signing.document())

    @routes.post("/trade/money/send/signed")
    def hand_in(request: Request) -> Response:
        """Hand a signed Solana transaction in."""
        investor(request)
        asked = read(request, SignedTransaction, "trade.send")
        sent = shell_of(request).office.rails.send(asked.content())
        record_alone(request, "venue.sent", sent, {})
        return JSONResponse({"id": sent})


def _taking(routes: APIRouter) -> None:
    @routes.post("/trade/money/take")
    def take(request: Request) -> Response:
        """Ask for a withdrawal to a wallet of one's own."""
        person, office = investor(request).person, shell_of(request).office
        try:
            asked = read(request, TakeAsked, "trade.take")
        except Invalid as invalid:
            return _money(
                request, Form(invalid.values, {name: FAULTS.get(name, text) for name, text in invalid.errors.items()})
            )
        seat = _seat(office, person)
        if seat is None:
            return redirect(request, HOME)

        def act(request_id: str) -> Response:
            goals = goals_of(office, person, office.trading.desk(person).balances)
            goal = next((each for each in goals if each.value == asked.goal), None)
            if goal is None:
                raise Malformed("goal.unknown", "goal: it is not offered here")
            amount = units_of(asked.amount, goal)
            office.venue_money.know(seat.account, goal.accepted.place, goal.wallet)
            made = office.venue_money.take(
                seat.account, request_id, goal.accepted.asset, goal.accepted.place, goal.wallet, amount
            )
            record_alone(request, "venue.take", made, {"asset": goal.accepted.id, "amount": amount})
            return redirect(request, f"{HOME}/taken/{made}")

        try:
            return once(request, "trade.take", asked, act)
        except Refused as refusal:
            field = "goal" if refusal.code == "goal.unknown" else "amount"
            text = FAULTS["goal"] if field == "goal" else sentence_of(refusal)
            return _money(request, Form(dict(asked), {field: text}))

    @routes.post("/trade/money/know")
    def know(request: Request) -> Response:
        """Name every wallet of the person's own to the venue; those that it knows stay as they are."""
        person, office = investor(request).person, shell_of(request).office
        seat = _seat(office, person)
        if seat is not None:
            name_wallets(office, person, seat)
        return redirect(request, HOME)


def name_wallets(office: Office, person: str, seat: Seat) -> None:
    """Tell the venue which wallets, and which account at the played bank, are the person's own."""
    accepted = office.venue_money.accepted()
    places = {each.place for each in accepted.values()}
    for place, wallet in own_wallets(office, person):
        if place in places:
            office.venue_money.know(seat.account, place, wallet)


def _money(request: Request, form: Form) -> Response:
    person, office = investor(request).person, shell_of(request).office
    seat, line = _seat(office, person), office.trading
    balances: Sequence[BalanceLine] = line.desk(person).balances if seat is not None else ()
    passages = _passages(office, person)
    usable = {each: office.venue_money.usable_at(seat.account, *each) for each in own_wallets(office, person)} if seat else {}
    chains = office.rails.chains()
    return page(
        request, "trade/money.html", status=422 if form.errors else 200, private=True, is_open=line.is_open, seat=seat,
        form=form, sources=sources_of(office, person), balances=balances,
        goals=goals_of(office, person, balances), usable=usable, now=office.now(), chains=chains,
        passages=[(each, reached(each)) for each in passages], practice=office.practice is not None,
        standing=office.clock_mode != "live",
    )  # fmt: skip


def _passage(request: Request, row: Passage | None, at: Reached, steps: Sequence[str], tx_id: str, place: str) -> Response:
    office = shell_of(request).office
    return page(
        request, "trade/passage.html", private=True, row=row, at=at, steps=steps, tx_id=tx_id,
        chain=office.rails.chains().get(place), practice=office.practice is not None, standing=office.clock_mode != "live",
    )  # fmt: skip


def _seat(office: Office, person: str) -> Seat | None:
    return office.trading.seat(person) if office.trading.is_open else None


def _source(office: Office, person: str, value: str) -> Source:
    """Raises `Malformed("source.unknown")` for what is not in a wallet of this person's."""
    found = next((each for each in sources_of(office, person) if each.value == value), None)
    if found is None:
        raise Malformed("source.unknown", "source: that is in none of your wallets; choose again from the list")
    return found


def _passages(office: Office, person: str) -> Sequence[Passage]:
    seat = _seat(office, person)
    return office.venue_money.passages(seat.account, own_wallets(office, person)) if seat is not None else ()


def _same(known: str, asked: str) -> bool:
    """EVM nodes spell hashes in small letters; signatures of Solana are what they are."""
    return known == asked or (known.startswith("0x") and known.lower() == asked.lower())
