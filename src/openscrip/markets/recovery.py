"""Recovery: the newest whole snapshot, then every group after it, each digest compared; only the last group may be cut."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from openscrip.markets.facts import Fact
from openscrip.markets.groups import (
    SEGMENT_BYTES,
    SLOT_BYTES,
    JournalDamaged,
    Mark,
    Records,
    marks_of,
    records_of,
    segment_head,
    written_slots,
)
from openscrip.markets.journal import NEXT, START, Journal, segment_name, segment_names
from openscrip.markets.snapshot import UNFINISHED, named_snapshots, whole_snapshots
from openscrip.markets.storage import FolderStorage, Storage

log = logging.getLogger(__name__)

ALWAYS = 2**63 - 1
BATCH_SLOTS = 2**16
"""About so many slots are replayed at once; the digest is compared after each batch, and goes through all commands in it."""


class Replayable(Protocol):
    """What recovery asks of a venue. A new one has seen nothing: sequence 0."""

    @property
    def digest(self) -> int:
        """A running hash, below 2^64, of everything that happened."""
        ...

    @property
    def sequence(self) -> int:
        """Of the last record."""
        ...

    def load(self, state: bytes) -> None:
        """Become what `state()` of another gave."""
        ...

    def replay(self, records: Records, tell: bool = False) -> None:
        """Do again what was journalled; `told()` has the facts of it afterwards if `tell`."""
        ...

    def told(self) -> list[Fact]:
        """The facts since it was last asked."""
        ...


V = TypeVar("V", bound=Replayable)
Hear = Callable[[list[Fact]], None]


@dataclass(frozen=True, slots=True)
class Run:
    """Some whole groups of one segment."""

    segment: int
    data: bytes
    before: Mark
    marks: list[Mark]

    @property
    def records(self) -> Records:
        """Without heads and marks."""
        return records_of(self.data, self.marks, self.before)


def open_venue(folder: Path, venue: Callable[[], V], *, heard: int = ALWAYS, hear: Hear | None = None) -> tuple[V, Journal]:
    """`open_journal` in a real folder, which is then this process's alone. Raises `FolderTaken`, `JournalDamaged`."""
    return open_journal(FolderStorage(folder), venue, heard=heard, hear=hear)


