"""The native book does what the reference book does: event for event, state for state, whatever its window."""

import array
import resource
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.markets.test_book_machine import commands

from openscrip.markets.book import Book
from openscrip.markets.books import ReferenceBook
from openscrip.markets.native import built_module
from openscrip.markets.orders import Command, Limit, New, Side
from openscrip.markets.rows import to_row
from openscrip.markets.state import book_of, state_of
from openscrip.markets.streams import deep_stream, play

SMALLEST, WIDEST = 6, 18
CHUNKS, CHUNK = 20, 100_000
SPREADS = (12, 12, 400, 30_000)
"""Ticks around the middle: within the smallest window (most trades), beyond it, and beyond its map's neighbourhood."""


@pytest.fixture(scope="module")
def native() -> ModuleType:
    """The built module; the set-up of the tests builds it."""
    found = built_module()
    assert found is not None, "the native book was not built: run tools/native_book.py"
    return found


def told_by(book: Any, command: Command) -> list[tuple[int, ...]]:
    """The events of one command."""
    told: list[tuple[int, ...]] = book.apply_row(to_row(command))
    return told


def agree(reference: Book, native: Any, given: Sequence[Command]) -> None:
    """Apply the same commands to both and compare every event; at the end their hash and their state."""
    for number, command in enumerate(given):
        wanted = [tuple(int(column) for column in event) for event in reference.apply(command)]
        assert told_by(native, command) == wanted, f"command {number}: {command}"
    assert native.digest == reference.digest
    assert native.sequence == reference.sequence
    assert native.state() == state_of(reference)
    for side in Side:
        assert native.depth(side, 7) == reference.sides[side].depth(7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(CHUNKS))
def test_both_books__on_two_million_commands_of_every_kind__tell_the_same(native: ModuleType, seed: int) -> None:
    bits = SMALLEST if seed % 2 else WIDEST
    activations = 3 if seed % 5 == 0 else 10_000
    agree(Book(300, activations), native.NativeBook(bits, 300, activations), commands(seed, CHUNK, SPREADS[seed % 4]))


@pytest.mark.parametrize("bits", [SMALLEST, WIDEST])
@pytest.mark.parametrize("spread", SPREADS)
def test_both_books__on_a_few_thousand_commands__tell_the_same(native: ModuleType, bits: int, spread: int) -> None:
    agree(Book(300), native.NativeBook(bits, 300), commands(1_000 + spread, 3_000, spread))


def test_both_books__taken_over_by_the_other__go_on_alike(native: ModuleType) -> None:
    given = commands(21, 3_000, 400)
    reference, book = Book(), native.NativeBook(SMALLEST)
    agree(reference, book, given[:1_500])
    again = native.NativeBook(WIDEST)
    again.load(state_of(reference))
    agree(book_of(book.state()), again, given[1_500:])


def test_a_batch__with_little_room__stops_between_commands_and_loses_no_event(native: ModuleType) -> None:
    given = commands(5, 4_000)
    rows = array.array("q", [int(number) for command in given for number in to_row(command)])
    view = memoryview(rows).cast("B").cast("q", (len(given), 10))
    events: list[tuple[int, ...]] = []
    book, done = native.NativeBook(), 0
    table: Any = memoryview(bytearray(3 * 64)).cast("q", (3, 8))
    while True:
        taken, told = book.batch(view[done:], table)
        done += taken
        events += [tuple(row) for row in table.tolist()[:told]]
        if done == len(given) and not told:
            break
    reference = Book()
    wanted = [tuple(int(column) for column in event) for command in given for event in reference.apply(command)]
    assert events == wanted
    assert book.digest == reference.digest


@pytest.mark.parametrize("row", [
    [9, 1, 1, 0, 0, 1, 1, 0, 0, 0], [1, 1, 1, 2, 0, 1, 1, 0, 0, 0], [1, 1, 1, 0, 9, 1, 1, 0, 0, 0],
    [1, 1, 1, 0, 0, 1, 1, 0, 48, 0], [6, 0, 0, 0, 0, 0, 3, 0, 0, 0], [1, 1],
], ids=str)  # fmt: skip
def test_a_row_that_is_no_command__is_refused_and_changes_nothing(native: ModuleType, row: list[int]) -> None:
    book = native.NativeBook()
    before = book.state()
    with pytest.raises(ValueError, match="book: "):
        book.apply_row(row)
    assert book.state() == before


