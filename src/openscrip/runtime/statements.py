"""The statements of the SQL store, built once per dialect, so that each execution is a lookup in the compiled cache.

SQLite leaves out `FOR UPDATE`: its transactions are immediate, one writer at a time.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    any_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from openscrip.runtime.schema import account, counter, cursor, fact, inbox, once, outbox, row, transfer

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


class Statements:
    """Every statement of the store for one dialect."""

    def __init__(self, dialect: str) -> None:
        self.is_sqlite = dialect == "sqlite"
        self._upsert: Any = sqlite.insert if self.is_sqlite else postgresql.insert
        self._business()
        self._ledger()
        self._outbox()
        self._messages()

    def _business(self) -> None:
        """Rows and facts."""
        self.row = select(row.c.body).where(row.c.kind == bindparam("kind"), row.c.id == bindparam("id"))
        self.row_locked = self.row.with_for_update()
        put = self._upsert(row)
        self.put_row = put.on_conflict_do_update(
            index_elements=["kind", "id"], set_={name: put.excluded[name] for name in ("stock", "state", "body")}
        )
        self.rows = {
            (by_stock, by_state): _rows(by_stock, by_state) for by_stock in (False, True) for by_state in (False, True)
        }
        self.insert_fact = insert(fact)
        self.number_facts = None if self.is_sqlite else text("SELECT pg_advisory_xact_lock(7301)")
        self.facts = (
            select(fact.c.number, fact.c.at, fact.c.kind, fact.c.body)
            .where(fact.c.number > bindparam("after"))
            .order_by(fact.c.number)
            .limit(bindparam("most"))
        )

    def _ledger(self) -> None:
        """Accounts and transfers."""
        self.transfers = select(*_TRANSFER).where(self._among(transfer.c.id))
        self.resolutions = select(transfer.c.pending_id, transfer.c.id).where(self._among(transfer.c.pending_id))
        self.accounts = select(*_BALANCE).where(self._among(account.c.id)).order_by(account.c.id).with_for_update()
        self.open_accounts = self._upsert(account).on_conflict_do_nothing()
        totals = self._upsert(account)
        self.put_accounts = totals.on_conflict_do_update(
            index_elements=["id"], set_={column.name: totals.excluded[column.name] for column in _BALANCE[1:]}
        )
        self.insert_transfers = insert(transfer)
        resolution = transfer.alias("resolution")
        self.expired = (
            select(*_TRANSFER)
            .where(
                transfer.c.expires_at > 0,
                transfer.c.expires_at <= bindparam("now"),
                ~select(resolution.c.number).where(resolution.c.pending_id == transfer.c.id).exists(),
            )
            .order_by(transfer.c.expires_at, transfer.c.id)
            .limit(bindparam("most"))
        )
        self.account = select(*_BALANCE).where(account.c.id == bindparam("id"))
        self.balances = select(*_BALANCE).order_by(account.c.id)
        self.balances_of_unit = self.balances.where(account.c.unit == bindparam("unit"))

    def _outbox(self) -> None:
        """Commands, their leases and what became of them."""
        self.insert_command = self._upsert(outbox).on_conflict_do_nothing(index_elements=["key"])
        self.command = select(*_COMMAND).where(outbox.c.key == bindparam("key"))
        self.waiting = (
            select(*_COMMAND, outbox.c.status, outbox.c.attempts, outbox.c.error)
            .where(outbox.c.status.in_(["due", "leased", "parked"]))
            .order_by(outbox.c.number)
            .limit(bindparam("most"))
        )
        self.next_due = select(func.min(outbox.c.due_at)).where(outbox.c.status.in_(["due", "leased"]))
        self.leasable = _leasable()
        self.take = (
            update(outbox)
            .where(outbox.c.key == bindparam("taken"))
            .values(
                status="leased",
                attempts=outbox.c.attempts + 1,
                token=outbox.c.token + 1,
                holder=bindparam("worker"),
                until=bindparam("ends"),
            )
        )
        held = (outbox.c.key == bindparam("held"), outbox.c.token == bindparam("fence"), outbox.c.status == "leased")
        self.finish = update(outbox).where(*held).values(status="done")
        self.held = select(outbox.c.number).where(*held).with_for_update()
        self.retry = update(outbox).where(*held).values(status="due", error=bindparam("why"), until=bindparam("from"))
        self.park = update(outbox).where(*held).values(status="parked", error=bindparam("why"))
        self.unpark = (
            update(outbox)
            .where(outbox.c.key == bindparam("parked"), outbox.c.status == "parked")
            .values(status="due", attempts=0, until=0.0)
        )
        self.release = (
            update(outbox)
            .where(outbox.c.status == "leased", outbox.c.holder == bindparam("worker"))
            .values(status="due", until=0.0)
        )

    def _messages(self) -> None:
        """Inbox, cursors, single use and numbers."""
        self.insert_message = self._upsert(inbox).on_conflict_do_nothing()
        self.digest = select(inbox.c.digest).where(
            inbox.c.source == bindparam("source"), inbox.c.message_id == bindparam("message_id")
        )
        self.cursor = select(cursor.c.position).where(cursor.c.source == bindparam("source"))
        place = self._upsert(cursor)
        self.put_cursor = place.on_conflict_do_update(
            index_elements=["source"], set_={"position": place.excluded["position"]}
        )
        self.insert_once = self._upsert(once).on_conflict_do_nothing()
        self.used_by = select(once.c.used_by).where(once.c.kind == bindparam("kind"), once.c.key == bindparam("key"))
        count = self._upsert(counter).values(name=bindparam("name"), next=1)
        self.next_number = count.on_conflict_do_update(
            index_elements=["name"], set_={"next": counter.c.next + 1}
        ).returning(counter.c.next)

    def many(self, values: Iterable[str]) -> Any:
        """A list of ids, as the one parameter `among` of a statement."""
        return json.dumps(list(values)) if self.is_sqlite else list(values)

    def _among(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        if self.is_sqlite:
            return column.in_(select(func.json_each(bindparam("among")).table_valued("value").c.value))
        return column == any_(bindparam("among", type_=ARRAY(String)))


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


def _leasable() -> Select[Any]:
    """Due commands whose retry time came or whose lease ended; times of another clock do not count."""
    ahead = case((outbox.c.status == "leased", bindparam("lease_s")), else_=CLOCK_SKEW_S_MAX)
    now: ColumnElement[float] = bindparam("machine_now")
    return (
        select(*_COMMAND, outbox.c.token, outbox.c.attempts)
        .where(
            outbox.c.status.in_(["due", "leased"]),
            outbox.c.due_at <= bindparam("market_now"),
            or_(outbox.c.until <= now, outbox.c.until > now + ahead),
        )
        .order_by(outbox.c.due_at, outbox.c.number)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
