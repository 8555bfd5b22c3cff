"""From the words of the socket to those of REST, in which `trading` takes every order: one set of checks for both."""

from types import MappingProxyType

from msgspec import Raw

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.numbers import decimal_text
from openscrip.api.kraken.socket.asked import NONE, AmendParams, EditParams, OrderParams, Triggers, plain_text
from openscrip.api.kraken.times import rfc3339_us
from openscrip.api.kraken.trading import ChangeAsked, OrderAsked
from openscrip.markets.accounts import Order
from openscrip.markets.instruments import Instrument
from openscrip.markets.rows import KINDS

ORDER_TYPES = (
    "limit", "iceberg", "market", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "trailing-stop",
    "trailing-stop-limit",
)  # fmt: skip
"""Kraken's words for the kinds of `rows.KINDS`."""
_TRAILS = frozenset({"trailing-stop", "trailing-stop-limit"})
_UNITS = MappingProxyType({"static": "", "quote": "", "pct": "%"})
if len(ORDER_TYPES) != len(KINDS):
    raise RuntimeError("words: a kind of order had no word")


def order_of(params: OrderParams, instrument: Instrument) -> OrderAsked:
    """An order of the socket in the words of REST. Raises `Malformed`."""
    if params.conditional:
        raise wrong_argument("conditional", "orders that place others are not served; place both yourself")
    if params.margin:
        raise wrong_argument("margin", "there is no margin here")
    if params.effective_time:
        raise wrong_argument("effective_time", "orders begin at once here")
    if params.fee_preference not in {"", "quote", "fciq"}:
        raise wrong_argument("fee_preference", "fees are in the quote asset here")
    kind = params.order_type
    volume, flags = params.order_qty, ["post"] if params.post_only else []
    if params.cash_order_qty:
        volume, flags = params.cash_order_qty, [*flags, "viqc"]
    limit = _price(params.limit_price, params.limit_price_type, "limit_price", trails=kind in _TRAILS)
    trigger, reference = "", ""
    if params.triggers is not None:
        trigger, reference = _trigger(params.triggers, trails=kind in _TRAILS), params.triggers.reference
    return OrderAsked(
        pair=instrument.symbol,
        side=params.side,
        order_type=kind,
        volume=plain_text(volume, "order_qty"),
        price=trigger if params.triggers is not None else limit,
        price2=limit if params.triggers is not None else "",
        trigger=reference,
        flags=",".join(flags),
        time_in_force=params.time_in_force,
        expire=unix_text(params.expire_time),
        self_trade=params.stp_type,
        display=plain_text(params.display_qty, "display_qty"),
        user_reference=str(params.order_userref) if params.order_userref else "",
        client_id=params.cl_ord_id,
        deadline=params.deadline,
        reduce_only=params.reduce_only,
    )


def changes_of(params: AmendParams) -> ChangeAsked:
    """A change of the socket in the words of REST. Raises `Malformed`."""
    return ChangeAsked(
        lots=plain_text(params.order_qty, "order_qty"),
        price=_price(params.limit_price, params.limit_price_type, "limit_price", trails=False),
        display=plain_text(params.display_qty, "display_qty"),
        trigger=_price(params.trigger_price, params.trigger_price_type, "trigger_price", trails=False),
        deadline=params.deadline,
    )


def shown_terms(order: Order, instrument: Instrument, params: EditParams) -> OrderAsked:
    """An open order as it would be asked for again, with what an edit changes of it. Raises `Malformed`."""
    prices, lots = instrument.price_decimals, instrument.lot_decimals
    kind = ORDER_TYPES[order.kind]
    if kind in _TRAILS or kind == "market":
        raise wrong_argument("order_id", f"{kind} orders are not edited; cancel it and place another")
    limit = _price(params.limit_price, "static", "limit_price", trails=False)
    limit = limit or (
        decimal_text(order.price or order.row[7], prices) if kind.endswith("limit") or not order.is_waiting else ""
    )
    trigger = decimal_text(order.trigger, prices) if order.is_waiting else ""
    if params.triggers is not None:
        trigger = _trigger(params.triggers, trails=False)
    display = plain_text(params.display_qty, "display_qty") or (decimal_text(order.display, lots) if order.display else "")
    until_us = order.row[9]
    return OrderAsked(
        pair=instrument.symbol,
        side="sell" if order.side else "buy",
        order_type=kind,
        volume=plain_text(params.order_qty, "order_qty") or decimal_text(order.left, lots),
        price=trigger or limit,
        price2=limit if trigger else "",
        trigger="index" if order.is_waiting and order.row[8] & 8 else "",
        flags="post" if params.post_only or order.is_post_only else "",
        time_in_force="GTD" if until_us else "",
        expire=decimal_text(until_us, 6) if until_us else "",
        self_trade=("cancel-newest", "cancel-oldest", "cancel-both")[order.row[8] >> 4],
        display=display,
        user_reference=str(params.order_userref or order.user_reference or ""),
        deadline=params.deadline,
        reduce_only=params.reduce_only or order.reduce_only,
    )


def unix_text(instant: str) -> str:
    """RFC 3339 as Unix seconds. Raises `Malformed`."""
    return decimal_text(rfc3339_us(instant, "expire_time"), 6) if instant else ""


def _trigger(triggers: Triggers, *, trails: bool) -> str:
    return _price(triggers.price, triggers.price_type, "triggers", trails=trails)


def _price(number: Raw, kind: str, what: str, *, trails: bool) -> str:
    """A price as REST writes it: `pct` with `%` behind it, and with its sign before it where it is relative."""
    if number == NONE:
        return ""
    unit = _UNITS.get(kind)
    if unit is None:
        raise wrong_argument(what, f"{kind!a:.24} was not static, quote or pct")
    text = plain_text(number, what, signed=kind != "static")
    if kind == "static" and not trails:
        return text
    return f"{text if text[:1] in '+-' else '+' + text}{unit}"
