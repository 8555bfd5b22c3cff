"""What each of Alpaca's events is in the port's words: booked in the caller's transaction, in order of time."""

import json
from dataclasses import replace

from openscrip.assets.broker import (
    ActionAnnounced,
    Bust,
    Correction,
    Fill,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    PositionDividend,
    PositionSplit,
    Settled,
    Side,
)
from openscrip.assets.brokers.alpaca_store import AlpacaStore, AskedOrder, Trade
from openscrip.assets.brokers.alpaca_wire import DONE_REASONS, Activity, TradeEvent
from openscrip.assets.calendar import Calendar
from openscrip.assets.listings import instruments
from openscrip.assets.notice import Notice
from openscrip.assets.trading_hours import open_window
from openscrip.assets.wire import to_json
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

SETTLE_HOUR = 12


class AlpacaBooks:
    """Orders, executions and positions by what the streams tell."""

    def __init__(self, store: AlpacaStore, calendar: Calendar) -> None:
        self._store = store
        self._calendar = calendar

    # trades

    def accepted(self, row: AskedOrder, order_id: str, at: int) -> AskedOrder:
        """The broker has the order; told once, whoever says it first."""
        if row.state != "sent":
            return row
        after = replace(row, state="working", order_id=order_id)
        case = row.order.client_order_id
        self._store.put(after)
        self._store.tell(lambda seq: OrderAccepted(seq, at, case, order_id))
        return after

    def trade(self, event: TradeEvent) -> None:
        """Book one trade event. What is due to settle before it is settled before it."""
        row = self._store.asked(event.order.client_order_id)
        if row is None:
            return  # somebody else's order in this account is none of our books'
        self.settle(event.at)
        case = row.order.client_order_id
        if event.event == "rejected":
            self._rejected(row, event)
            return
        row = self.accepted(row, event.order.id, event.at)
        match event.event:
            case "fill" | "partial_fill":
                self._filled(row, event)
            case "trade_bust":
                self._busted(row, event)
            case "trade_correct":
                self._corrected(row, event)
            case "canceled" | "expired" | "replaced":
                self._done(case, event.at, event.reason or DONE_REASONS[event.event])
            case _:
                return

    def _rejected(self, row: AskedOrder, event: TradeEvent) -> None:
        if row.state in ("rejected", "done"):
            return
        reason = event.reason or "rejected"
        self._store.put(replace(row, state="rejected", order_id=event.order.id, reason=reason))
        case, at = row.order.client_order_id, event.at
        self._store.tell(lambda seq: OrderRejected(seq, at, case, reason))

    def _filled(self, row: AskedOrder, event: TradeEvent) -> None:
        """Book an execution once; the vendor's running commission gives its fee."""
        if self._store.trade(event.exec_id) is not None:
            return
        made, fee = self._made(row, event), self._fee(row, event)
        self._store.put_trade(made)
        case = row.order.client_order_id
        after = replace(row, filled=row.filled + event.shares, commission=row.commission + fee)
        self._store.put(after)
        self._store.tell(
            lambda seq: Fill(
                seq, event.at, case, event.exec_id, made.symbol, made.side, event.shares, event.price, fee, made.trade_date
            )
        )
        if event.event == "fill" or after.filled >= row.order.quantity:
            self._done(case, event.at, "")

    def _made(self, row: AskedOrder, event: TradeEvent) -> Trade:
        window = open_window(self._calendar, event.at)
        day = window.trade_date if window else self._calendar.session_on_or_after(new_york_date(event.at)).day
        order, fee = row.order, self._fee(row, event)
        gross = event.price.cost_up(event.shares) if order.side is Side.BUY else event.price.proceeds_down(event.shares)
        amount = gross + fee if order.side is Side.BUY else gross - fee
        due_at = new_york_instant(self._calendar.settle(day), SETTLE_HOUR)
        return Trade(
            event.exec_id, order.client_order_id, order.symbol, order.side, day, due_at, event.shares, amount,
            event.price.micros, fee,
        )  # fmt: skip

    def _fee(self, row: AskedOrder, event: TradeEvent) -> Money:
        return Money(max(0, event.order.commission.atoms - row.commission.atoms))

    def _done(self, case: str, at: int, reason: str) -> None:
        row = self._store.asked(case)
        if row is None or row.state in ("done", "rejected"):
            return
        self._store.put(replace(row, state="done", reason=reason))
        filled = row.filled
        self._store.tell(lambda seq: OrderDone(seq, at, case, filled, reason))

    def _busted(self, row: AskedOrder, event: TradeEvent) -> None:
        made = self._store.trade(event.ref_exec_id)
        if made is None or made.state == "busted":
            return
        settled = made.shares if made.state == "settled" else Shares(0)
        self._store.put_trade(replace(made, state="busted"))
        left = Money(max(0, row.commission.atoms - made.fee.atoms))
        self._store.put(replace(row, filled=row.filled - made.shares, settled=row.settled - settled, commission=left))
        case = row.order.client_order_id
        self._store.tell(
            lambda seq: Bust(
                seq, event.at, case, event.exec_id, made.exec_id, made.symbol, made.side, made.shares, event.price, made.fee
            )
        )

    def _corrected(self, row: AskedOrder, event: TradeEvent) -> None:
        """One event: the wrong execution never was, this one took its place."""
        wrong = self._store.trade(event.ref_exec_id)
        if wrong is None or wrong.state != "open" or self._store.trade(event.exec_id) is not None:
            return
        before = replace(row, commission=row.commission - wrong.fee)
        fee = self._fee(before, event)
        made = replace(self._made(before, event), trade_date=wrong.trade_date, due_at=wrong.due_at)
        self._store.put_trade(replace(wrong, state="busted"))
        self._store.put_trade(made)
        self._store.put(replace(before, filled=row.filled - wrong.shares + event.shares, commission=before.commission + fee))
        case = row.order.client_order_id
        self._store.tell(
            lambda seq: Correction(
                seq, event.at, case, event.exec_id, wrong.exec_id, made.symbol, made.side, event.shares, event.price, fee,
                made.trade_date,
            )
        )  # fmt: skip

    def settle(self, now: int) -> None:
        """Tell as settled what is due by `now`: the executions of one order and trade date together."""
        with self._store.transaction():
            due = self._store.unsettled(now)
            for key in dict.fromkeys((made.due_at, made.id, made.trade_date) for made in due):
                self._settle([made for made in due if (made.due_at, made.id, made.trade_date) == key])

    def _settle(self, group: list[Trade]) -> None:
        first, shares = group[0], Shares(sum(made.shares.atoms for made in group))
        amount = Money(sum(made.amount.atoms for made in group))
        for made in group:
            self._store.put_trade(replace(made, state="settled"))
        row = self._store.asked(first.id)
        if row is not None:
            self._store.put(replace(row, settled=row.settled + shares))
        ids, epoch = tuple(made.exec_id for made in group), self.epoch(first.symbol)
        self._store.tell(
            lambda seq: Settled(
                seq, first.due_at, first.id, first.symbol, first.side, ids, shares, amount, first.trade_date, epoch
            )
        )

    # corporate actions

    def epoch(self, symbol: str) -> int:
        """How many splits of a line were booked."""
        return int(self._store.mark(f"epoch:{symbol}") or 0)

    def announced(self, notice: Notice, at: int) -> None:
        """Tell an announcement that is new, or that reads otherwise than before."""
        body = json.dumps(to_json(notice), sort_keys=True)
        with self._store.transaction():
            before = self._store.mark(f"notice:{notice.event_id}")
            if before == body:
                return
            self.settle(at)
            self._store.set_mark(f"notice:{notice.event_id}", body)
            if notice.ratio is not None:
                new, old = notice.ratio
                self._store.set_mark(f"split:{notice.symbol}:{notice.ex_date}", f"{notice.event_id} {new} {old}")
            self._store.tell(lambda seq: ActionAnnounced(seq, at, notice))

    def knows_split(self, event: Activity) -> bool:
        """Whether an announcement gave the ratio of this split."""
        return bool(self._store.mark(f"split:{event.symbol}:{new_york_date(event.at)}"))

    def activity(self, event: Activity) -> None:
        """Book a split, or a dividend with the tax that was told before it; other activities are no news here."""
        if event.symbol not in instruments():
            return
        self.settle(event.at)
        if event.kind == "SPLIT":
            self._split(event)
        elif event.kind in ("DIVNRA", "DIVTAX"):
            self._store.set_mark(f"tax:{event.symbol}:{new_york_date(event.at)}", str(-event.net.atoms))
        elif event.kind in ("DIV", "CDIV"):
            self._dividend(event)

    def _split(self, event: Activity) -> None:
        told = self._store.mark(f"split:{event.symbol}:{new_york_date(event.at)}").split()
        if len(told) != 3:
            raise Unavailable(f"alpaca: {event.symbol} was split and no announcement says how")
        event_id, new, old = told[0], int(told[1]), int(told[2])
        epoch = self.epoch(event.symbol) + 1
        self._store.set_mark(f"epoch:{event.symbol}", str(epoch))
        self._store.rescale(event.symbol, new, old)
        before = Shares(event.shares.atoms * old // (new - old))
        isin = instruments()[event.symbol].isin
        self._store.tell(
            lambda seq: PositionSplit(
                seq, event.at, event.symbol, isin, event_id, new, old, epoch, before, before + event.shares
            )
        )

    def _dividend(self, event: Activity) -> None:
        tax = Money(int(self._store.mark(f"tax:{event.symbol}:{new_york_date(event.at)}") or 0))
        isin = instruments()[event.symbol].isin
        event_id = f"{event.symbol}.DVCA.{event.id}"
        self._store.tell(
            lambda seq: PositionDividend(
                seq, event.at, event.symbol, isin, event_id, event.shares, event.net, event.net - tax, tax
            )
        )
