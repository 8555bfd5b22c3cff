"""The inbox of a custodian's messages, on both databases, with several who read the same stream."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.databases import url_of

from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.iso_store import IsoStore, Row

MESSAGES, READERS, PAGE = 120, 4, 7
WAIT_S = 60.0


@pytest.fixture
def stores(place: Path) -> Iterator[list[IsoStore]]:
    made = [IsoStore.open(url_of(place)) for _ in range(READERS)]
    yield made
    for each in made:
        each.close()


def rows(first: int, count: int) -> list[Row]:
    return [Row(Envelope(number, "HOUSE", "semt.002", f"m{number}", 0, b"<x/>")) for number in range(first, first + count)]


def numbers(store: IsoStore, custodian: str) -> list[int]:
    return [row.envelope.number for row in store.rows(custodian, 0)]


def test_messages__that_do_not_follow_the_newest__are_not_kept(stores: list[IsoStore]) -> None:
    store = stores[0]
    assert not store.add("house", rows(2, 1))
    assert store.add("house", rows(1, 3))
    assert not store.add("house", rows(3, 3))
    assert not store.add("house", rows(5, 1))
    assert store.add("other", rows(1, 1))
    assert store.add("house", rows(4, 2))
    assert (numbers(store, "house"), numbers(store, "other")) == ([1, 2, 3, 4, 5], [1])


def test_messages__read_by_several_at_once__are_kept_once_and_without_an_error(stores: list[IsoStore]) -> None:
    begin = threading.Barrier(READERS)

    def read(store: IsoStore) -> None:
        begin.wait(WAIT_S)
        reached = 0
        while reached < MESSAGES:
            store.add("house", rows(reached + 1, min(PAGE, MESSAGES - reached)))
            reached = numbers(store, "house")[-1]

    with ThreadPoolExecutor(READERS) as readers:
        list(readers.map(read, stores, timeout=WAIT_S))
    assert numbers(stores[0], "house") == list(range(1, MESSAGES + 1))
