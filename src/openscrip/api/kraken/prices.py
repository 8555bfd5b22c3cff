"""Prices of orders as Kraken takes them: absolute, or relative to a price as `+1.5`, `-1.5`, `#1.5`, each also with `%`."""

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.numbers import units_of
from openscrip.kernel.errors import Refused
from openscrip.markets.instruments import Instrument

PERCENT_DECIMALS = 4
_FULL = 100 * 10**PERCENT_DECIMALS
_SIGNS = "+-#"


def is_relative(text: str) -> bool:
    """Whether a price, which is not empty, is relative."""
    return text[:1] in _SIGNS or text[-1] == "%"


def ticks_of(text: str, instrument: Instrument, around: int, away: int, what: str) -> int:
    """The ticks of a price. A relative one stands `around` this price (0: there is none yet), `#` on the side of `away`.

    `away` is 1 or -1. What a percentage gives is rounded toward `around` to the tick. Raises `Malformed`, and
    `Refused("order.price")` without a price to start from or when nothing above zero is left.
    """
    if not text:
        raise wrong_argument(what, "was missing")
    if not is_relative(text):
        return units_of(text, instrument.price_decimals, what)
    if around <= 0:
        raise Refused("order.price", f"{what}: {text!a:.48} was relative, and nothing has traded yet; send an absolute price")
    distance, sign = distance_of(text, instrument, around, what)
    ticks = around + distance * (sign or away)
    if ticks <= 0:
        raise Refused("order.price", f"{what}: {text!a:.48} from {around} ticks was not above zero")
    return ticks


def distance_of(text: str, instrument: Instrument, around: int, what: str) -> tuple[int, int]:
    """Ticks of a relative price, rounded down to the tick, and its sign: 1, -1, or 0 for `#` and none. Raises `Malformed`."""
    sign = {"+": 1, "-": -1}.get(text[:1], 0)
    digits = text[1:] if text[:1] in _SIGNS else text
    if digits[-1:] == "%":
        ticks = around * units_of(digits[:-1], PERCENT_DECIMALS, what) // _FULL
        return ticks - ticks % instrument.tick, sign
    return units_of(digits, instrument.price_decimals, what), sign
