"""Depth views: what a reader rebuilds from snapshot and changes is the book, its checksum is Kraken's."""

import pytest
from tests.markets.test_book_machine import commands

from openscrip.markets.book import Book
from openscrip.markets.depth import BUY, SELL, Queues, Shown, Window
from openscrip.markets.events import Event, Kind
from openscrip.markets.orders import Command, Side
from openscrip.markets.state import state_of

ASKS = ((34567, 1_250_000_000), (34570, 300_000_000), (34600, 75_000_000))
BIDS = ((34560, 825_000_000), (34500, 5_000_000), (999, 10_000_000_000))


def shown_with(bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...], part: int = 1) -> Shown:
    shown = Shown()
    sides = [(Side.BUY, level) for level in bids] + [(Side.SELL, level) for level in asks]
    for number, (side, (price, lots)) in enumerate(sides, 1):
        shown.apply([Event(Kind.RESTED, number, side=side, price=price, lots=lots // part, left=lots // part)], 7)
    shown.settle()
    return shown


def test_the_worked_example_of_the_checksum__eight_and_four_decimals__is_krakens_number() -> None:
    assert shown_with(BIDS, ASKS).checksum() == 2781763855
    assert shown_with(BIDS, ASKS, part=10_000).checksum() == 834963415


def test_the_worked_example__a_better_bid_then_one_less__follows() -> None:
    shown = shown_with(BIDS, ASKS)
    window = Window(shown, 10)
    shown.apply([Event(Kind.RESTED, 9, side=BUY, price=34565, lots=110_000_000, left=110_000_000)], 8)
    assert shown.settle()
    assert shown.checksum() == 4134987968
    assert window.changes() == ([(34565, 110_000_000)], [])
    shown.apply([Event(Kind.CANCELLED, 1, side=BUY, price=34560, left=825_000_000)], 9)
    shown.settle()
    assert shown.checksum() == 2374714277
    assert window.changes() == ([(34560, 0)], [])


def test_a_price_that_comes_back_into_the_window__is_told_again() -> None:
    shown = shown_with(tuple((100 - n, 5) for n in range(12)), ())
    window = Window(shown, 10)
    shown.apply([Event(Kind.CANCELLED, 1, side=BUY, price=100, left=5)], 8)
    shown.settle()
    assert window.changes() == ([(100, 0), (90, 5)], [])
    shown.apply([Event(Kind.RESTED, 20, side=BUY, price=100, lots=2, left=2)], 9)
    shown.settle()
    assert window.changes() == ([(100, 2)], []), "the price that fell out is cut by the reader"


class Reader:
    """A client: applies a message level by level, and cuts to its depth after each."""

    def __init__(self, shown: Shown, depth: int) -> None:
        self.window, self.queues, self.depth = Window(shown, depth), Queues(shown, depth), depth
        self.sides = [dict(side) for side in self.window.levels()]
        self.lines: list[dict[int, dict[int, int]]] = [{}, {}]
        for side, orders in enumerate(self.queues.orders()):
            for each in orders:
                self.lines[side].setdefault(each.price, {})[each.order] = each.lots

    def hears(self) -> None:
        for side, levels in enumerate(self.window.changes()):
            for price, lots in levels:
                self.sides[side][price] = lots
                # After every single level, as the SDK does.
                kept = {price: lots for price, lots in self.sides[side].items() if lots}
                self.sides[side] = {price: kept[price] for price in self.ranked(side, kept)}
        for side, orders in enumerate(self.queues.changes()):
            lines = self.lines[side]
            for each in orders:
                line = lines.setdefault(each.price, {})
                if each.change == "delete":
                    del line[each.order]
                else:
                    assert (each.order in line) == (each.change == "modify")
                    line[each.order] = each.lots
            full = {price: line for price, line in lines.items() if line}
            self.lines[side] = {price: full[price] for price in self.ranked(side, full)}

    def ranked(self, side: int, prices: dict[int, object] | dict[int, int] | dict[int, dict[int, int]]) -> list[int]:
        return sorted(prices, reverse=side == BUY)[: self.depth]


@pytest.mark.parametrize(("seed", "spread", "every"), [(1, 12, 1), (2, 12, 3), (3, 60, 1), (4, 200, 7), (5, 400, 20)])
def test_readers_of_every_depth__random_commands__rebuild_the_book_level_for_level_and_order_for_order(
    seed: int, spread: int, every: int
) -> None:
    book, shown = Book(), Shown()
    readers: list[Reader] = []
    for number, command in enumerate(commands(seed, 1_500, spread)):
        shown.apply(book.apply(command), number)
        if number == 300:
            shown.settle()
            readers = [Reader(shown, depth) for depth in (1, 3, 10, 1_000)]
        if readers and number % every == 0:
            shown.settle()
            for reader in readers:
                reader.hears()
                agree(book, shown, reader)


def agree(book: Book, shown: Shown, reader: Reader) -> None:
    for side in (BUY, SELL):
        assert list(reader.sides[side].items()) == book.sides[side].depth(reader.depth) == shown.best(side, reader.depth)
        lines = {price: {o.id: o.visible for o in line.values()} for price, line in book.sides[side].lines()}
        wanted = [(price, list(line.items())) for price, line in lines.items()][: reader.depth]
        assert [(price, list(line.items())) for price, line in reader.lines[side].items()] == wanted


def test_a_view_loaded_from_a_books_state__equals_the_one_that_followed_its_events() -> None:
    book, followed = Book(), Shown()
    stream: list[Command] = commands(11, 600, 40)
    for command in stream[:400]:
        followed.apply(book.apply(command), 1)
    loaded = Shown()
    loaded.load(state_of(book), 1)
    for command in stream[400:]:
        events = book.apply(command)
        followed.apply(events, 1)
        loaded.apply(events, 1)
    followed.settle()
    loaded.settle()
    assert [followed.best(side, 1_000) for side in (BUY, SELL)] == [loaded.best(side, 1_000) for side in (BUY, SELL)]
    assert followed.lines == loaded.lines
    assert followed.checksum() == loaded.checksum()
    assert followed.queue_checksum() == loaded.queue_checksum()
