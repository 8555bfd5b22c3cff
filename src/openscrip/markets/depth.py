"""What a book shows, built from the events it told and from nothing else: by price (L2) and order by order (L3).

`Shown` follows one book. `Window` is what a reader of the best so many prices has, and says what changed for him; `Queues` is
the same with every order in line. After each message the reader cuts to his depth: a price that comes back into his window is
told again, one that fell out of it is not told at all.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

from openscrip.markets.events import Kind
from openscrip.markets.state import HEAD, ORDER

CHECKED_LEVELS = 10
BUY, SELL = 0, 1
_TRADED, _REFILLED, _RESTED = int(Kind.TRADED), int(Kind.REFILLED), int(Kind.RESTED)
_CANCELLED, _AMENDED = int(Kind.CANCELLED), int(Kind.AMENDED)

Level = tuple[int, int]
"""Ticks and lots that show there; 0 lots: nothing any more."""


class Queued(NamedTuple):
    """One order that shows. `change` is `add`, `modify` or `delete`."""

    change: str
    order: int
    price: int
    lots: int
    at_us: int


class Shown:
    """All that one book shows. `apply` as often as there are events; `settle` when readers are to be told."""

    def __init__(self) -> None:
        self.lines: tuple[dict[int, dict[int, int]], dict[int, dict[int, int]]] = ({}, {})
        """By side and price: lots that show by order, in line."""
        self.orders: dict[int, tuple[int, int, int]] = {}
        """Side, price and since when, by order."""
        self.levels: tuple[dict[int, int], dict[int, int]] = ({}, {})
        """By side: lots by price, as of the last settling."""
        self.ranked: tuple[list[int], list[int]] = ([], [])
        """By side: prices, the best first, as of the last settling; those of buyers negative, so that both rise."""
        self.changed: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]] = ([], [])
        """By side: rank, lots before and after, what the last settling changed."""
        self._touched: tuple[set[int], set[int]] = (set(), set())

    @property
    def tables(self) -> tuple[object, ...]:
        """What `apply` changes, for the native way of following a book (see `compact.Rows.show`)."""
        return self.orders, *self.lines, *self._touched

    def load(self, state: Sequence[int], at_us: int) -> None:
        """Begin with the orders of a book's state (see `state`); when they came is not known, so `at_us` is told."""
        place = HEAD
        for side in (BUY, SELL):
            count, place = state[place], place + 1
            for start in range(place, place + count * ORDER, ORDER):
                order, _owner, price, _left, _filled, visible = state[start : start + 6]
                self._rest(order, side, price, visible, at_us)
            place += count * ORDER
        self.settle()

    def apply(self, events: Iterable[Sequence[int]], at_us: int) -> None:
        """Follow the events of a book, in order (rows of eight, see `events`)."""
        orders, lines, touched = self.orders, self.lines, self._touched
        for kind, order, other, side, price, lots, left, detail in events:
            if kind == _RESTED:
                orders[order] = (side, price, at_us)
                line = lines[side].get(price)
                if line is None:
                    lines[side][price] = {order: lots}
                else:
                    line[order] = lots
                touched[side].add(price)
            elif kind == _TRADED:
                self._take(other, lots, detail)
                if order in orders:  # in an auction both rested
                    self._take(order, lots, left)
            elif kind == _CANCELLED:
                self._remove(order)
            elif kind == _REFILLED:
                line = lines[side][price]
                if not detail:
                    line.pop(order, None)
                line[order] = lots
                touched[side].add(price)
            elif kind == _AMENDED and order in orders:
                if detail:
                    lines[side][price][order] = lots
                    touched[side].add(price)
                else:
                    self._remove(order)

    def settle(self) -> bool:
        """Take what came since the last time for told; whether any price's lots or line changed."""
        any_changed = False
        for side in (BUY, SELL):
            touched, changed = self._touched[side], self.changed[side]
            changed.clear()
            if not touched:
                continue
            lines, levels, ranked = self.lines[side], self.levels[side], self.ranked[side]
            for price in touched:
                line, before = lines[price], levels.get(price, 0)
                after, rank = sum(line.values()), price if side else -price
                if not line:
                    del lines[price]
                if after and not before:
                    insort(ranked, rank)
                elif before and not after:
                    del ranked[bisect_left(ranked, rank)]
                if after:
                    levels[price] = after
                else:
                    levels.pop(price, None)
                if before or after:
                    changed.append((rank, before, after))
            changed.sort()
            any_changed = any_changed or bool(changed)
            touched.clear()
        return any_changed

    def best(self, side: int, count: int) -> list[Level]:
        """The best prices of a side with their lots, as of the last settling."""
        levels = self.levels[side]
        return [(abs(rank), levels[abs(rank)]) for rank in self.ranked[side][:count]]

    def checksum(self) -> int:
        """Kraken's CRC-32 over the best ten prices: asks rising, then bids falling, of each its digits and its lots' digits.

        Without the dot and without leading zeros, the text of a price is the whole number of its ticks, and that of a
        quantity the whole number of its lots.
        """
        levels = self.best(SELL, CHECKED_LEVELS) + self.best(BUY, CHECKED_LEVELS)
        return crc32("".join([f"{price}{lots}" for price, lots in levels]).encode())

    def queue_checksum(self) -> int:
        """The same over the single orders in line at the best ten prices."""
        parts = []
        for side in (SELL, BUY):
            for rank in self.ranked[side][:CHECKED_LEVELS]:
                price = abs(rank)
                parts += [f"{price}{lots}" for lots in self.lines[side][price].values()]
        return crc32("".join(parts).encode())

    def queue(self, side: int, price: int) -> list[Queued]:
        """The orders in line at a price."""
        orders, line = self.orders, self.lines[side].get(price, {})
        return [Queued("add", order, price, lots, orders[order][2]) for order, lots in line.items()]

    # one order

    def _rest(self, order: int, side: int, price: int, lots: int, at_us: int) -> None:
        self.orders[order] = (side, price, at_us)
        self.lines[side].setdefault(price, {})[order] = lots
        self._touched[side].add(price)

    def _take(self, order: int, lots: int, left: int) -> None:
        side, price, _at_us = self.orders[order]
        line = self.lines[side][price]
        self._touched[side].add(price)
        if left:
            line[order] = max(0, line[order] - lots)
        else:
            del line[order], self.orders[order]

    def _remove(self, order: int) -> None:
        found = self.orders.pop(order, None)
        if found is not None:  # what waits for its trigger never showed
            side, price, _at_us = found
            del self.lines[side][price][order]
            self._touched[side].add(price)


