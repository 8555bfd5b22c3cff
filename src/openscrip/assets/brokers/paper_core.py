"""`PaperBroker`: fills at the day's real close, in parts; settles T+1; fails where a switch says so. Pure, no I/O.

Hours (New York): an order placed before the close of a session fills in its last ten minutes; busts come at 17:00;
trades settle on T+1 at 12:00; splits are booked on the ex-date at 06:00 and end all open orders of that line.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from openscrip.assets.broker import (
    ActionAnnounced,
    BrokerEvent,
    Bust,
    Fill,
    Order,
    OrderAccepted,
    OrderAnswer,
    OrderDone,
    OrderProgress,
    OrderRejected,
    OrderState,
    Position,
    PositionDividend,
    PositionSplit,
    Settled,
    SettlementFailed,
    Side,
)
from openscrip.assets.brokers.paper_order import Execution, Line, Working, pieces
from openscrip.assets.calendar import Calendar
from openscrip.assets.listings import instrument_of_isin, instruments
from openscrip.assets.notice import Notice
from openscrip.assets.paper import (
    CashIn,
    Closes,
    PaperParty,
    Transfer,
    TransferAnswer,
    dividend_cash,
    settle_at,
)
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Conflict, Malformed
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares

PAPER_FEE = Bps(1)
"""The paper broker's commission on each fill, rounded up to 1e-6 USD."""

FILL_WINDOW_S = 600
FILL_PIECES = 2
BUST_HOUR = 17


