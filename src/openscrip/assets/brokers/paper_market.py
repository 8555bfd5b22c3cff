"""The paper broker's market: orders, executions at real closes, busts, corrections, settlement. Pure, no I/O.

A regular order fills in the last ten minutes of its session at that day's close. What is to be filled at once (IOC, and
limit orders in other hours) fills at the last close that is known, split-adjusted. Busts and corrections come at 17:00.
"""

from collections.abc import Iterable

from openscrip.assets.broker import (
    BrokerEvent,
    Bust,
    Correction,
    Fill,
    Order,
    OrderAccepted,
    OrderAnswer,
    OrderDone,
    OrderProgress,
    OrderRejected,
    OrderState,
    Settled,
    SettlementFailed,
    Side,
    TimeInForce,
    refuse_unfit,
)
from openscrip.assets.brokers.paper_order import END_OF_WINDOW, Cancelled, Execution, Line, Working, fewer, pieces
from openscrip.assets.calendar import Calendar
from openscrip.assets.listings import instruments
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Closes, PaperParty, book_at, settle_at
from openscrip.assets.trading_hours import TradingSession, Window, next_window
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Conflict, Refused
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares

PAPER_FEE = Bps(1)
"""The paper broker's commission on each fill, rounded up to 1e-6 USD."""

FILL_WINDOW_S = 600
FILL_PIECES = 2
BUST_HOUR = 17
HALT_MINUTES = 5
WRONG_PRICE = Bps(100)
"""So much higher is the price that a correction puts right."""
REJECTIONS = {
    0: "broker_option", 1: "unknown_symbol", 2: "exchange_closed", 3: "exceeds_limit", 4: "too_late",
    5: "unknown_order", 6: "duplicate_order", 8: "stale_order",
}  # fmt: skip
"""103 of FIX 4.2 in words."""


