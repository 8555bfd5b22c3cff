"""Orders, executions and ledger rows as Kraken's REST shows them. Amounts are text, times numbers with a fraction."""

from typing import Any

import msgspec

from openscrip.api.kraken.names import AMEND, LEDGER, TRADE, amend_text, id_text, order_text
from openscrip.api.kraken.numbers import decimal_text, scaled_down, seconds_text
from openscrip.api.kraken.words import NONE, signed_text
from openscrip.markets.accounts import Order
from openscrip.markets.history_recording import said
from openscrip.markets.history_rows import Amendment, ClosedOrder, Execution, LedgerRow
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.orders import Reference

AVERAGE_DECIMALS = 6
_TRAILS = frozenset({"trailing-stop", "trailing-stop-limit"})
_WAITING = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"}) | _TRAILS
Shape = dict[str, Any]


def moment(at_us: int) -> Any:
    """A time as a JSON number, or 0 for none."""
    return msgspec.Raw(seconds_text(at_us).encode()) if at_us else 0


def open_order(order: Order, instrument: Instrument, executions: list[Execution] | None = None) -> Shape:
    """An open order."""
    terms = said(order.terms)
    places = instrument.price_decimals
    is_waiting = order.is_waiting
    trails = terms.order_type in _TRAILS
    price = terms.price if trails else order.price
    trigger = terms.trigger if trails or not is_waiting else order.trigger
    shown = _order(
        instrument, order.side, terms.order_type, (price, trigger),
        (order.lots, order.filled, order.cost, order.fees), terms.post_only, order.client_id, order.user_reference,
    )  # fmt: skip
    shown |= {
        "status": "open",
        "opentm": moment(order.placed_us),
        "starttm": 0,
        "expiretm": moment(terms.expires_us),
        "stopprice": decimal_text(order.trigger if is_waiting else 0, places),
        "misc": ",".join(_misc(terms.order_type, is_waiting, order.filled)),
    }
    if terms.order_type in _WAITING:
        shown["trigger"] = "index" if getattr(order.terms, "reference", None) is Reference.INDEX else "last"
    if order.reduce_only:
        shown["reduce_only"] = True
    return _with_trades(shown, executions)


def closed_order(order: ClosedOrder, instrument: Instrument, executions: list[Execution] | None = None) -> Shape:
    """An order that is no more."""
    shown = _order(
        instrument, order.side, order.order_type, (order.price, order.trigger),
        (order.lots, order.filled, order.value, order.fee), order.post_only, order.client_id, order.user_reference,
    )  # fmt: skip
    shown |= {
        "status": order.status,
        "opentm": moment(order.opened_us),
        "starttm": 0,
        "expiretm": moment(order.expires_us),
        "stopprice": decimal_text(0 if order.order_type in _TRAILS else order.trigger, instrument.price_decimals),
        "misc": "partial" if 0 < order.filled < order.lots else "",
        "reason": order.reason or None,
        "closetm": moment(order.closed_us),
    }
    if order.reduce_only:
        shown["reduce_only"] = True
    return _with_trades(shown, executions)


def _order(
    instrument: Instrument,
    side: int,
    order_type: str,
    prices: tuple[int, int],
    sums: tuple[int, int, int, int],
    post_only: bool,
    client_id: str,
    user_reference: int,
) -> Shape:
    places, money = instrument.price_decimals, instrument.quote.decimals
    (price, trigger), (lots, filled, cost, fee) = prices, sums
    first, second = _prices(order_type, price, trigger, places)
    volume = decimal_text(lots, instrument.lot_decimals)
    side_text = "sell" if side else "buy"
    shown = {
        "refid": None,
        "userref": user_reference or None,
        "descr": {
            "pair": instrument.name,
            "type": side_text,
            "ordertype": order_type,
            "price": first,
            "price2": second,
            "leverage": "none",
            "order": f"{side_text} {volume} {instrument.name} @ {_line(order_type, first, second)}",
            "close": "",
        },
        "vol": volume,
        "vol_exec": decimal_text(filled, instrument.lot_decimals),
        "cost": decimal_text(cost, money),
        "fee": decimal_text(fee, money),
        "price": average_text(cost, filled, instrument),
        "limitprice": decimal_text(price if order_type in {"stop-loss-limit", "take-profit-limit"} else 0, places),
        "oflags": "fciq,post" if post_only else "fciq",
    }
    if client_id:
        shown["cl_ord_id"] = client_id
    return shown


