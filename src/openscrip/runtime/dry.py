"""A transaction that writes nothing: whoever wants to know what a decision would do lets it decide on this one.

It reads the books as they are, keeps what would be written to itself, and reads that too. Limits of accounts are not tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openscrip.runtime.audit_trail import AuditEntry, next_entry
from openscrip.runtime.ledger import Balance, Transfer, credited, debited, summed
from openscrip.runtime.store import PAGE_ROWS, Command, Fact, Lease, OpenCommand, Page, R, Row, Sample, Tally, View


@dataclass
class DryUnit:
    """`Unit` over a `View`: `written`, `posted`, `facted`, `enqueued` and `unparked` are what would be done, in order."""

    view: View
    written: dict[tuple[str, str], Row] = field(default_factory=dict)
    posted: list[Transfer] = field(default_factory=list)
    facted: list[Fact] = field(default_factory=list)
    enqueued: list[Command] = field(default_factory=list)
    unparked: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    moved: dict[str, Balance] = field(default_factory=dict)

    # what is read

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`."""
        found: Any = self.written.get((kind.__name__, row_id))
        return found if found is not None else self.view.row(kind, row_id)

    def rows(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> list[R]:
        """As `View.rows`."""
        mine: dict[str, Any] = {name: row for (each, name), row in self.written.items() if each == kind.__name__}
        found = [row for row in self.view.rows(kind, stock=stock, state=state) if row.id not in mine]
        fits = (row for row in mine.values() if stock in (None, row.stock) and state in (None, row.state))
        return [*found, *fits]

    def rows_in(self, kind: type[R], states: Sequence[str], *, stock: str | None = None) -> list[R]:
        """As `View.rows_in`."""
        return [row for row in self.rows(kind, stock=stock) if row.state in states]

    def several(self, kind: type[R], row_ids: Sequence[str]) -> dict[str, R]:
        """As `View.several`."""
        found = {row_id: self.row(kind, row_id) for row_id in row_ids}
        return {row_id: row for row_id, row in found.items() if row is not None}

    def page(
        self, kind: type[R], *, person: str | None = None, stock: str | None = None, state: str | None = None,
        before: int | None = None, limit: int = PAGE_ROWS,
    ) -> Page[R]:  # fmt: skip
        """As `View.page`, of what is in the books."""
        return self.view.page(kind, person=person, stock=stock, state=state, before=before, limit=limit)

    def first(self, kind: type[R], person: str) -> R | None:
        """As `View.first`, of what is in the books."""
        return self.view.first(kind, person)

    def count(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> int:
        """As `View.count`, of what is in the books."""
        return self.view.count(kind, stock=stock, state=state)

    def states(self, kind: type[R]) -> Mapping[str, int]:
        """As `View.states`, of what is in the books."""
        return self.view.states(kind)

    def tallies(self, asked: Sequence[tuple[type[Any], str]]) -> list[Tally[Any]]:
        """As `View.tallies`, of what is in the books."""
        return self.view.tallies(asked)

    def samples(self, series: str, since: int, until: int, most: int = 2_000) -> list[Sample]:
        """As `View.samples`."""
        return self.view.samples(series, since, until, most)

    def position(self) -> int:
        """As `View.position`."""
        return self.view.position()

    def balance(self, account: str) -> Balance:
        """As `View.balance`, with what would be posted. What resolves an older pending transfer leaves pending totals alone."""
        return self.moved.get(account) or self.view.balance(account)

    def balances_of(self, accounts: Sequence[str]) -> Mapping[str, Balance]:
        """As `View.balances_of`, with what would be posted."""
        return {account: self.balance(account) for account in accounts}

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """As `View.balances`, with what would be posted."""
        mine = {name: each for name, each in self.moved.items() if unit in (None, name.partition("/")[0])}
        return {**self.view.balances(unit), **mine}

    def accounts(self, begins: str, after: str = "", limit: int = PAGE_ROWS) -> list[tuple[str, Balance]]:
        """As `View.accounts`, with what would be posted."""
        mine = {name: each for name, each in self.moved.items() if name.startswith(begins) and name > after}
        return sorted((dict(self.view.accounts(begins, after, limit)) | mine).items())[:limit]

    def accounts_named(self, names: Sequence[str]) -> list[tuple[str, Balance]]:
        """As `View.accounts_named`, with what would be posted."""
        mine = {name: self.moved[name] for name in names if name in self.moved}
        return sorted((dict(self.view.accounts_named(names)) | mine).items())

    def totals(self, unit: str) -> Balance:
        """As `View.totals`, with what would be posted."""
        return summed(self.balances(unit).values())

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """As `View.facts`."""
        return self.view.facts(after, limit)

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        return self.view.cursor(source)

    def audited(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """As `View.audited`."""
        return self.view.audited(after, limit)

    def audit_page(
        self, *, who: str | None = None, subject: str | None = None, before: int | None = None, limit: int = PAGE_ROWS
    ) -> list[AuditEntry]:
        """As `View.audit_page`."""
        return self.view.audit_page(who=who, subject=subject, before=before, limit=limit)

    def counted(self, name: str) -> int:
        """As `View.counted`."""
        return self.numbers.get(name, self.view.counted(name))

    def open_commands(
        self, *, row_id: str | None = None, status: str | None = None, key: str | None = None, limit: int = PAGE_ROWS
    ) -> list[OpenCommand]:
        """As `View.open_commands`, of what is in the books."""
        return self.view.open_commands(row_id=row_id, status=status, key=key, limit=limit)

    # what would be written

    @property
    def asks_outside(self) -> bool:
        """As `Unit.asks_outside`, of what would be done."""
        return bool(self.enqueued or self.unparked)

    def put(self, row: Row) -> None:
        """Keep the row."""
        self.written[type(row).__name__, row.id] = row

    def post(self, transfers: Sequence[Transfer]) -> None:
        """Keep the transfers, and what they would make of their accounts."""
        pending = {each.id: each for each in self.posted}
        for each in transfers:
            self.posted.append(each)
            pending[each.id] = each
            before = pending.get(each.pending_id)
            self.moved[each.debit] = debited(self.balance(each.debit), each, before)
            self.moved[each.credit] = credited(self.balance(each.credit), each, before)

    def expire(self, limit: int = 1_000) -> int:
        """Nothing expires here."""
        del limit
        return 0

    def record(self, fact: Fact, at: int) -> None:
        """Keep the fact."""
        del at
        self.facted.append(fact)

    def sample(self, series: str, at: int, value: int | None, body: str = "", within: int = 0) -> None:
        """No measurement is kept."""

    def audit(self, who: str, action: str, subject: str, body: str, at: int, market_at: int) -> AuditEntry:
        """The entry as the first of a chain: nothing is written."""
        return next_entry(None, at, market_at, who, action, subject, body)

    def enqueue(self, command: Command) -> None:
        """Keep the command."""
        self.enqueued.append(command)

    def unpark(self, key: str) -> bool:
        """Keep the key of a parked command."""
        is_parked = bool(self.view.open_commands(key=key, status="parked", limit=1))
        if is_parked:
            self.unparked.append(key)
        return is_parked

    def finish(self, lease: Lease) -> None:
        """Nothing is finished."""

    def extend(self, lease: Lease) -> None:
        """Nothing is leased."""

    def first_time(self, source: str, message_id: str, digest: str = "") -> bool:
        """Every message is heard for the first time."""
        del source, message_id, digest
        return True

    def set_cursor(self, source: str, position: str) -> None:
        """No feed is read."""

    def use_once(self, kind: str, key: str, by: str) -> None:
        """Nothing is bound."""

    def next_number(self, name: str) -> int:
        """The number that would be taken."""
        number = self.counted(name)
        self.numbers[name] = number + 1
        return number
