"""The store in a SQL database: SQLite on one machine, PostgreSQL beyond it.

On SQLite a transaction holds the one write lock from its first statement; threads of this process queue for it in a
gate, other processes by the busy timeout. Leases are written without waiting for the disk: if power is lost, so are the
workers that held them.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from openscrip.kernel.errors import Conflict, Refused, Unavailable
from openscrip.runtime.codec import Codec
from openscrip.runtime.database import READ_ONLY, open_database
from openscrip.runtime.ledger import Balance, Chart, Phase, Transfer, expiry, seal, side_of, unit_of
from openscrip.runtime.posting import Books
from openscrip.runtime.statements import Statements
from openscrip.runtime.store import Command, Fact, Fenced, Lease, R, Row

CLOSED_PERIOD = "in a closed period"
"""What the database says of a transfer whose time it refuses."""


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


class SqlView:
    """Reading a `SqlStore`, all of one moment."""

    def __init__(self, connection: Connection, statements: Statements, codec: Codec, locked: bool = False) -> None:
        self._connection = connection
        self._statements = statements
        self._codec = codec
        self._row = statements.row_locked if locked else statements.row

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`."""
        body = self._connection.execute(self._row, {"kind": kind.__name__, "id": row_id}).scalar()
        return None if body is None else self._codec.decode(kind.__name__, body)

    def rows(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> list[R]:
        """As `View.rows`."""
        statement = self._statements.rows[stock is not None, state is not None]
        asked = {"kind": kind.__name__, "stock": stock, "state": state}
        given = {name: value for name, value in asked.items() if value is not None}
        return [self._codec.decode(kind.__name__, body) for (body,) in self._connection.execute(statement, given)]

    def balance(self, account: str) -> Balance:
        """As `View.balance`."""
        found = self._connection.execute(self._statements.account, {"id": account}).first()
        return Balance(*found[1:]) if found else Balance()

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """As `View.balances`."""
        statements = self._statements
        statement = statements.balances if unit is None else statements.balances_of_unit
        return {
            found[0]: Balance(*found[1:])
            for found in self._connection.execute(statement, {} if unit is None else {"unit": unit})
        }

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """As `View.facts`."""
        found = self._connection.execute(self._statements.facts, {"after": after, "most": limit})
        return [(number, at, self._codec.decode(kind, body)) for number, at, kind, body in found]

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        return str(self._connection.execute(self._statements.cursor, {"source": source}).scalar() or "")


class SqlUnit(SqlView):
    """One transaction on a `SqlStore`. The rows and accounts that it read stay locked, so it keeps what they said."""

    def __init__(
        self, connection: Connection, statements: Statements, codec: Codec, chart: Chart, now: Callable[[], int]
    ) -> None:
        super().__init__(connection, statements, codec, locked=True)
        self._books = Books(chart)
        self._chart = chart
        self._now = now
        self._rows: dict[tuple[str, str], Any] = {}

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`."""
        key = (kind.__name__, row_id)
        kept: R | None = self._rows.get(key)
        if kept is None:
            kept = super().row(kind, row_id)
            if kept is not None:
                self._rows[key] = kept
        return kept

    def put(self, row: Row) -> None:
        """As `Unit.put`."""
        kind, body = self._codec.kind(row), self._codec.encode(row)
        self._connection.execute(
            self._statements.put_row,
            {"kind": kind, "id": row.id, "stock": row.stock, "state": str(row.state), "body": body},
        )
        self._rows[kind, row.id] = row

    def post(self, transfers: Sequence[Transfer]) -> None:
        """As `Unit.post`."""
        self._load(transfers)
        at = self._now()
        new = self._books.post(transfers, [], at)
        if new:
            touched = sorted({account for transfer in new for account in (transfer.debit, transfer.credit)})
            self._connection.execute(self._statements.put_accounts, [self._account_row(account) for account in touched])
            self._insert(new, at)

    def expire(self, limit: int = 1_000) -> int:
        """As `Unit.expire`."""
        found = self._connection.execute(self._statements.expired, {"now": self._now(), "most": limit}).all()
        self.post([expiry(_transfer(pending)) for pending in found])
        return len(found)

    def _insert(self, new: Sequence[Transfer], at: int) -> None:
        try:
            self._connection.execute(self._statements.insert_transfers, [_transfer_row(transfer, at) for transfer in new])
        except DBAPIError as error:
            if CLOSED_PERIOD not in str(error.orig):
                raise
            # the clock's fault, or a closing that came between: passes when market time has moved on
            raise Unavailable(f"ledger: {new[0].id} was posted at {at}, in a closed period") from error

    def _load(self, transfers: Sequence[Transfer]) -> None:
        """Bring into the books what the rules ask about: the accounts, the ids, and what pending ids became."""
        books, statements, connection = self._books, self._statements, self._connection
        pending = {transfer.pending_id for transfer in transfers if transfer.pending_id}
        ids = pending.union(transfer.id for transfer in transfers).difference(books.transfers)
        if ids:
            for known in map(_transfer, connection.execute(statements.transfers, {"among": statements.many(ids)})):
                books.transfers[known.id] = known
        if pending:
            for pending_id, by in connection.execute(statements.resolutions, {"among": statements.many(pending)}):
                books.resolved[pending_id] = by
        accounts = {account for transfer in transfers for account in (transfer.debit, transfer.credit)}
        missing = sorted(accounts.difference(books.balances))
        if missing:
            if not statements.is_sqlite:
                # a row that is not there cannot be locked
                connection.execute(statements.open_accounts, [self._account_row(account) for account in missing])
            for found in connection.execute(statements.accounts, {"among": statements.many(missing)}):
                books.balances[found[0]] = Balance(*found[1:])

    def _account_row(self, account: str) -> dict[str, object]:
        balance = self._books.balances.get(account, Balance())
        return {
            "id": account,
            "unit": unit_of(account),
            "side": side_of(account, self._chart).value,
            "debits_pending": balance.debits_pending,
            "debits_posted": balance.debits_posted,
            "credits_pending": balance.credits_pending,
            "credits_posted": balance.credits_posted,
        }

    def record(self, fact: Fact, at: int) -> None:
        """As `Unit.record`."""
        if self._statements.number_facts is not None:
            self._connection.execute(self._statements.number_facts)  # so that numbers commit in their order
        kind, body = self._codec.kind(fact), self._codec.encode(fact)
        self._connection.execute(self._statements.insert_fact, {"at": at, "kind": kind, "body": body})

    def enqueue(self, command: Command) -> None:
        """As `Unit.enqueue`."""
        written = self._connection.execute(
            self._statements.insert_command,
            {
                "key": command.key,
                "row_kind": command.row_kind,
                "row_id": command.row_id,
                "kind": self._codec.kind(command.action),
                "body": self._codec.encode(command.action),
                "due_at": command.due_at,
                "status": "due",
                "attempts": 0,
                "error": "",
                "token": 0,
                "holder": "",
                "until": 0.0,
            },
        )
        if not written.rowcount:
            known = _command(
                self._connection.execute(self._statements.command, {"key": command.key}).one(), self._codec
            )
            if known != command:
                raise Conflict("outbox.conflict", f"outbox: {command.key} was {known}, came again as {command}")

    def finish(self, lease: Lease) -> None:
        """As `Unit.finish`."""
        if not self._connection.execute(self._statements.finish, _held(lease)).rowcount:
            raise _fenced(lease)

    def extend(self, lease: Lease) -> None:
        """As `Unit.extend`."""
        if self._connection.execute(self._statements.held, _held(lease)).first() is None:
            raise _fenced(lease)

    def first_time(self, source: str, message_id: str, digest: str = "") -> bool:
        """As `Unit.first_time`."""
        asked = {"source": source, "message_id": message_id}
        if self._connection.execute(self._statements.insert_message, asked | {"digest": digest}).rowcount:
            return True
        if self._connection.execute(self._statements.digest, asked).scalar() != digest:
            raise Conflict("inbox.conflict", f"inbox: message {message_id} of {source} came again with other content")
        return False

    def set_cursor(self, source: str, position: str) -> None:
        """As `Unit.set_cursor`."""
        self._connection.execute(self._statements.put_cursor, {"source": source, "position": position})

    def use_once(self, kind: str, key: str, by: str) -> None:
        """As `Unit.use_once`."""
        asked = {"kind": kind, "key": key}
        if not self._connection.execute(self._statements.insert_once, asked | {"used_by": by}).rowcount:
            holder = self._connection.execute(self._statements.used_by, asked).scalar()
            if holder != by:
                raise Refused("once.used", f"once: {kind} {key} was used by {holder}")

    def next_number(self, name: str) -> int:
        """As `Unit.next_number`."""
        return int(self._connection.execute(self._statements.next_number, {"name": name}).scalar_one()) - 1


class SqlStore:
    """`Store` in a database that `database.upgrade` has brought up to date.

    `registered` are the classes of rows, actions and facts that it keeps. Transfers are stamped with the market time
    that `now` tells when they are posted.
    """

    def __init__(
        self, engine: Engine, chart: Chart, registered: Iterable[type], now: Callable[[], int] = lambda: 0
    ) -> None:
        self._engine = engine
        self._statements = Statements(engine.dialect.name)
        self._leasing = open_database(str(engine.url), "NORMAL") if self._statements.is_sqlite else engine
        self._gate = Gate()
        self._codec = Codec(registered)
        self._chart = chart
        self._now = now

    def close(self) -> None:
        """Close the connections. A closed store opens them again when it is used."""
        self._leasing.dispose()
        self._engine.dispose()

    @contextmanager
    def _writing(self, engine: Engine | None = None) -> Iterator[Connection]:
        try:
            with self._gate, (engine or self._engine).begin() as connection:
                yield connection
        except OperationalError as error:  # locked too long, or the disk is full: passes, and nothing was written
            raise Unavailable(f"database: {error.orig}") from error

    @contextmanager
    def transaction(self) -> Iterator[SqlUnit]:
        """As `Store.transaction`."""
        with self._writing() as connection:
            yield SqlUnit(connection, self._statements, self._codec, self._chart, self._now)

    @contextmanager
    def view(self) -> Iterator[SqlView]:
        """As `Store.view`."""
        with self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            yield SqlView(connection, self._statements, self._codec)

    def lease(self, worker: str, limit: int, market_now: int, machine_now: float, lease_s: float = 30) -> list[Lease]:
        """As `Store.lease`."""
        asked = {"market_now": market_now, "machine_now": machine_now, "lease_s": lease_s}
        with self._leasing.connect().execution_options(**{READ_ONLY: True}) as connection:
            if connection.execute(self._statements.leasable, asked | {"most": 1}).first() is None:
                return []
        with self._writing(self._leasing) as connection:
            found = connection.execute(self._statements.leasable, asked | {"most": limit}).all()
            leases = [Lease(_command(row, self._codec), row.token + 1, row.attempts) for row in found]
            if leases:
                ends = {"worker": worker, "ends": machine_now + lease_s}
                connection.execute(self._statements.take, [{"taken": lease.command.key} | ends for lease in leases])
        return leases

    def release(self, worker: str) -> int:
        """As `Store.release`."""
        with self._writing() as connection:
            return connection.execute(self._statements.release, {"worker": worker}).rowcount

    def retry(self, lease: Lease, error: str, machine_due: float) -> None:
        """As `Store.retry`."""
        with self._writing() as connection:
            connection.execute(self._statements.retry, _held(lease) | {"why": error, "from": machine_due})

    def park(self, lease: Lease, error: str) -> None:
        """As `Store.park`."""
        with self._writing() as connection:
            connection.execute(self._statements.park, _held(lease) | {"why": error})

    def unpark(self, key: str) -> None:
        """As `Store.unpark`."""
        with self._writing() as connection:
            connection.execute(self._statements.unpark, {"parked": key})

    def waiting(self, limit: int = 1_000) -> list[tuple[Command, str, int, str]]:
        """As `Store.waiting`."""
        with self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            found = connection.execute(self._statements.waiting, {"most": limit})
            return [(_command(row, self._codec), row.status, row.attempts, row.error) for row in found]

    def next_due(self) -> int | None:
        """As `Store.next_due`."""
        with self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            due_at = connection.execute(self._statements.next_due).scalar()
            return None if due_at is None else int(due_at)


def _transfer(found: Any) -> Transfer:
    transfer_id, debit, credit, amount, cause, phase, pending_id, expires_at = found
    return Transfer(transfer_id, debit, credit, amount, cause, Phase(phase), pending_id or "", expires_at)


def _transfer_row(transfer: Transfer, at: int) -> dict[str, object]:
    return {
        "id": transfer.id,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount,
        "cause": transfer.cause,
        "phase": transfer.phase.value,
        "pending_id": transfer.pending_id or None,
        "seal": seal(transfer, at),
        "at": at,
        "expires_at": transfer.expires_at,
    }


def _command(found: Any, codec: Codec) -> Command:
    return Command(found.key, found.row_kind, found.row_id, codec.decode(found.kind, found.body), found.due_at)


def _held(lease: Lease) -> dict[str, Any]:
    return {"held": lease.command.key, "fence": lease.token}


def _fenced(lease: Lease) -> Fenced:
    return Fenced(f"outbox: the lease {lease.token} of {lease.command.key} was lost")
