"""What follows from each FIX message, booked in the session's transaction; and what is sent next.

A trade that cannot be of its order is answered with DontKnowTrade and kept in doubt, never booked. An order that nobody
answered is asked for, and sent again under its own id only if the broker never received it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from openscrip.assets.broker import Bust, Correction, Fill, OrderAccepted, OrderDone, OrderRejected
from openscrip.assets.brokers.fix_books import HEARD, NEWS, SAID, FixBooks, finished
from openscrip.assets.brokers.fix_order import ACCEPTED, DONE, REJECTED, SENT, WAITING, FixOrder, Trade
from openscrip.assets.brokers.fix_words import check, is_name, line, reason_of
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix import codes, orders
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.dictionary import NEWS_BEFORE
from openscrip.runtime.fix.effects import Draft, Identity

GROUP = 256
STALE = "stale_order"
TRADES = {codes.ExecType.PARTIAL_FILL, codes.ExecType.FILL}
UNKNOWN, DUPLICATE = 5, 6
NOT_RECEIVED = 1


class FixDesk:
    """The application behind the session. `now` is market time; `asked_at` remembers who waits for an answer since when."""

    def __init__(
        self, identity: Identity, now: Callable[[], int], machine: Callable[[], float], ask_after_s: float, *, live: bool
    ) -> None:
        self._identity = str(identity)
        self._now = now
        self._machine = machine
        self._ask_after_s = ask_after_s
        self._live = live
        self._waiting_since_s: dict[str, float] | None = None
        self.holds = True
        """Whether a message waits for news, or may."""
        self.more = False
        """Whether there was more to send than one turn takes."""

    # As `Application`

    def ahead(self, books: FixBooks, messages: Sequence[Message]) -> None:
        """Read the trades and orders that messages may name, all at once."""
        told = [message for message in messages if message.type == "8"]
        books.look_up_trades(sorted({name for each in told if is_name(name := each.get(17) or "")}))
        books.look_up(sorted({name for each in told if is_name(name := each.get(11) or "")}))

    def received(self, books: FixBooks, message: Message) -> None:
        """Book one message of the broker, or hold it until the news that came before it are booked."""
        number = books.increase(HEARD)
        before = int(message.get(NEWS_BEFORE) or 0)
        if before > books.count(NEWS) or self._holding(books):
            self.holds = True
            books.hold(number, message)
        else:
            self.book(books, message)

    def release(self, books: FixBooks) -> None:
        """Book the messages whose turn has come, in order."""
        while (first := books.first_held()) is not None and int(first[1].get(NEWS_BEFORE) or 0) <= books.count(NEWS):
            books.let_go(first[0])
            self.book(books, first[1])

    def _holding(self, books: FixBooks) -> bool:
        """Whether a message waits: then those behind it wait too. Asked of the database only if one was held lately."""
        if self.holds:
            self.holds = books.is_holding()
        return self.holds

    def book(self, books: FixBooks, message: Message) -> None:
        """Book one message."""
        try:
            told = orders.from_message(message)
            check(told)
        except Refused as refusal:
            books.question(message.get(11) or "", message.get(17) or "", refusal.text, message)
            return
        match told:
            case orders.ExecutionReport():
                self._report(books, told, message)
            case orders.CancelReject():
                if told.reason == NOT_RECEIVED:
                    self._ask(books, told.original_client_order_id)
            case orders.BusinessReject():
                self._refused(books, told.ref_id or "", line(told.text) or "business_reject", message)
            case orders.SessionReject():
                ours = books.sent(self._identity, told.ref_number)
                case = ours.get(11) if ours is not None and ours.type == "D" else None
                self._refused(books, case or "", line(told.text) or "session_reject", message)
            case _:
                books.question(message.get(11) or "", "", f"{message.type} is nothing that a broker says", message)

    def due(self, books: FixBooks) -> Iterable[Draft]:
        """What is to be sent now."""
        self._ask_late(books)
        wanted = books.next_todo(GROUP)
        self.more = len(wanted) == GROUP
        books.look_up([case for kind, case, _ in wanted if kind != "Q"])
        drafts = [draft for kind, case, body in wanted if (draft := self._draft(books, kind, case, body)) is not None]
        if drafts:
            books.increase(SAID, len(drafts))
        return drafts

    def expired(self, books: FixBooks, message: Message) -> None:
        """An order was too old to be sent again. It may have arrived the first time: ask."""
        case = message.get(11) or ""
        if message.type == "D" and books.order(case) is not None:
            self._ask(books, case)

    def link_lost(self, books: FixBooks, cancel_open_orders: bool) -> None:
        """The broker cancels where that was agreed, and says so order by order."""

    # Sending

    def ask_all(self, books: FixBooks) -> int:
        """Ask for every order that was sent and not answered; gives how many."""
        found = [case for case in books.in_state(SENT) if not books.is_wanted("H", case)]
        for case in found:
            books.want("H", case)
        return len(found)

    def _ask(self, books: FixBooks, case: str) -> None:
        if not books.is_wanted("H", case):
            books.want("H", case)

    def _ask_late(self, books: FixBooks) -> None:
        """Ask for what has waited for an answer too long; after a start, that is everything."""
        if self._waiting_since_s is None:
            self._waiting_since_s = dict.fromkeys(books.in_state(SENT), self._machine() - self._ask_after_s)
        late = self._machine() - self._ask_after_s
        for case, since_s in list(self._waiting_since_s.items()):
            if since_s > late:
                break  # they stand in the order in which they were sent
            del self._waiting_since_s[case]
            row = books.order(case)
            if row is not None and row.state == SENT:
                self._ask(books, case)
                self._waiting_since_s[case] = self._machine()

    def _wait_for(self, case: str) -> None:
        if self._waiting_since_s is not None:
            self._waiting_since_s.pop(case, None)
            self._waiting_since_s[case] = self._machine()

    def _draft(self, books: FixBooks, kind: str, case: str, body: Any) -> Draft | None:
        if kind == "Q":
            return Draft("Q", tuple((int(tag), str(value)) for tag, value in body))
        row = books.order(case)
        if row is None:
            return None
        now = self._now()
        if kind == "H":
            return orders.to_draft(row.to_question())
        if kind == "F":
            if row.over:
                return None
            row = replace(row, cancels=row.cancels + 1)
            books.put(row)
            return orders.to_draft(row.to_cancel(now))
        if now > row.valid_until:
            self._reject(books, row, STALE)
            return None
        books.put(replace(row, state=SENT) if row.state == WAITING else row)
        self._wait_for(case)
        return orders.to_draft(row.to_order(now), row.valid_until * 1_000)

    # Reports

    def _report(self, books: FixBooks, told: orders.ExecutionReport, message: Message) -> None:
        row = self._row(books, told)
        is_trade = told.exec_type in TRADES or told.trans_type in {codes.TransType.BUST, codes.TransType.CORRECT}
        if row is None:
            if is_trade:
                self._question(books, "", told, codes.DoubtReason.NO_MATCHING_ORDER, "there was no such order", message)
            else:
                books.question(told.client_order_id or "", told.exec_id, "a report of an order that was never placed", message)
            return
        if not orders.adds_up(told) or told.filled > row.order.quantity:
            self._question(books, row.id, told, codes.DoubtReason.OTHER, "its quantities did not add up", message)
            return
        match told.trans_type:
            case codes.TransType.STATUS:
                self._status(books, row, told)
            case codes.TransType.BUST:
                self._bust(books, row, told, message)
            case codes.TransType.CORRECT:
                self._correct(books, row, told, message)
            case _:
                self._new(books, row, told, message)

    def _row(self, books: FixBooks, told: orders.ExecutionReport) -> FixOrder | None:
        """A report on a cancellation bears the request's id and names the order's."""
        names = (told.original_client_order_id, told.client_order_id)
        return next((row for name in names if name is not None and (row := books.order(name)) is not None), None)

    def _new(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport, message: Message) -> None:
        if told.exec_type is codes.ExecType.REJECTED or told.status is codes.OrderStatus.REJECTED:
            self._rejected(books, row, told)
            return
        if told.exec_type in TRADES:
            self._trade(books, row, told, message)
            return
        row = self._accept(books, row, told)
        if told.status in codes.TERMINAL:
            self._final(books, row, told)

    def _accept(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport) -> FixOrder:
        """Whatever a broker says of an order but that it refused it, says that it took it."""
        if row.state not in {WAITING, SENT}:
            return row
        row = replace(row, state=ACCEPTED, order_id=told.order_id)
        self._put(books, row)
        books.tell(self._at(told), lambda seq, at: OrderAccepted(seq, at, row.id, row.order_id))
        return row

    def _rejected(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport) -> None:
        """A refusal as a duplicate says that the order was taken before: ask, and adopt what is told."""
        if told.reject_reason == DUPLICATE:
            if row.state in {WAITING, SENT}:
                self._ask(books, row.id)
            return
        reason = reason_of(told)
        if row.state in {WAITING, SENT}:
            self._reject(books, row, reason)
        elif not row.over:
            self._final(books, row, replace(told, text=reason))

    def _reject(self, books: FixBooks, row: FixOrder, reason: str) -> None:
        self._put(books, replace(row, state=REJECTED, reason=reason))
        books.tell(self._now(), lambda seq, at: OrderRejected(seq, at, row.id, reason))

    def _refused(self, books: FixBooks, case: str, text: str, message: Message) -> None:
        """A message of ours was refused as such; an order in it never reached the market."""
        row = books.order(case) if case else None
        if row is not None and row.state == SENT:
            self._reject(books, row, text)
        else:
            books.question(case, "", text, message)

    def _trade(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport, message: Message) -> None:
        on = told.trade_date or new_york_date(self._now())
        if books.trade(on, told.exec_id) is not None or books.was_questioned(told.exec_id):
            return
        doubt = row.doubt(told)
        if doubt is not None:
            self._question(books, row.id, told, *doubt, message)
            return
        row = self._accept(books, row, told)
        made = _trade_of(row, told, on)
        books.book(made)
        row = row.grown(made.quantity.atoms)
        self._put(books, row)
        order = row.order
        books.tell(
            self._at(told),
            lambda seq, at: Fill(
                seq, at, row.id, made.exec_id, order.symbol, order.side, made.quantity, made.price, made.fee, on
            ),
        )
        if told.status in codes.TERMINAL:
            self._final(books, row, told)
        else:
            self._finish(books, row, told)

    def _bust(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport, message: Message) -> None:
        ref = told.ref_exec_id or ""
        was = books.trade_of(row.id, ref)
        if was is None and books.was_questioned(ref):
            books.resolve(ref)
        elif was is None:
            self._question(books, row.id, told, codes.DoubtReason.OTHER, f"the trade {ref} was not known", message)
        elif not was.busted:
            books.bust(was)
            self._less(books, row, was.quantity.atoms)
            order = row.order
            books.tell(
                self._at(told),
                lambda seq, at: Bust(
                    seq, at, row.id, told.exec_id, ref, order.symbol, order.side, was.quantity, was.price, was.fee
                ),
            )

    def _correct(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport, message: Message) -> None:
        on = told.trade_date or new_york_date(self._now())
        ref = told.ref_exec_id or ""
        was = books.trade_of(row.id, ref)
        if books.trade(on, told.exec_id) is not None or books.was_questioned(told.exec_id):
            return
        if was is None or was.busted:
            self._question(books, row.id, told, codes.DoubtReason.OTHER, f"the trade {ref} was not known", message)
            return
        doubt = replace(row, state=ACCEPTED).grown(-was.quantity.atoms).doubt(told)
        if doubt is not None:
            self._question(books, row.id, told, *doubt, message)
            return
        made = _trade_of(row, told, on)
        books.bust(was)
        books.book(made)
        self._less(books, row, was.quantity.atoms - made.quantity.atoms)
        order = row.order
        books.tell(
            self._at(told),
            lambda seq, at: Correction(
                seq, at, row.id, made.exec_id, ref, order.symbol, order.side, made.quantity, made.price, made.fee, on
            ),
        )

    def _less(self, books: FixBooks, row: FixOrder, atoms: int) -> None:
        """So much less is filled, and will have been when the order is over."""
        row = row.grown(-atoms)
        self._put(books, row if row.final is None else replace(row, final=row.final - atoms))

    def _status(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport) -> None:
        """The answer to a question; it never books a trade."""
        if told.status is not codes.OrderStatus.REJECTED:
            row = self._accept(books, row, told)
            if told.status in codes.TERMINAL:
                self._final(books, row, told)
        elif row.state in {WAITING, SENT}:
            if told.reject_reason != UNKNOWN:
                self._reject(books, row, reason_of(told))
            elif self._now() <= row.valid_until:
                if not books.is_wanted("D", row.id):
                    books.want("D", row.id)
            else:
                self._reject(books, row, STALE)

    def _final(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport) -> None:
        """The broker says that the order is over, and how much of it was filled."""
        if row.over:
            return
        reason = "" if told.status is codes.OrderStatus.FILLED else line(told.text) or told.status.name.lower()
        row = replace(row, final=told.filled.atoms, reason=reason)
        self._put(books, row)
        self._finish(books, row, told)

    def _finish(self, books: FixBooks, row: FixOrder, told: orders.ExecutionReport) -> None:
        if finished(row):
            self._put(books, replace(row, state=DONE))
            books.tell(self._at(told), lambda seq, at: OrderDone(seq, at, row.id, Shares(row.filled), row.reason))

    def _at(self, told: orders.ExecutionReport) -> int:
        """When it happened, as the broker says; never later than our own clock, unless that is pushed."""
        at = self._now() if told.transact_at is None else told.transact_at // 1_000
        return min(at, self._now()) if self._live else at

    def _put(self, books: FixBooks, row: FixOrder) -> None:
        if row.state != SENT and self._waiting_since_s is not None:
            self._waiting_since_s.pop(row.id, None)
        books.put(row)

    def _question(
        self, books: FixBooks, case: str, told: orders.ExecutionReport, why: codes.DoubtReason, text: str, message: Message
    ) -> None:
        """Answer that we do not know this trade, and keep it."""
        books.question(case, told.exec_id, text, message)
        answer = orders.DontKnowTrade(
            order_id=told.order_id,
            exec_id=told.exec_id,
            reason=why,
            symbol=told.symbol,
            side=told.side,
            quantity=told.quantity,
            last_quantity=told.last_quantity,
            last_price=told.last_price,
            text=text,
        )
        books.want("Q", case, orders.to_draft(answer).fields)


def _trade_of(row: FixOrder, told: orders.ExecutionReport, on: date) -> Trade:
    fee = told.commission if told.commission is not None and told.commission_type == "3" else Money(0)
    quantity, price = told.last_quantity or Shares(0), told.last_price or PricePerShare(0)
    return Trade(on, told.exec_id, row.id, quantity, price, fee)
