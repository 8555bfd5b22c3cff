"""The database: opened safely, checked at the start, and brought to the newest revision.

SQLite is the embedded engine: WAL with `synchronous=FULL`, so that what was committed survives power loss, and
`BEGIN IMMEDIATE`, so that a transaction that will write waits for its turn instead of failing half-way. PostgreSQL is
for more than one machine.
"""

import shutil
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, event, inspect, select, table, text
from sqlalchemy.exc import DatabaseError

from openscrip.runtime import migrations

BUSY_TIMEOUT_MS = 30_000
FREE_SPACE_MIB_MIN = 64
READ_ONLY = "openscrip_read_only"
"""Execution option of a connection that only reads: its transaction does not wait for writers."""


class DatabaseUnfit(Exception):
    """The database must not be written to: wrong settings, damage, or a disk that is nearly full."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def open_database(url: str, synchronous: str = "FULL") -> Engine:
    """An engine on which every connection is set up safely.

    `synchronous="NORMAL"` is for what need not survive power loss, such as leases; nothing that others rely on.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=16, max_overflow=32)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would open transactions late and deferred
        _set_pragmas(connection, synchronous)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READ_ONLY)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _set_pragmas(connection: Any, synchronous: str) -> None:
    wanted = {
        "busy_timeout": (str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
        "journal_mode": ("WAL", "wal"),
        "synchronous": (synchronous, {"FULL": 2, "NORMAL": 1}[synchronous]),
        "foreign_keys": ("ON", 1),
    }
    for pragma, (value, _) in wanted.items():
        connection.execute(f"PRAGMA {pragma} = {value}").fetchall()
    for pragma, (_, expected) in wanted.items():
        found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != expected:
            raise DatabaseUnfit(f"database: {pragma} was {found!r}, expected {expected!r}")


def upgrade(engine: Engine, of: ModuleType = migrations) -> None:
    """Bring the database to the newest revision in one transaction. A database that is there already costs one query.

    `of` is the history of what is kept: the books', unless another is named. Raises `DatabaseUnfit` for a database of a
    newer program.
    """
    if revision(engine, of.VERSION_TABLE) == of.HEAD:
        return
    from alembic import command  # noqa: PLC0415  # 0.3 s to load, needed once in the life of a database
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files(of)))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=of.VERSION_TABLE)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseUnfit(f"database: its revision was not known to this program: {error}") from error


def revision(engine: Engine, version_table: str = migrations.VERSION_TABLE) -> str:
    """The revision that the database is stamped with; empty for a new one."""
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        if not inspect(connection).has_table(version_table):
            return ""
        return str(connection.execute(select(table(version_table, column("version_num")))).scalar() or "")


def check_database(engine: Engine) -> None:
    """Refuse to start on a damaged file or a disk that is nearly full. Raises `DatabaseUnfit`."""
    if engine.dialect.name != "sqlite":
        return
    free_mib = free_space_mib(engine)
    if free_mib < FREE_SPACE_MIB_MIN:
        raise DatabaseUnfit(f"database: {free_mib} MiB were free, at least {FREE_SPACE_MIB_MIN} are needed")
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            findings = [str(found) for (found,) in connection.execute(text("PRAGMA integrity_check"))]
    except DatabaseError as error:
        findings = [str(error.orig)]
    if findings != ["ok"]:
        raise DatabaseUnfit(f"database: integrity check found {'; '.join(findings[:5])}")


def free_space_mib(engine: Engine) -> int:
    """Free space where the SQLite file lies, in MiB."""
    return shutil.disk_usage(Path(engine.url.database or ".").resolve().parent).free >> 20
