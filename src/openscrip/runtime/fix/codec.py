"""Tag-value messages as bytes and back: framing, body length, checksum. Bytes that are no message are skipped and counted.

Text is Latin-1, so that every byte of a counterparty survives a round trip. What a field may hold is the dictionary's
business, not the codec's.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from openscrip.kernel.errors import Malformed

SOH = b"\x01"
BEGIN = b"8=FIX.4.2\x019="
MESSAGE_BYTES_MAX = 64 * 1024
_TRAILER_BYTES = len(b"10=000\x01")
_LENGTH_DIGITS_MAX = 7
_TAG = re.compile(rb"0|[1-9][0-9]{0,8}")
_TAGS = frozenset(b"%d" % tag for tag in range(1, 1_000))
_UTC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?")
_DATE = re.compile(r"[0-9]{8}")
# The value after a length tag is so many bytes, whatever they are: it may hold the separator.
DATA_OF_LENGTH = {
    90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353,
    354: 355, 356: 357, 358: 359, 360: 361, 362: 363, 364: 365, 445: 446,
}  # fmt: skip
_DATA = frozenset(DATA_OF_LENGTH.values())

Field = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its type (35) and its fields in order, all but 8, 9, 35 and 10."""

    type: str
    fields: tuple[Field, ...]

    def get(self, tag: int) -> str | None:
        """The first value of `tag`, or None."""
        for found, value in self.fields:
            if found == tag:
                return value
        return None

    def flag(self, tag: int) -> bool:
        """Whether `tag` says yes; a tag that is not there says no."""
        return self.get(tag) == "Y"


def encode(message: Message) -> bytes:
    """The bytes of a message. Raises `Malformed("fix.value")` for a value that is empty or would break the frame."""
    parts = [b"35=%b\x01" % message.type.encode("latin-1")]
    for tag, value in message.fields:
        if not value or ("\x01" in value and tag not in _DATA):
            raise Malformed("fix.value", f"fix {message.type}: tag {tag} was empty or held a separator; leave it out")
        try:
            parts.append(b"%d=%b\x01" % (tag, value.encode("latin-1")))
        except UnicodeEncodeError as error:
            raise Malformed("fix.value", f"fix {message.type}: tag {tag} held letters outside Latin-1; spell them") from error
    body = b"".join(parts)
    head = b"%b%d\x01" % (BEGIN, len(body))
    return b"%b%b10=%03d\x01" % (head, body, (sum(head) + sum(body)) % 256)


def decode(frame: bytes) -> Message:
    """The message in one whole frame. Raises `Malformed("fix.garbled")`."""
    found, used = _next_frame(frame, 0, MESSAGE_BYTES_MAX)
    if not isinstance(found, Message) or used != len(frame):
        raise Malformed("fix.garbled", "fix: the bytes were not one well-framed FIX 4.2 message; it is ignored")
    return found


class Decoder:
    """Messages out of a stream of bytes that comes in any pieces. Holds at most one message that is not whole.

    `garbled` counts the places at which something was skipped: bad 8, 9, 10, a bad field, noise, or a message above
    `message_bytes_max`.
    """

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._buffer = b""
        self._message_bytes_max = message_bytes_max
        self.garbled = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now."""
        buffer = self._buffer + data
        messages: list[Message] = []
        at = 0
        while at < len(buffer):
            found, used = _next_frame(buffer, at, self._message_bytes_max)
            if found is None:
                break
            if isinstance(found, Message):
                messages.append(found)
                at += used
            else:
                self.garbled += 1
                at = _resume(buffer, at + 1)
        self._buffer = buffer[at:]
        return messages


def _resume(buffer: bytes, at: int) -> int:
    """Where the next message may begin: at a whole beginning, or at the end if that may be one."""
    found = buffer.find(BEGIN, at)
    if found >= 0:
        return found
    for kept in range(min(len(BEGIN) - 1, len(buffer) - at), 0, -1):
        if BEGIN.startswith(buffer[len(buffer) - kept :]):
            return len(buffer) - kept
    return len(buffer)


def _next_frame(buffer: bytes, at: int, bytes_max: int) -> tuple[Message | bool | None, int]:
    """The message at `at` with its length; None if more bytes are needed; False if what stands there is none."""
    begin = buffer[at : at + len(BEGIN)]
    if not BEGIN.startswith(begin):
        return False, 0
    if len(begin) < len(BEGIN):
        return None, 0
    digits_at = at + len(BEGIN)
    body_at = buffer.find(SOH, digits_at, digits_at + _LENGTH_DIGITS_MAX + 1) + 1
    digits = buffer[digits_at : body_at - 1] if body_at else buffer[digits_at : digits_at + _LENGTH_DIGITS_MAX + 1]
    if not body_at and len(digits) <= _LENGTH_DIGITS_MAX and (not digits or digits.isdigit()):
        return None, 0
    if not body_at or not digits.isdigit() or int(digits) > bytes_max:
        return False, 0
    trailer_at = body_at + int(digits)
    end = trailer_at + _TRAILER_BYTES
    if len(buffer) < end:
        return None, 0
    if buffer[trailer_at:end] != b"10=%03d\x01" % (sum(buffer[at:trailer_at]) % 256):
        return False, 0
    fields = _fields(buffer[body_at:trailer_at])
    if not fields or fields[0][0] != 35 or not fields[0][1]:
        return False, 0
    return Message(fields[0][1], tuple(fields[1:])), end - at


def _fields(body: bytes) -> list[Field] | None:
    """The fields of a body, or None where one cannot be read."""
    fields: list[Field] = []
    at, length_tag, length = 0, 0, 0
    while at < len(body):
        equals = body.find(b"=", at)
        digits = body[at:equals]
        if equals < 0 or (digits not in _TAGS and not _TAG.fullmatch(digits)):
            return None
        tag = int(digits)
        if length_tag and DATA_OF_LENGTH[length_tag] == tag:
            end = equals + 1 + length
            if body[end : end + 1] != SOH:
                return None
        else:
            end = body.find(SOH, equals)
            if end < 0:
                return None
        value = body[equals + 1 : end]
        length_tag = tag if tag in DATA_OF_LENGTH and value.isdigit() and len(value) <= _LENGTH_DIGITS_MAX else 0
        length = int(value) if length_tag else 0
        fields.append((tag, value.decode("latin-1")))
        at = end + 1
    return fields


@lru_cache(maxsize=64)
def format_utc(utc_ms: int) -> str:
    """UTCTimestamp with milliseconds, as in `20260302-14:30:00.250`."""
    seconds, ms = divmod(utc_ms, 1_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d-%H:%M:%S") + f".{ms:03d}"


@lru_cache(maxsize=1_024)
def parse_utc(text: str) -> int:
    """The UTC millisecond of a UTCTimestamp, with or without milliseconds. Raises `Malformed("fix.time")`."""
    match = _UTC.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        year, month, day, hour, minute, second = (int(match[each]) for each in range(1, 7))
        leap = second == 60  # the standard allows it; it is the first instant of the next minute
        at = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    except ValueError as error:
        raise Malformed("fix.time", f"fix: {text!r:.40} was not a time such as 20260302-14:30:00.250") from error
    return (int(at.timestamp()) + leap) * 1_000 + int(match[7] or 0)


@lru_cache(maxsize=64)
def parse_date(text: str) -> date:
    """The date of a LocalMktDate such as `20260302`. Raises `Malformed("fix.date")`."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise Malformed("fix.date", f"fix: {text!r:.40} was not a date such as 20260302") from error
