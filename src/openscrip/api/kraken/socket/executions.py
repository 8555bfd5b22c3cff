"""Items of the `executions` channel: what happened to an account's orders, as text with a hole for the symbol.

An order that is taken tells `pending_new` with all its terms, then `new`; each fill is a `trade`; the last word is `filled`,
`canceled` or `expired`. Items of trades and of anything else never share a message: clients go by the first one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, assert_never

from openscrip.api.kraken.names import TRADE, id_text
from openscrip.api.kraken.numbers import decimal_text
from openscrip.api.kraken.socket.wire import native, order_name, quoted, time_text
from openscrip.api.kraken.socket.words import ORDER_TYPES
from openscrip.markets.accounts import Order
from openscrip.markets.facts import (
    Ending,
    OrderAmended,
    OrderDone,
    OrderNew,
    OrderRefilled,
    OrderTraded,
    OrderTriggered,
)
from openscrip.markets.history_recording import CAUSES, ENDINGS, execution_id, said
from openscrip.markets.history_rows import Execution
from openscrip.markets.instruments import Instrument
from openscrip.markets.orders import Limit, SelfTrade, Terms
from openscrip.markets.rows import KINDS

MICROS = 1_000_000
TEXTS_MAX = 2**12
_CANCELLED, _FILLED, _EXPIRED = Ending.CANCELLED, Ending.FILLED, Ending.EXPIRED
_TIMES = ("GTC", "IOC", "FOK", "GTD")
_SIDES = ("buy", "sell")
_STATUS = {False: "new", True: "partially_filled"}
_WORDS = dict(zip(KINDS, ORDER_TYPES, strict=True))


class About(NamedTuple):
    """What an account's listeners need to know of an open order to tell of it later."""

    order_type: str
    side: int


def about_of(fact: OrderNew) -> About:
    """What is to be known of a new order."""
    return About(_WORDS[type(fact.terms)], fact.side)


