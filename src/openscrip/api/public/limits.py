"""How often somebody may ask: a bucket that fills again with time, for each address and for each key."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT_MAX = 10_000


class TooOften(Exception):
    """Asked too often; `after_s` is when it is worth asking again."""

    def __init__(self, after_s: int) -> None:
        super().__init__(f"limits: asked too often, ask again in {after_s} s")
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests at once, and so many a second after that."""

    burst: int
    per_s: float


PUBLIC, KEYED = Rate(240, 20.0), Rate(120, 10.0)


class Buckets:
    """A bucket for each name. The least recently asked are forgotten, full as they are by then."""

    def __init__(self, rate: Rate, machine: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._machine = machine
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> int:
        """Take one; how many are left. Raises `TooOften`."""
        with self._lock:
            now = self._machine()
            left, at = self._left.pop(name, (float(self.rate.burst), now))
            left = min(float(self.rate.burst), left + (now - at) * self.rate.per_s)
            taken = left >= 1
            self._left[name] = (left - 1 if taken else left, now)
            while len(self._left) > KEPT_MAX:
                self._left.popitem(last=False)
        if not taken:
            raise TooOften(max(1, int((1 - left) / self.rate.per_s + 0.999)))
        return int(left - 1)
