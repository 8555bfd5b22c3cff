"""What to hedge: pure, in integers. Exposure is counted in raw tokens, so a split between trade and hedge changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from openscrip.assets.broker import Order, Side, TimeInForce
from openscrip.assets.trading_hours import TradingSession
from openscrip.client.line_file import Line
from openscrip.client.market_maker.reference import Reference
from openscrip.issuance.terms import Hours
from openscrip.kernel.money import Bps, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

GRAINS_PER_RAW = 10**8
ONE_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What was bought at the venue less what was sold, less what the broker did against it, and the order under way."""

    exposure_grains: int = 0
    """In 1e-8 raw; above zero we own tokens whose shares are not yet sold."""
    orders: int = 0
    under_way: Order | None = None


def after(standing: Standing, line: Line) -> Standing:
    """The standing after one line of the file. Raises `KeyError` for a line that no version of ours wrote."""
    match line["type"]:
        case "fill":
            return replace(standing, exposure_grains=standing.exposure_grains + int(line["grains"]))
        case "order":
            return replace(standing, orders=standing.orders + 1, under_way=order_of(line))
        case "done":
            exposure_grains = standing.exposure_grains + int(line["grains"])
            return replace(standing, exposure_grains=exposure_grains, under_way=None)
        case _:
            return standing


def standing_of(lines: Iterable[Line]) -> Standing:
    """The standing after all lines."""
    standing = Standing()
    for line in lines:
        standing = after(standing, line)
    return standing


def fill_line(fill_id: str, bought: bool, lots: int, lot_decimals: int) -> dict[str, object]:
    """A trade at the venue."""
    grains = lots * GRAINS_PER_RAW // 10**lot_decimals
    return {"type": "fill", "id": fill_id, "grains": grains if bought else -grains}


def order_line(order: Order) -> dict[str, object]:
    """An order that is about to be sent to the broker."""
    limit = "" if order.limit is None else str(order.limit)
    told = {"id": order.client_order_id, "symbol": order.symbol, "side": order.side.value, "shares": str(order.quantity)}
    return {"type": "order", **told, "limit": limit, "session": order.session.value}


def order_of(line: Line) -> Order:
    """The order of a line, the same again."""
    limit = PricePerShare.parse(line["limit"]) if line["limit"] else None
    session, side = TradingSession(line["session"]), Side(line["side"])
    how = TimeInForce.IMMEDIATE_OR_CANCEL
    return Order(line["id"], line["symbol"], side, Shares.parse(line["shares"]), limit, session, how)


def done_line(order: Order, filled: Shares, multiplier: Multiplier) -> dict[str, object]:
    """What the broker did for an order, in raw tokens: a purchase of shares stands against tokens that we sold."""
    grains = multiplier.to_raw_down(filled).grains
    signed = grains if order.side is Side.BUY else -grains
    return {"type": "done", "id": order.client_order_id, "filled": str(filled), "grains": signed}


def hedge(name: str, symbol: str, standing: Standing, reference: Reference, limit_bps: Bps) -> Order | None:
    """The order that brings the exposure below one share, at a limit beside the reference; None when there is nothing to do.

    Whole shares only, rounded toward zero, one order at a time, and none while no exchange is open.
    """
    if standing.under_way is not None or reference.hours is Hours.CLOSED:
        return None
    raw = RawAmount.from_grains(abs(standing.exposure_grains))
    shares = reference.multiplier.to_shares_down(raw).whole_down()
    if not shares:
        return None
    side = Side.SELL if standing.exposure_grains > 0 else Side.BUY
    return Order(
        f"{name}-{standing.orders + 1}",
        symbol,
        side,
        shares,
        limit_down_or_up(reference.price, side, limit_bps),
        reference.hours.session,
        TimeInForce.IMMEDIATE_OR_CANCEL,
    )


def limit_down_or_up(price: PricePerShare, side: Side, limit_bps: Bps) -> PricePerShare:
    """The worst price that a hedge may have, in whole cents: down for a sale, up for a purchase."""
    cent = 10_000
    if side is Side.SELL:
        return PricePerShare(price.micros * (ONE_BPS - limit_bps.count) // (ONE_BPS * cent) * cent)
    return PricePerShare(-(-price.micros * (ONE_BPS + limit_bps.count) // (ONE_BPS * cent)) * cent)
