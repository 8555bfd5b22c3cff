"""The venue's journal: groups a second and the time of a sync, replay into the book, and recovery of a whole venue.

`python -m bench.journal [FOLDER]`. Every recovery compares the digest that was journalled with its own, or it fails.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np

from openscrip.kernel.errors import Refused
from openscrip.markets.books import make_book
from openscrip.markets.commands import Admit, Clock, Command, Credit, List, Open, Place, Quote, Take
from openscrip.markets.facts import Fact
from openscrip.markets.groups import SLOT_BYTES, Records
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.journal import Journal
from openscrip.markets.orders import Limit, Side
from openscrip.markets.records import Kind
from openscrip.markets.recovery import open_journal
from openscrip.markets.snapshot import Snapshot, write_snapshot
from openscrip.markets.storage import FolderStorage
from openscrip.markets.streams import Maker
from openscrip.markets.taking import ForkedState
from openscrip.markets.venue import Venue

Figures = dict[str, list[float]]
GROUPS = (1, 64, 1_024)
SYNCS = 400
COMMANDS = 2_000_000
GROUP = 64
"""Records in a group of the journals that are replayed: what gathers while a busy venue syncs."""
ACCOUNTS = 1_000
START_US = 1_790_000_000_000_000
USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
PAIR = Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=1, orders_max=10**6, reasonable_bps=0, band_bps=0,
                  stale_us=0, stale_halt_us=0)  # fmt: skip


class BookAlone:
    """A book with the face of a venue: records go straight into it."""

    def __init__(self) -> None:
        self.book = make_book()
        self.sequence = 0
        self._events = np.empty((2**18, 8), dtype=np.int64)

    @property
    def digest(self) -> int:
        """The book's."""
        return self.book.digest

    def replay(self, records: Records, tell: bool = False) -> None:
        """Everything through the book, in batches."""
        rows = np.ascontiguousarray(records[:, 4:14])
        done, told = 0, 1
        while done < len(rows) or told:
            taken, told = self.book.batch(rows[done:], self._events)
            done += taken
        self.sequence += len(rows)

    def load(self, state: bytes) -> None:
        """There are no snapshots of it."""

    def told(self) -> list[Fact]:
        """Nothing."""
        return []


