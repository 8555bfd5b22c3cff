"""What the trading screen needs of the venue; the composition root brings it. Prices are ticks, quantities lots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Malformed

TRADES = frozenset({"open", "post_only", "call", "pre_open"})
"""States in which an order may be placed."""


@dataclass(frozen=True, slots=True)
class TradedPair:
    """A market of the venue: `key` stands in addresses, `name` on its sockets."""

    key: str
    name: str
    base: str
    quote: str
    price_decimals: int
    lot_decimals: int
    fee_millionths: int
    """Of a taker, in 1e-6 of what is traded."""
    multiplier: tuple[int, int]
    """Shares for a raw token, as a fraction."""

    def price(self, ticks: int) -> str:
        """Ticks as text, with all decimals of the pair."""
        return fixed(ticks, self.price_decimals)

    def quantity(self, lots: int) -> str:
        """Lots as text, with all decimals of the pair."""
        return fixed(lots, self.lot_decimals)


@dataclass(frozen=True, slots=True)
class MarketNow:
    """How a market stands: prices in ticks, 0 for none. `indicative` is told in a call alone: price, lots, surplus."""

    pair: TradedPair
    state: str
    last: int
    reference: int
    indicative: tuple[int, int, int] | None
    collar_buy: int = 0
    """The most that a market order to buy pays, in ticks; 0 where there is no price to tell it by."""
    collar_sell: int = 0
    """The least that a market order to sell gets."""
    day_open: int = 0
    """The first price of the last 24 hours, in ticks; 0 where nothing traded."""
    day_turnover: int = 0
    """What traded in 24 hours, in ticks x lots."""

    @property
    def premium_bps_down(self) -> int | None:
        """The last price above its reference, in 1e-4, rounded down; None where one of them is missing."""
        if not self.last or not self.reference:
            return None
        return (self.last - self.reference) * 10_000 // self.reference

    @property
    def change_bps_down(self) -> int | None:
        """The last price against the first of the last 24 hours, in 1e-4, rounded down; None where nothing traded."""
        if not self.last or not self.day_open:
            return None
        return (self.last - self.day_open) * 10_000 // self.day_open

    @property
    def volume_down(self) -> int:
        """What traded in 24 hours, in whole units of the quote asset, rounded down."""
        return int(self.day_turnover // 10 ** (self.pair.price_decimals + self.pair.lot_decimals))

    @property
    def change_words(self) -> str:
        """The change with its sign, as `premium_words`."""
        return _signed(self.change_bps_down)

    @property
    def premium_words(self) -> str:
        """The premium or discount with its sign, such as `+0.25 %`; an en dash where there is none to tell."""
        return _signed(self.premium_bps_down)


@dataclass(frozen=True, slots=True)
class BookNow:
    """What a market shows: `(ticks, lots)` for each price, the best first. Without `is_whole` there may be more behind."""

    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that stands, as text for people; `kind` is the venue's word."""

    id: str
    pair: str
    side: str
    kind: str
    quantity: str
    filled: str
    price: str
    trigger: str


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of the person's own, as text for people; `at` is market time in seconds."""

    id: str
    pair: str
    side: str
    quantity: str
    price: str
    cost: str
    fee: str
    at: int


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """An asset at the venue: all of it, and what no order holds."""

    asset: str
    total: str
    free: str


@dataclass(frozen=True, slots=True)
class Candle:
    """What traded from `at` (market time in seconds) on: prices and volume as the venue writes them."""

    at: int
    first: str
    high: str
    low: str
    last: str
    volume: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's account at the venue, and where they send money to."""

    account: int
    bank_reference: str
    treasuries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a person has at the venue now."""

    orders: Sequence[OpenOrder] = ()
    fills: Sequence[Fill] = ()
    balances: Sequence[BalanceLine] = ()


class TradingLine(Protocol):
    """The venue beside us. Any method may be called from any thread; `Unavailable` when it does not answer."""

    @property
    def is_open(self) -> bool:
        """Whether a venue runs here at all."""
        ...

    @property
    def public_socket(self) -> str:
        """The address of market data, for browsers."""
        ...

    @property
    def private_socket(self) -> str:
        """The address of a person's own orders and balances, for browsers with a token."""
        ...

    @property
    def gives_play_money(self) -> bool:
        """Whether the banks are played, so that anybody may be given dollars."""
        ...

    def pairs(self) -> Sequence[TradedPair]:
        """Every market."""
        ...

    def markets(self) -> Sequence[MarketNow]:
        """Every market as it stands now."""
        ...

    def book(self, pair: TradedPair) -> BookNow:
        """What a market shows now."""
        ...

    def candles(self, pair: str, minutes: int) -> Sequence[Candle]:
        """What traded in each so many minutes, oldest first."""
        ...

    def seat(self, person: str) -> Seat | None:
        """The person's account; None before it was opened."""
        ...

    def open(self, person: str, wallets: Sequence[tuple[str, str]]) -> Seat:
        """Open an account for a person whose wallets, by kind of chain, are these; once."""
        ...

    def desk(self, person: str) -> Desk:
        """Orders, fills and balances."""
        ...

    def token(self, person: str) -> str:
        """A token for the private socket, good for 15 minutes until it is used."""
        ...

    def place(self, person: str, order: Mapping[str, str], *, only_check: bool) -> str:
        """Place an order, or only check it; its sentence. Raises `Refused` with the venue's reason in plain words."""
        ...

    def amend(self, person: str, order: str, changes: Mapping[str, str]) -> None:
        """Change price or quantity of an open order. Raises `Refused`."""
        ...

    def cancel(self, person: str, order: str) -> None:
        """Cancel an open order; an empty id cancels all of them. Raises `Refused`."""
        ...

    def pay_in(self, person: str, dollars: str, reference: str) -> None:
        """The person's played bank sends dollars, once for a reference. Raises `Refused`."""
        ...


def _signed(bps: int | None) -> str:
    """`+0.25 %` of 25."""
    return "\u2013" if bps is None else f"{'+' if bps > 0 else ''}{fixed(bps, 2)}\u202f%"


def fixed(units: int, decimals: int) -> str:
    """`units` x 10^-`decimals` with exactly so many decimals, grouped: 1234570 with 2 is `12,345.70`."""
    whole, fraction = divmod(abs(units), 10**decimals)
    sign = "\u2212" if units < 0 else ""
    return f"{sign}{whole:,}" + (f".{fraction:0{decimals}d}" if decimals else "")


def multiplier_of(text: str) -> tuple[int, int]:
    """A fraction such as `3/2`. Raises `Malformed`."""
    above, _, below = text.partition("/")
    if not (above.isdecimal() and below.isdecimal() and int(below)):
        raise Malformed("multiplier.malformed", f"multiplier: {text!a:.40} was no fraction")
    return int(above), int(below)


def rate_millionths(percent: Any) -> int:
    """A percentage as the venue writes it, in 1e-6: `0.26` is 2,600."""
    return parse_decimal(str(percent), 4, "fee")


def plain(units: int, decimals: int) -> str:
    """For forms and the venue: no groups, no trailing zeros."""
    return format_decimal(units, decimals)
