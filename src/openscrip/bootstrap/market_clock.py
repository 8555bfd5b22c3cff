"""Accelerated market time, shared by the platform's processes through one small file that its driver replaces."""

import os
from pathlib import Path

from openscrip.kernel.clock import Clock, LiveClock


class FileClock:
    """Market time as the driver last wrote it; never goes back. Processes that share the file agree."""

    def __init__(self, path: Path, start_at: int = 0) -> None:
        self._path = path
        self._stamp = -1
        self._now = start_at
        if start_at and not path.exists():
            self.advance_to(start_at)

    def now(self) -> int:
        """The second that the driver wrote last."""
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._now, self._stamp = max(self._now, int(self._path.read_text())), stamp
        return self._now

    def advance_to(self, at: int) -> None:
        """Move to `at`, for the driver alone; an earlier instant is ignored."""
        if at < self._now:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(str(at))
        # File systems stamp by ticks: two moves within one would look alike.
        stamp = max(part.stat().st_mtime_ns, self._stamp + 1)
        os.utime(part, ns=(stamp, stamp))
        part.replace(self._path)
        self._now, self._stamp = at, self._path.stat().st_mtime_ns


def clock_of(mode: str, path: Path, start_at: int) -> Clock:
    """The machine's time when `live`, the file's when `accelerated`."""
    return LiveClock() if mode == "live" else FileClock(path, start_at)