def sync_figures(folder: Path) -> Figures:
    """Records a second and milliseconds a group, of groups of 1, 64 and 1,024 records, one after the other."""
    found: Figures = {}
    for count in GROUPS:
        storage = FolderStorage(folder / f"sync-{count}")
        journal, records = Journal.begin(storage), bytes(count * SLOT_BYTES)
        taken, began = [], time.perf_counter()
        for _ in range(SYNCS):
            start = time.perf_counter()
            journal.append(records, 0)
            taken.append((time.perf_counter() - start) * 1_000)
        found[f"group_{count}.rate"] = [SYNCS * count / (time.perf_counter() - began)]
        taken.sort()
        found[f"group_{count}.sync_p50"] = [taken[len(taken) // 2]]
        found[f"group_{count}.sync_p99"] = [taken[len(taken) * 99 // 100]]
        storage.close()
    return found


def write_stream(folder: Path, count: int) -> int:
    """A journal of a stream's messages, as records; the book's digest at its end."""
    storage, alone, maker = FolderStorage(folder), BookAlone(), Maker()
    journal = Journal.begin(storage)
    for _ in range(0, count, 2**14):
        rows = maker.rows(min(2**14, count - alone.sequence))
        records = np.zeros((len(rows), 16), dtype=np.int64)
        records[:, 0], records[:, 1] = Kind.PLACE, np.arange(len(rows)) + alone.sequence + 1
        records[:, 4:14] = rows
        for start in range(0, len(rows), GROUP):
            alone.replay(records[start : start + GROUP])
            journal.append(records[start : start + GROUP].tobytes(), alone.digest, sync=False)
    journal.sync()
    storage.close()
    return alone.digest


def replay_figures(folder: Path, count: int, runs: int) -> Figures:
    """Messages a CPU-second and a second, from the files through CRC and digests into the native book."""
    digest = write_stream(folder, count)
    found: Figures = {"replay.cpu_rate": [], "replay.rate": []}
    for _ in range(runs):
        storage = FolderStorage(folder)
        began, cpu = time.perf_counter(), time.process_time()
        alone, _journal = open_journal(storage, BookAlone)
        found["replay.cpu_rate"].append(count / (time.process_time() - cpu))
        found["replay.rate"].append(count / (time.perf_counter() - began))
        storage.close()
        if (alone.sequence, alone.digest) != (count, digest):
            raise RuntimeError("bench: the book's digest was another")
    return found


class Trading:
    """A venue with many customers who trade the stream."""

    def __init__(self, folder: Path) -> None:
        self.storage, self.venue = FolderStorage(folder), Venue()
        self.journal = Journal.begin(self.storage)
        self._maker, self._numbers = Maker(), dict[int, tuple[int, int]]()
        self._random, self._now_us = Random(1), START_US
        for command in (Admit(USD), Admit(TSLA), List(PAIR), Clock(START_US), Quote(1, 100_000, START_US)):
            self.venue.submit(command, START_US)
        for account in range(1, ACCOUNTS + 1):
            self.venue.submit(Open(account, f"customer {account}"), START_US)
            for asset in (USD, TSLA):
                self.venue.submit(Credit(account, asset.number, 10**15, f"{account} {asset.name}"), START_US)
        self.write()

    def trade(self, count: int) -> None:
        """So many records more."""
        ends = self.venue.sequence + count
        while self.venue.sequence < ends:
            for row in self._maker.rows(2**12).tolist():
                self._now_us += 10
                with suppress(Refused):  # self-trade prevention took it out before
                    self._submit(row)
                if self.venue.sequence - self.journal.end.sequence >= GROUP:
                    self.write()

    def _submit(self, row: list[int]) -> None:
        command: Command
        if row[0] == 1:
            account = self._random.randint(1, ACCOUNTS)
            command = Place(account, 1, Side(row[3]), row[5], Limit(row[6]), client_id="")
            self._numbers[row[1]] = account, self.venue.submit(command, self._now_us).order
        elif row[1] in self._numbers:
            self.venue.submit(Take(*self._numbers.pop(row[1])), self._now_us)

    def write(self) -> None:
        """Journal what was done; the facts are nobody's here."""
        self.venue.told()
        if records := self.venue.written():
            self.journal.append(records, self.venue.digest, sync=False)

    def snapshot(self) -> None:
        """As the sequencer has one taken."""
        self.write()
        write_snapshot(self.storage, Snapshot(self.journal.segment, self.journal.end, self.venue.state()))


def recovery_figures(folder: Path, count: int, runs: int, progress: Callable[[str], None]) -> Figures:
    """Seconds from a snapshot with `count` records after it to a venue that may serve: accounts, holds, fees, books."""
    trading = Trading(folder)
    trading.trade(50_000)
    trading.snapshot()
    trading.trade(count)
    trading.write()
    trading.journal.sync()
    progress(f"{trading.venue.sequence:,} records, {len(trading.venue.orders):,} open orders")
    found: Figures = {"recovery_2m": [], "recovery_2m.cpu": [], "fork": []}
    state = ForkedState
    for _ in range(runs):
        began = time.perf_counter()
        taken = state(trading.venue.state, folder)
        found["fork"].append((time.perf_counter() - began) * 1_000)
        taken.forget()
    trading.storage.close()
    for _ in range(runs):
        storage = FolderStorage(folder)
        began, cpu = time.perf_counter(), time.process_time()
        venue, _journal = open_journal(storage, Venue)
        found["recovery_2m"].append(time.perf_counter() - began)
        found["recovery_2m.cpu"].append(time.process_time() - cpu)
        storage.close()
        if (venue.sequence, venue.digest) != (trading.venue.sequence, trading.venue.digest):
            raise RuntimeError("bench: the venue's digest was another")
    return found


def journal_figures(runs: int, progress: Callable[[str], None], folder: Path | None = None, count: int = COMMANDS) -> Figures:
    """All of them."""
    found: Figures = {}
    place = Path(tempfile.mkdtemp(dir=folder))
    try:
        for number in range(runs):
            progress(f"syncs, run {number + 1} of {runs}")
            for name, values in sync_figures(place / str(number)).items():
                found.setdefault(name, []).extend(values)
        progress("a stream for the book")
        found |= replay_figures(place / "stream", count, runs)
        progress("customers who trade")
        found |= recovery_figures(place / "venue", count, runs, progress)
    finally:
        shutil.rmtree(place)
    return found


if __name__ == "__main__":
    figures = journal_figures(
        3, lambda text: print(text, file=sys.stderr, flush=True), Path(sys.argv[1]) if sys.argv[1:] else None,
        int(sys.argv[2]) if sys.argv[2:] else COMMANDS,
    )  # fmt: skip
    print(json.dumps({name: round(statistics.median(values), 3) for name, values in figures.items()}, indent=1))
