"""What the venue did, as records of sixteen little-endian 64-bit numbers (128 bytes): the journal's content.

| column | 0 | 1 | 2 | 3 | 4 to 13 | 14 | 15 |
|---|---|---|---|---|---|---|---|
| | kind | sequence | time_us | instrument | the book's row (see `rows`) | account | extra |

A command that does several things is several records, each of them one row for a book or one change of an account. Text stands
in TEXT records before theirs: column 3 is its length in bytes, 4 to 15 hold 96 bytes of it. Sequences have no gap.

| kind | instrument | account | extra |
|---|---|---|---|
| PLACE | | account | user reference (32 bits), bit 32: reduce-only; text: the client's id |
| TAKE | | account | cause |
| ENTER | | until_us | state, cause x 256 |
| QUOTE | | | at_us |
| CREDIT, RESERVE | asset | account | amount; text: reference |
| CANCEL_AFTER, CLOCK | | account | until_us, now_us |
| ENROL | as the command, in columns 4 to 7 | account | |
| TIER, STOP, NONCE | | account or key | schedule; on, cause x 2; nonce |
| OPEN, PAY_OUT, GIVE_BACK, SET_FEES, ADMIT, LIST | | account, number | text: name, reference, or JSON |
"""

import struct
from collections.abc import Sequence
from enum import IntEnum

COLUMNS, RECORD_BYTES = 16, 128
TEXT_BYTES = 96
USER_REFERENCE_MASK = 2**32 - 1
REDUCE_ONLY = 2**32
NO_ROW = (0,) * 10

pack = struct.Struct("<16q").pack


class Kind(IntEnum):
    """What a record does."""

    TEXT = 1
    PLACE = 2
    TAKE = 3
    CHANGE = 4
    EXPIRE = 5
    QUOTE = 6
    ENTER = 7
    CATCH_UP = 8
    """An empty order that moves a book's last id on: ids are the venue's, and a book takes no leap."""
    CANCEL_AFTER = 16
    OPEN = 17
    CREDIT = 18
    RESERVE = 19
    PAY_OUT = 20
    GIVE_BACK = 21
    SET_FEES = 22
    TIER = 23
    ENROL = 24
    STOP = 25
    ADMIT = 26
    LIST = 27
    CLOCK = 28
    NONCE = 29


FOR_A_BOOK = (Kind.PLACE, Kind.TAKE, Kind.CHANGE, Kind.EXPIRE, Kind.QUOTE, Kind.CATCH_UP)
"""Kinds that touch a book and the accounts of its orders alone, so that many of them may go through a book at once."""


def texts(text: str, sequence: int, time_us: int) -> list[bytes]:
    """The TEXT records of `text`, the first with number `sequence`."""
    content = text.encode()
    parts = [content[place : place + TEXT_BYTES] for place in range(0, len(content), TEXT_BYTES)]
    return [struct.pack("<4q96s", Kind.TEXT, sequence + place, time_us, len(part), part) for place, part in enumerate(parts)]


def text_of(records: Sequence[Sequence[int]]) -> str:
    """What these TEXT records hold, in order. Raises `ValueError` for what is no text."""
    return b"".join(struct.pack("<12q", *record[4:])[: record[3]] for record in records).decode()


def user_reference(extra: int) -> int:
    """The signed 32 bits of a PLACE."""
    bits = extra & USER_REFERENCE_MASK
    return bits - 2**32 if bits >= 2**31 else bits
