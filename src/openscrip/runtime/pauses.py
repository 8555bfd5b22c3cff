"""What makes a process that serves others pause: the garbage collector, and threads that wait for the interpreter."""

import gc
import sys

SWITCHED_S = 0.0005
"""A thread that came back from a disk or a socket takes the interpreter from one that computes after so long; 5 ms is usual,
and a transaction comes back a dozen times."""
COLLECTED = (10_000, 10, 200)
"""Thresholds of the collector: the young seldom, so that each time takes a millisecond; everything hardly ever."""


def shorten_pauses(collected: tuple[int, int, int] = COLLECTED) -> None:
    """For a program that has loaded what it needs, before it says that it is ready.

    What stands now stands for good, and our objects make few circles: looking through all of them took a tenth of a second,
    several times a minute, while orders waited.
    """
    sys.setswitchinterval(SWITCHED_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*collected)
