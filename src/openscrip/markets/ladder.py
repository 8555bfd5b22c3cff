"""One side of a book: prices in order, and at each price its orders in line."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from openscrip.markets.orders import SelfTrade, Side


@dataclass(slots=True, eq=False)
class Resting:
    """An order in the book, or on its way through it. `display` 0 shows everything."""

    id: int
    owner: int
    side: Side
    price: int
    left: int
    self_trade: SelfTrade
    display: int = 0
    expires_at: int = 0
    post_only: bool = False
    filled: int = 0
    visible: int = 0

    def show(self) -> None:
        """Show the next part."""
        self.visible = min(self.display, self.left) if self.display else self.left

    def take(self, lots: int) -> None:
        """So many lots of it were executed."""
        self.left -= lots
        self.filled += lots
        self.visible = max(0, self.visible - lots)


class Ladder:
    """The orders of one side."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._prices: list[int] = []  # rising
        self._lines: dict[int, dict[int, Resting]] = {}

    def __bool__(self) -> bool:
        return bool(self._prices)

    @property
    def best(self) -> int | None:
        """The price that trades first."""
        if not self._prices:
            return None
        return self._prices[-1] if self.side is Side.BUY else self._prices[0]

    def first(self) -> Resting:
        """The order that trades first."""
        price = self._prices[-1] if self.side is Side.BUY else self._prices[0]
        return next(iter(self._lines[price].values()))

    def add(self, order: Resting) -> None:
        """Put an order at the end of its price."""
        line = self._lines.get(order.price)
        if line is None:
            line = self._lines[order.price] = {}
            insort(self._prices, order.price)
        line[order.id] = order

    def remove(self, order: Resting) -> None:
        """Take an order out."""
        line = self._lines[order.price]
        del line[order.id]
        if not line:
            del self._lines[order.price]
            del self._prices[bisect_left(self._prices, order.price)]

    def to_the_end(self, order: Resting) -> None:
        """An order loses its place at its price."""
        line = self._lines[order.price]
        line[order.id] = line.pop(order.id)

    def lines(self) -> Iterator[tuple[int, dict[int, Resting]]]:
        """Prices with their orders, the one that trades first at the head."""
        for price in reversed(self._prices) if self.side is Side.BUY else self._prices:
            yield price, self._lines[price]

    def orders(self) -> Iterator[Resting]:
        """Every order, in the order in which they would trade."""
        for _price, line in self.lines():
            yield from line.values()

    def depth(self, levels: int) -> list[tuple[int, int]]:
        """The best prices with the lots that show there."""
        found: list[tuple[int, int]] = []
        for price, line in self.lines():
            if len(found) == levels:
                break
            found.append((price, sum(order.visible for order in line.values())))
        return found


def reaches(side: Side, limit: int, price: int) -> bool:
    """Whether an order of `side` with that limit may trade at `price`."""
    return price <= limit if side is Side.BUY else price >= limit
