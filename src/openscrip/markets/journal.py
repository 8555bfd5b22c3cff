"""The write-ahead journal: groups of commands appended to segments of a fixed size, each on the disk before `append` returns.

A segment is filled with zeros ahead of its use, so that a sync changes no size and no block of the file system.
"""

import contextlib
import re
import threading
from itertools import pairwise

from openscrip.markets.groups import SEGMENT_BYTES, SLOT_BYTES, JournalDamaged, Mark, SegmentHead, sealed, segment_head
from openscrip.markets.storage import Storage

NEXT = "next-segment"
START = Mark(0, 0, 0, 1)
"""Before the first record."""
_NAME = re.compile(r"segment-\d{10}")


class JournalStopped(Exception):
    """A write or a sync failed before: what is on the disk is not known, and nothing more is written."""


def segment_name(segment: int) -> str:
    """Names sort by number."""
    return f"segment-{segment:010}"


def segment_names(storage: Storage) -> list[str]:
    """From the oldest to the newest."""
    return [name for name in storage.names() if _NAME.fullmatch(name)]


class Journal:
    """The end of a journal. One thread at a time appends; another may prepare the next segment meanwhile."""

    def __init__(self, storage: Storage, segment: int, end: Mark, segment_bytes: int = SEGMENT_BYTES) -> None:
        """`recovery` finds the end; `begin` starts a new journal."""
        self.storage = storage
        self.segment = segment
        self.end = end
        self._segment_bytes = segment_bytes
        self._name = segment_name(segment)
        self._slots = storage.size_bytes(self._name) // SLOT_BYTES
        self._preparing = threading.Lock()
        self._is_prepared = False
        self._stopped = ""

    @classmethod
    def begin(cls, storage: Storage, segment_bytes: int = SEGMENT_BYTES) -> "Journal":
        """A new journal in a folder without one."""
        _place(storage, SegmentHead(1, 1, 0), segment_bytes)
        return cls(storage, 1, START, segment_bytes)

    def append(self, records: bytes | bytearray, digest: int, *, sync: bool = True) -> Mark:
        """Write one group of records and return when it is on the disk (`sync`), with the new end.

        `digest` is the venue's after the last of them. Raises `OSError`, and from then on `JournalStopped`.
        """
        if self._stopped:
            raise JournalStopped(f"journal: stopped before, {self._stopped}")
        count = len(records) // SLOT_BYTES
        try:
            if self.end.slot + count + 2 > self._slots:
                self._roll((count + 3) * SLOT_BYTES)
            end = self.end
            group, crc = sealed(records, end.sequence + 1, digest, end.crc)
            self.storage.write(self._name, end.slot * SLOT_BYTES, group)
            if sync:
                self.storage.sync(self._name)
        except OSError as failure:
            self._stopped = str(failure)
            raise
        self.end = Mark(end.sequence + count, digest, crc, end.slot + count + 2)
        return self.end

    def sync(self) -> None:
        """Return when every group is on the disk, those appended without a sync too. Raises as `append` does."""
        try:
            self.storage.sync(self._name)
        except OSError as failure:
            self._stopped = str(failure)
            raise

    def prepare(self) -> None:
        """Have the next segment ready before it is needed. Without this `append` makes it itself. Raises `OSError`."""
        with self._preparing:
            if self._is_prepared:
                return
            try:
                self.storage.create(NEXT, self._segment_bytes)
            except OSError:
                with contextlib.suppress(OSError):  # what a full disk gave of it is of more use elsewhere
                    self.storage.remove(NEXT)
                raise
            self._is_prepared = True

    @property
    def wants_next(self) -> bool:
        """Half of the segment is used and no next one is ready."""
        return not self._is_prepared and self.end.slot * 2 > self._slots

    def _roll(self, bytes_min: int) -> None:
        """Go on in a new segment; a larger one than usual for a group that would not fit."""
        self.storage.sync(self._name)
        size_bytes = max(self._segment_bytes, bytes_min)
        self.prepare()
        if size_bytes > self._segment_bytes:
            self.storage.create(NEXT, size_bytes)
        end = self.end
        head = SegmentHead(self.segment + 1, end.sequence + 1, end.crc)
        _place(self.storage, head)
        self._is_prepared = False
        self.segment, self._name, self._slots = head.segment, segment_name(head.segment), size_bytes // SLOT_BYTES
        self.end = Mark(end.sequence, end.digest, end.crc, 1)

    def drop_before(self, sequence: int) -> None:
        """Delete segments that end before record `sequence`, the oldest first: what stays has no gap.

        The segment with that record stays: a snapshot after it says which slot of which segment it goes on from.
        """
        names = segment_names(self.storage)
        for name, following in pairwise(names):
            head = segment_head(self.storage.read(following, SLOT_BYTES))
            if head is None:
                raise JournalDamaged(f"journal: the head of {following} was damaged")
            if head.sequence > sequence:
                break
            self.storage.remove(name)
        self.storage.sync_folder()


def _place(storage: Storage, head: SegmentHead, size_bytes: int = 0) -> None:
    """Give the prepared segment its head, then its name: a file with a segment's name has a whole head."""
    if size_bytes:
        storage.create(NEXT, size_bytes)
    storage.write(NEXT, 0, head.to_bytes())
    storage.sync(NEXT)
    storage.rename(NEXT, segment_name(head.segment))
    storage.sync_folder()
