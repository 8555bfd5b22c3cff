"""A worker as a process of its own, beside a platform that another process started: `openscrip worker --name N`.

It shares the platform's database, data folder and wiring. What one worker dies of, the others take over (`runtime.tenure`).
"""

import os
import select
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from openscrip.bootstrap.children import child_command, child_environment
from openscrip.bootstrap.places import Places, read_wiring
from openscrip.bootstrap.platform import Platform, build_platform
from openscrip.kernel.errors import Refused, Unavailable, refuse_unless
from openscrip.runtime.leases import Leases
from openscrip.runtime.settings import Settings
from openscrip.runtime.tenure import BEAT_S, refuse_live_name

START_S, STOP_S = 120.0, 60.0
DRIVER = "worker"
"""The name of the worker inside `openscrip up`."""


def work(settings: Settings, name: str, ready: Callable[[dict[str, Any]], None], stop: threading.Event) -> bool:
    """Work under `name` until `stop` is set; False if another process took the name meanwhile.

    Raises `Refused("worker.name")` for a name that a live worker has and `Refused("platform.missing")` where nothing was
    ever started.
    """
    refuse_unless(name != DRIVER, "worker.name", f"worker: {name!r} is the name of the worker inside `openscrip up`")
    places = Places(settings.data)
    platform = build_platform(settings, places, read_wiring(places))
    try:
        refuse_live_name(Leases(platform.engine), name)
        return _work(platform, name, ready, stop)
    finally:
        platform.close()


def _work(platform: Platform, name: str, ready: Callable[[dict[str, Any]], None], stop: threading.Event) -> bool:
    tenure = platform.tenure(name)
    worker = platform.worker(name, tenure=tenure)
    tenure.start()
    try:
        platform.broker.on_booked = partial(worker.tell, "broker")
        platform.broker.start(name)
        if platform.settings.market.clock == "accelerated":
            stop.wait(BEAT_S + 0.5)  # until whoever drives the clock knows that it is not alone
        ready({"worker": name, "pid": os.getpid(), "reads": tenure.readings()})
        worker.run_forever(stop)
        return not tenure.lost.is_set()
    finally:
        platform.broker.stop()
        tenure.stop()


class WorkerChild:
    """A worker process that ends with this one."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.name = name
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def start(self) -> None:
        """Start it; it is ready when `wait_ready` returns."""
        self._process = subprocess.Popen(
            child_command("worker", self._settings, "--name", self.name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=child_environment(self._settings),
        )

    def wait_ready(self) -> None:
        """Return when it works. Raises `Unavailable`."""
        out = self._process.stdout if self._process else None
        ready = select.select([out], [], [], START_S)[0] if out else ()
        if not (out and ready and out.readline()):
            self.kill()
            raise Unavailable(f"worker: {self.name} was not ready within {START_S:.0f} s")

    def stop(self) -> int:
        """Ask it to end and wait; the exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._ended()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _ended(self) -> int:
        if self._process is None:
            return 0
        code = self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()
        return code


def children_of(settings: Settings) -> list[WorkerChild]:
    """The workers beside the one in `openscrip up`: as many as are set, named `worker-2` and so on."""
    if not 1 <= settings.work.workers <= 64:
        raise Refused("work.workers", f"work: {settings.work.workers} workers were asked, 1 to 64 can run")
    return [WorkerChild(settings, f"{DRIVER}-{number}") for number in range(2, settings.work.workers + 1)]
