"""The power fails, the process dies or the disk errs at every single operation in turn; nothing acknowledged is ever lost.

One life: groups, segments rolled, snapshots written, old files deleted. `Life.acknowledged` is what left the venue.
"""

import errno
from contextlib import suppress
from random import Random

import pytest
from tests.markets.tiny_venue import START, TinyVenue, credit, order

from openscrip.kernel.errors import Refused
from openscrip.markets.groups import SLOT_BYTES, JournalDamaged
from openscrip.markets.journal import Journal, JournalStopped
from openscrip.markets.recovery import open_journal
from openscrip.markets.simulated_disk import PowerCut, SimulatedDisk
from openscrip.markets.snapshot import Snapshot, drop_needless, named_snapshots, write_snapshot

SEGMENT = 32 * SLOT_BYTES
GROUPS = 40
SEEDS = 4


class Life:
    """What a venue does until something ends it. `digests` has what each number of records must look like."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.acknowledged = 0
        self.digests = {0: START}
        self.acknowledged_orders: dict[str, int] = {}

    def live(self) -> None:
        venue, journal = open_journal(self.disk, TinyVenue, segment_bytes=SEGMENT)
        random = Random(5)
        for group in range(GROUPS):
            fresh = {}
            for number in range(random.randint(1, 4)):
                if group:
                    name = f"order-{group}-{number}"
                    fresh[name] = venue.submit(order(name), group).order
                else:
                    venue.submit(credit(1_000), group)
            self.digests[venue.sequence] = venue.digest
            journal.append(venue.written(), venue.digest)
            self.acknowledged = venue.sequence
            self.acknowledged_orders |= fresh
            if group % 3 == 1:
                journal.prepare()
            if group % 7 == 6:
                write_snapshot(self.disk, Snapshot(journal.segment, journal.end, venue.state()))
                journal.drop_before(drop_needless(self.disk, venue.sequence))

    def is_kept_by(self, venue: TinyVenue) -> None:
        """Everything acknowledged is there, once, and nothing is there but a whole number of groups."""
        assert venue.sequence >= self.acknowledged
        assert venue.digest == self.digests[venue.sequence]
        assert self.acknowledged_orders.items() <= venue.orders.items()
        assert sorted(venue.orders.values()) == list(range(1, venue.last_order + 1))
        for name in self.acknowledged_orders:
            with pytest.raises(Refused, match="was used"):
                venue.submit(order(name), 1)


def operations() -> int:
    disk = SimulatedDisk()
    Life(disk).live()
    return disk.operations


def recovered(disk: SimulatedDisk) -> tuple[TinyVenue, Journal]:
    return open_journal(disk, TinyVenue, segment_bytes=SEGMENT)


@pytest.mark.slow
def test_after_a_power_cut_every_snapshot_that_is_there_can_be_recovered_from() -> None:
    tried = 0
    for at in range(1, operations() + 1):
        disk = SimulatedDisk()
        disk.power_cut_at = at
        life = Life(disk)
        with pytest.raises(PowerCut):
            life.live()
        for seed in range(SEEDS * 4):
            found = disk.after_power_cut(Random(seed))
            for newest in named_snapshots(found)[:-1]:
                found.remove(newest.name)
                life.is_kept_by(recovered(found.after_kill())[0])
                tried += 1
    assert tried > 500


def found_after(disk: SimulatedDisk) -> list[SimulatedDisk]:
    return [disk.after_kill(), *(disk.after_power_cut(Random(seed)) for seed in range(SEEDS))]


@pytest.mark.slow
def test_the_power_may_fail_at_any_operation() -> None:
    for at in range(1, operations() + 1):
        disk = SimulatedDisk()
        disk.power_cut_at = at
        life = Life(disk)
        with pytest.raises(PowerCut):
            life.live()
        for found in found_after(disk):
            life.is_kept_by(recovered(found)[0])


@pytest.mark.slow
def test_the_power_may_fail_again_at_any_operation_of_the_recovery() -> None:
    tried = 0
    for at in range(1, operations() + 1, 3):
        disk = SimulatedDisk()
        disk.power_cut_at = at
        life = Life(disk)
        with pytest.raises(PowerCut):
            life.live()
        for seed in range(SEEDS):
            whole = disk.after_power_cut(Random(seed))
            recovered(whole)
            for again in range(1, whole.operations + 1):
                found = disk.after_power_cut(Random(seed))
                found.power_cut_at = again
                with suppress(PowerCut):
                    recovered(found)
                for third in found_after(found):
                    venue, journal = recovered(third)
                    life.is_kept_by(venue)
                    assert venue.sequence == journal.end.sequence
                tried += 1
    assert tried > 500


@pytest.mark.slow
@pytest.mark.parametrize("failure", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_the_disk_may_err_at_any_operation_and_the_journal_stops_for_good(failure: int) -> None:
    for at in range(1, operations() + 1):
        disk = SimulatedDisk()
        disk.fails_at = (at, failure)
        life = Life(disk)
        with pytest.raises(OSError, match=r"error|space"):
            life.live()
        for found in found_after(disk):
            life.is_kept_by(recovered(found)[0])


def test_after_an_error_nothing_is_appended_any_more() -> None:
    disk = SimulatedDisk()
    venue, journal = recovered(disk)
    venue.submit(credit(5), 1)
    disk.fails_at = (disk.operations + 2, errno.EIO)  # the sync; Linux forgets then that the pages were dirty
    with pytest.raises(OSError, match="Input/output error"):
        journal.append(venue.written(), venue.digest)
    disk.fails_at = (0, 0)
    for _ in range(2):
        with pytest.raises(JournalStopped):
            journal.append(b"", venue.digest)
    assert recovered(disk.after_power_cut(Random(1)))[0].sequence == 0


def test_a_full_disk_stops_the_journal_and_keeps_what_it_had() -> None:
    disk = SimulatedDisk(bytes_max=3 * SEGMENT)
    life = Life(disk)
    with pytest.raises(OSError, match="No space left"):
        life.live()
    assert life.acknowledged > 0
    larger = disk.after_kill()
    life.is_kept_by(recovered(larger)[0])


def test_a_disk_that_lies_about_its_syncs_is_found_out_where_more_than_the_tail_is_gone() -> None:
    class Liar(SimulatedDisk):
        def sync(self, name: str) -> None:
            """Says it did."""

    found_out = 0
    for seed in range(50):
        disk = Liar()
        life = Life(disk)
        life.live()
        try:
            venue, _ = recovered(disk.after_power_cut(Random(seed)))
        except JournalDamaged:
            found_out += 1
        else:
            assert venue.digest == life.digests.get(venue.sequence)
    assert found_out > 25
