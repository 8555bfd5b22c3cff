"""Alpaca's shapes and our words: orders out; trade events, account activities and announcements in.

Source: the vendor's Broker API as its client library (0.44.0) has it, and the reference, 2.4. Numbers come as strings or as
JSON numbers, and never pass through a float.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from openscrip.assets.alpaca_http import decimal_text, instant_of, object_of, text_of
from openscrip.assets.broker import Order, Side, TimeInForce
from openscrip.assets.listings import instruments
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares

TERMINAL = frozenset({"filled", "canceled", "expired", "rejected", "replaced", "done_for_day"})
"""Order states after which no fill comes; `done_for_day` may still become another of them."""
STATES = TERMINAL | {
    "new", "partially_filled", "pending_cancel", "pending_replace", "pending_review", "accepted", "pending_new",
    "accepted_for_bidding", "stopped", "suspended", "calculated", "held",
}  # fmt: skip
EVENTS = frozenset({
    "accepted", "canceled", "expired", "fill", "new", "partial_fill", "pending_cancel", "pending_new", "pending_replace",
    "rejected", "replaced", "restated", "done_for_day", "stopped", "suspended", "calculated", "order_cancel_rejected",
    "order_replace_rejected", "trade_bust", "trade_correct",
})  # fmt: skip
DONE_REASONS = {"canceled": "cancelled", "expired": "day_ended", "replaced": "replaced"}
CENT, TENTH_OF_A_MILL = 10_000, 100


def order_body(order: Order) -> dict[str, object]:
    """The body of a new order. Raises `Refused("order.session")` for hours that Alpaca has no order for."""
    if order.session is TradingSession.OVERNIGHT:
        text = f"order: {order.client_order_id} was for overnight hours, which this broker does not trade"
        raise Refused("order.session", text)
    body: dict[str, object] = {
        "symbol": order.symbol,
        "qty": str(order.quantity),
        "side": order.side.value,
        "type": "market" if order.limit is None else "limit",
        "time_in_force": "ioc" if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL else "day",
        "client_order_id": order.client_order_id,
    }
    if order.limit is not None:
        body["limit_price"] = limit_text(order.limit, order.side)
        body["extended_hours"] = order.session is TradingSession.EXTENDED
    return body


def limit_text(limit: PricePerShare, side: Side) -> str:
    """A limit in the steps that are taken: cents from a dollar on, hundredths of a cent below; never worse than asked."""
    step = CENT if limit.micros >= 1_000_000 else TENTH_OF_A_MILL
    micros = limit.micros // step * step if side is Side.BUY else -(-limit.micros // step) * step
    if micros <= 0:
        raise Malformed("order.limit", f"order: the limit {limit} was below the finest step; give a higher one")
    return format_decimal(micros, 6)


@dataclass(frozen=True, slots=True)
class VendorOrder:
    """An order as Alpaca has it. `commission` is the total so far."""

    id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Shares
    filled: Shares
    limit: PricePerShare | None
    status: str
    commission: Money


def read_order(document: object) -> VendorOrder:
    """An order. Raises `Malformed` with the field that could not be read."""
    told = object_of(document, "alpaca")
    status, side = text_of(told, "status"), text_of(told, "side")
    if status not in STATES or side not in ("buy", "sell"):
        raise Malformed("answer.code", f"alpaca: an order had the status {status!r:.40} or the side {side!r:.20}")
    limit = told.get("limit_price")
    commission = told.get("commission")
    return VendorOrder(
        _named(told, "id"),
        _named(told, "client_order_id"),
        _named(told, "symbol"),
        Side(side),
        Shares.parse(decimal_text(told.get("qty"), "alpaca: qty")),
        Shares.parse(decimal_text(told.get("filled_qty") or "0", "alpaca: filled_qty")),
        None if limit is None else PricePerShare.parse(decimal_text(limit, "alpaca: limit_price")),
        status,
        Money(0) if commission is None else Money.parse(decimal_text(commission, "alpaca: commission")),
    )


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """One event of the trade stream. `shares` and `price` of an execution, `ref_exec_id` of one that it takes back."""

    id: str
    event: str
    at: int
    order: VendorOrder
    exec_id: str
    ref_exec_id: str
    shares: Shares
    price: PricePerShare
    reason: str


def read_trade_event(document: Mapping[str, Any]) -> TradeEvent:
    """A trade event. Raises `Malformed`; an event that is not known is refused loudly."""
    event = _named(document, "event")
    if event not in EVENTS:
        raise Malformed("answer.code", f"alpaca: {event!r:.40} was no trade event")
    traded = event in ("fill", "partial_fill", "trade_bust", "trade_correct")
    return TradeEvent(
        _event_id(document),
        event,
        instant_of(text_of(document, "timestamp", "at"), "alpaca: timestamp"),
        read_order(document.get("order")),
        _named(document, "execution_id") if traded else "",
        _named(document, "previous_execution_id") if event in ("trade_bust", "trade_correct") else "",
        Shares.parse(decimal_text(document.get("qty"), "alpaca: qty")) if traded else Shares(0),
        PricePerShare.parse(decimal_text(document.get("price"), "alpaca: price")) if traded else PricePerShare(0),
        text_of(document, "reason"),
    )


@dataclass(frozen=True, slots=True)
class Activity:
    """A non-trade activity. `shares` is what a split added or took; `net` may be below zero (a tax)."""

    id: str
    kind: str
    at: int
    symbol: str
    shares: Shares
    net: Money


def read_activity(document: Mapping[str, Any]) -> Activity:
    """A non-trade activity. Raises `Malformed`."""
    return Activity(
        _event_id(document),
        _named(document, "entry_type"),
        instant_of(text_of(document, "at"), "alpaca: at"),
        text_of(document, "symbol"),
        Shares(_signed(document.get("qty"), 9)),
        Money(_signed(document.get("net_amount"), 6)),
    )


def read_announcement(document: object) -> Notice | None:
    """A corporate action as a notice of the broker; None for a line that is not known here. Raises `Malformed`."""
    told = object_of(document, "alpaca")
    symbol = text_of(told, "initiating_symbol", "target_symbol")
    listed = instruments().get(symbol)
    if listed is None:
        return None
    kind, sub = text_of(told, "ca_type"), text_of(told, "ca_sub_type")
    ex_date = _day(told, "ex_date")
    if ex_date is None:
        return None  # what has no ex-date yet is told again when it has
    new = old = cash = None
    if kind == "dividend" and sub == "cash":
        event = ActionEvent.CASH_DIVIDEND
        cash = PricePerShare.parse(decimal_text(told.get("cash"), "alpaca: cash"))
    elif kind == "split" and sub in ("stock_split", "reverse_split"):
        new, old = _whole(told, "new_rate"), _whole(told, "old_rate")
        event = ActionEvent.FORWARD_SPLIT if new > old else ActionEvent.REVERSE_SPLIT
    else:
        return None
    return Notice(
        _named(told, "corporate_action_id", "id"), symbol, listed.isin, event, _day(told, "declaration_date") or ex_date,
        ex_date, _day(told, "record_date"), _day(told, "payable_date"), new, old, cash, "broker",
    )  # fmt: skip


def _event_id(document: Mapping[str, Any]) -> str:
    """The vendor's id of an event: a ULID, or an integer in its older streams."""
    older = document.get("event_id")
    if isinstance(older, int) and not isinstance(older, bool) and 0 <= older < 2**63:
        return str(older).rjust(20, "0")
    return _named(document, "event_ulid", "event_id")


def _named(told: Mapping[str, Any], *names: str) -> str:
    text = text_of(told, *names)
    if not text:
        raise Malformed("answer.field", f"alpaca: {names[0]} was missing")
    return text


def _day(told: Mapping[str, Any], name: str) -> date | None:
    text = text_of(told, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Malformed("answer.date", f"alpaca: {name} {text!r:.40} was no date") from None


def _whole(told: Mapping[str, Any], name: str) -> int:
    text = decimal_text(told.get(name), f"alpaca: {name}")
    if not text.isdigit() or int(text) == 0:
        raise Malformed("answer.amount", f"alpaca: {name} {text:.40} was no whole number above zero")
    return int(text)


def _signed(value: object, places: int) -> int:
    """A decimal that may be below zero, in units of 10^-places; nothing is zero."""
    if value is None or value == "":
        return 0
    text = decimal_text(value, "alpaca: amount")
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, fraction = text.partition(".")
    if len(fraction) > places:
        raise Malformed("answer.amount", f"alpaca: {text:.60} had more than {places} decimals")
    scale: int = 10**places
    return sign * (int(whole) * scale + int(fraction.ljust(places, "0") or "0"))
