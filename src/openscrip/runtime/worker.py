"""The worker: leases due commands, performs them outside, and records each answer with what follows from it.

Effects are at least once and the other side refuses duplicates; answers are recorded exactly once, because marking the
command done and applying the answer are one transaction behind a fenced lease. A performer must give up well before
its lease ends. `step` is the same logic without threads, for simulation.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import NotYet, Refused, Unavailable
from openscrip.runtime.feed import Activity, Feed, FeedReader
from openscrip.runtime.store import Command, Fenced, Lease, Store, Unit
from openscrip.runtime.tenure import Tenure

log = logging.getLogger(__name__)

Perform = Mapping[type[Any], Callable[[Lease], Any]]
"""For each action: has its effect outside and gives the answer. May raise `Refused` (an answer) or `Unavailable`."""

Apply = Callable[[Unit, Command, Any], None]
"""Turns an answer, or the `Refused` that came instead, into writes."""

Answered = tuple[Lease, Any]
GROUP_MAX = 64
IDLE_S_MIN, IDLE_S_MAX = 0.01, 0.05
IDLE_ASKED_S, IDLE_ASKED_SHARED_S = 0.002, 0.004


@dataclass(frozen=True, slots=True)
class Retries:
    """How long to ask again when the outside does not answer: machine seconds, doubled from `first_s` to `most_s`."""

    first_s: float = 0.05
    most_s: float = 10.0
    limit: int = 200
    """After so many attempts the command is parked."""

    def delay_s(self, attempts: int) -> float:
        """How long to wait after the attempt number `attempts`, from 0."""
        return min(self.most_s, self.first_s * 2.0 ** min(attempts, 30))


PATIENT = Retries()


def no_probe(_: str) -> None:
    """A probe that does nothing; a crash test passes one that ends the process at a named point.

    It is told `point: subject`, as in `after effect: sub-1:order`; a transaction's subjects are joined by `, `.
    """


class Worker:
    """Performs the commands of one store. `name` says whose leases it may take back when it starts again."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        perform: Perform,
        apply: Apply,
        *,
        probe: Callable[[str], None] = no_probe,
        threads: int = 8,
        feeds: Sequence[Feed] = (),
        name: str = "worker",
        retries: Retries = PATIENT,
        lease_s: float = 120.0,
        machine: Callable[[], float] = time.monotonic,
        tenure: Tenure | None = None,
    ) -> None:
        """With a `tenure` other processes work on the same store: it says which feeds are ours to read."""
        self._store = store
        self._clock = clock
        self._perform = perform
        self._apply = apply
        self._probe = probe
        self._threads = threads
        self._name = name
        self._retries = retries
        self._lease_s = lease_s
        self._machine = machine
        self._started = False
        self._in_flight = 0
        self._answers: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._activity = Activity(self._wake)
        self._tenure = tenure
        is_ours = (lambda feed: True) if tenure is None else tenure.reads
        self._readers = [FeedReader(feed, store, probe, self._activity, is_ours, self._hint) for feed in feeds]
        self._perhaps_idle = threading.Event()
        self._asked_at = -1
        self._unreturned: list[tuple[Lease, Exception]] = []

    # one at a time

    def step(self, limit: int = 16) -> bool:
        """Perform and record up to `limit` due commands and read every feed once, in this thread, one after the other.

        Returns whether anything was done.
        """
        self._start()
        leases = self._leased(limit)
        for lease in leases:
            answer = self._performed(lease)
            if answer is not None:
                self._record([answer])
        events = 0
        for reader in self._readers:
            try:
                events += reader.read()
            except Unavailable as outage:
                reader.error = str(outage)
        return bool(leases or events)

    # with threads

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set or another process takes our name, then record what is in flight and return."""
        lost = stop if self._tenure is None else self._tenure.lost
        self._run(lambda: stop.is_set() or lost.is_set())

    def run_until_idle(self, timeout_s: float = 60.0) -> None:
        """Work until nothing is in flight, due or new. Raises `TimeoutError` naming what still waits."""
        ends = time.monotonic() + timeout_s
        self._run(lambda: self.is_idle() or time.monotonic() > ends)
        if not self.is_idle():
            raise TimeoutError(f"worker: {self._unfinished()} after {timeout_s} s")

    def wait_idle(self, timeout_s: float = 60.0) -> None:
        """Block until a worker that runs in another thread is idle. Raises `TimeoutError` naming what still waits."""
        ends = time.monotonic() + timeout_s
        before = self._activity.note()
        while True:
            self._perhaps_idle.clear()
            if self._is_settled():
                return
            if time.monotonic() > ends:
                raise TimeoutError(f"worker: {self._unfinished()} after {timeout_s} s")
            if not self._in_flight and before == self._activity.count:
                self._hurry()  # while things happen, a reading proves nothing
            before = self._activity.count
            self._perhaps_idle.wait(IDLE_ASKED_SHARED_S if self._shares() else IDLE_ASKED_S)

    def _hint(self) -> None:
        """Whoever waits until all is done looks at once when the last feed was read, or the last answer recorded."""
        if not self._in_flight and not any(reader.is_stale for reader in self._readers):
            self._perhaps_idle.set()

    def _is_settled(self) -> bool:
        """Idle; where others work too, the feeds were read to their ends after all commands were seen done."""
        if not self._shares():
            return self.is_idle()
        if self._activity.outside == self._asked_at:
            idle = self.is_idle()
            if not idle and not any(reader.is_stale for reader in self._readers):
                self._asked_at = -1  # a command came from elsewhere: what it does outside is to be seen, too
            return idle
        if not self._in_flight and not self._is_due():
            self._asked_at = self._activity.note()
            self._hurry()
        return False

    def _shares(self) -> bool:
        return self._tenure is not None and self._tenure.others

    def is_idle(self) -> bool:
        """Whether nothing is in flight or due now, and every feed was read to its end since anything last happened."""
        activity = self._activity.count
        if self._in_flight or any(reader.is_stale for reader in self._readers) or self._is_due():
            return False
        return activity == self._activity.count and not self._in_flight

    def _is_due(self) -> bool:
        """Whether a command is due, or in the hands of any worker."""
        due_at = self._store.next_due()
        return due_at is not None and due_at <= self._clock.now()

    def tell(self, feed: str) -> None:
        """There is news in a feed."""
        for reader in self._readers:
            if reader.feed.name == feed:
                reader.tell()

    def nudge(self) -> None:
        """Look for work now: something was committed, the market clock moved, or something happened outside."""
        self._activity.note()
        self._hurry()

    def _hurry(self) -> None:
        for reader in self._readers:
            if reader.is_stale:
                reader.wake.set()

    def troubles(self) -> dict[str, str]:
        """The feeds that cannot be read or applied at the moment, each with its last error."""
        return {reader.feed.name: reader.error for reader in self._readers if reader.error}

    def _run(self, finished: Callable[[], bool]) -> None:
        stop_readers = threading.Event()
        names = [(reader, f"{self._name}-{reader.feed.name}") for reader in self._readers]
        threads = [threading.Thread(target=r.run, args=(stop_readers,), name=n, daemon=True) for r, n in names]
        for thread in threads:
            thread.start()
        try:
            with ThreadPoolExecutor(self._threads, thread_name_prefix=self._name) as pool:
                idle_s = IDLE_S_MIN
                while not finished():
                    self._wake.clear()
                    if self._turn(pool):
                        idle_s = IDLE_S_MIN
                    else:
                        self._wake.wait(idle_s)
                        idle_s = min(idle_s * 2, IDLE_S_MAX)
            while self._gather():
                pass
        finally:
            stop_readers.set()
            for reader in self._readers:
                reader.wake.set()
            for thread in threads:
                thread.join(30)

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """Hand out what is due as long as threads are free, and record the answers that are there."""
        try:
            self._start()
            self._return()
            recorded = self._gather()
            free = self._threads - self._in_flight
            leases = self._leased(free) if free > 0 else []
        except Unavailable as error:
            log.warning("worker: the store did not answer: %s", error)
            return False
        for lease in leases:
            self._in_flight += 1
            pool.submit(self._perform_in_thread, lease)
        return bool(recorded or leases)

    def _leased(self, limit: int) -> list[Lease]:
        return self._store.lease(self._name, limit, self._clock.now(), self._machine(), self._lease_s)

    def _gather(self) -> int:
        ended: list[Answered | None] = []
        while len(ended) < GROUP_MAX and not self._answers.empty():
            ended.append(self._answers.get_nowait())
        if ended:
            answered = [one for one in ended if one is not None]
            if answered:
                self._record(answered)
            self._activity.note()
            self._in_flight -= len(ended)
            if not self._in_flight:
                self._perhaps_idle.set()
        return len(ended)

    def _perform_in_thread(self, lease: Lease) -> None:
        answer: Answered | None = None
        try:
            answer = self._performed(lease)
        finally:
            self._answers.put(answer)
            self._wake.set()

    # one command

    def _start(self) -> None:
        if not self._started:
            taken_back = self._store.release(self._name)
            self._started = True
            if taken_back:
                log.info("worker: %s took back %d commands of an earlier life", self._name, taken_back)

    def _performed(self, lease: Lease) -> Answered | None:
        """The answer, or None if the command was given back or parked."""
        self._probe(f"before effect: {lease.command.key}")
        try:
            answer = self._perform[type(lease.command.action)](lease)
        except Refused as refusal:
            answer = refusal
        except Exception as error:  # noqa: BLE001  # a bug must park its command, not end the worker
            self._give_back(lease, error)
            return None
        self._probe(f"after effect: {lease.command.key}")
        return lease, answer

    def _record(self, answered: Sequence[Answered]) -> None:
        """Record the answers in one transaction; if that fails, each in its own."""
        subjects = ", ".join(lease.command.key for lease, _ in answered)
        self._probe(f"before transaction: {subjects}")
        try:
            with self._store.transaction() as unit:
                for lease, answer in answered:
                    unit.finish(lease)
                    self._apply(unit, lease.command, answer)
        except Exception as error:  # noqa: BLE001  # a bug must park its command, not end the worker
            if len(answered) > 1:
                for one in answered:
                    self._record([one])
                return
            self._give_back(answered[0][0], error)
            return
        self._probe(f"after record: {subjects}")

    def _give_back(self, lease: Lease, error: Exception) -> None:
        key = lease.command.key
        if isinstance(error, Fenced):
            log.warning("worker: %s was taken over, its answer is dropped", key)
            return
        try:
            if isinstance(error, NotYet):
                self._store.retry(lease, str(error), self._machine() + error.after_s)
                return
            if isinstance(error, Unavailable) and lease.attempts + 1 < self._retries.limit:
                log.info("worker: %s waits after attempt %d: %s", key, lease.attempts + 1, error)
                self._store.retry(lease, str(error), self._machine() + self._retries.delay_s(lease.attempts))
                return
            log.error("worker: %s was parked: %s", key, error, exc_info=error)
            self._store.park(lease, "".join(traceback.format_exception(error)) if _is_bug(error) else str(error))
        except Unavailable as outage:
            log.warning("worker: %s is given back later, the store did not answer: %s", key, outage)
            self._unreturned.append((lease, error))

    def _return(self) -> None:
        """Give back what could not be given back while the store did not answer."""
        late, self._unreturned = self._unreturned, []
        for lease, error in late:
            self._give_back(lease, error)

    def _unfinished(self) -> str:
        now = self._clock.now()
        open_commands = [
            f"{command.key} ({status}, {error or 'no error'})"
            for command, status, _, error in self._store.waiting(20)
            if command.due_at <= now and status != "parked"
        ]
        return f"waiting: {', '.join(open_commands) or 'nothing due'}; troubles: {self.troubles() or 'none'}"


def _is_bug(error: Exception) -> bool:
    return not isinstance(error, Refused | Unavailable)
