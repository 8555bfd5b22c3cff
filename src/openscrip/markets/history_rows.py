"""What the venue remembers, as rows: trades, executions, closed orders, amendments, account ledgers, candles.

Integers in the venue's units: prices in ticks, quantities in lots, values and fees in units of their asset (1e-6 of a
currency, 1e-8 of a token), times in microseconds since 1970. Instruments and assets are the numbers of the directory.
"""

import msgspec


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A public trade. `number` counts the trades of the venue without a gap, `since` is its id in nanoseconds.

    `since` is the trade's time in nanoseconds, raised by one where several trades have one microsecond: it only rises.
    """

    instrument: int
    number: int
    since: int
    time_us: int
    side: int
    """The taker's: 0 bought, 1 sold."""
    is_market: bool
    """Whether the taker was a market order."""
    price: int
    lots: int


class Execution(msgspec.Struct, frozen=True, gc=False):
    """One side of a trade, as its account sees it. `id` is unique at the venue, `trade` is the public trade's number."""

    id: int
    order: int
    account: int
    instrument: int
    trade: int
    side: int
    order_type: str
    price: int
    lots: int
    value: int
    """What it cost, in units of the quote."""
    fee: int
    """In units of the quote; below zero it is a rebate."""
    is_maker: bool
    time_us: int


class ClosedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order that is no more, with what became of it."""

    order: int
    account: int
    instrument: int
    client_id: str
    user_reference: int
    status: str
    """`closed` (filled), `canceled` or `expired`."""
    reason: str
    """Why it ended before it was filled; empty if it was filled."""
    side: int
    order_type: str
    """Kraken's word: `limit`, `market`, `iceberg`, `stop-loss`, `stop-loss-limit`, …"""
    time_in_force: str
    price: int
    """The limit in ticks, a market order's collar, the offset of a trailing limit; 0 without one."""
    trigger: int
    """The trigger in ticks, or the distance of a trailing order; 0 without one."""
    display: int
    post_only: bool
    reduce_only: bool
    expires_us: int
    lots: int
    filled: int
    value: int
    """What its executions cost together, in units of the quote."""
    fee: int
    opened_us: int
    closed_us: int


class Amendment(msgspec.Struct, frozen=True, gc=False):
    """One change of an order: what it was after it. `id` is the number of the record that changed it."""

    id: int
    order: int
    account: int
    instrument: int
    lots: int
    price: int
    display: int
    trigger: int
    kept_priority: bool
    time_us: int


class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """One movement of an account's balance. `id` is unique at the venue; `balance` is what was there after it."""

    id: int
    account: int
    asset: int
    kind: str
    """`trade`, `deposit`, `withdrawal`, `transfer`, `adjustment`."""
    reference: str
    """The execution's id in decimal digits, or the reference of a deposit or a withdrawal."""
    amount: int
    fee: int
    balance: int
    time_us: int


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Trades of one interval. `turnover` is the sum of ticks x lots, so that the average price is turnover / lots."""

    begin_s: int
    open: int
    high: int
    low: int
    close: int
    turnover: int
    lots: int
    count: int


class Spread(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask from a moment on, in ticks; 0 where a side was empty."""

    time_us: int
    bid: int
    ask: int


class Span(msgspec.Struct, frozen=True, gc=False):
    """What traded in a span of time; prices 0 if nothing did."""

    open: int
    high: int
    low: int
    turnover: int
    lots: int
    count: int


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """What a ticker says of trades: the last one, this UTC day, and the last 24 hours (to the minute)."""

    last_price: int
    last_lots: int
    today: Span
    day: Span
