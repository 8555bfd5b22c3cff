"""The statements of the FIX broker's books as text: a turn of the session runs a dozen of them, hundreds of times a second."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Dialect,
    Insert,
    String,
    Table,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from openscrip.assets.brokers.fix_tables import count, doubt, event, held, order, todo, trade
from openscrip.runtime.fix.sql import SENT
from openscrip.runtime.prepared import Prepared

MOVING = ("state", "order_id", "reason", "filled", "settled", "final", "cancels")
_KNOWN: dict[str, "FixStatements"] = {}


class FixStatements:
    """All of them for one database."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        asked: BindParameter[Any] = bindparam("asked")
        on: BindParameter[Any] = bindparam("on")
        self.order = self._text(select(order).where(order.c.id == asked))
        self.orders = self._text(select(order).where(self._among(order.c.id)))
        self.in_state = self._text(select(order.c.id).where(order.c.state == bindparam("stands")))
        moved = update(order).where(order.c.id == asked).values({name: bindparam(f"to_{name}") for name in MOVING})
        self.move_order = self._text(moved)
        self.trade = self._text(select(trade).where(trade.c.trade_date == on, trade.c.exec_id == asked))
        self.trades = self._text(select(trade).where(self._among(trade.c.exec_id)))
        self.trades_of = self._text(select(trade).where(trade.c.order_id == bindparam("of"), trade.c.exec_id == asked))
        self.bust = self._text(update(trade).where(trade.c.trade_date == on, trade.c.exec_id == asked).values(busted=True))
        self.events = self._text(
            select(event.c.body).where(event.c.seq > bindparam("after")).order_by(event.c.seq).limit(bindparam("most"))
        )
        self.insert = {
            each.name: Prepared(insert(each), dialect, [column.name for column in each.c if not _is_counted(column.name, each)])
            for each in (order, trade, event, todo, held, doubt)
        }
        self._waiting()
        counts = select(count.c.name, count.c.value).order_by(count.c.name)
        self.counts, self.counts_locked = self._text(counts), self._text(counts.with_for_update())
        maker: Any = (sqlite if self.is_sqlite else postgresql).insert(count)
        put = maker.on_conflict_do_update(index_elements=["name"], set_={"value": maker.excluded.value})
        self.put_count = Prepared(put, dialect, ["name", "value"])
        newest = select(func.max(SENT.c.era)).where(SENT.c.identity == bindparam("who")).scalar_subquery()
        ours = SENT.c.identity == bindparam("who"), SENT.c.era == newest, SENT.c.number == asked
        self.sent = self._text(select(SENT.c.wire).where(*ours))

    def _waiting(self) -> None:
        """What is to be sent, what is held back and what is in doubt."""
        asked: BindParameter[Any] = bindparam("asked")
        self.held = self._text(select(held.c.number, held.c.body).order_by(held.c.number).limit(1))
        self.let_go = self._text(delete(held).where(held.c.number == asked))
        wanted = select(todo.c.number, todo.c.kind, todo.c.order_id, todo.c.body)
        self.next_todo = self._text(wanted.order_by(todo.c.number).limit(bindparam("most")))
        self.did = self._text(delete(todo).where(todo.c.number == asked))
        self.wanted = self._text(select(todo.c.number).where(todo.c.kind == bindparam("what"), todo.c.order_id == asked))
        self.anything_wanted = self._text(select(todo.c.number).limit(1))
        self.doubt = self._text(select(doubt.c.number).where(doubt.c.exec_id == asked))
        told = select(doubt.c.order_id, doubt.c.exec_id, doubt.c.reason).where(doubt.c.state == "open")
        self.doubts = self._text(told.order_by(doubt.c.number).limit(bindparam("most")))
        self.resolve = self._text(update(doubt).where(doubt.c.exec_id == asked).values(state="resolved"))

    def many(self, values: Sequence[str]) -> Any:
        """A list of ids, as the one parameter `among` of a statement."""
        return json.dumps(list(values)) if self.is_sqlite else list(values)

    def _among(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        if self.is_sqlite:
            return column.in_(select(func.json_each(bindparam("among")).table_valued("value").c.value))
        return column == any_(bindparam("among", type_=ARRAY(String)))

    def _text(self, statement: ClauseElement | Insert) -> Prepared:
        return Prepared(statement, self._dialect)


def statements_of(dialect: Dialect) -> FixStatements:
    """The statements for a database, written once."""
    if dialect.name not in _KNOWN:
        _KNOWN[dialect.name] = FixStatements(dialect)
    return _KNOWN[dialect.name]


def _is_counted(name: str, table: Table) -> bool:
    """Whether the database itself numbers a column."""
    return name == "number" and table.name in {todo.name, doubt.name}
