"""The database: opened safely, checked at the start, and brought to the newest revision.

SQLite is the embedded engine: WAL with `synchronous=FULL`, so that what was committed survives power loss, and
`BEGIN IMMEDIATE`, so that a transaction that will write waits for its turn instead of failing half-way. PostgreSQL is
for more than one machine: whoever stops in the middle of a transaction, or is cut off, loses it and lets the others on.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, column, create_engine, event, inspect, select, table, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, DisconnectionError, OperationalError

from openscrip.kernel.errors import Unavailable
from openscrip.runtime import migrations

BUSY_TIMEOUT_MS = 30_000
FREE_SPACE_MIB_MIN = 64
READ_ONLY = "openscrip_read_only"
"""Execution option of a connection that only reads: its transaction does not wait for writers."""

LOCK_TIMEOUT_MS = 30_000
WRITE_LOCK, MIGRATION_LOCK, INBOX_LOCK = 7301, 7302, 7303
"""Advisory locks on PostgreSQL: of whoever writes to the books, of whoever changes tables, and, with a custodian's name, of
whoever keeps its messages."""
DDL_WAIT_MS, DDL_TRIES = 2_000, 30
"""A change of tables waits no longer than this for those who read, since all others would wait behind it; then again."""
_one_upgrade = threading.Lock()
IDLE_IN_TRANSACTION_MS_MAX = 60_000
"""A process that hangs in the middle of a transaction holds the write lock no longer than this on PostgreSQL."""
PLANS = "-c enable_seqscan=off -c jit=off"
"""Plans are kept. One that was made while a table was small would go on reading all of it; every table has indexes."""
SERVER = {
    "connect_timeout": 5, "application_name": "openscrip", "keepalives_idle": 10, "keepalives_interval": 5,
    "keepalives_count": 3, "tcp_user_timeout": 30_000,
    "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS_MAX} {PLANS}",
}  # fmt: skip
"""What every connection to PostgreSQL asks for."""
POOL_SIZE, POOL_SIZE_ASKING, POOL_OVERFLOW = 8, 16, 16
"""Connections that are kept, of an engine and of one that many threads ask; and more that are made while they are needed."""
TRIED_AFTER_S = 5.0
PASSING_STATES = ("08", "40", "53", "57", "58", "55P03", "25P03")
"""SQL states that pass by themselves: the connection, a conflict, resources such as disk space, an operator's shutdown."""


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
        return _open_server(url)
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


def _open_server(url: str | URL, **how: Any) -> Engine:
    """An engine on PostgreSQL. A connection that was idle for a while is tried before it is used: the server may be new."""
    place = make_url(url)
    if place.drivername in {"postgresql", "postgres"}:
        place = place.set(drivername="postgresql+psycopg")
    if place.drivername != "postgresql+psycopg":
        raise DatabaseUnfit(f"database: {place.drivername} is not supported; use sqlite or postgresql")
    try:
        sizes = {"pool_size": POOL_SIZE, "max_overflow": POOL_OVERFLOW, "pool_use_lifo": True}
        engine = create_engine(place, connect_args=SERVER, **(sizes | how))
    except ImportError as error:
        raise DatabaseUnfit("database: PostgreSQL needs psycopg; install openscrip[postgres]") from error

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used_at", 0.0) > TRIED_AFTER_S:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:  # whatever it is, another connection is taken
                raise DisconnectionError from error

    return engine


def asker(engine: Engine) -> Engine:
    """The engine for single questions, without a transaction around them but what is begun and ended by name."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return _open_server(engine.url, isolation_level="AUTOCOMMIT", pool_size=POOL_SIZE_ASKING)


@contextmanager
def unavailable() -> Iterator[None]:
    """What the database could not do now is `Unavailable`: locked too long, a full disk, a server that went. It passes."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        passes = isinstance(error, OperationalError) if state is None else state.startswith(PASSING_STATES)
        if not passes and not error.connection_invalidated:
            raise
        raise Unavailable(f"database: {' '.join(str(error.orig).split())}") from error


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

    `of` is the history of what is kept: the books', unless another is named. Others may go on working: of several that
    start one migrates, between two of their transactions, and waits for no reader longer than `DDL_WAIT_MS` at once.
    Raises `DatabaseUnfit` for a database of a newer program and `Unavailable` if it never got its turn.
    """
    for attempt in range(DDL_TRIES):
        if revision(engine, of.VERSION_TABLE) == of.HEAD:
            return
        try:
            _upgrade(engine, of)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03" or attempt == DDL_TRIES - 1:
                raise Unavailable(f"database: could not be brought up to date: {error.orig}") from error


def _upgrade(engine: Engine, of: ModuleType) -> None:
    from alembic import command  # noqa: PLC0415  # 0.3 s to load, needed once in the life of a database
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files(of)))
    with _one_upgrade, engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK}), pg_advisory_xact_lock({WRITE_LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = {DDL_WAIT_MS}"))
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
