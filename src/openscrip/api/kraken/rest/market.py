"""Public endpoints: time, status, assets, pairs, and what trades."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.numbers import decimal_text, scaled_down, seconds_text
from openscrip.api.kraken.rest.arguments import Arguments
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.times import SECOND_US, rfc3339_text
from openscrip.api.kraken.trading import instrument_of
from openscrip.api.kraken.words import PAIR_STATUS
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Refused
from openscrip.markets.commands import State
from openscrip.markets.history_reader import TRADES_MAX
from openscrip.markets.history_rows import Candle, Span
from openscrip.markets.instruments import Asset, AssetKind, Instrument
from openscrip.markets.orders import Side

NAMES_MAX = 500
DEPTH, DEPTH_MAX = 100, 500
PERCENT_DECIMALS = 4
COST_DECIMALS_MAX = 6
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECONDS_DIGITS = 12
"""A `since` of so many digits is in seconds, a longer one in nanoseconds."""


def time_now(its: Backing, _: Arguments) -> object:
    """Time."""
    now_us = its.clock_us()
    date = rfc3339_text(now_us)
    day = _DAYS[(now_us // SECOND_US // 86_400 + 3) % 7]
    shown = f"{day}, {int(date[8:10]):2d} {_MONTHS[int(date[5:7]) - 1]} {date[2:4]} {date[11:19]} +0000"
    return {"unixtime": now_us // SECOND_US, "rfc1123": shown}


def system_status(its: Backing, _: Arguments) -> object:
    """SystemStatus."""
    stopped = bool(its.sequencer.stopped) or its.venue.is_stopped
    return {"status": "cancel_only" if stopped else "online", "timestamp": rfc3339_text(its.clock_us())}


def assets(its: Backing, asked: Arguments) -> object:
    """Assets."""
    wanted, directory = _class(asked, "aclass"), its.venue.instruments
    names = asked.texts("asset", NAMES_MAX)
    chosen: Iterable[Asset] = [asset_of(its, name) for name in names] if names else directory.assets.values()
    return {
        asset.name: {
            "aclass": asset.kind.value,
            "altname": asset.altname,
            "decimals": asset.decimals,
            "display_decimals": asset.display_decimals,
            "status": "enabled",
        }
        for asset in chosen
        if wanted is None or asset.kind is wanted
    }


def asset_pairs(its: Backing, asked: Arguments) -> object:
    """AssetPairs: every class unless one is asked for."""
    wanted = _class(asked, "aclass_base")
    part = asked.text("info", "info")
    fields = _PARTS.get(part)
    if fields is None:
        raise wrong_argument("info", f"{part!a:.24} was not info, leverage, fees or margin")
    found = {}
    for name, instrument in pairs_of(its, asked):
        if wanted is not None and instrument.base.kind is not wanted:
            continue
        shown = _pair(its, instrument)
        found[name] = {each: shown[each] for each in fields} if fields else shown
    return found


def _pair(its: Backing, instrument: Instrument) -> dict[str, Any]:
    fees = [_tier(volume, taker) for volume, taker, _ in its.venue.schedules[instrument.fees].tiers]
    fees_maker = [_tier(volume, maker) for volume, _, maker in its.venue.schedules[instrument.fees].tiers]
    numerator, denominator = instrument.multiplier
    return {
        "altname": instrument.name,
        "wsname": instrument.symbol,
        "aclass_base": instrument.base.kind.value,
        "base": instrument.base.name,
        "aclass_quote": instrument.quote.kind.value,
        "quote": instrument.quote.name,
        "lot": "unit",
        "cost_decimals": min(instrument.quote.decimals, COST_DECIMALS_MAX),
        "pair_decimals": instrument.price_decimals,
        "lot_decimals": instrument.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": fees,
        "fees_maker": fees_maker,
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": format_decimal(instrument.lots_min, instrument.lot_decimals),
        "costmin": format_decimal(instrument.cost_min, instrument.quote.decimals),
        "tick_size": format_decimal(instrument.tick, instrument.price_decimals),
        "status": PAIR_STATUS[its.venue.state_of(instrument.number)],
        "multiplier": f"{numerator}/{denominator}",
    }


_PARTS: dict[str, tuple[str, ...]] = {
    "info": (),
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}


def _tier(volume: int, rate: int) -> list[Any]:
    """Volume in whole USD, and percent."""
    return [volume // 1_000_000, msgspec.Raw(format_decimal(rate, PERCENT_DECIMALS).encode())]


def ticker(its: Backing, asked: Arguments) -> object:
    """Ticker."""
    now_us = its.clock_us()
    return {name: _ticker(its, instrument, now_us) for name, instrument in pairs_of(its, asked)}


def _ticker(its: Backing, instrument: Instrument, now_us: int) -> dict[str, Any]:
    price, lots = instrument.price_decimals, instrument.lot_decimals
    told = its.history.ticker(instrument.number, now_us)
    spans = (told.today, told.day)
    best = []
    for side in (Side.SELL, Side.BUY):
        ticks, shown = (its.venue.depth(instrument.number, side, 1) or [(0, 0)])[0]
        best.append([decimal_text(ticks, price), str(scaled_down(shown, lots, 0)), decimal_text(shown, lots)])
    return {
        "a": best[0],
        "b": best[1],
        "c": [decimal_text(told.last_price, price), decimal_text(told.last_lots, lots)],
        "v": [decimal_text(span.lots, lots) for span in spans],
        "p": [average(span, price) for span in spans],
        "t": [span.count for span in spans],
        "l": [decimal_text(span.low, price) for span in spans],
        "h": [decimal_text(span.high, price) for span in spans],
        "o": decimal_text(told.today.open or told.last_price, price),
    }


def average(span: Span | Candle, places: int) -> str:
    """The average price of what traded, weighed by quantity, cut to the decimals of a price."""
    return decimal_text(span.turnover // span.lots if span.lots else 0, places)


def depth(its: Backing, asked: Arguments) -> object:
    """Depth. What a price shows has no time of its own here: the time is that of the answer."""
    name, instrument = pair_of(its, asked)
    count = asked.whole("count", DEPTH, 1, DEPTH_MAX)
    at_s, price, lots = its.clock_us() // SECOND_US, instrument.price_decimals, instrument.lot_decimals
    sides = {
        word: [
            [decimal_text(ticks, price), decimal_text(shown, lots), at_s]
            for ticks, shown in its.venue.depth(instrument.number, side, count)
        ]
        for word, side in (("asks", Side.SELL), ("bids", Side.BUY))
    }
    return {name: sides}


async def trades(its: Backing, asked: Arguments) -> object:
    """Trades. `since` is the `last` of the answer before, in nanoseconds, or Unix seconds."""
    name, instrument = pair_of(its, asked)
    count, since = asked.whole("count", TRADES_MAX, 1, TRADES_MAX), _since_ns(asked)
    rows = await its.history.trades(instrument.number, since, count)
    price, lots = instrument.price_decimals, instrument.lot_decimals
    shown = [
        [
            decimal_text(row.price, price), decimal_text(row.lots, lots), msgspec.Raw(seconds_text(row.time_us).encode()),
            "s" if row.side else "b", "m" if row.is_market else "l", "", row.number,
        ]
        for row in rows
    ]  # fmt: skip
    last = rows[-1].since if rows else since if since is not None else its.clock_us() * 1_000
    return {name: shown, "last": str(last)}


def _since_ns(asked: Arguments) -> int | None:
    text = asked.text("since")
    if not text:
        return None
    if "." in text or len(text) <= _SECONDS_DIGITS:
        return asked.instant_us("since", 0) * 1_000
    return asked.whole("since", 0, 0, 2**63 - 1)


async def ohlc(its: Backing, asked: Arguments) -> object:
    """OHLC. The last row is not over yet; `last` is the begin of the one before it."""
    name, instrument = pair_of(its, asked)
    interval = asked.whole("interval", 1, 1, 21_600)
    since_s = asked.instant_us("since", -1) // SECOND_US
    first_s = None if since_s < 0 else since_s + 1
    rows = await its.history.candles(instrument.number, interval, first_s, its.clock_us())
    price, lots = instrument.price_decimals, instrument.lot_decimals
    shown = [
        [
            row.begin_s, *(decimal_text(each, price) for each in (row.open, row.high, row.low, row.close)),
            average(row, price), decimal_text(row.lots, lots), row.count,
        ]
        for row in rows
    ]  # fmt: skip
    last = rows[-2].begin_s if len(rows) > 1 else rows[-1].begin_s - interval * 60 if rows else max(since_s, 0)
    return {name: shown, "last": last}


def spread(its: Backing, asked: Arguments) -> object:
    """Spread: the newest changes of the best bid and ask."""
    name, instrument = pair_of(its, asked)
    since_us = asked.instant_us("since", 0)
    rows = its.history.spreads(instrument.number, since_us)
    price = instrument.price_decimals
    shown = [[row.time_us // SECOND_US, decimal_text(row.bid, price), decimal_text(row.ask, price)] for row in rows]
    return {name: shown, "last": (rows[-1].time_us if rows else since_us) // SECOND_US}


# what is asked about


def pair_of(its: Backing, asked: Arguments) -> tuple[str, Instrument]:
    """The one pair that is asked about, and how it was spelt. Raises `Refused("query.pair")`."""
    name = asked.required("pair")
    return name, instrument_of(its.venue.instruments, name, asked.text("asset_class"))


def pairs_of(its: Backing, asked: Arguments) -> Sequence[tuple[str, Instrument]]:
    """The pairs asked about by the spelling asked for, or all that are listed. Raises `Refused("query.pair")`."""
    directory, kind = its.venue.instruments, asked.text("asset_class")
    names = asked.texts("pair", NAMES_MAX)
    if names:
        return [(name, instrument_of(directory, name, kind)) for name in names]
    if kind and kind not in set(AssetKind):
        raise Refused("query.pair", f"asset_class: {kind!a:.24} was not known")
    return [
        (each.name, each)
        for each in directory.instruments.values()
        if its.venue.state_of(each.number) is not State.DELISTED and kind in {"", each.base.kind.value}
    ]


def asset_of(its: Backing, name: str) -> Asset:
    """The asset so called. Raises `Refused("query.asset")`."""
    found = its.venue.instruments.find_asset(name)
    if found is None:
        raise Refused("query.asset", f"asset: {name!a:.40} was not known")
    return found


def _class(asked: Arguments, name: str) -> AssetKind | None:
    """The class asked for, None for all. Raises `Malformed("request.malformed")` for one that is unknown."""
    text = asked.text(name)
    if not text:
        return None
    if text not in set(AssetKind):
        raise Malformed("request.malformed", f"{name}: {text!a:.24} was neither tokenized_asset nor currency")
    return AssetKind(text)
