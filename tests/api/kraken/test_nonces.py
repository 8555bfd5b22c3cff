"""Nonces: rising, once, journalled first, and a window that forgives order and nothing else."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.api.kraken.nonces import Nonces
from openscrip.kernel.errors import Refused


@dataclass
class Book:
    """A journal in memory."""

    highest: dict[int, int] = field(default_factory=dict)

    def nonces(self) -> Nonces:
        return Nonces(lambda key: self.highest.get(key, -1), self.highest.__setitem__)


def refused(nonces: Nonces, key: int, nonce: int, window_s: int = 0, now_s: float = 0.0) -> bool:
    try:
        nonces.use(key, nonce, window_s, now_s)
    except Refused as no:
        return no.code == "api.nonce"
    return False


def test_a_nonce__not_above_the_last__is_refused_and_moves_nothing() -> None:
    book = Book()
    nonces = book.nonces()
    nonces.use(1, 10, 0, 0.0)
    assert refused(nonces, 1, 10)
    assert refused(nonces, 1, 9)
    assert book.highest == {1: 10}
    nonces.use(1, 11, 0, 0.0)
    nonces.use(2, 1, 0, 0.0)
    assert book.highest == {1: 11, 2: 1}


def test_a_nonce__used_before_a_restart__is_refused_after_it() -> None:
    book = Book()
    book.nonces().use(1, 10, 0, 0.0)
    assert refused(book.nonces(), 1, 10)
    assert not refused(book.nonces(), 1, 11)


def test_a_lower_nonce__inside_the_window__serves_once() -> None:
    nonces = Book().nonces()
    nonces.use(1, 10, 5, 0.0)
    nonces.use(1, 20, 5, 1.0)
    assert not refused(nonces, 1, 15, 5, 2.0)
    assert refused(nonces, 1, 15, 5, 2.0)
    assert refused(nonces, 1, 20, 5, 2.0)
    assert refused(nonces, 1, 10, 5, 2.0)


def test_a_lower_nonce__after_the_window__is_refused() -> None:
    nonces = Book().nonces()
    nonces.use(1, 20, 5, 0.0)
    assert not refused(nonces, 1, 15, 5, 4.0)
    assert refused(nonces, 1, 16, 5, 5.1)
    assert not refused(nonces, 1, 21, 5, 5.2)


def test_a_nonce_of_a_window__after_a_restart__must_be_above_the_highest() -> None:
    book = Book()
    book.nonces().use(1, 20, 5, 0.0)
    assert refused(book.nonces(), 1, 15, 5, 0.1)


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 3)), max_size=60), st.integers(0, 3))
def test_no_nonce_serves_twice__whatever_the_window(asked: list[tuple[int, float]], window_s: int) -> None:
    book = Book()
    nonces, served, now_s = book.nonces(), [], 0.0
    for nonce, later_s in asked:
        now_s += later_s
        if not refused(nonces, 1, nonce, window_s, now_s):
            served.append(nonce)
    assert len(served) == len(set(served))
    assert book.highest.get(1, -1) == max(served, default=-1)


def test_a_window_keeps_no_more_than_it_needs() -> None:
    nonces = Book().nonces()
    for step in range(10_000):
        nonces.use(1, step, 1, step / 1_000)
    with pytest.raises(Refused):
        nonces.use(1, 8_900, 1, 10.0)
    assert len(nonces._seen[1].inside) < 1_100
    assert len(nonces._seen[1].highs) < 1_100
