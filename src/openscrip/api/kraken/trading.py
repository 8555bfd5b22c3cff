"""From Kraken's order parameters to the venue's commands: one way for REST and WebSocket, so that both check the same.

What can be said without the venue's state is refused here, with Kraken's `EGeneral:Invalid arguments:<name>`; everything about
funds, limits and the market is refused by the venue itself.
"""

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.names import order_number
from openscrip.api.kraken.numbers import units_of
from openscrip.api.kraken.prices import distance_of, is_relative, ticks_of
from openscrip.api.kraken.times import SECOND_US, expiry_us, rfc3339_us
from openscrip.kernel.errors import Malformed, Refused
from openscrip.markets.commands import Change, Place
from openscrip.markets.instruments import Directory, Instrument
from openscrip.markets.orders import (
    Iceberg,
    Limit,
    Market,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
)

DEADLINE_MAX_US = 60 * SECOND_US
CLIENT_ID_MAX = 18
DISPLAY_PARTS_MAX = 15
"""An iceberg shows at least this part of its quantity: a fifteenth."""

SIDES = MappingProxyType({"buy": Side.BUY, "sell": Side.SELL})
SELF_TRADES = MappingProxyType(
    {"cancel-newest": SelfTrade.CANCEL_NEWEST, "cancel-oldest": SelfTrade.CANCEL_OLDEST, "cancel-both": SelfTrade.CANCEL_BOTH}
)
TIMES_IN_FORCE = MappingProxyType(
    {"": TimeInForce.GTC, "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "GTD": TimeInForce.GTD}
)
_PLAIN_TIMES = {"": TimeInForce.GTC, "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
REFERENCES = MappingProxyType({"": Reference.LAST, "last": Reference.LAST, "index": Reference.INDEX})
NO_LEVERAGE = frozenset({"", "none", "0", "1"})
FLAGS = frozenset({"post", "fciq", "nompp", "viqc"})
"""`fcib`, fees in the base asset, is refused; `nompp` changes nothing, and fees are always in the quote asset."""
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,16}[\x21-\x7e])?")
_NO_FLAGS: frozenset[str] = frozenset()


class OrderAsked(Struct):
    """An order as a client wrote it, in the words of REST; everything is text, empty where nothing was said.

    A relative price has its sign before it or `%` behind it, whatever way it was asked for. `flags` is the comma list `oflags`.
    """

    pair: str
    side: str
    order_type: str
    volume: str
    price: str = ""
    price2: str = ""
    trigger: str = ""
    flags: str = ""
    time_in_force: str = ""
    start: str = ""
    expire: str = ""
    self_trade: str = ""
    display: str = ""
    user_reference: str = ""
    client_id: str = ""
    deadline: str = ""
    leverage: str = ""
    asset_class: str = ""
    reduce_only: bool = False


class ChangeAsked(Struct):
    """A change of an order as a client wrote it; empty fields stay as they are."""

    lots: str = ""
    price: str = ""
    display: str = ""
    trigger: str = ""
    deadline: str = ""


class Prices(Protocol):
    """The two prices that relative ones start from, in ticks; 0 for none yet."""

    def last_of(self, instrument: int) -> int:
        """Of the last trade."""
        ...

    def reference_of(self, instrument: int) -> int:
        """Of the index."""
        ...


def instrument_of(directory: Directory, pair: str, asset_class: str = "") -> Instrument:
    """The instrument called so. Raises `Refused("query.pair")`, also where `asset_class` contradicts."""
    found = directory.find(pair)
    if found is None or (asset_class and asset_class != found.base.kind.value):
        raise Refused("query.pair", f"pair: {pair!a:.40} was not listed{f' as {asset_class!a:.24}' if asset_class else ''}")
    return found


