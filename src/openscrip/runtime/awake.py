"""Keep an event loop from sleeping while requests come one right after the other.

A loop that sleeps between two requests has to be woken for each, by another processor; on a virtual machine that takes longer
than the work itself, for whoever wakes and for who is woken. So a loop that has just answered looks again for a moment before
it sleeps, as long as that pays: it gives up where the next request does not come, and begins again where some came in time.
"""

import asyncio
from time import monotonic

AWAKE_S = 0.000_15
"""A client that sends as soon as it was answered is back within half of this."""
PAYS_FROM, PAYS_MAX, IN_VAIN = 3, 8, -32
"""So many requests in a row must have come in time before it is begun; looking in vain once costs so many."""


class Awake:
    """One loop's. `answered` after an answer has left, and `came` with the next request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, awake_s: float = AWAKE_S) -> None:
        self.looks = False
        """Whether the loop is kept awake now."""
        self._loop, self._awake_s = loop, awake_s
        self._until_s = 0.0
        self._score = 0

    def came(self) -> None:
        """A request is there; another one may be in its turn with it."""
        if not self._until_s:
            return
        if monotonic() <= self._until_s:
            self._score = min(self._score + 1, PAYS_MAX)
        elif self._score > 0:
            self._score = 0
        self._until_s = 0.0

    def answered(self) -> None:
        """Nothing waits: the loop could sleep."""
        self._until_s = monotonic() + self._awake_s
        if self._score >= PAYS_FROM and not self.looks:
            self.looks = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        now_s = monotonic()
        if now_s <= self._until_s:
            self._loop.call_soon(self._look)
            return
        self.looks = False
        if self._until_s:
            self._score = IN_VAIN