def _prices(order_type: str, price: int, trigger: int, places: int) -> tuple[str, str]:
    """Kraken's `price` and `price2`."""
    if order_type in _TRAILS:
        return signed_text(trigger, places), signed_text(price, places) if price else NONE
    if order_type in _WAITING:
        return decimal_text(trigger, places), decimal_text(price, places) if order_type.endswith("limit") else NONE
    return (NONE if order_type == "market" else decimal_text(price, places)), NONE


def _line(order_type: str, first: str, second: str) -> str:
    """What `words.sentence` says behind the `@`."""
    if order_type == "market":
        return "market"
    if order_type in {"limit", "iceberg"}:
        return f"limit {first}"
    words = order_type.removesuffix("-limit").replace("-", " ")
    return f"{words} {first} -> limit {second}" if order_type.endswith("limit") else f"{words} {first}"


def _misc(order_type: str, is_waiting: bool, filled: int) -> list[str]:
    found = []
    if order_type in _WAITING and not is_waiting:
        found.append("touched" if order_type.startswith("take") else "stopped")
    if filled:
        found.append("partial")
    return found


def _with_trades(shown: Shape, executions: list[Execution] | None) -> Shape:
    if executions:
        shown["trades"] = [id_text(TRADE, each.id) for each in executions]
    return shown


def average_text(cost: int, filled: int, instrument: Instrument) -> str:
    """The average price of what was filled, cut to six decimals."""
    places = instrument.quote.decimals - instrument.lot_decimals
    if not filled:
        return decimal_text(0, AVERAGE_DECIMALS)
    return decimal_text(scaled_down(cost, places, AVERAGE_DECIMALS) // filled, AVERAGE_DECIMALS)


def trade(execution: Execution, instrument: Instrument) -> Shape:
    """One side of a trade, as its account sees it."""
    money, own = instrument.quote.decimals, id_text(TRADE, execution.id)
    return {
        "ordertxid": order_text(execution.order),
        "postxid": own,
        "pair": instrument.name,
        "time": moment(execution.time_us),
        "type": "sell" if execution.side else "buy",
        "ordertype": execution.order_type,
        "price": decimal_text(execution.price, instrument.price_decimals),
        "cost": decimal_text(execution.value, money),
        "fee": decimal_text(execution.fee, money),
        "vol": decimal_text(execution.lots, instrument.lot_decimals),
        "margin": decimal_text(0, money),
        "leverage": "0",
        "misc": "",
        "trade_id": execution.trade,
        "maker": execution.is_maker,
    }


def ledger_row(row: LedgerRow, asset: Asset) -> Shape:
    """One movement of a balance. `refid` is the execution's id, or what the deposit or withdrawal is called."""
    reference = id_text(TRADE, int(row.reference)) if row.kind == "trade" else row.reference
    return {
        "refid": reference,
        "time": moment(row.time_us),
        "type": row.kind,
        "subtype": "",
        "aclass": asset.kind.value,
        "asset": asset.name,
        "amount": decimal_text(row.amount, asset.decimals),
        "fee": decimal_text(row.fee, asset.decimals),
        "balance": decimal_text(row.balance, asset.decimals),
    }


def ledger_id(row: LedgerRow) -> str:
    """The id of a ledger row."""
    return id_text(LEDGER, row.id)


def amendment(change: Amendment, filled: int, is_first: bool, instrument: Instrument) -> Shape:
    """An order as one change left it. `filled` is what it had executed by then."""
    lots, places = instrument.lot_decimals, instrument.price_decimals
    shown = {
        "amend_id": id_text(AMEND, change.id) if is_first else amend_text(change.id),
        "amend_type": "original" if is_first else "user",
        "order_qty": decimal_text(change.lots, lots),
        "remaining_qty": decimal_text(max(0, change.lots - filled), lots),
        "limit_price": decimal_text(change.price, places),
        "timestamp": change.time_us // 1_000,
    }
    if change.display:
        shown["display_qty"] = decimal_text(change.display, lots)
    if change.trigger:
        shown["trigger_price"] = decimal_text(change.trigger, places)
    return shown
