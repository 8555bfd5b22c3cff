"""Streams of orders for tests and measurements: made from a seed, kept in files, played through a book.

The made stream is that of the venue reference, section 9.3: a price that wanders, two adds to one cancel, a third of the
messages trading, about `target` orders resting. Chance and distances are floats; everything that reaches a book is whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from openscrip.kernel.errors import Refused
from openscrip.markets.books import COLUMNS, BookFace, Told, make_book
from openscrip.markets.events import Kind
from openscrip.markets.rows import Row

Rows = npt.NDArray[np.int64]
TARGET = 5_000
SEED = 7
MIDDLE = 100_000.0
FILL_HASH_START = 14_695_981_039_346_656_037
FILL_HASH_PRIME = 1_099_511_628_211
_MASK = 2**64 - 1
_PLACE, _CANCEL = 1, 2
_BATCH, _ROOM, _EVENT = 4_096, 32_768, 8


@dataclass(slots=True)
class Tally:
    """What a stream came to. `fill_hash` is over (maker x 31 + taker x 17 + price x 7 + lots) of each fill, ids from 0."""

    messages: int = 0
    adds: int = 0
    cancels: int = 0
    fills: int = 0
    resting: int = 0
    fill_hash: int = FILL_HASH_START
    digest: int = field(default=0, compare=False)

    def hears(self, events: Iterable[Iterable[int]]) -> None:
        """Count the fills among events."""
        for kind, taker, maker, _side, price, lots, _left, _detail in events:
            if kind == Kind.TRADED:
                self.fills += 1
                mixed = ((maker - 1) * 31 + (taker - 1) * 17 + price * 7 + lots) & _MASK
                self.fill_hash = ((self.fill_hash ^ mixed) * FILL_HASH_PRIME) & _MASK


class Maker:
    """Makes the stream. It plays every message through a book of its own, since what is cancelled must be open."""

    def __init__(self, target: int = TARGET, seed: int = SEED, book: BookFace | None = None) -> None:
        self._pick = Random(seed)  # noqa: S311  # a repeatable stream, no secret
        self._target, self._book = target, book or make_book()
        self._middle = MIDDLE
        self._live: list[int] = []
        self._places: dict[int, int] = {}
        self._last = 0
        self.tally = Tally()

    @property
    def resting(self) -> int:
        """How many orders are open now."""
        return len(self._live)

    def rows(self, count: int) -> Rows:
        """The next messages, each order by an owner of its own; ids go up from 1."""
        return np.array([self._next() for _ in range(count)], dtype=np.int64).reshape(count, COLUMNS)

    def _next(self) -> Row:
        pick, live = self._pick, len(self._live)
        self._middle += pick.gauss(0, 0.3)
        half_full = 0.30 if live > self._target // 2 else 0.05
        strike = pick.random()
        self.tally.messages += 1
        if live and strike < (0.44 if live > self._target else half_full):
            return self._cancel(live)
        return self._place(crosses=strike > 0.90)

    def _cancel(self, live: int) -> Row:
        pick = self._pick
        even = pick.random() < 0.5
        place = int(pick.random() * live) if even else -1 - int(min(live - 1, pick.expovariate(1 / 50)))
        order = self._live[place]
        self.tally.cancels += 1
        self._book.cancel(order)
        self._gone(order)
        return _CANCEL, order, 0, 0, 0, 0, 0, 0, 0, 0

    def _place(self, *, crosses: bool) -> Row:
        pick = self._pick
        side = 0 if pick.random() < 0.5 else 1
        if crosses:
            away, lots = -int(pick.expovariate(1 / 3)) - 1, 1 + int(pick.expovariate(1 / 150))
        else:
            away, lots = 1 + int(pick.expovariate(1 / 15)), 1 + int(pick.expovariate(1 / 100))
        price = int(self._middle) + (away if side else -away)
        self._last += 1
        self.tally.adds += 1
        self._keep(self._book.add(self._last, self._last, side, price, lots))
        return _PLACE, self._last, self._last, side, 0, lots, price, 0, 0, 0

    def _keep(self, told: Told) -> None:
        self.tally.hears(told)
        for event in told:
            if event[0] == Kind.TRADED and not event[7]:
                self._gone(event[2])
            elif event[0] == Kind.RESTED:
                self._places[event[1]] = len(self._live)
                self._live.append(event[1])

    def _gone(self, order: int) -> None:
        """The last takes the place of one that went."""
        place, last = self._places.pop(order), self._live.pop()
        if last != order:
            self._live[place] = last
            self._places[last] = place


def stream(count: int, target: int = TARGET, seed: int = SEED) -> Rows:
    """So many messages from the beginning of a stream."""
    return Maker(target, seed).rows(count)


def deep_stream(count: int, resting: int, seed: int = SEED) -> tuple[Rows, Rows]:
    """The messages that fill a book to `resting` orders, and `count` more that keep it near there."""
    # Far from the target a stream comes to rest at half of it: there as many orders are filled as more come than are cancelled.
    maker, filling = Maker(2 * resting, seed), list[Rows]()
    while maker.resting < resting:
        filling.append(maker.rows(_BATCH))
    return np.concatenate(filling), maker.rows(count)


def play(rows: Rows, book: BookFace | None = None) -> Tally:
    """Play rows through a book, a new one unless one is given. Raises `ValueError` for a row that is no command."""
    book, tally = book or make_book(), Tally()
    events = np.zeros((_ROOM, _EVENT), dtype=np.int64)
    done, told = 0, 1
    while done < len(rows) or told:
        taken, told = book.batch(rows[done : done + _BATCH], events)
        done += taken
        tally.hears(events[:told].tolist())
    ops = rows[:, 0]
    tally.messages, tally.resting, tally.digest = len(rows), book.resting, book.digest
    tally.adds, tally.cancels = int((ops == _PLACE).sum()), int((ops == _CANCEL).sum())
    return tally


def save(rows: Rows, path: Path) -> None:
    """Keep a stream: numpy's own form (.npy) of a table of ten columns of int64, see `rows`."""
    with path.open("wb") as file:
        np.save(file, rows, allow_pickle=False)


def read(path: Path) -> Rows:
    """A kept stream. Refuses with `stream.file` what is none."""
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as unread:
        raise Refused("stream.file", f"stream: {path} could not be read ({unread})") from unread
    if not isinstance(found, np.ndarray) or found.dtype != np.int64 or found.ndim != 2 or found.shape[1] != COLUMNS:
        raise Refused("stream.file", f"stream: {path} held no table of {COLUMNS} columns of int64")
    return np.ascontiguousarray(found)


def replay(path: Path) -> Tally:
    """Play a kept stream through a new book. Refuses with `stream.file` and, at the row, `stream.row`."""
    rows = read(path)
    try:
        return play(rows)
    except ValueError as wrong:
        raise Refused("stream.row", f"stream: {path}: {wrong}") from wrong
