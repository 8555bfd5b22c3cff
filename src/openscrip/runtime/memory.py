"""The store in memory: for simulation and tests. One lock is held for a whole transaction; exceptions undo it.

Nothing survives the process. Rows, actions and facts are kept by reference, because they are frozen.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.audit_trail import AuditEntry, next_entry
from openscrip.runtime.ledger import Balance, Chart, Transfer, expiry, summed, unit_of
from openscrip.runtime.outbox import Outbox, Waiting
from openscrip.runtime.posting import MISSING, Books, Undo, assign, remove, rewind
from openscrip.runtime.samples import continues, person_of, sample_width, thinned
from openscrip.runtime.store import PAGE_ROWS, Command, Fact, Lease, OpenCommand, Page, R, Row, Sample, Tally

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

    def rows_in(self, kind: type[R], states: Sequence[str], *, stock: str | None = None) -> list[R]:
        """As `View.rows_in`."""
        return [row for row in self.rows(kind, stock=stock) if row.state in states]

    def several(self, kind: type[R], row_ids: Sequence[str]) -> dict[str, R]:
        """As `View.several`."""
        table = self._store.tables.get(kind)
        rows = table.rows if table else {}
        return {row_id: rows[row_id] for row_id in row_ids if row_id in rows}  # type: ignore[misc]  # a table holds one kind

    def page(
        self, kind: type[R], *, person: str | None = None, stock: str | None = None, state: str | None = None,
        before: int | None = None, limit: int = PAGE_ROWS,
    ) -> Page[R]:  # fmt: skip
        """As `View.page`."""
        table = self._store.tables.get(kind)
        if table is None or person == "":
            return Page((), None)
        found: list[R] = []
        for row in reversed(table.select(stock, state)):
            if before is not None and table.numbers[row.id] >= before:
                continue
            if person is None or person_of(row) == person:
                found.append(row)  # type: ignore[arg-type]  # a table holds one kind
                if len(found) > limit:
                    return Page(tuple(found[:limit]), table.numbers[found[limit - 1].id])
        return Page(tuple(found), None)

    def first(self, kind: type[R], person: str) -> R | None:
        """As `View.first`."""
        return next((row for row in self.rows(kind) if person and person_of(row) == person), None)

    def count(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> int:
        """As `View.count`."""
        return len(self.rows(kind, stock=stock, state=state))

    def states(self, kind: type[R]) -> Mapping[str, int]:
        """As `View.states`."""
        return Counter(row.state for row in self.rows(kind))

    def tallies(self, asked: Sequence[tuple[type[Any], str]]) -> list[Tally[Any]]:
        """As `View.tallies`."""
        found = [self.rows(kind, state=state) for kind, state in asked]
        return [Tally(len(rows), rows[0] if rows else None) for rows in found]

    def samples(self, series: str, since: int, until: int, most: int = 2_000) -> list[Sample]:
        """As `View.samples`."""
        ordered = [each for _, each in sorted(self._store.samples.get(series, {}).items())]
        within = [each for each in ordered if since < each.at <= until]
        within = within if len(within) <= most else thinned(within, sample_width(since, until, most))
        return [each for each in ordered if each.at <= since][-1:] + within

    def position(self) -> int:
        """As `View.position`."""
        return len(self._store.facts)

    def balance(self, account: str) -> Balance:
        """As `View.balance`."""
        return self._store.books.balances.get(account, _ZERO)

    def balances_of(self, accounts: Sequence[str]) -> Mapping[str, Balance]:
        """As `View.balances_of`."""
        return {account: self.balance(account) for account in accounts}

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """As `View.balances`."""
        return {name: each for name, each in self._store.books.balances.items() if unit in (None, unit_of(name))}

    def accounts(self, begins: str, after: str = "", limit: int = PAGE_ROWS) -> list[tuple[str, Balance]]:
        """As `View.accounts`."""
        return sorted(each for each in self.balances().items() if each[0].startswith(begins) and each[0] > after)[:limit]

    def accounts_named(self, names: Sequence[str]) -> list[tuple[str, Balance]]:
        """As `View.accounts_named`."""
        return sorted((name, each) for name, each in self._store.books.balances.items() if name in names)

    def totals(self, unit: str) -> Balance:
        """As `View.totals`."""
        return summed(each for name, each in self._store.books.balances.items() if unit_of(name) == unit)

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """As `View.facts`."""
        facts = self._store.facts
        return [facts[number] for number in range(after + 1, min(after + limit, len(facts)) + 1)]

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        return self._store.cursors.get(source, "")

    def audited(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """As `View.audited`."""
        kept = self._store.audit
        return [kept[number] for number in range(after + 1, min(after + limit, len(kept)) + 1)]

    def audit_page(
        self, *, who: str | None = None, subject: str | None = None, before: int | None = None, limit: int = PAGE_ROWS
    ) -> list[AuditEntry]:
        """As `View.audit_page`."""
        found = [
            entry
            for entry in self._store.audit.values()
            if (who is None or entry.who == who)
            and (subject is None or entry.subject == subject)
            and (before is None or entry.number < before)
        ]
        return found[::-1][:limit]

    def counted(self, name: str) -> int:
        """As `View.counted`."""
        return self._store.counters.get(name, 0)

    def open_commands(
        self, *, row_id: str | None = None, status: str | None = None, key: str | None = None, limit: int = PAGE_ROWS
    ) -> list[OpenCommand]:
        """As `View.open_commands`."""
        found = [
            OpenCommand(each.command, each.status, each.attempts, each.error, each.until)
            for each in sorted(self._store.outbox.open.values(), key=lambda each: each.number)
            if (not row_id or each.command.row_id == row_id)
            and (not status or each.status == status)
            and (not key or each.command.key == key)
        ]
        return found[:limit]


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

    @property
    def asks_outside(self) -> bool:
        """As `Unit.asks_outside`."""
        return bool(self._new)

    def put(self, row: Row) -> None:
        """As `Unit.put`."""
        tables, kind = self._store.tables, type(row)
        if kind not in tables:
            tables[kind] = Table()
        tables[kind].put(row, self._undo)

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
        number = len(self._store.facts) + 1
        assign(self._undo, self._store.facts, number, (number, at, fact))

    def audit(self, who: str, action: str, subject: str, body: str, at: int, market_at: int) -> AuditEntry:
        """As `Unit.audit`."""
        kept = self._store.audit
        entry = next_entry(kept.get(len(kept)), at, market_at, who, action, subject, body)
        self.next_number("audit")
        assign(self._undo, kept, entry.number, entry)
        return entry

    def sample(self, series: str, at: int, value: int | None, body: str = "", within: int = 0) -> None:
        """As `Unit.sample`."""
        kept = self._store.samples.setdefault(series, {})
        last = kept[max(kept)] if kept else None
        begun = last.at if last is not None and continues(last, at, value, body, within) else at
        assign(self._undo, kept, begun, Sample(begun, at, value, body))

    def enqueue(self, command: Command) -> None:
        """As `Unit.enqueue`."""
        waiting = self._store.outbox.enqueue(command, self._undo)
        if waiting is not None:
            self._new.append(waiting)

    def unpark(self, key: str) -> bool:
        """As `Unit.unpark`."""
        waiting = self._store.outbox.unparked(key, self._undo)
        if waiting is not None:
            self._new.append(waiting)
        return waiting is not None

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
        self.samples: dict[str, dict[int, Sample]] = {}
        self.outbox = Outbox()
        self.inbox: dict[tuple[str, str], str] = {}
        self.cursors: dict[str, str] = {}
        self.once: dict[tuple[str, str], str] = {}
        self.counters: dict[str, int] = {}
        self.audit: dict[int, AuditEntry] = {}
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

    def glance(self) -> AbstractContextManager[MemoryView]:
        """As `Store.glance`."""
        return self.view()

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