def test_an_order__sweeping_far_more_makers_than_there_is_room_for__is_told_whole(native: ModuleType) -> None:
    given: list[Command] = [New(number, 1, Side.SELL, 1, Limit(100)) for number in range(1, 501)]
    agree(Book(), native.NativeBook(), [*given, New(501, 2, Side.BUY, 500, Limit(100))])


def test_a_batch__of_something_else_than_a_table_of_int64__is_refused(native: ModuleType) -> None:
    events = np.zeros((8, 8), dtype=np.int64)
    wrong: list[Any] = [
        np.zeros((2, 9), dtype=np.int64), np.zeros((2, 10), dtype=np.int32), np.zeros((2, 10)), np.zeros(20, dtype=np.int64),
        np.zeros((2, 20), dtype=np.int64)[:, ::2], [[2, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
    ]  # fmt: skip
    for rows in wrong:
        with pytest.raises((ValueError, TypeError, BufferError)):
            native.NativeBook().batch(rows, events)
    closed = events.copy()
    closed.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        native.NativeBook().batch(np.zeros((2, 10), dtype=np.int64), closed)


def test_a_call__with_a_number_beyond_64_bits__is_refused_and_changes_nothing(native: ModuleType) -> None:
    book = native.NativeBook()
    with pytest.raises(OverflowError):
        book.add(1, 1, 0, 2**64, 1)
    with pytest.raises(TypeError):
        book.cancel("1")
    with pytest.raises(TypeError):
        book.cancel()
    assert book.last_id == 0


def test_what_a_call_gave__is_the_callers_own__and_outlives_the_book(native: ModuleType) -> None:
    book = native.NativeBook()
    first = book.add(1, 1, 0, 100, 5)
    kept = [tuple(event) for event in first]
    for number in range(2, 400):
        book.add(number, 1, 0, 100, 5)
    book.add(400, 2, 1, 100, 5 * 399)
    assert len(book.told()) == 1 + 399 + 1
    del book
    assert first == kept


def test_events_without_room__are_kept__and_other_calls_wait_for_them(native: ModuleType) -> None:
    for book in (native.NativeBook(), ReferenceBook()):
        rows = np.array([[1, number, number, 0, 0, 5, 100, 0, 0, 0] for number in (1, 2)], dtype=np.int64)
        events = np.zeros((1, 8), dtype=np.int64)
        assert book.batch(rows, events) == (1, 1)
        with pytest.raises(ValueError, match="not fetched"):
            book.cancel(1)
        assert book.batch(rows[1:], events) == (0, 1)
        assert book.batch(rows[1:], events) == (1, 1)
        assert book.batch(rows[2:], events) == (0, 1)
        assert book.cancel(1) == [(7, 1, 0, 0, 100, 0, 5, 10)]


def test_orders_that_rest__use_no_more_than_200_bytes_each(native: ModuleType) -> None:
    number, before = 200_000, _resident_bytes()
    book = native.NativeBook()
    for order in range(1, number + 1):
        book.enter(order, order, order & 1, 100_000 + (order & 1) * 1_000 - order % 500, 5)
    assert book.resting == number
    assert _resident_bytes() - before <= 200 * number


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_deep_book__in_batches__does_what_it_does_one_by_one(native: ModuleType) -> None:
    # Beyond 16,384 orders batches go a way of their own; single commands never do, and are compared with the reference above.
    filling, then = deep_stream(20_000, resting=17_500)
    deep, single = native.NativeBook(), native.NativeBook()
    for rows in (filling, then):
        play(rows, deep)
        for row in rows.tolist():
            single.apply_row(row)
        assert (deep.digest, deep.resting) == (single.digest, single.resting)
    assert deep.resting > 16_384
    again = native.NativeBook()
    again.load(deep.state())
    assert deep.state() == single.state() == again.state()
