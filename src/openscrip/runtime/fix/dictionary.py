"""What a FIX 4.2 message must and may hold, for the types that we speak: our profile of the standard's data dictionary.

Strict where we read, lenient where we do not: an application message may carry any other field of FIX 4.2 or one of the
user's own (5000 and above); it is passed over. A session message may carry nothing but what stands here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from openscrip.kernel.errors import Malformed
from openscrip.runtime.fix.codec import Message, parse_date, parse_utc

HEADER = frozenset(
    {34, 43, 49, 50, 52, 56, 57, 90, 91, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213, 347, 369, 370}
)
HEADER_REQUIRED = (34, 49, 56, 52)
"""The number first: without it, nothing else can be said about a message."""
TRAILER = frozenset({89, 93})
TAG_OF_4_2_MAX = 446
TAG_OF_USER_MIN = 5_000
VALUE_SHOWN = 40

LOGON, HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET, LOGOUT = "A", "0", "1", "2", "3", "4", "5"
ADMIN = frozenset({LOGON, HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET, LOGOUT})
BUSINESS_REJECT = "j"
TYPES_OF_4_2 = ADMIN | frozenset("6789BCDEFGHJKLMNPQRSTVWXYZabcdefghijklm")


class Reason(IntEnum):
    """SessionRejectReason (373)."""

    INVALID_TAG = 0
    REQUIRED_TAG_MISSING = 1
    TAG_NOT_FOR_THIS_TYPE = 2
    UNDEFINED_TAG = 3
    EMPTY = 4
    WRONG_VALUE = 5
    WRONG_FORMAT = 6
    COMP_ID = 9
    SENDING_TIME = 10
    INVALID_TYPE = 11


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a well-framed message is rejected: 373, the tag (371) if one is to blame, and a sentence (58)."""

    reason: Reason
    tag: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one type, apart from header and trailer."""

    required: tuple[int, ...]
    optional: frozenset[int] = frozenset()


def _shape(required: tuple[int, ...], *optional: int) -> Shape:
    return Shape(required, frozenset(optional))


SHAPES = {
    LOGON: _shape((98, 108), 95, 96, 141, 372, 383, 384, 385),
    HEARTBEAT: _shape((), 112),
    TEST_REQUEST: _shape((112,)),
    RESEND_REQUEST: _shape((7, 16)),
    REJECT: _shape((45,), 58, 354, 355, 371, 372, 373),
    SEQUENCE_RESET: _shape((36,), 123),
    LOGOUT: _shape((), 58, 354, 355),
    "D": _shape((11, 21, 55, 54, 60, 40), 1, 38, 152, 44, 59, 126, 432, 386, 336, 48, 22, 207, 58),
    "8": _shape(
        (37, 17, 20, 150, 39, 55, 54, 151, 14, 6),
        *(1, 11, 41, 19, 32, 31, 30, 38, 152, 40, 44, 59, 60, 75, 64, 12, 13, 103, 336, 378, 58),
    ),
    "F": _shape((41, 11, 55, 54, 60), 1, 37, 38, 58),
    "G": _shape((41, 11, 21, 55, 54, 60, 40), 1, 37, 38, 44, 59, 126, 432, 386, 336, 58),
    "9": _shape((37, 11, 41, 39, 434), 1, 60, 102, 58),
    "H": _shape((11, 55, 54), 1, 37),
    "Q": _shape((37, 17, 127, 55, 54), 38, 32, 31, 58),
    BUSINESS_REJECT: _shape((372, 380), 45, 379, 58),
}
# Fields that belong to session messages alone.
_ADMIN_TAGS = frozenset({7, 16, 36, 95, 96, 98, 108, 112, 123, 141, 371, 373, 383, 384, 385})

_CHARS = {
    20: "0123", 21: "123", 22: "123456789", 39: "0123456789ABCE", 40: "123459ABCDEFGHIP", 54: "123456789",
    59: "0123456", 127: "ABCDEZ", 13: "123", 43: "YN", 97: "YN", 123: "YN", 141: "YN", 150: "0123456789ABCDE", 434: "12",
}  # fmt: skip
_VALUES = {tag: frozenset(allowed) for tag, allowed in _CHARS.items()} | {
    98: frozenset("0123456"),
    102: frozenset("0123"),
    103: frozenset("012345678"),
    373: frozenset(map(str, range(12))),
    378: frozenset("012345"),
    380: frozenset("01234567"),
}
_POSITIVE = re.compile(r"0*[1-9][0-9]{0,9}")
_COUNT = re.compile(r"[0-9]{1,10}")
_DECIMAL = re.compile(r"-?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_WORD = re.compile(r"[\x20-\x7e]{1,128}")
NEWS_BEFORE = 9901
"""Ours, from the range that 4.2 leaves to users: how many back-office news came before this report."""


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def holds(value: str) -> bool:
        try:
            parse(value)
        except Malformed:
            return False
        return True

    return holds


_FORMATS: dict[int, Callable[[str], bool]] = {
    **dict.fromkeys((7, 34, 36, 45), _matches(_POSITIVE)),
    NEWS_BEFORE: _matches(_COUNT),
    **dict.fromkeys((16, 90, 93, 95, 98, 102, 103, 108, 212, 354, 369, 371, 373, 378, 380, 383, 386), _matches(_COUNT)),
    **dict.fromkeys((6, 12, 14, 31, 32, 38, 44, 151, 152), _matches(_DECIMAL)),
    **dict.fromkeys((52, 60, 122, 126), _parses(parse_utc)),
    **dict.fromkeys((64, 75, 432), _parses(parse_date)),
    **dict.fromkeys((1, 11, 17, 19, 30, 37, 41, 48, 49, 55, 56, 112, 207, 336, 372, 379), _matches(_WORD)),
}


def fault_in(message: Message) -> Fault | None:
    """What the counterparty is told is wrong with a message, or None. Types of 4.2 that we do not speak are not looked at."""
    shape = SHAPES.get(message.type)
    if shape is None:
        if message.type in TYPES_OF_4_2:
            return None
        return Fault(Reason.INVALID_TYPE, 35, f"35: {message.type!r:.{VALUE_SHOWN}} was no message type of FIX 4.2")
    known = _known(message.type)
    seen: set[int] = set()
    for tag, value in message.fields:
        if tag not in known or tag in seen:
            fault = _tag_fault(message.type, tag, known, seen)
            if fault is not None:
                return fault
        fault = _value_fault(tag, value)
        if fault is not None:
            return fault
        seen.add(tag)
    for tag in (*HEADER_REQUIRED, *shape.required):
        if tag not in seen:
            return Fault(Reason.REQUIRED_TAG_MISSING, tag, f"{tag}: a required field was missing")
    return None


@cache
def _known(kind: str) -> frozenset[int]:
    """The tags that may come in a message of a type that we speak."""
    shape = SHAPES[kind]
    return frozenset(HEADER | TRAILER | shape.optional | set(shape.required))


def header_fault(message: Message) -> Fault | None:
    """What is wrong with the fields that place a message in its session, or None."""
    for tag in HEADER_REQUIRED:
        value = message.get(tag)
        if value is None:
            return Fault(Reason.REQUIRED_TAG_MISSING, tag, f"{tag}: a required field was missing")
        if fault := _value_fault(tag, value):
            return fault
    return None


def _tag_fault(kind: str, tag: int, known: set[int] | frozenset[int], seen: set[int]) -> Fault | None:
    if tag in known:
        # Within our profile no field repeats; which of the two would count?
        return Fault(Reason.TAG_NOT_FOR_THIS_TYPE, tag, f"{tag}: the field came twice") if tag in seen else None
    if tag == 0:
        return Fault(Reason.INVALID_TAG, tag, "0: there is no such tag")
    if TAG_OF_4_2_MAX < tag < TAG_OF_USER_MIN:
        return Fault(Reason.UNDEFINED_TAG, tag, f"{tag}: FIX 4.2 did not define this tag")
    if tag in {8, 9, 10, 35} or tag in _ADMIN_TAGS or (kind in ADMIN and tag < TAG_OF_USER_MIN):
        return Fault(Reason.TAG_NOT_FOR_THIS_TYPE, tag, f"{tag}: the field does not belong to type {kind}")
    return None


def _value_fault(tag: int, value: str) -> Fault | None:
    if not value:
        return Fault(Reason.EMPTY, tag, f"{tag}: the field was empty")
    holds = _FORMATS.get(tag)
    if holds is not None and not holds(value):
        return Fault(Reason.WRONG_FORMAT, tag, f"{tag}: {value!r:.{VALUE_SHOWN}} was not in the field's format")
    allowed = _VALUES.get(tag)
    if allowed is not None and value not in allowed:
        return Fault(Reason.WRONG_VALUE, tag, f"{tag}: {value!r:.{VALUE_SHOWN}} was not one of {', '.join(sorted(allowed))}")
    return None
