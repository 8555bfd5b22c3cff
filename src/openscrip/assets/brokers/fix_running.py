"""The thread that runs the FIX session for as long as this process holds its lease."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openscrip.kernel.clock import Clock, new_york_date
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.connection import Initiator
from openscrip.runtime.fix.effects import Identity, Moment, Role, Terms
from openscrip.runtime.fix.party import Application, Limits, Party
from openscrip.runtime.fix.store import SessionStore
from openscrip.runtime.leases import LEASE_S, Leases
from openscrip.runtime.store import Fenced

log = logging.getLogger(__name__)

LEASE = "fix"
LEASE_TRIED_S = 1.0
NEWS_S = 0.25
GATHER_S = 0.006
"""Turns follow each other no faster than this: orders and reports that come meanwhile share a transaction."""
TROUBLED_S = 0.5
STOP_S = 20.0
PUSHED_CLOCK_BOUND_MS = 40 * 365 * 86_400_000
"""Market time that is pushed leaps; two sides are apart for as long as a push takes."""


@dataclass(frozen=True, slots=True)
class FixLine:
    """Where the broker listens, under which names, and by whose clock. `leases` None: nobody else runs this session."""

    host: str
    port: int
    identity: Identity
    clock: Clock
    live: bool
    leases: Leases | None = None
    heartbeat_s: int = 30
    resets: bool = False
    limits: Limits = field(default_factory=lambda: Limits(tick_s=0.1, gather_s=GATHER_S))

    def moment(self) -> Moment:
        """Now, for the session."""
        at = self.clock.now()
        return Moment(at * 1_000, time.monotonic(), new_york_date(at).isoformat())

    def terms(self) -> Terms:
        """What the parties agreed on."""
        bound_ms = 120_000 if self.live else PUSHED_CLOCK_BOUND_MS
        return Terms(self.identity, Role.INITIATOR, self.heartbeat_s, clock_bound_ms=bound_ms, resets=self.resets)


class FixRunner:
    """Runs the session while it holds the lease, and reads the back office's news meanwhile."""

    def __init__(
        self,
        line: FixLine,
        store: SessionStore[Any],
        application: Application[Any],
        after_turn: Callable[[], None],
        read_news: Callable[[], bool],
        forget: Callable[[], None],
        ahead: Callable[[Any, Sequence[Message]], None],
    ) -> None:
        """`forget` is called when the session becomes ours: others may have changed everything meanwhile. See `Party.ahead`."""
        self._line = line
        self._read_news = read_news
        self._forget = forget

        def probe(point: str) -> None:
            if point == "after commit":
                after_turn()

        self._party: Party[Any] = Party(line.terms(), store, application, line.moment, line.limits, probe, ahead)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._initiator: Initiator[Any] | None = None
        self._news_wanted = asyncio.Event()
        self._stopping = threading.Event()
        self._poked = False
        self._thread: threading.Thread | None = None
        self.trouble = ""
        """Why the session does not run; empty if it does, or if another process runs it."""

    def start(self, holder: str) -> None:
        """Begin, once."""
        if self._thread is None:
            self._stopping = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(holder, self._stopping), name="fix", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the session with a logout, and the thread."""
        self._stopping.set()
        self._tell(lambda initiator: initiator.stop())
        if self._thread is not None:
            self._thread.join(3 * STOP_S)
            self._thread = None

    @property
    def refused(self) -> Mapping[str, int]:
        """What the broker sent to this process that counted for nothing, by kind, since the start."""
        return dict(self._party.refused)

    @property
    def runs(self) -> bool:
        """Whether the session is ours."""
        return self._initiator is not None

    def poke(self) -> bool:
        """Something waits to be sent. False if no link of this process is up that would take it soon."""
        if not self.up:
            return False
        if not self._poked:
            self._poked = True
            self._tell(lambda initiator: initiator.poke())
        return True

    def heard(self) -> None:
        """What waits is taken from here on: who comes later pokes again."""
        self._poked = False

    @property
    def up(self) -> bool:
        """Whether the session is ours and both sides have logged on."""
        initiator = self._initiator
        return initiator is not None and initiator.up

    def test(self) -> None:
        """Ask for a sign of life: what was lost on the way shows in the answer."""
        self._tell(lambda initiator: initiator.test())

    def _tell(self, act: Callable[[Initiator[Any]], None]) -> None:
        loop, initiator = self._loop, self._initiator
        if loop is not None and initiator is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(act, initiator)

    def hurry_news(self) -> None:
        """A report waits for news; to be called in the session's own thread."""
        self._news_wanted.set()

    def _run(self, holder: str, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._run_once(holder)
                self.trouble = ""
            except Exception as error:  # a session that fails must not end its thread
                if str(error) != self.trouble:
                    log.log(
                        logging.WARNING if isinstance(error, Unavailable) else logging.ERROR, "fix: %s", error, exc_info=error
                    )
                self.trouble = str(error) or type(error).__name__
            stopping.wait(TROUBLED_S if self.trouble else LEASE_TRIED_S)

    def _run_once(self, holder: str) -> None:
        """Take the lease, and run the session for as long as it is ours."""
        leases = self._line.leases
        if leases is None:
            asyncio.run(self._session(None, 0))
            return
        name = f"{LEASE}:{self._line.identity}"
        token = leases.take(name, holder)
        if token is None:
            return
        try:
            asyncio.run(self._session(leases, token))
        finally:
            with contextlib.suppress(Unavailable):
                leases.release(name, token)

    async def _session(self, leases: Leases | None, token: int) -> None:
        self._forget()
        self._poked = False
        self._news_wanted = asyncio.Event()
        initiator = Initiator(self._party, self._line.host, self._line.port)
        self._initiator, self._loop = initiator, asyncio.get_running_loop()
        if self._stopping.is_set():
            initiator.stop()
        running = asyncio.create_task(initiator.run())
        others = [asyncio.create_task(self._follow_news())]
        if leases is not None:
            others.append(asyncio.create_task(self._hold(leases, token)))
        try:
            await asyncio.wait([running, *others], return_when=asyncio.FIRST_COMPLETED)
            initiator.stop()
            await asyncio.wait([running], timeout=STOP_S)
            for task in (running, *others):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            self._loop = self._initiator = None
            for task in (running, *others):
                task.cancel()

    async def _hold(self, leases: Leases, token: int) -> None:
        """Renew the lease; whoever lost it lets go of the session."""
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                await asyncio.to_thread(leases.renew, f"{LEASE}:{self._line.identity}", token)
            except Fenced:
                log.warning("fix: another process took the session over")
                return

    async def _follow_news(self) -> None:
        while True:
            try:
                more = await asyncio.to_thread(self._read_news)
            except Unavailable as outage:
                log.info("fix: %s", outage)
                more = False
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(NEWS_S):
                        await self._news_wanted.wait()
                self._news_wanted.clear()
