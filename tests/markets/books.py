"""Books for tests: short words for orders, and books drawn as people draw them."""

from itertools import count

from openscrip.markets.book import ACTIVATIONS_MAX, ORDERS_MAX, Book
from openscrip.markets.events import Event, Kind
from openscrip.markets.ladder import Resting
from openscrip.markets.orders import Command, Limit, New, SelfTrade, Side, Terms

BUY, SELL = Side.BUY, Side.SELL


class Market:
    """One book with a number for each new order; every order has an owner of its own unless one is named."""

    def __init__(self, orders_max: int = ORDERS_MAX, activations_max: int = ACTIVATIONS_MAX) -> None:
        self.book = Book(orders_max, activations_max)
        self._ids = count(1)
        self.events: list[Event] = []

    def place(
        self,
        side: Side,
        lots: int,
        terms: Terms | int,
        owner: int = 0,
        self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST,
    ) -> int:
        """Place an order; a bare number is the price of a limit order. Gives its id."""
        number = next(self._ids)
        kind = Limit(terms) if isinstance(terms, int) else terms
        self.does(New(number, owner or 1_000 + number, side, lots, kind, self_trade))
        return number

    def does(self, command: Command) -> list[Event]:
        """Apply a command and keep what it told."""
        self.events = self.book.apply(command)
        check(self.book)
        return self.events

    def told(self, kind: Kind) -> list[Event]:
        """What the last command told of one kind."""
        return [event for event in self.events if event.kind is kind]

    def trades(self) -> list[tuple[int, int, int, int]]:
        """The last command's trades as (taker, maker, price, lots)."""
        return [(event.order, event.other, event.price, event.lots) for event in self.told(Kind.TRADED)]


def draw(book: Book) -> str:
    """Bids left, asks right, the highest price on top; what shows, order by order in line."""
    shown = {price: ("", _line(line)) for price, line in book.asks.lines()}
    for price, line in book.bids.lines():
        shown[price] = (_line(line), shown.get(price, ("", ""))[1])
    return "\n".join(f"{bid:>8} | {price} | {ask}".rstrip() for price, (bid, ask) in sorted(shown.items(), reverse=True))


def _line(line: dict[int, Resting]) -> str:
    return " ".join(str(order.visible) for order in line.values())


def check(book: Book) -> None:
    """What holds of every book after every command."""
    bid, ask = book.bids.best, book.asks.best
    if book.phase is book.phase.CONTINUOUS and bid is not None and ask is not None and bid >= ask:
        raise AssertionError(f"book: crossed at {bid} and {ask}")
    standing = {order.id: order for side in book.sides for order in side.orders()}
    if standing.keys() != book.resting.keys():
        raise AssertionError("book: the index of orders differed from the sides")
    for order in standing.values():
        most = min(order.display, order.left) if order.display else order.left
        if not 0 < order.visible <= most or order.left <= 0:
            raise AssertionError(f"book: order {order.id} showed {order.visible} of {order.left}")