class Trading:
    """Makes commands of what clients ask, with the venue's names and prices at hand."""

    def __init__(self, directory: Directory, prices: Prices) -> None:
        self._directory = directory
        self._prices = prices

    def place(self, asked: OrderAsked, account: int, now_us: int) -> Place:
        """The command for an order. Raises `Refused` and `Malformed`; nothing has happened then."""
        instrument = instrument_of(self._directory, asked.pair, asked.asset_class)
        side = SIDES.get(asked.side)
        if side is None:
            raise wrong_argument("type", f"{asked.side!a:.24} was neither buy nor sell")
        flags = _flags(asked.flags) if asked.flags else _NO_FLAGS
        lots = spend = 0
        if "viqc" in flags:
            if asked.order_type != "market" or side is not Side.BUY:
                raise wrong_argument("oflags", "viqc was for market orders that buy")
            spend = units_of(asked.volume, instrument.quote.decimals, "volume")
        else:
            lots = units_of(asked.volume, instrument.lot_decimals, "volume")
        if not lots and not spend:
            raise Refused("order.minimum", "volume: was zero")
        make = _MAKERS.get(asked.order_type)
        if make is None:
            raise wrong_argument("ordertype", f"{asked.order_type!a:.32} was not served")
        if asked.leverage or asked.start or asked.display or flags:
            _refuse_what_is_not_served(asked, flags)
        self_trade = SELF_TRADES.get(asked.self_trade.replace("_", "-")) if asked.self_trade else SelfTrade.CANCEL_NEWEST
        if self_trade is None:
            raise wrong_argument("stptype", f"{asked.self_trade!a:.32} was not known")
        price, time_in_force = asked.price, _PLAIN_TIMES.get(asked.time_in_force)
        if make is _limit and time_in_force is not None and not flags and not asked.expire and price and not is_relative(price):
            # Almost every order is this one: the same checks, without the way around by `_Terms`.
            terms: Terms = Limit(units_of(price, instrument.price_decimals, "price"), time_in_force)
        else:
            terms = make(_Terms(asked, instrument, side, lots, "post" in flags, self._prices, now_us))
        client_id = client_id_of(asked.client_id) if asked.client_id else ""
        reference = user_reference_of(asked.user_reference) if asked.user_reference else 0
        if client_id and reference:
            raise wrong_argument("cl_ord_id", "came with a userref; send one of them")
        deadline_us = deadline_of(asked.deadline, now_us) if asked.deadline else 0
        return Place(
            account,
            instrument.number,
            side,
            lots,
            terms,
            self_trade,
            client_id,
            reference,
            spend,
            asked.reduce_only,
            deadline_us,
        )

    def change(self, asked: ChangeAsked, account: int, order: int, instrument: Instrument, now_us: int) -> Change:
        """The command for a change of an open order in `instrument`. Raises `Refused` and `Malformed`."""
        around = self._prices.last_of(instrument.number) or self._prices.reference_of(instrument.number)
        prices = [
            ticks_of(text, instrument, around, 1, what) if text else 0
            for text, what in ((asked.price, "limit_price"), (asked.trigger, "trigger_price"))
        ]
        lots = [
            units_of(text, instrument.lot_decimals, what) if text else 0
            for text, what in ((asked.lots, "order_qty"), (asked.display, "display_qty"))
        ]
        if not any((*prices, *lots)):
            raise wrong_argument(
                "order_qty", "nothing was to be changed; send order_qty, limit_price, trigger_price or display_qty"
            )
        deadline_us = deadline_of(asked.deadline, now_us) if asked.deadline else 0
        return Change(account, order, lots[0], prices[0], lots[1], prices[1], deadline_us)


