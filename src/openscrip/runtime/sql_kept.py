"""What a transaction of the SQL store keeps until it is written, all together: on PostgreSQL as one statement.

While a unit writes, all others wait for its lock; so it is one message to the server and not one for each table.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from openscrip.kernel.errors import Conflict, Unavailable
from openscrip.runtime.codec import Codec
from openscrip.runtime.ledger import Balance, Chart, Transfer
from openscrip.runtime.prepared import Session
from openscrip.runtime.samples import person_of
from openscrip.runtime.sql_rows import account_row, command_of, command_row, transfer_row
from openscrip.runtime.statements import Statements
from openscrip.runtime.store import Command, Fact, Row

CLOSED_PERIOD = "in a closed period"
"""What the database says of a transfer whose time it refuses."""

Part = tuple[Any, list[dict[str, object]]]
"""An insert and its rows."""


class Kept:
    """Rows by kind and id, transfers with their times, facts with times and kinds, cursors, and commands by key."""

    def __init__(self, codec: Codec, chart: Chart) -> None:
        self._codec = codec
        self._chart = chart
        self.rows: dict[tuple[str, str], Row] = {}
        self.posted: list[tuple[Transfer, int]] = []
        self.facts: list[tuple[int, str, Fact]] = []
        self.cursors: dict[str, str] = {}
        self.commands: dict[str, tuple[Command, dict[str, object]]] = {}
        self._failure: Exception | None = None

    def enqueue(self, command: Command) -> None:
        """Keep a command. Raises `Conflict` for another under the same key."""
        kind, body = self._codec.kind(command.action), self._codec.encode(command.action)
        known = self.commands.setdefault(command.key, (command, command_row(command, kind, body)))[0]
        if known != command:
            raise _conflict(known, command)

    def write(self, session: Session, statements: Statements, balances: Mapping[str, Balance]) -> bool:
        """Write it and forget it; says whether a command was new. `balances` are those of the accounts after the transfers.

        Raises `Unavailable` for a closed period, and `Conflict` for a command whose key the outbox knows for another. What
        failed once fails for ever, so that nobody commits the rest of it.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._write(session, statements, balances)
        except Exception as error:
            self._failure = error
            raise

    def _write(self, session: Session, statements: Statements, balances: Mapping[str, Balance]) -> bool:
        parts = self._parts(statements, balances)
        if not parts:
            return False
        try:
            written = _written(session, statements, parts)
        except DBAPIError as error:
            if CLOSED_PERIOD not in str(error.orig):
                raise
            # the clock's fault, or a closing that came between: passes when market time has moved on
            first, at = self.posted[0]
            raise Unavailable(f"ledger: {first.id} was posted at {at}, in a closed period") from error
        commands = [command for command, _ in self.commands.values()]
        for each in (self.rows, self.posted, self.facts, self.cursors, self.commands):
            each.clear()
        if written < len(commands):
            for command in commands:
                known = command_of(session.first(statements.command, {"key": command.key}), self._codec)
                if known != command:
                    raise _conflict(known, command)
        return bool(commands) and written > 0

    def _parts(self, statements: Statements, balances: Mapping[str, Balance]) -> list[Part]:
        """Each insert that has rows: accounts before their transfers, commands last."""
        codec = self._codec
        touched = sorted({account for transfer, _ in self.posted for account in (transfer.debit, transfer.credit)})
        parts: list[Part] = [
            (statements.put_rows, [_row(kind, row, codec.encode(row)) for (kind, _), row in self.rows.items()]),
            (statements.put_accounts, [account_row(each, balances.get(each, Balance()), self._chart) for each in touched]),
            (statements.insert_transfers, [transfer_row(transfer, at) for transfer, at in self.posted]),
            (statements.insert_facts, [{"at": at, "kind": kind, "body": codec.encode(fact)} for at, kind, fact in self.facts]),
            (statements.put_cursors, [{"source": source, "position": at} for source, at in self.cursors.items()]),
            (statements.insert_commands, [row for _, row in self.commands.values()]),
        ]
        return [part for part in parts if part[1]]


def _written(session: Session, statements: Statements, parts: Sequence[Part]) -> int:
    """Write the parts in order; how many rows of the last were new or changed."""
    if not statements.is_sqlite:
        return session.change_together(parts)
    *others, (last, rows) = parts
    for prepared, given in others:
        session.change_many(prepared, given)
    return sum(session.change(last, row) for row in rows)


def _row(kind: str, row: Row, body: str) -> dict[str, object]:
    """A business row as it is stored."""
    return {"kind": kind, "id": row.id, "stock": row.stock, "state": str(row.state), "body": body, "person": person_of(row)}


def _conflict(known: Command, command: Command) -> Conflict:
    return Conflict("outbox.conflict", f"outbox: {command.key} was {known}, came again as {command}")
