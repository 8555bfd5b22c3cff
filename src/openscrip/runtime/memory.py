"""The store in memory: for simulation and tests. One lock is held for a whole transaction; exceptions undo it.

Nothing survives the process. Rows, actions and facts are kept by reference, because they are frozen.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.ledger import Balance, Chart, Transfer, expiry, unit_of
from openscrip.runtime.outbox import Outbox, Waiting
from openscrip.runtime.posting import MISSING, Books, Undo, assign, remove, rewind
from openscrip.runtime.store import Command, Fact, Lease, R, Row

_ZERO = Balance()


class Table:
    """Rows of one kind, with their ids grouped by stock and state."""

    __slots__ = ("groups", "numbers", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.numbers: dict[str, int] = {}
        self.groups: dict[tuple[str, str], dict[str, None]] = {}

    def put(self, row: Row, undo: Undo) -> None:
        """Insert or replace, keeping the place of the first insertion."""
        row_id, group = row.id, (row.stock, row.state)
        before = self.rows.get(row_id)
        if before is None:
            assign(undo, self.numbers, row_id, len(self.numbers))
        elif (before.stock, before.state) != group:
            remove(undo, self.groups[before.stock, before.state], row_id)
        assign(undo, self.rows, row_id, row)
        assign(undo, self.groups.setdefault(group, {}), row_id, None)

    def select(self, stock: str | None, state: str | None) -> list[Row]:
        """The rows that match, oldest first."""
        ids = [
            row_id
            for (of_stock, in_state), group in self.groups.items()
            if (stock is None or stock == of_stock) and (state is None or state == in_state)
            for row_id in group
        ]
        ids.sort(key=self.numbers.__getitem__)
        return [self.rows[row_id] for row_id in ids]


class MemoryView:
    """Reading a `MemoryStore`, under its lock."""

    __slots__ = ("_store",)

    def __init__(self, store: "MemoryStore") -> None:
        self._store = store

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`."""
        table = self._store.tables.get(kind)
        return table.rows.get(row_id) if table else None  # type: ignore[return-value]  # a table holds one kind

    def rows(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> list[R]:
        """As `View.rows`."""
        table = self._store.tables.get(kind)
        return table.select(stock, state) if table else []  # type: ignore[return-value]  # a table holds one kind

    def balance(self, account: str) -> Balance:
        """As `View.balance`."""
        return self._store.books.balances.get(account, _ZERO)

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """As `View.balances`."""
        balances = self._store.books.balances
        if unit is None:
            return dict(balances)
        return {account: balance for account, balance in balances.items() if unit_of(account) == unit}

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """As `View.facts`."""
        facts = self._store.facts
        return [facts[number] for number in range(after + 1, min(after + limit, len(facts)) + 1)]

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        return self._store.cursors.get(source, "")


class MemoryUnit(MemoryView):
    """One transaction on a `MemoryStore`; it is its own context manager."""

    __slots__ = ("_new", "_undo")

    def __init__(self, store: "MemoryStore") -> None:
        super().__init__(store)
        self._undo: Undo = []
        self._new: list[Waiting] = []

    def __enter__(self) -> "MemoryUnit":
        self._store.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        store = self._store
        if kind is None:
            for waiting in self._new:
                store.outbox.ready(waiting)
        else:
            rewind(self._undo)
        del self._undo  # a unit that is used after its end fails
        store.end()

    def put(self, row: Row) -> None:
        """As `Unit.put`."""
        tables, kind = self._store.tables, type(row)
        table = tables.get(kind)
        if table is None:
            table = tables[kind] = Table()
        table.put(row, self._undo)

    def post(self, transfers: Sequence[Transfer]) -> None:
        """As `Unit.post`."""
        self._store.books.post(transfers, self._undo, self._store.now())

    def expire(self, limit: int = 1_000) -> int:
        """As `Unit.expire`."""
        now = self._store.now()
        due = [pending for pending in self._store.books.expiring.values() if pending.expires_at <= now]
        due.sort(key=lambda pending: (pending.expires_at, pending.id))
        self.post([expiry(pending) for pending in due[:limit]])
        return len(due[:limit])

    def record(self, fact: Fact, at: int) -> None:
        """As `Unit.record`."""
        facts = self._store.facts
        number = len(facts) + 1
        assign(self._undo, facts, number, (number, at, fact))

    def enqueue(self, command: Command) -> None:
        """As `Unit.enqueue`."""
        waiting = self._store.outbox.enqueue(command, self._undo)
        if waiting is not None:
            self._new.append(waiting)

    def finish(self, lease: Lease) -> None:
        """As `Unit.finish`."""
        self._store.outbox.finish(lease, self._undo)

    def extend(self, lease: Lease) -> None:
        """As `Unit.extend`."""
        self._store.outbox.held(lease)

    def first_time(self, source: str, message_id: str, digest: str = "") -> bool:
        """As `Unit.first_time`."""
        inbox, key = self._store.inbox, (source, message_id)
        known = inbox.get(key)
        if known is None:
            assign(self._undo, inbox, key, digest)
            return True
        if known != digest:
            raise Conflict("inbox.conflict", f"inbox: message {message_id} of {source} came again with other content")
        return False

    def set_cursor(self, source: str, position: str) -> None:
        """As `Unit.set_cursor`."""
        assign(self._undo, self._store.cursors, source, position)

    def use_once(self, kind: str, key: str, by: str) -> None:
        """As `Unit.use_once`."""
        holder = self._store.once.get((kind, key), MISSING)
        if holder is MISSING:
            assign(self._undo, self._store.once, (kind, key), by)
        elif holder != by:
            raise Refused("once.used", f"once: {kind} {key} was used by {holder}")

    def next_number(self, name: str) -> int:
        """As `Unit.next_number`."""
        number = self._store.counters.get(name, 0)
        assign(self._undo, self._store.counters, name, number + 1)
        return number


class MemoryStore:
    """`Store` in dictionaries, for one process. `now` tells the market time at which transfers are posted."""

    def __init__(self, chart: Chart, now: Callable[[], int] = lambda: 0) -> None:
        self.books = Books(chart)
        self.now = now
        self.tables: dict[type, Table] = {}
        self.facts: dict[int, tuple[int, int, Fact]] = {}
        self.outbox = Outbox()
        self.inbox: dict[tuple[str, str], str] = {}
        self.cursors: dict[str, str] = {}
        self.once: dict[tuple[str, str], str] = {}
        self.counters: dict[str, int] = {}
        self._lock = threading.RLock()
        self._open = False

    def begin(self) -> None:
        """Take the store for one transaction. A transaction inside another one is a bug."""
        self._lock.acquire()
        if self._open:
            self._lock.release()
            raise RuntimeError("store: a transaction was opened inside another one")
        self._open = True

    def end(self) -> None:
        """Give the store back."""
        self._open = False
        self._lock.release()

    def transaction(self) -> MemoryUnit:
        """As `Store.transaction`."""
        return MemoryUnit(self)

    @contextmanager
    def view(self) -> Iterator[MemoryView]:
        """As `Store.view`; here a reader does wait."""
        with self._lock:
            if self._open:
                raise RuntimeError("store: a view was opened inside a transaction")
            yield MemoryView(self)

    def release(self, worker: str) -> int:
        """As `Store.release`."""
        with self._lock:
            return self.outbox.release(worker)

    def lease(self, worker: str, limit: int, market_now: int, machine_now: float, lease_s: float = 30) -> list[Lease]:
        """As `Store.lease`."""
        with self._lock:
            return self.outbox.lease(worker, limit, market_now, machine_now, lease_s)

    def retry(self, lease: Lease, error: str, machine_due: float) -> None:
        """As `Store.retry`."""
        with self._lock:
            self.outbox.retry(lease, error, machine_due)

    def park(self, lease: Lease, error: str) -> None:
        """As `Store.park`."""
        with self._lock:
            self.outbox.park(lease, error)

    def unpark(self, key: str) -> None:
        """As `Store.unpark`."""
        with self._lock:
            self.outbox.unpark(key)

    def waiting(self, limit: int = 1_000) -> list[tuple[Command, str, int, str]]:
        """As `Store.waiting`."""
        with self._lock:
            open_commands = sorted(self.outbox.open.values(), key=lambda waiting: waiting.number)[:limit]
            return [(waiting.command, waiting.status, waiting.attempts, waiting.error) for waiting in open_commands]

    def next_due(self) -> int | None:
        """As `Store.next_due`."""
        with self._lock:
            return self.outbox.next_due()
