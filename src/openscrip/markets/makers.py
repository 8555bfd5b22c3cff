"""The market-maker programme: what was promised, how often it was kept, and what it earns.

A maker is sampled at every clock command while its market is open, so that a replay measures the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from openscrip.markets.accounts import Order
from openscrip.markets.instruments import FULL_BPS


@dataclass(slots=True)
class Programme:
    """One account in one instrument: its obligation (see `commands.Enrol`), and this period's figures."""

    spread_bps_max: int
    lots_min: int
    presence_bps: int
    rebate_rate: int
    samples: int = 0
    kept: int = 0
    value: int = 0
    """Of what it made, in units of the quote asset; trades with itself and in auctions apart."""

    def sample(self, orders: Iterable[Order]) -> None:
        """Count whether these orders of the maker keep the obligation now."""
        at_work = sorted((each for each in orders if not each.is_waiting), key=lambda each: each.price)
        bid = _reached(reversed(at_work), 0, self.lots_min)
        ask = _reached(at_work, 1, self.lots_min)
        self.samples += 1
        self.kept += bid > 0 and ask > 0 and (ask - bid) * 2 * FULL_BPS <= self.spread_bps_max * (ask + bid)

    @property
    def is_kept(self) -> bool:
        """Whether this period's rebate is earned."""
        return self.samples > 0 and self.kept * FULL_BPS >= self.presence_bps * self.samples

    def next_period(self) -> None:
        """Begin to count anew."""
        self.samples = self.kept = self.value = 0


def _reached(orders: Iterable[Order], side: int, lots_min: int) -> int:
    """The price at which the best orders of a side have made up `lots_min`; 0 if they do not."""
    lots = 0
    for order in orders:
        if order.side == side:
            lots += order.left
            if lots >= lots_min:
                return order.price
    return 0
