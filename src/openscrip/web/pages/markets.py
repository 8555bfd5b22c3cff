"""All markets: found by a text, sorted and paged by the server; what is shown follows the venue."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.web.pages.stock_list import all_stocks_of
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of
from openscrip.web.trading import MarketNow, TradedPair

STATES: Mapping[str, tuple[str, str, str]] = {
    "open": ("covered", "Open", "Orders trade as they meet."),
    "post_only": (
        "progress",
        "Makers only",
        "The reference price is old: only orders that make are taken, until a new one comes.",
    ),
    "cancel_only": ("halted", "Cancels only", "No new orders are taken; what stands can be cancelled."),
    "reduce_only": ("halted", "Winding down", "Only orders that reduce what you hold are taken."),
    "call": ("progress", "Auction", "Orders gather and trade at one price when the auction ends."),
    "pre_open": ("progress", "Before the opening", "Orders gather; the opening auction follows."),
    "halted": ("halted", "Halted", "Trading is stopped; what stands can be cancelled."),
    "closed": ("neutral", "Closed", "The market is closed; it opens with an auction on the next trading day."),
    "delisted": ("neutral", "Delisted", "This market has ended."),
}
ROWS = 50
"""Markets of one page."""
CHOICE_MAX = 30
"""So many markets stand in the choice of a market's own screen; beyond that those of the same token, and the way to all."""
SEARCH_MAX = 60
NEVER_TRADED = 10**9
"""No change is as great, in 1e-4: what did not trade stands last, whichever way it is sorted."""
VOLUME_DECIMALS = 30
"""As many as no pair has for its prices and quantities together."""


def _volume(now: MarketNow) -> int:
    """Turnover of 24 hours, made comparable between pairs of other decimals."""
    return int(now.day_turnover * 10 ** (VOLUME_DECIMALS - now.pair.price_decimals - now.pair.lot_decimals))


SORTS: Mapping[str, Callable[[MarketNow], tuple[int, str]]] = MappingProxyType(
    {
        "volume": lambda now: (-_volume(now), now.pair.name),
        "name": lambda now: (0, now.pair.name),
        "rise": lambda now: (NEVER_TRADED if now.change_bps_down is None else -now.change_bps_down, now.pair.name),
        "fall": lambda now: (NEVER_TRADED if now.change_bps_down is None else now.change_bps_down, now.pair.name),
    }
)


def market_routes() -> APIRouter:
    """The route."""
    routes = APIRouter()
    routes.add_api_route("/trade", markets, methods=["GET"])
    return routes


def markets(request: Request, sort: str = "volume", q: str = "", after: str = "0") -> Response:
    """Which markets are there, and how do they stand?"""
    office = shell_of(request).office
    line = office.trading
    found = line.markets() if line.is_open else []
    names = {each.token_symbol: each.name for each in all_stocks_of(office)} if found else {}
    kept, order = q[:SEARCH_MAX].strip(), sort if sort in SORTS else "volume"
    wanted = sorted((now for now in found if _is_meant(now, names, kept.lower())), key=SORTS[order])
    place = place_of(after, 6) or 0
    return page(
        request,
        "trade/markets.html",
        markets=wanted[place : place + ROWS],
        first=place + 1,
        count=len(wanted),
        total=len(found),
        before=max(0, place - ROWS) if place else None,
        next=place + ROWS if place + ROWS < len(wanted) else None,
        names=names,
        sort=order,
        q=kept,
        after=place,
        states=STATES,
        is_open=line.is_open,
    )


def _is_meant(now: MarketNow, names: Mapping[str, str], words: str) -> bool:
    pair = now.pair
    return words in f"{pair.name} {pair.key} {names.get(pair.base, '')}".lower()


def siblings(pairs: Sequence[TradedPair], shown: TradedPair) -> Sequence[TradedPair]:
    """What may be changed to beside a market: all markets where they are few, else those of the same token."""
    return pairs if len(pairs) <= CHOICE_MAX else [each for each in pairs if each.base == shown.base]
