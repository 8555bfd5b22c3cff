"""Kraken's rate limits: a counter of calls by API key, and one of the matching engine by account and pair.

Both rise with use and fall with time. A placed order costs the engine's counter one; changing or cancelling an order costs more
the younger the order is, so that quotes which flicker run out first. Cancelling is counted but never refused: whoever is out of
budget can still leave the market. Source: Kraken's guides to REST and spot trading rate limits.
"""

from dataclasses import dataclass
from types import MappingProxyType

from openscrip.kernel.errors import Refused

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Tier:
    """What an account of this tier may do: how high each counter goes, and how much it falls in a second."""

    name: str
    calls_max: float
    calls_fall_per_s: float
    engine_max: float
    engine_fall_per_s: float


TIERS = MappingProxyType(
    {
        tier.name: tier
        for tier in (
            Tier("starter", 15, 0.33, 60, 1.0),
            Tier("intermediate", 20, 0.5, 125, 2.34),
            Tier("pro", 20, 1.0, 180, 3.75),
            Tier("maker", 1_000, 100.0, 100_000, 50_000.0),
        )
    }
)
"""Kraken's three, and `maker` for the programs of the market-maker programme."""

PLACE = 1.0
_AGES_S = (5, 10, 15, 45, 90, 300)
_AMEND, _EDIT, _CANCEL = (3.0, 2.0, 1.0), (6.0, 5.0, 4.0, 2.0, 1.0), (8.0, 6.0, 5.0, 4.0, 2.0, 1.0)


def _by_age(costs: tuple[float, ...], age_us: int) -> float:
    for limit_s, cost in zip(_AGES_S, costs, strict=False):
        if age_us < limit_s * _SECOND_US:
            return cost
    return 0.0


CANCEL_COSTS = tuple((limit_s * _SECOND_US, cost) for limit_s, cost in zip(_AGES_S, _CANCEL, strict=True))
"""Up to what age in microseconds cancelling an order costs how much."""


def amend_cost(age_us: int) -> float:
    """What changing an order costs that is so old."""
    return 1.0 + _by_age(_AMEND, age_us)


def edit_cost(age_us: int) -> float:
    """What replacing an order costs that is so old."""
    return 1.0 + _by_age(_EDIT, age_us)


def cancel_cost(age_us: int) -> float:
    """What cancelling an order costs that is so old."""
    return _by_age(_CANCEL, age_us)


def batch_cost(orders: int) -> float:
    """What placing a batch costs."""
    return 1.0 + orders / 2


class Counter:
    """One counter: rises by what is added, falls with the seconds of a monotonic clock."""

    __slots__ = ("at_s", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.at_s = 0.0

    def now(self, fall_per_s: float, now_s: float) -> float:
        """What it stands at."""
        fallen = self.value - (now_s - self.at_s) * fall_per_s
        self.value, self.at_s = fallen if fallen > 0.0 else 0.0, now_s
        return self.value

    def add(self, cost: float, highest: float, fall_per_s: float, now_s: float) -> bool:
        """Raise it; False if that would bring it above `highest`, and then it stays."""
        after = self.now(fall_per_s, now_s) + cost
        if after > highest:
            return False
        self.value = after
        return True


class Counters:
    """All counters of a venue, for REST and WebSocket alike. `now_s` is a monotonic clock's."""

    def __init__(self) -> None:
        self._calls: dict[int, Counter] = {}
        self.engines: dict[tuple[int, int], Counter] = {}
        """By account and pair."""

    def call(self, key: int, tier: Tier, cost: float, now_s: float) -> None:
        """Count one call of a key. Raises `Refused("api.rate")`."""
        counter = self._calls.get(key)
        if counter is None:
            counter = self._calls[key] = Counter()
        if not counter.add(cost, tier.calls_max, tier.calls_fall_per_s, now_s):
            raise Refused(
                "api.rate", f"calls: the counter of this key was at its limit of {tier.calls_max:g}; wait and ask less often"
            )

    def trade(self, account: int, instrument: int, tier: Tier, cost: float, now_s: float) -> None:
        """Count what asks the matching engine for more. Raises `Refused("order.rate")`."""
        if not self._of(account, instrument).add(cost, tier.engine_max, tier.engine_fall_per_s, now_s):
            raise Refused(
                "order.rate", f"orders: the counter of this pair was at its limit of {tier.engine_max:g}; wait and change less"
            )

    def cancelled(self, account: int, instrument: int, tier: Tier, age_us: int, now_s: float) -> None:
        """Count a cancelled order; never refused, and counted no further than the limit."""
        counter = self._of(account, instrument)
        counter.value = min(counter.now(tier.engine_fall_per_s, now_s) + cancel_cost(age_us), tier.engine_max)

    def engine(self, account: int, instrument: int, tier: Tier, now_s: float) -> float:
        """Where the engine's counter of an account in a pair stands."""
        return self._of(account, instrument).now(tier.engine_fall_per_s, now_s)

    def _of(self, account: int, instrument: int) -> Counter:
        counter = self.engines.get((account, instrument))
        if counter is None:
            counter = self.engines[account, instrument] = Counter()
        return counter
