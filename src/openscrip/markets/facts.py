"""What the venue tells: a closed set of small frozen structs, in the order in which things happened.

Every fact bears the `sequence` of the record that made it and its time. Units: prices in ticks, quantities in lots; `value`,
`fee` and `cost` in units of the quote asset, amounts and balances in units of their asset. A `fee` below 0 is a rebate.
"""

from enum import IntEnum

from msgspec import Struct

from openscrip.markets.commands import Cause, State
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.orders import SelfTrade, Terms


class Ending(IntEnum):
    """How an order ended."""

    FILLED = 0
    CANCELLED = 1
    """By its owner, or for a `cause`."""
    EXPIRED = 2
    IMMEDIATE = 3
    """What was not filled at once of a market or IOC order."""
    NOT_FILLED = 4
    """Fill or kill, and it could not be filled."""
    NO_LIQUIDITY = 5
    SELF_TRADE = 6
    POST_ONLY = 7
    """It would have taken in an auction."""
    FILLED_MORE = 8
    """Amended below what was executed."""


class What(IntEnum):
    """Why an account's balance or reserve moved, trades apart."""

    CREDIT = 0
    RESERVE = 1
    """Held for a withdrawal: the balance is the same."""
    PAY_OUT = 2
    GIVE_BACK = 3
    REBATE = 4
    """Of the market-maker programme."""


class OrderNew(Struct, frozen=True, gc=False):
    """An order was taken; `terms` are those that the book got (collars set). `hold` is what it holds of its asset."""

    sequence: int
    time_us: int
    order: int
    account: int
    instrument: int
    side: int
    lots: int
    terms: Terms
    self_trade: SelfTrade
    client_id: str
    user_reference: int
    reduce_only: bool
    hold: int


class OrderTraded(Struct, frozen=True, gc=False):
    """One side of trade number `trade` (gapless over the venue): `value` and `fee` of this fill, then the order's totals.

    It makes two rows in the account's ledger: number `entry` for the base asset and `entry` + 1 for the quote, with the
    balances after it. A buyer gets lots x lot_units of the base and pays value + fee; a seller the other way, less the fee.
    """

    sequence: int
    time_us: int
    trade: int
    order: int
    account: int
    instrument: int
    side: int
    client_id: str
    user_reference: int
    is_maker: bool
    price: int
    lots: int
    value: int
    fee: int
    left: int
    filled: int
    cost: int
    fees: int
    entry: int
    base_balance: int
    quote_balance: int


class OrderDone(Struct, frozen=True, gc=False):
    """An order is no longer open. `left` lots of it were not filled."""

    sequence: int
    time_us: int
    order: int
    account: int
    instrument: int
    side: int
    client_id: str
    user_reference: int
    ending: Ending
    cause: Cause
    left: int
    filled: int
    cost: int
    fees: int


class OrderAmended(Struct, frozen=True, gc=False):
    """An order is now so; `lots` is its whole quantity, `trigger` 0 if it does not wait for a price."""

    sequence: int
    time_us: int
    order: int
    account: int
    instrument: int
    client_id: str
    user_reference: int
    lots: int
    left: int
    price: int
    display: int
    trigger: int
    kept_place: bool


class OrderTriggered(Struct, frozen=True, gc=False):
    """A waiting order fired at `price` and entered the book."""

    sequence: int
    time_us: int
    order: int
    account: int
    instrument: int
    client_id: str
    user_reference: int
    price: int


class OrderRefilled(Struct, frozen=True, gc=False):
    """An iceberg shows `lots` anew."""

    sequence: int
    time_us: int
    order: int
    account: int
    instrument: int
    client_id: str
    user_reference: int
    lots: int
    left: int


class Printed(Struct, frozen=True, gc=False):
    """A public trade. `side` is the taker's; in an auction nobody takes, and it is BUY."""

    sequence: int
    time_us: int
    trade: int
    instrument: int
    side: int
    price: int
    lots: int
    value: int
    by_market_order: bool
    in_auction: bool


class Moved(Struct, frozen=True, gc=False):
    """A row of an account's ledger, trades apart: `amount` (signed) came to its balance, which is `balance` after it.

    A RESERVE or GIVE_BACK moves nothing in the balance: `amount` is what was held or freed, and `entry` is 0.
    """

    sequence: int
    time_us: int
    entry: int
    account: int
    asset: int
    amount: int
    balance: int
    what: What
    reference: str


class BookEvents(Struct, frozen=True, gc=False):
    """What the book of an instrument told of one record: rows of eight integers, see `events.Event`."""

    sequence: int
    time_us: int
    instrument: int
    events: list[tuple[int, ...]]


class Entered(Struct, frozen=True, gc=False):
    """An instrument's market is in another state."""

    sequence: int
    time_us: int
    instrument: int
    state: State
    cause: Cause
    until_us: int


class Referenced(Struct, frozen=True, gc=False):
    """The reference price as of `at_us`."""

    sequence: int
    time_us: int
    instrument: int
    price: int
    at_us: int


class Indicated(Struct, frozen=True, gc=False):
    """In a call: where the auction would be now; `price` 0 while nothing crosses. A `surplus` above 0 would buy, below sell."""

    sequence: int
    time_us: int
    instrument: int
    price: int
    lots: int
    surplus: int


class Opened(Struct, frozen=True, gc=False):
    """An account was opened."""

    sequence: int
    time_us: int
    account: int
    name: str


class Stopped(Struct, frozen=True, gc=False):
    """The kill switch of an account, or of the venue (0), is on or off."""

    sequence: int
    time_us: int
    account: int
    on: bool
    cause: Cause


class Admitted(Struct, frozen=True, gc=False):
    """An asset is known, or has new terms."""

    sequence: int
    time_us: int
    asset: Asset


class Listed(Struct, frozen=True, gc=False):
    """An instrument is listed, or has new terms (its multiplier, its limits)."""

    sequence: int
    time_us: int
    instrument: Instrument


class FeesSet(Struct, frozen=True, gc=False):
    """A schedule has these tiers (see `commands.SetFees`)."""

    sequence: int
    time_us: int
    number: int
    tiers: tuple[tuple[int, int, int], ...]


class Measured(Struct, frozen=True, gc=False):
    """A market maker's period is over: it kept its obligation in `kept` of `samples`, made `value`, and was paid `paid`."""

    sequence: int
    time_us: int
    account: int
    instrument: int
    samples: int
    kept: int
    value: int
    paid: int


Fact = (
    OrderNew | OrderTraded | OrderDone | OrderAmended | OrderTriggered | OrderRefilled | Printed | Moved | BookEvents | Entered
    | Referenced | Indicated | Opened | Stopped | Admitted | Listed | FeesSet | Measured
)  # fmt: skip
