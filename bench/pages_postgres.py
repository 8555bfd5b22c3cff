"""The world of the pages in PostgreSQL: copied once out of its SQLite files, on a server that is kept beside them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, inspect

from bench.postgresql import postgres
from openscrip.issuance.indexer import migrations as of_the_index
from openscrip.issuance.indexer.schema import metadata as index_tables
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.schema import metadata as tables

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Databases:
    """Where books and index are, and the process of the server; 0 where there is none."""

    world: str
    index: str
    server: int = 0

    def spent_ns(self) -> int:
        """The processor time of the server's processes that live, all connections of it."""
        return sum(_spent_ns(pid) for pid in _children(self.server)) if self.server else 0


@contextmanager
def in_postgres(folder: Path) -> Iterator[Databases]:
    """The databases of `folder`, which `bench.pages_world.build` has filled, on a server that ends with this."""
    place = folder / "postgres"
    place.mkdir(exist_ok=True)
    server = postgres.Server(folder=place)
    server.start()
    try:
        found = Databases(server.url("world"), server.url("bench_index"), server.pid)
        if not (place / "done").exists():
            _fill(server.url(), found.world, folder / "world.db", tables, None)
            _fill(server.url(), found.index, folder / "index.db", index_tables, of_the_index)
            (place / "done").touch()
        yield found
    finally:
        server.stop(keep=True)


def _fill(server: str, url: str, file: Path, known: MetaData, history: Any) -> None:
    """Make the database anew, bring it up to date, and copy every table into it."""
    name = url.rpartition("@/")[2].partition("?")[0]
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    engine = open_database(url)
    try:
        upgrade(engine) if history is None else upgrade(engine, history)
        with closing(sqlite3.connect(file)) as source:
            _copy(engine, source, known)
    finally:
        engine.dispose()


def _copy(engine: Engine, source: sqlite3.Connection, known: MetaData) -> None:
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection
        cursor = connection.cursor()
        cursor.execute("SET session_replication_role = replica")  # rows that held in one database hold in the other
        for table in known.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            cursor.execute(f"TRUNCATE {table.name} CASCADE")
            with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in source.execute(f"SELECT {columns} FROM {table.name}"):
                    copy.write_row(row)
        for name in inspect(engine).get_table_names():
            cursor.execute(
                "SELECT pg_get_serial_sequence(%s, column_name), column_name FROM information_schema.columns "
                "WHERE table_name = %s AND pg_get_serial_sequence(%s, column_name) IS NOT NULL", (name, name, name),
            )  # fmt: skip
            for sequence, column in cursor.fetchall():
                cursor.execute(f"SELECT setval('{sequence}', (SELECT coalesce(max({column}), 1) FROM {name}))")
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")
    finally:
        raw.close()


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _spent_ns(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
