"""The form of a journal's bytes: segments of slots of 128 bytes; a head, then groups one after the other, then zeros.

| slot | eight-byte fields, little endian |
|---|---|
| head of a segment | magic, form, number of the segment, sequence of its first record, CRC before it, CRC of these five |
| head of a group | magic, form, sequence of its first record, count of its records, CRC |
| record | its kind (a small number), its sequence and 14 more, as `records` says |
| mark of a group | magic, sequence of its last record, the venue's digest after that |

Records are numbered from 1 without a gap through all segments. A group's CRC-32 goes on from that of the group before it, over
everything but itself, so that groups of another journal, out of order or twice do not pass. A group is written only after the
one before it is on the disk: whatever is not whole can only be the very last, and nothing can stand behind it.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SLOT_BYTES = 128
COLUMNS = SLOT_BYTES // 8
FORM = 1
SEGMENT_BYTES = 2**26

Records = NDArray[np.int64]
"""Rows of 16 numbers."""

_SEGMENT, _GROUP, _MARK = (int.from_bytes(magic, "little") for magic in (b"OSCRPSEG", b"OSCRPGRP", b"OSCRPMRK"))
_SEGMENT_HEAD = struct.Struct("<5QQ")
_GROUP_HEAD = struct.Struct("<4QQ")
_GROUP_BEGIN = struct.Struct("<4Q")
_GROUP_MARK = struct.Struct(f"<3Q{SLOT_BYTES - 24}x")
_CRC_AT, _CRC_END = 32, 40
_REST = bytes(SLOT_BYTES - _CRC_END)


class JournalDamaged(Exception):
    """The journal or a snapshot is not what was once acknowledged. Never mended by itself: a person decides."""


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """Where a segment goes on from."""

    segment: int
    sequence: int
    """Of its first record."""
    crc: int
    """Of the last group before it; 0 before the first."""

    def to_bytes(self) -> bytes:
        """The first slot."""
        fields = struct.pack("<5Q", _SEGMENT, FORM, self.segment, self.sequence, self.crc)
        return (fields + struct.pack("<Q", crc32(fields))).ljust(SLOT_BYTES, b"\0")


def segment_head(data: bytes) -> SegmentHead | None:
    """What a first slot says, or None where it is not whole."""
    if len(data) < SLOT_BYTES:
        return None
    magic, form, segment, sequence, crc, own = _SEGMENT_HEAD.unpack_from(data)
    if magic != _SEGMENT or form != FORM or own != crc32(data[: _SEGMENT_HEAD.size - 8]):
        return None
    return SegmentHead(segment, sequence, crc)


def sealed(records: bytes | bytearray, sequence: int, digest: int, crc_before: int) -> tuple[bytes, int]:
    """A whole group of records, the first of which has that sequence; and its CRC."""
    count = len(records) // SLOT_BYTES
    begin = _GROUP_BEGIN.pack(_GROUP, FORM, sequence, count)
    rest = b"".join((_REST, records, _GROUP_MARK.pack(_MARK, sequence + count - 1, digest)))
    crc = crc32(rest, crc32(begin, crc_before))
    return b"".join((begin, crc.to_bytes(8, "little"), rest)), crc


def _group_crc(group: memoryview, crc_before: int) -> int:
    return crc32(group[_CRC_END:], crc32(group[:_CRC_AT], crc_before))


class Mark(NamedTuple):
    """The end of a group."""

    sequence: int
    """Of its last record: so many there are up to here."""
    digest: int
    crc: int
    slot: int
    """After it, in its segment."""


def marks_of(data: bytes, after: Mark) -> list[Mark]:
    """The whole groups of a segment after a place in it, up to the first that is not whole."""
    view, slots = memoryview(data), len(data) // SLOT_BYTES
    slot, sequence, crc = after.slot, after.sequence, after.crc
    marks: list[Mark] = []
    while slot + 2 <= slots:
        start = slot * SLOT_BYTES
        magic, form, first, count, stated = _GROUP_HEAD.unpack_from(data, start)
        if magic != _GROUP or form != FORM or first != sequence + 1 or not 0 < count <= slots - slot - 2:
            break
        end = start + (count + 2) * SLOT_BYTES
        if stated != _group_crc(view[start:end], crc):
            break
        magic, sequence, digest = _GROUP_MARK.unpack_from(data, end - SLOT_BYTES)
        if magic != _MARK or sequence != first + count - 1:
            break
        crc, slot = stated, slot + count + 2
        marks.append(Mark(sequence, digest, crc, slot))
    return marks


def records_of(data: bytes, marks: list[Mark], before: Mark) -> Records:
    """The records of the groups that `marks` end, the first of which stands right after `before`, in one array."""
    slots = _slots(data)[before.slot : marks[-1].slot]
    is_record = np.ones(len(slots), dtype=np.bool_)
    ends = np.fromiter((mark.slot for mark in marks), np.int64, len(marks)) - before.slot
    is_record[ends - 1] = False
    is_record[0] = False
    is_record[ends[:-1]] = False
    return slots[is_record]


def written_slots(data: bytes, slot: int) -> int:
    """How many slots from `slot` on have to be zeros again: what a torn group left. 0 where nothing did.

    Raises `JournalDamaged` where another group begins behind it: then it was no tear.
    """
    rest = _slots(data)[slot:]
    if not rest.any():
        return 0
    if len(rest) > 1 and bool((rest[1:, 0] == _GROUP).any()):
        raise JournalDamaged(f"journal: the group at slot {slot} was damaged, and others follow it")
    return int(np.flatnonzero(rest.any(axis=1))[-1]) + 1


def _slots(data: bytes) -> Records:
    return np.frombuffer(data, "<i8", len(data) // SLOT_BYTES * COLUMNS).reshape(-1, COLUMNS)
