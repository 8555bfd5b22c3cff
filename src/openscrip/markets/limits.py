"""What is refused before a book sees it: prices, quantities and terms that the instrument or its state does not take."""

from collections.abc import Sequence

from openscrip.markets.accounts import ICEBERG, LIMIT, LIMITED, MARKET, TRAILING_LIMIT, TRAILS, OrderRefused, first_trigger
from openscrip.markets.commands import Place, State
from openscrip.markets.floors import PHASES, Floor
from openscrip.markets.instruments import FULL_BPS, Instrument
from openscrip.markets.orders import LOTS_MAX, PRICE_MAX, Limit, Phase, TimeInForce
from openscrip.markets.rows import Row

VALUE_MAX = 2**61
LOTS_PLAIN_MAX = 2**24
"""Up to it no value comes near `VALUE_MAX`."""
POST_ONLY, BY_INDEX = 4, 8
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_CLOSED_TO_ORDERS = tuple(state for state, phase in PHASES.items() if phase is Phase.HALTED)


def is_plain(floor: Floor, place: Place, terms: Limit, now_us: int) -> bool:
    """Whether a limit order until cancelled needs none of the checks below: every bound is kept at sight."""
    price, lots, instrument = terms.price, place.lots, floor.instrument
    if (
        floor.state is not State.OPEN or terms.time_in_force or terms.post_only or terms.expires_at or place.self_trade
        or place.spend or place.reduce_only or not floor.low <= price <= floor.high or not 0 < price <= PRICE_MAX
        or not instrument.lots_min <= lots <= LOTS_PLAIN_MAX or price % instrument.tick
        or price * lots * floor.scale < instrument.cost_min
    ):  # fmt: skip
        return False
    reference, bps = floor.reference(now_us), instrument.reasonable_bps
    if not reference or not bps:
        return True
    return price * FULL_BPS >= reference * (FULL_BPS - bps) if place.side else price * FULL_BPS <= reference * (FULL_BPS + bps)


def refuse_by_state(floor: Floor, row: Sequence[int]) -> None:
    """Raise what the state refuses: `market.cancel_only`, `market.limit_only`, `market.post_only`, `market.reduce_only`."""
    state, kind, flags = floor.state, row[4], row[8]
    if state is State.OPEN:
        return
    if state in _CLOSED_TO_ORDERS:
        raise OrderRefused("market.cancel_only", f"order: {floor.instrument.symbol} is {state.name}; only cancels are taken")
    if PHASES[state] is Phase.CALL and (kind == MARKET or (kind == LIMIT and flags & 3 in _AT_ONCE)):
        raise OrderRefused(
            "market.limit_only", f"order: {floor.instrument.symbol} gathers orders for an auction; send a limit order"
        )
    if state is State.POST_ONLY and not (kind <= ICEBERG and flags & POST_ONLY):
        raise OrderRefused(
            "market.post_only", f"order: {floor.instrument.symbol} takes orders that only make; send it post-only"
        )
    if state is State.REDUCE_ONLY and not row[3]:
        raise OrderRefused("market.reduce_only", f"order: {floor.instrument.symbol} takes sells of what is held; buys are over")


