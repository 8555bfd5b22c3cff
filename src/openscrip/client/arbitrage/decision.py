"""Whether there is something to gain between the venue and the issuer: pure, in integers.

The token leg and the primary leg are of the same size. Tokens for a redemption come from the wallet and those that are sold
stand at the venue already, so that both legs begin at once; moving tokens between the two is the operator's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from openscrip.client.kraken import Pair
from openscrip.kernel.errors import Malformed

ONE_PPM = 10**6


@dataclass(frozen=True, slots=True)
class Limits:
    """What the keeper may do. `margin_bps` is the gain below which it does nothing, fees on both sides already paid."""

    lots_max: int
    """In one trade."""
    lots_day_max: int
    """In one UTC day, both directions together."""
    lots_min: int = 1
    """The least that the issuer takes."""
    margin_bps: int = 10
    taker_fee_ppm: int = 1000

    def __post_init__(self) -> None:
        """Raise `Malformed("keeper.limits")` for limits that contradict themselves."""
        if not 1 <= self.lots_min <= self.lots_max <= self.lots_day_max or min(self.margin_bps, self.taker_fee_ppm) < 0:
            raise Malformed(
                "keeper.limits", "keeper: lots_min <= lots_max <= lots_day_max was not so, or a rate was below zero"
            )


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the book and what stands there."""

    ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class Values:
    """For one raw token, in 1e-6 USD: what the issuer pays net of its fees, and what it asks with them. None: not now."""

    redeem_micros_down: int | None
    subscribe_micros_up: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """What the keeper has where: free at the venue, and tokens in its wallet."""

    venue_lots: int
    venue_cash_micros: int
    wallet_lots: int


@dataclass(frozen=True, slots=True)
class BuyAndRedeem:
    """Buy up to `lots` at no more than `ticks`, and redeem what was bought."""

    ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class SellAndSubscribe:
    """Sell up to `lots` at no less than `ticks`, and subscribe to what was sold."""

    ticks: int
    lots: int


Trade = BuyAndRedeem | SellAndSubscribe


def decide(
    asks: Sequence[Level], bids: Sequence[Level], values: Values, held: Held, limits: Limits, pair: Pair, done_today_lots: int
) -> Trade | None:
    """The trade to make now, or None. Buying comes first: a book that offers both is crossed, and will not stay so."""
    room_lots = min(limits.lots_max, limits.lots_day_max - done_today_lots)
    ticks = buy_ticks_max(values, limits, pair)
    lots = min(_reachable(asks, ticks, buying=True), room_lots, held.wallet_lots, _affordable(held, ticks, limits, pair))
    if ticks and lots >= max(limits.lots_min, pair.lots_min):
        return BuyAndRedeem(ticks, lots)
    ticks = sell_ticks_min(values, limits, pair)
    lots = min(_reachable(bids, ticks, buying=False), room_lots, held.venue_lots)
    if ticks and lots >= max(limits.lots_min, pair.lots_min):
        return SellAndSubscribe(ticks, lots)
    return None


def buy_ticks_max(values: Values, limits: Limits, pair: Pair) -> int:
    """The highest price at which buying and redeeming still gains the margin; 0 while nothing is redeemed.

    price x (1 + taker fee) <= redemption value x (1 - margin), rounded down. Worked example: 300.00 redeemed, 10 bps of
    margin and a fee of 0.1 %: 299.70 / 1.001 = 299.40.
    """
    if values.redeem_micros_down is None:
        return 0
    worth = values.redeem_micros_down * (10_000 - limits.margin_bps) * ONE_PPM
    return worth // (10_000 * (ONE_PPM + limits.taker_fee_ppm) * pair.micros_per_tick)


def sell_ticks_min(values: Values, limits: Limits, pair: Pair) -> int:
    """The lowest price at which selling and subscribing still gains the margin; 0 while nothing is issued.

    price x (1 - taker fee) >= subscription price x (1 + margin), rounded up.
    """
    if values.subscribe_micros_up is None:
        return 0
    cost = values.subscribe_micros_up * (10_000 + limits.margin_bps) * ONE_PPM
    return -(-cost // (10_000 * (ONE_PPM - limits.taker_fee_ppm) * pair.micros_per_tick))


def _reachable(levels: Sequence[Level], ticks: int, *, buying: bool) -> int:
    return sum(each.lots for each in levels if (each.ticks <= ticks if buying else each.ticks >= ticks))


def _affordable(held: Held, ticks: int, limits: Limits, pair: Pair) -> int:
    """Lots that the cash at the venue buys at this price, with the fee."""
    if not ticks:
        return 0
    cost_ppm = ticks * pair.micros_per_tick * (ONE_PPM + limits.taker_fee_ppm)
    return int(held.venue_cash_micros * 10**pair.lot_decimals * ONE_PPM // cost_ppm)
