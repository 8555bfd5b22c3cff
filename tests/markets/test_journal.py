"""The journal's bytes: whole groups come back, torn ones are cut, damaged ones are fatal."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.markets.tiny_venue import TinyVenue, credit, order

from openscrip.markets.groups import SLOT_BYTES, JournalDamaged, Records
from openscrip.markets.journal import Journal, segment_name, segment_names
from openscrip.markets.recovery import facts_after, open_journal, open_venue, runs_after
from openscrip.markets.simulated_disk import SECTOR_BYTES, SimulatedDisk
from openscrip.markets.snapshot import Snapshot, drop_needless, named_snapshots, write_snapshot
from openscrip.markets.storage import FolderStorage, FolderTaken, Storage

SEGMENT = 64 * SLOT_BYTES


def written(storage: Storage, sizes: list[int], segment_bytes: int = SEGMENT) -> tuple[TinyVenue, Journal, list[int]]:
    """A venue whose groups have so many orders each; its digests at the ends of the groups."""
    venue, journal = open_journal(storage, TinyVenue, segment_bytes=segment_bytes)
    digests = []
    for size in sizes:
        for _ in range(size):
            venue.submit(credit(5), 1_000) if not venue.purse else venue.submit(order(f"o{venue.sequence}", 0), 2_000)
        journal.append(venue.written(), venue.digest)
        digests.append(venue.digest)
    return venue, journal, digests


def recovered(storage: Storage, segment_bytes: int = SEGMENT) -> tuple[TinyVenue, Journal]:
    return open_journal(storage, TinyVenue, segment_bytes=segment_bytes)


def test_what_was_appended_is_there_again_after_a_kill() -> None:
    disk = SimulatedDisk()
    venue, _, _ = written(disk, [1, 2, 3, 1])
    again, journal = recovered(disk.after_kill())
    assert (again.digest, again.sequence, again.orders) == (venue.digest, venue.sequence, venue.orders)
    assert journal.end.sequence == venue.sequence


def test_a_journal_goes_on_where_it_ended_as_often_as_it_is_opened() -> None:
    disk, kept = SimulatedDisk(), ""
    for number in range(20):
        venue, journal = recovered(disk)
        assert not kept or venue.state().decode() == kept
        venue.submit(credit(number + 1), number)
        journal.append(venue.written(), venue.digest)
        kept = venue.state().decode()
        disk = disk.after_kill()
    assert len(segment_names(disk)) > 1


def test_a_group_larger_than_a_segment_gets_a_segment_of_its_own_size() -> None:
    disk = SimulatedDisk()
    venue, _, _ = written(disk, [3, 100, 2])
    again, _ = recovered(disk.after_kill())
    assert again.digest == venue.digest


def torn_at_every_byte() -> Iterator[tuple[bytes, int]]:
    """The last segment's bytes with the last group cut off at each byte, and the digest that has to be found."""
    disk = SimulatedDisk()
    _, journal, digests = written(disk, [2, 3])
    data, end = disk.read(segment_name(1)), journal.end.slot * SLOT_BYTES
    start = end - (2 + 2 * 3) * SLOT_BYTES
    for cut in range(start, end + 1):
        # The rest of a mark is zeros anyway: a group is whole as soon as its last byte that is none is there.
        whole = not any(data[cut:end])
        yield data[:cut] + bytes(len(data) - cut), digests[1] if whole else digests[0]


def test_a_group_torn_at_any_byte_is_cut_and_the_journal_goes_on() -> None:
    disk = SimulatedDisk()
    written(disk, [2, 3])
    tears = 0
    for data, digest in torn_at_every_byte():
        torn = disk.damaged(segment_name(1), data)
        venue, journal = recovered(torn)
        assert venue.digest == digest
        venue.submit(credit(7), 9)
        journal.append(venue.written(), venue.digest)
        again, _ = recovered(torn.after_power_cut(Random(1)))
        assert again.digest == venue.digest
        tears += 1
    assert tears > 1_000


