"""Two real sides over a loopback socket: an issuer that orders, a broker that fills, and a wire between them that is cut."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.runtime.fix.desk import DAY_1, START_MS, THEM, US, order

from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.effects import Draft, Moment, Role, Terms
from openscrip.runtime.fix.party import Limits, Party
from openscrip.runtime.fix.store import SqliteSessionStore

QUICK = Limits(tick_s=0.05, backoff_s_min=0.001, backoff_s_max=0.01)


class Killed(Exception):
    """The process ends here: nothing after this point happened."""


def now() -> Moment:
    """The market stands; the machine's clock runs."""
    return Moment(START_MS, time.monotonic(), DAY_1)


class Booked:
    """An application on the session's own file: what came in `took`, what is to go in `todo`."""

    def __init__(self, path: Path, at_once: int = 64) -> None:
        self.at_once = at_once
        self.store = SqliteSessionStore(path)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS took (place INTEGER PRIMARY KEY, kind TEXT, id TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS todo (place INTEGER PRIMARY KEY, id TEXT, sent INTEGER DEFAULT 0)")
            connection.execute("CREATE TABLE IF NOT EXISTS losses (marked INTEGER)")
        connection.close()
        self.path = path

    def received(self, books: sqlite3.Connection, message: Message) -> None:
        """Book what came."""
        books.execute("INSERT INTO took (kind, id) VALUES (?, ?)", (message.type, message.get(17) or message.get(11)))

    def due(self, books: sqlite3.Connection) -> Iterable[Draft]:
        """What is to go, once."""
        waiting = books.execute("SELECT place, id FROM todo WHERE sent = 0 ORDER BY place LIMIT ?", (self.at_once,)).fetchall()
        books.executemany("UPDATE todo SET sent = 1 WHERE place = ?", [(place,) for place, _ in waiting])
        return [self.draft(name) for _, name in waiting]

    def draft(self, name: str) -> Draft:
        """An order of that name."""
        return Draft("D", ((11, name), *order(0)[1:]))

    def expired(self, books: sqlite3.Connection, message: Message) -> None:
        """Book that an order is too old."""
        books.execute("INSERT INTO took (kind, id) VALUES ('expired', ?)", (message.get(11),))

    def link_lost(self, books: sqlite3.Connection, cancel_open_orders: bool) -> None:
        """Book that the link is gone."""
        books.execute("INSERT INTO losses VALUES (?)", (cancel_open_orders,))

    def ask(self, names: Iterable[str]) -> None:
        """Put orders in line."""
        with sqlite3.connect(self.path) as connection:
            connection.executemany("INSERT INTO todo (id) VALUES (?)", [(name,) for name in names])
        connection.close()

    def column(self, query: str) -> list[str]:
        """One column of the books."""
        connection = sqlite3.connect(self.path)
        found = [str(value) for (value,) in connection.execute(query)]
        connection.close()
        return found

    @property
    def taken(self) -> list[str]:
        """What came, in order."""
        return self.column("SELECT id FROM took ORDER BY place")


class Filling(Booked):
    """A broker: an acknowledgement and a fill for each order."""

    def received(self, books: sqlite3.Connection, message: Message) -> None:
        """Book the order and what is to be reported."""
        super().received(books, message)
        name = message.get(11)
        books.executemany("INSERT INTO todo (id) VALUES (?)", [(f"{name}/ack",), (f"{name}/fill",)])

    def draft(self, name: str) -> Draft:
        """A report of that name."""
        status = "0" if name.endswith("ack") else "2"
        fields = (
            (37, "b"),
            (17, name),
            (20, "0"),
            (150, status),
            (39, status),
            (55, "AAPL"),
            (54, "1"),
            (151, "0"),
            (14, "1.5"),
        )
        return Draft("8", (*fields, (6, "187.4")))


def issuer_party(books: Booked, **changes: bool) -> Party[sqlite3.Connection]:
    """The side that connects."""
    return Party(Terms(US, Role.INITIATOR, **changes), books.store, books, now, QUICK)


def broker_party(books: Booked, **changes: bool) -> Party[sqlite3.Connection]:
    """The side that listens."""
    return Party(Terms(THEM, Role.ACCEPTOR, **changes), books.store, books, now, QUICK)


@dataclass
class Wire:
    """A port that passes everything on to another, and cuts both ends after so many bytes."""

    to: int
    seeded: random.Random
    cuts_left: int
    cuts: int = 0
    listening: int = 0
    open: set[asyncio.Transport] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self) -> int:
        """Open the port."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.listening = self._server.sockets[0].getsockname()[1]
        return self.listening

    async def close(self) -> None:
        """Close the port and what goes through it."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        # A logon is some 90 bytes, a report some 150: cuts fall between messages, within them, and within logons.
        self.left = self.seeded.choice([0, 40, 95, 190, 300, 500, 900, 1_500, 4_000]) if self.cuts_left else -1
        both = [writer, far_writer]
        await asyncio.gather(self._pass(reader, far_writer, both), self._pass(far_reader, writer, both))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, both: list[asyncio.StreamWriter]) -> None:
        try:
            while data := await reader.read(4_096):
                if self.left >= 0:
                    passed, self.left = data[: self.left], max(0, self.left - len(data))
                    writer.write(passed)
                    if self.left == 0 and self.cuts_left:
                        self.cuts_left, self.cuts, self.left = self.cuts_left - 1, self.cuts + 1, -1
                        return
                else:
                    writer.write(data)
        except (ConnectionError, OSError):
            return
        finally:
            for each in both:
                # Half of the cuts lose what is under way, half let it through.
                if self.seeded.random() < 0.5:
                    each.transport.abort()
                else:
                    each.close()
