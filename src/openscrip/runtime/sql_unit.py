"""Reading and writing the SQL store inside one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.audit_trail import AuditEntry, next_entry
from openscrip.runtime.codec import Codec
from openscrip.runtime.ledger import Balance, Chart, Transfer, expiry
from openscrip.runtime.posting import Books
from openscrip.runtime.prepared import Session
from openscrip.runtime.remembered import REMEMBERED_ROWS_MAX, Remembered
from openscrip.runtime.samples import continues, sample_width
from openscrip.runtime.sql_accounts import SqlAccounts
from openscrip.runtime.sql_kept import Kept
from openscrip.runtime.sql_rows import command_of, fenced, held, transfer_of
from openscrip.runtime.statements import Statements
from openscrip.runtime.store import PAGE_ROWS, Command, Fact, Lease, OpenCommand, Page, R, Row, Sample, Tally

LAST = 2**62
"""After every place in line, and after every instant."""
ROWS_KEPT_MAX = 64
"""So many single rows a view keeps: a page asks for the same few again, a worker for thousands that differ."""


class SqlView(SqlAccounts):
    """Reading a `SqlStore`, all of one moment."""

    def __init__(
        self,
        session: Session,
        statements: Statements,
        codec: Codec,
        remembered: Remembered | None = None,
        *,
        one_moment: bool = False,
    ) -> None:
        self._session = session
        self._statements = statements
        self._codec = codec
        self._remembered = remembered
        # Whoever glances asks without a transaction: there each question is of its own moment.
        self._seen: dict[tuple[str, str], Any] | None = {} if one_moment else None

    def flush(self) -> None:
        """Before what reads many: a unit writes what it kept until then; who only reads has nothing to write."""

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`; of one moment, so that what was read is not asked for again."""
        key, seen = (kind.__name__, row_id), self._seen
        if seen is None:
            return self._read_row(kind, row_id)
        if key not in seen:
            if len(seen) >= ROWS_KEPT_MAX:
                seen.clear()
            seen[key] = self._read_row(kind, row_id)
        found: R | None = seen[key]
        return found

    def _read_row(self, kind: type[R], row_id: str) -> R | None:
        body = self._session.value(self._statements.row, {"kind": kind.__name__, "id": row_id})
        return None if body is None else self._codec.decode(kind.__name__, body)

    def rows(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> list[R]:
        """As `View.rows`."""
        self.flush()
        statement = self._statements.rows[stock is not None, state is not None]
        asked = {"kind": kind.__name__, "stock": stock, "state": state}
        given = {name: value for name, value in asked.items() if value is not None}
        return self._decoded(kind, self._session.all(statement, given))

    def rows_in(self, kind: type[R], states: Sequence[str], *, stock: str | None = None) -> list[R]:
        """As `View.rows_in`."""
        self.flush()
        asked = {"kind": kind.__name__, "among": self._statements.many(states)} | ({} if stock is None else {"stock": stock})
        return self._decoded(kind, self._session.all(self._statements.rows_in[stock is not None], asked))

    def _decoded(self, kind: type[R], found: Sequence[Any]) -> list[R]:
        bodies = [body for (body,) in found]
        if self._remembered is not None and len(bodies) <= REMEMBERED_ROWS_MAX:
            return self._remembered.rows(kind.__name__, bodies)
        return [self._codec.decode(kind.__name__, body) for body in bodies]

    def several(self, kind: type[R], row_ids: Sequence[str]) -> dict[str, R]:
        """As `View.several`."""
        self.flush()
        asked = {"kind": kind.__name__, "among": self._statements.many(row_ids)}
        found = self._session.all(self._statements.several, asked) if row_ids else []
        return {row_id: self._codec.decode(kind.__name__, body) for row_id, body in found}

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
        """As `View.page`."""
        self.flush()
        if person == "":
            return Page((), None)
        statement = self._statements.pages[person is not None, stock is not None, state is not None]
        asked = {"kind": kind.__name__, "person": person, "stock": stock, "state": state}
        given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        found = self._session.all(statement, given | {"before": LAST if before is None else before, "most": limit + 1})
        rows = tuple(self._codec.decode(kind.__name__, body) for _, body in found[:limit])
        return Page(rows, found[limit - 1][0] if len(found) > limit else None)

    def first(self, kind: type[R], person: str) -> R | None:
        """As `View.first`."""
        self.flush()
        body = self._session.value(self._statements.first, {"kind": kind.__name__, "person": person}) if person else None
        return None if body is None else self._codec.decode(kind.__name__, body)

    def count(self, kind: type[R], *, stock: str | None = None, state: str | None = None) -> int:
        """As `View.count`."""
        self.flush()
        asked = {"kind": kind.__name__, "stock": stock, "state": state}
        given = {name: value for name, value in asked.items() if value is not None}
        return int(self._session.value(self._statements.counts[stock is not None, state is not None], given))

    def states(self, kind: type[R]) -> Mapping[str, int]:
        """As `View.states`."""
        self.flush()
        return {state: int(count) for state, count in self._session.all(self._statements.states, {"kind": kind.__name__})}

    def tallies(self, asked: Sequence[tuple[type[Any], str]]) -> list[Tally[Any]]:
        """As `View.tallies`."""
        self.flush()
        names = [(kind.__name__, state) for kind, state in asked]
        many, kinds, states = self._statements.many, {kind for kind, _ in names}, {state for _, state in names}
        found = self._session.all(self._statements.tallies, {"among": many(kinds), "states": many(states)})
        tallies = {(kind, state): Tally(int(count), self._codec.decode(kind, body)) for kind, state, count, body in found}
        return [tallies.get(name, Tally(0, None)) for name in names]

    def samples(self, series: str, since: int, until: int, most: int = 2_000) -> list[Sample]:
        """As `View.samples`."""
        statements, asked = self._statements, {"series": series, "since": since, "last": until}
        standing = self._session.all(statements.sample_before, {"series": series, "since": since})
        found = self._session.all(statements.samples, asked | {"most": most + 1})
        if len(found) > most:
            found = self._session.all(statements.thinned, asked | {"width": sample_width(since, until, most)})
        return [Sample(*each) for each in (*standing, *found)]

    def position(self) -> int:
        """As `View.position`."""
        self.flush()
        return int(self._session.value(self._statements.position, {}) or 0)

    def balance(self, account: str) -> Balance:
        """As `View.balance`."""
        found = self._session.first(self._statements.account, {"id": account})
        return Balance(*found[1:]) if found else Balance()

    def balances_of(self, accounts: Sequence[str]) -> Mapping[str, Balance]:
        """As `View.balances_of`."""
        self.flush()
        found = self._session.all(self._statements.accounts, {"among": self._statements.many(accounts)})
        known = {each[0]: Balance(*each[1:]) for each in found}
        return {account: known.get(account, Balance()) for account in accounts}

    def balances(self, unit: str | None = None) -> Mapping[str, Balance]:
        """As `View.balances`."""
        self.flush()
        statements = self._statements
        statement = statements.balances if unit is None else statements.balances_of_unit
        return {found[0]: Balance(*found[1:]) for found in self._session.all(statement, {} if unit is None else {"unit": unit})}

    def facts(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, Fact]]:
        """As `View.facts`."""
        self.flush()
        found = self._session.all(self._statements.facts, {"after": after, "most": limit})
        return [(number, at, self._codec.decode(kind, body)) for number, at, kind, body in found]

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        return str(self._session.value(self._statements.cursor, {"source": source}) or "")

    def audited(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """As `View.audited`."""
        return [AuditEntry(*each) for each in self._session.all(self._statements.audited, {"after": after, "most": limit})]

    def audit_page(
        self, *, who: str | None = None, subject: str | None = None, before: int | None = None, limit: int = PAGE_ROWS
    ) -> list[AuditEntry]:
        """As `View.audit_page`."""
        statement = self._statements.audit_pages[who is not None, subject is not None]
        asked = {"who": who, "subject": subject, "before": LAST if before is None else before, "most": limit}
        given = {name: value for name, value in asked.items() if value is not None}
        return [AuditEntry(*each) for each in self._session.all(statement, given)]

    def counted(self, name: str) -> int:
        """As `View.counted`."""
        return int(self._session.value(self._statements.counted, {"name": name}) or 0)

    def open_commands(
        self, *, row_id: str | None = None, status: str | None = None, key: str | None = None, limit: int = PAGE_ROWS
    ) -> list[OpenCommand]:
        """As `View.open_commands`."""
        self.flush()
        asked = {"row_id": row_id or "", "status": status or "", "key": key or "", "most": limit}
        found = self._session.all(self._statements.open_commands, asked)
        return [OpenCommand(command_of(each, self._codec), *each[6:10]) for each in found]


class SqlUnit(SqlView):
    """One transaction on a `SqlStore`. Nobody else writes meanwhile, so it keeps what rows and accounts said.

    Rows, postings, facts, cursors and commands are kept too, and written together by `flush`: at the end, and before what
    reads many.
    """

    def __init__(self, session: Session, statements: Statements, codec: Codec, chart: Chart, now: Callable[[], int]) -> None:
        super().__init__(session, statements, codec)
        self._books = Books(chart)
        self._now = now
        self._rows: dict[tuple[str, str], Any] = {}
        self._asks = False
        self._kept = Kept(codec, chart)

    @property
    def asks_outside(self) -> bool:
        """As `Unit.asks_outside`; what was put into the outbox is written now, since only the outbox knows what is new."""
        if self._kept.commands:
            self.flush()
        return self._asks

    def flush(self) -> None:
        """Write what was kept since the last time, on PostgreSQL in one message.

        Raises `Unavailable` for a closed period, and as `enqueue` does.
        """
        self._asks |= self._kept.write(self._session, self._statements, self._books.balances)

    def row(self, kind: type[R], row_id: str) -> R | None:
        """As `View.row`."""
        key = (kind.__name__, row_id)
        kept: R | None = self._rows.get(key)
        if kept is None:
            kept = self._read_row(kind, row_id)
            if kept is not None:
                self._rows[key] = kept
        return kept

    def balance(self, account: str) -> Balance:
        """As `View.balance`."""
        known = self._books.balances.get(account)
        return super().balance(account) if known is None else known

    def cursor(self, source: str) -> str:
        """As `View.cursor`."""
        kept = self._kept.cursors.get(source)
        return super().cursor(source) if kept is None else kept

    def put(self, row: Row) -> None:
        """As `Unit.put`."""
        key = self._codec.kind(row), row.id
        self._kept.rows[key] = self._rows[key] = row

    def post(self, transfers: Sequence[Transfer]) -> None:
        """As `Unit.post`."""
        self._load(transfers)
        at = self._now()
        self._kept.posted += [(transfer, at) for transfer in self._books.post(transfers, [], at)]

    def expire(self, limit: int = 1_000) -> int:
        """As `Unit.expire`."""
        self.flush()
        found = self._session.all(self._statements.expired, {"now": self._now(), "most": limit})
        self.post([expiry(transfer_of(pending)) for pending in found])
        return len(found)

    def _load(self, transfers: Sequence[Transfer]) -> None:
        """Bring into the books what the rules ask about: the accounts, the ids, and what pending ids became."""
        books, statements, session = self._books, self._statements, self._session
        pending = {transfer.pending_id for transfer in transfers if transfer.pending_id}
        ids = pending.union(transfer.id for transfer in transfers).difference(books.transfers)
        if ids:
            for known in map(transfer_of, session.all(statements.transfers, {"among": statements.many(ids)})):
                books.transfers[known.id] = known
        if pending:
            for pending_id, by in session.all(statements.resolutions, {"among": statements.many(pending)}):
                books.resolved[pending_id] = by
        accounts = {account for transfer in transfers for account in (transfer.debit, transfer.credit)}
        missing = sorted(accounts.difference(books.balances))
        if missing:
            for found in session.all(statements.accounts, {"among": statements.many(missing)}):
                books.balances[found[0]] = Balance(*found[1:])

    def record(self, fact: Fact, at: int) -> None:
        """As `Unit.record`."""
        self._kept.facts.append((at, self._codec.kind(fact), fact))

    def audit(self, who: str, action: str, subject: str, body: str, at: int, market_at: int) -> AuditEntry:
        """As `Unit.audit`."""
        last = self.audit_page(limit=1)
        entry = next_entry(last[0] if last else None, at, market_at, who, action, subject, body)
        self.next_number("audit")
        self._session.change(self._statements.insert_audit, asdict(entry))
        return entry

    def sample(self, series: str, at: int, value: int | None, body: str = "", within: int = 0) -> None:
        """As `Unit.sample`."""
        last = self._session.first(self._statements.sample_before, {"series": series, "since": LAST})
        if last is not None and continues(Sample(*last), at, value, body, within):
            self._session.change(self._statements.extend_sample, {"series": series, "begun": last[0], "ends": at})
            return
        new = {"series": series, "at": at, "until": at, "value": value, "body": body}
        self._session.change(self._statements.put_sample, new)

    def enqueue(self, command: Command) -> None:
        """As `Unit.enqueue`; another command under a key that the outbox knows is refused when it is written."""
        self._kept.enqueue(command)

    def unpark(self, key: str) -> bool:
        """As `Unit.unpark`."""
        unparked = bool(self._session.change(self._statements.unpark, {"parked": key}))
        self._asks |= unparked
        return unparked

    def finish(self, lease: Lease) -> None:
        """As `Unit.finish`."""
        if not self._session.change(self._statements.finish, held(lease)):
            raise fenced(lease)

    def extend(self, lease: Lease) -> None:
        """As `Unit.extend`."""
        if self._session.first(self._statements.held, held(lease)) is None:
            raise fenced(lease)

    def first_time(self, source: str, message_id: str, digest: str = "") -> bool:
        """As `Unit.first_time`."""
        asked = {"source": source, "message_id": message_id}
        if self._session.change(self._statements.insert_message, asked | {"digest": digest}):
            return True
        if self._session.value(self._statements.digest, asked) != digest:
            raise Conflict("inbox.conflict", f"inbox: message {message_id} of {source} came again with other content")
        return False

    def set_cursor(self, source: str, position: str) -> None:
        """As `Unit.set_cursor`."""
        self._kept.cursors[source] = position

    def use_once(self, kind: str, key: str, by: str) -> None:
        """As `Unit.use_once`."""
        asked = {"kind": kind, "key": key}
        if not self._session.change(self._statements.insert_once, asked | {"used_by": by}):
            holder = self._session.value(self._statements.used_by, asked)
            if holder != by:
                raise Refused("once.used", f"once: {kind} {key} was used by {holder}")

    def next_number(self, name: str) -> int:
        """As `Unit.next_number`."""
        return int(self._session.value(self._statements.next_number, {"name": name})) - 1
