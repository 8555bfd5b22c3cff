"""The statements of the SQL store, built once per dialect, so that each execution is a lookup in the compiled cache.

One transaction writes at a time on either database; only leases are taken beside it, and `FOR UPDATE SKIP LOCKED` keeps
them apart on PostgreSQL. SQLite leaves it out: its transactions are immediate.
"""

import itertools
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Dialect,
    Select,
    String,
    Table,
    any_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from openscrip.runtime.database import WRITE_LOCK
from openscrip.runtime.prepared import Prepared, PreparedArrays
from openscrip.runtime.schema import account, audit_entry, counter, cursor, fact, inbox, once, outbox, row, sample, transfer

SKEW_S = 5.0
"""Two readings of the shared clock may differ by so much. A lease that ends later than it can was timed by another clock."""
BEGIN, BEGIN_VIEW = "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITING = f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})"
"""How transactions begin on PostgreSQL. What comes after the lock sees all that was committed before it was had."""
CLOCK_SKEW_S_MAX = 600.0
"""A retry time further ahead than this was set by another clock (machine time starts again at boot) and is ignored."""

_TRANSFER = (
    transfer.c.id,
    transfer.c.debit,
    transfer.c.credit,
    transfer.c.amount,
    transfer.c.cause,
    transfer.c.phase,
    transfer.c.pending_id,
    transfer.c.expires_at,
)
_BALANCE = (
    account.c.id,
    account.c.debits_pending,
    account.c.debits_posted,
    account.c.credits_pending,
    account.c.credits_posted,
)
_COMMAND = (outbox.c.key, outbox.c.row_kind, outbox.c.row_id, outbox.c.kind, outbox.c.body, outbox.c.due_at)
HALF = 2**32
"""Sums are counted in parts of and above it."""


_WRITTEN: dict[tuple[object, ...], "Statements"] = {}


def statements_of(dialect: Dialect) -> "Statements":
    """The statements for a database of this kind, written once a process: that takes longer than most transactions."""
    kind = (dialect.name, dialect.driver, dialect.paramstyle, dialect.server_version_info)
    known = _WRITTEN.get(kind)
    if known is None:
        known = _WRITTEN.setdefault(kind, Statements(dialect))
    return known