def finished(floor: Floor, row: Row, now_us: int) -> Row:
    """The row with the collar that the client left to the venue: a market order's `worst`, the slippage of what waits."""
    op, number, owner, side, kind, lots, a, b, flags, until = row
    if kind == MARKET:
        best = floor.book.depth(1 - side, 1)
        reference = floor.reference(now_us) or (best[0][0] if best else 0)
        if not reference:
            raise OrderRefused("order.price", "order: there was no price yet for a market order's collar; send a limit order")
        edge = collar(floor.instrument, side, reference)
        a = edge if not a else max(a, edge) if side else min(a, edge)
    elif kind > MARKET:
        trigger = first_trigger(kind, side, a, floor.quoted if flags & BY_INDEX else floor.last)
        if not trigger:
            raise OrderRefused("order.price", "order: there was no price yet for it to trail; send it after the first trade")
        if not b and kind not in LIMITED and kind != TRAILING_LIMIT:
            b = max(1, trigger * floor.instrument.collar_bps // FULL_BPS)
    return op, number, owner, side, kind, lots, a, b, flags, until


def collar(instrument: Instrument, side: int, reference: int) -> int:
    """The worst price of a market order, rounded toward the reference: 105.00 and 95.00 at 100.00 and 5 %."""
    bps, tick = instrument.collar_bps, instrument.tick
    if side:
        return max(1, -(-reference * (FULL_BPS - bps) // (FULL_BPS * tick)) * tick)
    return max(1, min(PRICE_MAX, reference * (FULL_BPS + bps) // (FULL_BPS * tick) * tick))


def refuse_terms(floor: Floor, row: Sequence[int], now_us: int) -> None:
    """Raise what the instrument does not take: `order.price`, `order.tick`, `order.minimum`, `order.cost`, `order.invalid`.

    Afterwards the book refuses nothing but fill-or-kill.
    """
    side, kind, lots, a, b, _flags, until = row[3:10]
    instrument, tick = floor.instrument, floor.instrument.tick
    if not 0 < a <= PRICE_MAX or not -PRICE_MAX <= b <= VALUE_MAX or until < 0 or lots > LOTS_MAX:
        raise OrderRefused("order.price", "order: a price, a time or a quantity was outside what can be")
    if lots < instrument.lots_min:
        raise OrderRefused("order.minimum", f"order: {lots} lots were below the minimum, {instrument.lots_min}")
    if 0 < until <= now_us:
        raise OrderRefused("order.invalid", "order: it had expired before it came")
    if kind <= ICEBERG:
        _refuse_limit_terms(row)
    elif kind > MARKET and (b > PRICE_MAX or (b < 0 and kind != TRAILING_LIMIT) or (kind in LIMITED and not b)):
        raise OrderRefused("order.price", "order: a limit or a slippage was outside what can be")
    limit = a if kind <= ICEBERG else b if kind in LIMITED else 0
    if (kind != MARKET and a % tick) or limit % tick:
        raise OrderRefused("order.tick", f"order: a price was no multiple of {tick} ticks")
    refuse_price(floor, side, limit, now_us)
    if kind == MARKET and b:
        value = b * floor.scale
    else:
        value = (limit or (a if kind > MARKET and kind not in TRAILS else floor.reference(now_us))) * lots * floor.scale
    if value < instrument.cost_min:
        raise OrderRefused("order.cost", f"order: its value of {value} was below the minimum, {instrument.cost_min}")
    if value > VALUE_MAX:
        raise OrderRefused("order.invalid", "order: its value was beyond every balance")


def refuse_price(floor: Floor, side: int, price: int, now_us: int) -> None:
    """Raise `order.price` for a limit above what a buy, or below what a sell, may reasonably name; 0 has none."""
    bps = floor.instrument.reasonable_bps
    if not price or not bps:
        return
    reference = floor.reference(now_us)
    if not reference:
        return
    if side:
        if price * FULL_BPS < reference * (FULL_BPS - bps):
            raise OrderRefused(
                "order.price", f"order: a sell at {price} was more than {bps} bps below the reference {reference}"
            )
    elif price * FULL_BPS > reference * (FULL_BPS + bps):
        raise OrderRefused("order.price", f"order: a buy at {price} was more than {bps} bps above the reference {reference}")


def _refuse_limit_terms(row: Sequence[int]) -> None:
    """Time in force, expiry, post-only and display that do not go together."""
    kind, lots, display, flags, until = row[4], row[5], row[7], row[8], row[9]
    in_force = flags & 3
    if kind == LIMIT and (in_force == TimeInForce.GTD) != (until > 0):
        raise OrderRefused("order.invalid", "order: good-till-date and a date go together")
    if kind == LIMIT and flags & POST_ONLY and in_force in _AT_ONCE:
        raise OrderRefused("order.invalid", "order: one that must fill at once cannot only make")
    if kind == ICEBERG and not 0 < display <= lots:
        raise OrderRefused("order.invalid", "order: an iceberg shows some of its lots, and no more than all")


def would_take(floor: Floor, side: int, price: int) -> bool:
    """Whether a limit order would trade at once."""
    if PHASES[floor.state] is not Phase.CONTINUOUS:
        return False
    best = floor.book.depth(1 - side, 1)
    return bool(best) and (best[0][0] >= price if side else best[0][0] <= price)


def in_band(floor: Floor, side: int, price: int) -> int:
    """The limit with which an order that would print outside the band comes in: the band's edge. Else its own."""
    if (price < floor.low if side else price > floor.high) and would_take(floor, side, price):
        tick = floor.instrument.tick
        return -(-floor.low // tick) * tick if side else max(tick, floor.high // tick * tick)
    return price