def test_a_group_with_any_of_its_sectors_missing_is_cut() -> None:
    disk = SimulatedDisk()
    _, journal, digests = written(disk, [2, 3])
    data, end = disk.read(segment_name(1)), journal.end.slot * SLOT_BYTES
    start = end - (2 + 2 * 3) * SLOT_BYTES
    sectors = range(start // SECTOR_BYTES, (end - 1) // SECTOR_BYTES + 1)
    for chosen in range(1, 2 ** len(sectors)):
        torn = bytearray(data)
        for place, sector in enumerate(sectors):
            if chosen >> place & 1:
                left = max(start, sector * SECTOR_BYTES)
                right = min(end, (sector + 1) * SECTOR_BYTES)
                torn[left:right] = bytes(right - left)
        venue, _ = recovered(disk.damaged(segment_name(1), bytes(torn)))
        assert venue.digest == (digests[1] if torn == data else digests[0])


def test_a_byte_changed_before_the_last_group_is_fatal() -> None:
    disk = SimulatedDisk()
    _, journal, _ = written(disk, [2, 3, 1])
    data = disk.read(segment_name(1))
    last = journal.end.slot * SLOT_BYTES - 4 * SLOT_BYTES
    for place in range(last):
        changed = bytearray(data)
        changed[place] ^= 0x40
        if place in range(48, SLOT_BYTES):
            continue  # the rest of a head says nothing
        with pytest.raises(JournalDamaged):
            recovered(disk.damaged(segment_name(1), bytes(changed)))


def test_a_torn_end_of_a_segment_that_is_not_the_last_is_fatal() -> None:
    disk = SimulatedDisk()
    written(disk, [10] * 12)
    names = segment_names(disk)
    assert len(names) > 2
    for name in names[:-1]:
        data = disk.read(name)
        used = len(data.rstrip(b"\0"))
        with pytest.raises(JournalDamaged):
            recovered(disk.damaged(name, data[: used - 1] + bytes(len(data) - used + 1)))


def test_a_segment_that_is_missing_or_of_another_journal_is_fatal() -> None:
    disk, other = SimulatedDisk(), SimulatedDisk()
    written(disk, [10] * 12)
    written(other, [9] * 14)
    middle = segment_names(disk)[1]
    with pytest.raises(JournalDamaged):
        recovered(disk.damaged(middle, other.read(middle)))
    disk.remove(middle)
    with pytest.raises(JournalDamaged):
        recovered(disk.after_kill())


def test_another_program_that_computes_another_state_is_told_at_once() -> None:
    class Other(TinyVenue):
        def _do(self, record: list[int] | tuple[int, ...], text: str, tell: bool) -> None:
            super()._do(record, text, tell)
            self.digest ^= 1

    disk = SimulatedDisk()
    written(disk, [2, 3])
    with pytest.raises(JournalDamaged, match="the program is not the one that wrote it"):
        open_journal(disk.after_kill(), Other)


# snapshots


def snapshot(venue: TinyVenue, journal: Journal) -> Snapshot:
    return Snapshot(journal.segment, journal.end, venue.state())


def with_snapshots(groups: int = 24) -> tuple[SimulatedDisk, TinyVenue, list[Snapshot]]:
    """A disk with a snapshot after every sixth group."""
    disk, snapshots = SimulatedDisk(), []
    venue, journal, _ = written(disk, [1])
    for number in range(2, groups + 1):
        venue.submit(order(f"g{number}", 0), number)
        journal.append(venue.written(), venue.digest)
        if number % 6 == 0:
            snapshots.append(snapshot(venue, journal))
            write_snapshot(disk, snapshots[-1])
    return disk, venue, snapshots


class Counting(TinyVenue):
    """How many records each recovery replayed."""

    replayed = 0

    def _do(self, record: list[int] | tuple[int, ...], text: str, tell: bool) -> None:
        Counting.replayed += 1
        super()._do(record, text, tell)


def test_recovery_begins_at_the_newest_snapshot() -> None:
    disk, venue, snapshots = with_snapshots(groups=26)
    Counting.replayed = 0
    again, _ = open_journal(disk.after_kill(), Counting, segment_bytes=SEGMENT)
    assert again.digest == venue.digest
    assert Counting.replayed == 2 == (venue.sequence - snapshots[-1].mark.sequence) // 2


def test_a_damaged_snapshot_is_passed_over_for_the_older_one() -> None:
    disk, venue, snapshots = with_snapshots()
    for place in (0, 100, -1):
        data = bytearray(snapshots[-1].to_bytes())
        data[place] ^= 1
        again, _ = recovered(disk.damaged(snapshots[-1].name, bytes(data)))
        assert again.digest == venue.digest


def test_damage_before_the_newest_snapshot_is_fatal_in_its_segment() -> None:
    disk, _, snapshots = with_snapshots()
    name = segment_name(snapshots[-1].segment)
    data = bytearray(disk.read(name))
    assert snapshots[-1].mark.slot > 2
    data[SLOT_BYTES + 8] ^= 1
    with pytest.raises(JournalDamaged, match="after which a snapshot was taken"):
        recovered(disk.damaged(name, bytes(data)))


def test_a_snapshot_of_another_journal_is_fatal() -> None:
    disk, _, snapshots = with_snapshots()
    other = SimulatedDisk()
    written(other, [1] * 40)
    with pytest.raises(JournalDamaged):
        recovered(other.damaged(snapshots[-1].name, disk.read(snapshots[-1].name)))


def test_what_two_snapshots_cover_is_deleted_unless_a_consumer_lags() -> None:
    disk, venue, snapshots = with_snapshots()
    _, journal = recovered(disk)
    journal.drop_before(drop_needless(disk, 0))
    assert (len(named_snapshots(disk)), segment_names(disk)[0]) == (2, segment_name(1))

    disk, venue, snapshots = with_snapshots(60)
    lagging = snapshots[2].mark.sequence + 1
    _, journal = recovered(disk)
    journal.drop_before(drop_needless(disk, lagging))
    kept = [snapshots[-1].name, snapshots[-2].name, snapshots[2].name]
    assert [each.name for each in named_snapshots(disk)] == kept
    told = list[int]()
    again, _ = open_journal(
        disk, TinyVenue, heard=lagging, hear=lambda facts: told.extend(f.sequence for f in facts), segment_bytes=SEGMENT
    )
    assert again.digest == venue.digest
    assert [sequence for sequence in told if sequence > lagging] == list(range(lagging + 1, venue.sequence + 1, 2))

    journal.drop_before(drop_needless(disk, 2**62))
    assert len(named_snapshots(disk)) == 2
    assert segment_names(disk)[0] > segment_name(1)
    assert recovered(disk.after_kill())[0].digest == venue.digest


def test_a_snapshot_without_a_journal_is_fatal() -> None:
    disk, _, _ = with_snapshots()
    for name in segment_names(disk):
        disk.remove(name)
    with pytest.raises(JournalDamaged):
        recovered(disk.after_kill())


# the real folder


def test_a_real_folder_keeps_what_was_appended(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "venue")
    venue, _, _ = written(storage, [5] * 40)
    storage.close()
    storage = FolderStorage(tmp_path / "venue")
    again, journal = recovered(storage)
    assert again.digest == venue.digest
    write_snapshot(storage, snapshot(again, journal))
    write_snapshot(storage, snapshot(again, journal))
    assert recovered(storage)[0].digest == venue.digest
    storage.close()


def test_a_folder_is_one_process_s_alone(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    with pytest.raises(FolderTaken):
        FolderStorage(tmp_path, patience_s=0.02)
    threading.Timer(0.05, storage.close).start()
    open_venue(tmp_path, TinyVenue)[1].storage.close()  # type: ignore[attr-defined]  # it is a folder


def test_a_consumer_that_lags_gets_what_is_durable_while_the_venue_goes_on(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    venue, journal, _ = written(storage, [2] * 30)
    durable = venue.sequence
    venue.submit(credit(3), 77)
    journal.append(venue.written(), venue.digest, sync=False)
    for upto in (durable, durable // 2 // 4 * 4, 4):  # also where the venue has gone on to other segments since
        told = [fact.sequence for facts in facts_after(tmp_path, TinyVenue, 1, upto) for fact in facts]
        assert [sequence for sequence in told if sequence > 1] == list(range(2, upto + 1, 2))
    assert len(segment_names(storage)) > 1
    storage.close()


def test_what_a_lagging_consumer_reads_may_be_deleted_under_it(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    venue, journal, _ = written(storage, [2] * 40)
    lagging, hidden = venue.sequence, snapshot(venue, journal)
    for number in range(2):
        venue.submit(order(f"later {number}", 0), 88)
        journal.append(venue.written(), venue.digest)

    names = segment_names(storage)

    class Deleting(TinyVenue):
        replays = 0

        def replay(self, records: Records, tell: bool = False) -> None:
            Deleting.replays += 1
            if Deleting.replays == 1:
                write_snapshot(storage, hidden)
                journal.drop_before(lagging)
            super().replay(records, tell)

    told = [fact.sequence for facts in facts_after(tmp_path, Deleting, lagging, venue.sequence) for fact in facts]
    assert told == [lagging + 2, lagging + 4]
    assert len(segment_names(storage)) < len(names)
    storage.close()


def test_the_records_of_every_run_have_no_gap() -> None:
    disk = SimulatedDisk()
    _, journal, _ = written(disk, [3, 1, 7, 20, 2, 9, 30, 1])
    sequences = [row[1] for run in runs_after(disk, 1, Journal.begin(SimulatedDisk(), SEGMENT).end) for row in run.records]
    assert all(after == before + 1 for before, after in pairwise(sequences))
    assert (sequences[0], sequences[-1]) == (1, journal.end.sequence)