class _Terms(Struct, frozen=True):
    """What the makers of terms need."""

    asked: OrderAsked
    instrument: Instrument
    side: Side
    lots: int
    post_only: bool
    prices: Prices
    now_us: int

    def price(self, text: str, what: str, away: int) -> int:
        """The ticks of a price; a relative one starts at what triggers the order."""
        return ticks_of(text, self.instrument, self.around() if text and is_relative(text) else 0, away, what)

    def around(self) -> int:
        """What a relative price starts from."""
        number = self.instrument.number
        if self.reference() is Reference.INDEX:
            return self.prices.reference_of(number)
        return self.prices.last_of(number) or self.prices.reference_of(number)

    def reference(self) -> Reference:
        """What fires the order."""
        reference = REFERENCES.get(self.asked.trigger)
        if reference is None:
            raise wrong_argument("trigger", f"{self.asked.trigger!a:.24} was neither last nor index")
        return reference

    def time_in_force(self) -> TimeInForce:
        """How long the order may rest."""
        found = TIMES_IN_FORCE.get(self.asked.time_in_force)
        if found is None:
            found = TIMES_IN_FORCE.get(self.asked.time_in_force.upper())
            if found is None:
                raise wrong_argument("timeinforce", f"{self.asked.time_in_force!a:.24} was not known")
        return found

    def expires_us(self) -> int:
        """When an order that can only rest ends; 0 for never."""
        time_in_force = self.time_in_force()
        if time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
            raise wrong_argument("timeinforce", f"{time_in_force.name} was not for {self.asked.order_type} orders")
        expires_us = expiry_us(self.asked.expire, self.now_us)
        if time_in_force is TimeInForce.GTD and not expires_us:
            raise wrong_argument("expiretm", "was missing; GTD needs it")
        return expires_us


def _limit(its: _Terms) -> Terms:
    asked = its.asked
    time_in_force, price = its.time_in_force(), its.price(asked.price, "price", _inside(its.side))
    if not asked.expire and time_in_force is not TimeInForce.GTD:
        if its.post_only and time_in_force is not TimeInForce.GTC:
            raise wrong_argument("oflags", "post was not for orders that never rest")
        return Limit(price, time_in_force, 0, its.post_only)
    expires_us = its.expires_us()
    return Limit(price, TimeInForce.GTD if expires_us else TimeInForce.GTC, expires_us, its.post_only)


def _iceberg(its: _Terms) -> Terms:
    display = units_of(its.asked.display, its.instrument.lot_decimals, "displayvol")
    if not 0 < display <= its.lots or display * DISPLAY_PARTS_MAX < its.lots:
        raise wrong_argument(
            "displayvol", f"was not between a fifteenth of the volume and all of it: {its.asked.display!a:.32}"
        )
    return Iceberg(its.price(its.asked.price, "price", _inside(its.side)), display, its.expires_us(), its.post_only)


def _market(its: _Terms) -> Terms:
    if its.time_in_force() not in {TimeInForce.GTC, TimeInForce.IOC} or expiry_us(its.asked.expire, its.now_us):
        raise wrong_argument("timeinforce", "a market order was to rest, or to fill or be killed; it is IOC")
    return Market(0)


def _stop(its: _Terms) -> Terms:
    return Stop(its.price(its.asked.price, "price", _against(its.side)), 0, its.reference(), its.expires_us())


def _take(its: _Terms) -> Terms:
    return TakeProfit(its.price(its.asked.price, "price", _inside(its.side)), 0, its.reference(), its.expires_us())


def _stop_limit(its: _Terms) -> Terms:
    away = _against(its.side)
    trigger, limit = its.price(its.asked.price, "price", away), its.price(its.asked.price2, "price2", away)
    return StopLimit(trigger, limit, its.reference(), its.expires_us())


def _take_limit(its: _Terms) -> Terms:
    away = _inside(its.side)
    trigger, limit = its.price(its.asked.price, "price", away), its.price(its.asked.price2, "price2", away)
    return TakeProfitLimit(trigger, limit, its.reference(), its.expires_us())


def _trailing(its: _Terms) -> Terms:
    return Trailing(_offset(its), 0, its.reference(), its.expires_us())


