"""Decimal text and the integers behind it, exactly: prices are ticks, quantities lots, and digits too many are refused."""

from openscrip.kernel.errors import Malformed

_TEN: tuple[int, ...] = tuple(10**places for places in range(41))
DIGITS_MAX = 40


def units_of(text: str, places: int, what: str) -> int:
    """The integer `text` x 10^`places`: ticks of a price, lots of a quantity, or the units of an amount.

    Takes `12`, `12.5`, `.5`, `12.50` and zeros beyond `places`, and no sign, exponent or space. Raises `Malformed` with the
    code `arguments.<what>` for what is not such a decimal, and for digits that are finer than the unit: nothing is rounded.
    """
    whole, _, fraction = text.partition(".")
    if len(fraction) > places:
        fraction = fraction.rstrip("0")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or len(digits) > DIGITS_MAX:
        raise Malformed(f"arguments.{what}", f"{what}: {text!a:.48} was not a plain decimal such as 12.5")
    if len(fraction) > places:
        raise Malformed(f"arguments.{what}", f"{what}: {text!a:.48} had more than {places} decimals")
    return int(digits) * _TEN[places - len(fraction)]


def decimal_text(units: int, places: int) -> str:
    """`units` x 10^-`places` with exactly `places` decimals: `34570` and 2 are `345.70`. Negative numbers take a minus."""
    if units < 0:
        return "-" + decimal_text(-units, places)
    if not places:
        return str(units)
    digits = str(units)
    if len(digits) <= places:
        digits = digits.rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def scaled_down(units: int, places: int, wanted: int) -> int:
    """`units` of 10^-`places` in units of 10^-`wanted`; what is finer is cut off, toward zero."""
    if wanted >= places:
        return units * _TEN[wanted - places]
    factor = _TEN[places - wanted]
    return units // factor if units >= 0 else -(-units // factor)


def short_text(units: int, places: int, shown: int) -> str:
    """`units` x 10^-`places` with exactly `shown` decimals; what is finer is cut off, toward zero."""
    return decimal_text(scaled_down(units, places, shown), shown)


def seconds_text(at_us: int) -> str:
    """Microseconds since 1970 as a JSON number of seconds with its fraction, without a float: `1700000000.123456`."""
    return f"{at_us // 1_000_000}.{at_us % 1_000_000:06d}"
