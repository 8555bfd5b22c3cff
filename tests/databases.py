"""Both databases for tests: SQLite files, and databases of one PostgreSQL that lives as long as the test process.

A folder stands for a database: `sqlite_place` and `postgres_place` make one, and `url_of` says where it is to whoever opens
it, in this process or in another.
"""

import atexit
import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, make_url

from openscrip.runtime.database import open_database, sqlite_url, upgrade

if TYPE_CHECKING:
    from postgres import Server

Place = Callable[[Path], Path]
_numbers = itertools.count(1)


@cache
def server() -> "Server":
    """The server of this test process, started when it is first needed."""
    import postgres  # noqa: PLC0415

    made = postgres.Server()
    made.start()
    atexit.register(made.stop)
    return made


@cache
def _template() -> str:
    """A database that is up to date: copying it is faster than making another."""
    name = "template_openscrip"
    _command(f"CREATE DATABASE {name}")
    engine = open_database(server().url(name))
    upgrade(engine)
    engine.dispose()
    return name


def _command(statement: str) -> None:
    engine = create_engine(server().url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def new_database(*, empty: bool = False) -> str:
    """The URL of a new PostgreSQL database with the newest tables, or with none."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    _command(f"CREATE DATABASE {name}" if empty else f"CREATE DATABASE {name} TEMPLATE {_template()}")
    return server().url(name)


def copy_of(folder: Path, to: Path) -> Path:
    """A folder with a copy of a database that nobody has open."""
    if is_sqlite(folder):
        shutil.copy(folder / "store.db", to / "store.db")
        return to
    name = f"t{os.getpid()}_{next(_numbers)}"
    _command(f"CREATE DATABASE {name} TEMPLATE {make_url(url_of(folder)).database}")
    (to / "url").write_text(server().url(name))
    return to


def sqlite_place(folder: Path) -> Path:
    """A folder whose database is a file in it."""
    return folder


def postgres_place(folder: Path) -> Path:
    """A folder whose database is on the server."""
    (folder / "url").write_text(new_database())
    return folder


def empty_postgres_place(folder: Path) -> Path:
    """A folder whose database is on the server, and has no tables yet."""
    (folder / "url").write_text(new_database(empty=True))
    return folder


def url_of(folder: Path) -> str:
    """Where the database of a folder is."""
    told = folder / "url"
    return told.read_text() if told.exists() else sqlite_url(folder / "store.db")


def is_sqlite(folder: Path) -> bool:
    """Which of the two."""
    return not (folder / "url").exists()


@contextmanager
def engine_at(url: str) -> Iterator[Engine]:
    """An engine on a database, for a while. One that is left to the collector warns in whatever test runs just then."""
    engine = open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


def engine_of(folder: Path) -> AbstractContextManager[Engine]:
    """An engine on a folder's database, for a while."""
    return engine_at(url_of(folder))


def altered(folder: Path, *statements: str) -> None:
    """What somebody with the database in their hands tries."""
    engine = open_database(url_of(folder))
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def tampered(folder: Path, *statements: str) -> None:
    """What somebody does who has taken every trigger, key and check out of the way first."""
    if is_sqlite(folder):
        with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as file:
            file.execute("PRAGMA ignore_check_constraints = ON")
            for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                file.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                assert file.execute(statement).rowcount, f"nothing was altered by {statement}"
        return
    engine = open_database(url_of(folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        checks = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        for table, name in connection.exec_driver_sql(checks).all():
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount, f"nothing was altered by {statement}"
    engine.dispose()


PLACES = {"sqlite": sqlite_place, "postgresql": postgres_place}
EMPTY_PLACES = {"sqlite": sqlite_place, "postgresql": empty_postgres_place}
