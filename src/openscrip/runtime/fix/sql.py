"""A session's durable state in a SQL database, SQLite or PostgreSQL, with the application's books in the same transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import astuple
from typing import Generic, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from openscrip.runtime.database import unavailable
from openscrip.runtime.fix.effects import Counters, Identity, Kept
from openscrip.runtime.fix.store import Taken
from openscrip.runtime.prepared import Prepared, Session


def session_tables(metadata: MetaData) -> tuple[Table, Table]:
    """`fix_session` and `fix_sent`, as this store's statements see them; a migration makes them."""
    session = Table(
        "fix_session",
        metadata,
        Column("identity", String, primary_key=True),
        Column("era", Integer, nullable=False),
        Column("next_out", BigInteger, nullable=False),
        Column("next_in", BigInteger, nullable=False),
        Column("period", String, nullable=False),
        Column("spoken", Boolean, nullable=False),
        Column("linked", Boolean, nullable=False),
    )
    sent = Table(
        "fix_sent",
        metadata,
        Column("identity", String, primary_key=True),
        Column("era", Integer, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("wire", LargeBinary, nullable=False),
        Column("valid_until_ms", BigInteger, nullable=True),
        sqlite_with_rowid=False,
    )
    return session, sent


SESSION, SENT = session_tables(MetaData())
_NAMES = ("next_out", "next_in", "period", "spoken", "linked")
_FOUND = select(SESSION.c.era, *(SESSION.c[name] for name in _NAMES)).where(SESSION.c.identity == bindparam("who"))
_MOVE = (
    update(SESSION)
    .where(SESSION.c.identity == bindparam("who"), *(SESSION.c[name] == bindparam(f"was_{name}") for name in _NAMES))
    .values({name: bindparam(f"to_{name}") for name in _NAMES})
)
_KEPT = (
    select(SENT.c.number, SENT.c.wire, SENT.c.valid_until_ms)
    .where(SENT.c.identity == bindparam("who"), SENT.c.era == bindparam("in_era"))
    .where(SENT.c.number.between(bindparam("first"), bindparam("last")))
    .order_by(SENT.c.number)
)
_RESTART = update(SESSION).where(SESSION.c.identity == bindparam("who")).values(era=bindparam("in_era"))


class _Texts:
    """The statements of a session for one database: a turn of a few messages runs them all."""

    def __init__(self, dialect: Dialect) -> None:
        self.found, self.move, self.kept = (Prepared(each, dialect) for each in (_FOUND, _MOVE, _KEPT))
        self.restart = Prepared(_RESTART, dialect)
        self.begin, self.keep = (Prepared(insert(table), dialect, [each.name for each in table.c]) for table in (SESSION, SENT))


class SessionBooks(Protocol):
    """What an application books in. `flush` is called before the commit, and writes what was only remembered so far."""

    def flush(self) -> None:
        """Write everything."""
        ...


B = TypeVar("B", bound=SessionBooks)


class SqlSessionStore(Generic[B]):
    """Sessions in the database of `engine`; `open_books` makes the application's books in a transaction's session."""

    def __init__(
        self, engine: Engine, open_books: Callable[[Session], B], gate: AbstractContextManager[object] | None = None
    ) -> None:
        """`gate` lets one writer of this process in at a time: SQLite's own waiting is unfair to the point of starving."""
        self._engine = engine
        self._texts = _Texts(engine.dialect)
        self._open_books = open_books
        self._gate = gate or nullcontext()

    @contextmanager
    def transaction(self, identity: Identity) -> Iterator["SqlSessionUnit[B]"]:
        """One atomic change of session and books. Raises `Unavailable` while the database does not answer."""
        with unavailable(), self._gate, self._engine.begin() as connection:
            session = Session(connection)
            unit = SqlSessionUnit(session, self._texts, identity, self._open_books(session))
            yield unit
            unit.books.flush()


class SqlSessionUnit(Generic[B]):
    """One open transaction of a `SqlSessionStore`."""

    def __init__(self, connection: Session, texts: _Texts, identity: Identity, books: B) -> None:
        self._connection = connection
        self._texts = texts
        self._identity = str(identity)
        self._books = books
        found = connection.first(texts.found, {"who": self._identity})
        if found is None:
            first = Counters()
            names = dict(zip(_NAMES, astuple(first), strict=True))
            connection.change(texts.begin, {"identity": self._identity, "era": 0, **names})
            self._era, self._counters = 0, first
        else:
            era, next_out, next_in, period, spoken, linked = found
            self._era, self._counters = era, Counters(next_out, next_in, period, bool(spoken), bool(linked))

    @property
    def books(self) -> B:
        """The application's books, inside the transaction."""
        return self._books

    def counters(self) -> Counters:
        """Where the session stands."""
        return self._counters

    def move(self, before: Counters, after: Counters) -> None:
        """Store the counters. Raises `Taken` if they are not `before`."""
        was = {f"was_{name}": value for name, value in zip(_NAMES, astuple(before), strict=True)}
        to = {f"to_{name}": value for name, value in zip(_NAMES, astuple(after), strict=True)}
        if self._connection.change(self._texts.move, {"who": self._identity} | was | to) != 1:
            raise Taken(f"fix {self._identity}: another connection had moved the session on; this one lets go")
        self._counters = after

    def keep(self, kept: Sequence[Kept]) -> None:
        """Store messages that are about to leave. Raises `Taken` if a number was used."""
        key = {"identity": self._identity, "era": self._era}
        rows = [key | {"number": each.number, "wire": each.wire, "valid_until_ms": each.valid_until_ms} for each in kept]
        try:
            self._connection.change_many(self._texts.keep, rows)
        except IntegrityError as error:
            raise Taken(f"fix {self._identity}: another connection had used a number; this one lets go") from error

    def kept(self, first: int, last: int) -> list[Kept]:
        """What is stored of the numbers `first` to `last`, in order."""
        asked = {"who": self._identity, "in_era": self._era, "first": first, "last": last}
        return [Kept(number, bytes(wire), until) for number, wire, until in self._connection.all(self._texts.kept, asked)]

    def restart(self) -> None:
        """Begin a new era: earlier messages stay as a record."""
        self._era += 1
        self._connection.change(self._texts.restart, {"who": self._identity, "in_era": self._era})
