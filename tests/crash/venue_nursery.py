"""A process that forks venues, one at a time, and buries them: `python -m tests.crash.venue_nursery FOLDER`.

A venue is sequencer, journal and a history of its facts, behind a socket; a fork opens it all anew, so that each life is a
process of its own from the first byte on. Each line on stdin is a life: `{"die_at": 7, "part": 0.4, "seed": 1}` has it die in
its seventh operation on the disk, of a write after that part of it. `{"pid": n}` and `{"ended": code}` come back.

The socket takes pickled questions with their length before them, and answers so: `Told`. For tests alone.
"""

import asyncio
import faulthandler
import json
import os
import pickle
import signal
import sqlite3
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import uvloop
from tests.crash.venue_questions import LENGTH, Ask, Told
from tests.crash.venue_story import new_venue

from openscrip.kernel.errors import Refused
from openscrip.markets.facts import Fact
from openscrip.markets.recovery import open_journal
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.storage import FolderStorage

SEGMENT_BYTES = 2**16
"""So small that lives end in rolls, deletions and snapshots too."""
SNAPSHOT_RECORDS = 700


class MortalStorage(FolderStorage):
    """A folder whose process dies in the middle of one operation."""

    def __init__(self, folder: Path, die_at: int, part: float) -> None:
        super().__init__(folder)
        self._left, self._part = die_at, part

    def write(self, name: str, offset_bytes: int, data: bytes | bytearray | memoryview) -> None:
        if self._is_last():
            super().write(name, offset_bytes, memoryview(data)[: int(len(data) * self._part)])
            die()
        super().write(name, offset_bytes, data)

    def sync(self, name: str) -> None:
        self._dies_before_or_after(lambda: FolderStorage.sync(self, name))

    def rename(self, name: str, new_name: str) -> None:
        self._dies_before_or_after(lambda: FolderStorage.rename(self, name, new_name))

    def remove(self, name: str) -> None:
        self._dies_before_or_after(lambda: FolderStorage.remove(self, name))

    def _dies_before_or_after(self, act: Any) -> None:
        is_last = self._is_last()
        if not is_last or self._part > 0.5:
            act()
        if is_last:
            die()

    def _is_last(self) -> bool:
        self._left -= 1
        return self._left == 0


def die() -> None:
    """End this process as a power cut would: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)


class History:
    """Every fact that was told, in SQLite, with the position in the same transaction; a fact twice is an error."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=off")
        self._database.execute(
            "create table if not exists facts (sequence, place, what, order_id, client_id, primary key (sequence, place))"
        )
        self.position = int(self._database.execute("select coalesce(max(sequence), 0) from facts").fetchone()[0])

    def hear(self, facts: list[Fact]) -> None:
        rows, place = [], 0
        for fact in facts:
            if fact.sequence > self.position:
                place += 1
                client_id = getattr(fact, "client_id", "")
                rows.append((fact.sequence, place, type(fact).__name__, getattr(fact, "order", 0), client_id))
        if rows:
            self._database.execute("begin")
            self._database.executemany("insert into facts values (?, ?, ?, ?, ?)", rows)
            self._database.execute("commit")
            self.position = rows[-1][0]

    def orders(self, client_id: str, order: int) -> tuple[int, ...]:
        """The numbers of the orders that were taken under a client's id, or with a number."""
        found = self._database.execute(
            "select order_id from facts where what = 'OrderNew' and (client_id = ? or order_id = ?)", (client_id or None, order)
        )
        return tuple(int(row[0]) for row in found)


class Door(asyncio.Protocol):
    """One client of the venue."""

    def __init__(self, sequencer: Sequencer, history: History, clock: list[int]) -> None:
        self._sequencer, self._history, self._clock = sequencer, history, clock
        self._bytes = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        venue = self._sequencer.venue
        self._tell(Told(-1, sequence=venue.sequence, digest=venue.digest))

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while len(self._bytes) >= 4 and len(self._bytes) >= 4 + (size := LENGTH.unpack_from(self._bytes)[0]):
            self._asked(pickle.loads(self._bytes[4 : 4 + size]))
            del self._bytes[: 4 + size]

    def _asked(self, ask: Ask) -> None:
        if ask.command is None:
            told = Told(ask.number, found=self._history.orders(ask.client_id, ask.order))
        else:
            self._clock[0] = ask.now_us
            try:
                answer = self._sequencer.submit(ask.command)
                told = Told(ask.number, answer.order, sequence=self._sequencer.venue.sequence)
            except Refused as refused:
                told = Told(ask.number, refusal=refused.code)
        self._sequencer.when_durable(lambda: self._tell(told))

    def _tell(self, told: Told) -> None:
        content = pickle.dumps(told)
        self._transport.write(LENGTH.pack(len(content)) + content)


async def serve(folder: Path, life: dict[str, Any]) -> None:
    """Live until killed."""
    history, clock = History(folder / "history.sqlite"), [0]
    storage = MortalStorage(folder / "journal", life.get("die_at", -1), life.get("part", 1.0))
    venue, journal = open_journal(storage, new_venue, heard=history.position, hear=history.hear, segment_bytes=SEGMENT_BYTES)
    sequencer = Sequencer(
        venue, journal, lambda: clock[0], snapshot_records=SNAPSHOT_RECORDS, keep_from=lambda: history.position,
        folder=folder / "journal",
    )  # fmt: skip
    async with sequencer:
        sequencer.consumers.append(history.hear)
        path = folder / "socket"
        path.unlink(missing_ok=True)
        await asyncio.get_running_loop().create_unix_server(lambda: Door(sequencer, history, clock), str(path))
        print(json.dumps({"open": True}), flush=True)
        await asyncio.Event().wait()


def fork(folder: Path, life: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        print(json.dumps({"pid": os.getpid()}), flush=True)  # by itself, so that it comes before all else that it says
        try:
            with closing(uvloop.new_event_loop()) as loop:
                loop.run_until_complete(serve(folder, life))
        except BaseException:  # noqa: BLE001  # whatever it was, it is shown, and the life ends with 1
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps({"ended": ended}), flush=True)


def main() -> None:
    """Serve until stdin ends."""
    new_venue()  # so that the native book is loaded once, before any fork
    faulthandler.register(signal.SIGUSR1)  # what a life that says nothing is doing
    for line in sys.stdin:
        fork(Path(sys.argv[1]), json.loads(line))


if __name__ == "__main__":
    main()
