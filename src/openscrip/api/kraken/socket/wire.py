"""Text on the wire: frames, times, numbers with all their decimals, acknowledgements. Put together by hand, for speed.

Clients check a book's checksum over the text of its numbers, or format them anew by the pair's decimals: both agree only if
each number is written with exactly its decimals. Encoders of JSON shorten them, so numbers are written from integers here.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from time import gmtime, strftime
from types import ModuleType

import msgspec

from openscrip.api.kraken.names import order_text
from openscrip.api.kraken.numbers import decimal_text
from openscrip.markets.native import built_module

SECOND_US = 1_000_000
_SHORT_MAX, _MIDDLE_MAX = 125, 65_535

order_name = lru_cache(maxsize=2**13)(order_text)
"""`order_text` that remembers: an order is named in its reply, in each of its executions and in the book."""
number_text = lru_cache(maxsize=2**13)(decimal_text)
"""`decimal_text` that remembers: prices and quantities come again and again."""


def framed(payload: bytes) -> bytes:
    """One text frame as a server sends it."""
    size = len(payload)
    if size <= _SHORT_MAX:
        return b"\x81" + size.to_bytes(1) + payload
    if size <= _MIDDLE_MAX:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def _framed_all(payloads: list[bytes]) -> bytes:
    return b"".join([framed(payload) for payload in payloads])


native: ModuleType | None = built_module()
"""The native desk and writer of plain orders; None where it was not built, and then everything goes the general way."""
framed_all: Callable[[list[bytes]], bytes] = native.framed if native else _framed_all
"""Text frames as a server sends them, in one piece."""


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))


@lru_cache(maxsize=64)
def time_text(at_us: int) -> str:
    """RFC 3339 in UTC with microseconds: `2026-01-01T00:00:00.000000Z`."""
    return f"{_second_text(at_us // SECOND_US)}.{at_us % SECOND_US:06d}Z"


def second_text(at_us: int) -> str:
    """RFC 3339 in UTC to the second."""
    return _second_text(at_us // SECOND_US) + "Z"


def quoted(text: str) -> str:
    """Text as a JSON string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return msgspec.json.encode(text).decode()


def reply_head(method: str, request: int | None, body: str, time_in_us: int) -> str:
    """A reply up to its `time_out`, which is written when it leaves (see `finished`)."""
    named = "" if request is None else f'"req_id":{request},'
    return f'{{"method":"{method}",{named}{body},"time_in":"{time_text(time_in_us)}",'


def refusal_body(error: str, more: str = "") -> str:
    """The body of a reply that says no; `more` are further fields, each with a comma in front."""
    return f'"error":{quoted(error)},"success":false{more}'


def tail(time_out_us: int) -> str:
    """What ends a reply."""
    return f'"time_out":"{_second_text(time_out_us // SECOND_US)}.{time_out_us % SECOND_US:06d}Z"}}'


def finished(head: str, time_out_us: int) -> bytes:
    """A whole reply."""
    return (head + tail(time_out_us)).encode()


def message(channel: str, kind: str, data: Sequence[str], more: str = "") -> bytes:
    """A message of a channel: `kind` is `snapshot` or `update`."""
    return f'{{"channel":"{channel}","type":"{kind}","data":[{",".join(data)}]{more}}}'.encode()
