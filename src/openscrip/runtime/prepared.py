"""Statements as text, run on the driver's own cursor: the books' few statements run hundreds of times a second.

SQLAlchemy writes the text for each database, keeps the connections and begins and ends the transactions; what it does for
each single execution costs more than the execution itself, so that is left out here.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, String, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

COMMIT = "COMMIT"


@dataclass(slots=True)
class Tally:
    """Statements that were run for one purpose, and the machine time that they took."""

    count: int = 0
    took_s: float = 0.0


TALLY: ContextVar[Tally | None] = ContextVar("openscrip-statements", default=None)
"""Whoever wants to know what something costs sets one around it."""


class Prepared:
    """One statement's text for one dialect. `columns` are those that an insert without values is given."""

    __slots__ = ("_known", "_places", "text")

    def __init__(self, statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None = None) -> None:
        more: dict[str, Any] = {} if columns is None else {"column_keys": list(columns)}
        compiled: Any = statement.compile(dialect=dialect, **more)
        self.text: str = compiled.string
        self._places: Sequence[str] | None = compiled.positiontup if compiled.positional else None
        self._known = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def bound(self, given: Mapping[str, Any]) -> Any:
        """The values as the driver takes them: in the order of their places, or by name."""
        if self._places is None:
            return {**self._known, **given} if self._known else given
        if not self._known:
            return [given[name] for name in self._places]
        return [given[name] if name in given else self._known[name] for name in self._places]


class PreparedArrays:
    """One insert of many rows on PostgreSQL: each column comes as an array, so that a batch is one message."""

    __slots__ = ("_table", "columns", "text")

    def __init__(self, table: Table, dialect: Dialect, ending: str = "") -> None:
        kept = [column for column in table.c if column.name != "number"]
        self.columns = [column.name for column in kept]
        self._table = table.name
        names = ", ".join(f'"{name}"' for name in self.columns)
        # Words travel as bytes: written as text, each quote in them would be escaped one by one.
        how = {column.name: "b" if isinstance(column.type, String) else "s" for column in kept}
        types = {column.name: column.type.compile(dialect) for column in kept}
        arrays = ", ".join(f"%({self._of(name)}){how[name]}::{types[name]}[]" for name in self.columns)
        given = f"unnest({arrays}) WITH ORDINALITY AS given ({names}, place)"
        self.text = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {given} ORDER BY place {ending}"  # noqa: S608  # names are the schema's own

    def bound(self, given: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The rows as columns."""
        rows = list(given)
        return {self._of(name): [row[name] for row in rows] for name in self.columns}

    def _of(self, column: str) -> str:
        """What the values of a column are called: inserts into several tables may be parts of one statement."""
        return f"{self._table}_{column}"


def together(inserts: Sequence[PreparedArrays]) -> str:
    """Inserts into several tables as one statement, which is one message; it counts the rows of the last."""
    *others, last = (insert.text for insert in inserts)
    named = ", ".join(f"part_{place} AS ({text})" for place, text in enumerate(others))
    return f"WITH {named} {last}" if named else last


class Session:
    """Runs prepared statements in the transaction of a connection. What the driver raises comes as SQLAlchemy's."""

    __slots__ = ("_connection", "_cursor", "_driver_error")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: Any = connection.connection.cursor()
        self._driver_error: Any = connection.dialect.loaded_dbapi.Error

    @property
    def dialect(self) -> Dialect:
        """Of the database behind it."""
        return self._connection.dialect

    def say(self, words: str) -> None:
        """Begin or end a transaction on PostgreSQL, in words that need no values; several statements are one message."""
        try:
            ended = self._cursor.execute(words, prepare=False).statusmessage
        except self._driver_error as error:
            raise self._failed(words, error) from error
        if words == COMMIT and ended != COMMIT:
            raise RuntimeError(f"prepared: a transaction that had failed was to be committed; the server said {ended}")

    def all(self, prepared: Prepared, given: Mapping[str, Any]) -> list[Any]:
        """Every row."""
        tally = TALLY.get()
        began_s = 0.0 if tally is None else time.perf_counter()
        try:
            return list(self._cursor.execute(prepared.text, prepared.bound(given)).fetchall())
        except self._driver_error as error:
            raise self._failed(prepared.text, error) from error
        finally:
            if tally is not None:
                tally.count += 1
                tally.took_s += time.perf_counter() - began_s

    def first(self, prepared: Prepared, given: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        found = self.all(prepared, given)
        return found[0] if found else None

    def value(self, prepared: Prepared, given: Mapping[str, Any]) -> Any:
        """The first column of the first row, or None."""
        found = self.all(prepared, given)
        return found[0][0] if found else None

    def change(self, prepared: Prepared, given: Mapping[str, Any]) -> int:
        """How many rows it touched."""
        try:
            return int(self._cursor.execute(prepared.text, prepared.bound(given)).rowcount)
        except self._driver_error as error:
            raise self._failed(prepared.text, error) from error

    def change_many(self, prepared: Prepared | PreparedArrays, given: Iterable[Mapping[str, Any]]) -> None:
        """Once for each."""
        try:
            if isinstance(prepared, PreparedArrays):
                self._cursor.execute(prepared.text, prepared.bound(given))
                return
            many = [prepared.bound(each) for each in given]
            if len(many) == 1:
                self._cursor.execute(prepared.text, many[0])
            elif many:
                self._cursor.executemany(prepared.text, many)
        except self._driver_error as error:
            raise self._failed(prepared.text, error) from error

    def change_together(self, parts: Sequence[tuple[PreparedArrays, Iterable[Mapping[str, Any]]]]) -> int:
        """Once for each row of each part, in one message; how many rows the last part touched."""
        text = together([prepared for prepared, _ in parts])
        bound = {name: values for prepared, given in parts for name, values in prepared.bound(given).items()}
        try:
            return int(self._cursor.execute(text, bound).rowcount)
        except self._driver_error as error:
            raise self._failed(text, error) from error

    def _failed(self, text: str, error: Exception) -> Exception:
        """As SQLAlchemy says it; a connection that is gone takes the others of its pool with it: the server went."""
        connection, dialect = self._connection, self._connection.dialect
        gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, self._cursor)  # type: ignore[arg-type]  # the driver's own error
        if gone:
            connection.invalidate(error)
            connection.engine.dispose()
        return DBAPIError.instance(text, None, error, self._driver_error, connection_invalidated=gone, dialect=dialect)
