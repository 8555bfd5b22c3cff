"""The store in a SQL database: SQLite on one machine, PostgreSQL beyond it.

A transaction holds the one write lock from its first statement to its end, on SQLite the file's, on PostgreSQL an advisory
lock of the database: no two transactions ever interleave, so none fails half-way, waits in a circle, or passes a check
that another is about to break (decision 0029). Threads of this process queue for it in a gate. Leases are written beside it,
on SQLite without waiting for the disk: if power is lost, so are the workers that held them.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from openscrip.runtime.codec import codec_of
from openscrip.runtime.database import asker, open_database, unavailable
from openscrip.runtime.ledger import Chart
from openscrip.runtime.prepared import COMMIT, Session
from openscrip.runtime.remembered import Remembered
from openscrip.runtime.sessions import Sessions
from openscrip.runtime.sql_rows import command_of, held
from openscrip.runtime.sql_unit import SqlUnit, SqlView
from openscrip.runtime.statements import BEGIN, BEGIN_VIEW, BEGIN_WRITING, statements_of
from openscrip.runtime.store import Command, Lease


class Gate:
    """One writer at a time among the threads of a process. Passing it twice in one thread is a bug."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside: int | None = None

    def __enter__(self) -> None:
        if self._inside == threading.get_ident():
            raise RuntimeError("store: a transaction was opened inside another one")
        self._lock.acquire()
        self._inside = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._inside = None
        self._lock.release()


class SqlStore:
    """`Store` in a database that `database.upgrade` has brought up to date.

    `registered` are the classes of rows, actions and facts that it keeps. Transfers are stamped with the market time
    that `now` tells when they are posted.
    """

    def __init__(self, engine: Engine, chart: Chart, registered: Iterable[type], now: Callable[[], int] = lambda: 0) -> None:
        self._engine = engine
        self._statements = statements_of(engine.dialect)
        self._asking = asker(engine)
        self._sessions = Sessions(self._asking)
        self._leasing = open_database(str(engine.url), "NORMAL") if self._statements.is_sqlite else None
        self._gate = Gate()
        self._codec = codec_of(tuple(registered))
        self._remembered = Remembered(self._codec)
        self._chart = chart
        self._now = now

    def close(self) -> None:
        """Close the connections. A closed store opens them again when it is used."""
        self._sessions.close()
        for engine in (self._leasing, self._asking, self._engine):
            if engine is not None:
                engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction under the write lock."""
        with unavailable(), self._gate, self._begun(self._engine, BEGIN_WRITING) as session:
            yield session

    @contextmanager
    def _begun(self, engine: Engine | None, words: str) -> Iterator[Session]:
        """A transaction: SQLite's on `engine`; PostgreSQL's begun in these words, and undone by the pool if it does not end."""
        if self._statements.is_sqlite:
            with (engine or self._engine).begin() as connection:
                yield Session(connection)
            return
        with self._sessions.one() as session:
            session.say(words)
            yield session
            session.say(COMMIT)

    @contextmanager
    def transaction(self) -> Iterator[SqlUnit]:
        """As `Store.transaction`."""
        with self._writing() as session:
            unit = SqlUnit(session, self._statements, self._codec, self._chart, self._now)
            yield unit
            unit.flush()

    @contextmanager
    def view(self) -> Iterator[SqlView]:
        """As `Store.view`."""
        with unavailable(), self._begun(self._asking, BEGIN_VIEW) as session:
            yield SqlView(session, self._statements, self._codec, self._remembered, one_moment=True)

    @contextmanager
    def glance(self) -> Iterator[SqlView]:
        """As `Store.glance`."""
        with self._asked() as session:
            yield SqlView(session, self._statements, self._codec, self._remembered)

    @contextmanager
    def _asked(self) -> Iterator[Session]:
        """For one question."""
        with unavailable(), self._sessions.one() as session:
            yield session

    def lease(self, worker: str, limit: int, market_now: int, machine_now: float, lease_s: float = 30) -> list[Lease]:
        """As `Store.lease`."""
        asked = {"market_now": market_now, "machine_now": machine_now, "lease_s": lease_s}
        with self._asked() as session:
            if session.first(self._statements.leasable_now, asked | {"most": 1}) is None:
                return []
        with unavailable(), self._gate, self._begun(self._leasing, BEGIN) as session:
            found = session.all(self._statements.leasable, asked | {"most": limit})
            leases = [Lease(command_of(row, self._codec), row[6] + 1, row[7]) for row in found]
            ends = {"worker": worker, "ends": machine_now + lease_s}
            session.change_many(self._statements.take, [{"taken": lease.command.key} | ends for lease in leases])
        return leases

    def release(self, worker: str) -> int:
        """As `Store.release`."""
        with self._writing() as session:
            return session.change(self._statements.release, {"worker": worker})

    def holders(self) -> set[str]:
        """The names of the workers that hold commands, alive or not."""
        with self._asked() as session:
            return {str(name) for (name,) in session.all(self._statements.holders, {})}

    def retry(self, lease: Lease, error: str, machine_due: float) -> None:
        """As `Store.retry`."""
        with self._writing() as session:
            session.change(self._statements.retry, held(lease) | {"why": error, "from": machine_due})

    def park(self, lease: Lease, error: str) -> None:
        """As `Store.park`."""
        with self._writing() as session:
            session.change(self._statements.park, held(lease) | {"why": error})

    def unpark(self, key: str) -> None:
        """As `Store.unpark`."""
        with self._writing() as session:
            session.change(self._statements.unpark, {"parked": key})

    def waiting(self, limit: int = 1_000) -> list[tuple[Command, str, int, str]]:
        """As `Store.waiting`."""
        with self._asked() as session:
            found = session.all(self._statements.waiting, {"most": limit})
        return [(command_of(row, self._codec), row[6], row[7], row[8]) for row in found]

    def next_due(self) -> int | None:
        """As `Store.next_due`."""
        with self._asked() as session:
            due_at = session.value(self._statements.next_due, {})
        return None if due_at is None else int(due_at)
