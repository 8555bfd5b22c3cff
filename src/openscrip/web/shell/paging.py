"""Where a list goes on: the place in line that a link names."""

DIGITS_MAX = 18
"""So many fit every number that a database counts by."""


def place_of(text: str, digits_max: int = DIGITS_MAX) -> int | None:
    """The place that a link names; None for what is none of at most `digits_max` digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits_max else None