class Window:
    """The best `depth` prices of each side, as a reader has them who was told everything so far."""

    def __init__(self, shown: Shown, depth: int) -> None:
        self._shown, self.depth = shown, depth
        self._edges = [self._edge(BUY), self._edge(SELL)]

    def levels(self) -> tuple[list[Level], list[Level]]:
        """Bids and asks, the best first."""
        return self._shown.best(BUY, self.depth), self._shown.best(SELL, self.depth)

    def changes(self) -> tuple[list[Level], list[Level]]:
        """What to tell after a settling: bids and asks. To be asked once after each settling, and after every one."""
        return self._side(BUY), self._side(SELL)

    def _edge(self, side: int) -> int | None:
        ranked = self._shown.ranked[side]
        return ranked[self.depth - 1] if len(ranked) >= self.depth else None

    def _side(self, side: int) -> list[Level]:
        shown, before, now = self._shown, self._edges[side], self._edge(side)
        told: list[Level] = []
        for rank, lots_before, lots in shown.changed[side]:
            if before is not None and rank > before:
                break
            if lots == lots_before or (lots and now is not None and rank > now):
                continue
            told.append((abs(rank), lots))
        if before is not None:
            ranked, levels = shown.ranked[side], shown.levels[side]
            told += [(abs(rank), levels[abs(rank)]) for rank in ranked[bisect_right(ranked, before) : self.depth]]
        if len(told) > 1:
            # What goes is told before what comes: the SDK cuts its book to the depth after every single level.
            told.sort(key=_comes)
        self._edges[side] = now
        return told


def _comes(level: Level) -> bool:
    """Whether a change is a level that stands, not one that goes."""
    return level[1] > 0


class Queues:
    """The single orders in line at the best `depth` prices of each side, as a reader has them who was told everything."""

    def __init__(self, shown: Shown, depth: int) -> None:
        self._shown, self.depth = shown, depth
        self._told: tuple[dict[int, dict[int, int]], dict[int, dict[int, int]]] = ({}, {})
        for side in (BUY, SELL):
            self._told[side].update(self._lines(side))

    def orders(self) -> tuple[list[Queued], list[Queued]]:
        """Bids and asks: by price, the best first, and in line."""
        bids, asks = (
            [each for rank in self._shown.ranked[side][: self.depth] for each in self._shown.queue(side, abs(rank))]
            for side in (BUY, SELL)
        )
        return bids, asks

    def changes(self) -> tuple[list[Queued], list[Queued]]:
        """What to tell after a settling: what went, then what came, in line. An order that lost its place goes and comes."""
        return self._side(BUY), self._side(SELL)

    def _lines(self, side: int) -> dict[int, dict[int, int]]:
        shown = self._shown
        return {abs(rank): dict(shown.lines[side][abs(rank)]) for rank in shown.ranked[side][: self.depth]}

    def _side(self, side: int) -> list[Queued]:
        shown, told = self._shown, self._told[side]
        if not shown.changed[side]:
            return []
        went: list[Queued] = []
        came: list[Queued] = []
        inside = {abs(rank) for rank in shown.ranked[side][: self.depth]}
        for rank, _before, _after in shown.changed[side]:
            price = abs(rank)
            if price in told:
                new = shown.lines[side].get(price, {})
                if price in inside or not new:
                    _compare(shown, price, told[price], new, went, came)
                told[price] = dict(new)
        for price in [price for price in told if price not in inside]:
            del told[price]  # the reader cuts it himself, or was told that all of it went
        for price in sorted(inside - told.keys(), reverse=side == BUY):
            told[price] = dict(shown.lines[side][price])
            came += shown.queue(side, price)
        return went + came


def _compare(
    shown: Shown, price: int, old: dict[int, int], new: dict[int, int], went: list[Queued], came: list[Queued]
) -> None:
    """How one line became another: what stayed is the part of the old one that kept its order; all else stands behind it."""
    before, stayed = iter(old), set()
    for order in new:
        if order not in old or not any(each == order for each in before):
            break
        stayed.add(order)
    went += [Queued("delete", order, price, lots, 0) for order, lots in old.items() if order not in stayed]
    for order, lots in new.items():
        at_us = shown.orders[order][2]
        if order not in stayed:
            came.append(Queued("add", order, price, lots, at_us))
        elif lots != old[order]:
            came.append(Queued("modify", order, price, lots, at_us))
