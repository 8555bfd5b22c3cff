"""Endpoints that trade. Each does its command at once; the door answers when it is on the disk."""

from collections.abc import Mapping
from typing import Any

from openscrip.api.kraken.counters import PLACE, amend_cost, batch_cost, edit_cost
from openscrip.api.kraken.desk import desk
from openscrip.api.kraken.errors import text_of, wrong_argument
from openscrip.api.kraken.keys import ApiKey
from openscrip.api.kraken.names import amend_text, order_text
from openscrip.api.kraken.numbers import decimal_text
from openscrip.api.kraken.rest.arguments import Arguments
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.times import SECOND_US, rfc3339_text
from openscrip.api.kraken.trading import ChangeAsked, OrderAsked, client_id_of, instrument_of, order_id_of
from openscrip.api.kraken.trading import user_reference_of as reference_of
from openscrip.api.kraken.words import sentence
from openscrip.kernel.errors import Refused
from openscrip.markets.accounts import Order
from openscrip.markets.commands import CancelAfter, Change, Place, Take
from openscrip.markets.history_recording import said
from openscrip.markets.instruments import Instrument
from openscrip.markets.orders import Side
from openscrip.markets.sequencer import Sequenced

BATCH, CANCELS_MAX = (2, 15), 50
TIMEOUT_MAX_S = 86_400
NO_LAST = "0"
PAIRS_MAX = 10_000
_place_form = desk.place_form if desk else None
_FIELDS = {
    "pair": "pair",
    "type": "side",
    "ordertype": "order_type",
    "volume": "volume",
    "price": "price",
    "price2": "price2",
    "trigger": "trigger",
    "oflags": "flags",
    "timeinforce": "time_in_force",
    "starttm": "start",
    "expiretm": "expire",
    "stptype": "self_trade",
    "displayvol": "display",
    "userref": "user_reference",
    "cl_ord_id": "client_id",
    "deadline": "deadline",
    "leverage": "leverage",
    "asset_class": "asset_class",
}
_NEEDED = ("pair", "side", "order_type", "volume")


def order_asked(values: Mapping[str, Any]) -> OrderAsked:
    """The order of a request. What is not known is left out, but an order that is to place another is refused."""
    told: dict[str, Any] = {}
    fields = _FIELDS
    for name, value in values.items():
        if name in fields:
            if type(value) is not str:
                raise wrong_argument(name, "was a list or an object where text was expected")
            told[fields[name]] = value
        elif name == "reduce_only":
            told[name] = Arguments(dict(values)).flag(name)
        elif name[:5] == "close" and value and (name == "close" or name[5:6] == "["):
            raise wrong_argument("close[ordertype]", "orders that place others are not served")
    for field in _NEEDED:
        if field not in told:
            raise wrong_argument({"side": "type", "order_type": "ordertype"}.get(field, field), "was missing")
    return OrderAsked(**told)


def described(its: Backing, place: Place) -> dict[str, str]:
    """The order in a sentence."""
    instrument = its.venue.instruments.instruments[place.instrument]
    return {"order": sentence(place.side, place.lots, place.spend, instrument, place.terms)}


def add_plain_order(its: Backing, key: ApiKey, form: bytes) -> bytes | None:
    """AddOrder of a plain limit order: done from its form to the body of its answer in one call. None is for `add_order`."""
    if _place_form is None or not its.venue.is_native:
        return None
    answers: list[bytes] = []
    place, now_s = _place_form, its.machine_s()

    def plain(venue: Sequenced, now_us: int) -> int:
        done: int = place(form, venue, key.account, key.tier, its.pairs, its.counters.engines, answers, now_us, now_s)
        return done

    its.sequencer.at_once(plain, 0)
    return answers[0] if answers else None


