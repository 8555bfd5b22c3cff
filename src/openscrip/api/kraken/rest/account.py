"""Endpoints that tell an account what is its own: balances, orders, executions, its ledger, its fees."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.keys import ApiKey
from openscrip.api.kraken.names import LEDGER, ORDER, TRADE, id_number, id_text, order_text
from openscrip.api.kraken.numbers import decimal_text, short_text
from openscrip.api.kraken.rest.arguments import Arguments
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.market import asset_of, pairs_of
from openscrip.api.kraken.shapes import amendment, closed_order, ledger_id, ledger_row, open_order, trade
from openscrip.api.kraken.tokens import LIFE_S
from openscrip.api.kraken.trading import client_id_of, order_id_of, user_reference_of
from openscrip.kernel.errors import Malformed, Refused
from openscrip.markets.accounts import Order
from openscrip.markets.fees import Schedule
from openscrip.markets.history_reader import PAGE
from openscrip.markets.history_rows import ClosedOrder, Execution
from openscrip.markets.instruments import Asset, AssetKind, Instrument

IDS_MAX, ORDERS_MAX = 20, 50
OFFSET_MAX = 1_000_000_000
EQUIVALENT_DECIMALS, VOLUME_DECIMALS, FEE_DECIMALS = 4, 4, 4
USD_DECIMALS = 6
_LATEST_US = 2**62
_TRADE_TYPES = frozenset({"", "all", "any position", "no position", "closed position", "closing position"})
_CLOSE_TIMES = {"": (True, True), "both": (True, True), "open": (True, False), "close": (False, True)}
_KINDS = frozenset({"deposit", "withdrawal", "trade", "transfer", "adjustment"})


# balances


def balance(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """Balance."""
    return {asset.name: decimal_text(amount, asset.decimals) for asset, amount, _ in _balances(its, key, asked)}


def balance_ex(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """BalanceEx."""
    return {
        asset.name: {"balance": decimal_text(amount, asset.decimals), "hold_trade": decimal_text(held, asset.decimals)}
        for asset, amount, held in _balances(its, key, asked)
    }


def _balances(its: Backing, key: ApiKey, asked: Arguments) -> list[tuple[Asset, int, int]]:
    """Assets with balance and holds: raw, or with `rebased` in shares, rounded down."""
    rebased, directory = asked.flag("rebased"), its.venue.instruments
    multipliers = {each.base.number: each.multiplier for each in directory.instruments.values()} if rebased else {}
    found = []
    for number, (amount, held) in its.venue.balances(key.account).items():
        numerator, denominator = multipliers.get(number, (1, 1))
        found.append((directory.assets[number], amount * numerator // denominator, held * numerator // denominator))
    return found


def trade_balance(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """TradeBalance: everything held at its last or reference price, in the currency asked for. There is no margin."""
    asset = asset_of(its, asked.text("asset") or "ZUSD")
    if asset.kind is not AssetKind.CURRENCY:
        raise Refused("query.asset", f"asset: {asset.name} was no currency")
    usd = sum(_usd(its, number, amount) for number, (amount, _) in its.venue.balances(key.account).items())
    worth = short_text(usd * 10**USD_DECIMALS // asset.usd_micros, USD_DECIMALS, EQUIVALENT_DECIMALS)
    nothing = decimal_text(0, EQUIVALENT_DECIMALS)
    return {"eb": worth, "tb": worth} | dict.fromkeys(("m", "n", "c", "v"), nothing) | {"e": worth, "mf": worth}


def _usd(its: Backing, number: int, amount: int) -> int:
    """What an amount of an asset counts for, in 1e-6 USD, rounded down."""
    directory = its.venue.instruments
    asset = directory.assets[number]
    if asset.kind is AssetKind.CURRENCY:
        return amount * asset.usd_micros // int(10**asset.decimals)
    for each in directory.instruments.values():
        price = its.venue.last_of(each.number) or its.venue.reference_of(each.number) if each.base.number == number else 0
        if price:
            return each.value(price, amount // each.lot_units) * each.quote.usd_micros // int(10**each.quote.decimals)
    return 0


def trade_volume(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """TradeVolume: the volume of 30 days, and with `pair` the fees that it gives there, in percent."""
    volume = its.venue.volume_30d(key.account)
    shown: dict[str, Any] = {"currency": "ZUSD", "volume": short_text(volume, USD_DECIMALS, VOLUME_DECIMALS)}
    if asked.text("pair") or isinstance(asked.values.get("pair"), list):
        pairs = pairs_of(its, asked)
        own = its.venue.accounts[key.account].schedule
        for word, place in (("fees", 1), ("fees_maker", 2)):
            shown[word] = {
                name: _fee(
                    its.venue.schedules[own if own >= 0 else each.fees], its.venue.rates_of(key.account, each.number), place
                )
                for name, each in pairs
            }
    return shown


def _fee(schedule: Schedule, rates: tuple[int, int], place: int) -> dict[str, Any]:
    """The fee that is paid, the lowest and highest there are, and what the next tier would be."""
    all_rates = [tier[place] for tier in schedule.tiers]
    now = max(number for number, tier in enumerate(schedule.tiers) if tier[1:] == rates)
    following = schedule.tiers[now + 1] if now + 1 < len(schedule.tiers) else None
    return {
        "fee": decimal_text(rates[place - 1], FEE_DECIMALS),
        "minfee": decimal_text(min(all_rates), FEE_DECIMALS),
        "maxfee": decimal_text(max(all_rates), FEE_DECIMALS),
        "nextfee": decimal_text(following[place], FEE_DECIMALS) if following else None,
        "nextvolume": short_text(following[0], USD_DECIMALS, VOLUME_DECIMALS) if following else None,
        "tiervolume": short_text(schedule.tiers[now][0], USD_DECIMALS, VOLUME_DECIMALS),
    }


def websockets_token(its: Backing, key: ApiKey, _: Arguments) -> object:
    """GetWebSocketsToken."""
    return {"token": its.tokens.issue(key, its.machine_s()), "expires": LIFE_S}


# orders


async def open_orders(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """OpenOrders."""
    found = _filtered(its.venue.open_orders(key.account), asked)
    # Everything about an order is taken down here, before anything is waited for: it may be gone afterwards.
    shown = {order_text(order.id): open_order(order, _instrument(its, order.instrument)) for order in found}
    await its.durable()
    if asked.flag("trades") and found:
        for number, rows in (await _executions(its, key, [order.id for order in found])).items():
            shown[order_text(number)]["trades"] = [_trade_text(row) for row in rows]
    return {"open": shown}


def _filtered(orders: list[Order], asked: Arguments) -> list[Order]:
    client_id, reference = asked.text("cl_ord_id"), asked.text("userref")
    if client_id:
        orders = [order for order in orders if order.client_id == client_id]
    if reference:
        number = user_reference_of(reference)
        orders = [order for order in orders if order.user_reference == number]
    return orders


async def closed_orders(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """ClosedOrders: a page of fifty, the newest first."""
    await its.durable()
    which = asked.text("closetime")
    if which not in _CLOSE_TIMES:
        raise wrong_argument("closetime", f"{which!a:.24} was not open, close or both")
    by_open, by_close = _CLOSE_TIMES[which]

    async def at_us(number: int) -> int | None:
        rows = await its.history.orders(key.account, [number])
        return (rows[0].closed_us if by_close else rows[0].opened_us) if rows else None

    start_us, end_us = [await _bound(asked, name, ORDER, at_us) for name in ("start", "end")]
    reference, client_id = asked.text("userref"), asked.text("cl_ord_id")
    rows, count = await its.history.closed_orders(
        key.account,
        start_us=start_us,
        end_us=end_us,
        offset=asked.whole("ofs", 0, 0, OFFSET_MAX),
        limit=PAGE,
        by_open=by_open,
        by_close=by_close,
        user_reference=user_reference_of(reference) if reference else None,
        client_id=client_id_of(client_id) if client_id else None,
    )
    shown = {"closed": await _closed(its, key, rows, asked.flag("trades"))}
    return shown if asked.flag("without_count") else {**shown, "count": count}


async def query_orders(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """QueryOrders: open and closed ones by id; what is not the account's is left out."""
    texts, client_id = asked.texts("txid", ORDERS_MAX), asked.text("cl_ord_id")
    reference = user_reference_of(asked.text("userref")) if asked.text("userref") else 0
    if not texts and not client_id and not reference:
        raise wrong_argument("txid", "was missing")
    numbers = [order_id_of(text) for text in texts]
    opened = [order for number in numbers if (order := its.venue.order(number)) and order.account == key.account]
    if not texts:
        opened = _filtered(its.venue.open_orders(key.account), asked)
    elif reference:
        opened = [order for order in opened if order.user_reference == reference]
    shown = {order_text(order.id): open_order(order, _instrument(its, order.instrument)) for order in opened}
    await its.durable()
    if numbers:
        rest = [number for number in numbers if order_text(number) not in shown]
        rows = await its.history.orders(key.account, rest) if rest else []
        rows = [row for row in rows if not reference or row.user_reference == reference]
    else:
        rows = await its.history.orders_named(key.account, client_id=client_id, user_reference=reference)
    with_trades = asked.flag("trades")
    if with_trades and opened:
        for number, executed in (await _executions(its, key, [order.id for order in opened])).items():
            shown[order_text(number)]["trades"] = [_trade_text(row) for row in executed]
    return shown | await _closed(its, key, rows, with_trades)