class Statements:
    """Every statement of the store for one dialect. Nobody changes one once it is written."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        self._upsert: Any = sqlite.insert if self.is_sqlite else postgresql.insert
        self._business()
        self._samples()
        self._ledger()
        self._outbox()
        self._leases()
        self._messages()
        self._audit()

    def _text(self, statement: ClauseElement, into: Table | None = None) -> Prepared:
        """The statement for this database; `into` is the table of an insert that is given every column but its number."""
        columns = None if into is None else [column.name for column in into.c if column.name != "number"]
        return Prepared(statement, self._dialect, columns)

    def _many(
        self, into: Table, statement: ClauseElement, conflict: str = "", kept: Iterable[str] = ()
    ) -> Prepared | PreparedArrays:
        """An insert of many rows; `kept` is what a row that is there takes over from the new one."""
        if self.is_sqlite:
            return self._text(statement, into)
        taken = ", ".join(f"{name} = excluded.{name}" for name in kept)
        return PreparedArrays(into, self._dialect, f"{conflict} SET {taken}" if taken else conflict)

    def _business(self) -> None:
        """Rows and facts."""
        self.row = self._text(select(row.c.body).where(row.c.kind == bindparam("kind"), row.c.id == bindparam("id")))
        put = self._upsert(row)
        kept = {name: put.excluded[name] for name in ("stock", "state", "body", "person")}
        replaced = put.on_conflict_do_update(index_elements=["kind", "id"], set_=kept)
        self.put_rows = self._many(row, replaced, "ON CONFLICT (kind, id) DO UPDATE", kept)
        self.rows = {
            (by_stock, by_state): self._text(_rows(by_stock, by_state))
            for by_stock in (False, True)
            for by_state in (False, True)
        }
        self.rows_in = {
            by_stock: self._text(_rows(by_stock, False).where(self._among(row.c.state))) for by_stock in (False, True)
        }
        self.insert_facts = self._many(fact, insert(fact))
        named = select(row.c.id, row.c.body).where(row.c.kind == bindparam("kind"), self._among(row.c.id))
        self.several = self._text(named)
        self.counts = {by: self._text(_count(*by)) for by in itertools.product((False, True), repeat=2)}
        self.pages = {by: self._text(_page(*by)) for by in itertools.product((False, True), repeat=3)}
        whose = (row.c.kind == bindparam("kind"), row.c.person == bindparam("person"), row.c.person != "")
        self.first = self._text(select(row.c.body).where(*whose).order_by(row.c.number).limit(1))
        of_kind = select(row.c.state, func.count()).where(row.c.kind == bindparam("kind"))
        self.states = self._text(of_kind.group_by(row.c.state))
        self.tallies = self._text(self._tallies())
        self.position = self._text(select(func.max(fact.c.number)))
        self.facts = self._text(
            select(fact.c.number, fact.c.at, fact.c.kind, fact.c.body)
            .where(fact.c.number > bindparam("after"))
            .order_by(fact.c.number)
            .limit(bindparam("most"))
        )

    def _samples(self) -> None:
        """What was measured."""
        kept = (sample.c.at, sample.c.until, sample.c.value, sample.c.body)
        mine = sample.c.series == bindparam("series")
        before = select(*kept).where(mine, sample.c.at <= bindparam("since"))
        self.sample_before = self._text(before.order_by(sample.c.at.desc()).limit(1))
        within = (mine, sample.c.at > bindparam("since"), sample.c.at <= bindparam("last"))
        self.samples = self._text(select(*kept).where(*within).order_by(sample.c.at).limit(bindparam("most")))
        part = sample.c.at // bindparam("width", type_=BigInteger)
        unknown = case((sample.c.value.is_(None), 1), else_=0)  # the databases differ on where they stand in an order
        ends = [
            func.row_number().over(partition_by=part, order_by=(unknown, order, sample.c.at)).label(name)
            for name, order in (("least", sample.c.value), ("greatest", sample.c.value.desc()))
        ]
        found = select(*kept, *ends).where(*within).subquery()
        picked = or_(found.c.least == 1, found.c.greatest == 1, found.c.value.is_(None))
        columns = (found.c.at, found.c.until, found.c.value, found.c.body)
        self.thinned = self._text(select(*columns).where(picked).order_by(found.c.at))
        self.extend_sample = self._text(
            update(sample).where(mine, sample.c.at == bindparam("begun")).values(until=bindparam("ends"))
        )
        put = self._upsert(sample)
        again = {name: put.excluded[name] for name in ("until", "value", "body")}
        self.put_sample = self._text(put.on_conflict_do_update(index_elements=["series", "at"], set_=again), sample)

    def _ledger(self) -> None:
        """Accounts and transfers."""
        self.transfers = self._text(select(*_TRANSFER).where(self._among(transfer.c.id)))
        resolved = select(transfer.c.pending_id, transfer.c.id).where(self._among(transfer.c.pending_id))
        self.resolutions = self._text(resolved)
        self.accounts = self._text(select(*_BALANCE).where(self._among(account.c.id)).order_by(account.c.id))
        totals = self._upsert(account)
        after = {column.name: totals.excluded[column.name] for column in _BALANCE[1:]}
        put = totals.on_conflict_do_update(index_elements=["id"], set_=after)
        self.put_accounts = self._many(account, put, "ON CONFLICT (id) DO UPDATE", after)
        self.insert_transfers = self._many(transfer, insert(transfer))
        resolution = transfer.alias("resolution")
        self.expired = self._text(
            select(*_TRANSFER)
            .where(
                transfer.c.expires_at > 0,
                transfer.c.expires_at <= bindparam("now"),
                ~select(resolution.c.number).where(resolution.c.pending_id == transfer.c.id).exists(),
            )
            .order_by(transfer.c.expires_at, transfer.c.id)
            .limit(bindparam("most"))
        )
        self.account = self._text(select(*_BALANCE).where(account.c.id == bindparam("id")))
        balances = select(*_BALANCE).order_by(account.c.id)
        self.balances = self._text(balances)
        begun = (account.c.id >= bindparam("first"), account.c.id < bindparam("end"), account.c.id > bindparam("after"))
        self.accounts_page = self._text(balances.where(*begun).limit(bindparam("most")))
        # In two halves each: the database counts in 64 bits, and many totals together may pass them.
        halves = [half for column in _BALANCE[1:] for half in (column.op("/")(HALF), column.op("%")(HALF))]
        sums = [func.coalesce(func.sum(half), 0) for half in halves]
        self.unit_totals = self._text(select(*sums).where(account.c.unit == bindparam("unit")))
        self.balances_of_unit = self._text(balances.where(account.c.unit == bindparam("unit")))

    def _outbox(self) -> None:
        """Commands and what became of them."""
        new = self._upsert(outbox).on_conflict_do_nothing(index_elements=["key"])
        self.insert_commands = self._many(outbox, new, "ON CONFLICT (key) DO NOTHING")
        self.command = self._text(select(*_COMMAND).where(outbox.c.key == bindparam("key")))
        self.waiting = self._text(
            select(*_COMMAND, outbox.c.status, outbox.c.attempts, outbox.c.error)
            .where(_stands("due", "leased", "parked"))
            .order_by(outbox.c.number)
            .limit(bindparam("most"))
        )
        narrowed = (
            or_(column == bindparam(name, type_=String()), bindparam(name, type_=String()) == "")
            for name, column in (("row_id", outbox.c.row_id), ("status", outbox.c.status), ("key", outbox.c.key))
        )
        self.open_commands = self._text(
            select(*_COMMAND, outbox.c.status, outbox.c.attempts, outbox.c.error, outbox.c.until)
            .where(_stands("due", "leased", "parked"), *narrowed)
            .order_by(outbox.c.number)
            .limit(bindparam("most"))
        )
        self.next_due = self._text(select(func.min(outbox.c.due_at)).where(_stands("due", "leased")))
        self.unpark = self._text(
            update(outbox)
            .where(outbox.c.key == bindparam("parked"), outbox.c.status == "parked")
            .values(status="due", attempts=0, until=0.0)
        )

    def _leases(self) -> None:
        """Who has a command in hand."""
        leasable = _leasable()
        self.leasable_now = self._text(leasable)
        self.leasable = self._text(leasable.with_for_update(skip_locked=True))
        self.holders = self._text(select(outbox.c.holder).where(outbox.c.status == "leased").distinct())
        taken = {"status": "leased", "attempts": outbox.c.attempts + 1, "token": outbox.c.token + 1}
        taken |= {"holder": bindparam("worker"), "until": bindparam("ends")}
        self.take = self._text(update(outbox).where(outbox.c.key == bindparam("taken")).values(taken))
        held = (outbox.c.key == bindparam("held"), outbox.c.token == bindparam("fence"), outbox.c.status == "leased")
        mine = update(outbox).where(*held)
        self.finish = self._text(mine.values(status="done"))
        self.held = self._text(select(outbox.c.number).where(*held).with_for_update())
        self.retry = self._text(mine.values(status="due", error=bindparam("why"), until=bindparam("from")))
        self.park = self._text(mine.values(status="parked", error=bindparam("why")))
        lost = update(outbox).where(outbox.c.status == "leased", outbox.c.holder == bindparam("worker"))
        self.release = self._text(lost.values(status="due", until=0.0))

    def _messages(self) -> None:
        """Inbox, cursors, single use and numbers."""
        self.insert_message = self._text(self._upsert(inbox).on_conflict_do_nothing(), inbox)
        asked = select(inbox.c.digest)
        self.digest = self._text(
            asked.where(inbox.c.source == bindparam("source"), inbox.c.message_id == bindparam("message_id"))
        )
        self.cursor = self._text(select(cursor.c.position).where(cursor.c.source == bindparam("source")))
        place = self._upsert(cursor)
        moved = place.on_conflict_do_update(index_elements=["source"], set_={"position": place.excluded["position"]})
        self.put_cursors = self._many(cursor, moved, "ON CONFLICT (source) DO UPDATE", ["position"])
        self.insert_once = self._text(self._upsert(once).on_conflict_do_nothing(), once)
        used = select(once.c.used_by).where(once.c.kind == bindparam("kind"), once.c.key == bindparam("key"))
        self.used_by = self._text(used)
        count = self._upsert(counter).values(name=bindparam("name"), next=1)
        counted = count.on_conflict_do_update(index_elements=["name"], set_={"next": counter.c.next + 1})
        self.next_number = self._text(counted.returning(counter.c.next))

    def _audit(self) -> None:
        """What persons did."""
        kept = tuple(audit_entry.c)
        number = audit_entry.c.number
        in_order = select(*kept).where(number > bindparam("after")).order_by(number).limit(bindparam("most"))
        self.audited = self._text(in_order)
        self.audit_pages = {
            (by_who, by_subject): self._text(
                select(*kept)
                .where(
                    number < bindparam("before"),
                    audit_entry.c.who == bindparam("who") if by_who else true(),
                    audit_entry.c.subject == bindparam("subject") if by_subject else true(),
                )
                .order_by(number.desc())
                .limit(bindparam("most"))
            )
            for by_who in (False, True)
            for by_subject in (False, True)
        }
        names = [column.name for column in kept]
        self.insert_audit = Prepared(insert(audit_entry), self._dialect, names)
        self.counted = self._text(select(counter.c.next).where(counter.c.name == bindparam("name")))

    def many(self, values: Iterable[str]) -> Any:
        """A list of ids, as the one parameter `among` of a statement."""
        return json.dumps(list(values)) if self.is_sqlite else list(values)

    def _among(self, column: ColumnElement[Any], name: str = "among") -> ColumnElement[bool]:
        if self.is_sqlite:
            return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))
        return column == any_(bindparam(name, type_=ARRAY(String)))

    def _tallies(self) -> Select[Any]:
        """How many rows of each kind are in each state, and the first of them; counted in the index alone."""
        counted = (
            select(row.c.kind, row.c.state, func.count().label("count"), func.min(row.c.number).label("oldest"))
            .where(self._among(row.c.kind), self._among(row.c.state, "states"))
            .group_by(row.c.kind, row.c.state)
            .subquery()
        )
        wanted = select(counted.c.kind, counted.c.state, counted.c.count, row.c.body)
        return wanted.join_from(counted, row, row.c.number == counted.c.oldest)


def _stands(*states: str) -> ColumnElement[bool]:
    return or_(*(outbox.c.status == state for state in states))


def _rows(by_stock: bool, by_state: bool) -> Select[Any]:
    return (
        select(row.c.body)
        .where(
            row.c.kind == bindparam("kind"),
            row.c.stock == bindparam("stock") if by_stock else true(),
            row.c.state == bindparam("state") if by_state else true(),
        )
        .order_by(row.c.number)
    )


def _count(by_stock: bool, by_state: bool) -> Select[Any]:
    return (
        select(func.count())
        .select_from(row)
        .where(
            row.c.kind == bindparam("kind"),
            row.c.stock == bindparam("stock") if by_stock else true(),
            row.c.state == bindparam("state") if by_state else true(),
        )
    )


def _page(by_person: bool, by_stock: bool, by_state: bool) -> Select[Any]:
    """Rows before a place in line, the newest first."""
    return (
        select(row.c.number, row.c.body)
        .where(
            row.c.kind == bindparam("kind"),
            row.c.person == bindparam("person") if by_person else true(),
            row.c.person != "" if by_person else true(),  # what the index of persons is limited to
            row.c.stock == bindparam("stock") if by_stock else true(),
            row.c.state == bindparam("state") if by_state else true(),
            row.c.number < bindparam("before"),
        )
        .order_by(row.c.number.desc())
        .limit(bindparam("most"))
    )


def _leasable() -> Select[Any]:
    """Due commands whose retry time came or whose lease ended; times of another clock do not count."""
    ahead = case((outbox.c.status == "leased", bindparam("lease_s") + CLOCK_SKEW_S_MAX), else_=CLOCK_SKEW_S_MAX)
    now: ColumnElement[float] = bindparam("machine_now")
    return (
        select(*_COMMAND, outbox.c.token, outbox.c.attempts)
        .where(
            _stands("due", "leased"),
            outbox.c.due_at <= bindparam("market_now"),
            or_(outbox.c.until <= now, outbox.c.until > now + ahead),
        )
        .order_by(outbox.c.due_at, outbox.c.number)
        .limit(bindparam("most"))
    )