def open_journal(
    storage: Storage,
    venue: Callable[[], V],
    *,
    heard: int = ALWAYS,
    hear: Hear | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> tuple[V, Journal]:
    """The venue as it was after the last whole group, and the journal to go on with; a new one in an empty folder.

    Consumers know the facts up to record `heard`; those after it are told to `hear`, and some of before it again. Raises
    `JournalDamaged` for whatever a crash cannot explain.
    """
    _tidy(storage)
    if not segment_names(storage):
        if named_snapshots(storage):
            raise JournalDamaged("recovery: there were snapshots, and no journal")
        return venue(), Journal.begin(storage, segment_bytes)
    found = venue()
    segment, at = _from_snapshot(storage, found, heard)
    data = b""
    for run in runs_after(storage, segment, at):
        replay(found, run, heard, hear)
        segment, at, data = run.segment, run.marks[-1], run.data
    last = segment_names(storage)[-1]
    if last != segment_name(segment):  # it has a head and no group yet
        segment, at, data = segment + 1, Mark(at.sequence, at.digest, at.crc, 1), b""
    _cut(storage, last, at.slot, data or storage.read(last))
    return found, Journal(storage, segment, at, segment_bytes)


def _from_snapshot(storage: Storage, found: Replayable, heard: int) -> tuple[int, Mark]:
    """Load the newest whole snapshot that is not after `heard`; the segment and the place in it that it goes on from."""
    for snapshot in whole_snapshots(storage, heard):
        found.load(snapshot.state)
        _compare(found, snapshot.mark, "the snapshot")
        return snapshot.segment, snapshot.mark
    return 1, START


def replay(venue: Replayable, run: Run, heard: int, hear: Hear | None) -> None:
    """Do the run's records again; those of groups that go beyond `heard` aloud."""
    quiet = [mark for mark in run.marks if mark.sequence <= heard] if hear else run.marks
    aloud = run.marks[len(quiet) :]
    if quiet:
        venue.replay(records_of(run.data, quiet, run.before))
        _compare(venue, quiet[-1], segment_name(run.segment))
    if aloud and hear:
        venue.replay(records_of(run.data, aloud, quiet[-1] if quiet else run.before), tell=True)
        hear(venue.told())
        _compare(venue, aloud[-1], segment_name(run.segment))


def _compare(venue: Replayable, mark: Mark, where: str) -> None:
    if venue.digest != mark.digest or venue.sequence != mark.sequence:
        raise JournalDamaged(
            f"recovery: in {where} the digest was {mark.digest:016x} after record {mark.sequence}, the venue's is "
            f"{venue.digest:016x} after {venue.sequence}; the program is not the one that wrote it, or has a bug"
        )


def runs_after(storage: Storage, segment: int, at: Mark, sequence_max: int = ALWAYS) -> Iterator[Run]:
    """The whole groups after `at`, up to record `sequence_max`, in runs. Raises `JournalDamaged` where the chain is broken."""
    names = segment_names(storage)
    if not names or segment_name(segment) not in names:
        raise JournalDamaged(f"recovery: {segment_name(segment)} was needed, and there are {', '.join(names) or 'none'}")
    names = names[names.index(segment_name(segment)) :]
    for number, name in enumerate(names, segment):
        data = storage.read(name)
        head = segment_head(data)
        if name != segment_name(number) or head is None or head.segment != number:
            raise JournalDamaged(f"recovery: {name} was damaged in its head, or is not the segment number {number}")
        start = Mark(head.sequence - 1, at.digest, head.crc, 1)
        if number > segment:
            if (start.sequence, start.crc) != (at.sequence, at.crc):
                raise JournalDamaged(f"recovery: the segment before {name} was damaged behind record {at.sequence}")
            at = start
        marks = marks_of(data, start)
        if at.slot != 1 and at not in marks:
            raise JournalDamaged(f"recovery: {name} was damaged before record {at.sequence}, after which a snapshot was taken")
        wanted = [mark for mark in marks if at.sequence < mark.sequence <= sequence_max]
        for run in _in_batches(number, data, at, wanted):
            yield run
            at = run.marks[-1]
        if marks and marks[-1].sequence > sequence_max:
            return


def _in_batches(segment: int, data: bytes, before: Mark, marks: list[Mark]) -> Iterator[Run]:
    batch: list[Mark] = []
    for mark in marks:
        batch.append(mark)
        if mark.slot - before.slot >= BATCH_SLOTS:
            yield Run(segment, data, before, batch)
            before, batch = mark, []
    if batch:
        yield Run(segment, data, before, batch)


def _cut(storage: Storage, name: str, slot: int, data: bytes) -> None:
    """Make zeros of what a torn group left behind the last whole one."""
    if count := written_slots(data, slot):
        log.warning("recovery: %s: a torn group at slot %s was cut; nothing of it was acknowledged", name, slot)
        storage.write(name, slot * SLOT_BYTES, bytes(count * SLOT_BYTES))
        storage.sync(name)


def _tidy(storage: Storage) -> None:
    """Take away what a crash left unfinished."""
    unfinished = [name for name in storage.names() if name.startswith((UNFINISHED, NEXT))]
    for name in unfinished:
        with contextlib.suppress(FileNotFoundError):  # a killed venue's child gave its snapshot its name just now
            storage.remove(name)
    storage.sync_folder()


def facts_after(folder: Path, venue: Callable[[], V], sequence: int, durable: int) -> Iterator[list[Fact]]:
    """The facts of records after `sequence` up to `durable`, for a consumer that lags behind a venue that goes on.

    Some of before `sequence` may come again. `keep_from` of the sequencer must have kept the journal from there on.
    """
    storage = FolderStorage(folder, lock=False)
    try:
        while True:
            oldest = _newest_until(storage, sequence)
            try:
                yield from _facts_after(storage, venue(), sequence, durable)
                return
            except (FileNotFoundError, JournalDamaged):
                # The venue may have taken a snapshot meanwhile that serves as well, and deleted what is older. Then nothing
                # after `sequence` was told yet: the new one is not after it.
                if _newest_until(storage, sequence) == oldest:
                    raise
    finally:
        storage.close()


def _newest_until(storage: Storage, sequence: int) -> int:
    return max((one.sequence for one in named_snapshots(storage) if one.sequence <= sequence), default=0)


def _facts_after(storage: Storage, found: Replayable, sequence: int, durable: int) -> Iterator[list[Fact]]:
    heard = list[list[Fact]]()
    segment, at = _from_snapshot(storage, found, sequence)
    for run in runs_after(storage, segment, at, durable):
        replay(found, run, sequence, heard.append)
        yield from heard
        heard.clear()
