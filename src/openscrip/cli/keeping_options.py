"""The words of `migrate`, `backup`, `restore`, `archive` and `signer`."""

import argparse
from collections.abc import Callable
from pathlib import Path


def add_keeping(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add the commands that look after books and keys."""
    command("migrate", "bring the database's tables up to date, while workers go on", "keeping")
    made = command("backup", "write all that the books hold into one file, of one moment", "keeping")
    made.add_argument("file", type=Path, help="a new file, such as books.gz")
    made = command("restore", "fill an empty database from a backup, and prove it equal", "keeping")
    made.add_argument("file", type=Path, help="what `backup` wrote")
    made = command("archive", "write old facts into a file for cheap storage; none is deleted", "keeping")
    made.add_argument("--before", required=True, help="a day or an instant, such as 2024-06-03")
    made.add_argument("file", type=Path, help="a new file")
    made = command("signer", "sign for the platform in a process of its own", "keeping")
    made.add_argument("--listen", default="", help="unix:PATH or 127.0.0.1:PORT (signer.address, DATA/signer/socket)")
    made.add_argument("--keys", type=Path, default=None, help="folder of its keys (DATA/keys)")
