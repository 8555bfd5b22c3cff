"""Where an auction would be now, told each second of a call: `auction.crossing`'s rules over sums, in one pass over prices."""

from collections import Counter
from collections.abc import Iterable

from openscrip.markets.accounts import Order
from openscrip.markets.auction import Cross


def indicated(orders: Iterable[Order], reference: int) -> Cross | None:
    """The auction of these orders, those that wait for a price apart; None if nothing crosses."""
    wanted: Counter[int] = Counter()
    offered: Counter[int] = Counter()
    for order in orders:
        if not order.is_waiting:
            (offered if order.side else wanted)[order.price] += order.left
    if not wanted or not offered:
        return None
    lowest, highest = min(offered), max(wanted)
    if lowest > highest:
        return None
    prices = {price for price in (*wanted, *offered, reference) if lowest <= price <= highest}
    # At a price, those buy who would pay it or more, and those sell who would take it or less.
    demand = sum(lots for price, lots in wanted.items() if price >= lowest)
    supply = 0
    found: list[Cross] = []
    for price in sorted(prices):
        supply += offered[price]
        found.append(Cross(price, min(demand, supply), demand - supply))
        demand -= wanted[price]
    most = max(each.lots for each in found)
    least = min(abs(each.surplus) for each in found if each.lots == most)
    found = [each for each in found if each.lots == most and abs(each.surplus) == least]
    if all(each.surplus > 0 for each in found):
        return found[-1]
    if all(each.surplus < 0 for each in found):
        return found[0]
    return min(found, key=lambda each: (abs(each.price - reference), each.price))
