"""A PostgreSQL of its own for one run: found on the machine or under .toolchain, durable as a real one is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
postgres = import_module("postgres")


@contextmanager
def own_postgres() -> Iterator[str]:
    """The URL of an empty database on a server that is there for this run alone."""
    server = postgres.Server()
    try:
        server.start()
        yield server.url()
    finally:
        server.stop()


def server_pid(url: str) -> int:
    """The process id of the server behind the URL that `own_postgres` gave."""
    folder = Path(url.rpartition("host=")[2])
    return int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
