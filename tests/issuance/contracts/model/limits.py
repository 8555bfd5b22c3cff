"""How much may be minted: buckets that refill evenly, all in raw atoms."""

from dataclasses import dataclass

from tests.issuance.contracts.model.reasons import GRAIN

DAY_S, HOUR_S = 86_400, 3_600


@dataclass
class Window:
    """At most `cap` at once; what was used comes back evenly over `span_s`. Counted in whole grains."""

    span_s: int
    cap: int = 0
    used: int = 0
    at: int = 0

    def used_at(self, now: int) -> int:
        """What is still used up."""
        back = (self.cap // GRAIN) * (now - self.at) // self.span_s * GRAIN
        return max(0, self.used - back)

    def left_at(self, now: int) -> int:
        """What may be minted at once."""
        return max(0, self.cap - self.used_at(now))

    def resize(self, cap: int, now: int) -> None:
        """Another cap; what was used so far stays used."""
        self.used, self.at, self.cap = self.used_at(now), now, cap

    def use(self, raw: int, now: int) -> None:
        """Take a mint off."""
        self.used, self.at = self.used_at(now) + raw, now


@dataclass
class Bucket:
    """A pool's: it holds at most `capacity` and regains `refill` a second."""

    capacity: int = 0
    refill: int = 0
    level: int = 0
    at: int = 0

    def level_at(self, now: int) -> int:
        """What it holds."""
        return min(self.capacity, self.level + self.refill * (now - self.at))

    def resize(self, capacity: int, refill: int, now: int) -> None:
        """A new pool starts full; a changed one keeps what it holds, as far as that fits."""
        level = min(self.level_at(now), capacity) if self.capacity else capacity
        self.capacity, self.refill, self.level, self.at = capacity, refill, level, now

    def take(self, raw: int, now: int) -> None:
        """What is minted leaves it."""
        self.level, self.at = self.level_at(now) - raw, now
