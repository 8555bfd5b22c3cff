"""Backup and restore of the books: every row of every table of one consistent moment, in one file that proves itself whole.

The file is gzip of lines of JSON: a head, for each table a line that names its columns and then a line a row, and an end with
the count of rows and the SHA-256 of all lines before it. Files that belong to the books are lines too, each with its bytes; a
file without any is of version 1, as it was. It is read on either database: what was kept on SQLite can go on
on PostgreSQL. Held are rows, ledger, closings, facts, outbox, inbox, cursors, leases, the FIX session where it is kept in the
same database, and the index of the chains if it lies there. Not held: keys, the settings, the wiring, published evidence
and reports; they are files.
"""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, inspect, select, text

from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime import migrations
from openscrip.runtime.database import revision, unavailable, upgrade
from openscrip.runtime.history import current_balances, one_moment

FORMAT, VERSION, WITH_FILES = "openscrip backup", 1, 2
Files = Callable[[], Iterable[tuple[str, bytes]]]
"""Names, as relative paths, with contents; asked for when the moment of the books is fixed."""
ROWS_AT_ONCE = 1_000
LINE_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a file holds. `balances` is the SHA-256 of every account with its totals."""

    revision: str
    tables: int
    rows: int
    sha256: str
    balances: str
    files: int = 0


def balances_hash(connection: Connection) -> str:
    """SHA-256 over the running totals of every account in order of name: equal where two ledgers stand equal."""
    digest = hashlib.sha256()
    for name, balance in sorted(current_balances(connection).items()):
        line = [name, balance.debits_pending, balance.debits_posted, balance.credits_pending, balance.credits_posted]
        digest.update(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def back_up(engine: Engine, file: Path, files: Files = tuple) -> BackedUp:
    """Write a backup while others go on. The file is there whole or not at all; one that is there is not overwritten.

    `files` are read after the moment of the books: what these say was written is among them.

    Raises `Refused("backup.exists")` and `Unavailable`.
    """
    refuse_unless(not file.exists(), "backup.exists", f"backup: {file} was there already; choose another name")
    part = file.with_name(f".{file.name}.part")
    try:
        with unavailable(), one_moment(engine) as connection, gzip.open(part, "wb", compresslevel=1) as out:
            told = _written(connection, revision(engine), out, files)
        with part.open("rb") as done:
            os.fsync(done.fileno())
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return told


def _written(connection: Connection, at: str, out: Any, files: Files) -> BackedUp:
    digest, count = hashlib.sha256(), 0

    def put(document: object) -> None:
        line = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        digest.update(line)
        out.write(line)

    tables, balances = _tables(connection), balances_hash(connection)
    beside = list(files())
    version = WITH_FILES if beside else VERSION
    put({"format": FORMAT, "version": version, "revision": at, "balances": balances})
    for name, content in beside:
        put({"file": name, "content": base64.b64encode(content).decode()})
    for table in tables:
        columns = [column.name for column in table.columns]
        put({"table": table.name, "columns": columns})
        order = table.primary_key.columns or table.columns
        for row in connection.execute(select(table).order_by(*order).execution_options(yield_per=ROWS_AT_ONCE)):
            put([_plain(value) for value in row])
            count += 1
    end = {"end": True, "rows": count, "sha256": digest.hexdigest()}
    out.write(json.dumps(end, separators=(",", ":")).encode() + b"\n")
    return BackedUp(at, len(tables), count, digest.hexdigest(), balances, len(beside))


def _tables(connection: Connection) -> list[Table]:
    """Every table in an order in which rows can be inserted, the stamps of revisions left out."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if not table.name.endswith("version")]


def read_backup(file: Path) -> BackedUp:
    """What a file holds, every line of it checked. Raises `Malformed("backup.file")` for a foreign or damaged one."""
    tables, rows, files, head = 0, 0, 0, {}
    for document in _lines(file):
        if isinstance(document, list):
            rows += 1
        elif "table" in document:
            tables += 1
        elif "file" in document:
            files += 1
        elif "format" in document:
            head = document
        elif "end" in document:
            return BackedUp(head["revision"], tables, rows, document["sha256"], head["balances"], files)
    raise _damaged(file, "it ended too early")


