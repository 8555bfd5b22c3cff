"""The pages, one module a face. A module makes a router over nothing: what it needs it takes from the request's shell."""

from collections.abc import Callable

from fastapi import APIRouter

from openscrip.web.pages.activity import activity_routes
from openscrip.web.pages.api_keys import api_key_routes
from openscrip.web.pages.cancelling import cancelling_routes
from openscrip.web.pages.desk import desk_routes
from openscrip.web.pages.desk_approvals import desk_approval_routes
from openscrip.web.pages.desk_keys import desk_key_routes
from openscrip.web.pages.desk_looks import desk_look_routes
from openscrip.web.pages.desk_venue import desk_venue_routes
from openscrip.web.pages.doorstep import doorstep_routes
from openscrip.web.pages.events import live_routes
from openscrip.web.pages.evidence import evidence_routes
from openscrip.web.pages.facts import facts_routes
from openscrip.web.pages.investor import investor_routes
from openscrip.web.pages.joining import joining_routes
from openscrip.web.pages.markets import market_routes
from openscrip.web.pages.practice import practice_routes
from openscrip.web.pages.public import public_routes
from openscrip.web.pages.redeeming import redeeming_routes
from openscrip.web.pages.signing_in import signing_routes
from openscrip.web.pages.statements import statement_routes
from openscrip.web.pages.style import style_routes
from openscrip.web.pages.subscribing import subscribing_routes
from openscrip.web.pages.trade import trade_routes
from openscrip.web.pages.venue_money import venue_money_routes

MAKERS: tuple[Callable[[], APIRouter], ...] = (
    doorstep_routes,
    public_routes,
    evidence_routes,
    facts_routes,
    activity_routes,
    signing_routes,
    desk_key_routes,
    desk_venue_routes,
    desk_routes,
    desk_look_routes,
    desk_approval_routes,
    api_key_routes,
    live_routes,
    style_routes,
    venue_money_routes,
    market_routes,
    trade_routes,
    joining_routes,
    investor_routes,
    subscribing_routes,
    redeeming_routes,
    cancelling_routes,
    statement_routes,
    practice_routes,
)
"""Every face's routes, in the order in which they are tried."""


def all_routes() -> list[APIRouter]:
    """The routes of all faces."""
    return [make() for make in MAKERS]