def _trailing_limit(its: _Terms) -> Terms:
    distance, sign = distance_of(its.asked.price2, its.instrument, its.around(), "price2")
    return TrailingLimit(_offset(its), distance * (sign or _against(its.side)), its.reference(), its.expires_us())


_MAKERS: MappingProxyType[str, Callable[[_Terms], Terms]] = MappingProxyType(
    {
        "limit": _limit,
        "iceberg": _iceberg,
        "market": _market,
        "stop-loss": _stop,
        "stop-loss-limit": _stop_limit,
        "take-profit": _take,
        "take-profit-limit": _take_limit,
        "trailing-stop": _trailing,
        "trailing-stop-limit": _trailing_limit,
    }
)
_MAY_POST = frozenset({"limit", "iceberg"})


def _inside(side: Side) -> int:
    """Where `#` puts a price that is better for the side: lower to buy, higher to sell."""
    return -1 if side is Side.BUY else 1


def _against(side: Side) -> int:
    """Where `#` puts a trigger that is worse for the side."""
    return -_inside(side)


def _offset(its: _Terms) -> int:
    """The distance of a trailing order, at least one tick."""
    text = its.asked.price
    around = its.around()
    if text[-1:] == "%" and around <= 0:
        raise Refused("order.price", "price: a percentage needs a price to start from, and nothing has traded yet")
    distance, sign = distance_of(text, its.instrument, around, "price")
    if sign < 0 or not distance:
        raise wrong_argument("price", f"{text!a:.48} was not a distance such as +1.5 or +2%")
    return distance


def _flags(text: str) -> frozenset[str]:
    flags = frozenset(each.strip() for each in text.split(","))
    if not flags <= FLAGS:
        raise wrong_argument("oflags", f"{text!a:.48} held {', '.join(sorted(flags - FLAGS))!a:.48}, which was not served")
    return flags


def _refuse_what_is_not_served(asked: OrderAsked, flags: frozenset[str]) -> None:
    """What would change an order if it were left out is refused, never ignored."""
    if asked.leverage not in NO_LEVERAGE:
        raise wrong_argument("leverage", "there was no margin here")
    if asked.start not in {"", "0", "+0"}:
        raise wrong_argument("starttm", "orders began at once here")
    if "post" in flags and asked.order_type not in _MAY_POST:
        raise wrong_argument("oflags", f"post was not for {asked.order_type} orders")
    if asked.display and asked.order_type != "iceberg":
        raise wrong_argument("displayvol", f"was for iceberg orders, not for {asked.order_type}")


def client_id_of(text: str) -> str:
    """A client's own order id: a UUID, or up to 18 printable characters. Raises `Malformed`."""
    if _UUID.fullmatch(text) or (len(text) <= CLIENT_ID_MAX and _PRINTABLE.fullmatch(text)):
        return text
    raise wrong_argument("cl_ord_id", f"{text!a:.48} was neither a UUID nor 1 to {CLIENT_ID_MAX} printable characters")


def user_reference_of(text: str) -> int:
    """A client's own reference: 32 bits, signed. Raises `Malformed`."""
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else 2**31
    if not -(2**31) <= number < 2**31:
        raise wrong_argument("userref", f"{text!a:.32} was not a whole number of 32 bits")
    return number


def deadline_of(text: str, now_us: int) -> int:
    """When an order is too late, at most a minute ahead. One in the past is the venue's to refuse. Raises `Malformed`."""
    at_us = rfc3339_us(text, "deadline")
    if at_us > now_us + DEADLINE_MAX_US:
        raise wrong_argument("deadline", f"{text!a:.48} was more than a minute ahead")
    return max(at_us, 1)


def order_id_of(text: str) -> int:
    """The number of an order's id. Raises `Refused("order.unknown")`: to a client a wrong id is an order that is not there."""
    try:
        return order_number(text)
    except Malformed as wrong:
        raise Refused("order.unknown", f"order: {text!a:.40} was not open") from wrong
