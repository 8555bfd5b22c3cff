"""FIX messages per second through a durable session on loopback: two processes, SQLite (WAL, synchronous=FULL) on both sides.

Run alone: `python -m bench.fix [FOLDER]`. One side sends orders; the other books each in its session's transaction, which also
moves the counters. Counted is from the first order to the last that is booked; then both books are compared.
"""

import asyncio
import contextlib
import json
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from openscrip.kernel.clock import LiveClock
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.connection import Acceptor, Initiator
from openscrip.runtime.fix.effects import Draft, Identity, Role, Terms
from openscrip.runtime.fix.party import Party, live_moments
from openscrip.runtime.fix.store import SqliteSessionStore

MESSAGES = 20_000
GROUP = 200
WAIT_S = 120
US, THEM = Identity("ISSUER", "BROKER"), Identity("BROKER", "ISSUER")


class Counted:
    """Books the id of each order, sends what is asked of it, and notes the time of the last message."""

    def __init__(self, path: Path, to_send: int) -> None:
        self.store = SqliteSessionStore(path)
        with self.store.transaction(US) as unit:
            unit.books.execute("CREATE TABLE booked (id TEXT PRIMARY KEY)")
        self._to_send, self._sent = to_send, 0
        self.began_s = 0.0
        self.booked = 0
        self.all_booked = asyncio.Event()

    def received(self, books: sqlite3.Connection, message: Message) -> None:
        """Book an order."""
        self.began_s = self.began_s or time.monotonic()
        books.execute("INSERT INTO booked VALUES (?)", (message.get(11),))
        self.booked += 1
        if self.booked == MESSAGES:
            self.all_booked.set()

    def due(self, _books: sqlite3.Connection) -> Iterable[Draft]:
        """The next orders, a group at a time."""
        first, self._sent = self._sent, min(self._sent + GROUP, self._to_send)
        rest = ((21, "1"), (55, "AAPL"), (54, "1"), (60, "20260302-14:30:00.000"), (38, "1.5"), (40, "1"))
        return [Draft("D", ((11, f"o-{number}"), *rest)) for number in range(first, self._sent)]

    def expired(self, _books: sqlite3.Connection, message: Message) -> None:
        """Nothing here has a validity."""

    def link_lost(self, _books: sqlite3.Connection, _cancel: bool) -> None:
        """The end of the run."""

    @property
    def more(self) -> bool:
        """Whether there is more to send."""
        return self._sent < self._to_send


def _listen(path: Path, door: Connection) -> None:
    async def serve() -> None:
        books = Counted(path, 0)
        acceptor = Acceptor([Party(Terms(THEM, Role.ACCEPTOR), books.store, books, live_moments(LiveClock()))])
        door.send(await acceptor.listen("127.0.0.1"))
        async with asyncio.timeout(WAIT_S):
            await books.all_booked.wait()
        door.send(MESSAGES / (time.monotonic() - books.began_s))
        await acceptor.close()
        with books.store.transaction(THEM) as unit:
            [(found,)] = unit.books.execute("SELECT count(*) FROM booked")
        books.store.close()
        door.send(found)

    asyncio.run(serve())


async def _order(path: Path, port: int, done: Connection) -> float:
    books = Counted(path, MESSAGES)
    party = Party(Terms(US, Role.INITIATOR), books.store, books, live_moments(LiveClock()))
    initiator = Initiator(party, "127.0.0.1", port)
    running = asyncio.create_task(initiator.run())
    async with asyncio.timeout(WAIT_S):
        while not done.poll():
            if books.more:
                initiator.poke()
            await asyncio.sleep(0 if books.more else 0.002)
    rate: float = done.recv()
    initiator.stop()
    with contextlib.suppress(TimeoutError):
        await running
    books.store.close()
    return rate


def fix_rates(folder: Path | None = None, runs: int = 3) -> list[float]:
    """Messages per second that were booked, one figure a run."""
    rates = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            here, there = multiprocessing.get_context("spawn").Pipe()
            listening = multiprocessing.get_context("spawn").Process(target=_listen, args=(Path(place) / "broker.db", there))
            listening.start()
            rates.append(asyncio.run(_order(Path(place) / "issuer.db", here.recv(), here)))
            found = here.recv()
            listening.join(WAIT_S)
            if found != MESSAGES:
                raise RuntimeError(f"bench: {MESSAGES} messages were sent, {found} were booked")
    return rates


if __name__ == "__main__":
    print(json.dumps(fix_rates(Path(sys.argv[1]) if len(sys.argv) > 1 else None)))
