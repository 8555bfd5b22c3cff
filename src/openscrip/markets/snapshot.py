"""Snapshots of a venue: everything it is at the end of one group, so that recovery need not begin at the first record.

A snapshot is written under another name, synced, and renamed: what has its name is whole. It says after which record it was
taken and with which CRC the journal stood there, so that it fits this journal alone.
"""

import hashlib
import logging
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from openscrip.markets.groups import Mark
from openscrip.markets.storage import Storage

log = logging.getLogger(__name__)

FORM = 1
KEPT = 2
"""Whole snapshots that are never deleted: the newest, and one more in case that its place on the disk goes bad."""
_MAGIC = int.from_bytes(b"OSCRPSNP", "little")
_HEAD = struct.Struct("<7Q32s")
_NAME = re.compile(r"snapshot-(\d{20})")
UNFINISHED = "unfinished-snapshot"
"""How the names begin of those that are being written."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A venue's state after record `mark.sequence`, which segment number `segment` has before slot `mark.slot`."""

    segment: int
    mark: Mark
    state: bytes

    @property
    def name(self) -> str:
        """Names sort by age."""
        return f"snapshot-{self.mark.sequence:020}"

    def to_bytes(self) -> bytes:
        """Head, state; the head has a SHA-256 of both."""
        mark = self.mark
        fields = (_MAGIC, FORM, self.segment, mark.sequence, mark.digest, mark.crc, mark.slot)
        told = struct.pack("<7Q", *fields)
        return told + hashlib.sha256(told + self.state).digest() + self.state


def snapshot_of(data: bytes) -> Snapshot | None:
    """The snapshot that these bytes are, or None where they are not whole."""
    if len(data) < _HEAD.size:
        return None
    magic, form, segment, sequence, digest, crc, slot, stated = _HEAD.unpack_from(data)
    if magic != _MAGIC or form != FORM:
        return None
    state = data[_HEAD.size :]
    if hashlib.sha256(data[: _HEAD.size - 32] + state).digest() != stated:
        return None
    return Snapshot(segment, Mark(sequence, digest, crc, slot), state)


def write_snapshot(storage: Storage, snapshot: Snapshot, writer: int = 0) -> None:
    """Return when the snapshot is on the disk under its name. Raises `OSError`; then the older ones are as they were.

    `writer` keeps two processes apart that write at once: one may outlive the venue that it came from.
    """
    unfinished = f"{UNFINISHED}-{writer}"
    storage.create(unfinished, 0)
    storage.write(unfinished, 0, snapshot.to_bytes())
    storage.sync(unfinished)
    storage.rename(unfinished, snapshot.name)
    storage.sync_folder()


@dataclass(frozen=True, slots=True)
class Named:
    """What a snapshot's name says."""

    name: str
    sequence: int


def named_snapshots(storage: Storage) -> list[Named]:
    """From the newest to the oldest, whole or not."""
    found = [(name, match) for name in storage.names() if (match := _NAME.fullmatch(name))]
    return sorted((Named(name, int(match[1])) for name, match in found), key=lambda one: -one.sequence)


def whole_snapshots(storage: Storage, sequence_max: int) -> Iterator[Snapshot]:
    """From the newest to the oldest, those that are whole and not after record `sequence_max`."""
    for named in named_snapshots(storage):
        if named.sequence > sequence_max:
            continue
        snapshot = snapshot_of(storage.read(named.name))
        if snapshot is not None and snapshot.name == named.name:
            yield snapshot
        else:
            log.error("snapshot: %s was damaged; an older one is tried", named.name)


def drop_needless(storage: Storage, heard: int) -> int:
    """Delete snapshots that no recovery and no consumer needs any more; the record from which on the journal is still needed.

    The two newest stay, and the newest one that is not after record `heard`: the last of which every consumer knows the facts.
    Where there is none yet, the journal is needed from its start.
    """
    names = named_snapshots(storage)
    before = [one for one in names if one.sequence <= heard][:1]
    kept = names[:KEPT] + before
    for one in names:
        if one not in kept:
            storage.remove(one.name)
    storage.sync_folder()
    return min(one.sequence for one in kept) if before and len(names) >= KEPT else 0