class _Texts(dict[int, str]):
    """Integers as decimal text, made when first asked for; so many are remembered."""

    def __init__(self, places: int, up: int = 1, down: int = 1) -> None:
        super().__init__()
        self._places, self._up, self._down = places, up, down

    def __missing__(self, units: int) -> str:
        text = decimal_text(units * self._up // self._down, self._places)
        if len(self) < TEXTS_MAX:
            self[units] = text
        return text


class Units:
    """Numbers of one instrument as text. `rebased` shows shares for tokens, rounded down, and prices for a share."""

    def __init__(self, instrument: Instrument, *, rebased: bool) -> None:
        up, down = instrument.multiplier if rebased else (1, 1)
        self.lots = _Texts(instrument.lot_decimals, up, down)
        self.price = _Texts(instrument.price_decimals, down, up)
        self.value = _Texts(instrument.quote.decimals)
        """Of the quote asset."""
        self.dollars = _Texts(instrument.quote.decimals, instrument.quote.usd_micros, MICROS)
        """Of the quote asset in USD at its fixed rate, rounded toward minus infinity."""
        self.quote = instrument.quote.altname
        self._scale = instrument.value_scale
        self.nothing = (
            f',"cum_qty":{self.lots[0]},"cum_cost":{self.value[0]},"avg_price":{self.price[0]}'
            f',"fee_usd_equiv":{self.dollars[0]},"fee_ccy_pref":"fciq"'
        )
        """What an order says of its fills before the first."""

    def filled(self, lots: int, cost: int, fees: int) -> str:
        """What an order says of its fills: the average price rounded down to as many decimals as prices have."""
        if not lots:
            return self.nothing
        return (
            f',"cum_qty":{self.lots[lots]},"cum_cost":{self.value[cost]},"avg_price":{self.price[cost // (lots * self._scale)]}'
            f',"fee_usd_equiv":{self.dollars[fees]},"fee_ccy_pref":"fciq"'
        )


def plain_units(instrument: Instrument) -> tuple[object, ...]:
    """What the native writer has to know of an instrument: `Units` that are not rebased."""
    quote = instrument.quote
    return (
        instrument.price_decimals, instrument.lot_decimals, quote.decimals, quote.usd_micros, instrument.value_scale,
        quote.altname, instrument.symbol,
    )  # fmt: skip


def _no_rows(*_plain: object) -> Any:
    raise RuntimeError("executions: there are no rows without the native clearing")


if native:
    native.set_words(ORDER_TYPES, tuple(CAUSES[each] for each in sorted(CAUSES)), ENDINGS[Ending.SELF_TRADE])
plain_executions: Callable[..., list[bytes]] = native.executions if native else _no_rows
"""The messages of one usual listener: rows, account, record heard already, messages so far, spellings, `plain_units`."""
plain_about: Callable[..., int] = native.about if native else _no_rows
"""Note in an account's `About`s which orders of rows came and went; how many facts were about it."""
PLAIN_ORDERS = About("limit", 0), About("limit", 1)
"""What is to be known of a plain order, by its side."""


def opened(fact: OrderNew, units: Units, symbol: str, *, pending: bool) -> str:
    """A new order: `pending_new` and `new`, or without `pending` a `new` that says all."""
    head = f'{{"order_id":"{order_name(fact.order)}",{_named(fact.client_id, fact.user_reference)},"symbol":"{symbol}"'
    end = f'"timestamp":"{time_text(fact.time_us)}"}}'
    kind, terms = _terms(fact.terms, units)
    rare = _rare(fact.self_trade, reduce_only=fact.reduce_only) if fact.self_trade or fact.reduce_only else ""
    told = (
        f',"side":"{_SIDES[fact.side]}","order_type":"{kind}","order_qty":{units.lots[fact.lots]}{terms}{rare}{units.nothing}'
    )
    if not pending:
        return f'{head}{told},"exec_type":"new","order_status":"new",{end}'
    return (
        f'{head}{told},"exec_type":"pending_new","order_status":"pending_new",{end}'
        f',{head},"exec_type":"new","order_status":"new",{end}'
    )


def _rare(self_trade: int, *, reduce_only: bool) -> str:
    """What few orders say."""
    only = ',"reduce_only":true' if reduce_only else ""
    return f'{only},"stp_type":"{SelfTrade(self_trade).name.lower()}"' if self_trade else only


def _terms(terms: Terms, units: Units) -> tuple[str, str]:
    """Kraken's order type, and the terms as fields."""
    if type(terms) is Limit and not terms.expires_at:
        post = ',"post_only":true' if terms.post_only else ""
        limit = f'"limit_price":{units.price[terms.price]},"limit_price_type":"static"'
        return "limit", f',"time_in_force":"{_TIMES[terms.time_in_force]}",{limit}{post}'
    its = said(terms)
    parts = [f',"time_in_force":"{its.time_in_force}"']
    if its.order_type.startswith("trailing"):
        reference = "index" if getattr(terms, "reference", 0) else "last"
        trigger = f'"reference":"{reference}","price":{units.price[its.trigger]},"price_type":"quote"'
        parts.append(f',"triggers":{{{trigger},"status":"untriggered"}}')
        if its.order_type.endswith("limit"):
            parts.append(f',"limit_price":{units.price[its.price]},"limit_price_type":"quote"')
    else:
        if its.price and its.order_type != "market":
            parts.append(f',"limit_price":{units.price[its.price]},"limit_price_type":"static"')
        if its.trigger:
            reference = "index" if getattr(terms, "reference", 0) else "last"
            trigger = f'"reference":"{reference}","price":{units.price[its.trigger]},"price_type":"static"'
            parts.append(f',"stop_price":{units.price[its.trigger]},"triggers":{{{trigger},"status":"untriggered"}}')
    if its.display:
        parts.append(f',"display_qty":{units.lots[its.display]}')
    if its.post_only:
        parts.append(',"post_only":true')
    if its.expires_us:
        parts.append(f',"expire_time":"{time_text(its.expires_us)}"')
    return its.order_type, "".join(parts)


def traded(fact: OrderTraded, about: About | None, units: Units, symbol: str) -> str:
    """One fill. It says `partially_filled` where something is left; the order's end is another item."""
    status = "partially_filled" if fact.left else "filled"
    kind = about.order_type if about is not None else "limit"
    return (
        f'{{"order_id":"{order_name(fact.order)}","exec_id":"{id_text(TRADE, execution_id(fact.trade, fact.side))}"'
        f',{_named(fact.client_id, fact.user_reference)},"symbol":"{symbol}","exec_type":"trade","trade_id":{fact.trade}'
        f',"side":"{_SIDES[fact.side]}","order_type":"{kind}","last_qty":{units.lots[fact.lots]}'
        f',"last_price":{units.price[fact.price]},"liquidity_ind":"{"m" if fact.is_maker else "t"}"'
        f',"cost":{units.value[fact.value]},"order_status":"{status}"{units.filled(fact.filled, fact.cost, fact.fees)}'
        f',"fees":[{{"asset":"{units.quote}","qty":{units.value[fact.fee]}}}],"timestamp":"{time_text(fact.time_us)}"}}'
    )


def executed(row: Execution, units: Units, symbol: str) -> str:
    """One fill of the past, for a snapshot."""
    return (
        f'{{"order_id":"{order_name(row.order)}","exec_id":"{id_text(TRADE, row.id)}","symbol":"{symbol}"'
        f',"exec_type":"trade","trade_id":{row.trade},"side":"{_SIDES[row.side]}","order_type":"{row.order_type}"'
        f',"last_qty":{units.lots[row.lots]},"last_price":{units.price[row.price]}'
        f',"liquidity_ind":"{"m" if row.is_maker else "t"}","cost":{units.value[row.value]}'
        f',"fee_usd_equiv":{units.dollars[row.fee]},"fees":[{{"asset":"{units.quote}","qty":{units.value[row.fee]}}}]'
        f',"timestamp":"{time_text(row.time_us)}"}}'
    )


def ended(fact: OrderDone, about: About | None, units: Units, symbol: str) -> str:
    """The last word on an order."""
    ending = fact.ending
    kind = "filled" if ending == _FILLED else "expired" if ending == _EXPIRED else "canceled"
    reason = CAUSES[fact.cause] if ending == _CANCELLED else ENDINGS[ending]
    why = f',"reason":"{reason}"' if reason else ""
    more = f',"order_type":"{about.order_type}"' if about is not None else ""
    return (
        f'{{"order_id":"{order_name(fact.order)}",{_named(fact.client_id, fact.user_reference)},"symbol":"{symbol}"'
        f',"side":"{_SIDES[fact.side]}"{more},"order_qty":{units.lots[fact.left + fact.filled]},"exec_type":"{kind}"'
        f',"order_status":"{kind}"{units.filled(fact.filled, fact.cost, fact.fees)}{why}'
        f',"timestamp":"{time_text(fact.time_us)}"}}'
    )


def changed(fact: OrderAmended | OrderTriggered | OrderRefilled, about: About | None, units: Units, symbol: str) -> str:
    """An amendment, a trigger that fired, or the next part of an iceberg."""
    match fact:
        case OrderAmended():
            filled = fact.lots - fact.left
            parts = [f',"order_qty":{units.lots[fact.lots]},"cum_qty":{units.lots[filled]}']
            parts.append(f',"limit_price":{units.price[fact.price]}' if fact.price else "")
            parts.append(f',"stop_price":{units.price[fact.trigger]}' if fact.trigger else "")
            parts.append(f',"display_qty":{units.lots[fact.display]}' if fact.display else "")
            told = f'{"".join(parts)},"exec_type":"amended","order_status":"{_STATUS[filled > 0]}","amended":true'
        case OrderTriggered():
            fired = f'{{"status":"triggered","actual_price":{units.price[fact.price]}}}'
            told = f',"exec_type":"status","order_status":"new","triggers":{fired}'
        case OrderRefilled():
            told = (
                f',"exec_type":"iceberg_refill","order_status":"partially_filled","display_qty":{units.lots[fact.lots]}'
                f',"display_qty_remain":{units.lots[fact.left - fact.lots]}'
            )
        case _:
            assert_never(fact)
    more = f',"side":"{_SIDES[about.side]}","order_type":"{about.order_type}"' if about is not None else ""
    return (
        f'{{"order_id":"{order_name(fact.order)}",{_named(fact.client_id, fact.user_reference)},"symbol":"{symbol}"{more}{told}'
        f',"timestamp":"{time_text(fact.time_us)}"}}'
    )


def standing(order: Order, units: Units, symbol: str) -> str:
    """An open order, for a snapshot."""
    self_trade = order.row[8] >> 4
    rare = _rare(self_trade, reduce_only=order.reduce_only)
    return (
        f'{{"order_id":"{order_name(order.id)}",{_named(order.client_id, order.user_reference)},"symbol":"{symbol}"'
        f',"side":"{_SIDES[order.side]}","order_type":"{ORDER_TYPES[order.kind]}","order_qty":{units.lots[order.lots]}'
        f"{_standing_terms(order, units)}{rare}{units.filled(order.filled, order.cost, order.fees)}"
        f',"exec_type":"new","order_status":"{_STATUS[order.filled > 0]}","timestamp":"{time_text(order.placed_us)}"}}'
    )


def about_standing(order: Order) -> About:
    """What is to be known of an open order."""
    return About(ORDER_TYPES[order.kind], order.side)


def _standing_terms(order: Order, units: Units) -> str:
    """The terms of an open order as they are now, after all its amendments."""
    terms = order.terms
    if isinstance(terms, Limit):
        now: Terms = Limit(order.price, terms.time_in_force, terms.expires_at, terms.post_only)
        return _terms(now, units)[1]
    return _terms(terms, units)[1]


def _named(client_id: str, user_reference: int) -> str:
    return f'"cl_ord_id":{quoted(client_id)}' if client_id else f'"order_userref":{user_reference}'
