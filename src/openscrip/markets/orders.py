"""What an order book is told, as closed sets: orders, commands. Prices are whole ticks, quantities whole lots.

An order type is one dataclass here and one `case` in each `match` of the book; the type checker names what was forgotten.
"""

from dataclasses import dataclass
from enum import IntEnum

from msgspec import Struct

PRICE_MAX = 2**31 - 1
LOTS_MAX = 2**48 - 1
ID_STEP_MAX = 2**20
"""Ids come in sequence: a new one is above the last and no further ahead than this."""


class Side(IntEnum):
    """Which way an order goes."""

    BUY = 0
    SELL = 1

    @property
    def other(self) -> "Side":
        """The side that it trades with."""
        return Side(1 - self)


class TimeInForce(IntEnum):
    """How long what is not filled may rest."""

    GTC = 0
    """Until cancelled."""
    IOC = 1
    """Not at all."""
    FOK = 2
    """All at once, or nothing."""
    GTD = 3
    """Until `expires_at`."""


class SelfTrade(IntEnum):
    """What is cancelled, and never traded, when an order meets one of the same owner; the incoming order says which."""

    CANCEL_NEWEST = 0
    CANCEL_OLDEST = 1
    CANCEL_BOTH = 2


class Reference(IntEnum):
    """Which price fires a waiting order."""

    LAST = 0
    INDEX = 1


class Phase(IntEnum):
    """What the book does with orders now."""

    CONTINUOUS = 0
    CALL = 1
    """Limit orders gather and may cross; nothing trades until `Uncross`."""
    HALTED = 2
    """Nothing comes in; orders may be cancelled and made smaller."""


# orders


class Limit(Struct, frozen=True, gc=False):
    """Trades at `price` or better; the rest waits as its time in force allows."""

    price: int
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: int = 0
    post_only: bool = False


class Iceberg(Struct, frozen=True, gc=False):
    """A limit order that shows `display` lots at a time; each new part goes to the end of its price."""

    price: int
    display: int
    expires_at: int = 0
    post_only: bool = False


class Market(Struct, frozen=True, gc=False):
    """Trades at once, never past `worst` (the collar), for no more than `budget` ticks x lots (0: no budget)."""

    worst: int
    budget: int = 0


class Stop(Struct, frozen=True, gc=False):
    """A market order once the reference has moved against its side to `trigger`; it pays up to `slippage` ticks past it."""

    trigger: int
    slippage: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


class StopLimit(Struct, frozen=True, gc=False):
    """A limit order at `price` once the reference has moved against its side to `trigger`."""

    trigger: int
    price: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


class TakeProfit(Struct, frozen=True, gc=False):
    """A market order once the reference has moved in favour of its side to `trigger`."""

    trigger: int
    slippage: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


class TakeProfitLimit(Struct, frozen=True, gc=False):
    """A limit order at `price` once the reference has moved in favour of its side to `trigger`."""

    trigger: int
    price: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


class Trailing(Struct, frozen=True, gc=False):
    """A stop whose trigger stays `offset` ticks behind the best reference price since it came."""

    offset: int
    slippage: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


class TrailingLimit(Struct, frozen=True, gc=False):
    """A trailing stop that becomes a limit order `limit_offset` ticks from its trigger (positive: a higher price)."""

    offset: int
    limit_offset: int
    reference: Reference = Reference.LAST
    expires_at: int = 0


Waiting = Stop | StopLimit | TakeProfit | TakeProfitLimit | Trailing | TrailingLimit
"""Orders that wait outside the book for a price."""

Terms = Limit | Iceberg | Market | Waiting


# commands


@dataclass(frozen=True, slots=True)
class New:
    """An order of `lots` for `owner`; `id` serves once for ever."""

    id: int
    owner: int
    side: Side
    lots: int
    terms: Terms
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take an order out."""

    id: int


@dataclass(frozen=True, slots=True)
class Amend:
    """Change an order; 0 leaves a field as it is. `lots` is the whole quantity, what was executed included.

    Fewer lots keep the place in line; another price, more lots or a larger display lose it.
    """

    id: int
    lots: int = 0
    price: int = 0
    display: int = 0
    trigger: int = 0


@dataclass(frozen=True, slots=True)
class Expire:
    """Cancel what had its time until `now`."""

    now: int


@dataclass(frozen=True, slots=True)
class Index:
    """The index price is now `price`."""

    price: int


@dataclass(frozen=True, slots=True)
class Enter:
    """Go on in another phase. A crossed book enters `CONTINUOUS` by `Uncross` alone."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Uncross:
    """End the call: everything that can trade does so at one price, near `reference` where there is a choice."""

    reference: int


Command = New | Cancel | Amend | Expire | Index | Enter | Uncross
