"""Market time of the watch: pushed in accelerated runs, the wall clock when live. It never goes back."""

import time

from openscrip_watch.refusal import refuse_unless


class MarketClock:
    """UTC seconds. A pushed clock knows nothing until the first push, and until then nothing is signed."""

    def __init__(self, live: bool, now: int = 0) -> None:
        self.live = live
        self._now = now

    def now(self) -> int:
        """The market time. Raises `clock.unset` before the first push."""
        if self.live:
            return int(time.time())
        refuse_unless(self._now > 0, "clock.unset", "clock: no market time was pushed yet")
        return self._now

    @property
    def is_set(self) -> bool:
        """Whether there is a time at all."""
        return self.live or self._now > 0

    def push(self, now: int) -> None:
        """Set the time. Raises `clock.live` on a live clock and `clock.backwards` for an earlier time."""
        refuse_unless(not self.live, "clock.live", "clock: a live clock was pushed")
        refuse_unless(now >= self._now, "clock.backwards", f"clock: {now} was before {self._now}")
        self._now = now
