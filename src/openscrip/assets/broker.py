"""The broker port: orders in, numbered events out. Adapters live in `brokers/`.

To add a broker: implement `Broker` in `brokers/<name>.py`, name it in `bootstrap.py`, and run the conformance suite
`tests/conformance/test_broker.py` and `test_broker_orders.py` on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Protocol

from openscrip.assets.notice import Notice
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares


class Side(StrEnum):
    """FIX 54: only these two are used."""

    BUY = "buy"
    SELL = "sell"


class TimeInForce(StrEnum):
    """FIX 59: until its session ends, or at once and what is not filled at once is cancelled."""

    DAY = "day"
    IMMEDIATE_OR_CANCEL = "ioc"


class OrderState(StrEnum):
    """Where an order stands. `done` says that no further fill comes; `filled` says how much came."""

    PENDING = "pending"
    """Taken, and on its way to the broker, who has not answered yet."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Order:
    """An order for one session. `client_order_id` is the idempotency key; without a `limit` it is a market order."""

    client_order_id: str
    symbol: str
    side: Side
    quantity: Shares
    limit: PricePerShare | None = None
    session: TradingSession = TradingSession.REGULAR
    time_in_force: TimeInForce = TimeInForce.DAY


ID_LENGTH_MAX = 100


def refuse_unfit(order: Order) -> None:
    """Raise `Refused("order.session")`, or `Malformed` with `order.id`, `order.quantity` or `order.limit`."""
    case = order.client_order_id
    if len(case) > ID_LENGTH_MAX or not case.isascii() or not case.isprintable():
        text = f"order: {case!a:.40} was above {ID_LENGTH_MAX} or not printable ASCII; give an id that brokers take"
        raise Malformed("order.id", text)
    if not case or order.quantity.atoms <= 0:
        raise Malformed("order.quantity", f"order: {case!r} had no id or no quantity; give both")
    if order.limit is not None and order.limit.micros <= 0:
        raise Malformed("order.limit", f"order: {order.client_order_id} had the limit {order.limit}; it must be above zero")
    if order.limit is None and order.session is not TradingSession.REGULAR:
        text = f"order: {order.client_order_id} was a market order in {order.session} hours; give it a limit"
        raise Refused("order.session", text)


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The acknowledgement: `accepted` or `rejected` with the reason, the same for every repetition of the order.

    `pending` while a broker that answers later has not yet; then the answer comes as `OrderAccepted` or `OrderRejected`.
    """

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
class Correction:
    """The fill `ref_exec_id` never was; what is told here took its place. One event, so that nobody reorders in between."""

    TYPE: ClassVar[str] = "correction"
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
    trade_date: date


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
    loan: str = ""
    """The loan that paid `lent` of `amount`; the shares are pledged to the broker until it says otherwise."""
    lent: Money = Money(0)


@dataclass(frozen=True, slots=True)
class LoanCharged:
    """Interest was charged on a loan; `id` is the charge's own."""

    TYPE: ClassVar[str] = "loan_charged"
    seq: int
    at: int
    loan: str
    id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class MarginCall:
    """The broker wants `amount` of a loan back now, or sells what is pledged."""

    TYPE: ClassVar[str] = "margin_call"
    seq: int
    at: int
    loan: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PledgeReleased:
    """Pledged shares are free: they may leave the account. `quantity` is in shares of `epoch`; parts come one by one."""

    TYPE: ClassVar[str] = "pledge_released"
    seq: int
    at: int
    loan: str
    id: str
    symbol: str
    quantity: Shares
    epoch: int


@dataclass(frozen=True, slots=True)
class ReleaseRefused:
    """The broker keeps shares pledged although the loan is repaid. A release may still come."""

    TYPE: ClassVar[str] = "release_refused"
    seq: int
    at: int
    loan: str
    reason: str


@dataclass(frozen=True, slots=True)
class PledgeSold:
    """The broker sold pledged shares by itself; `proceeds`, net of fees, went into the loan and what is over into cash."""

    TYPE: ClassVar[str] = "pledge_sold"
    seq: int
    at: int
    loan: str
    id: str
    symbol: str
    quantity: Shares
    proceeds: Money
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


LoanEvent = LoanCharged | MarginCall | PledgeReleased | ReleaseRefused | PledgeSold
BrokerEvent = (
    OrderAccepted
    | OrderRejected
    | Fill
    | Bust
    | Correction
    | OrderDone
    | Settled
    | SettlementFailed
    | ActionAnnounced
    | PositionSplit
    | PositionDividend
    | LoanEvent
)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one line at the broker: `settled` (of these `pledged` for loans), and bought or sold but not settled."""

    symbol: str
    settled: Shares
    pending_in: Shares
    pending_out: Shares
    epoch: int
    pledged: Shares = Shares(0)


class Broker(Protocol):
    """Buys and sells at an exchange through one account.

    Safe if: the same `client_order_id` is executed at most once for ever; events are numbered without a gap from 1 and
    never change; a `Settled` is never undone.
    Live if: every accepted order ends in `OrderDone`, and every failed settlement is tried again.
    Warning: a fill is no share yet. It may be busted until it settles, a settlement may fail and come later, and
    settled shares count for the reserve only once the custodian has confirmed them in the segregated account.
    """

    def place(self, order: Order) -> OrderAnswer:
        """Send an order.

        Raises `Conflict("order.conflict")` for a used id with other content, what `refuse_unfit` raises, or `Unavailable`.
        """
        ...

    def order(self, client_order_id: str) -> OrderProgress | None:
        """What has become of an order; None if the broker never received it."""
        ...

    def cancel(self, client_order_id: str) -> None:
        """Ask that the rest of an order be cancelled; the outcome is its `OrderDone`. Asking twice, or too late, is harmless.

        Raises `Refused("order.unknown")` for an order that was never placed.
        """
        ...

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """Up to `limit` events with `seq` above `after`, in order."""
        ...

    def positions(self) -> Mapping[str, Position]:
        """Positions by symbol."""
        ...
