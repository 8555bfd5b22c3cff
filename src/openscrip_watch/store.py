"""The watch's own SQLite file: what it signed, and how far it has read. Written before anything is answered.

Tables: `signed` holds one row for each thing that was signed (what: mint, multiplier, burn, refund, report, delivery,
payment) under its id with its present state; `signatures` every signature ever given; the rest is what was read.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from openscrip_watch.chains.facts import ChainBook, Fact

_SCHEMA = """
create table if not exists meta (name text primary key, value text not null) strict, without rowid;
create table if not exists signed (
    what text not null, id text not null, state text not null, body text not null,
    primary key (what, id)) strict, without rowid;
create table if not exists signatures (
    number integer primary key, what text not null, id text not null, market_at integer not null,
    signature text not null, body text not null) strict;
create table if not exists facts (number integer primary key, chain text not null, body text not null) strict;
create table if not exists cursors (
    chain text not null, name text not null, value text not null,
    primary key (chain, name)) strict, without rowid;
create table if not exists custody_movements (
    custodian text not null, seq integer not null, body text not null,
    primary key (custodian, seq)) strict, without rowid;
create table if not exists custody_statements (
    custodian text not null, isin text not null, body text not null,
    primary key (custodian, isin)) strict, without rowid;
"""


class Store:
    """One connection, used by one thread. WAL with synchronous=FULL: a commit survives a power loss."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def meta(self, name: str) -> str:
        """A stored value, empty if there is none."""
        row = self._db.execute("select value from meta where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def put_meta(self, name: str, value: str) -> None:
        """Store a value under a name."""
        self._db.execute("insert or replace into meta values (?, ?)", (name, value))

    def signed(self, what: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """(id, state, body) of everything of one sort that was signed, by id."""
        rows = self._db.execute("select id, state, body from signed where what = ? order by id", (what,)).fetchall()
        return ((key, state, json.loads(body)) for key, state, body in rows)

    def put_signed(self, what: str, key: str, state: str, body: Mapping[str, Any]) -> None:
        """Store the present state of something signed."""
        self._db.execute("insert or replace into signed values (?, ?, ?, ?)", (what, key, state, json.dumps(body)))

    def add_signature(self, what: str, key: str, market_at: int, signature: str, body: Mapping[str, Any]) -> None:
        """Store a signature that is about to be given."""
        row = (what, key, market_at, signature, json.dumps(body))
        self._db.execute("insert into signatures (what, id, market_at, signature, body) values (?, ?, ?, ?, ?)", row)

    def book(self, chain: str) -> ChainBook:
        """What was read of a chain."""
        book = ChainBook()
        rows = self._db.execute("select body from facts where chain = ? order by number", (chain,)).fetchall()
        book.extend(Fact(**json.loads(body)) for (body,) in rows)
        book.cursors = dict(self._db.execute("select name, value from cursors where chain = ?", (chain,)).fetchall())
        book.mark_saved()
        return book

    def chains(self) -> list[str]:
        """The chains of which something was read."""
        return [str(name) for (name,) in self._db.execute("select distinct chain from cursors order by chain").fetchall()]

    def put_book(self, chain: str, book: ChainBook) -> None:
        """Store what was read of a chain since the last time."""
        if book.anew:
            self._db.execute("delete from facts where chain = ?", (chain,))
            self._db.execute("delete from cursors where chain = ?", (chain,))
        self._db.executemany(
            "insert into facts (chain, body) values (?, ?)",
            [(chain, json.dumps(asdict(fact))) for fact in book.unsaved],
        )
        moved = [(chain, name, value) for name, value in book.cursors.items() if book.saved.get(name) != value]
        self._db.executemany("insert or replace into cursors values (?, ?, ?)", moved)

    def movements(self, custodian: str) -> list[Mapping[str, Any]]:
        """A custodian's movements as they were served."""
        asked = "select body from custody_movements where custodian = ? order by seq"
        return [json.loads(body) for (body,) in self._db.execute(asked, (custodian,)).fetchall()]

    def put_movements(self, custodian: str, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Store movements that a statement closed over."""
        rows = [(custodian, body.get("seq") or body["number"], json.dumps(body)) for body in bodies]
        self._db.executemany("insert into custody_movements values (?, ?, ?)", rows)

    def statements(self, custodian: str) -> dict[str, Mapping[str, Any]]:
        """A custodian's newest statement of each line as it was served."""
        asked = "select isin, body from custody_statements where custodian = ?"
        return {isin: json.loads(body) for isin, body in self._db.execute(asked, (custodian,)).fetchall()}

    def put_statement(self, custodian: str, isin: str, body: Mapping[str, Any]) -> None:
        """Store a custodian's newest statement of a line."""
        self._db.execute("insert or replace into custody_statements values (?, ?, ?)", (custodian, isin, json.dumps(body)))
