"""What a taker's order would come to: the book as it stands, walked level by level, in whole ticks and lots."""

from collections.abc import Sequence
from dataclasses import dataclass

from openscrip.kernel.decimals import parse_decimal
from openscrip.web.pages.trade_ticket import FEE_ONE, OrderAsked, cents
from openscrip.web.trading import BookNow, MarketNow, TradedPair, fixed

TAKERS = frozenset({"market", "limit", "iceberg"})
"""Kinds that may trade at once; the others wait, and the book that they will meet is not this one."""
FINER = 2
"""An average has so many decimals more than a price."""
HUNDREDTHS_OF_A_PERCENT = 10_000


@dataclass(frozen=True, slots=True)
class Walk:
    """What a side of the book gives: lots, their value in ticks x lots, the worst price in ticks; all 0 for nothing."""

    lots: int
    value: int
    worst: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would come to, as text rounded against the person; without `average` nothing would trade at once."""

    sentence: str
    """What becomes of the part that cannot be filled at once; empty when all of it can."""
    average: str = ""
    worst: str = ""
    slippage: str = ""
    """The average against the middle of best bid and best ask; empty where one side has nothing to tell the middle by."""
    fee: str = ""
    total: str = ""


def walk(levels: Sequence[tuple[int, int]], lots: int, edge: int, *, is_buy: bool) -> Walk:
    """Take `lots` from `levels`, the best first, never past `edge` ticks (0: at any price).

    Worked example: buy 10 from 4 at 100, 3 at 102 and 9 at 105 with an edge of 104: 7 lots for 706, the worst at 102.
    """
    left, value, worst = lots, 0, 0
    for ticks, offered in levels:
        if not left or (edge and (ticks > edge if is_buy else ticks < edge)):
            break
        taken = min(left, offered)
        left, value, worst = left - taken, value + taken * ticks, ticks
    return Walk(lots - left, value, worst)


def estimate_of(asked: OrderAsked, now: MarketNow, book: BookNow) -> Estimate | None:
    """What a ticket without errors would come to at this book; None for what waits, only makes, or meets an auction."""
    pair = now.pair
    if asked.kind not in TAKERS or asked.post or now.state != "open":
        return None
    is_buy = asked.side == "buy"
    lots = parse_decimal(asked.quantity, pair.lot_decimals, "quantity")
    collar = now.collar_buy if is_buy else now.collar_sell
    edge = collar if asked.kind == "market" else parse_decimal(asked.price, pair.price_decimals, "price")
    found = walk(book.asks if is_buy else book.bids, lots, edge, is_buy=is_buy)
    sentence = "" if found.lots == lots else _of_the_rest(asked, pair, book, found, (lots, edge))
    if not found.lots:
        return Estimate(sentence)
    scale = pair.price_decimals + pair.lot_decimals
    fee_up = -(-found.value * pair.fee_millionths // FEE_ONE)
    return Estimate(
        sentence,
        fixed(_against(found.value * 10**FINER, found.lots, is_buy=is_buy), pair.price_decimals + FINER),
        pair.price(found.worst),
        _slippage(found, book, is_buy=is_buy),
        cents(fee_up, scale, up=True),
        cents(found.value + fee_up if is_buy else found.value - fee_up, scale, up=is_buy),
    )


def _against(above: int, below: int, *, is_buy: bool) -> int:
    """A fraction rounded against the person: up for who buys, down for who sells."""
    return -(-above // below) if is_buy else above // below


def _slippage(found: Walk, book: BookNow, *, is_buy: bool) -> str:
    """How much worse than the middle, rounded up; in half ticks, since a middle may lie between two ticks."""
    if not book.bids or not book.asks:
        return ""
    middle_twice = (book.bids[0][0] + book.asks[0][0]) * found.lots
    worse = 2 * found.value - middle_twice if is_buy else middle_twice - 2 * found.value
    return f"{fixed(-(-worse * HUNDREDTHS_OF_A_PERCENT // middle_twice), 2)}\u202f%"


def _of_the_rest(asked: OrderAsked, pair: TradedPair, book: BookNow, found: Walk, wanted: tuple[int, int]) -> str:
    """What happens to what the book does not give: every order of the book counts, the person's own, too."""
    lots, edge = wanted
    given = f"{pair.quantity(found.lots)} of {pair.quantity(lots)} {pair.base} stand"
    if not book.is_whole:
        given += f" among the best {max(len(book.asks), len(book.bids))} prices"
    bound = f"up to {pair.price(edge)}" if asked.side == "buy" else f"down to {pair.price(edge)}"
    if asked.kind == "market":
        limit = f" within the venue's collar, {bound}" if edge else ""
        return f"Not all can be filled: {given}{limit}. The rest would be cancelled."
    if asked.time == "FOK":
        return f"Not all can be filled: {given} {bound}. Whole or not at all: nothing would trade."
    if asked.time == "IOC":
        return f"Not all can be filled: {given} {bound}. The rest would be cancelled."
    if not found.lots:
        return "Nothing would trade at once: the order would stand in the book at its limit."
    rest = f"{pair.quantity(lots - found.lots)} {pair.base}"
    return f"Not all can be filled at once: {given} {bound}. {rest} would stand in the book at the limit."
