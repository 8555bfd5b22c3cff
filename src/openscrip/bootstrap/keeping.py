"""Looking after the books of a data folder: migrations, backup, restore, archive."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from openscrip.assets.brokers import fix_migrations
from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.assets.custodians.iso_store import metadata as iso_tables
from openscrip.issuance.indexer import migrations as index_migrations
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.backup import BackedUp, back_up, files_of, has_books, restore
from openscrip.runtime.database import open_database, revision, unavailable, upgrade
from openscrip.runtime.history import one_moment
from openscrip.runtime.schema import fact
from openscrip.runtime.settings import Settings

EXCHANGE = "exchange"
"""The folder in which a custodian's messages lie, where they come as files."""


def make_beside(engine: Engine) -> None:
    """Make the tables that lie beside the books in one database: the FIX session, the index, messages of custodians."""
    upgrade(engine, fix_migrations)
    upgrade(engine, index_migrations)
    iso_tables.create_all(engine)


def migrate_books(settings: Settings) -> tuple[str, str]:
    """The revision before and after. Raises `DatabaseUnfit` and `Unavailable`."""
    (settings.data / "platform").mkdir(parents=True, exist_ok=True)
    engine = open_database(settings.database_url)
    try:
        before = revision(engine)
        upgrade(engine)
        return before, revision(engine)
    finally:
        engine.dispose()


def backup_books(settings: Settings, file: Path) -> BackedUp:
    """As `runtime.backup.back_up`. Raises `Refused("platform.missing")` where there are no books."""
    _refuse_nothing(settings)
    engine = open_database(settings.database_url)
    try:
        refuse_unless(has_books(engine), "platform.missing", "backup: the database holds no books")
        return back_up(engine, file, lambda: _exchanged(settings.data))
    finally:
        engine.dispose()


def restore_books(settings: Settings, file: Path) -> tuple[BackedUp, list[str]]:
    """As `runtime.backup.restore`, and what an audit of the restored ledger finds.

    Messages of custodians that lie in files come back too. Raises `Refused("restore.used")` where such files lie already.
    """
    (settings.data / "platform").mkdir(parents=True, exist_ok=True)
    beside = list(files_of(file))
    for name, _ in beside:
        if Path(name).parts[1:2] != (EXCHANGE,):
            raise Malformed("backup.file", f"backup: {name!a:.80} in it was no message of a custodian")
        refuse_unless(
            not (settings.data / name).exists(), "restore.used", f"restore: {name} was there; restore into a new data folder"
        )
    engine = open_database(settings.database_url)
    try:
        told = restore(engine, file, (make_beside,))
        for name, content in beside:
            path = settings.data / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)
        return told, verify_ledger(engine, CHART_OF_ACCOUNTS)
    finally:
        engine.dispose()


def _exchanged(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every message in the exchange folders of custodians: what lies in wait first, then what was archived.

    Messages move from there to here alone, so that none is missed; one that is found twice is kept where it was found first.
    """
    for folder in sorted(data.glob(f"*/{EXCHANGE}")):
        read: set[str] = set()
        for place in ("in", "out", "archive"):
            for path in sorted((folder / place).rglob("*")):
                if path.name in read or path.name.startswith(".") or path.is_symlink():
                    continue
                with suppress(FileNotFoundError, IsADirectoryError):
                    content = path.read_bytes()
                    read.add(path.name)
                    yield str(path.relative_to(data)), content


def archive_facts(settings: Settings, before: str, file: Path) -> dict[str, Any]:
    """Facts of before an instant as lines of JSON, gzipped, for cheap storage; in the database they stay, as all else does."""
    _refuse_nothing(settings)
    refuse_unless(not file.exists(), "archive.exists", f"archive: {file} was there already; choose another name")
    try:
        until = instant(before if "T" in before else f"{before}T00:00:00Z")
    except ValueError:
        raise Malformed("archive.before", f"archive: {before!a:.40} was no day such as 2024-06-03") from None
    engine, digest, count, last = open_database(settings.database_url), hashlib.sha256(), 0, 0
    part = file.with_name(f".{file.name}.part")
    try:
        with unavailable(), one_moment(engine) as connection, gzip.open(part, "wb") as out:
            asked = select(fact).where(fact.c.at < until).order_by(fact.c.number)
            for found in connection.execute(asked.execution_options(yield_per=1_000)):
                document = {"number": found.number, "at": found.at, "kind": found.kind, "body": json.loads(found.body)}
                line = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
                digest.update(line)
                out.write(line)
                count, last = count + 1, found.number
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    return {"file": str(file), "facts": count, "last": last, "sha256": digest.hexdigest()}


def _refuse_nothing(settings: Settings) -> None:
    made = not settings.database_url.startswith("sqlite") or (settings.data / "platform" / "store.db").exists()
    refuse_unless(made, "platform.missing", f"platform: nothing was ever started in {settings.data}; run `openscrip up`")
