"""The write-ahead log: what the node accepted, in order, on disk before anybody is told.

A record is `length u32, crc32 u32, kind u8, slot u64, market time i64, payload` (little endian; length and checksum
cover what follows them). A record cut off at the end was never answered and is dropped; a broken one is not repaired.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from openscrip.issuance.nodes.frames import FrameBroken, FrameFile, frames

_HEAD = struct.Struct("<BQq")


class Kind(IntEnum):
    """What a record says. The numbers stand on disk and never change."""

    GENESIS = 0
    TRANSACTION = 1
    CLOCK = 2
    SKIPPED_SLOTS = 3


@dataclass(frozen=True, slots=True)
class Record:
    """One accepted step, with the slot and market time (UTC seconds) at which it was executed."""

    kind: Kind
    slot: int
    market_at: int
    payload: bytes


class LogBroken(Exception):
    """The log on disk was damaged before its end, or is in use by another node. The node does not start."""


class LogFailed(Exception):
    """The disk did not take what was accepted. Nobody may be told of it, and nothing more is taken: the node ends."""


class Log(FrameFile):
    """The file of what was accepted, held by one process. `append` hands over to the system, `durable` waits for the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LogBroken(f"log: {path} was in use by another node") from None
        self.replayed, self.size = 0, os.fstat(self._file).st_size

    def replay(self) -> Iterator[Record]:
        """Every whole record from the start; afterwards the log is cut there and ready for appending."""
        try:
            for end, body in frames(self._file, self.size):
                kind, slot, market_at = _HEAD.unpack_from(body)
                self.replayed = end
                yield Record(Kind(kind), slot, market_at, body[_HEAD.size :])
        except FrameBroken as broken:
            raise LogBroken(f"log: the record at byte {broken.at} of {self.size} was damaged") from None
        os.ftruncate(self._file, self.replayed)
        self._written = self._synced = self.replayed

    def append(self, record: Record) -> None:
        """Write one record. Raises `LogFailed`; then nothing of it stays in the file."""
        body = _HEAD.pack(record.kind, record.slot, record.market_at) + record.payload
        try:
            self.write([body])
        except OSError as failure:
            raise LogFailed(f"log: a record could not be written: {failure}") from failure

    @property
    def end(self) -> int:
        """Where the last record ends."""
        return self._written

    async def durable(self) -> None:
        """Return once everything written so far is on disk. Callers that wait together share one flush.

        Raises `LogFailed`.
        """
        try:
            await super().durable()
        except OSError as failure:
            raise LogFailed(f"log: could not be flushed: {failure}") from failure
