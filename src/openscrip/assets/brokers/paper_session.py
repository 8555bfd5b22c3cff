"""The paper broker's side of the FIX session: the broker's log, the session's numbers and what is said, in one transaction."""

import argparse
import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openscrip.assets.brokers.paper_fix import FixPaperBroker
from openscrip.assets.brokers.paper_wire import FaultyWire
from openscrip.assets.paper_log import PaperShell
from openscrip.kernel.clock import LiveClock, new_york_date
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.connection import Acceptor
from openscrip.runtime.fix.effects import Draft, Identity, Moment, Role, Terms
from openscrip.runtime.fix.party import Limits, Party
from openscrip.runtime.fix.store import SqliteSessionStore, SqliteSessionUnit

log = logging.getLogger(__name__)

Told = Message
PUSHED_CLOCK_BOUND_MS = 40 * 365 * 86_400_000
"""Market time that is pushed leaps; two sides are apart for as long as a push takes."""
GROUP = 256


def message_of(body: Any) -> Message:
    """A message as it stands in the log: its type and its fields."""
    kind, fields = body
    return Message(kind, tuple((int(tag), str(value)) for tag, value in fields))


class PaperSessionStore(SqliteSessionStore):
    """The session in the broker's own file. A transaction that is undone takes the broker's state in memory with it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, shell: PaperShell[FixPaperBroker]) -> None:
        super().__init__(path, connection)
        self._shell = shell

    @contextmanager
    def transaction(self, identity: Identity) -> Iterator[SqliteSessionUnit]:
        """One atomic change of session and broker."""
        try:
            with super().transaction(identity) as unit:
                yield unit
        except BaseException:
            self._shell.forget()
            raise


class PaperSession:
    """The acceptor, and the broker as the application behind it."""

    def __init__(self, shell: PaperShell[FixPaperBroker], arguments: argparse.Namespace) -> None:
        self._shell = shell
        books = shell.log
        self._live: bool = arguments.live
        self._identity = Identity(arguments.sender, arguments.target)
        bound = 120_000 if self._live else PUSHED_CLOCK_BOUND_MS
        self._cancels: bool = arguments.cancel_on_disconnect
        terms = Terms(self._identity, Role.ACCEPTOR, clock_bound_ms=bound, resets=False, cancel_on_disconnect=self._cancels)
        store = PaperSessionStore(arguments.data / "broker.sqlite", books.connection, shell)
        books.connection.execute("CREATE TABLE IF NOT EXISTS said (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER)")
        books.connection.execute("INSERT OR IGNORE INTO said VALUES (1, 0)")
        self._party: Party[sqlite3.Connection] = Party(terms, store, self, self._moment, Limits(tick_s=0.1))
        wire = FaultyWire(self._identity, lambda: shell.core().switchboard, self._moment)
        self._party.passes = wire
        self._acceptor: Acceptor | None = None
        self._watching: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    async def listen(self, port: int, on_failure: Callable[[], None]) -> int:
        """Open the door; gives the port. What cannot be booked ends the program."""
        self._acceptor = acceptor = Acceptor([self._party])

        async def watch() -> None:
            try:
                await acceptor.failure()
            except Exception as error:  # noqa: BLE001  # whatever it was, the program ends with it
                self._failure = error
                on_failure()

        self._watching = asyncio.create_task(watch())
        return await acceptor.listen("127.0.0.1", port)

    async def close(self) -> None:
        """Log out and close the door."""
        if self._watching is not None:
            self._watching.cancel()
        if self._acceptor is not None:
            await self._acceptor.close()

    def poke(self) -> None:
        """Something may wait to be sent."""
        if self._acceptor is not None:
            self._acceptor.poke(self._identity)

    def raise_failure(self) -> None:
        """Raise what stopped the session, if anything did."""
        if self._failure is not None:
            raise self._failure

    # As `Application`

    def received(self, books: sqlite3.Connection, message: Message) -> None:
        """Write the message to the log and work on it."""
        self._shell.perform("fix", [message.type, [list(field) for field in message.fields]])

    def due(self, books: sqlite3.Connection) -> Iterable[Draft]:
        """What was not said yet, in order."""
        outbox = self._shell.core().outbox
        [(said,)] = books.execute("SELECT number FROM said").fetchall()
        found = outbox[said : said + GROUP]
        if found:
            books.execute("UPDATE said SET number = ?", (said + len(found),))
        if said + len(found) < len(outbox):
            self.poke()
        return found

    def expired(self, books: sqlite3.Connection, message: Message) -> None:
        """Reports have no end of validity."""

    def link_lost(self, books: sqlite3.Connection, cancel_open_orders: bool) -> None:
        """Cancel open orders where that was agreed."""
        if cancel_open_orders:
            self._shell.perform("link_lost", None)

    def _moment(self) -> Moment:
        core = self._shell.core()
        now = LiveClock().now() if self._live else core.now
        return Moment(now * 1_000, time.monotonic(), new_york_date(core.now).isoformat())
