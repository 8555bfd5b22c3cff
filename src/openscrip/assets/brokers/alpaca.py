"""Alpaca's Broker API as a broker: orders by REST, what became of them by its event streams, once each and numbered.

An order is written down before it is sent; one whose answer was lost is looked for by our own id before it is sent again, and
an id that Alpaca says it has is adopted. Alpaca tells no settlement of trades: a trade counts as settled at noon of the
settlement day by the calendar, which moves nothing by itself, because only the custodian's receipt counts after it.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from openscrip.assets.alpaca_http import AlpacaHttp, decimal_text, object_of, text_of
from openscrip.assets.alpaca_stream import EventStream
from openscrip.assets.broker import (
    BrokerEvent,
    Order,
    OrderAnswer,
    OrderProgress,
    OrderRejected,
    OrderState,
    Position,
    Side,
    refuse_unfit,
)
from openscrip.assets.brokers.alpaca_books import AlpacaBooks
from openscrip.assets.brokers.alpaca_running import AlpacaFollower
from openscrip.assets.brokers.alpaca_store import AlpacaStore, AskedOrder
from openscrip.assets.brokers.alpaca_wire import (
    VendorOrder,
    order_body,
    read_activity,
    read_announcement,
    read_order,
    read_trade_event,
)
from openscrip.assets.calendar import Calendar
from openscrip.kernel.clock import Clock, new_york_date
from openscrip.kernel.errors import Conflict, Malformed, NotYet, Refused, Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.leases import Leases

NAME = "alpaca"
DUPLICATE = "client_order_id must be unique"
ANNOUNCED_DAYS, ANNOUNCEMENTS_S = 90, 3_600
"""How far ahead corporate actions are asked for, and how often, in market time."""
CAUGHT_UP_S = 0.005
STATES = {"sent": OrderState.PENDING, "working": OrderState.ACCEPTED, "rejected": OrderState.REJECTED, "done": OrderState.DONE}


class Standing(Protocol):
    """How far a paper Alpaca is; the vendor does not say it of itself."""

    def told(self) -> Mapping[str, str]:
        """The newest event's id of each stream."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class AlpacaBroker:
    """The `Broker` port. `account` is ours at Alpaca; `start` follows the streams until `stop` or `close`.

    With `leases` one process of several follows them. With the `standing` of a paper Alpaca `catch_up` waits until all that it
    told is booked.
    """

    def __init__(
        self, alpaca: AlpacaHttp, account: str, store: AlpacaStore, clock: Clock, calendar: Calendar, *,
        leases: Leases | None = None, standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self._alpaca = alpaca
        self._root = f"/v1/trading/accounts/{quote(account, safe='')}"
        self._store = store
        self._clock = clock
        self._books = AlpacaBooks(store, calendar)
        self._standing = standing
        self._looked_at = -ANNOUNCEMENTS_S
        self._follower = AlpacaFollower(self._streams, self.read_announcements, leases)
        self.on_booked: Callable[[], None] = lambda: None
        """Called when events were booked, for whoever waits for them."""
        self.refused: Counter[str] = Counter()
        """What could not be read of the streams by this process, by rule; each is asked for again until it can."""

    def start(self, holder: str = "worker") -> None:
        """Follow the streams from where they were left, as soon as their lease is ours."""
        self._follower.start(holder)

    def stop(self) -> None:
        """Leave the streams."""
        self._follower.stop()

    def close(self) -> None:
        """Leave the streams, close the connections and the store."""
        self.stop()
        self._alpaca.close()
        if self._standing is not None:
            self._standing.close()
        self._store.close()

    def troubles(self) -> dict[str, str]:
        """What is wrong with the streams at the moment."""
        return self._follower.troubles()

    def catch_up(self, timeout_s: float = 60.0) -> int:
        """Wait until what a paper Alpaca told by now is booked, announcements too; gives the last event's number.

        Raises `TimeoutError`. Of the vendor itself nobody can say what it has told: then only what is here counts.
        """
        ends = time.monotonic() + timeout_s
        told = self._standing.told() if self._standing else {}
        while behind := [name for name, newest in told.items() if self._store.mark(name) < newest]:
            if time.monotonic() > ends:
                trouble = self.troubles() or "no trouble"
                raise TimeoutError(f"alpaca: {', '.join(behind)} were not booked after {timeout_s} s; {trouble}")
            time.sleep(CAUGHT_UP_S)
        self._look()
        self._books.settle(self._clock.now())
        return self._store.last_event()

    # orders

    def place(self, order: Order) -> OrderAnswer:
        """As `Broker.place`. Raises `NotYet` where Alpaca names a time to ask again."""
        refuse_unfit(order)
        known = self._store.asked(order.client_order_id)
        if known is not None and known.order != order:
            raise Conflict("order.conflict", f"order: {order.client_order_id} was used for another order")
        if known is not None and known.state != "sent":
            return _answer(known)
        body = order_body(order)
        if known is None:
            self._store.put(AskedOrder(order))
        elif (found := self._find(order.client_order_id)) is not None:
            return self._adopt(order, found)
        try:
            found = read_order(self._alpaca.post(f"{self._root}/orders", body))
        except Malformed as unread:
            raise Unavailable(f"alpaca: its answer could not be read: {unread.text}") from unread
        except Refused as refusal:
            return self._refused(order, refusal)
        return self._adopt(order, found)

    def _find(self, client_order_id: str) -> VendorOrder | None:
        found = self._alpaca.find(f"{self._root}/orders:by_client_order_id", {"client_order_id": client_order_id})
        return None if found is None else read_order(found)

    def _adopt(self, order: Order, found: VendorOrder) -> OrderAnswer:
        """Take the broker's order for ours, if it is."""
        same = (found.symbol, found.side, found.quantity) == (order.symbol, order.side, order.quantity)
        if not same or found.client_order_id != order.client_order_id:
            there = f"{found.side} {found.quantity} {found.symbol}"
            text = f"order: {order.client_order_id} was another order at the broker: {there}"
            raise Conflict("order.conflict", text)
        with self._store.transaction():
            row = self._store.asked(order.client_order_id) or AskedOrder(order)
            if row.state == "sent":
                self._books.accepted(row, found.id, self._clock.now())
            after = self._store.asked(order.client_order_id) or row
        return _answer(after)

    def _refused(self, order: Order, refusal: Refused) -> OrderAnswer:
        """A used id is an order that we sent and lost the answer to; anything else was refused for good."""
        if DUPLICATE in refusal.text:
            found = self._find(order.client_order_id)
            if found is None:
                raise NotYet(f"alpaca: {order.client_order_id} is there and not found yet", 0.25)
            return self._adopt(order, found)
        reason = refusal.text.removeprefix(f"{NAME}: ")
        reason = reason.partition(" ")[2] if reason[:8].isdigit() else reason
        with self._store.transaction():
            row = self._store.asked(order.client_order_id) or AskedOrder(order)
            if row.state == "sent":
                row = replace(row, state="rejected", reason=reason)
                self._store.put(row)
                at = self._clock.now()
                self._store.tell(lambda seq: OrderRejected(seq, at, order.client_order_id, reason))
        return _answer(row)

    def cancel(self, client_order_id: str) -> None:
        """As `Broker.cancel`. An order that has ended is not there to be cancelled any more (422): its end is its answer."""
        row = self._store.asked(client_order_id)
        if row is None:
            raise Refused("order.unknown", f"order: {client_order_id:.80} was never placed")
        if row.state in ("done", "rejected"):
            return
        order_id = row.order_id or (self._find(client_order_id) or _unplaced(client_order_id)).id
        try:
            self._alpaca.answered(self._alpaca.ask("DELETE", f"{self._root}/orders/{quote(order_id, safe='')}"))
        except Refused as refusal:
            if refusal.code != f"{NAME}.422":
                raise

    def order(self, client_order_id: str) -> OrderProgress | None:
        """As `Broker.order`, by what was booked; None if it was never placed, or the broker does not know it."""
        row = self._store.asked(client_order_id)
        if row is None or (row.state == "sent" and self._find(client_order_id) is None):
            return None
        order = row.order
        return OrderProgress(
            client_order_id, row.order_id, STATES[row.state], row.reason, order.symbol, order.side, order.quantity,
            row.filled, row.settled,
        )  # fmt: skip

    # events

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """As `Broker.events`; what is due to settle by now is booked first."""
        self._books.settle(self._clock.now())
        return self._store.events(after, limit)

    def last_heard(self, stream: str) -> str:
        """The vendor's id of the last event that was booked of `trades` or `nta`."""
        return self._store.mark(stream)

    def read_announcements(self, at: int | None = None) -> None:
        """Ask for corporate actions from `at` (now) on, for some weeks, and tell those that are new."""
        asked_at = self._clock.now()
        today = new_york_date(asked_at if at is None else at)
        query = {
            "ca_types": "dividend,split",
            "since": today.isoformat(),
            "until": (today + timedelta(days=ANNOUNCED_DAYS)).isoformat(),
        }
        told = self._alpaca.get("/v1/corporate_actions/announcements", query)
        if not isinstance(told, list):
            raise Malformed("answer.form", "alpaca: the list of announcements was none")
        for each in told:
            notice = read_announcement(each)
            if notice is not None:
                self._books.announced(notice, asked_at)

    def positions(self) -> Mapping[str, Position]:
        """As `Broker.positions`: what Alpaca counts, which includes what is not settled, told apart by our own trades."""
        told = self._alpaca.get(f"{self._root}/positions")
        if not isinstance(told, list):
            raise Malformed("answer.form", "alpaca: the list of positions was none")
        open_trades = self._store.unsettled()
        found = {}
        for each in told:
            line = object_of(each, "alpaca")
            symbol = text_of(line, "symbol")
            quantity = Shares.parse(decimal_text(line.get("qty"), "alpaca: qty"))
            coming, going = (
                Shares(sum(t.shares.atoms for t in open_trades if t.symbol == symbol and t.side is side)) for side in Side
            )
            settled = quantity - coming + going
            found[symbol] = Position(symbol, settled, coming, going, self._books.epoch(symbol))
        return found

    def _streams(self) -> Sequence[EventStream]:
        heard = {"trades": self._hear_trade, "nta": self._hear_activity}
        return [
            EventStream(self._alpaca, f"/v1/events/{name}", partial(self._store.mark, name), partial(self._heard, hear))
            for name, hear in heard.items()
        ]

    def _heard(self, hear: Callable[[dict[str, Any]], None], document: dict[str, Any]) -> None:
        before = self._store.last_event()
        try:
            hear(document)
        except Malformed as unread:
            self.refused[unread.code] += 1
            raise
        if self._store.last_event() != before:
            self.on_booked()

    def _look(self) -> None:
        """Ask for announcements when an hour of market time has passed."""
        now = self._clock.now()
        if now - self._looked_at >= ANNOUNCEMENTS_S:
            self.read_announcements(now)
            self._looked_at = now

    def _hear_trade(self, document: dict[str, Any]) -> None:
        event = read_trade_event(document)
        with self._store.transaction():
            if self._store.first_time("trades", event.id):
                self._books.trade(event)
            self._store.set_mark("trades", max(event.id, self._store.mark("trades")))

    def _hear_activity(self, document: dict[str, Any]) -> None:
        event = read_activity(document)
        if event.kind == "SPLIT" and not self._books.knows_split(event):
            self.read_announcements(event.at)
        with self._store.transaction():
            if self._store.first_time("nta", event.id):
                self._books.activity(event)
            self._store.set_mark("nta", max(event.id, self._store.mark("nta")))


def _answer(row: AskedOrder) -> OrderAnswer:
    state = OrderState.ACCEPTED if row.state == "done" else STATES[row.state]
    return OrderAnswer(row.order.client_order_id, row.order_id, state, row.reason)


def _unplaced(client_order_id: str) -> VendorOrder:
    raise NotYet(f"alpaca: {client_order_id} was sent and is not found yet", 0.25)
