"""A reader of a feed: what makes its last reading stale, and when it is woken."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.conformance.stores import Order, command, memory_store

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.feed import Activity, Feed, FeedReader
from openscrip.runtime.store import Store, Unit
from openscrip.runtime.worker import no_probe

LONG_S = 30.0


class Outside:
    """A feed that notes how often it was read, and what it does meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.polls = 0
        self.activity = Activity(threading.Event())
        self.ended = 0
        feed = Feed("broker", self._poll, lambda *_: None)
        self.reader = FeedReader(feed, memory_store(folder), no_probe, self.activity, ended=self._count)
        self.meanwhile: Callable[[], None] = lambda: None
        self.news: list[list[object]] = []
        """What the next readings find, the last first; after that, nothing."""

    def is_stale(self) -> bool:
        return self.reader.is_stale

    def _count(self) -> None:
        self.ended += 1

    def _poll(self, cursor: str) -> tuple[Sequence[object], str]:
        self.polls += 1
        self.meanwhile()
        return self.news.pop() if self.news else [], cursor


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


def test_a_reading__is_stale_once_anything_happened_since_it_began(outside: Outside) -> None:
    assert outside.is_stale()
    outside.reader.read()
    assert not outside.is_stale()
    outside.activity.note()
    assert outside.is_stale()


def test_a_feed_that_was_read_to_its_end__says_so(outside: Outside) -> None:
    outside.news = [["something"]]
    outside.reader.read()
    assert outside.ended == 0
    outside.reader.read()
    assert outside.ended == 1
    assert not outside.is_stale()


def test_a_feed_that_was_told_of_news__is_stale_until_it_was_read_from_the_beginning_again(outside: Outside) -> None:
    outside.reader.read()
    outside.reader.tell()
    assert outside.is_stale()
    outside.meanwhile = outside.reader.tell
    outside.reader.read()
    assert outside.is_stale()
    outside.meanwhile = lambda: None
    outside.reader.read()
    assert not outside.is_stale()


def test_a_reader_that_was_woken_for_what_it_has_seen__does_not_read_again(outside: Outside) -> None:
    outside.meanwhile = outside.reader.wake.set
    stop, read = threading.Event(), threading.Thread(target=lambda: outside.reader.run(stop))
    outside.reader.feed = Feed("broker", outside.reader.feed.poll, lambda *_: None, LONG_S)
    read.start()
    ends = time.monotonic() + LONG_S
    while outside.is_stale() and time.monotonic() < ends:
        time.sleep(0.001)
    before = outside.polls
    for _ in range(100):
        outside.reader.wake.set()
    outside.reader.tell()
    while outside.is_stale() and time.monotonic() < ends:
        time.sleep(0.001)
    stop.set()
    outside.reader.wake.set()
    read.join(LONG_S)
    assert not outside.is_stale()
    assert not read.is_alive()
    assert outside.polls - before < 100


class Beside:
    """A feed of `news` that `apply` applies, one that asks others alone, and one that looks at our own rows as well."""

    def __init__(self, store: Store, apply: Callable[[Unit, str], None]) -> None:
        self.activity = Activity(threading.Event())
        self.news: list[str] = []

        def poll(cursor: str) -> tuple[Sequence[str], str]:
            return self.news[int(cursor or 0) :], str(len(self.news))

        def reader(feed: Feed) -> FeedReader:
            return FeedReader(feed, store, no_probe, self.activity)

        self.told = reader(Feed("told", poll, apply, outside=True))
        self.others = reader(Feed("others", lambda cursor: ((), cursor), apply, outside=True))
        self.own = reader(Feed("own", lambda cursor: ((), cursor), apply))

    def read(self) -> None:
        for each in (self.told, self.others, self.own):
            each.read()

    def stale(self) -> list[str]:
        return [each.feed.name for each in (self.told, self.others, self.own) if each.is_stale]


def test_an_event_without_a_command__makes_stale_its_own_feed_and_what_looks_at_rows_of_ours(tmp_path: Path) -> None:
    feeds = Beside(memory_store(tmp_path), lambda unit, news: unit.put(Order(news)))
    feeds.read()
    assert feeds.stale() == []
    feeds.news.append("a")
    feeds.told.read()
    assert feeds.stale() == ["told", "own"]
    feeds.read()
    assert feeds.stale() == []


def test_an_event_with_a_new_command__makes_every_reading_stale(tmp_path: Path) -> None:
    store, seen = memory_store(tmp_path), []

    def apply(unit: Unit, news: str) -> None:
        unit.enqueue(command(news))
        seen.append(feeds.activity.outside)

    feeds = Beside(store, apply)
    feeds.read()
    feeds.news.append("a")
    before = feeds.activity.outside
    feeds.told.read()
    assert seen == [before]
    assert feeds.activity.outside > before
    assert feeds.stale() == ["told", "others", "own"]
    feeds.read()
    feeds.news.append("a")
    feeds.told.read()
    assert feeds.stale() == ["told", "own"], "a command that was there already asks nobody for anything"


def test_an_event_that_could_not_be_applied__leaves_its_feed_stale(tmp_path: Path) -> None:
    def apply(unit: Unit, _: str) -> None:
        raise Unavailable("the books did not answer")

    feeds = Beside(memory_store(tmp_path), apply)
    feeds.read()
    feeds.news.append("a")
    with pytest.raises(Unavailable):
        feeds.told.read()
    assert "told" in feeds.stale()
