"""One face for both books: the native one where it was built, the reference where not. They tell the same, event for event."""

from collections.abc import Sequence
from typing import Any, Protocol

from openscrip.markets.book import ACTIVATIONS_MAX, ORDERS_MAX, Book
from openscrip.markets.native import built_module
from openscrip.markets.orders import Side
from openscrip.markets.rows import from_row
from openscrip.markets.state import book_of, state_of

Told = list[tuple[int, ...]]
"""Events in order, each the eight numbers of `events.Event`."""

WINDOW_BITS = 18
COLUMNS = 10
"""Of a command's row."""


class BookFace(Protocol):
    """One instrument's book. Prices are ticks, quantities lots; an owner is an account, which never trades with itself.

    Warning: memory grows by about 100 bytes a resting order and is taken by `make_book` as room alone, not touched.
    """

    @property
    def digest(self) -> int:
        """The running hash over every event since the beginning."""

    @property
    def sequence(self) -> int:
        """How many events there were."""

    @property
    def last(self) -> int:
        """The last price that traded, in ticks; 0 before the first."""

    @property
    def last_id(self) -> int:
        """The highest id of an order so far."""

    @property
    def phase(self) -> int:
        """See `orders.Phase`."""

    @property
    def resting(self) -> int:
        """How many orders are in the book."""

    @property
    def waiting(self) -> int:
        """How many wait for a price."""

    def apply_row(self, row: Sequence[int], /) -> Told:
        """Do one command (see `rows`). Raises `ValueError` for a row that is none; nothing has changed then."""

    def add(self, order: int, owner: int, side: int, price: int, lots: int, /) -> Told:
        """A limit order until cancelled, by itself the most frequent command."""

    def cancel(self, order: int, /) -> Told:
        """Take an order out."""

    def batch(self, rows: Any, events: Any, /) -> tuple[int, int]:
        """Do commands (n x 10 of int64) until `events` (m x 8) is full: how many were done, how many events were told.

        It stops between commands. Events beyond the room come first in the next batch, and other calls are refused until then.
        """

    def state(self) -> list[int]:
        """Everything that decides what the book will do (see `state`)."""

    def load(self, numbers: list[int], /) -> None:
        """Take over a state. Only an empty book does; raises `ValueError` otherwise and for what is no state."""

    def depth(self, side: int, levels: int, /) -> list[tuple[int, int]]:
        """The best prices with the lots that show there."""


def make_book(window_bits: int = WINDOW_BITS, orders_max: int = ORDERS_MAX, activations_max: int = ACTIVATIONS_MAX) -> BookFace:
    """An empty book. The window is a matter of speed alone: 2^`window_bits` ticks lie in an array, the rest in a map."""
    module = built_module()
    if module is None:
        return ReferenceBook(orders_max, activations_max)
    book: BookFace = module.NativeBook(window_bits, orders_max, activations_max)
    return book


class ReferenceBook:
    """The reference book behind the face."""

    def __init__(self, orders_max: int = ORDERS_MAX, activations_max: int = ACTIVATIONS_MAX) -> None:
        self._limits = (orders_max, activations_max)
        self._book = Book(*self._limits)
        self._untold: Told = []

    @property
    def digest(self) -> int:
        """As the face says."""
        return self._book.digest

    @property
    def sequence(self) -> int:
        """As the face says."""
        return self._book.sequence

    @property
    def last(self) -> int:
        """As the face says."""
        return self._book.last

    @property
    def last_id(self) -> int:
        """As the face says."""
        return self._book.last_id

    @property
    def phase(self) -> int:
        """As the face says."""
        return int(self._book.phase)

    @property
    def resting(self) -> int:
        """As the face says."""
        return len(self._book.resting)

    @property
    def waiting(self) -> int:
        """As the face says."""
        return len(self._book.armed)

    def apply_row(self, row: Sequence[int], /) -> Told:
        """As the face says."""
        if self._untold:
            raise ValueError("book: events of the last batch were not fetched yet")
        return self._told(row)

    def add(self, order: int, owner: int, side: int, price: int, lots: int, /) -> Told:
        """As the face says."""
        return self.apply_row((1, order, owner, side & 1, 0, lots, price, 0, 0, 0))

    def cancel(self, order: int, /) -> Told:
        """As the face says."""
        return self.apply_row((2, order, 0, 0, 0, 0, 0, 0, 0, 0))

    def batch(self, rows: Any, events: Any, /) -> tuple[int, int]:
        """As the face says."""
        room, done = len(events), 0
        told, self._untold = self._untold, []
        for row in rows.tolist():
            if len(told) >= room:
                break
            try:
                told += self._told(row)
            except ValueError:
                if not done and not told:
                    raise
                break
            done += 1
        told, self._untold = told[:room], told[room:]
        for place, event in enumerate(told):
            for column, number in enumerate(event):
                events[place, column] = number
        return done, len(told)

    def state(self) -> list[int]:
        """As the face says."""
        return state_of(self._book)

    def load(self, numbers: list[int], /) -> None:
        """As the face says."""
        if self._book.resting or self._book.armed or self._book.last_id:
            raise ValueError("state: the book was not empty")
        self._book = book_of(numbers, *self._limits)

    def depth(self, side: int, levels: int, /) -> list[tuple[int, int]]:
        """As the face says."""
        return self._book.sides[Side(side)].depth(levels)

    def _told(self, row: Sequence[int]) -> Told:
        if len(row) != COLUMNS:
            raise ValueError("book: a command has ten columns")
        op, number, owner, side, kind, lots, a, b, flags, until = row
        command = from_row((op, number, owner, side, kind, lots, a, b, flags, until))
        return [tuple(map(int, event)) for event in self._book.apply(command)]
