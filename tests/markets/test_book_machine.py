"""Random commands of every kind: no lot appears or is lost, no book is crossed, and the same commands give the same hash."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.markets.books import check

from openscrip.markets.book import Book
from openscrip.markets.events import Event, Kind
from openscrip.markets.orders import (
    Amend,
    Cancel,
    Command,
    Enter,
    Expire,
    Iceberg,
    Index,
    Limit,
    Market,
    New,
    Phase,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
    Uncross,
)
from openscrip.markets.rows import from_row, to_row
from openscrip.markets.state import book_of, state_of


class Prices(Random):
    """Chance, and prices within `spread` of a middle that wanders where they are wide apart."""

    def __init__(self, seed: int, spread: int) -> None:
        super().__init__(seed)
        self._spread, self._middle = spread, 100 + 20 * (spread - 12)

    def price(self) -> int:
        """A price near the middle."""
        if self._spread > 12:
            self._middle = max(self._spread + 1, self._middle + self.randrange(-self._spread // 8, self._spread // 8 + 1))
        return self._middle + self.randrange(-self._spread, self._spread + 1)


def commands(seed: int, count: int, spread: int = 12) -> list[Command]:
    """Commands of every kind around one price, most of them orders."""
    pick, last = Prices(seed, spread), 0
    made: list[Command] = []
    for at in range(count):
        strike = pick.random()
        if strike < 0.62 or not last:
            last += 1
            made.append(_new(pick, last, at))
        elif strike < 0.82:
            made.append(Cancel(pick.randrange(max(1, last - 40), last + 2)))
        elif strike < 0.92:
            made.append(Amend(pick.randrange(max(1, last - 40), last + 1), *_changes(pick)))
        elif strike < 0.95:
            made.append(Index(pick.price()))
        elif strike < 0.97:
            made.append(Expire(at))
        elif strike < 0.985:
            made.append(Enter(pick.choice(list(Phase))))
        else:
            made += [Enter(Phase.CALL), *(_new(pick, last + n, at) for n in (1, 2, 3)), Uncross(pick.price())]
            last += 3
    return made


def _changes(pick: Prices) -> tuple[int, int, int, int]:
    return pick.choice([(pick.randrange(1, 30), 0, 0, 0), (0, pick.price(), 0, 0), (9, 0, 2, 0), (0, 0, 0, pick.price())])


def _new(pick: Prices, number: int, at: int) -> New:
    price, later = pick.price(), at + pick.randrange(1, 200)
    reference = pick.choice(list(Reference))
    kinds: list[Terms] = [
        Limit(price), Limit(price), Limit(price, TimeInForce.GTD, later), Limit(price, TimeInForce.IOC),
        Limit(price, TimeInForce.FOK), Limit(price, post_only=True), Iceberg(price, 1 + pick.randrange(4)),
        Market(price), Market(price, 1 + pick.randrange(3_000)), Stop(price, 3, reference), StopLimit(price, pick.price()),
        TakeProfit(price, 3, reference, later), TakeProfitLimit(price, pick.price()),
        Trailing(1 + pick.randrange(6), 4, reference), TrailingLimit(1 + pick.randrange(6), pick.randrange(-5, 6)),
    ]  # fmt: skip
    lots = pick.randrange(5, 25)
    return New(number, pick.randrange(1, 6), Side(pick.randrange(2)), lots, pick.choice(kinds), pick.choice(list(SelfTrade)))


def account(lots: dict[int, int], command: Command, events: list[Event], book: Book) -> None:
    """Follow each order by its events alone: what is open, as told, is what is open."""
    for event in events:
        match event.kind:
            case Kind.ACCEPTED:
                lots[event.order] = event.lots
            case Kind.TRADED:
                assert event.lots > 0
                lots[event.order] -= event.lots
                lots[event.other] -= event.lots
                assert lots[event.order] == event.left >= 0
                assert lots[event.other] == event.detail >= 0
            case Kind.CANCELLED:
                assert lots[event.order] == event.left or isinstance(command, Amend)
                lots[event.order] = 0
            case Kind.AMENDED:
                lots[event.order] = event.left
            case Kind.DONE:
                assert lots[event.order] == 0
            case _:
                pass
    standing = {order.id: order.left for order in book.resting.values()} | {a.id: a.lots for a in book.armed.values()}
    assert standing == {order: left for order, left in lots.items() if left}


@given(st.integers(0, 2**32))
def test_any_commands__no_lot_appears_or_is_lost(seed: int) -> None:
    book, lots = Book(), dict[int, int]()
    for command in commands(seed, 150):
        account(lots, command, book.apply(command), book)
        check(book)


@pytest.mark.slow
def test_a_long_run__every_kind_of_event_is_seen_and_no_lot_is_lost() -> None:
    book, lots, seen = Book(), dict[int, int](), set[Kind]()
    for command in commands(7, 8_000):
        events = book.apply(command)
        account(lots, command, events, book)
        seen |= {event.kind for event in events}
    assert seen == set(Kind)


def test_the_same_commands__give_the_same_hash_and_others_another() -> None:
    def digest(seed: int) -> int:
        book = Book()
        for command in commands(seed, 2_000):
            book.apply(command)
        return book.digest

    assert digest(1) == digest(1) != digest(2)


def test_a_book_of_any_state__goes_on_as_the_one_that_it_was_taken_from() -> None:
    kept = Book()
    for number, command in enumerate(commands(3, 3_000)):
        if number % 500 == 499:
            again = book_of(state_of(kept))
            assert state_of(again) == state_of(kept)
            kept = again
        row = to_row(command)
        assert from_row(row) == command
        kept.apply(command)
    straight = Book()
    for command in commands(3, 3_000):
        straight.apply(command)
    assert state_of(kept) == state_of(straight)
