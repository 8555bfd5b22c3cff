"""News from outside, read from a cursor on: broker fills, custodian confirmations, chain events.

Events are applied and the cursor moved in one transaction, so that each is applied once, in order.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.store import Store, Unit

log = logging.getLogger(__name__)

BUSY_S, ACTIVE_S, QUIET_S, TROUBLED_S = 0.005, 0.1, 0.25, 2.0
ACTIVE_FOR_S = 1.0
AWAKE_S = 2.0
EMPTY_MOVES_MAX = 64
"""A cursor that moves though nothing came (empty blocks) is written every so often: to lose it costs reading them again."""


@dataclass(frozen=True, slots=True)
class Feed:
    """`poll(cursor)` gives the events after a cursor and the cursor behind them; `apply` writes what an event means.

    `active_s` is how long it rests at most between two polls while things happen; it may be longer for what looks at rows
    of ours, which nobody outside waits for. `outside` is for a feed whose poll asks others alone, and no row of ours: what is
    merely written in our books leaves it as it was read.
    """

    name: str
    poll: Callable[[str], tuple[Sequence[Any], str]]
    apply: Callable[[Unit, Any], None]
    active_s: float = ACTIVE_S
    outside: bool = False


class Rest:
    """When a feed over our own rows looks again: when market time moved or something came, else every `rest_s`."""

    def __init__(self, now: Callable[[], int], rest_s: float = 0.5, machine: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._machine = machine
        self._rest_s = rest_s
        self._looked_at, self._until, self._awake_until = -1, 0.0, 0.0

    def wake(self) -> None:
        """Something is being written that the feed must see once it is committed."""
        self._awake_until = self._machine() + AWAKE_S

    def is_over(self) -> bool:
        """Whether to look now; if so, the next rest begins."""
        now, at = self._now(), self._machine()
        if now == self._looked_at and self._awake_until <= at < self._until:
            return False
        self._looked_at, self._until = now, at + self._rest_s
        return True


class Activity:
    """Counts what happened, for all threads of a worker, and wakes its main loop when there may be something to do.

    `outside` is the count at which others were last asked for anything, or may have been: by a command, by a move of market
    time. What is written since in our books alone is no news to anybody else.
    """

    def __init__(self, wake: threading.Event) -> None:
        self.count = self.outside = 0
        self._wake = wake
        self._lock = threading.Lock()

    def note(self, *, outside: bool = True) -> int:
        """Something happened: readings of feeds that began before prove nothing. The count after it.

        Not `outside` is what changed our books and enqueued no command.
        """
        with self._lock:
            self.count += 1
            count = self.count
            if outside:
                self.outside = count
        if outside:
            self._wake.set()
        return count


class FeedReader:
    """Reads one feed for a worker: at once while there is news, seldom when nothing happens anywhere."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        probe: Callable[[str], None],
        activity: Activity,
        is_ours: Callable[[str], bool] = lambda feed: True,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`is_ours` says whether it is for this process to read a feed now; `ended` is called when it was read to its end."""
        self.feed = feed
        self._ended = ended
        self._is_ours = is_ours
        self.wake = threading.Event()
        self.error = ""
        """Why the feed cannot be read or applied; empty if it can."""
        self.seen_empty_at = -1
        """The activity when a poll began that found nothing."""
        self._told, self._told_of = 0, 0
        self._store = store
        self._probe = probe
        self._activity = activity
        self._reached: str | None = None
        """How far was read; ahead of what is stored only where nothing came."""
        self._stored = ""
        self._moves = 0

    @property
    def is_stale(self) -> bool:
        """Whether anything happened since it was last read to its end that can have brought it news."""
        happened = self._activity.outside if self.feed.outside else self._activity.count
        return self.seen_empty_at < happened or self._told_of < self._told

    def tell(self) -> None:
        """There is news in this feed and perhaps nowhere else: read it now."""
        self._told += 1
        self.wake.set()

    def read(self) -> int:
        """Poll once and apply what came; returns how many events. Nothing is read while another process reads the feed."""
        if not self._is_ours(self.feed.name):
            self._reached, self.error = None, ""
            return 0
        activity, told = self._activity.count, self._told
        if self._reached is None:
            with self._store.glance() as view:
                self._reached = self._stored = view.cursor(self.feed.name)
        before = self._reached
        events, after = self.feed.poll(before)
        self.error = ""
        self._moves += after != before
        if events or self._moves >= EMPTY_MOVES_MAX:
            self.seen_empty_at = -1  # whatever becomes of them: it was not read to its end
            self._activity.note(outside=False)
            self._probe(f"before transaction: {self.feed.name}@{before}")
            if not self._write(events, after):
                self._activity.note()
                return 0
            self._probe(f"after record: {self.feed.name}@{before}")
        self._reached = after
        if not events:
            self.seen_empty_at, self._told_of = activity, told
            self._ended()
        return len(events)

    def _write(self, events: Sequence[Any], after: str) -> bool:
        """Apply events and move the cursor in one transaction; False if another reader had moved it meanwhile."""
        with self._store.transaction() as unit:
            if unit.cursor(self.feed.name) != self._stored:
                self._reached = None
                return False
            for event in events:
                self.feed.apply(unit, event)
            unit.set_cursor(self.feed.name, after)
            asks = unit.asks_outside
            if asks:
                self._activity.note()  # before the commit too: another process may carry out at once what it enqueues
        self._stored, self._moves = after, 0
        if events:
            self._activity.note(outside=asks)
        return True

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set. What goes wrong is logged, kept in `error` and tried again."""
        wait_s, seen, active_until = BUSY_S, -1, 0.0
        while not stop.is_set():
            try:
                count = self.read()
                if seen != self._activity.count:
                    seen, active_until = self._activity.count, time.monotonic() + ACTIVE_FOR_S
                longest_s = self.feed.active_s if time.monotonic() < active_until else QUIET_S
                wait_s = BUSY_S if count else min(wait_s * 2, longest_s)
            except Exception as error:  # noqa: BLE001  # a feed that fails must not end its thread
                self._failed(error)
                wait_s = min(max(wait_s * 2, ACTIVE_S), TROUBLED_S)
            self._rest(stop, wait_s)

    def _rest(self, stop: threading.Event, longest_s: float) -> None:
        """Wait so long, or until woken by what the last poll cannot have seen: one that was under way has seen the rest."""
        ends = time.monotonic() + longest_s
        while (left_s := ends - time.monotonic()) > 0 and self.wake.wait(left_s):
            self.wake.clear()
            if self.is_stale or stop.is_set():
                return

    def _failed(self, error: Exception) -> None:
        if self.error != str(error):
            outage = isinstance(error, Unavailable)
            log.log(
                logging.WARNING if outage else logging.ERROR,
                "feed: %s was not read: %s",
                self.feed.name,
                error,
                exc_info=None if outage else error,
            )
        self.error = str(error) or type(error).__name__
