"""A follower gets each fact once and in order, whatever it misses, and never holds the venue up."""

import threading
from collections.abc import Iterator

import pytest

from openscrip.markets.following import FACTS_MAX, Facts, Follower, Passing

LONG_S = 60.0


class Told:
    def __init__(self, sequence: int) -> None:
        self.sequence = sequence


class Journal:
    """What is durable: one list of facts for each command."""

    def __init__(self) -> None:
        self.commands: list[list[Told]] = []
        self.asked: list[int] = []

    def add(self, facts: int = 2) -> list[Told]:
        self.commands.append([Told(len(self.commands) + 1) for _ in range(facts)])
        return self.commands[-1]

    def again(self, after: int) -> Iterator[Facts]:
        self.asked.append(after)
        yield from self.commands[after:]


class Book:
    """What was written, all or nothing; `closed` holds it up."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.refusals = 0

    def write(self, facts: Facts, last: int) -> None:
        self.open.wait()
        if self.refusals:
            self.refusals -= 1
            raise Passing("disk: full")
        self.written += [fact.sequence for fact in facts]
        assert last == facts[-1].sequence


def followed(journal: Journal, book: Book, position: int = 0, facts_max: int = FACTS_MAX) -> Follower:
    return Follower("test", position, book.write, journal.again, facts_max=facts_max)


def expected(count: int) -> list[int]:
    return [number for number in range(1, count + 1) for _ in range(2)]


def test_facts__told_one_after_another__are_written_once_and_in_order() -> None:
    journal, book = Journal(), Book()
    follower = followed(journal, book)
    follower.start(0)
    for _ in range(500):
        follower.hear(journal.add())
    assert follower.reached(500, LONG_S)
    follower.stop()
    assert book.written == expected(500)
    assert journal.asked == []


def test_a_follower__that_starts_late__takes_the_rest_from_the_journal_first() -> None:
    journal, book = Journal(), Book()
    for _ in range(30):
        journal.add()
    follower = followed(journal, book, position=10)
    follower.start(30)
    follower.hear(journal.add())
    assert follower.reached(31, LONG_S)
    follower.stop()
    assert book.written == expected(31)[20:]
    assert journal.asked == [10]


def test_a_follower__whose_queue_overflows__drops_there_and_reads_the_journal() -> None:
    journal, book = Journal(), Book()
    follower = followed(journal, book, facts_max=10)
    follower.start(0)
    book.open.clear()
    for _ in range(200):
        follower.hear(journal.add())
    assert follower.overflows == 1
    book.open.set()
    assert follower.reached(200, LONG_S)
    follower.hear(journal.add())
    assert follower.reached(201, LONG_S)
    follower.stop()
    assert book.written == expected(201)


def test_the_last_commands__that_told_nothing__count_as_written() -> None:
    journal, book = Journal(), Book()
    journal.add()
    journal.add(0)
    follower = followed(journal, book)
    follower.start(2)
    assert follower.reached(2, LONG_S)
    follower.stop()
    assert book.written == [1, 1]


@pytest.mark.slow
def test_a_disk__that_is_full_for_a_while__loses_nothing() -> None:
    journal, book = Journal(), Book()
    seen: list[BaseException] = []
    book.refusals = 2
    follower = Follower("test", 0, book.write, journal.again, on_trouble=seen.append)
    follower.start(0)
    follower.hear(journal.add())
    assert follower.reached(1, LONG_S)
    assert follower.trouble is None
    assert len(seen) == 2
    follower.stop()
    assert book.written == [1, 1]


def test_a_follower__that_is_stopped_while_the_disk_is_full__writes_nothing_past_the_gap() -> None:
    journal, book = Journal(), Book()
    book.refusals = 10**9
    follower = followed(journal, book)
    follower.start(0)
    for _ in range(3):
        follower.hear(journal.add())
    follower.stop()
    assert (book.written, follower.position) == ([], 0)


def test_a_bug__in_what_writes__stops_the_follower_and_is_kept() -> None:
    journal = Journal()

    def broken(_facts: Facts, _last: int) -> None:
        raise KeyError("unknown")

    follower = Follower("test", 0, broken, journal.again)
    follower.start(0)
    follower.hear(journal.add())
    assert not follower.reached(1, LONG_S)
    assert isinstance(follower.trouble, KeyError)
    follower.hear(journal.add())
    follower.stop()


@pytest.mark.parametrize("held_up", [1, 7, 40])
def test_facts__told_while_the_journal_is_read__come_once(held_up: int) -> None:
    journal, book = Journal(), Book()
    for _ in range(held_up):
        journal.add()
    follower = followed(journal, book, facts_max=6)
    follower.start(held_up)
    for _ in range(300):
        follower.hear(journal.add())
    assert follower.reached(held_up + 300, LONG_S)
    follower.stop()
    assert book.written == expected(held_up + 300)
