"""Made streams are the golden ones, on both books; kept ones play as they were made, and what is none is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from openscrip.kernel.errors import Refused
from openscrip.markets.books import BookFace, ReferenceBook, make_book
from openscrip.markets.streams import FILL_HASH_START, Maker, Rows, Tally, deep_stream, play, read, replay, save, stream

# The venue reference, section 9.3: messages, adds, cancels, fills, resting, hash of the fills.
GOLDEN = (
    (1_000, 943, 57, 258, 626, 1390962697102790215),
    (20_000, 15_047, 4_953, 5_945, 4_127, 17636335675156064468),
    (100_000, 69_114, 30_886, 33_214, 4_893, 17224873234091591326),
    (1_000_000, 672_262, 327_738, 338_074, 5_001, 6861862053463623324),
)
# Section 9.4, ids from 0 there and from 1 here: what the book is told, fills so far, hash so far.
BY_HAND = (
    ((1, 1, 34567, 1250), 0, FILL_HASH_START), ((2, 1, 34570, 300), 0, FILL_HASH_START),
    ((3, 1, 34567, 100), 0, FILL_HASH_START), ((4, 0, 34560, 825), 0, FILL_HASH_START),
    ((5, 0, 34567, 1300), 2, 2951215679089934345), ((3,), 2, 2951215679089934345), ((3,), 2, 2951215679089934345),
    ((6, 0, 34570, 400), 3, 6031870658784332829),
)  # fmt: skip
BOOKS: dict[str, Callable[[], BookFace]] = {"built": make_book, "reference": ReferenceBook}


@pytest.fixture(scope="module")
def made() -> Rows:
    """A million messages."""
    return stream(1_000_000)


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("golden", GOLDEN[:2], ids=lambda golden: str(golden[0]))
def test_the_stream__from_seed_7__is_the_golden_one(name: str, golden: tuple[int, ...]) -> None:
    assert play(stream(golden[0]), BOOKS[name]()) == Tally(*golden)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("golden", GOLDEN[2:], ids=lambda golden: str(golden[0]))
def test_a_longer_stream__from_seed_7__is_the_golden_one(made: Rows, name: str, golden: tuple[int, ...]) -> None:
    assert play(made[: golden[0]], BOOKS[name]()) == Tally(*golden)


def test_the_stream__begins_with_the_three_adds_of_the_reference() -> None:
    first = [(row[1] - 1, row[3], row[6], row[5]) for row in stream(3).tolist()]
    assert first == [(0, 0, 99987, 46), (1, 1, 100001, 57), (2, 1, 100002, 26)]


@pytest.mark.parametrize("name", BOOKS)
def test_the_book_by_hand__gives_the_fills_of_the_reference(name: str) -> None:
    book, tally = BOOKS[name](), Tally()
    kinds = []
    for numbers, fills, digest in BY_HAND:
        told = book.cancel(*numbers) if len(numbers) == 1 else book.add(numbers[0], numbers[0], *numbers[1:])
        kinds.append(told[-1][0])
        tally.hears(told)
        assert (tally.fills, tally.fill_hash) == (fills, digest)
    assert kinds == [5, 5, 5, 5, 6, 7, 10, 5]


def test_both_books__on_one_stream__have_one_hash_of_all_events() -> None:
    rows = stream(5_000, target=300, seed=11)
    assert play(rows, make_book()).digest == play(rows, ReferenceBook()).digest


def test_the_maker__that_makes_in_parts__makes_the_same() -> None:
    maker = Maker()
    assert np.array_equal(np.concatenate([maker.rows(10), maker.rows(490)]), stream(500))


def test_a_deep_stream__fills_the_book_first_and_keeps_it_full() -> None:
    filling, then = deep_stream(2_000, resting=1_000)
    book = make_book()
    assert play(filling, book).resting >= 1_000
    assert play(then, book).resting > 700


def test_a_kept_stream__replays_as_it_was_made(tmp_path: Path) -> None:
    rows, path = stream(1_000), tmp_path / "stream.npy"
    save(rows, path)
    assert np.array_equal(read(path), rows)
    assert replay(path) == Tally(*GOLDEN[0])


@pytest.mark.parametrize("content", [b"", b"not a table", b"\x93NUMPY\x01\x00"], ids=["empty", "text", "cut"])
def test_a_file_that_holds_no_stream__is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stream.npy"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        replay(path)
    assert refused.value.code == "stream.file"
    with pytest.raises(Refused):
        replay(tmp_path / "nowhere.npy")


def test_a_table_of_other_columns__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stream.npy"
    save(np.zeros((3, 9), dtype=np.int64), path)
    with pytest.raises(Refused) as refused:
        replay(path)
    assert refused.value.code == "stream.file"


def test_a_stream_with_a_row_that_is_no_command__is_refused(tmp_path: Path) -> None:
    rows, path = stream(20), tmp_path / "stream.npy"
    rows[11, 0] = 9
    save(rows, path)
    with pytest.raises(Refused) as refused:
        replay(path)
    assert refused.value.code == "stream.row"
