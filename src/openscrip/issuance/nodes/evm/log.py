"""The write-ahead log: what was asked of the chain, in order, on disk before anybody is told.

A record is `length u32, crc32 u32, kind u8, payload` (little endian; length and checksum cover what follows them). A
record cut off at the end was never answered and is dropped; a broken one is not repaired.
"""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from openscrip.issuance.nodes.frames import FrameBroken, FrameFile, frames

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
    def unsigned(cls, taken: dict[str, Any], tx_id: str) -> "Record":
        """A transaction as the pool holds it, as `eth_sendTransaction` takes it with nothing left to be filled in."""
        names = ("from", "to", "gas", "value", "nonce", "input", "accessList", "maxFeePerGas", "maxPriorityFeePerGas")
        priced = names if "maxFeePerGas" in taken else (*names[:7], "gasPrice")
        return cls.of(Kind.UNSIGNED, [{name: taken[name] for name in priced if taken.get(name) is not None}, tx_id])

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


class Log(FrameFile):
    """The file of the steps. `append` hands over to the system, `durable` waits for the disk."""

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
        self.write([bytes([record.kind]) + record.payload for record in records])
