"""The port of a session's durable state, and its adapter on a SQLite file (WAL, `synchronous=FULL`).

One transaction carries what the application books, the messages that are about to leave and both counters. The project's
database can carry a session as well: implement `SessionStore` over its transaction and pass that transaction as `books`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Protocol, TypeVar

from openscrip.runtime.fix.effects import Counters, Identity, Kept

B_co = TypeVar("B_co", covariant=True)
BUSY_TIMEOUT_MS = 30_000
_TABLES = """
CREATE TABLE IF NOT EXISTS fix_session (
    identity TEXT PRIMARY KEY, era INTEGER NOT NULL, next_out INTEGER NOT NULL, next_in INTEGER NOT NULL,
    period TEXT NOT NULL, spoken INTEGER NOT NULL, linked INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fix_sent (
    identity TEXT NOT NULL, era INTEGER NOT NULL, number INTEGER NOT NULL, wire BLOB NOT NULL, valid_until_ms INTEGER,
    PRIMARY KEY (identity, era, number)
) STRICT, WITHOUT ROWID;
"""


class Taken(Exception):
    """Another connection moved this session on: whoever finds that writes nothing and lets go."""


class SessionUnit(Protocol[B_co]):
    """One transaction of one session. Leaving it normally commits, an exception undoes everything."""

    @property
    def books(self) -> B_co:
        """Where the application books, in the same transaction."""
        ...

    def counters(self) -> Counters:
        """Where the session stands; all at the beginning if it is new."""
        ...

    def move(self, before: Counters, after: Counters) -> None:
        """Store the counters. Raises `Taken` if they are not `before`."""
        ...

    def keep(self, kept: Sequence[Kept]) -> None:
        """Store messages that are about to leave. Raises `Taken` if a number was used."""
        ...

    def kept(self, first: int, last: int) -> list[Kept]:
        """What is stored of the numbers `first` to `last`, in order."""
        ...

    def restart(self) -> None:
        """Begin a new era: earlier messages stay as a record and are not found by `kept` any more."""
        ...


class SessionStore(Protocol[B_co]):
    """Durable state of sessions. Safe if: what was committed survives power loss."""

    def transaction(self, identity: Identity) -> AbstractContextManager[SessionUnit[B_co]]:
        """One atomic change of one session."""
        ...


class SqliteSessionStore:
    """Sessions in a SQLite file; the application books through the same connection.

    A program that keeps a file of its own passes its connection (no open transaction, `isolation_level=None`).
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        self._path = path
        with closing(self._open()) as first:
            first.executescript(_TABLES)
        self._connection = self._open() if connection is None else connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    @contextmanager
    def transaction(self, identity: Identity) -> Iterator["SqliteSessionUnit"]:
        """One immediate transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield SqliteSessionUnit(self._connection, identity)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class SqliteSessionUnit:
    """One open transaction of a `SqliteSessionStore`."""

    def __init__(self, connection: sqlite3.Connection, identity: Identity) -> None:
        self._connection = connection
        self._identity = str(identity)
        found = connection.execute("SELECT era FROM fix_session WHERE identity = ?", (self._identity,)).fetchone()
        if found is None:
            row = (self._identity, 0, *astuple(Counters()))
            connection.execute("INSERT INTO fix_session VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._era = 0 if found is None else int(found[0])

    @property
    def books(self) -> sqlite3.Connection:
        """The connection, inside the transaction."""
        return self._connection

    def counters(self) -> Counters:
        """Where the session stands."""
        [(next_out, next_in, period, spoken, linked)] = self._connection.execute(
            "SELECT next_out, next_in, period, spoken, linked FROM fix_session WHERE identity = ?", (self._identity,)
        )
        return Counters(next_out, next_in, period, bool(spoken), bool(linked))

    def move(self, before: Counters, after: Counters) -> None:
        """Store the counters. Raises `Taken` if they are not `before`."""
        moved = self._connection.execute(
            "UPDATE fix_session SET next_out = ?, next_in = ?, period = ?, spoken = ?, linked = ?"
            " WHERE identity = ? AND next_out = ? AND next_in = ? AND period = ? AND spoken = ? AND linked = ?",
            (*astuple(after), self._identity, *astuple(before)),
        )
        if moved.rowcount != 1:
            raise Taken(f"fix {self._identity}: another connection had moved the session on; this one lets go")

    def keep(self, kept: Sequence[Kept]) -> None:
        """Store messages that are about to leave. Raises `Taken` if a number was used."""
        rows = [(self._identity, self._era, each.number, each.wire, each.valid_until_ms) for each in kept]
        try:
            self._connection.executemany("INSERT INTO fix_sent VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise Taken(f"fix {self._identity}: another connection had used a number; this one lets go") from error

    def kept(self, first: int, last: int) -> list[Kept]:
        """What is stored of the numbers `first` to `last`, in order."""
        found = self._connection.execute(
            "SELECT number, wire, valid_until_ms FROM fix_sent"
            " WHERE identity = ? AND era = ? AND number BETWEEN ? AND ? ORDER BY number",
            (self._identity, self._era, first, last),
        )
        return [Kept(*row) for row in found]

    def restart(self) -> None:
        """Begin a new era."""
        self._era += 1
        self._connection.execute("UPDATE fix_session SET era = ? WHERE identity = ?", (self._era, self._identity))
