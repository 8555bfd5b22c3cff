"""How figures are printed: digits in groups of three with a narrow space."""

from openscrip.kernel.decimals import format_decimal

THIN = "\u202f"
"""A narrow space that a line never breaks at."""


def grouped(decimal: str) -> str:
    """In groups of three: `1 234 567.125`, `1.000 912 875 558`. A fraction of up to four digits stays whole."""
    sign, digits = ("\u2212", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, _, fraction = digits.partition(".")
    whole = f"{int(whole):,}".replace(",", THIN)
    if len(fraction) > 4:
        fraction = THIN.join(fraction[start : start + 3] for start in range(0, len(fraction), 3))
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def percent_down(millionths: int | None) -> str:
    """A ratio in millionths as a percentage with up to four decimals: `101.5228 %`; an en dash for none."""
    return "\u2013" if millionths is None else f"{grouped(format_decimal(millionths, 4))}{THIN}%"