def _lines(file: Path) -> Iterator[Any]:
    """The documents of a backup, the end last, once its hash and its count agree."""
    digest, rows, first = hashlib.sha256(), 0, True
    try:
        with gzip.open(file, "rb") as lines:
            while line := lines.readline(LINE_MAX):
                document = json.loads(line)
                if first and (not isinstance(document, dict) or document.get("format") != FORMAT):
                    raise _damaged(file, "it was no backup of openscrip")
                if first and document["version"] not in (VERSION, WITH_FILES):
                    raise _damaged(file, f"it was of version {document['version']}, this program reads up to {WITH_FILES}")
                first = False
                if isinstance(document, dict) and document.get("end"):
                    if document["sha256"] != digest.hexdigest() or document["rows"] != rows or lines.read(1):
                        raise _damaged(file, "its hash did not fit what it holds")
                    yield document
                    return
                digest.update(line)
                rows += isinstance(document, list)
                yield document
    except FileNotFoundError:
        raise Malformed("backup.file", f"backup: {file} was missing") from None
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, str(error) or type(error).__name__) from error
    raise _damaged(file, "it ended too early")


def _damaged(file: Path, why: str) -> Malformed:
    return Malformed("backup.file", f"backup: {file} could not be read: {why}")


def files_of(file: Path) -> Iterator[tuple[str, bytes]]:
    """The files that a backup holds. Raises `Malformed("backup.file")`, also for a name that leads out of its folder."""
    for document in _lines(file):
        if isinstance(document, dict) and "file" in document:
            name = PurePosixPath(document["file"])
            if name.is_absolute() or ".." in name.parts:
                raise _damaged(file, f"a file in it was named {document['file']!a:.80}")
            yield str(name), base64.b64decode(document["content"])


def restore(engine: Engine, file: Path, prepare: Sequence[Callable[[Engine], None]] = ()) -> BackedUp:
    """Fill an empty database from a file, in one transaction, and compare the rebuilt balances with those of the backup.

    The file is read whole before the first row is written; `prepare` makes tables beside the books' own.
    Raises `Malformed("backup.file")`, `Refused("restore.used")` for a
    database that has rows, and `Refused("restore.revision")` for a backup of another revision than this program's.
    """
    told = read_backup(file)
    refuse_unless(
        told.revision == migrations.HEAD,
        "restore.revision",
        f"restore: the backup was of revision {told.revision}, this program's is {migrations.HEAD}; use its own, then migrate",
    )
    for make in (upgrade, *prepare):
        make(engine)
    with unavailable(), engine.begin() as connection:
        tables = {table.name: table for table in _tables(connection)}
        for table in tables.values():
            used = connection.execute(select(table).limit(1)).first() is not None
            refuse_unless(not used, "restore.used", f"restore: table {table.name} had rows; restore into a new database")
        _fill(connection, file, tables)
        if balances_hash(connection) != told.balances:
            raise Refused("restore.balances", "restore: the balances were not those of the backup; nothing was kept")
    return told


def _fill(connection: Connection, file: Path, tables: dict[str, Table]) -> None:
    table, columns, waiting = Table("none", MetaData()), [""], list[dict[str, Any]]()

    def put() -> None:
        if waiting:
            connection.execute(insert(table), waiting)
            waiting.clear()

    for document in _lines(file):
        if isinstance(document, list):
            waiting.append({name: _value(value) for name, value in zip(columns, document, strict=True)})
            if len(waiting) >= ROWS_AT_ONCE:
                put()
        elif "table" in document:
            put()
            name = document["table"]
            if name not in tables:
                raise Refused("restore.table", f"restore: the database has no table {name}; start the platform on it once")
            table, columns = tables[name], document["columns"]
    put()
    if connection.dialect.name != "sqlite":
        _count_on(connection, tables)


def _count_on(connection: Connection, tables: dict[str, Table]) -> None:
    """PostgreSQL's sequences go on behind the highest number."""
    for table in tables.values():
        for column in table.primary_key.columns:
            sequence = text("SELECT pg_get_serial_sequence(:place, :column)")
            found = connection.execute(sequence, {"place": f'"{table.name}"', "column": column.name}).scalar()
            highest = connection.execute(select(func.max(column))).scalar() if found else None
            if highest is not None:
                connection.execute(text("SELECT setval(:name, :at)"), {"name": found, "at": highest})


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode()}
    return value


def _value(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def has_books(engine: Engine) -> bool:
    """Whether a database holds books at all."""
    with engine.connect() as connection:
        return inspect(connection).has_table("transfer")
