"""The broker port: orders in, numbered events out. Adapters live in `brokers/`.

To add a broker: implement `Broker` in `brokers/<name>.py`, name it in `bootstrap.py`, and run the conformance suite
`tests/conformance/test_broker.py` on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Protocol

from openscrip.assets.notice import Notice
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares


class Side(StrEnum):
    """FIX 54: only these two are used."""

    BUY = "buy"
    SELL = "sell"


class OrderState(StrEnum):
    """Where an order stands. `done` says that no further fill comes; `filled` says how much came."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Order:
    """A market order for the regular session. `client_order_id` is the idempotency key."""

    client_order_id: str
    symbol: str
    side: Side
    quantity: Shares


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The acknowledgement: `accepted` or `rejected` with the reason. The same for every repetition of the order."""

    client_order_id: str
    order_id: str
    status: OrderState
    reason: str


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """What has become of an order. `filled` is net of busts; `settled` is in shares of the current epoch."""

    client_order_id: str
    order_id: str
    status: OrderState
    reason: str
    symbol: str
    side: Side
    quantity: Shares
    filled: Shares
    settled: Shares


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The broker works the order."""

    TYPE: ClassVar[str] = "order_accepted"
    seq: int
    at: int
    client_order_id: str
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The broker refused the order for good; nothing was or will be filled."""

    TYPE: ClassVar[str] = "order_rejected"
    seq: int
    at: int
    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fill:
    """A part was executed. `fee` comes on top of a buy and off a sale; dedupe on (`trade_date`, `exec_id`)."""

    TYPE: ClassVar[str] = "fill"
    seq: int
    at: int
    client_order_id: str
    exec_id: str
    symbol: str
    side: Side
    quantity: Shares
    price: PricePerShare
    fee: Money
    trade_date: date


@dataclass(frozen=True, slots=True)
class Bust:
    """The fill `ref_exec_id` was cancelled by the exchange, fee included. It may come after `OrderDone`."""

    TYPE: ClassVar[str] = "bust"
    seq: int
    at: int
    client_order_id: str
    exec_id: str
    ref_exec_id: str
    symbol: str
    side: Side
    quantity: Shares
    price: PricePerShare
    fee: Money


@dataclass(frozen=True, slots=True)
class OrderDone:
    """No further fill comes. `filled` below the order's quantity leaves a rest; `reason` is empty for a full one."""

    TYPE: ClassVar[str] = "order_done"
    seq: int
    at: int
    client_order_id: str
    filled: Shares
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The fills of one trade date settled at the broker. `quantity` is in shares of `epoch`, `amount` the net cash.

    Warning: where a split lay between trade and settlement, `quantity` is the filled quantity after the split.
    """

    TYPE: ClassVar[str] = "settled"
    seq: int
    at: int
    client_order_id: str
    symbol: str
    side: Side
    exec_ids: tuple[str, ...]
    quantity: Shares
    amount: Money
    trade_date: date
    epoch: int


@dataclass(frozen=True, slots=True)
class SettlementFailed:
    """The settlement did not happen and is tried again on `retry_on`."""

    TYPE: ClassVar[str] = "settlement_failed"
    seq: int
    at: int
    client_order_id: str
    quantity: Shares
    reason: str
    retry_on: date


@dataclass(frozen=True, slots=True)
class ActionAnnounced:
    """The broker passed on a corporate action."""

    TYPE: ClassVar[str] = "corporate_action"
    seq: int
    at: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class PositionSplit:
    """The broker booked a split on its positions and unsettled trades; `epoch` counts the splits of this line."""

    TYPE: ClassVar[str] = "split_booked"
    seq: int
    at: int
    symbol: str
    isin: str
    event_id: str
    ratio_new: int
    ratio_old: int
    epoch: int
    before: Shares
    after: Shares


@dataclass(frozen=True, slots=True)
class PositionDividend:
    """A dividend on shares that stood at the broker (settled or bought and not settled) before the ex-date."""

    TYPE: ClassVar[str] = "dividend_paid"
    seq: int
    at: int
    symbol: str
    isin: str
    event_id: str
    eligible: Shares
    gross: Money
    net: Money
    withheld: Money


BrokerEvent = (
    OrderAccepted
    | OrderRejected
    | Fill
    | Bust
    | OrderDone
    | Settled
    | SettlementFailed
    | ActionAnnounced
    | PositionSplit
    | PositionDividend
)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one line at the broker: `settled`, and bought or sold but not settled."""

    symbol: str
    settled: Shares
    pending_in: Shares
    pending_out: Shares
    epoch: int


class Broker(Protocol):
    """Buys and sells at an exchange through one account.

    Safe if: the same `client_order_id` is executed at most once for ever; events are numbered without a gap from 1 and
    never change; a `Settled` is never undone.
    Live if: every accepted order ends in `OrderDone`, and every failed settlement is tried again.
    Warning: a fill is no share yet. It may be busted until it settles, a settlement may fail and come later, and
    settled shares count for the reserve only once the custodian has confirmed them in the segregated account.
    """

    def place(self, order: Order) -> OrderAnswer:
        """Send an order. Raises `Conflict("order.conflict")` for a used id with other content, or `Unavailable`."""
        ...

    def order(self, client_order_id: str) -> OrderProgress | None:
        """What has become of an order; None if the broker never received it."""
        ...

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """Up to `limit` events with `seq` above `after`, in order."""
        ...

    def positions(self) -> Mapping[str, Position]:
        """Positions by symbol."""
        ...
