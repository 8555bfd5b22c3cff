"""The sequencer: nothing leaves before it is on the disk, in order; an error of the disk stops everything."""

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import pytest
import uvloop
from tests.markets.tiny_venue import TinyVenue, credit, order

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import CancelAfter
from openscrip.markets.facts import Fact
from openscrip.markets.groups import SLOT_BYTES, Records
from openscrip.markets.recovery import open_journal, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.simulated_disk import SimulatedDisk
from openscrip.markets.snapshot import named_snapshots
from openscrip.markets.storage import FolderStorage

SEGMENT = 256 * SLOT_BYTES


class SlowDisk(SimulatedDisk):
    """Its syncs wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.lets = threading.Semaphore(0)
        self.is_slow = False

    def sync(self, name: str) -> None:
        if self.is_slow:
            assert self.lets.acquire(timeout=20)
        super().sync(name)


def clock() -> int:
    return 1_700_000_000_000_000


def run(work: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(work, 30))


def sequencer_on(disk: SimulatedDisk, **options: Any) -> Sequencer:
    return Sequencer(*open_journal(disk, TinyVenue, segment_bytes=SEGMENT), clock, **options)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  # what it waits for has no event
        await asyncio.sleep(0.001)


def test_nothing_leaves_before_its_group_is_on_the_disk() -> None:
    async def work() -> None:
        disk, heard, facts = SlowDisk(), list[str](), list[Fact]()
        async with sequencer_on(disk) as sequencer:
            disk.is_slow = True
            sequencer.consumers.append(facts.extend)
            sequencer.submit(credit(100))
            sequencer.when_durable(lambda: heard.append("credit"))
            await until(lambda: disk.operations > 6)
            await asyncio.sleep(0.02)
            assert (heard, facts, sequencer.durable_sequence) == ([], [], 0)
            sequencer.submit(order("a"))
            sequencer.when_durable(lambda: heard.append("order a"))
            disk.lets.release()
            await until(lambda: bool(heard))
            assert (heard, len(facts)) == (["credit"], 1)
            disk.lets.release()
            await sequencer.settled()
            assert (heard, len(facts)) == (["credit", "order a"], 2)
            assert sequencer.groups == 2
            disk.is_slow = False

    run(work())


def test_while_one_group_is_synced_the_next_one_gathers() -> None:
    async def work() -> None:
        disk, heard = SlowDisk(), list[int]()
        async with sequencer_on(disk) as sequencer:
            disk.is_slow = True
            sequencer.submit(credit(1_000))
            await asyncio.sleep(0.01)
            for number in range(100):
                sequencer.submit(order(f"o{number}"))
                sequencer.when_durable(lambda number=number: heard.append(number))  # type: ignore[misc]  # bound now
                await asyncio.sleep(0)
            disk.lets.release(2)
            await sequencer.settled()
            assert (heard, sequencer.groups) == (list(range(100)), 2)
            disk.is_slow = False

    run(work())


def test_what_comes_alone_is_sealed_in_the_same_turn_and_what_comes_together_at_its_end() -> None:
    async def work() -> None:
        heard = list[str]()

        def bring(name: str) -> None:
            sequencer.submit(credit(1))
            sequencer.when_durable(lambda: heard.append(name))
            sequencer.parcel()

        async with sequencer_on(SimulatedDisk(), sync=False) as sequencer:
            bring("alone")
            assert (heard, sequencer.groups) == (["alone"], 1)
            bring("second of its turn")
            bring("third of its turn")
            assert heard == ["alone"]
            await asyncio.sleep(0)
            assert (heard[1:], sequencer.groups) == (["second of its turn", "third of its turn"], 2)
            bring("after a turn with many")
            assert len(heard) == 3
            await asyncio.sleep(0)
            bring("alone again")
            assert (heard[3:], sequencer.groups) == (["after a turn with many", "alone again"], 4)
        found = open_journal(sequencer.journal.storage, TinyVenue, segment_bytes=SEGMENT)[0]
        assert found.digest == sequencer.venue.digest

    run(work())


def test_a_parcel_alone_still_waits_for_the_disk_and_for_the_group_before_it() -> None:
    async def work() -> None:
        disk, heard = SlowDisk(), list[str]()
        async with sequencer_on(disk) as sequencer:
            disk.is_slow = True
            reached = list[int]()
            for name in ("first", "second"):
                sequencer.submit(credit(1))
                reached.append(sequencer.venue.sequence)
                sequencer.when_durable(lambda name=name: heard.append(name))  # type: ignore[misc]  # bound now
                sequencer.parcel()
                await asyncio.sleep(0)
            assert (heard, sequencer.is_idle) == ([], False)
            disk.lets.release()
            await until(lambda: bool(heard))
            assert (heard, sequencer.durable_sequence) == (["first"], reached[0])
            disk.lets.release()
            await sequencer.settled()
            assert (heard, sequencer.is_idle) == (["first", "second"], True)
            disk.is_slow = False

    run(work())


def test_a_call_asked_for_when_nothing_waits_comes_at_once() -> None:
    async def work() -> None:
        heard = list[str]()
        async with sequencer_on(SimulatedDisk()) as sequencer:
            sequencer.when_durable(lambda: heard.append("now"))
            assert heard == ["now"]
            with pytest.raises(Refused, match="order"):
                sequencer.submit(order("poor"))
            sequencer.when_durable(lambda: heard.append("refused"))
            assert heard == ["now", "refused"]

    run(work())


def test_a_question_waits_for_what_its_answer_tells_of() -> None:
    async def work() -> None:
        disk, heard = SlowDisk(), list[str]()
        async with sequencer_on(disk) as sequencer:
            disk.is_slow = True
            sequencer.submit(credit(100))
            await asyncio.sleep(0.01)
            sequencer.when_durable(lambda: heard.append("balance"))
            with pytest.raises(Refused):
                sequencer.submit(order("too much", 1_000))
            sequencer.when_durable(lambda: heard.append("refusal"))
            assert heard == []
            disk.lets.release()
            await sequencer.settled()
            assert (heard, sequencer.groups) == (["balance", "refusal"], 1)
            disk.is_slow = False

    run(work())


def test_calls_made_by_calls_keep_the_order() -> None:
    async def work() -> None:
        heard = list[str]()
        async with sequencer_on(SimulatedDisk()) as sequencer:

            def first() -> None:
                heard.append("first")
                sequencer.when_durable(lambda: heard.append("third"))
                sequencer.submit(credit(7))
                sequencer.when_durable(lambda: heard.append("fourth"))

            sequencer.submit(credit(5))
            sequencer.when_durable(first)
            sequencer.when_durable(lambda: heard.append("second"))
            await sequencer.settled()
        assert heard == ["first", "second", "third", "fourth"]

    run(work())


@pytest.mark.parametrize("failure", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("operation", [1, 2], ids=["write", "sync"])
def test_an_error_of_the_disk_stops_the_venue_and_nothing_is_acknowledged(failure: int, operation: int) -> None:
    async def work() -> None:
        disk, heard, told = SimulatedDisk(), list[str](), list[str]()
        async with sequencer_on(disk) as sequencer:
            sequencer.on_stopped.append(told.append)
            sequencer.submit(credit(100))
            sequencer.when_durable(lambda: heard.append("credit"))
            await sequencer.settled()
            disk.fails_at = (disk.operations + operation, failure)
            sequencer.submit(order("a"))
            sequencer.when_durable(lambda: heard.append("order"))
            await sequencer.settled()
            assert (heard, len(told), bool(sequencer.stopped)) == (["credit"], 1, True)
            with pytest.raises(Refused) as refused:
                sequencer.submit(order("b"))
            assert refused.value.code == "venue.stopped"
            sequencer.when_durable(lambda: heard.append("never"))
        assert heard == ["credit"]
        found, _ = open_journal(disk.after_power_cut(Random(1)), TinyVenue, segment_bytes=SEGMENT)
        assert found.purse[1] in {100, 99}

    run(work())


def test_a_bug_in_the_venue_stops_it_and_what_was_before_stays() -> None:
    async def work() -> None:
        disk, heard = SimulatedDisk(), list[str]()
        async with sequencer_on(disk) as sequencer:
            sequencer.submit(credit(100))
            await sequencer.settled()
            sequencer.submit(order("a"))
            sequencer.when_durable(lambda: heard.append("order"))
            with pytest.raises(ZeroDivisionError):
                sequencer.submit(CancelAfter(1, 0))
            with pytest.raises(Refused, match="stopped"):
                sequencer.submit(order("b"))
        assert heard == []
        assert open_journal(disk.after_kill(), TinyVenue, segment_bytes=SEGMENT)[0].purse == {1: 100}

    run(work())


def test_one_connection_s_failing_call_harms_no_other_and_a_failing_consumer_stops_the_venue() -> None:
    async def work() -> None:
        heard, reported = list[str](), list[dict[str, Any]]()
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))

        def gone() -> None:
            raise ConnectionResetError("gone")

        async with sequencer_on(SimulatedDisk()) as sequencer:
            sequencer.submit(credit(1))
            sequencer.when_durable(gone)
            sequencer.when_durable(lambda: heard.append("other"))
            await sequencer.settled()
            assert (heard, len(reported), sequencer.stopped) == (["other"], 1, "")
            sequencer.consumers.append(lambda _facts: gone())
            sequencer.submit(credit(2))
            await sequencer.settled()
            assert "a consumer failed" in sequencer.stopped

    run(work())


def test_a_venue_behind_its_disk_asks_for_patience() -> None:
    async def work() -> None:
        disk = SlowDisk()
        async with sequencer_on(disk) as sequencer:
            disk.is_slow = True
            sequencer.submit(credit(1))
            await asyncio.sleep(0.01)
            sequencer.venue.sequence += 2**17  # type: ignore[misc]  # as if so many commands had come
            with pytest.raises(Refused) as refused:
                sequencer.submit(credit(1))
            assert refused.value.code == "venue.busy"
            sequencer.venue.sequence -= 2**17  # type: ignore[misc]  # and had not
            disk.is_slow = False
            disk.lets.release()

    run(work())


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_snapshots_are_taken_while_it_serves_and_old_files_go(tmp_path: Path, loop: Callable[[], Any]) -> None:
    async def work() -> None:
        venue, journal = open_journal(FolderStorage(tmp_path), TinyVenue, segment_bytes=SEGMENT)
        async with Sequencer(venue, journal, clock, snapshot_records=150, folder=tmp_path) as sequencer:
            sequencer.submit(credit(10_000))
            for number in range(500):
                sequencer.submit(order(f"o{number}"))
                if number % 10 == 9:
                    await sequencer.settled()
                    await until(lambda: not sequencer._is_snapshotting)
        assert sequencer.snapshots >= 5
        assert not sequencer.stopped
        assert len(named_snapshots(journal.storage)) == 2
        assert "segment-0000000001" not in journal.storage.names()
        journal.storage.close()  # type: ignore[attr-defined]  # it is a folder
        again, kept = open_venue(tmp_path, TinyVenue)
        assert (again.digest, again.sequence) == (venue.digest, venue.sequence)
        kept.storage.close()  # type: ignore[attr-defined]  # it is a folder

    run(work(), loop)


def test_a_copy_made_while_it_serves_is_a_whole_venue(tmp_path: Path) -> None:
    async def work() -> None:
        venue, journal = open_journal(FolderStorage(tmp_path / "venue"), TinyVenue, segment_bytes=SEGMENT)
        digests = {}
        async with Sequencer(venue, journal, clock, snapshot_records=150, folder=tmp_path / "venue") as sequencer:
            digests[0] = venue.digest
            sequencer.submit(credit(10_000))
            digests[venue.sequence] = venue.digest
            for number in range(300):
                sequencer.submit(order(f"o{number}"))
                digests[venue.sequence] = venue.digest
                await asyncio.sleep(0)
                if number % 60 == 59:
                    acknowledged = sequencer.durable_sequence
                    copy = tmp_path / f"copy-{number}"
                    copy.mkdir()
                    for pattern in ("snapshot-*", "segment-*"):
                        for file in sorted((tmp_path / "venue").glob(pattern)):
                            (copy / file.name).write_bytes(file.read_bytes())
                            await asyncio.sleep(0)
                    again, kept = open_venue(copy, TinyVenue)
                    assert again.sequence >= acknowledged
                    assert again.digest == digests[again.sequence]
                    kept.storage.close()  # type: ignore[attr-defined]  # it is a folder
        journal.storage.close()  # type: ignore[attr-defined]  # it is a folder

    run(work())


def test_after_a_clean_end_nothing_is_replayed() -> None:
    class Proud(TinyVenue):
        def replay(self, records: Records, tell: bool = False) -> None:
            raise AssertionError("there was a snapshot")

    async def work() -> None:
        disk = SimulatedDisk()
        async with sequencer_on(disk) as sequencer:
            sequencer.submit(credit(100))
        again, _ = open_journal(disk.after_power_cut(Random(1)), Proud, segment_bytes=SEGMENT)
        assert again.digest == sequencer.venue.digest

    run(work())


def test_without_a_folder_the_state_is_copied_and_without_syncs_it_still_survives_the_process() -> None:
    async def work() -> None:
        disk, heard = SimulatedDisk(), list[int]()
        async with sequencer_on(disk, sync=False, snapshot_records=50) as sequencer:
            sequencer.submit(credit(10_000))
            for number in range(200):
                sequencer.submit(order(f"o{number}"))
                sequencer.when_durable(lambda number=number: heard.append(number))  # type: ignore[misc]  # bound now
                await asyncio.sleep(0)
            await sequencer.settled()
        assert (heard, sequencer.snapshots > 1) == (list(range(200)), True)
        for found in (disk.after_kill(), disk.after_power_cut(Random(1))):
            assert open_journal(found, TinyVenue, segment_bytes=SEGMENT)[0].digest == sequencer.venue.digest

    run(work())


def test_without_syncs_a_snapshot_and_a_new_segment_still_have_all_before_them_on_the_disk() -> None:
    async def work() -> None:
        disk = SimulatedDisk()
        async with sequencer_on(disk, sync=False) as sequencer:
            for number in range(10):
                sequencer.submit(credit(number + 1))
                await sequencer.settled()
            sequencer.take_snapshot()
            await sequencer.settled()
            await until(lambda: sequencer.snapshots == 1)
            for seed in range(20):
                found = open_journal(disk.after_power_cut(Random(seed)), TinyVenue, segment_bytes=SEGMENT)[0]
                assert found.digest == sequencer.venue.digest
            before = 0
            while sequencer.journal.segment == 1:
                before = sequencer.venue.digest
                sequencer.submit(credit(1))
                await sequencer.settled()
            for seed in range(20):
                found = open_journal(disk.after_power_cut(Random(seed)), TinyVenue, segment_bytes=SEGMENT)[0]
                assert found.digest in {before, sequencer.venue.digest}

    run(work())


def test_a_snapshot_that_fails_stops_nothing() -> None:
    async def work() -> None:
        disk = SimulatedDisk()
        async with sequencer_on(disk) as sequencer:
            sequencer.submit(credit(100))
            await sequencer.settled()
            sequencer.take_snapshot()
            disk.fails_at = (disk.operations + 1, errno.ENOSPC)
            await sequencer.settled()
            await until(lambda: not sequencer._is_snapshotting)
            sequencer.submit(order("a"))
            await sequencer.settled()
            assert (sequencer.stopped, sequencer.snapshots, sequencer.durable_sequence) == ("", 0, 4)

    run(work())


def test_a_disk_too_full_for_the_next_segment_is_told_of_once_and_the_segment_is_used_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        disk = SimulatedDisk(bytes_max=SEGMENT + SEGMENT // 2)
        async with sequencer_on(disk) as sequencer:
            sequencer.submit(credit(1_000))
            while not sequencer.stopped:
                sequencer.submit(order(f"o{sequencer.durable_sequence}"))
                await sequencer.settled()
        assert sequencer.durable_sequence > 100
        found = open_journal(disk.after_kill(), TinyVenue, segment_bytes=SEGMENT)[0]
        assert found.sequence == sequencer.durable_sequence

    run(work())
    assert len([one for one in caplog.records if "beside the journal" in one.message]) == 1


def test_snapshots_are_due_by_the_newest_one_not_by_the_last_start() -> None:
    async def work() -> None:
        disk, last = SimulatedDisk(), 0
        for number in range(12):
            async with sequencer_on(disk, snapshot_records=100) as sequencer:
                for _ in range(4):
                    sequencer.submit(credit(number + 1))
                await sequencer.settled()
                last = sequencer.durable_sequence
            disk = disk.after_kill()
        assert len(named_snapshots(disk)) == 2
        assert last - named_snapshots(disk)[0].sequence < 20

    run(work())
