"""What a trade costs: schedules of tiers by 30-day volume, fees rounded up and rebates down, per fill, in the quote asset."""

from dataclasses import dataclass

from openscrip.kernel.errors import Malformed

RATE_ONE = 1_000_000
"""Rates are in 1e-6: 1,000 is 0.10 %."""
DAYS = 30
DAY_US = 86_400_000_000

Tiers = tuple[tuple[int, int, int], ...]
DEFAULT_TIERS: Tiers = ((0, 1_000, 0),)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Tiers of (30-day volume in 1e-6 USD from which, taker's rate, maker's rate), by rising volume."""

    tiers: Tiers

    def __post_init__(self) -> None:
        volumes = [volume for volume, _taker, _maker in self.tiers]
        if not volumes or volumes[0] != 0 or volumes != sorted(set(volumes)):
            raise Malformed("fees.malformed", "fees: tiers did not rise from a volume of 0")
        if not all(0 <= taker < RATE_ONE and -RATE_ONE < maker < RATE_ONE for _volume, taker, maker in self.tiers):
            raise Malformed("fees.malformed", "fees: a rate was not below 1,000,000, or a taker's was below 0")

    def rates(self, volume: int) -> tuple[int, int]:
        """The taker's and the maker's rate at a 30-day volume."""
        found = self.tiers[0]
        for tier in self.tiers:
            if tier[0] > volume:
                break
            found = tier
        return found[1], found[2]

    @property
    def highest(self) -> int:
        """The most that anybody pays; what an order holds is enough for it."""
        return max(0, *(max(taker, maker) for _volume, taker, maker in self.tiers))

    @property
    def lowest_taker(self) -> int:
        """The least that a taker pays."""
        return min(taker for _volume, taker, _maker in self.tiers)

    @property
    def highest_rebate(self) -> int:
        """The most that a maker is given."""
        return max(0, *(-maker for _volume, _taker, maker in self.tiers))


def refuse_unpaid_rebates(schedules: dict[int, Schedule]) -> None:
    """Raise `Malformed("fees.rebate")` unless every trade's taker pays at least its maker's rebate."""
    least = min(each.lowest_taker for each in schedules.values())
    most = max(each.highest_rebate for each in schedules.values())
    if most > least:
        raise Malformed("fees.rebate", f"fees: a rebate of {most} was above the lowest taker rate, {least}")


def fee_of(value: int, rate: int) -> int:
    """The fee for `value`, rounded up; for a rate below 0 a rebate, rounded down: 100 at 1,000 are 1, at -1,000 are 0."""
    return -(-value * rate // RATE_ONE)


def hold_of(value: int, rate: int) -> int:
    """What is held for `value` and its fee."""
    return value + fee_of(value, rate)


def day_of(now_us: int) -> int:
    """The UTC day, counted from 1970."""
    return now_us // DAY_US
