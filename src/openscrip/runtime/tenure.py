"""What one of several worker processes holds: its own name, and the feeds that it reads.

A beat every few seconds renews both. Whose beat stopped is dead to the others: one of them takes the name away, gives the
commands back that the dead one held, and takes over its feeds. All that within `LEASE_S` and two beats.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.leases import LEASE_S, Leases, Standing
from openscrip.runtime.sql import SqlStore

log = logging.getLogger(__name__)

BEAT_S = 2.5
MARGIN_S = 1.0
"""So long before its lease ends, a reader that could not renew it stops."""
WORKER, FEED = "worker:", "feed:"


class Tenure:
    """Holds `name` and as many of `feeds` as are free; with `force` they are taken from whoever reads them.

    `force` is for the one process that drives accelerated market time: it must know when every feed was read to its end.
    """

    def __init__(
        self,
        leases: Leases,
        store: SqlStore,
        name: str,
        feeds: Sequence[str] = (),
        *,
        force: bool = False,
        lease_s: float = LEASE_S,
        machine: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._leases = leases
        self._store = store
        self._feeds = tuple(FEED + feed for feed in feeds)
        self._force = force
        self._lease_s = lease_s
        self._machine = machine
        self._tokens: dict[str, int] = {}
        self._until_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tenure-{name}", daemon=True)
        self.lost = threading.Event()
        """Set when another process took this name: whoever works under it must end."""
        self.others = False
        """Whether other workers live on this database."""

    def start(self) -> None:
        """Take the name and what is free, and go on in a thread. Raises `Unavailable` while the database is not there."""
        self._tokens[WORKER + self.name] = self._taken(WORKER + self.name)
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Give everything back."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._lease_s)
        for lease, token in self._tokens.items():
            try:
                self._leases.release(lease, token)
            except Unavailable as outage:
                log.warning("tenure: %s was not given back, it ends by itself: %s", lease, outage)
        self._tokens.clear()

    def reads(self, feed: str) -> bool:
        """Whether this process is the one that reads a feed now."""
        return FEED + feed in self._tokens and self._machine() < self._until_s

    def readings(self) -> list[str]:
        """The feeds that this process reads."""
        return sorted(lease.removeprefix(FEED) for lease in list(self._tokens) if lease.startswith(FEED))

    def beat(self) -> None:
        """Renew what is held, take what is free, and take over from the dead. Raises `Unavailable`."""
        began = self._machine()
        lost = self._leases.renew_all(self._tokens, for_s=self._lease_s)
        for lease in lost:
            del self._tokens[lease]
        standing = {one.name: one for one in self._leases.standing()}
        own = standing.get(WORKER + self.name)
        self.others = any(one.left_s and one.name.startswith(WORKER) and one != own for one in standing.values())
        if WORKER + self.name in lost:
            self._retake(own)
        if self.lost.is_set():
            return
        for lease in self._feeds:
            if lease not in self._tokens and (self._force or lease not in standing or not standing[lease].left_s):
                token = self._leases.take(lease, self.name, for_s=self._lease_s, force=self._force)
                if token is not None:
                    log.info("tenure: %s reads %s", self.name, lease.removeprefix(FEED))
                    self._tokens[lease] = token
        self._until_s = began + self._lease_s - MARGIN_S
        self._bury(standing)

    def _retake(self, own: Standing | None) -> None:
        """Who was taken for dead takes its name again; who was replaced by another process of its name ends."""
        if own is None or own.holder == self.name:
            log.error("tenure: another process took the name %s; this one ends", self.name)
            self.lost.set()
            return
        log.warning("tenure: %s was taken for dead by %s, and goes on", self.name, own.holder)
        token = self._leases.take(WORKER + self.name, self.name, for_s=self._lease_s)
        if token is not None:
            self._tokens[WORKER + self.name] = token

    def _bury(self, standing: dict[str, Standing]) -> None:
        """Give back the commands of workers whose names have ended."""
        for holder in self._store.holders():
            name = standing.get(WORKER + holder)
            if holder == self.name or name is None or name.left_s:
                continue
            token = self._leases.take(name.name, self.name, for_s=self._lease_s)
            if token is None:
                continue  # it lives after all, or another was faster
            count = self._store.release(holder)
            log.warning("tenure: %s was gone, %s took over %d commands of its", holder, self.name, count)
            self._leases.release(name.name, token)

    def _taken(self, lease: str) -> int:
        """The name, once whoever had it before us is gone. Raises `Refused("worker.name")`."""
        token = self._leases.take(lease, self.name, for_s=self._lease_s)
        if token is None:
            raise Refused("worker.name", f"worker: {self.name} is being buried; start it again in {self._lease_s:.0f} s")
        return token

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            if self.lost.is_set():
                return
            try:
                self.beat()
            except Unavailable as outage:
                log.warning("tenure: the database did not answer: %s", outage)
            except Exception:
                log.exception("tenure: a beat failed")


def refuse_live_name(leases: Leases, name: str, wait: Callable[[float], object] = time.sleep) -> None:
    """For a process started by hand: raise `Refused("worker.name")` if a live one has this name; wait for a dead one's end."""
    before: Standing | None = None
    for _ in range(int(LEASE_S) * 4):
        now = next((one for one in leases.standing() if one.name == WORKER + name), None)
        if now is None or not now.left_s:
            return
        if before is not None and now.left_s > before.left_s:
            raise Refused("worker.name", f"worker: a live worker was named {name}; choose another name")
        before = now
        wait(0.4)
