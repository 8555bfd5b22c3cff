"""Decimal strings at every edge: the only way that an amount enters or leaves the program."""

import re

from openscrip.kernel.errors import Malformed

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,30}))?")


def parse_decimal(text: object, places: int, what: str) -> int:
    """The integer `text` x 10^`places`. Refuses signs, exponents, separators and more than `places` decimals.

    Raises `Malformed("amount.malformed")` for what is not a plain decimal string and
    `Malformed("amount.precision")` for digits finer than the unit.
    """
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Malformed("amount.malformed", f"{what}: {text!r} was not a plain decimal such as '12.5'; send a string of digits")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > places:
        raise Malformed("amount.precision", f"{what}: {text!r} had more than {places} decimals")
    scale: int = 10**places
    return int(whole) * scale + int(fraction.ljust(places, "0") or "0")


def format_decimal(units: int, places: int) -> str:
    """The shortest plain decimal of `units` x 10^-`places`: no exponent, no trailing zeros."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, fraction = divmod(units, 10**places)
    digits = str(fraction).rjust(places, "0").rstrip("0") if fraction else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
