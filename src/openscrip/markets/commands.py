"""What the venue is told: a closed set. `venue.Venue.submit` checks a command and writes what it does as `records`."""

from dataclasses import dataclass
from enum import IntEnum

from msgspec import Struct

from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.orders import SelfTrade, Side, Terms


class State(IntEnum):
    """What an instrument's market does now."""

    CLOSED = 0
    PRE_OPEN = 1
    """Limit orders gather; nothing trades."""
    CALL = 2
    """As before, and the auction's price is told each second."""
    OPEN = 3
    POST_ONLY = 4
    """Orders may come that only make."""
    CANCEL_ONLY = 5
    REDUCE_ONLY = 6
    """Who holds tokens may sell them; nobody may buy more than what rests."""
    HALTED = 7
    CORP_ACTION = 8
    DELISTED = 9


class Cause(IntEnum):
    """Why orders were taken out, or a market entered another state."""

    BY_OWNER = 0
    BY_OPERATOR = 1
    DISCONNECTED = 2
    DEAD_MAN = 3
    """`CancelAfter` ran out."""
    KILLED = 4
    """`Stop` of the account or the venue."""
    CORPORATE_ACTION = 5
    SCHEDULE = 6
    VOLATILITY = 7
    STALE = 8
    """The reference price was too old."""
    DELISTED = 9


class Place(Struct, frozen=True, gc=False):
    """An order. The venue sets what 0 leaves open: the `worst` of a `Market`, the `slippage` of what waits.

    `spend` makes it a market buy for so many units of the quote asset, fees apart; then `lots` is 0. `reduce_only` sells no
    more than the tokens that are free. `client_id` is unique among the account's open orders; `user_reference` is 32 bits,
    signed.
    """

    account: int
    instrument: int
    side: Side
    lots: int
    terms: Terms
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    client_id: str = ""
    user_reference: int = 0
    spend: int = 0
    reduce_only: bool = False
    deadline_us: int = 0


class Take(Struct, frozen=True, gc=False):
    """Cancel `order`, or with 0 all orders of `account` (0: of everybody, by the operator) in `instrument` (0: everywhere)."""

    account: int
    order: int = 0
    instrument: int = 0
    cause: Cause = Cause.BY_OWNER


class Change(Struct, frozen=True, gc=False):
    """Amend an order; 0 leaves a field as it is. `lots` is the whole quantity, what was executed included."""

    account: int
    order: int
    lots: int = 0
    price: int = 0
    display: int = 0
    trigger: int = 0
    deadline_us: int = 0


@dataclass(frozen=True, slots=True)
class CancelAfter:
    """The dead man's switch: all orders of the account go at `until_us` unless this comes again; 0 turns it off."""

    account: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Open:
    """An account, number above 0. Account 0 is the house, always there: fees come to it."""

    account: int
    name: str


@dataclass(frozen=True, slots=True)
class Credit:
    """`amount` units came in from outside. `reference` serves once for ever: the same again is refused with `credit.known`."""

    account: int
    asset: int
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """A withdrawal is asked for: `amount` is held until `PayOut` or `GiveBack` of the same reference."""

    account: int
    asset: int
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class PayOut:
    """What was reserved has left."""

    reference: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """What was reserved is free again."""

    reference: str


@dataclass(frozen=True, slots=True)
class SetFees:
    """Schedule `number` has these tiers: (30-day volume in 1e-6 USD from which, taker, maker), rates in 1e-6.

    The first tier begins at 0. A maker's rate below 0 is a rebate; none exceeds the lowest taker rate of any schedule.
    """

    number: int
    tiers: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """The account pays by schedule `schedule`, whatever the instrument says; -1: by the instrument's."""

    account: int
    schedule: int


@dataclass(frozen=True, slots=True)
class Enrol:
    """The account makes a market: in `presence_bps` of samples it shows `lots_min` on both sides within `spread_bps_max`.

    Then it gets `rebate_rate` (1e-6) of what it made in the period (a UTC day), paid by the house from its fees of that asset.
    `lots_min` 0 ends it.
    """

    account: int
    instrument: int
    spread_bps_max: int
    lots_min: int
    presence_bps: int
    rebate_rate: int


@dataclass(frozen=True, slots=True)
class Stop:
    """The kill switch of an account (0: of the venue): its orders go, and nothing but cancels is taken until it is off."""

    account: int
    on: bool
    cause: Cause = Cause.KILLED


@dataclass(frozen=True, slots=True)
class Admit:
    """An asset, or new terms of one."""

    asset: Asset


@dataclass(frozen=True, slots=True)
class List:
    """An instrument, CLOSED at first, or new terms of one that is listed."""

    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Enter:
    """Go to another state. A halt with `until_us` above 0 ends by itself in a call."""

    instrument: int
    state: State
    cause: Cause = Cause.BY_OPERATOR
    until_us: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The reference price, in ticks, as of `at_us`."""

    instrument: int
    price: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Clock:
    """It is `now_us`: what is due happens (expiries, dead men, sessions, stale prices, samples of makers, tiers)."""

    now_us: int


@dataclass(frozen=True, slots=True)
class Nonce:
    """API key number `key` used `nonce` (unsigned, below 2^64); `venue.nonce(key)` gives the last one."""

    key: int
    nonce: int


Command = (
    Place | Take | Change | CancelAfter | Open | Credit | Reserve | PayOut | GiveBack | SetFees | Tier | Enrol | Stop | Admit
    | List | Enter | Quote | Clock | Nonce
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """The number of the order placed or changed, and how many orders were taken out or changed."""

    order: int = 0
    count: int = 0
