"""Amounts as integers: shares in 1e-9, raw tokens in 1e-18, multipliers in 1e-18, money in 1e-6 of a dollar.

Formula: shares = raw x multiplier; in these units shares = raw * multiplier / 1e27.
Worked example: 9.99087957 raw at 1.000912875558 owe 9.999999999 shares down and 10 shares up.
"""

import math
import re
import struct

from openscrip_watch.refusal import BadInput

SHARE, RAW, ONE, DOLLAR = 10**9, 10**18, 10**18, 10**6
GRAIN = 10**10
"""1e-8 raw, the unit of every mint and of Solana, in 1e-18."""
_PER_SHARE_ATOM = 10**27
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,30}))?")


def parse(text: object, unit: int, where: str) -> int:
    """A plain decimal string as an integer number of 1/`unit`. Raises `BadInput("amount.malformed")`."""
    places = len(str(unit)) - 1
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None or len((match[2] or "").rstrip("0")) > places:
        raise BadInput("amount.malformed", f"{where}: {text!r:.60} was not a decimal string of at most {places} decimals")
    return int(match[1]) * unit + int((match[2] or "").rstrip("0").ljust(places, "0") or "0")


def show(units: int, unit: int) -> str:
    """The shortest plain decimal of `units` / `unit`."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, fraction = divmod(units, unit)
    return f"{sign}{whole}.{str(fraction).rjust(len(str(unit)) - 1, '0').rstrip('0')}" if fraction else f"{sign}{whole}"


def shares_up(raw: int, multiplier: int) -> int:
    """Shares that must be held for `raw`, rounded up."""
    return -(-raw * multiplier // _PER_SHARE_ATOM)


def shares_down(raw: int, multiplier: int) -> int:
    """Shares that `raw` may claim, rounded down."""
    return raw * multiplier // _PER_SHARE_ATOM


def f64_down(multiplier: int) -> float:
    """The nearest IEEE-754 double not above a multiplier: what Solana's ScaledUiAmount must show (I6)."""
    near = multiplier / ONE
    numerator, denominator = near.as_integer_ratio()
    return math.nextafter(near, 0.0) if numerator * ONE > multiplier * denominator else near


def f64_floor(value: float) -> int:
    """A double as a multiplier, rounded down to 1e-18."""
    numerator, denominator = value.as_integer_ratio()
    return numerator * ONE // denominator


def same_f64(one: float, other: float) -> bool:
    """Whether two doubles are the same eight bytes."""
    return struct.pack("<d", one) == struct.pack("<d", other)
