"""The paper broker as FIX 4.2 sees it: orders, cancels and questions in, execution reports out. Pure, no I/O.

Every event of the market becomes a report in `outbox`, in order; what FIX 4.2 does not carry (settlements, corporate actions)
is `news` for the back office, each with how many messages were said before it, so that a reader can merge the two in order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from openscrip.assets.broker import (
    BrokerEvent,
    Bust,
    Correction,
    Fill,
    Order,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    Side,
    TimeInForce,
)
from openscrip.assets.brokers import paper_phantoms as phantoms
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.brokers.paper_market import REJECTIONS
from openscrip.assets.brokers.paper_order import Working
from openscrip.assets.brokers.paper_reports import Tally, report_of, status_of
from openscrip.assets.calendar import Calendar
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Closes, TransferAnswer
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.fix import codes, orders
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.effects import Draft

LATE_S = 60
CODE_OF = {word: code for code, word in REJECTIONS.items()} | {"order.session": 2, "not_trading": 0}
SIDES = {codes.Side.BUY: Side.BUY, codes.Side.SELL: Side.SELL}
TIMES = {codes.TimeInForce.DAY: TimeInForce.DAY, codes.TimeInForce.IMMEDIATE_OR_CANCEL: TimeInForce.IMMEDIATE_OR_CANCEL}
TYPES = {codes.OrderType.MARKET, codes.OrderType.LIMIT}
NO_ORDER = "NONE"


@dataclass(frozen=True, slots=True)
class News:
    """An event for the back office; `said` messages went out over FIX before it."""

    said: int
    event: BrokerEvent


class FixPaperBroker(PaperBroker):
    """`take` a message, and read `outbox`. `heard` and `said` count application messages, for the other side to compare."""

    def __init__(
        self,
        start_at: int,
        closes: Closes,
        notices: Iterable[Notice],
        calendar: Calendar | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        self.outbox: list[Draft] = []
        """Every message there is to say, from the first on."""
        self.news: list[News] = []
        self.heard = 0
        self.disputed: list[str] = []
        """What the counterparty would not accept and the broker stands by."""
        self._read = 0
        self._reports = 0
        self._tallies: dict[str, Tally] = {}
        self._lost: set[str] = set()
        self._late: list[Draft] = []
        self._swapped: dict[str, Draft] = {}
        self._phantoms: dict[str, tuple[Working, orders.ExecutionReport]] = {}
        self._cancelling: dict[str, str] = {}
        super().__init__(start_at, closes, notices, calendar, at_once=at_once)
        self._follow()

    @property
    def said(self) -> int:
        """How many messages there are to say, whether a link was up or not."""
        return len(self.outbox)

    def advance_to(self, now: int) -> None:
        """As `PaperParty.advance_to`; what happens at each instant is told before the next."""
        while self._due and self._due[0][0] <= now:
            super().advance_to(self._due[0][0])
            self._follow()
        super().advance_to(now)

    def take(self, message: Message) -> None:
        """Work on one application message of the counterparty."""
        self.heard += 1
        try:
            asked = orders.from_message(message)
        except Refused as refusal:
            self._say(orders.BusinessReject(ref_type=message.type, ref_id=message.get(11), reason=0, text=_line(refusal.text)))
            return
        match asked:
            case orders.NewOrderSingle():
                self._take_order(asked)
            case orders.CancelRequest():
                self._take_cancel(asked)
            case orders.ReplaceRequest():
                told = self._refusal_to_cancel(asked, codes.CancelRejectOf.REPLACE, 2, "orders are not replaced here; cancel")
                self._say(told)
            case orders.StatusRequest():
                self._tell_status(asked)
            case orders.DontKnowTrade():
                self._disputed(asked)
            case _:
                self.disputed.append(f"{message.type}: {message.get(58) or ''}")
        self._follow()

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """As `PaperBroker.pay_in`; what it repaid is told at once."""
        answer = super().pay_in(cash)
        self._follow()
        return answer

    def lose_link(self) -> None:
        """The link is gone and the parties agreed that open orders then are cancelled."""
        self.cancel_all()
        self._follow()

    # What is asked

    def _take_order(self, asked: orders.NewOrderSingle) -> None:
        case = asked.client_order_id
        if case in self._tallies:
            self._reject(asked, "duplicate_order", 6)
            return
        if case not in self._lost and self.switchboard.strike("lose_order", case):
            self._lost.add(case)
            return
        try:
            order = _order_of(asked)
            self._tallies[case] = Tally()
            self.place(order)
        except Refused as refusal:
            self._reject(asked, refusal.code, CODE_OF.get(refusal.code, 0))

    def _reject(self, asked: orders.NewOrderSingle, reason: str, code: int) -> None:
        self._say(
            orders.ExecutionReport(
                order_id=NO_ORDER,
                client_order_id=asked.client_order_id,
                exec_id=self._report_id(),
                trans_type=codes.TransType.NEW,
                exec_type=codes.ExecType.REJECTED,
                status=codes.OrderStatus.REJECTED,
                reject_reason=code,
                symbol=asked.symbol,
                side=asked.side,
                quantity=asked.quantity,
                leaves=phantoms.NONE,
                filled=phantoms.NONE,
                average_price_down=phantoms.FREE,
                transact_at=orders.UtcMs(self.now * 1_000),
                text=reason,
            )
        )

    def _take_cancel(self, asked: orders.CancelRequest) -> None:
        case = asked.original_client_order_id
        working = self.working(case)
        if working is not None and working.state is OrderState.ACCEPTED:
            self._cancelling[case] = asked.client_order_id
            tally = self._tallies[case]
            pending = report_of(working, tally, self._report_id(), self.now, codes.ExecType.PENDING_CANCEL)
            self._say(self._renamed(replace(pending, status=codes.OrderStatus.PENDING_CANCEL), case))
        found = self.ask_cancel(case)
        self._follow()
        self._cancelling.pop(case, None)
        if found.outcome == "too_late":
            self._say(self._refusal_to_cancel(asked, codes.CancelRejectOf.CANCEL, 0, "the order was over"))
        elif found.outcome == "unknown":
            self._say(self._refusal_to_cancel(asked, codes.CancelRejectOf.CANCEL, 1, "the order was never received"))

    def _refusal_to_cancel(
        self, asked: orders.CancelRequest | orders.ReplaceRequest, which: codes.CancelRejectOf, code: int, text: str
    ) -> orders.CancelReject:
        working = self.working(asked.original_client_order_id)
        return orders.CancelReject(
            order_id=working.answer.order_id if working else NO_ORDER,
            client_order_id=asked.client_order_id,
            original_client_order_id=asked.original_client_order_id,
            status=status_of(working, self._tallies[asked.original_client_order_id]) if working else codes.OrderStatus.REJECTED,
            rejected=which,
            reason=code,
            text=text,
        )

    def _tell_status(self, asked: orders.StatusRequest) -> None:
        working = self.working(asked.client_order_id)
        if working is not None:
            told = report_of(working, self._tallies[asked.client_order_id], self._report_id(), self.now)
            if working.state is OrderState.REJECTED:
                told = replace(told, reject_reason=CODE_OF.get(working.reason, 0))
            self._say(replace(told, trans_type=codes.TransType.STATUS, text=working.reason or None))
            return
        unknown = orders.ExecutionReport(
            order_id=NO_ORDER,
            client_order_id=asked.client_order_id,
            exec_id=self._report_id(),
            trans_type=codes.TransType.STATUS,
            exec_type=codes.ExecType.REJECTED,
            status=codes.OrderStatus.REJECTED,
            reject_reason=5,
            symbol=asked.symbol,
            side=asked.side,
            leaves=phantoms.NONE,
            filled=phantoms.NONE,
            average_price_down=phantoms.FREE,
            text="unknown_order",
        )
        self._say(unknown)

    def _disputed(self, asked: orders.DontKnowTrade) -> None:
        """A trade that never was is busted; one that was stands, and a person must look."""
        phantom = self._phantoms.pop(asked.exec_id, None)
        if phantom is None:
            self.disputed.append(f"{asked.exec_id}: {asked.reason} {asked.text or ''}")
            return
        working, report = phantom
        now = report_of(working, self._tallies[working.order.client_order_id], self._report_id(), self.now)
        bust = replace(
            now,
            trans_type=codes.TransType.BUST,
            ref_exec_id=report.exec_id,
            last_quantity=report.last_quantity,
            last_price=report.last_price,
            trade_date=report.trade_date,
        )
        self._say(bust)

    # What is told

    def _follow(self) -> None:
        """Tell what happened since the last time."""
        while self._read < len(self._events):
            event = self._events[self._read]
            self._read += 1
            match event:
                case OrderAccepted() | OrderRejected() | Fill() | Bust() | Correction() | OrderDone():
                    self._tell_order(event)
                case _:
                    self.news.append(News(self.said, event))

    def _tell_order(self, event: OrderAccepted | OrderRejected | Fill | Bust | Correction | OrderDone) -> None:
        case = event.client_order_id
        working = self._orders[case]
        tally = self._tallies.setdefault(case, Tally())
        report = tally.told(event, working, self._report_id, self.calendar)
        if report is None:
            self._flush(case)
            return
        draft = self._draft(self._renamed(report, case) if isinstance(event, OrderDone) else report)
        match event:
            case OrderAccepted() if self.switchboard.strike("no_ack", case):
                return
            case OrderAccepted() if late := self.switchboard.strike("late_ack", case):
                self._late.append(draft)
                self._schedule(self.now + (late.size or LATE_S), self._release, str(len(self._late) - 1))
                return
            case Fill() if case not in self._swapped and self._strikes("reports_swapped", case, tally):
                self._swapped[case] = draft
                return
            case _:
                self._put(draft)
        self._flush(case)
        if self._strikes("duplicate_report", case, tally):
            self._put(draft)
        self._tell_phantoms(event, working, tally)

    def _strikes(self, name: str, case: str, tally: Tally) -> bool:
        return self.switchboard.strike(name, f"{case}/{tally.reports}") is not None

    def _tell_phantoms(self, event: BrokerEvent, working: Working, tally: Tally) -> None:
        """Reports of trades that never were, as switched on."""
        case = working.order.client_order_id
        made: list[Callable[[Working, Tally, str, int], orders.ExecutionReport]] = []
        if isinstance(event, Fill):
            made = [make for name, make in phantoms.OF_FILLS.items() if self.switchboard.strike(name, f"{case}/{tally.fills}")]
        elif isinstance(event, OrderDone) and self.switchboard.strike("fill_after_cancel", case):
            made = [phantoms.after_cancel]
        for make in made:
            report = make(working, tally, self._report_id(), self.now)
            self._phantoms[report.exec_id] = (working, report)
            self._say(report)

    def _renamed(self, report: orders.ExecutionReport, case: str) -> orders.ExecutionReport:
        """How a report answers a cancel request: under its id, naming the order's."""
        asked = self._cancelling.get(case)
        return report if asked is None else replace(report, client_order_id=asked, original_client_order_id=case)

    def _release(self, place: str) -> None:
        self._put(self._late[int(place)])

    def _flush(self, case: str) -> None:
        held = self._swapped.pop(case, None)
        if held is not None:
            self._put(held)

    def _say(self, told: orders.OrderMessage) -> None:
        self._put(self._draft(told))

    def _draft(self, told: orders.OrderMessage) -> Draft:
        """As it is sent; a report says how many news came before it."""
        if isinstance(told, orders.ExecutionReport):
            told = replace(told, news_before=len(self.news))
        return orders.to_draft(told)

    def _put(self, draft: Draft) -> None:
        self.outbox.append(draft)

    def _report_id(self) -> str:
        self._reports += 1
        return f"R{self._reports}"

    def news_after(self, after: int, limit: int) -> Sequence[tuple[int, News]]:
        """Up to `limit` news with their numbers, from 1, above `after`."""
        return list(enumerate(self.news[after : after + limit], after + 1))


def _order_of(asked: orders.NewOrderSingle) -> Order:
    """The order in our terms. Raises `Refused("order.kind")` for what the paper broker does not work."""
    when = TIMES.get(asked.time_in_force)
    if asked.quantity is None or asked.order_type not in TYPES or when is None:
        raise Refused("order.kind", f"order: {asked.client_order_id} was of a kind that is not worked here")
    try:
        session = TradingSession(asked.session or TradingSession.REGULAR)
    except ValueError as error:
        raise Malformed("order.session", f"order: {asked.session!r:.20} was no session") from error
    return Order(asked.client_order_id, asked.symbol, SIDES[asked.side], asked.quantity, asked.limit, session, when)


def _line(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")[:200]