def add_order(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """AddOrder."""
    now_us = its.clock_us()
    place = its.trading.place(order_asked(asked.values), key.account, now_us)
    its.trade(key, place.instrument, PLACE)
    instrument = its.venue.instruments.instruments[place.instrument]
    if len(its.pairs) < PAIRS_MAX and instrument.name.isalnum():  # as JSON has it too
        its.pairs[asked.values["pair"]] = instrument, instrument.name
    if "validate" in asked.values and asked.flag("validate"):
        its.venue.check(place, now_us)
        return {"descr": described(its, place)}
    number = its.sequencer.submit(place).order
    return {"descr": described(its, place), "txid": [order_text(number)]}


def add_order_batch(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """AddOrderBatch: all orders are read before the first is placed; what the venue refuses of one stands in its place."""
    now_us = its.clock_us()
    shared = {name: asked.text(name) for name in ("pair", "asset_class", "deadline") if asked.text(name)}
    instrument = instrument_of(its.venue.instruments, asked.required("pair"), asked.text("asset_class"))
    places = [
        its.trading.place(order_asked(part.values | shared), key.account, now_us) for part in asked.parts("orders", *BATCH)
    ]
    its.trade(key, instrument.number, batch_cost(len(places)))
    only_checks = asked.flag("validate")
    return {"orders": [_one_of_batch(its, place, now_us, only_checks) for place in places]}


def _one_of_batch(its: Backing, place: Place, now_us: int, only_checks: bool) -> dict[str, Any]:
    try:
        if only_checks:
            its.venue.check(place, now_us)
            return {"descr": described(its, place)}
        return {"descr": described(its, place), "txid": order_text(its.sequencer.submit(place).order)}
    except Refused as refused:
        return {"error": text_of(refused)}


def amend_order(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """AmendOrder: the order keeps its id, and its place in line where nothing gets better for it."""
    now_us = its.clock_us()
    order = _order(its, key, asked)
    instrument = its.venue.instruments.instruments[order.instrument]
    its.trade(key, order.instrument, amend_cost(now_us - order.placed_us))
    told = ChangeAsked(
        asked.text("order_qty"), asked.text("limit_price"), asked.text("display_qty"), asked.text("trigger_price"),
        asked.text("deadline"),
    )  # fmt: skip
    change = its.trading.change(told, key.account, order.id, instrument, now_us)
    if asked.flag("post_only"):
        _refuse_taking(its, order, change)
    # The change is the next record: that is the sequence its fact bears, and so its id in the history.
    number = its.venue.sequence + 1
    its.sequencer.submit(change)
    return {"amend_id": amend_text(number)}


def _refuse_taking(its: Backing, order: Order, change: Change) -> None:
    """Raise `Refused("order.post_only")` if the changed order would take."""
    price = change.price or order.price
    best = its.venue.depth(order.instrument, Side(order.side).other, 1)
    if best and not order.is_waiting and (price >= best[0][0] if order.side == Side.BUY else price <= best[0][0]):
        raise Refused("order.post_only", f"order: a limit of {price} would have taken; it was to make only")


def edit_order(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """EditOrder, for old clients: the order goes, another comes. If the market refuses that one, the first is gone."""
    now_us = its.clock_us()
    order = _order(its, key, asked)
    instrument = instrument_of(its.venue.instruments, asked.required("pair"), asked.text("asset_class"))
    if order.instrument != instrument.number:
        raise Refused("order.unknown", f"order: {order_text(order.id)} was not in {instrument.name}")
    place = its.trading.place(_edited(order, instrument, asked), key.account, now_us)
    its.trade(key, order.instrument, edit_cost(now_us - order.placed_us))
    shown = {
        "status": "ok",
        "originaltxid": order_text(order.id),
        "volume": decimal_text(place.lots, instrument.lot_decimals),
        "price": asked.text("price") or decimal_text(order.price, instrument.price_decimals),
        "orders_cancelled": 1,
        "descr": described(its, place),
    }
    if asked.flag("validate"):
        return shown | {"orders_cancelled": 0}
    its.sequencer.submit(Take(key.account, order.id))
    return shown | {"txid": order_text(its.sequencer.submit(place).order)}


def _edited(order: Order, instrument: Instrument, asked: Arguments) -> OrderAsked:
    """The order as it would be asked for again, with what is asked to be otherwise."""
    terms, price, lots = said(order.terms), instrument.price_decimals, instrument.lot_decimals
    if terms.order_type.startswith("trailing") or terms.order_type == "market":
        raise wrong_argument("txid", f"{terms.order_type} orders are not edited; cancel it and place another")
    first, second = decimal_text(order.price, price), ""
    if order.is_waiting:
        first, second = decimal_text(order.trigger, price), decimal_text(order.price, price) if order.price else ""
    kind = terms.order_type if order.is_waiting or order.display else "limit"
    until_us = terms.expires_us
    return OrderAsked(
        pair=instrument.name,
        side="sell" if order.side else "buy",
        order_type=kind,
        volume=asked.text("volume") or decimal_text(order.left, lots),
        price=asked.text("price") or first,
        price2=asked.text("price2") or second,
        trigger="index" if order.is_waiting and order.row[8] & 8 else "",
        flags=asked.text("oflags") or ("post" if order.is_post_only else ""),
        time_in_force="GTD" if until_us else "",
        expire=decimal_text(until_us, 6) if until_us else "",
        self_trade=("cancel-newest", "cancel-oldest", "cancel-both")[order.row[8] >> 4 & 3],
        display=asked.text("displayvol") or (decimal_text(order.display, lots) if order.display else ""),
        user_reference=asked.text("userref") or (str(order.user_reference) if order.user_reference else ""),
        deadline=asked.text("deadline"),
        reduce_only=order.reduce_only,
    )


# cancels


def cancel_order(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """CancelOrder: by id, by the client's own id, or all with one `userref`."""
    client_id = asked.text("cl_ord_id")
    chosen = [_named(its, key, client_id)] if client_id else _chosen(its, key, asked.required("txid"))
    return {"count": _cancel(its, key, chosen)}


def cancel_order_batch(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """CancelOrderBatch: `orders` by id or userref, `cl_ord_ids` by the client's own; unknown ones are left out."""
    texts, names = asked.texts("orders", CANCELS_MAX), asked.texts("cl_ord_ids", CANCELS_MAX)
    if not 0 < len(texts) + len(names) <= CANCELS_MAX:
        raise wrong_argument("orders", f"were not 1 to {CANCELS_MAX}")
    found: dict[int, Order] = {}
    for find, asked_for in ((_chosen, texts), (_named_each, names)):
        for text in asked_for:
            try:
                found |= {order.id: order for order in find(its, key, text)}
            except Refused:
                continue
    if not found:
        raise Refused("order.unknown", "orders: none of them was open")
    return {"count": _cancel(its, key, list(found.values()))}


def cancel_all(its: Backing, key: ApiKey, _: Arguments) -> object:
    """CancelAll."""
    orders = its.venue.open_orders(key.account)
    for order in orders:
        _count_cancel(its, key, order)
    return {"count": its.sequencer.submit(Take(key.account)).count}


def cancel_all_after(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """CancelAllOrdersAfter: the dead man's switch."""
    now_us = its.clock_us()
    asked.required("timeout")
    timeout_s = asked.whole("timeout", 0, 0, TIMEOUT_MAX_S)
    until_us = now_us + timeout_s * SECOND_US if timeout_s else 0
    its.sequencer.submit(CancelAfter(key.account, until_us))
    return {"currentTime": rfc3339_text(now_us), "triggerTime": rfc3339_text(until_us) if until_us else NO_LAST}


def _cancel(its: Backing, key: ApiKey, orders: list[Order]) -> int:
    for order in orders:
        _count_cancel(its, key, order)
        its.sequencer.submit(Take(key.account, order.id))
    return len(orders)


def _count_cancel(its: Backing, key: ApiKey, order: Order) -> None:
    age_us = its.clock_us() - order.placed_us
    its.counters.cancelled(key.account, order.instrument, key.tier, age_us, its.machine_s())


# which orders


def _order(its: Backing, key: ApiKey, asked: Arguments) -> Order:
    """The account's own open order, by `txid` or `cl_ord_id`. Raises `Refused("order.unknown")`."""
    client_id = asked.text("cl_ord_id")
    if client_id:
        return _named(its, key, client_id)
    text = asked.required("txid")
    order = its.venue.order(order_id_of(text))
    if order is None or order.account != key.account:
        raise _unknown(text)
    return order


def _named(its: Backing, key: ApiKey, client_id: str) -> Order:
    order = its.venue.order(its.venue.order_of_client(key.account, client_id_of(client_id)))
    if order is None:
        raise _unknown(client_id)
    return order


def _named_each(its: Backing, key: ApiKey, client_id: str) -> list[Order]:
    return [_named(its, key, client_id)]


def _chosen(its: Backing, key: ApiKey, text: str) -> list[Order]:
    """The order so called, or all with that reference. Raises `Refused("order.unknown")`."""
    if text.removeprefix("-").isdigit():
        reference = reference_of(text)
        found = [order for order in its.venue.open_orders(key.account) if order.user_reference == reference and reference]
    else:
        order = its.venue.order(order_id_of(text))
        found = [order] if order is not None and order.account == key.account else []
    if not found:
        raise _unknown(text)
    return found


def _unknown(text: str) -> Refused:
    return Refused("order.unknown", f"order: {text!a:.40} was not among the open orders of the account")
