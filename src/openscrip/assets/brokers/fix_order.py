"""An order as the FIX broker's books have it, and what it is judged by. Frozen: a change is a new row."""

from dataclasses import dataclass, replace
from datetime import date

from openscrip.assets.broker import Order, OrderAnswer, OrderProgress, OrderState, Side, TimeInForce
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix import codes
from openscrip.runtime.fix.orders import CancelRequest, ExecutionReport, NewOrderSingle, StatusRequest, UtcMs

SIDE_CODES = {Side.BUY: codes.Side.BUY, Side.SELL: codes.Side.SELL}
TIME_CODES = {
    TimeInForce.DAY: codes.TimeInForce.DAY,
    TimeInForce.IMMEDIATE_OR_CANCEL: codes.TimeInForce.IMMEDIATE_OR_CANCEL,
}
WAITING, SENT, ACCEPTED, REJECTED, DONE = "waiting", "sent", "accepted", "rejected", "done"
STATES = {
    WAITING: OrderState.PENDING,
    SENT: OrderState.PENDING,
    ACCEPTED: OrderState.ACCEPTED,
    REJECTED: OrderState.REJECTED,
    DONE: OrderState.DONE,
}


@dataclass(frozen=True, slots=True)
class FixOrder:
    """waiting > sent > accepted > done, or rejected. `final` is what the broker says was filled of an order that is over.

    The order is done once that much was booked: reports may come in any order. `cancels` counts the requests to cancel.
    """

    order: Order
    valid_until: int
    state: str = WAITING
    order_id: str = ""
    reason: str = ""
    filled: int = 0
    settled: int = 0
    final: int | None = None
    cancels: int = 0

    @property
    def id(self) -> str:
        """The ClOrdID."""
        return self.order.client_order_id

    @property
    def over(self) -> bool:
        """Whether no trade is expected any more."""
        return self.state in {DONE, REJECTED}

    def answer(self) -> OrderAnswer:
        """What the broker said, as far as it did."""
        state = STATES[self.state]
        known = OrderState.ACCEPTED if state is OrderState.DONE else state
        return OrderAnswer(self.id, self.order_id, known, self.reason if known is OrderState.REJECTED else "")

    def progress(self) -> OrderProgress:
        """What has become of it."""
        order = self.order
        return OrderProgress(
            order.client_order_id,
            self.order_id,
            STATES[self.state],
            self.reason,
            order.symbol,
            order.side,
            order.quantity,
            Shares(self.filled),
            Shares(self.settled),
        )

    def doubt(self, report: ExecutionReport) -> tuple[codes.DoubtReason, str] | None:
        """Why a trade that is reported cannot be of this order; None if it can."""
        order, quantity, price = self.order, report.last_quantity, report.last_price
        if report.symbol != order.symbol:
            return codes.DoubtReason.UNKNOWN_SYMBOL, f"the order was for {order.symbol}"
        if report.side is not SIDE_CODES[order.side]:
            return codes.DoubtReason.WRONG_SIDE, f"the order was to {order.side}"
        if quantity is None or not quantity or price is None or not price.micros:
            return codes.DoubtReason.OTHER, "it had no quantity or no price"
        if self.filled + quantity.atoms > order.quantity.atoms:
            return codes.DoubtReason.QUANTITY_EXCEEDS_ORDER, f"{Shares(self.filled)} of {order.quantity} were filled before"
        limit = order.limit
        if limit is not None and (price > limit if order.side is Side.BUY else price < limit):
            return codes.DoubtReason.PRICE_EXCEEDS_LIMIT, f"the limit was {limit}"
        if self.over:
            return codes.DoubtReason.OTHER, f"the order was {self.state}"
        return None

    def to_order(self, now: int) -> NewOrderSingle:
        """The order as a message."""
        order = self.order
        return NewOrderSingle(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=SIDE_CODES[order.side],
            transact_at=UtcMs(now * 1_000),
            quantity=order.quantity,
            order_type=codes.OrderType.MARKET if order.limit is None else codes.OrderType.LIMIT,
            limit=order.limit,
            time_in_force=TIME_CODES[order.time_in_force],
            sessions=1,
            session=order.session.value,
        )

    def to_cancel(self, now: int) -> CancelRequest:
        """A request to cancel it, with an id of its own."""
        return CancelRequest(
            original_client_order_id=self.id,
            order_id=self.order_id or None,
            client_order_id=f"{self.id}#{self.cancels}",
            symbol=self.order.symbol,
            side=SIDE_CODES[self.order.side],
            transact_at=UtcMs(now * 1_000),
            quantity=self.order.quantity,
        )

    def to_question(self) -> StatusRequest:
        """What has become of it?"""
        return StatusRequest(
            order_id=self.order_id or None,
            client_order_id=self.id,
            symbol=self.order.symbol,
            side=SIDE_CODES[self.order.side],
        )

    def row(self) -> dict[str, object]:
        """As it is stored."""
        order = self.order
        return {
            "id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side.value,
            "quantity": order.quantity.atoms,
            "limit_micros": None if order.limit is None else order.limit.micros,
            "session": order.session.value,
            "time_in_force": order.time_in_force.value,
            "valid_until": self.valid_until,
        } | self.moving()

    def moving(self) -> dict[str, object]:
        """What changes of it."""
        return {
            "state": self.state,
            "order_id": self.order_id,
            "reason": self.reason,
            "filled": self.filled,
            "settled": self.settled,
            "final": self.final,
            "cancels": self.cancels,
        }

    def grown(self, atoms: int) -> "FixOrder":
        """After a trade, or with less than nothing after a bust."""
        return replace(self, filled=self.filled + atoms)


def order_of_row(found: tuple[object, ...]) -> FixOrder:
    """The order in a row of the table, its columns in order."""
    (case, symbol, side, quantity, limit, session, time_in_force, valid_until, *rest) = found
    order = Order(
        str(case),
        str(symbol),
        Side(str(side)),
        Shares(int(str(quantity))),
        None if limit is None else PricePerShare(int(str(limit))),
        TradingSession(str(session)),
        TimeInForce(str(time_in_force)),
    )
    state, order_id, reason, filled, settled, final, cancels = rest
    return FixOrder(
        order,
        int(str(valid_until)),
        str(state),
        str(order_id),
        str(reason),
        int(str(filled)),
        int(str(settled)),
        None if final is None else int(str(final)),
        int(str(cancels)),
    )


@dataclass(frozen=True, slots=True)
class Trade:
    """An execution that was booked; told once for its trade date and ExecID."""

    trade_date: date
    exec_id: str
    order_id: str
    quantity: Shares
    price: PricePerShare
    fee: Money
    busted: bool = False
