"""The price of an auction: most volume, least surplus, the side of the surplus, then the reference (venue rules, auctions)."""

from collections.abc import Sequence
from dataclasses import dataclass

from openscrip.markets.ladder import Ladder


@dataclass(frozen=True, slots=True)
class Cross:
    """At `price`, `lots` find each other; `surplus` more would buy (above 0) or sell (below)."""

    price: int
    lots: int
    surplus: int


def crossing(bids: Ladder, asks: Ladder, reference: int) -> Cross | None:
    """Where a gathered book trades; None if nothing crosses.

    Candidates are the limits from the best ask to the best bid, and `reference` if it lies among them. Icebergs count whole.
    """
    lowest, highest = asks.best, bids.best
    if lowest is None or highest is None or lowest > highest:
        return None
    wanted = [(price, sum(order.left for order in line.values())) for price, line in bids.lines()]
    offered = [(price, sum(order.left for order in line.values())) for price, line in asks.lines()]
    limits = {price for price, _lots in (*wanted, *offered) if lowest <= price <= highest}
    if lowest <= reference <= highest:
        limits.add(reference)
    found = [_cross(price, wanted, offered) for price in sorted(limits)]
    most = max(each.lots for each in found)
    found = [each for each in found if each.lots == most]
    least = min(abs(each.surplus) for each in found)
    found = [each for each in found if abs(each.surplus) == least]
    if all(each.surplus > 0 for each in found):
        return found[-1]
    if all(each.surplus < 0 for each in found):
        return found[0]
    return min(found, key=lambda each: (abs(each.price - reference), each.price))


def _cross(price: int, wanted: Sequence[tuple[int, int]], offered: Sequence[tuple[int, int]]) -> Cross:
    demand = sum(lots for limit, lots in wanted if limit >= price)
    supply = sum(lots for limit, lots in offered if limit <= price)
    return Cross(price, min(demand, supply), demand - supply)
