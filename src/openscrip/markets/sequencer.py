"""The sequencer: commands in one order, on the disk in groups, and nothing leaves before its group is there.

While a thread syncs one group, the next one gathers; nobody waits for a timer. All of it is called in one event loop.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Answer, Command
from openscrip.markets.compact import Rows, unfolded
from openscrip.markets.facts import Fact
from openscrip.markets.groups import Mark
from openscrip.markets.journal import Journal, JournalStopped
from openscrip.markets.recovery import ALWAYS, Replayable
from openscrip.markets.snapshot import drop_needless, named_snapshots
from openscrip.markets.taking import ForkedState, HeldState, State

log = logging.getLogger(__name__)

OPEN_RECORDS_MAX = 2**17
"""So many records may wait for the disk; then commands are refused until it has caught up."""
SNAPSHOT_RECORDS = 1_000_000

Call = Callable[[], None]
Consumer = Callable[[list[Fact]], None]
Reader = Callable[[list[Fact | Rows]], None]
"""A consumer that takes facts of plain orders as rows, which costs a tenth."""


class Sequenced(Replayable, Protocol):
    """What the sequencer asks of a venue."""

    def submit(self, command: Command, now_us: int) -> Answer:
        """Do it, or raise `Refused` and have changed nothing."""
        ...

    def written(self) -> bytes:
        """The records since this was last asked."""
        ...

    def state(self) -> bytes:
        """Everything it is."""
        ...


@runtime_checkable
class PlainSequenced(Protocol):
    """What else a venue offers that does plain orders natively (see `venue.Venue`)."""

    def told_rows(self) -> list[Fact | Rows]:
        """As `told`, with rows for the facts of plain orders."""
        ...


class Sequencer:
    """One venue, one journal, one loop. `async with` it; then `submit` and `when_durable` from that loop's thread.

    Whoever answers a question about the venue says so through `when_durable` too: what the venue knows may not be on the disk
    yet. Warning: after an error of the disk nothing waiting is ever called; `on_stopped` tells the servers to hang up, and
    clients ask again after recovery.
    """

    def __init__(
        self,
        venue: Sequenced,
        journal: Journal,
        clock_us: Callable[[], int],
        *,
        sync: bool = True,
        snapshot_records: int = SNAPSHOT_RECORDS,
        keep_from: Callable[[], int] = lambda: ALWAYS,
        folder: Path | None = None,
    ) -> None:
        """`sync=False` leaves out the sync alone: it survives the end of the process, not of the machine.

        `keep_from` gives the last record whose facts every consumer has stored. With the journal's `folder` snapshots are
        written by a fork, without it in this process, which stands still while its state is copied.
        """
        self.venue = venue
        self.journal = journal
        self.consumers: list[Consumer] = []
        self.readers: list[Reader] = []
        self.on_stopped: list[Callable[[str], None]] = []
        self.durable_sequence = journal.end.sequence
        self.stopped = ""
        self.groups = 0
        self.snapshots = 0
        self._clock_us, self._now_us = clock_us, 0
        self._sync = sync
        self._keep_from = keep_from
        self._folder = folder
        self._sealed = venue.sequence
        self._calls: deque[Call] = deque()
        self._plain = venue if isinstance(venue, PlainSequenced) else None
        self._in_flight: deque[Call] | None = None
        self._flying_facts: list[Fact | Rows] = []
        self._is_releasing = False
        self._is_scheduled = False
        self._parcels = self._parcels_before = 0
        """How many parcels this turn of the loop has brought, and the last one that brought any (see `parcel`)."""
        self._groups: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_groups, name="journal", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle = asyncio.Event()
        self._behind: set[asyncio.Future[None]] = set()
        self._snapshot_records = snapshot_records
        self._snapshot_at = max((one.sequence for one in named_snapshots(journal.storage)), default=0)
        self._wants_snapshot = False
        self._taken: State | None = None
        self._is_snapshotting = False
        self._prepared_in = 0
        """The segment in which the next one was prepared, or tried to be: a full disk is met once, not with every group."""

    async def __aenter__(self) -> "Sequencer":
        self._loop = asyncio.get_running_loop()
        self._idle.set()
        if self._sync:
            self._thread.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None) -> None:
        """Return when everything is on the disk and released, or when the venue has stopped.

        A last snapshot is taken: the next start replays nothing, so that another program may make it.
        """
        await self.settled()
        while self._behind:
            await asyncio.wait(set(self._behind))
        if self.durable_sequence > self._snapshot_at and not self.stopped:
            self.take_snapshot()
            await self.settled()
        while self._behind:
            await asyncio.wait(set(self._behind))
        if self._sync:
            self._groups.put(None)
            self._thread.join()
        elif not self.stopped:
            self.journal.sync()

    async def settled(self) -> None:
        """Return when nothing waits for the disk."""
        while not self.stopped and (self._is_scheduled or self._in_flight is not None or self._has_open()):
            self._idle.clear()
            self._schedule()
            await self._idle.wait()

    # commands

    def submit(self, command: Command) -> Answer:
        """Apply a command at once; it is on the disk when a `when_durable` asked for now is called.

        Raises `Refused` as the venue does, `venue.stopped` and `venue.busy`. Any other error of the venue stops it.
        """
        if self.stopped:
            raise Refused("venue.stopped", f"venue: stopped, {self.stopped}")
        if self.venue.sequence - self._sealed >= OPEN_RECORDS_MAX:
            raise Refused("venue.busy", "venue: its disk was behind; send it again in a moment")
        self._now_us = max(self._now_us, self._clock_us())
        try:
            answer = self.venue.submit(command, self._now_us)
        except Refused:
            raise
        except BaseException as bug:
            self._stop(f"{type(command).__name__} failed: {bug!r}")
            raise
        if not self._is_scheduled and self._in_flight is None:
            self._schedule()
        return answer

    def at_once(self, act: Callable[[Sequenced, int], int], nothing: int) -> int:
        """As `submit`, for `act` that does plain orders on the venue at a time and gives how far it came.

        `nothing` where it may not begin: then `submit` says why.
        """
        venue = self.venue
        before = venue.sequence
        if self._plain is None or self.stopped or before - self._sealed >= OPEN_RECORDS_MAX:
            return nothing
        self._now_us = max(self._now_us, self._clock_us())
        try:
            reached = act(venue, self._now_us)
        except BaseException as bug:
            self._stop(f"plain orders failed: {bug!r}")
            raise
        if venue.sequence != before and not self._is_scheduled and self._in_flight is None:
            self._schedule()
        return reached

    def when_durable(self, call: Call) -> None:
        """Have `call` called once everything so far is on the disk: at once if it is, else in the order of asking."""
        if self.stopped:
            return
        if self._has_open():
            self._calls.append(call)
        elif self._in_flight is not None:
            self._in_flight.append(call)
        elif self._is_releasing:
            self._calls.append(call)
            self._schedule()
        else:
            call()

    def parcel(self) -> None:
        """To be called by a server when all that one read of a connection brought was submitted, and its answers wait.

        Where nothing else has come lately the group is sealed at once: who sends one order at a time waits for no turn of the
        loop. Under load reads come together, and so do their groups: at the end of the turn.
        """
        self._parcels += 1
        if (
            self._is_scheduled and self._parcels == 1 and self._parcels_before <= 1 and self._in_flight is None
            and not self._is_releasing and not self.stopped
        ):  # fmt: skip
            self._close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for the disk."""
        return self._in_flight is None and not self._has_open()

    def take_snapshot(self) -> None:
        """Have one taken with the next group."""
        self._wants_snapshot = True
        self._schedule()

    def _has_open(self) -> bool:
        wants_state = self._wants_snapshot and not self._is_snapshotting
        return self.venue.sequence != self._sealed or bool(self._calls) or wants_state

    # groups

    def _schedule(self) -> None:
        if not self._is_scheduled and self._loop is not None:
            self._is_scheduled = True
            self._loop.call_soon(self._seal)

    def _seal(self) -> None:
        """The turn of the loop in which this was asked for is over."""
        self._is_scheduled = False
        self._parcels_before, self._parcels = self._parcels, 0
        self._close()

    def _close(self) -> None:
        """Close the open group and have it written, unless another is on its way: then it goes on gathering."""
        if self.stopped or self._in_flight is not None or not self._has_open():
            self._idle.set()
            return
        venue = self.venue
        records, digest = venue.written(), venue.digest
        self._sealed = venue.sequence
        self._in_flight, self._calls = self._calls, deque()
        self._flying_facts = [*venue.told()] if self._plain is None else self._plain.told_rows()
        if self._wants_snapshot and not self._is_snapshotting:
            self._take()
        if self._sync and records:
            self._groups.put((records, digest))
            return
        try:
            mark = self.journal.append(records, digest, sync=False) if records else self.journal.end
        except (OSError, JournalStopped) as failure:
            self._stop(str(failure))
            return
        self._arrived(mark)

    def _write_groups(self) -> None:
        """The thread: one group after the other, each on the disk before the loop hears of it."""
        loop = self._loop
        while loop is not None and (group := self._groups.get()) is not None:
            try:
                mark = self.journal.append(*group)
            except (OSError, JournalStopped) as failure:
                loop.call_soon_threadsafe(self._stop, str(failure))
                return
            loop.call_soon_threadsafe(self._arrived, mark)

    def _arrived(self, mark: Mark) -> None:
        """A group is on the disk: send the next one on its way, then let out what waited for this one."""
        if self.stopped:
            return
        calls, facts = self._in_flight, self._flying_facts
        self._in_flight, self._flying_facts = None, []
        self.durable_sequence = mark.sequence
        self.groups += 1
        if mark.sequence - self._snapshot_at >= self._snapshot_records and not self._is_snapshotting:
            self._wants_snapshot = True
        if self._taken is not None:
            self._store(self._taken, mark)
            self._taken = None
        if self._sync and self._has_open():
            self._close()
        self._release(calls or deque(), facts)
        if self._prepared_in != self.journal.segment and self.journal.wants_next:
            self._prepared_in = self.journal.segment
            self._behind_the_scenes(self.journal.prepare)
        if self._has_open():
            self._schedule()
        elif self._in_flight is None:
            self._idle.set()

    def _release(self, calls: deque[Call], facts: list[Fact | Rows]) -> None:
        self._is_releasing = True
        while calls:
            try:
                calls.popleft()()
            except Exception as bug:  # noqa: BLE001  # one connection's failure is not the venue's: told to the loop
                if self._loop is not None:
                    self._loop.call_exception_handler({"message": "sequencer: a call failed", "exception": bug})
        try:
            if facts and self.consumers:
                plain = unfolded(facts)
                for consumer in self.consumers:
                    consumer(plain)
            if facts:
                for reader in self.readers:
                    reader(facts)
        except BaseException as bug:
            self._stop(f"a consumer failed: {bug!r}")
            raise
        finally:
            self._is_releasing = False

    def _stop(self, reason: str) -> None:
        """Acknowledge nothing any more. What the disk has is found out by recovery."""
        if self.stopped:
            return
        self.stopped = reason
        log.critical("sequencer: the venue stopped: %s", reason)
        self._calls.clear()
        self._in_flight = None
        if self._taken is not None:
            self._behind_the_scenes(self._taken.forget)
            self._taken = None
        self._idle.set()
        for tell in self.on_stopped:
            tell(reason)

    # snapshots and segments, beside the loop

    def _take(self) -> None:
        self._wants_snapshot, self._is_snapshotting = False, True
        self._taken = ForkedState(self.venue.state, self._folder) if self._folder else HeldState(self.venue.state())

    def _store(self, state: State, mark: Mark) -> None:
        """Write the state that was taken when the group before `mark` was sealed, now that this is on the disk."""
        segment, keep_from = self.journal.segment, self._keep_from()
        self._snapshot_at = mark.sequence

        def store() -> None:
            try:
                if not self._sync:
                    self.journal.sync()
                state.store(self.journal.storage, segment, mark)
                self.journal.drop_before(drop_needless(self.journal.storage, keep_from))
                self.snapshots += 1
            finally:
                self._is_snapshotting = False

        self._behind_the_scenes(store)

    def _behind_the_scenes(self, work: Call) -> None:
        """Do it in another thread. An `OSError` there stops nothing: the journal itself will meet it if it matters."""
        if self._loop is None:
            return
        future = self._loop.run_in_executor(None, work)
        self._behind.add(future)
        future.add_done_callback(self._seen)

    def _seen(self, future: asyncio.Future[None]) -> None:
        self._behind.discard(future)
        if not future.cancelled() and isinstance(failure := future.exception(), OSError):
            log.error("sequencer: beside the journal: %s", failure)
        elif not future.cancelled() and failure is not None:
            self._stop(f"beside the journal: {failure!r}")
