"""Accelerated market time in a file, as several processes see it."""

import os
from pathlib import Path

from openscrip.bootstrap.market_clock import FileClock

AHEAD_NS = 4_000_000_000 * 10**9
"""Later than the file system's own clock: every move falls into the tick of the one before."""


def test_the_file_clock__moved_within_the_tick_of_the_last_move__is_heard_each_time(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    FileClock(path, 1_000)
    os.utime(path, ns=(AHEAD_NS, AHEAD_NS))
    driver, other = FileClock(path), FileClock(path)
    assert (driver.now(), other.now()) == (1_000, 1_000)
    driver.advance_to(2_000)
    assert other.now() == 2_000
    driver.advance_to(3_000)
    assert other.now() == 3_000
    assert path.stat().st_mtime_ns == AHEAD_NS + 2
