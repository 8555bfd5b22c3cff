"""Orders that wait for a price: stops, take-profits, trailing stops, and what each becomes when it fires."""

from dataclasses import dataclass, field
from typing import assert_never

from openscrip.markets.orders import (
    PRICE_MAX,
    Limit,
    Market,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    TimeInForce,
    Trailing,
    TrailingLimit,
    Waiting,
)


@dataclass(slots=True, eq=False)
class Armed:
    """A waiting order. `trigger` is 0 while a trailing one has seen no price."""

    id: int
    owner: int
    side: Side
    lots: int
    terms: Waiting
    self_trade: SelfTrade
    trigger: int = 0
    falls: bool = field(init=False)
    """Whether it fires at a price at or below its trigger, not at or above."""

    def __post_init__(self) -> None:
        """It falls for a stop that sells and for a take-profit that buys."""
        self.falls = (self.side is Side.SELL) is not isinstance(self.terms, TakeProfit | TakeProfitLimit)

    def follows(self, price: int) -> None:
        """A trailing trigger comes after the price, never back."""
        if isinstance(self.terms, Trailing | TrailingLimit):
            near = price - self.terms.offset if self.falls else price + self.terms.offset
            if not self.trigger:
                self.trigger = max(1, near)
            elif self.falls:
                self.trigger = max(self.trigger, near)
            else:
                self.trigger = min(self.trigger, near)

    def fires_at(self, price: int) -> bool:
        """Whether `price` is what it waits for."""
        if not self.trigger:
            return False
        return price <= self.trigger if self.falls else price >= self.trigger

    @property
    def place(self) -> tuple[bool, int, int]:
        """Among those that one price fires: the one that the price would have come past first, then the oldest."""
        return not self.falls, -self.trigger if self.falls else self.trigger, self.id

    def becomes(self, price: int) -> Limit | Market:
        """The order that enters the book when `price` fired it."""
        terms = self.terms
        match terms:
            case Stop() | TakeProfit() | Trailing():
                # A buy is paid from what was held when it came: however far the price jumps, it follows its trigger.
                past = self.trigger + terms.slippage if self.side is Side.BUY else price - terms.slippage
                return Market(_priced(past))
            case StopLimit() | TakeProfitLimit():
                return Limit(terms.price, *_lasting(terms.expires_at))
            case TrailingLimit():
                return Limit(_priced(self.trigger + terms.limit_offset), *_lasting(terms.expires_at))
            case _:
                assert_never(terms)


def _priced(price: int) -> int:
    """The nearest price that an order may have."""
    return max(1, min(PRICE_MAX, price))


def _lasting(expires_at: int) -> tuple[TimeInForce, int]:
    return (TimeInForce.GTD, expires_at) if expires_at else (TimeInForce.GTC, 0)


def first_trigger(terms: Waiting) -> int:
    """Where the trigger stands when the order comes; 0 for one that trails."""
    return 0 if isinstance(terms, Trailing | TrailingLimit) else terms.trigger


def is_sound(terms: Waiting) -> bool:
    """Whether every number of a waiting order is one that can be."""
    match terms:
        case Stop() | TakeProfit():
            return 0 < terms.trigger <= PRICE_MAX and 0 <= terms.slippage <= PRICE_MAX
        case StopLimit() | TakeProfitLimit():
            return 0 < terms.trigger <= PRICE_MAX and 0 < terms.price <= PRICE_MAX
        case Trailing():
            return 0 < terms.offset <= PRICE_MAX and 0 <= terms.slippage <= PRICE_MAX
        case TrailingLimit():
            return 0 < terms.offset <= PRICE_MAX and abs(terms.limit_offset) <= PRICE_MAX
        case _:
            assert_never(terms)


def hears(terms: Waiting, reference: Reference) -> bool:
    """Whether the order waits for this reference price."""
    return terms.reference is reference
