"""Kraken's words for what the venue calls otherwise: market states, order types, the sentence of an order."""

from types import MappingProxyType
from typing import assert_never

from openscrip.api.kraken.numbers import decimal_text
from openscrip.markets.commands import State
from openscrip.markets.instruments import Instrument
from openscrip.markets.orders import (
    Iceberg,
    Limit,
    Market,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    Trailing,
    TrailingLimit,
)

PAIR_STATUS = MappingProxyType(
    {
        State.CLOSED: "cancel_only",
        State.PRE_OPEN: "limit_only",
        State.CALL: "limit_only",
        State.OPEN: "online",
        State.POST_ONLY: "post_only",
        State.CANCEL_ONLY: "cancel_only",
        State.REDUCE_ONLY: "reduce_only",
        State.HALTED: "cancel_only",
        State.CORP_ACTION: "cancel_only",
        State.DELISTED: "cancel_only",
    }
)
NONE = "0"


def signed_text(ticks: int, places: int) -> str:
    """A distance with its sign: `+5.00`."""
    return f"{'-' if ticks < 0 else '+'}{decimal_text(abs(ticks), places)}"


def sentence(side: int, lots: int, spend: int, instrument: Instrument, terms: Terms) -> str:
    """An order in one line: `buy 1.0000 TSLAxUSD @ limit 300.00`. One that spends a sum says the sum."""
    volume = decimal_text(lots, instrument.lot_decimals) if lots else decimal_text(spend, instrument.quote.decimals)
    return f"{'sell' if side else 'buy'} {volume} {instrument.name} @ {_words(instrument.price_decimals, terms)}"


def _words(places: int, terms: Terms) -> str:
    if type(terms) is Limit:  # almost every order
        return f"limit {decimal_text(terms.price, places)}"
    match terms:
        case Limit(price) | Iceberg(price):
            return f"limit {decimal_text(price, places)}"
        case Market():
            return "market"
        case Stop(trigger):
            return f"stop loss {decimal_text(trigger, places)}"
        case StopLimit(trigger, price):
            return f"stop loss {decimal_text(trigger, places)} -> limit {decimal_text(price, places)}"
        case TakeProfit(trigger):
            return f"take profit {decimal_text(trigger, places)}"
        case TakeProfitLimit(trigger, price):
            return f"take profit {decimal_text(trigger, places)} -> limit {decimal_text(price, places)}"
        case Trailing(offset):
            return f"trailing stop {signed_text(offset, places)}"
        case TrailingLimit(offset, limit_offset):
            return f"trailing stop {signed_text(offset, places)} -> limit {signed_text(limit_offset, places)}"
        case _:
            assert_never(terms)
