"""Execution reports of the paper broker: what FIX says of each event, with the quantities as they stood right after it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets.broker import (
    Bust,
    Correction,
    Fill,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    Side,
)
from openscrip.assets.brokers.paper_market import REJECTIONS
from openscrip.assets.brokers.paper_order import Working
from openscrip.assets.calendar import Calendar
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix import codes
from openscrip.runtime.fix.orders import ExecutionReport, UtcMs

MARKET = "PAPR"
SIDE_CODES = {Side.BUY: codes.Side.BUY, Side.SELL: codes.Side.SELL}
ENDS = {
    "day_ended": codes.OrderStatus.DONE_FOR_DAY,
    "session_ended": codes.OrderStatus.EXPIRED,
}
"""What an order's end is called; whatever is not named here was cancelled."""
CODES = {word: code for code, word in REJECTIONS.items()}


@dataclass(slots=True)
class Tally:
    """What was told of an order so far."""

    filled: int = 0
    value: int = 0
    """Price times atoms of what is filled."""
    reports: int = 0
    fills: int = 0
    status: codes.OrderStatus = codes.OrderStatus.NEW

    def told(
        self,
        event: OrderAccepted | OrderRejected | Fill | Bust | Correction | OrderDone,
        working: Working,
        report_id: Callable[[], str],
        calendar: Calendar,
    ) -> ExecutionReport | None:
        """The report of an event; None where the one before said it already, as an order's end after its last fill."""
        self.reports += 1
        match event:
            case OrderAccepted():
                return report_of(working, self, report_id(), event.at)
            case OrderRejected():
                self.status = codes.OrderStatus.REJECTED
                told = report_of(working, self, report_id(), event.at, codes.ExecType.REJECTED)
                return replace(told, reject_reason=CODES.get(event.reason, 0), text=event.reason)
            case OrderDone():
                if not event.reason:
                    return None
                self.status = ENDS.get(event.reason, codes.OrderStatus.CANCELED)
                told = report_of(working, self, report_id(), event.at, codes.ExecType(self.status))
                return replace(told, text=event.reason)
            case Fill():
                self.fills += 1
                return self._trade(event, working, codes.TransType.NEW, calendar)
            case Correction():
                replaced = next(each.fill for each in working.executions if each.exec_id == event.ref_exec_id)
                self._count(replaced, -1)
                return self._trade(event, working, codes.TransType.CORRECT, calendar)
            case Bust():
                self._count(event, -1)
                self._lower(working)
                told = report_of(working, self, event.exec_id, event.at)
                return replace(
                    told,
                    trans_type=codes.TransType.BUST,
                    ref_exec_id=event.ref_exec_id,
                    last_quantity=event.quantity,
                    last_price=event.price,
                    trade_date=working.trade_date,
                )
            case _:
                assert_never(event)

    def _trade(self, event: Fill | Correction, working: Working, trans: codes.TransType, calendar: Calendar) -> ExecutionReport:
        self._count(event, 1)
        if self.filled >= working.order.quantity.atoms:
            self.status = codes.OrderStatus.FILLED
        elif self.status in {codes.OrderStatus.NEW, codes.OrderStatus.PARTIALLY_FILLED}:
            self.status = codes.OrderStatus.PARTIALLY_FILLED
        else:
            self._lower(working)
        full = self.status is codes.OrderStatus.FILLED
        told = report_of(working, self, event.exec_id, event.at, codes.ExecType.FILL if full else codes.ExecType.PARTIAL_FILL)
        return replace(
            told,
            trans_type=trans,
            ref_exec_id=event.ref_exec_id if isinstance(event, Correction) else None,
            last_quantity=event.quantity,
            last_price=event.price,
            last_market=MARKET,
            trade_date=event.trade_date,
            settles_on=calendar.settle(event.trade_date),
            commission=event.fee,
            commission_type="3",
        )

    def _lower(self, working: Working) -> None:
        """After a bust: an order that was filled is over all the same, and nothing is left of it."""
        if self.status is codes.OrderStatus.FILLED and self.filled < working.order.quantity.atoms:
            self.status = codes.OrderStatus.DONE_FOR_DAY
        if self.status is codes.OrderStatus.PARTIALLY_FILLED and not self.filled:
            self.status = codes.OrderStatus.NEW

    def _count(self, event: Fill | Correction | Bust, sign: int) -> None:
        self.filled += sign * event.quantity.atoms
        self.value += sign * event.quantity.atoms * event.price.micros


def report_of(
    working: Working, tally: Tally, report_id: str, at: int, exec_type: codes.ExecType | None = None
) -> ExecutionReport:
    """Where an order stands, as a report."""
    order = working.order
    status = status_of(working, tally)
    over = status in codes.TERMINAL or status is codes.OrderStatus.REJECTED
    return ExecutionReport(
        order_id=working.answer.order_id,
        client_order_id=order.client_order_id,
        exec_id=report_id,
        trans_type=codes.TransType.NEW,
        exec_type=exec_type or codes.ExecType(status),
        status=status,
        symbol=order.symbol,
        side=SIDE_CODES[order.side],
        quantity=order.quantity,
        limit=order.limit,
        session=order.session.value,
        leaves=Shares(0 if over else max(0, order.quantity.atoms - tally.filled)),
        filled=Shares(tally.filled),
        average_price_down=PricePerShare(tally.value // tally.filled if tally.filled > 0 else 0),
        transact_at=UtcMs(at * 1_000),
    )


def status_of(working: Working, tally: Tally) -> codes.OrderStatus:
    """39 of FIX."""
    return codes.OrderStatus.REJECTED if working.state is OrderState.REJECTED else tally.status
