"""`openscrip up` as its users have it: a process with a data folder, and the commands that talk to it."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx

from openscrip.cli import main

READY_S = 180.0
COMMAND_S = 120.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENSCRIP_")}
OPENSCRIP = [sys.executable, "-m", "openscrip.cli"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class Up:
    """One running stack, venue and pages only where they are asked for. `ready_s` is how long it took to answer."""

    def __init__(self, data: Path, *options: str, venue: bool = False, web: bool = False) -> None:
        self.data = data
        self.http = httpx.Client(timeout=COMMAND_S, trust_env=False)
        without = [*([] if venue else ["--no-venue"]), *([] if web else ["--no-web"])]
        started = time.monotonic()
        self.process = subprocess.Popen(
            [*OPENSCRIP, "up", "--json", "--data", str(data), *options, *without],
            stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        out = self.process.stdout
        ready = select.select([out], [], [], READY_S)[0] if out else []
        line = out.readline() if out and ready else ""
        self.ready_s = time.monotonic() - started
        if not line:
            self.stop()
            raise RuntimeError("up: was not ready")
        self.told: dict[str, Any] = json.loads(line)
        self.doors: dict[str, str] = self.told["doors"]
        self.http.base_url = self.doors["api"]

    def say(self, *arguments: str) -> Said:
        """A command on this data folder, in this process: the command line's own function."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*arguments, "--data", str(self.data)])
        return Said(code, out.getvalue(), err.getvalue())

    def told_by(self, *arguments: str, code: int = 0) -> Any:
        """What a command answers in JSON, with the exit code that is expected."""
        done = self.say(*arguments, "--json")
        assert done.code == code, done.err
        return json.loads(done.out)

    def children(self) -> list[int]:
        """All processes below this one."""
        parents = {pid: fields[1] for pid, fields in _processes().items()}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == str(pid)]
        return found[1:]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as Ctrl-C or the system would; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()
        self.http.close()
        return self.process.returncode


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Any command of the command line."""
    return subprocess.run(
        [*OPENSCRIP, *arguments], capture_output=True, text=True, timeout=COMMAND_S, env=ENVIRONMENT, check=False
    )


def eventually(holds: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether it comes true in time."""
    ends = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    """Whether it runs; what only waits to be collected does not."""
    return _processes().get(pid, ("Z",))[0] != "Z"


def _processes() -> dict[int, list[str]]:
    """State and parent (and more) of every process, by its id."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(status.parent.name)] = status.read_text().rpartition(")")[2].split()
    return found
