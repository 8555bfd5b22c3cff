"""What to quote: pure, in integers. Each rule is one function, and a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from openscrip.client.kraken import Pair
from openscrip.client.market_maker.reference import Reference
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Malformed

Side = Literal["buy", "sell"]
ONE_BPS = 10_000
HALF_SPREADS_BPS = {Hours.MARKET: 10, Hours.EXTENDED: 30, Hours.OVERNIGHT: 60, Hours.CLOSED: 150}


@dataclass(frozen=True, slots=True)
class Terms:
    """How a market maker quotes one pair. Quantities in lots, distances in basis points of the reference price."""

    lots_per_level: int
    inventory_lots: int
    """The tokens that it wants to hold at the venue."""
    inventory_band_lots: int
    """How far its holdings may move from that: at the edge it quotes one side only."""
    levels: int = 3
    step_bps: int = 10
    half_spread_bps: Mapping[Hours, int] = field(default_factory=lambda: dict(HALF_SPREADS_BPS))
    skew_bps_max: int = 20
    """How far both sides move against the inventory at the edge of the band."""
    move_bps_min: int = 2
    """A quote that is off by less stays where it is, and keeps its place in the queue."""
    reference_age_s_max: int = 30
    dead_man_s: int = 30

    def __post_init__(self) -> None:
        """Raise `Malformed("maker.terms")` for terms by which nothing sensible can be quoted."""
        furthest_bps = max(self.half_spread_bps.values()) + self.levels * self.step_bps + self.skew_bps_max
        counts = self.lots_per_level, self.levels, self.inventory_band_lots, self.dead_man_s, self.reference_age_s_max
        if min(counts) < 1 or min(self.half_spread_bps.values()) < 1 or min(self.step_bps, self.skew_bps_max) < 0:
            raise Malformed("maker.terms", "market maker: a size, spread or span in the terms was not above zero")
        if furthest_bps >= ONE_BPS:
            raise Malformed(
                "maker.terms", f"market maker: the furthest quote was {furthest_bps} bps away; stay below {ONE_BPS}"
            )
        if set(self.half_spread_bps) != set(Hours):
            raise Malformed("maker.terms", "market maker: a spread for some hours was missing; give one for all four")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the market maker has at the venue, what its orders hold included."""

    lots: int
    cash_micros: int


@dataclass(frozen=True, slots=True)
class Quote:
    """One side of one level, 0 being the nearest."""

    side: Side
    level: int
    ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class Resting:
    """An order of ours in the book: what remains of it, and what was already filled."""

    order_id: str
    quote: Quote
    filled_lots: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A new quote."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Amend:
    """A quote that moves; the venue counts what was filled into an order's quantity, so `lots_total` does."""

    order_id: str
    quote: Quote
    lots_total: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """A quote that goes."""

    order_id: str


Move = Place | Amend | Cancel


def quotes(reference: Reference | None, held: Holdings, terms: Terms, pair: Pair, now: int) -> tuple[Quote, ...]:
    """The quotes that should stand now: none without a fresh reference price."""
    if reference is None or now - reference.at > terms.reference_age_s_max:
        return ()
    off_lots = held.lots - terms.inventory_lots
    buy_lots = max(0, terms.inventory_band_lots - off_lots)
    sell_lots = min(held.lots, max(0, terms.inventory_band_lots + off_lots))
    return (
        *_side("buy", reference, off_lots, buy_lots, held.cash_micros, terms, pair),
        *_side("sell", reference, off_lots, sell_lots, held.cash_micros, terms, pair),
    )


def _side(
    side: Side, reference: Reference, off_lots: int, room_lots: int, cash_micros: int, terms: Terms, pair: Pair
) -> list[Quote]:
    """Levels from the nearest on, until the room or the money is used up."""
    made = []
    for level in range(terms.levels):
        ticks = price_ticks(side, level, reference, off_lots, terms, pair)
        lots = min(terms.lots_per_level, room_lots)
        if side == "buy":
            micros_per_lots = ticks * pair.micros_per_tick
            lots = min(lots, cash_micros * 10**pair.lot_decimals // micros_per_lots if micros_per_lots > 0 else 0)
            cash_micros -= -(-lots * micros_per_lots // 10**pair.lot_decimals)
        if lots < max(1, pair.lots_min) or ticks < 1:
            break
        room_lots -= lots
        made.append(Quote(side, level, ticks, lots))
    return made


def price_ticks(side: Side, level: int, reference: Reference, off_lots: int, terms: Terms, pair: Pair) -> int:
    """The price of one level: rounded away from the reference, down for a bid and up for an offer.

    Distance = half spread of the hours + level x step; both sides move down by skew x inventory / band when there is too
    much, and up when too little. Worked example: reference 300.00, 10 bps, half of the band too much at 20 bps of skew:
    bid 300 x (1 - 0.0010 - 0.0010) = 299.40, offer 300 x (1 + 0.0010 - 0.0010) = 300.00.
    """
    band = terms.inventory_band_lots
    skew = terms.skew_bps_max * max(-band, min(band, off_lots))
    distance_bps = terms.half_spread_bps[reference.hours] + level * terms.step_bps
    scale = ONE_BPS * band * pair.micros_per_tick
    if side == "buy":
        return reference.micros_per_raw_down * ((ONE_BPS - distance_bps) * band - skew) // scale
    return -(-reference.micros_per_raw_down * ((ONE_BPS + distance_bps) * band - skew) // scale)


def moves(resting: Sequence[Resting], wanted: Sequence[Quote], terms: Terms) -> tuple[Move, ...]:
    """How to get from what rests to what is wanted: first what goes, then what moves away, last what comes nearer.

    In that order our own quotes never meet each other on the way.
    """
    places = {(each.side, each.level): each for each in wanted}
    goes: list[Move] = []
    away: list[Move] = []
    nearer: list[Move] = []
    for each in resting:
        quote = places.pop((each.quote.side, each.quote.level), None)
        if quote is None:
            goes.append(Cancel(each.order_id))
        elif _is_off(each.quote, quote, terms):
            amend = Amend(each.order_id, quote, each.filled_lots + quote.lots)
            outward = quote.ticks < each.quote.ticks if quote.side == "buy" else quote.ticks > each.quote.ticks
            (away if outward else nearer).append(amend)
    return (*goes, *away, *nearer, *(Place(quote) for quote in places.values()))


def _is_off(resting: Quote, wanted: Quote, terms: Terms) -> bool:
    """Too far in price, too large, or less than half of what is wanted: a small difference is not worth the queue."""
    off_price = abs(resting.ticks - wanted.ticks) * ONE_BPS > terms.move_bps_min * wanted.ticks
    return off_price or resting.lots > wanted.lots or resting.lots * 2 < wanted.lots
