"""The write-ahead log: what was asked of the chain, in order, on disk before anybody is told.

A record is `length u32, crc32 u32, kind u8, payload` (little endian; length and checksum cover what follows them). A
record cut off at the end was never answered and is dropped; a broken one is not repaired.
"""

import asyncio
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from openscrip.issuance.nodes.frames import FrameBroken, frame, frames

_MINED = struct.Struct("<qQ32s")


class Kind(IntEnum):
    """What a record says. The numbers stand on disk and never change."""

    GENESIS = 0
    """JSON: the chain, and the state that the log starts from."""
    TRANSACTION = 1
    """A signed transaction that the pool took."""
    MINE = 2
    """A block is to be mined: its time, and the number and hash of its parent."""
    CALL = 3
    """JSON `[method, params]`: a setting of the chain, made as it stands."""
    UNSIGNED = 4
    """JSON `[params, hash]`: a transaction of an account that needs no signature here, and what the pool named it."""
    CLOCK = 5
    """The least time of the next block."""


@dataclass(frozen=True, slots=True)
class Record:
    """One step of the chain."""

    kind: Kind
    payload: bytes

    @classmethod
    def mine(cls, at: int, parent: int, parent_hash: str) -> "Record":
        """A block at `at` (UTC seconds) on top of `parent`, whose hash is empty where it is itself only planned."""
        return cls(Kind.MINE, _MINED.pack(at, parent, bytes.fromhex(parent_hash.removeprefix("0x"))))

    @classmethod
    def clock(cls, at: int) -> "Record":
        """The next block is at `at` or later."""
        return cls(Kind.CLOCK, at.to_bytes(8, "little"))

    @classmethod
    def of(cls, kind: Kind, document: object) -> "Record":
        """A record whose payload is JSON."""
        return cls(kind, json.dumps(document, separators=(",", ":")).encode())

    def mined(self) -> tuple[int, int, str]:
        """Time of a planned block, and its parent's number and hash, which is empty if it was not known."""
        at, parent, parent_hash = _MINED.unpack(self.payload)
        return at, parent, "0x" + parent_hash.hex() if any(parent_hash) else ""

    def instant(self) -> int:
        """The time in a clock step."""
        return int.from_bytes(self.payload, "little")

    def document(self) -> Any:
        """The JSON of the payload."""
        return json.loads(self.payload)


class LogBroken(Exception):
    """The log on disk was damaged before its end, made otherwise than it says, or is in use. The node does not start."""


class Log:
    """An append-only file. `append` hands over to the system, `durable` waits for the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._written = self._synced = 0
        self._sync_running: asyncio.Task[None] | None = None

    def replay(self) -> Iterator[Record]:
        """Every whole record from the start; afterwards a new log is cut there and ready for appending."""
        at = 0
        try:
            for end, body in frames(self._file, os.fstat(self._file).st_size):
                yield Record(Kind(body[0]), body[1:])
                at = end
        except FrameBroken as broken:
            raise LogBroken(f"log: the record at byte {broken.at} of {self.path} was damaged") from None
        if at != self._written:
            os.ftruncate(self._file, at)
            self._written = self._synced = at

    def append(self, *records: Record) -> None:
        """Write records. On failure nothing of them stays, and the error is the caller's answer."""
        bodies = [bytes([record.kind]) + record.payload for record in records]
        written = b"".join(frame(body) for body in bodies)
        try:
            if os.pwrite(self._file, written, self._written) != len(written):
                raise OSError("log: the disk took only a part of a record")
        except OSError:
            os.ftruncate(self._file, self._written)
            raise
        self._written += len(written)

    async def durable(self) -> None:
        """Return once everything written so far is on disk. Callers that wait together share one flush."""
        target = self._written
        while self._synced < target:
            if self._sync_running is None:
                self._sync_running = asyncio.create_task(self._sync())
            await asyncio.shield(self._sync_running)

    def flush(self) -> None:
        """Put everything written so far on disk, now."""
        os.fdatasync(self._file)
        self._synced = self._written

    def close(self) -> None:
        """Flush and let go of the file."""
        self.flush()
        os.close(self._file)

    async def _sync(self) -> None:
        upto = self._written
        try:
            await asyncio.get_running_loop().run_in_executor(None, os.fdatasync, self._file)
        finally:
            self._sync_running = None
        self._synced = upto
