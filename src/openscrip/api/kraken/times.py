"""Instants as Kraken's clients write them, in microseconds since 1970, without a float."""

from datetime import UTC, datetime, timedelta

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.numbers import units_of

SECOND_US = 1_000_000
UNIX_MAX_S = 253_402_300_799
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NONE = frozenset({"", "0"})


def rfc3339_us(text: str, what: str) -> int:
    """The instant of `2026-01-01T00:00:00.5Z`. Raises `Malformed("arguments.<what>")`."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(text)
        return (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise wrong_argument(what, f"{text!a:.48} was not an RFC 3339 instant with a zone") from None


def rfc3339_text(at_us: int) -> str:
    """`2026-01-01T00:00:00Z`: the whole second."""
    return (_EPOCH + timedelta(seconds=at_us // SECOND_US)).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_us(text: str, what: str) -> int:
    """The instant of Unix seconds with up to six decimals. Raises `Malformed("arguments.<what>")`."""
    at_us = units_of(text, 6, what)
    if at_us > UNIX_MAX_S * SECOND_US:
        raise wrong_argument(what, f"{text!a:.48} was after the year 9999")
    return at_us


def expiry_us(text: str, now_us: int, what: str = "expiretm") -> int:
    """The instant of `+<seconds>` from now or of Unix seconds; 0 for `0` and for nothing. Raises `Malformed`.

    An instant that is not in the future is refused too.
    """
    if text in _NONE:
        return 0
    at_us = now_us + unix_us(text[1:], what) if text[0] == "+" else unix_us(text, what)
    if at_us <= now_us:
        raise wrong_argument(what, "was not in the future")
    return at_us
