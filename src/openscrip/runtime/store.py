"""The port of durable state: rows, ledger, facts, outbox and inbox, changed together or not at all.

Two adapters, `memory` and `sql`, pass one conformance suite. To add one, implement `Store` and `Unit` and run it.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from openscrip.runtime.audit_trail import AuditEntry
from openscrip.runtime.ledger import Balance, Transfer


class Row(Protocol):
    """A business record with a state: a frozen dataclass. Its class name is its kind."""

    @property
    def id(self) -> str:
        """Unique within its kind."""
        ...

    @property
    def stock(self) -> str:
        """The underlying's symbol, or empty; indexed."""
        ...

    @property
    def state(self) -> str:
        """Where the record stands; indexed."""
        ...


R = TypeVar("R", bound=Row)
PAGE_ROWS = 50
"""Rows of a page that nobody asked otherwise for."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some rows, the newest first; `next` is what to ask `before` for those that follow, None after the last."""

    rows: tuple[R, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Tally(Generic[R]):
    """How many rows of a kind are in a state, and the one of them that was there first; None where there is none."""

    count: int
    oldest: R | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a series measured at `at` and, as far as anybody looked, until `until`; `value` is None where it was unknown."""

    at: int
    until: int
    value: int | None
    body: str = ""


class Action(Protocol):
    """What a command does outside: a frozen dataclass. Its class name is its kind."""


class Fact(Protocol):
    """Something that happened, in the past tense: a frozen dataclass. Its class name is its kind."""


@dataclass(frozen=True, slots=True)
class Command:
    """An effect to have outside, once for its `key` (`request:command`).

    `row_kind` and `row_id` say whose event the answer becomes. `due_at` is market time.
    """

    key: str
    row_kind: str
    row_id: str
    action: Action
    due_at: int = 0


@dataclass(frozen=True, slots=True)
class OpenCommand:
    """A command that is not done: `due`, `leased` or `parked`; how often it was tried, what went wrong last.

    `machine_until`: when a retry may start, or the lease ends; 0 for neither.
    """

    command: Command
    status: str
    attempts: int
    error: str
    machine_until: float


@dataclass(frozen=True, slots=True)
class Lease:
    """A command in a worker's hands until another takes it over; `token` fences whoever lost it.

    `attempts` counts the leases of this command before this one.
    """

    command: Command
    token: int
    attempts: int


class Fenced(Exception):
    """Another worker holds the lease now: drop the answer, write nothing."""


class View(Protocol):
    """What can be read, all of one moment."""

    def row(self, kind: type[R], row_id: str) -> R | None:
        """The row, locked if this is a transaction that writes, or None."""
        ...

    def rows(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> list[R]:
        """All rows of a kind, oldest first, narrowed by stock and state."""
        ...

    def rows_in(self, kind: type[R], states: Sequence[str], *, stock: str | None = None) -> list[R]:
        """All rows of a kind in one of these states, oldest first, narrowed by stock. One question."""
        ...

    def several(self, kind: type[R], row_ids: Sequence[str]) -> dict[str, R]:
        """The rows of a kind with these ids, by id; those that are not there are left out. One question."""
        ...

    def page(
        self,
        kind: type[R],
        *,
        person: str | None = None,
        stock: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = PAGE_ROWS,
    ) -> Page[R]:
        """Up to `limit` rows of a kind, newest first, narrowed by whose they are, stock and state.

        What is inserted while somebody pages is never shown twice, and nothing that was there is left out.
        """
        ...

    def first(self, kind: type[R], person: str) -> R | None:
        """The oldest row of a kind that is this person's, or None."""
        ...

    def count(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> int:
        """How many rows of a kind there are, narrowed by stock and state. For what counts thousands, not millions."""
        ...

    def states(self, kind: type[R]) -> Mapping[str, int]:
        """How many rows of a kind there are in each state that any of them is in, counted in the index alone."""
        ...

    def tallies(self, asked: Sequence[tuple[type[Any], str]]) -> list[Tally[Any]]:
        """A tally of each kind in a state, in the order in which they were asked for. One question."""
        ...

    def samples(self, series: str, since: int, until: int, most: int = 2_000) -> list[Sample]:
        """What a series measured within [since, until], oldest first, and what stood at `since`.

        Where there are more than `most`, the least and the greatest of each part of the time stay; unknown ones stay too.
        """
        ...

    def position(self) -> int:
        """The number of the newest fact, 0 before the first: what was read at the same position is the same."""
        ...

    def balance(self, account: str) -> Balance:
        """The account's running totals; zeros if it was never used."""
        ...

    def balances_of(self, accounts: Sequence[str]) -> Mapping[str, Balance]:
        """The running totals of these accounts, by name; zeros for one that was never used. One question."""
        ...

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """Every account of `unit`, or of all units, with its totals."""
        ...

    def accounts(self, begins: str, after: str = "", limit: int = PAGE_ROWS) -> list[tuple[str, Balance]]:
        """Up to `limit` accounts whose ids begin like that, in order of their ids, after the id `after`."""
        ...

    def accounts_named(self, names: Sequence[str]) -> list[tuple[str, Balance]]:
        """Those of these accounts that were used, in order of their ids. One question."""
        ...

    def totals(self, unit: str) -> Balance:
        """All accounts of a unit added up. For millions of accounts this takes as long as reading them."""
        ...

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """Facts in order as (number, market time, fact), from number `after` on (exclusive)."""
        ...

    def cursor(self, source: str) -> str:
        """How far an outside feed was read; empty at the start."""
        ...

    def audited(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """What persons did, in the order of the chain, from entry `after` on (exclusive)."""
        ...

    def audit_page(
        self, *, who: str | None = None, subject: str | None = None, before: int | None = None, limit: int = PAGE_ROWS
    ) -> list[AuditEntry]:
        """Up to `limit` entries, newest first, of one person or about one thing, below number `before`."""
        ...

    def counted(self, name: str) -> int:
        """How many numbers of that name were taken (`Unit.next_number`)."""
        ...

    def open_commands(
        self, *, row_id: str | None = None, status: str | None = None, key: str | None = None, limit: int = PAGE_ROWS
    ) -> list[OpenCommand]:
        """Commands that are not done, oldest first, narrowed by whose answer they bring, status and key."""
        ...


class Unit(View, Protocol):
    """One transaction. Reads see its own writes; leaving it normally commits, an exception undoes everything."""

    @property
    def asks_outside(self) -> bool:
        """Whether it has put a command into the outbox that was not there, or let a parked one go on."""
        ...

    def put(self, row: Row) -> None:
        """Insert the row or replace it whole."""
        ...

    def post(self, transfers: Sequence[Transfer]) -> None:
        """Apply all transfers in order, or none. The same id with the same content again is a no-op.

        Raises `Refused("ledger.limit")`, `Refused("ledger.range")`, `Conflict("ledger.conflict")` (same id, other
        content), `Conflict("ledger.resolved")`, `Refused("ledger.expired")`, `LedgerBroken`; and `Unavailable` while
        market time lies in a closed period.
        """
        ...

    def expire(self, limit: int = 1_000) -> int:
        """Void up to `limit` pending transfers whose time has come, the earliest first; returns how many."""
        ...

    def record(self, fact: Fact, at: int) -> None:
        """Append a fact at market time `at`."""
        ...

    def sample(self, series: str, at: int, value: int | None, body: str = "", within: int = 0) -> None:
        """Add a measurement; one that says the same as the last, at most `within` seconds later, makes that one longer."""
        ...

    def audit(self, who: str, action: str, subject: str, body: str, at: int, market_at: int) -> AuditEntry:
        """Append what a person did to the chain; `at` is machine time."""
        ...

    def enqueue(self, command: Command) -> None:
        """Put a command into the outbox. The same key with the same content again is a no-op.

        Raises `Conflict("outbox.conflict")` for a known key with other content, at the latest when the transaction ends.
        """
        ...

    def unpark(self, key: str) -> bool:
        """Let a parked command be tried again; False if none of that key is parked."""
        ...

    def finish(self, lease: Lease) -> None:
        """Mark a leased command done. Raises `Fenced` if the lease was lost."""
        ...

    def extend(self, lease: Lease) -> None:
        """Check that the lease is still ours, for writes before the answer. Raises `Fenced`."""
        ...

    def first_time(self, source: str, message_id: str, digest: str = "") -> bool:
        """Inbox: True once for (source, message_id). A known id with another `digest`: `Conflict("inbox.conflict")`."""
        ...

    def set_cursor(self, source: str, position: str) -> None:
        """Remember how far an outside feed was read."""
        ...

    def use_once(self, kind: str, key: str, by: str) -> None:
        """Bind (kind, key) to `by` for ever; again by the same is a no-op.

        Raises `Refused("once.used")` if another holds it.
        """
        ...

    def next_number(self, name: str) -> int:
        """0, 1, 2 … for each name, without gaps in what commits: nonces, places in line."""
        ...


class Store(Protocol):
    """Durable state.

    Safe if: a committed transaction survives power loss, and two transactions never both pass the same check.
    Live if: a lease expires when its worker is gone.
    """

    def transaction(self) -> AbstractContextManager[Unit]:
        """One atomic change. A transaction inside another one of the same thread is a bug (`RuntimeError`)."""
        ...

    def view(self) -> AbstractContextManager[View]:
        """A consistent reading that never waits for a transaction that writes, where the store can."""
        ...

    def glance(self) -> AbstractContextManager[View]:
        """A reading whose answers may each be of a moment of its own: cheaper than a view, for whoever asks one thing."""
        ...

    def lease(self, worker: str, limit: int, market_now: int, machine_now: float, lease_s: float = 30.0) -> list[Lease]:
        """Take up to `limit` commands that nobody holds, due by market time, past their retry time by machine time.

        A lease ends after `lease_s` of machine time; then another worker may take the command over.
        """
        ...

    def release(self, worker: str) -> int:
        """Give back what a worker of that name held in an earlier life; returns how many.

        Only for the start of the one process that carries the name: whoever still holds such a lease is fenced off.
        """
        ...

    def retry(self, lease: Lease, error: str, machine_due: float) -> None:
        """Give a command back, to be tried again from `machine_due` on, and keep the error. Lost leases are ignored."""
        ...

    def park(self, lease: Lease, error: str) -> None:
        """Give a command up to an operator: it waits, visible, until `unpark`."""
        ...

    def unpark(self, key: str) -> None:
        """Let a parked command be tried again."""
        ...

    def waiting(self, limit: int = 1_000) -> list[tuple[Command, str, int, str]]:
        """Commands not done, as (command, status `due` | `leased` | `parked`, attempts, last error), oldest first."""
        ...

    def next_due(self) -> int | None:
        """The earliest market time at which a command is due that is not done and not parked, or None.

        Leased commands count: while one is in a worker's hands, that is not later than now.
        """
        ...
