"""`migrate`, `backup`, `restore` and `archive` for the books, and `signer` for the keys."""

import os
import signal
import threading
from argparse import Namespace
from types import FrameType

from openscrip.bootstrap.keeping import archive_facts, backup_books, migrate_books, restore_books
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.signer import serve_keys
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of


def migrate(asked: Namespace, voice: Voice) -> int:
    """Bring the tables up to date while others go on working."""
    before, after = migrate_books(settings_of(asked))
    voice.result({"before": before, "after": after}, f"revision {before or 'none'} -> {after}")
    return 0


def backup(asked: Namespace, voice: Voice) -> int:
    """Write everything that the books hold into one file."""
    told = backup_books(settings_of(asked), asked.file)
    text = f"{asked.file}: {told.rows} rows of {told.tables} tables and {told.files} messages, SHA-256 {told.sha256}"
    text += "\nkeys, settings and published evidence are not in it"
    counted = {"rows": told.rows, "tables": told.tables, "messages": told.files}
    voice.result({"file": str(asked.file), **counted, "sha256": told.sha256}, text)
    return 0


def restore(asked: Namespace, voice: Voice) -> int:
    """Fill an empty database from a backup, prove it equal, and audit the ledger."""
    told, problems = restore_books(settings_of(asked), asked.file)
    for problem in problems:
        voice.say(problem)
    text = f"{told.rows} rows of {told.tables} tables; balances are those of the backup; audit {'BROKEN' if problems else 'ok'}"
    voice.result({"rows": told.rows, "tables": told.tables, "balances": told.balances, "problems": problems}, text)
    return 1 if problems else 0


def archive(asked: Namespace, voice: Voice) -> int:
    """Write the facts of before a day into a file beside the books; they are never deleted."""
    told = archive_facts(settings_of(asked), asked.before, asked.file)
    voice.result(told, f"{asked.file}: {told['facts']} facts up to number {told['last']}, SHA-256 {told['sha256']}")
    return 0


def signer(asked: Namespace, voice: Voice) -> int:
    """Serve the keys until SIGINT or SIGTERM."""
    settings = settings_of(asked)
    keys = asked.keys or Places(settings.data).keys
    listen = asked.listen or settings.signer.address or f"unix:{settings.data.absolute()}/signer/socket"
    server = serve_keys(settings, keys, listen)

    def end(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    told = {"signer": server.address, "keys": str(keys), "pid": os.getpid()}
    voice.result(told, f"Signing at {server.address} with the keys in {keys}. Stop with Ctrl-C.")
    server.serve_forever()
    return 0
