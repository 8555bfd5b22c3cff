"""A process beside the test: it writes to a store until it is done or killed, and prints what is committed.

Usage: `-m tests.conformance.store_child FOLDER MODE NAME COUNT`; MODE is `transfers` (COUNT
transactions) or `leases` (until none is due).
"""

import sys
import time
from pathlib import Path

from tests.conformance.stores import ALICE, CUSTODY, WORLD, Order, Sent, command, posted, sql_store

from openscrip.runtime.sql import SqlStore


def transfers(store: SqlStore, name: str, count: int) -> None:
    """Each transaction writes a row, three transfers, a command and a fact, then its number is printed."""
    for number in range(count):
        with store.transaction() as unit:
            place = unit.next_number("place")
            unit.post([posted(f"{name}-{number}-a", CUSTODY, WORLD, 3), posted(f"{name}-{number}-b", WORLD, ALICE, 2)])
            unit.put(Order(f"{name}-{number}", count=place))
            unit.enqueue(command(f"{name}-{number}"))
            unit.record(Sent(f"{name}-{number}"), number)
            unit.post([posted(f"{name}-{number}-c", ALICE, WORLD, 1)])
        print(number, flush=True)


def leases(store: SqlStore, name: str, _: int) -> None:
    """Take commands and finish each with a fact, until none is due."""
    while taken := store.lease(name, 3, 0, time.monotonic()):
        for lease in taken:
            with store.transaction() as unit:
                unit.record(Sent(lease.command.key), 0)
                unit.finish(lease)
            print(lease.command.key, flush=True)


if __name__ == "__main__":
    opened = sql_store(Path(sys.argv[1]))
    {"transfers": transfers, "leases": leases}[sys.argv[2]](opened, sys.argv[3], int(sys.argv[4]))
    opened.close()
