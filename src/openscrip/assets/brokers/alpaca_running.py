"""The thread that follows Alpaca's event streams for as long as this process holds their lease."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from openscrip.assets.alpaca_stream import EventStream
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.leases import LEASE_S, Leases
from openscrip.runtime.store import Fenced

log = logging.getLogger(__name__)

LEASE = "alpaca"
LEASE_TRIED_S = 1.0
LOOK_S, LOOK_AGAIN_S = 3_600.0, 60.0
"""Machine seconds between two looks, and after one that failed."""
STOP_S = 20.0


class AlpacaFollower:
    """Opens `streams` while the lease is ours (always, without `leases`), and calls `look` before, and every hour meanwhile.

    Two that follow at once, while a lease changes hands, book nothing twice: every event is booked once by its id.
    """

    def __init__(self, streams: Callable[[], Sequence[EventStream]], look: Callable[[], None], leases: Leases | None) -> None:
        self._open = streams
        self._look = look
        self._leases = leases
        self._streams: Sequence[EventStream] = ()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def start(self, holder: str) -> None:
        """Begin, once."""
        if self._thread is None:
            self._stopping = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(holder, self._stopping), name="alpaca", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Leave the streams, and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
            self._thread = None

    def troubles(self) -> dict[str, str]:
        """What is wrong at the moment."""
        found = {f"alpaca-{number}": each.trouble for number, each in enumerate(self._streams) if each.trouble}
        return found | ({"alpaca": self._trouble} if self._trouble else {})

    def _run(self, holder: str, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._run_once(holder, stopping)
                self._trouble = ""
            except Exception as error:  # what fails must not end its thread
                if str(error) != self._trouble:
                    log.warning("alpaca: %s", error, exc_info=error)
                self._trouble = str(error) or type(error).__name__
            stopping.wait(LEASE_TRIED_S)

    def _run_once(self, holder: str, stopping: threading.Event) -> None:
        """Take the lease, and follow the streams for as long as it is ours."""
        if self._leases is None:
            self._follow(lambda: None, stopping)
            return
        leases, token = self._leases, self._leases.take(LEASE, holder)
        if token is None:
            return
        try:
            self._follow(lambda: leases.renew(LEASE, token), stopping)
        except Fenced:
            log.warning("alpaca: another process took the streams over")
        finally:
            with contextlib.suppress(Unavailable):
                leases.release(LEASE, token)

    def _follow(self, renew: Callable[[], object], stopping: threading.Event) -> None:
        looked_at, every_s = time.monotonic(), LOOK_S if self._looked() else LOOK_AGAIN_S
        self._streams = self._open()
        try:
            for stream in self._streams:
                stream.start()
            while not stopping.wait(LEASE_S / 3):
                renew()
                if time.monotonic() - looked_at >= every_s:
                    looked_at, every_s = time.monotonic(), LOOK_S if self._looked() else LOOK_AGAIN_S
        finally:
            for stream in self._streams:
                stream.stop()
            self._streams = ()

    def _looked(self) -> bool:
        """Look; says whether it went well."""
        try:
            self._look()
        except (Unavailable, Refused) as trouble:
            if str(trouble) != self._trouble:
                log.info("alpaca: %s", trouble)
            self._trouble = str(trouble)
            return False
        self._trouble = ""
        return True
