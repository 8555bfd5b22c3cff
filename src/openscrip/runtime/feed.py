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

BUSY_S, ACTIVE_S, QUIET_S, TROUBLED_S = 0.005, 0.04, 0.25, 2.0
ACTIVE_FOR_S = 1.0
EMPTY_MOVES_MAX = 64
"""A cursor that moves though nothing came (empty blocks) is written every so often: to lose it costs reading them again."""


@dataclass(frozen=True, slots=True)
class Feed:
    """`poll(cursor)` gives the events after a cursor and the cursor behind them; `apply` writes what an event means."""

    name: str
    poll: Callable[[str], tuple[Sequence[Any], str]]
    apply: Callable[[Unit, Any], None]


class Activity:
    """Counts what happened, for all threads of a worker, and wakes its main loop."""

    def __init__(self, wake: threading.Event) -> None:
        self.count = 0
        self._wake = wake
        self._lock = threading.Lock()

    def note(self) -> None:
        """Something happened: readings of feeds that began before prove nothing."""
        with self._lock:
            self.count += 1
        self._wake.set()


class FeedReader:
    """Reads one feed for a worker: at once while there is news, seldom when nothing happens anywhere."""

    def __init__(self, feed: Feed, store: Store, probe: Callable[[str], None], activity: Activity) -> None:
        self.feed = feed
        self.wake = threading.Event()
        self.error = ""
        """Why the feed cannot be read or applied; empty if it can."""
        self.seen_empty_at = -1
        """The activity when a poll began that found nothing."""
        self._store = store
        self._probe = probe
        self._activity = activity
        self._reached: str | None = None
        """How far was read; ahead of what is stored only where nothing came."""
        self._stored = ""
        self._moves = 0

    def read(self) -> int:
        """Poll once and apply what came; returns how many events."""
        activity = self._activity.count
        if self._reached is None:
            with self._store.view() as view:
                self._reached = self._stored = view.cursor(self.feed.name)
        before = self._reached
        events, after = self.feed.poll(before)
        self.error = ""
        self._moves += after != before
        if events or self._moves >= EMPTY_MOVES_MAX:
            self._probe(f"before transaction: {self.feed.name}@{before}")
            if not self._write(events, after):
                self._activity.note()
                return 0
            self._probe(f"after record: {self.feed.name}@{before}")
        self._reached = after
        if events:
            self._activity.note()
        else:
            self.seen_empty_at = activity
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
        self._stored, self._moves = after, 0
        return True

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set. What goes wrong is logged, kept in `error` and tried again."""
        wait_s, seen, active_until = BUSY_S, -1, 0.0
        while not stop.is_set():
            try:
                count = self.read()
                if seen != self._activity.count:
                    seen, active_until = self._activity.count, time.monotonic() + ACTIVE_FOR_S
                longest_s = ACTIVE_S if time.monotonic() < active_until else QUIET_S
                wait_s = BUSY_S if count else min(wait_s * 2, longest_s)
            except Exception as error:  # noqa: BLE001  # a feed that fails must not end its thread
                self._failed(error)
                wait_s = min(max(wait_s * 2, ACTIVE_S), TROUBLED_S)
            self.wake.wait(wait_s)
            self.wake.clear()

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