async def _closed(its: Backing, key: ApiKey, rows: list[ClosedOrder], with_trades: bool) -> dict[str, Any]:
    executed = await _executions(its, key, [row.order for row in rows]) if with_trades and rows else {}
    return {order_text(row.order): closed_order(row, _instrument(its, row.instrument), executed.get(row.order)) for row in rows}


async def order_amends(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """OrderAmends: an order as it was placed, and after each change."""
    await its.durable()
    number = order_id_of(asked.required("order_id"))
    changes = await its.history.amendments(key.account, number)
    executed = await its.history.executions_of(key.account, [number]) if changes else []
    shown = [
        amendment(
            change,
            sum(each.lots for each in executed if each.time_us < change.time_us),
            place == 0,
            _instrument(its, change.instrument),
        )
        for place, change in enumerate(changes)
    ]
    return {"count": len(shown), "amends": shown}


# executions


async def trades_history(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """TradesHistory: a page of fifty, the newest first."""
    await its.durable()
    if asked.text("type") not in _TRADE_TYPES:
        raise wrong_argument("type", f"{asked.text('type')!a:.24} was not known")

    async def at_us(number: int) -> int | None:
        rows = await its.history.executions_by_id(key.account, [number])
        return rows[0].time_us if rows else None

    start_us, end_us = [await _bound(asked, name, TRADE, at_us) for name in ("start", "end")]
    offset = asked.whole("ofs", 0, 0, OFFSET_MAX)
    rows, count = await its.history.executions(key.account, start_us=start_us, end_us=end_us, offset=offset, limit=PAGE)
    shown = {"trades": {_trade_text(row): trade(row, _instrument(its, row.instrument)) for row in rows}}
    return shown if asked.flag("without_count") else {**shown, "count": count}


async def query_trades(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """QueryTrades."""
    await its.durable()
    ids = [_number(text, TRADE, "txid") for text in asked.texts("txid", IDS_MAX)]
    if not ids:
        raise wrong_argument("txid", "was missing")
    rows = await its.history.executions_by_id(key.account, ids)
    return {_trade_text(row): trade(row, _instrument(its, row.instrument)) for row in rows}


async def _executions(its: Backing, key: ApiKey, numbers: list[int]) -> dict[int, list[Execution]]:
    found: dict[int, list[Execution]] = defaultdict(list)
    for row in await its.history.executions_of(key.account, numbers):
        found[row.order].append(row)
    return found


# the ledger


async def ledgers(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """Ledgers: a page of fifty, the newest first."""
    await its.durable()
    names, kind = asked.texts("asset", IDS_MAX), asked.text("type")
    kind = "" if kind == "all" else kind
    if kind and kind not in _KINDS:
        raise wrong_argument("type", f"{kind!a:.24} was not known")

    async def at_us(number: int) -> int | None:
        rows = await its.history.ledgers_by_id(key.account, [number])
        return rows[0].time_us if rows else None

    start_us, end_us = [await _bound(asked, name, LEDGER, at_us) for name in ("start", "end")]
    rows, count = await its.history.ledgers(
        key.account,
        assets=[] if names == ["all"] else [asset_of(its, name).number for name in names],
        kind=kind,
        start_us=start_us,
        end_us=end_us,
        offset=asked.whole("ofs", 0, 0, OFFSET_MAX),
        limit=PAGE,
    )
    directory = its.venue.instruments
    shown = {"ledger": {ledger_id(row): ledger_row(row, directory.assets[row.asset]) for row in rows}}
    return shown if asked.flag("without_count") else {**shown, "count": count}


async def query_ledgers(its: Backing, key: ApiKey, asked: Arguments) -> object:
    """QueryLedgers."""
    await its.durable()
    ids = [_number(text, LEDGER, "id") for text in asked.texts("id", IDS_MAX)]
    if not ids:
        raise wrong_argument("id", "was missing")
    rows = await its.history.ledgers_by_id(key.account, ids)
    return {ledger_id(row): ledger_row(row, its.venue.instruments.assets[row.asset]) for row in rows}


# bounds and ids


async def _bound(asked: Arguments, name: str, letter: str, at_us: Callable[[int], Awaitable[int | None]]) -> int:
    """`start` or `end`: Unix seconds, or the id of what stands there."""
    text = asked.text(name)
    if not text or text == "0":
        return 0 if name == "start" else _LATEST_US
    if not text[0].isalpha():
        return asked.instant_us(name, 0)
    found = await at_us(_number(text, letter, name))
    if found is None:
        raise wrong_argument(name, f"{text!a:.40} was not the account's")
    return found


def _number(text: str, letter: str, name: str) -> int:
    try:
        return id_number(letter, text)
    except Malformed as wrong:
        raise wrong_argument(name, f"{text!a:.40} was no id of this kind") from wrong


def _instrument(its: Backing, number: int) -> Instrument:
    return its.venue.instruments.instruments[number]


def _trade_text(row: Execution) -> str:
    return id_text(TRADE, row.id)