class PaperMarket(PaperParty[BrokerEvent]):
    """Orders and what becomes of them. Cases of switches are named by the client order id, with `/n` for its n-th fill."""

    def __init__(
        self, start_at: int, closes: Closes, notices: Iterable[Notice], calendar: Calendar | None, at_once: bool
    ) -> None:
        self._closes = closes
        self._at_once = at_once
        self._orders: dict[str, Working] = {}
        self._lines = {symbol: Line(each.isin) for symbol, each in instruments().items()}
        self.cash = Money(0)
        super().__init__(start_at, notices, calendar)

    def place(self, order: Order) -> OrderAnswer:
        """Take an order. Raises `Conflict("order.conflict")`, or what `refuse_unfit` raises."""
        known = self._orders.get(order.client_order_id)
        if known is not None:
            if known.order != order:
                raise Conflict("order.conflict", f"order: {order.client_order_id} was used for another order")
            return known.answer
        refuse_unfit(order)
        order_id = f"PB{len(self._orders) + 1}"
        window = next_window(self.calendar, order.session, self.now)
        reason = self._refusal(order, window)
        state = OrderState.REJECTED if reason else OrderState.ACCEPTED
        answer = OrderAnswer(order.client_order_id, order_id, state, reason)
        working = Working(order, answer, state, window, reason)
        self._orders[order.client_order_id] = working
        if reason:
            self._events.append(OrderRejected(self._seq, self.now, order.client_order_id, reason))
            return answer
        self._events.append(OrderAccepted(self._seq, self.now, order.client_order_id, order_id))
        self._lines[order.symbol].open_orders[order.client_order_id] = None
        self._plan_fills(working)
        self.advance_to(self.now)
        return answer

    def working(self, client_order_id: str) -> Working | None:
        """The order as the broker has it; to be read, not to be changed."""
        return self._orders.get(client_order_id)

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

    def cancel(self, client_order_id: str) -> None:
        """As `Broker.cancel`."""
        if self.ask_cancel(client_order_id).outcome == "unknown":
            raise Refused("order.unknown", f"order: {client_order_id:.80} was never received")

    def ask_cancel(self, client_order_id: str) -> Cancelled:
        """Cancel what is not filled yet. With the switch `cancel_too_late` the market was quicker."""
        working = self._orders.get(client_order_id)
        if working is None:
            return Cancelled("unknown")
        if working.state is OrderState.ACCEPTED and self.switchboard.strike("cancel_too_late", client_order_id):
            while self._fill_next(working):
                pass
        if working.state is not OrderState.ACCEPTED:
            return Cancelled("too_late", working.answer.order_id)
        self._end(working, "cancelled")
        return Cancelled("done", working.answer.order_id)

    def cancel_all(self) -> None:
        """Cancel every open order, as agreed for a link that is lost."""
        for line in self._lines.values():
            for case in list(line.open_orders):
                self._end(self._orders[case], "link_lost")

    def _refusal(self, order: Order, window: Window) -> str:
        """Why the broker takes no such order; empty if it does."""
        if order.symbol not in self._lines:
            return "unknown_symbol"
        if self._closes.on(order.symbol, window.trade_date) is None:
            return "not_trading"
        if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL and self.now < window.open_at:
            return "exchange_closed"
        struck = self.switchboard.strike("reject_order", order.client_order_id)
        return REJECTIONS.get(struck.size, REJECTIONS[0]) if struck else ""

    # Filling

    def _plan_fills(self, working: Working) -> None:
        case, window = working.order.client_order_id, working.window
        struck = self.switchboard.strike("fill_pieces", case)
        working.pieces = pieces(working.order.quantity.atoms, struck.size if struck else FILL_PIECES)
        if self.switchboard.strike("unfilled_rest", case):
            working.pieces.pop()
        count = len(working.pieces)
        if self._fills_at_once(working):
            times = [max(self.now, window.open_at)] * count
        else:
            first_at = max(self.now, window.close_at - FILL_WINDOW_S)
            times = [first_at + (window.close_at - first_at) * number // (count + 1) for number in range(count)]
        for number, at in enumerate(times):
            self._schedule(at, self._fill, case)
            if number == 0 and self.switchboard.strike("cancel_unsolicited", case):
                self._schedule(at, self._broker_cancels, case)
        if working.order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            self._schedule(self.now, self._cancel_rest, case)
        self._schedule(window.close_at, self._end_of_window, case)

    def _fills_at_once(self, working: Working) -> bool:
        order = working.order
        immediate = order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL or order.session is not TradingSession.REGULAR
        return immediate or (self._at_once and working.window.open_at <= self.now)

    def _fill(self, case: str) -> None:
        working = self._orders[case]
        if working.state is not OrderState.ACCEPTED:
            return
        halt = self.switchboard.strike("halt", working.order.symbol)
        if halt is not None:
            self._schedule(self.now + 60 * (halt.size or HALT_MINUTES), self._fill, case)
            return
        self._fill_next(working)

    def _fill_next(self, working: Working) -> bool:
        """Execute the next piece, if there is one and the price is within the limit."""
        price, number, case = self._price(working), len(working.executions), working.order.client_order_id
        if number >= len(working.pieces) or not working.takes(price):
            return False
        exec_id = f"{working.answer.order_id}.{number + 1}"
        wrong = self.switchboard.strike("correct_price", f"{case}/{number + 1}")
        self._execute(working, exec_id, Shares(working.pieces[number]), price.plus_up(WRONG_PRICE) if wrong else price)
        if self.switchboard.strike("bust_fill", f"{case}/{number + 1}"):
            self._schedule(self._bust_at(working), self._bust, f"{exec_id}|{case}")
        if self.switchboard.strike("bust_settled", f"{case}/{number + 1}"):
            settles_on = self.calendar.settle(working.trade_date)
            self._schedule(new_york_instant(settles_on, BUST_HOUR), self._bust, f"{exec_id}|{case}")
        if wrong or self.switchboard.strike("correct_quantity", f"{case}/{number + 1}"):
            self._schedule(self._bust_at(working), self._correct, f"{exec_id}|{case}")
        if working.filled == working.order.quantity.atoms:
            self._end(working, "")
        return True

    def _execute(self, working: Working, exec_id: str, quantity: Shares, price: PricePerShare, ref: str = "") -> None:
        """Book an execution and tell of it; with `ref`, it takes the place of that one."""
        order, case = working.order, working.order.client_order_id
        cost = price.cost_up(quantity) if order.side is Side.BUY else price.proceeds_down(quantity)
        fee = cost.fee_up(PAPER_FEE)
        amount = cost + fee if order.side is Side.BUY else cost - fee
        day = working.trade_date
        fill = Fill(self._seq, self.now, case, exec_id, order.symbol, order.side, quantity, price, fee, day)
        corrected = Correction(self._seq, self.now, case, exec_id, ref, order.symbol, order.side, quantity, price, fee, day)
        self._events.append(corrected if ref else fill)
        working.executions.append(Execution(exec_id, fill, quantity.atoms, amount.atoms))
        working.filled += quantity.atoms
        self._lines[order.symbol].unsettled[case] = None
        if not working.settling:
            working.settling = True
            self._schedule(settle_at(self.calendar.settle(day)), self._settle, case)

    def _bust_at(self, working: Working) -> int:
        return max(self.now, new_york_instant(working.trade_date, BUST_HOUR))

    def _price(self, working: Working) -> PricePerShare:
        """The session's own close near its end; before it, the last close that anyone can know."""
        symbol, day = working.order.symbol, working.trade_date
        if self._fills_at_once(working) or self.now < working.window.close_at - FILL_WINDOW_S:
            session = self.calendar.session(new_york_date(self.now))
            closed = session is not None and self.now >= session.close_at
            day = new_york_date(self.now) if closed else self.calendar.previous_session(new_york_date(self.now)).day
        price = self._closes.on(symbol, day)
        if price is None:
            raise RuntimeError(f"paper broker: {symbol} lost its price on {day}")
        for notice in self._notices.values():
            if notice.symbol == symbol and notice.ratio and notice.ex_date > day and book_at(notice.ex_date) <= self.now:
                price = PricePerShare(max(1, price.micros * notice.ratio[1] // notice.ratio[0]))
        return price

    # Ending

    def _broker_cancels(self, case: str) -> None:
        self._end_open(case, "broker_cancelled")

    def _cancel_rest(self, case: str) -> None:
        self._end_open(case, "ioc_rest")

    def _end_of_window(self, case: str) -> None:
        self._end_open(case, END_OF_WINDOW.get(self._orders[case].window.session, "session_ended"))

    def _end_open(self, case: str, reason: str) -> None:
        working = self._orders[case]
        if working.state is OrderState.ACCEPTED:
            self._end(working, reason)

    def _end(self, working: Working, reason: str) -> None:
        case = working.order.client_order_id
        working.state, working.reason = OrderState.DONE, reason
        self._lines[working.order.symbol].open_orders.pop(case, None)
        self._events.append(OrderDone(self._seq, self.now, case, Shares(working.filled), reason))

    def _bust(self, key: str) -> None:
        exec_id, _, case = key.partition("|")
        working = self._orders[case]
        execution = working.execution(exec_id)
        if execution is None:
            return
        execution.busted = True
        fill = execution.fill
        working.filled -= execution.atoms
        if execution.settled:
            self._take_back(working, execution)
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

    def _take_back(self, working: Working, execution: Execution) -> None:
        """A settled trade is undone: money back, and the shares as far as they are still here; the rest is owed."""
        line, bought = self._lines[working.order.symbol], working.order.side is Side.BUY
        working.settled -= execution.atoms
        if bought:
            here = min(line.settled, execution.atoms)
            line.settled, line.owed = line.settled - here, line.owed + execution.atoms - here
        else:
            line.settled += execution.atoms
        self.cash += Money(execution.amount if bought else -execution.amount)

    def _correct(self, key: str) -> None:
        """The first execution never was; the corrected one has the close's price, or fewer shares if its price was right."""
        exec_id, _, case = key.partition("|")
        working = self._orders[case]
        wrong = working.execution(exec_id)
        if wrong is None or wrong.settled:
            return
        right = self._closes.on(wrong.fill.symbol, working.trade_date) or wrong.fill.price
        was_price = wrong.fill.price == right.plus_up(WRONG_PRICE)
        quantity, price = (Shares(wrong.atoms), right) if was_price else (fewer(Shares(wrong.atoms)), wrong.fill.price)
        wrong.busted = True
        working.filled -= wrong.atoms
        self._execute(working, f"{exec_id}.corr", quantity, price, exec_id)

    # Settling

    def _settle(self, case: str) -> None:
        working = self._orders[case]
        order, line = working.order, self._lines[working.order.symbol]
        due = [each for each in working.executions if not each.busted and not each.settled]
        if not due:
            working.settling = False
            line.unsettled.pop(case, None)
            return
        working.attempts += 1
        name = f"{case}/{working.attempts}"
        partial = due[:1] if len(due) > 1 and self.switchboard.strike("partial_settlement", name) else due
        short = order.side is Side.SELL and line.settled - line.pledged < sum(each.atoms for each in partial)
        if short or self.switchboard.strike("fail_settlement", name):
            self._retry(case, due, "LACK" if short else "OTHR")
            return
        self._settle_now(working, partial)
        if len(partial) < len(due):
            self._retry(case, due[1:], "PART")
        else:
            working.settling = False
            line.unsettled.pop(case, None)

    def _retry(self, case: str, due: list[Execution], reason: str) -> None:
        retry_on = self.calendar.settle(new_york_date(self.now))
        atoms = sum(each.atoms for each in due)
        self._events.append(SettlementFailed(self._seq, self.now, case, Shares(atoms), reason, retry_on))
        self._schedule(settle_at(retry_on), self._settle, case)

    def _settle_now(self, working: Working, due: list[Execution]) -> None:
        order, line = working.order, self._lines[working.order.symbol]
        atoms, amount = sum(each.atoms for each in due), Money(sum(each.amount for each in due))
        for each in due:
            each.settled = True
        working.settled += atoms
        bought = order.side is Side.BUY
        line.settled += atoms if bought else -atoms
        self.cash += Money(-amount.atoms if bought else amount.atoms)
        loan, lent = self._finance(working, atoms, amount) if bought else ("", Money(0))
        self._events.append(
            Settled(
                self._seq,
                self.now,
                order.client_order_id,
                order.symbol,
                order.side,
                tuple(each.exec_id for each in due),
                Shares(atoms),
                amount,
                working.trade_date,
                line.epoch,
                loan,
                lent,
            )
        )

    def _finance(self, working: Working, atoms: int, amount: Money) -> tuple[str, Money]:
        """The loan that pays for a purchase, and how much of it; none here."""
        return "", Money(0)