class PaperBroker(PaperParty[BrokerEvent]):
    """The broker as a state machine: `place`, `deliver`, `receive`, `pay_in` and `advance_to` in, events out.

    Switches: `reject_order`, `fill_pieces` (into `size` parts), `unfilled_rest` (the last part never fills),
    `bust_fill`, `fail_settlement`, `reject_transfer`. Cases are named by the client order id, with `/n` for the n-th
    fill or attempt, or by the transfer's id.
    """

    SWITCHES = ("reject_order", "fill_pieces", "unfilled_rest", "bust_fill", "fail_settlement", "reject_transfer")

    def __init__(
        self, start_at: int, closes: Closes, notices: Iterable[Notice], calendar: Calendar | None = None
    ) -> None:
        self._closes = closes
        self._orders: dict[str, Working] = {}
        self._lines = {symbol: Line(each.isin) for symbol, each in instruments().items()}
        self._transfers: dict[str, tuple[str, Transfer | CashIn, TransferAnswer]] = {}
        self._entitled: dict[str, int] = {}
        self.cash = Money(0)
        super().__init__(start_at, notices, calendar)

    def place(self, order: Order) -> OrderAnswer:
        """Take an order. Raises `Conflict("order.conflict")`, or `Malformed("order.quantity")`."""
        known = self._orders.get(order.client_order_id)
        if known is not None:
            if known.order != order:
                raise Conflict("order.conflict", f"order: {order.client_order_id} was used for another order")
            return known.answer
        if not order.client_order_id or order.quantity.atoms <= 0:
            raise Malformed("order.quantity", f"order: {order.client_order_id!r} had no id or no quantity")
        order_id = f"PB{len(self._orders) + 1}"
        today = new_york_date(self.now)
        session = self.calendar.session_on_or_after(today)
        if self.now >= session.close_at:
            session = self.calendar.next_session(today)
        reason = self._refusal(order, session.day)
        state = OrderState.REJECTED if reason else OrderState.ACCEPTED
        answer = OrderAnswer(order.client_order_id, order_id, state, reason)
        working = Working(order, answer, state, reason, trade_date=session.day)
        self._orders[order.client_order_id] = working
        if reason:
            self._events.append(OrderRejected(self._seq, self.now, order.client_order_id, reason))
            return answer
        self._events.append(OrderAccepted(self._seq, self.now, order.client_order_id, order_id))
        self._lines[order.symbol].open_orders[order.client_order_id] = None
        self._plan_fills(working, max(self.now, session.close_at - FILL_WINDOW_S), session.close_at)
        return answer

    def order(self, client_order_id: str) -> OrderProgress | None:
        """What has become of an order."""
        working = self._orders.get(client_order_id)
        if working is None:
            return None
        order = working.order
        return OrderProgress(
            client_order_id,
            working.answer.order_id,
            working.state,
            working.reason,
            order.symbol,
            order.side,
            order.quantity,
            Shares(working.filled),
            Shares(working.settled),
        )

    def positions(self) -> Mapping[str, Position]:
        """Positions of all lines that have or await shares."""
        found = {symbol: self._position(symbol, line) for symbol, line in self._lines.items()}
        return {symbol: each for symbol, each in found.items() if each.settled or each.pending_in or each.pending_out}

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave for custody; rejected with LACK while they are not settled here."""
        return self._transfer("deliver", transfer)

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares arrive from custody."""
        return self._transfer("receive", transfer)

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money arrives from the bank."""
        known = self._known("pay_in", cash)
        if known is None:
            self.cash += cash.amount
            known = TransferAnswer(cash.id, True, "")
            self._transfers[cash.id] = ("pay_in", cash, known)
        return known

    def _refusal(self, order: Order, day: date) -> str:
        """Why the broker takes no such order; empty if it does."""
        if order.symbol not in self._lines:
            return "unknown_symbol"
        if self._closes.on(order.symbol, day) is None:
            return "not_trading"
        return "broker_option" if self.switchboard.strike("reject_order", order.client_order_id) else ""

    def _plan_fills(self, working: Working, first_at: int, close_at: int) -> None:
        case = working.order.client_order_id
        struck = self.switchboard.strike("fill_pieces", case)
        working.pieces = pieces(working.order.quantity.atoms, struck.size if struck else FILL_PIECES)
        if self.switchboard.strike("unfilled_rest", case):
            working.pieces.pop()
        count = len(working.pieces)
        for number in range(count):
            self._schedule(first_at + (close_at - first_at) * number // (count + 1), self._fill, case)
        self._schedule(close_at, self._end_of_day, case)

    def _fill(self, case: str) -> None:
        working = self._orders[case]
        if working.state is not OrderState.ACCEPTED:
            return
        order, number = working.order, len(working.executions)
        price = self._closes.on(order.symbol, working.trade_date)
        if price is None:
            raise RuntimeError(f"paper broker: {order.symbol} lost its price on {working.trade_date}")
        quantity = Shares(working.pieces[number])
        cost = price.cost_up(quantity) if order.side is Side.BUY else price.proceeds_down(quantity)
        fee = cost.fee_up(PAPER_FEE)
        amount = cost + fee if order.side is Side.BUY else cost - fee
        exec_id = f"{working.answer.order_id}.{number + 1}"
        fill = Fill(
            self._seq, self.now, case, exec_id, order.symbol, order.side, quantity, price, fee, working.trade_date
        )
        self._events.append(fill)
        working.executions.append(Execution(exec_id, fill, quantity.atoms, amount.atoms))
        working.filled += quantity.atoms
        self._lines[order.symbol].unsettled[case] = None
        if number == 0:
            self._schedule(settle_at(self.calendar.settle(working.trade_date)), self._settle, case)
        if self.switchboard.strike("bust_fill", f"{case}/{number + 1}"):
            self._schedule(new_york_instant(working.trade_date, BUST_HOUR), self._bust, f"{number}|{case}")
        if working.filled == order.quantity.atoms:
            self._end(working, "")

    def _end_of_day(self, case: str) -> None:
        working = self._orders[case]
        if working.state is OrderState.ACCEPTED:
            self._end(working, "day_ended")

    def _end(self, working: Working, reason: str) -> None:
        case = working.order.client_order_id
        working.state, working.reason = OrderState.DONE, reason
        self._lines[working.order.symbol].open_orders.pop(case, None)
        self._events.append(OrderDone(self._seq, self.now, case, Shares(working.filled), reason))

    def _bust(self, key: str) -> None:
        number, _, case = key.partition("|")
        working = self._orders[case]
        execution = working.executions[int(number)]
        if execution.busted or execution.settled:
            return
        execution.busted = True
        fill = execution.fill
        working.filled -= execution.atoms
        self._events.append(
            Bust(
                self._seq,
                self.now,
                case,
                f"{fill.exec_id}.bust",
                fill.exec_id,
                fill.symbol,
                fill.side,
                fill.quantity,
                fill.price,
                fill.fee,
            )
        )

    def _settle(self, case: str) -> None:
        working = self._orders[case]
        order, line = working.order, self._lines[working.order.symbol]
        due = [each for each in working.executions if not each.busted and not each.settled]
        atoms = sum(each.atoms for each in due)
        if not due:
            line.unsettled.pop(case, None)
            return
        working.attempts += 1
        short = order.side is Side.SELL and line.settled < atoms
        if short or self.switchboard.strike("fail_settlement", f"{case}/{working.attempts}"):
            retry_on = self.calendar.settle(new_york_date(self.now))
            reason = "LACK" if short else "OTHR"
            self._events.append(SettlementFailed(self._seq, self.now, case, Shares(atoms), reason, retry_on))
            self._schedule(settle_at(retry_on), self._settle, case)
            return
        for each in due:
            each.settled = True
        working.settled += atoms
        line.unsettled.pop(case, None)
        amount = Money(sum(each.amount for each in due))
        if order.side is Side.BUY:
            line.settled, self.cash = line.settled + atoms, self.cash - amount
        else:
            line.settled, self.cash = line.settled - atoms, self.cash + amount
        self._events.append(
            Settled(
                self._seq,
                self.now,
                case,
                order.symbol,
                order.side,
                tuple(each.exec_id for each in due),
                Shares(atoms),
                amount,
                working.trade_date,
                line.epoch,
            )
        )

    def _known(self, way: str, movement: Transfer | CashIn) -> TransferAnswer | None:
        known = self._transfers.get(movement.id)
        if known is None:
            return None
        if known[:2] != (way, movement):
            raise Conflict("transfer.conflict", f"transfer: {movement.id} was used for another movement")
        return known[2]

    def _transfer(self, way: str, transfer: Transfer) -> TransferAnswer:
        known = self._known(way, transfer)
        if known is not None:
            return known
        listed = instrument_of_isin(transfer.isin)
        line = self._lines[listed.symbol] if listed is not None else None
        reason = ""
        if line is None:
            reason = "DSEC"
        elif transfer.quantity.atoms <= 0 or transfer.quantity.whole_down() != transfer.quantity:
            reason = "DQUA"
        elif self.switchboard.strike("reject_transfer", transfer.id):
            reason = "OTHR"
        elif way == "deliver" and line.settled < transfer.quantity.atoms:
            reason = "LACK"
        if line is not None and not reason:
            line.settled += transfer.quantity.atoms if way == "receive" else -transfer.quantity.atoms
        answer = TransferAnswer(transfer.id, not reason, reason)
        self._transfers[transfer.id] = (way, transfer, answer)
        return answer

    def _position(self, symbol: str, line: Line) -> Position:
        waiting = {Side.BUY: 0, Side.SELL: 0}
        for case in line.unsettled:
            working = self._orders[case]
            waiting[working.order.side] += sum(
                each.atoms for each in working.executions if not each.busted and not each.settled
            )
        return Position(symbol, Shares(line.settled), Shares(waiting[Side.BUY]), Shares(waiting[Side.SELL]), line.epoch)

    def _announced(self, notice: Notice) -> None:
        self._events.append(ActionAnnounced(self._seq, self.now, notice))

    def _entitle(self, notice: Notice) -> None:
        position = self._position(notice.symbol, self._lines[notice.symbol])
        # Trades before the ex-date carry the dividend, settled or not.
        held = position.settled.atoms + position.pending_in.atoms - position.pending_out.atoms
        self._entitled[notice.event_id] = max(0, held)

    def _pay_dividend(self, notice: Notice) -> None:
        eligible = Shares(self._entitled.pop(notice.event_id, 0))
        if not eligible:
            return
        cash = dividend_cash(notice, eligible)
        self.cash += cash.net
        self._events.append(
            PositionDividend(
                self._seq,
                self.now,
                notice.symbol,
                notice.isin,
                notice.event_id,
                eligible,
                cash.gross,
                cash.net,
                cash.withheld,
            )
        )

    def _split(self, notice: Notice) -> None:
        line, (new, old) = self._lines[notice.symbol], notice.ratio or (1, 1)
        for case in list(line.open_orders):
            self._end(self._orders[case], "corporate_action")
        for case in line.unsettled:
            working = self._orders[case]
            for each in working.executions:
                if not each.settled and not each.busted:
                    working.filled -= each.atoms
                    each.atoms = each.atoms * new // old
                    working.filled += each.atoms
        before = line.settled
        line.settled = before * new // old
        line.epoch += 1
        self._events.append(
            PositionSplit(
                self._seq,
                self.now,
                notice.symbol,
                notice.isin,
                notice.event_id,
                new,
                old,
                line.epoch,
                Shares(before),
                Shares(line.settled),
            )
        )
