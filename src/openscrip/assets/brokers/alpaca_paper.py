"""Alpaca's faces over the paper broker: its REST paths, its event streams, its quirks, and switches for what goes wrong.

The market, the account and the failures of trades are the paper broker's (`paper_core`); here they take the vendor's shapes.
It runs in a thread of a test or a drill, on a real socket.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openscrip.assets.broker import (
    ActionAnnounced,
    Bust,
    Correction,
    Fill,
    Order,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    PositionDividend,
    PositionSplit,
    Side,
    TimeInForce,
)
from openscrip.assets.brokers.alpaca_shapes import AlpacaStreamLog, announcement_json, error, instant_text
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.listings import instruments
from openscrip.assets.notice import Notice
from openscrip.assets.paper_rest import Answer, Asked, Routes, bare
from openscrip.assets.trading_hours import TradingSession, open_window
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares

FAULTS = frozenset({
    "order_429", "order_500", "order_500_after", "order_lost", "fresh_404", "as_numbers",
})  # fmt: skip
ROOT = r"/v1/trading/accounts/(?P<account>[^/]+)"


@dataclass(slots=True)
class AlpacaPaper:
    """One account at the paper Alpaca. `faults` counts how often each still strikes; calls and streams share one lock."""

    core: PaperBroker
    credential: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    posted: int = 0
    trades: AlpacaStreamLog = field(init=False)
    activities: AlpacaStreamLog = field(init=False)
    _orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    _fees: dict[str, int] = field(default_factory=dict)
    _execs: dict[str, Fill | Correction] = field(default_factory=dict)
    _notices: dict[str, Notice] = field(default_factory=dict)
    _heard: int = 0

    def __post_init__(self) -> None:
        self.trades, self.activities = AlpacaStreamLog(self.lock), AlpacaStreamLog(self.lock)
        self.hear()

    def strikes(self, fault: str) -> bool:
        """Whether a fault strikes now; striking uses it up."""
        left = self.faults.get(fault, 0)
        self.faults[fault] = max(0, left - 1)
        return left > 0

    def advance_to(self, now: int) -> None:
        """Move the paper market, and tell what happened."""
        with self.lock:
            self.core.advance_to(now)
            self.hear()

    # what the market did, in the vendor's shapes

    def hear(self) -> None:
        """Translate the paper broker's new events."""
        with self.lock:
            for event in self.core.events(self._heard, 10_000):
                self._heard = event.seq
                match event:
                    case OrderAccepted():
                        self._tell(event.client_order_id, "new", event.at)
                    case OrderRejected():
                        continue  # an order that is refused at the door is answered there
                    case Fill():
                        self._filled(event)
                    case Bust() | Correction():
                        self._taken_back(event)
                    case OrderDone():
                        self._done(event)
                    case ActionAnnounced():
                        self._notices[event.notice.event_id] = event.notice
                    case PositionSplit():
                        if event.event_id not in self._notices:
                            raise LookupError(f"paper Alpaca: {event.event_id} was booked and never announced")
                        gained = Shares(event.after.atoms - event.before.atoms)
                        self._act("SPLIT", event.at, event.symbol, str(gained), "0")
                    case PositionDividend():
                        self._act("DIVNRA", event.at, event.symbol, "0", f"-{event.withheld}")
                        self._act("DIV", event.at, event.symbol, str(event.eligible), str(event.gross))
                    case _:
                        continue  # settlements are not told by this vendor

    def _filled(self, event: Fill) -> None:
        case = event.client_order_id
        self._execs[event.exec_id] = event
        self._fees[case] = self._fees.get(case, 0) + event.fee.atoms
        order = self._orders[case]
        filled = Shares.parse(order["filled_qty"]) + event.quantity
        order["filled_qty"], whole = str(filled), str(filled) == order["qty"]
        order["status"] = "filled" if whole else "partially_filled"
        kind = "fill" if whole else "partial_fill"
        self._tell(case, kind, event.at, event.exec_id, "", str(event.quantity), str(event.price))

    def _taken_back(self, event: Bust | Correction) -> None:
        case, wrong = event.client_order_id, self._execs[event.ref_exec_id]
        self._fees[case] -= wrong.fee.atoms
        kind = "trade_bust"
        if isinstance(event, Correction):
            kind = "trade_correct"
            self._execs[event.exec_id] = event
            self._fees[case] += event.fee.atoms
        self._tell(case, kind, event.at, event.exec_id, event.ref_exec_id, str(event.quantity), str(event.price))

    def _done(self, event: OrderDone) -> None:
        order = self._orders[event.client_order_id]
        if order["status"] == "filled":
            return
        day_is_over = event.reason in ("day_ended", "session_ended")
        order["status"] = "expired" if day_is_over else "canceled"
        self._tell(event.client_order_id, order["status"], event.at, reason=event.reason)

    def _tell(
        self, case: str, event: str, at: int, exec_id: str = "", ref: str = "", qty: str = "", price: str = "", reason: str = ""
    ) -> None:
        document: dict[str, Any] = {
            "account_id": "account", "at": instant_text(at), "timestamp": instant_text(at), "event": event,
            "order": self.order_json(case),
        }  # fmt: skip
        named = {"execution_id": exec_id, "previous_execution_id": ref, "qty": qty, "price": price, "reason": reason}
        document |= {name: value for name, value in named.items() if value}
        self.trades.append(document)

    def _act(self, kind: str, at: int, symbol: str, qty: str, net: str) -> None:
        self.activities.append({
            "account_id": "account", "at": instant_text(at), "entry_type": kind, "symbol": symbol, "qty": qty,
            "net_amount": net, "status": "executed",
        })  # fmt: skip

    # REST

    def order_json(self, case: str) -> dict[str, Any]:
        """An order as it is told: amounts are strings, or numbers where that fault strikes."""
        told = {**self._orders[case], "commission": str(Money(self._fees.get(case, 0)))}
        if self.strikes("as_numbers"):
            told |= {name: bare(told[name]) for name in ("qty", "filled_qty", "commission")}
        return told

    def place(self, asked: Asked) -> Answer:
        """POST orders."""
        body: Mapping[str, Any] = asked.body if isinstance(asked.body, dict) else {}
        with self.lock:
            if self.strikes("order_429"):
                return Answer(429, {"code": 42910000, "message": "rate limit exceeded"}, {"Retry-After": "2"})
            if self.strikes("order_500"):
                return error(500, 50010000, "internal server error occurred")
            case = str(body.get("client_order_id") or uuid.uuid5(uuid.NAMESPACE_OID, f"unnamed {self.posted}"))
            if case in self._orders:
                return error(422, 40010001, "client_order_id must be unique")
            try:
                answer = self._placed(case, body)
            except (Refused, KeyError, ValueError) as refusal:
                return error(422, 42210000, getattr(refusal, "text", str(refusal)))
            self.posted += 1
            if self.strikes("order_lost"):
                return Answer(cut=True)
            return error(500, 50010000, "internal server error occurred") if self.strikes("order_500_after") else answer

    def _placed(self, case: str, body: Mapping[str, Any]) -> Answer:
        session = TradingSession.EXTENDED if body.get("extended_hours") else TradingSession.REGULAR
        limit = PricePerShare.parse(body["limit_price"]) if body["type"] == "limit" else None
        force = TimeInForce(body["time_in_force"])
        order = Order(case, body["symbol"], Side(body["side"]), Shares.parse(body["qty"]), limit, session, force)
        if order.symbol not in instruments():
            return error(422, 42210000, "unknown_symbol")
        answer = self.core.place(order)
        if answer.status is OrderState.REJECTED:
            self.hear()
            return error(422, 42210000, answer.reason)
        self._orders[case] = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, case)), "client_order_id": case, "symbol": order.symbol,
            "side": order.side.value, "qty": str(order.quantity), "notional": None, "filled_qty": "0", "type": body["type"],
            "time_in_force": body["time_in_force"], "limit_price": body.get("limit_price"), "status": "new",
            "extended_hours": bool(body.get("extended_hours")), "created_at": instant_text(self.core.now),
        }  # fmt: skip
        told = self.order_json(case)
        self.hear()
        return Answer(200, told)

    def find(self, asked: Asked) -> Answer:
        """GET orders:by_client_order_id."""
        with self.lock:
            case = asked.query.get("client_order_id", "")
            if case not in self._orders or self.strikes("fresh_404"):
                return error(404, 40410000, f"order not found for {case}")
            return Answer(200, self.order_json(case))

    def cancel(self, asked: Asked) -> Answer:
        """DELETE orders/{id}."""
        with self.lock:
            case = next((c for c, order in self._orders.items() if order["id"] == asked.groups["id"]), "")
            if not case:
                return error(404, 40410000, "order not found")
            if self._orders[case]["status"] in ("filled", "canceled", "expired"):
                return error(422, 42210000, f'order is already in "{self._orders[case]["status"]}" state')
            self.core.cancel(case)
            self.hear()
            return Answer(204)

    def positions(self, _: Asked) -> Answer:
        """GET positions: settled or not, as the vendor counts."""
        with self.lock:
            found = self.core.positions().values()
            return Answer(200, [
                {"symbol": each.symbol, "qty": str(each.settled + each.pending_in - each.pending_out), "side": "long"}
                for each in found
            ])  # fmt: skip

    def announcements(self, asked: Asked) -> Answer:
        """GET corporate_actions/announcements."""
        with self.lock:
            since, until = (date.fromisoformat(asked.query[name]) for name in ("since", "until"))
            return Answer(200, [announcement_json(n) for n in self._notices.values() if since <= n.ex_date <= until])

    def clock(self, _: Asked) -> Answer:
        """GET clock."""
        with self.lock:
            window = open_window(self.core.calendar, self.core.now)
            is_open = window is not None and window.session is TradingSession.REGULAR
            return Answer(200, {"timestamp": instant_text(self.core.now), "is_open": is_open})

    def routes(self) -> Routes:
        """Everything that is answered."""

        def known(act: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
            def answer(asked: Asked) -> Answer:
                if self.credential and asked.headers.get("authorization", "") != self.credential:
                    return error(401, 40110000, "request is not authorized")
                return act(asked)

            return answer

        def stream(log: AlpacaStreamLog) -> Callable[[Asked], Answer]:
            return lambda asked: Answer(stream=log.follow(asked.query.get("since_id", "")))

        table: list[tuple[str, str, Callable[[Asked], Answer]]] = [
            ("POST", rf"{ROOT}/orders", self.place),
            ("GET", rf"{ROOT}/orders:by_client_order_id", self.find),
            ("DELETE", rf"{ROOT}/orders/(?P<id>[^/]+)", self.cancel),
            ("GET", rf"{ROOT}/positions", self.positions),
            ("GET", "/v1/corporate_actions/announcements", self.announcements),
            ("GET", "/v1/clock", self.clock),
            ("GET", "/v1/events/trades", stream(self.trades)),
            ("GET", "/v1/events/nta", stream(self.activities)),
        ]
        return [(method, path, known(act)) for method, path, act in table]
