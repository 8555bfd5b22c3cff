"""A process that forks workers, one at a time, and buries them: `python -m tests.crash.nursery DATA`.

What a worker imports is loaded once, here; a fork opens its own store and connections, so that each life is a process of
its own from the first byte on. Each line on stdin is a life to live: `{"deaths": path}`, `{"die_after_s": 0.2}` (since
birth), `{"die_at_probe": 3}` or `{}`; the answer on stdout is `{"ended": n}`: 0 when it was idle at last, -9 when it was
killed.
"""

import itertools
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.databases import is_sqlite, url_of

from openscrip.assets.calendar import new_york_calendar
from openscrip.bootstrap.broker_line import settle
from openscrip.bootstrap.places import Places, read_wiring
from openscrip.bootstrap.platform import build_platform
from openscrip.runtime.settings import load_settings
from openscrip.runtime.worker import no_probe

CLOCK = {"OPENSCRIP_MARKET_CLOCK": "accelerated"}
IDLE_S = 60.0


def surroundings(data: Path) -> dict[str, str]:
    """The environment of whoever works on a data folder: its clock, its database and its signer where there are such."""
    signer = data / "signer" / "socket"
    told = {"OPENSCRIP_SIGNER_ADDRESS": f"unix:{signer}"} if signer.exists() else {}
    return CLOCK | told | ({} if is_sqlite(data) else {"OPENSCRIP_DATABASE_URL": url_of(data)})


def die() -> None:
    """End this process as a power cut would: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_once_at_each(deaths: Path, among: tuple[str, ...] = ("",)) -> Callable[[str], None]:
    """A probe that kills at every (point, subject) that no earlier life died at, and writes down that it did.

    Only subjects with one of `among` in them count.
    """
    died = set(deaths.read_text().splitlines()) if deaths.exists() else set()
    lock = threading.Lock()

    def probe(told: str) -> None:
        point, _, subjects = told.partition(": ")
        with lock:
            named = [subject for subject in subjects.split(", ") if any(part in subject for part in among)]
            new = [f"{point}\t{subject}" for subject in named if f"{point}\t{subject}" not in died]
            if not new:
                return
            with deaths.open("a") as file:
                file.write("".join(f"{line}\n" for line in new))
            die()

    return probe


def dying_at(probe_number: int) -> Callable[[str], None]:
    """A probe that kills when it is told something for the `probe_number`th time."""
    count = itertools.count(1)

    def probe(_told: str) -> None:
        if next(count) >= probe_number:
            die()

    return probe


def probe_of(life: Mapping[str, Any]) -> Callable[[str], None]:
    if "deaths" in life:
        return dying_once_at_each(Path(life["deaths"]), tuple(life.get("among", ("",))))
    return dying_at(life["die_at_probe"]) if "die_at_probe" in life else no_probe


def live(data: Path, life: Mapping[str, Any]) -> None:
    """Work until nothing is left to do, or until death."""
    after_s = life.get("die_after_s")
    if after_s is not None:
        timer = threading.Timer(after_s, die)
        timer.daemon = True
        timer.start()
    platform = build_platform(load_settings(surroundings(data), data), Places(data), read_wiring(Places(data)))
    worker = platform.worker(name="mortal", probe=probe_of(life))
    platform.broker.start("mortal")
    settle(lambda: worker.run_until_idle(IDLE_S), platform.broker, IDLE_S)
    platform.broker.stop()


def fork(data: Path, life: Mapping[str, Any]) -> int:
    """Live one life in a child and wait for its end: its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            live(data, life)
            code = 0
        finally:
            if code:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Serve until stdin ends."""
    data = Path(sys.argv[1])
    new_york_calendar()
    for line in sys.stdin:
        print(json.dumps({"ended": fork(data, json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
