"""How typed values read on a page: one filter for each type, which refuses any other, a bare integer above all.

A minus is U+2212 and digits stand in groups of three with commas. Files of comma-separated values use `str` instead.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from jinja2 import Environment

from openscrip.kernel.clock import NEW_YORK, iso, new_york_words
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Quantity, RawAmount, Shares, UiAmount

T = TypeVar("T")

MINUS, DASH = "\u2212", "\u2013"
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


class WrongValue(TypeError):
    """A template gave a filter a value of another type: a bug of the page."""


def _expect(value: object, filter_name: str, kind: type[T], *others: type[T]) -> T:
    kinds = (kind, *others)
    if not isinstance(value, kinds) or isinstance(value, bool):
        names = " or ".join(known.__name__ for known in kinds)
        raise WrongValue(f"filters: {filter_name} was given {type(value).__name__} {value!r:.60}, and takes {names}")
    return value


def grouped(decimal: str) -> str:
    """A decimal string in groups of three: `1,234,567.125`; the fraction stays as it is."""
    text = _expect(decimal, "grouped", str)
    sign, digits = (MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}"


def trimmed(decimal: str) -> str:
    """The same without the zeros that end its fraction: `412.5` of `412.50000000`."""
    text = _expect(decimal, "trimmed", str)
    return grouped(text.rstrip("0").rstrip(".") if "." in text else text)


def _fixed(atoms: int, places: int, decimals: int | None, least: int = 0, *, up: bool = False) -> str:
    """`atoms` x 10^-places, grouped, with exactly `decimals` decimals (rounded down, or up), or as many as needed."""
    if decimals is None:
        whole, _, fraction = format_decimal(atoms, places).partition(".")
        fraction = fraction.ljust(least, "0")
        return grouped(f"{whole}.{fraction}" if fraction else whole)
    if decimals >= places:
        kept = atoms * 10 ** (decimals - places)
    else:
        step = 10 ** (places - decimals)
        kept = -(-atoms // step) if up else atoms // step
    whole, fraction = divmod(abs(kept), 10**decimals)
    return f"{MINUS if kept < 0 else ''}{whole:,}" + (f".{str(fraction).rjust(decimals, '0')}" if decimals else "")


def shares(value: object, decimals: int | None = None, *, unit: bool = True, up: bool = False) -> str:
    """`10.0228 shares` of `Shares` or of a `UiAmount`; `unit=False` where the column says it; `up` for what is claimed."""
    known: Quantity = _expect(value, "shares", Shares, UiAmount)
    figure = _fixed(known.atoms, 9 if isinstance(known, Shares) else 18, decimals, up=up)
    return figure if not unit else f"{figure} share" if figure == "1" else f"{figure} shares"


def tokens(value: object, symbol: str, decimals: int | None = None, *, unit: bool = True) -> str:
    """`10 AAPLx tokens`: a raw amount, never without its unit unless the column says it."""
    figure = _fixed(_expect(value, "tokens", RawAmount).atoms, 18, decimals)
    return figure if not unit else f"{figure} {symbol} token" if figure == "1" else f"{figure} {symbol} tokens"


def multiplier(value: object, decimals: int = 6) -> str:
    """`1.002280`: shares for one token, rounded down; 18 decimals on the page of the multiplier."""
    return _fixed(_expect(value, "multiplier", Multiplier).value, 18, decimals)


def usd(value: object, decimals: int | None = None) -> str:
    """`$1,234.56`: two decimals at least, up to six where they are not nil."""
    atoms = _expect(value, "usd", Money).atoms
    figure = _fixed(abs(atoms), 6, decimals, least=2)
    return f"{MINUS}${figure}" if atoms < 0 else f"${figure}"


def coin(value: object, name: str, decimals: int | None = None) -> str:
    """`1,234.56 USDC`: an amount of a stablecoin, by its name and never with a dollar sign."""
    return f"{_fixed(_expect(value, 'coin', Money).atoms, 6, decimals, least=2)} {name}"


def per_share(value: object, *, unit: bool = True) -> str:
    """`$231.40 per share`."""
    figure = "$" + _fixed(_expect(value, "per_share", PricePerShare).micros, 6, None, least=2)
    return f"{figure} per share" if unit else figure


def per_token(value: object, *, unit: bool = True) -> str:
    """`$231.93 per token`: the price of one raw token, of any type that holds `micros` and is no price per share."""
    micros = getattr(value, "micros", None)
    if isinstance(value, PricePerShare) or type(micros) is not int:
        raise WrongValue(f"filters: per_token was given {type(value).__name__} {value!r:.60}, and takes a price per raw token")
    figure = "$" + _fixed(micros, 6, None, least=2)
    return f"{figure} per token" if unit else figure


def percent_down(value: object, decimals: int = 2) -> str:
    """`100.41 %`, rounded down, of a ratio with an integer `millionths`, or of a pair (part, whole); an en dash for none."""
    if value is None:
        return DASH
    if isinstance(value, Bps):
        return f"{_fixed(value.count, 2, None)}\u202f%"
    if isinstance(value, tuple):
        part, whole = value
        same = type(part) is type(whole) and isinstance(part, Shares | RawAmount | UiAmount | Money)
        if not same:
            raise WrongValue(f"filters: percent_down was given {value!r:.80}, and takes two quantities of one kind")
        if not whole.atoms:
            return DASH
        return f"{_fixed(part.atoms * 10 ** (decimals + 2) // whole.atoms, decimals, decimals)}\u202f%"
    millionths = getattr(value, "millionths", None)
    if type(millionths) is not int:
        raise WrongValue(f"filters: percent_down was given {type(value).__name__} {value!r:.60}, and takes a ratio or a pair")
    return f"{_fixed(millionths, 4, decimals)}\u202f%"


def instant(at: object) -> str:
    """UTC for machines and for `title`: `2024-06-03T13:30:00Z`."""
    return iso(_expect(at, "instant", int))


def minute(at: object) -> str:
    """Market time as New York says it: `3 Jun 2024, 16:00 New York`."""
    return new_york_words(_expect(at, "minute", int))


def clock_time(at: object) -> str:
    """The time of day alone, to the second, where the day is said beside it: `16:00:05`."""
    return f"{datetime.fromtimestamp(_expect(at, 'clock_time', int), NEW_YORK):%H:%M:%S}"


def day(at: object) -> str:
    """The date in New York: `3 Jun 2024`."""
    local = datetime.fromtimestamp(_expect(at, "day", int), NEW_YORK)
    return f"{local.day} {local:%b %Y}"


def age(seconds: object) -> str:
    """A span in words, rounded down: `8 s`, `4 min`, `3 h`, `2 days`."""
    span = max(0, _expect(seconds, "age", int))
    if span < 2 * MINUTE_S:
        return f"{span} s"
    if span < 2 * HOUR_S:
        return f"{span // MINUTE_S} min"
    if span < 2 * DAY_S:
        return f"{span // HOUR_S} h"
    return f"{span // DAY_S} days"


FILTERS: Mapping[str, Callable[..., str]] = {
    "age": age,
    "clock_time": clock_time,
    "coin": coin,
    "day": day,
    "grouped": grouped,
    "instant": instant,
    "minute": minute,
    "multiplier": multiplier,
    "per_share": per_share,
    "per_token": per_token,
    "percent_down": percent_down,
    "shares": shares,
    "tokens": tokens,
    "trimmed": trimmed,
    "usd": usd,
}


def add_filters(environment: Environment) -> None:
    """Teach an environment every filter of the faces."""
    environment.filters.update(FILTERS)
