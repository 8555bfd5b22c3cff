"""The process of the pages as `openscrip up` keeps it: started, and started again when it dies."""

import json
import logging
import select
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from openscrip.bootstrap.children import child_command, child_environment
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.settings import Settings

log = logging.getLogger(__name__)

START_S, STOP_S = 180.0, 20.0
WAIT_S_MIN, WAIT_S_MAX = 0.5, 30.0
"""Between a death and the next start; doubled each time, and small again after it served for a while."""
SERVED_S = 60.0
LOOK_S = 0.2


class WebChild:
    """`openscrip web` as a child. Its address is the first one for good: browsers know it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._port = settings.ports.web
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="web-child", daemon=True)
        self.url = ""

    @property
    def pid(self) -> int:
        """The process id, 0 while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self) -> None:
        """Start it, wait until it answers, and keep it up from then on. Raises `Unavailable`."""
        self._begin()
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end and wait; what does not end in time is killed."""
        self._stop.set()
        while self._thread.is_alive():
            process = self._process
            if process is not None:
                process.terminate()  # also one that is just being started: whoever waits for it then hears its end
            self._thread.join(LOOK_S)
        self._end()

    def _begin(self) -> None:
        self._process = subprocess.Popen(
            child_command("web", self._settings, "--port", str(self._port)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=child_environment(self._settings),
        )
        out = self._process.stdout
        ready = select.select([out], [], [], START_S)[0] if out else ()
        line = out.readline() if out and ready else b""
        said = json.loads(line) if line else {}
        if "web" not in said:
            self._end()
            raise Unavailable(f"web: it did not start within {START_S:.0f} s: {said.get('text', 'it said nothing')}")
        self.url, self._port = said["web"], int(said["port"])

    def _keep(self) -> None:
        """Start it again whenever it is gone, with a longer wait each time that it does not last."""
        wait_s, served_s = WAIT_S_MIN, 0.0
        while not self._stop.wait(LOOK_S):
            if self.pid:
                served_s += LOOK_S
                continue
            wait_s = WAIT_S_MIN if served_s >= SERVED_S else wait_s
            served_s = 0.0
            log.warning("web: the process of the pages ended; it is started again in %.1f s", wait_s)
            self._end()
            if self._stop.wait(wait_s):
                return
            wait_s = min(wait_s * 2, WAIT_S_MAX)
            try:
                self._begin()
            except (Unavailable, OSError, ValueError) as error:
                log.warning("web: %s", error)

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        if process.stdout:
            process.stdout.close()


@contextmanager
def web_beside(settings: Settings) -> Iterator[WebChild]:
    """The pages beside a running platform, ended with the block."""
    child = WebChild(settings)
    try:
        child.start()
        yield child
    finally:
        child.stop()
