"""Durable ledger transfers per second, with limits and pending transfers on.

On SQLite (WAL, synchronous=FULL), and on a PostgreSQL of this machine (fsync and synchronous_commit on, over its socket).
Run alone: `python bench/ledger.py [FOLDER]`. The ledger is audited afterwards: a rate of a broken ledger is no rate.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.postgresql import own_postgres
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.ledger import Chart, Phase, Side, Transfer
from openscrip.runtime.sql import SqlStore

CHART: Chart = {"bank": Side.DEBIT, "client": Side.CREDIT, "world": Side.EITHER}
CLIENTS = 1_000


def ledger_rates(folder: Path | None = None, runs: int = 3, seconds: float = 2.0) -> list[dict[str, object]]:
    """Median transfers per second in batches of 1 and of 100, and the 99th percentile of a batch in milliseconds."""
    results: list[dict[str, object]] = []
    for kind, batch in ((kind, batch) for kind in ("", "postgresql.") for batch in (1, 100)):
        rates, slowest = [], []
        for _ in range(runs):
            with _database(kind, folder) as url:
                rate, p99_ms = _run(url, batch, seconds)
            rates.append(rate)
            slowest.append(p99_ms)
        name = f"ledger.{kind}batch_{batch}"
        results += [
            {"name": f"{name}.rate", "value": round(statistics.median(rates)), "unit": "transfers/s", "runs": runs},
            {"name": f"{name}.p99", "value": round(statistics.median(slowest), 2), "unit": "ms", "runs": runs},
        ]
    return results


@contextmanager
def _database(kind: str, folder: Path | None) -> Iterator[str]:
    """The URL of a new database."""
    if kind:
        with own_postgres() as url:
            yield url
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield sqlite_url(Path(place) / "ledger.db")


def _run(url: str, batch: int, seconds: float) -> tuple[float, float]:
    engine = open_database(url)
    upgrade(engine)
    store = SqlStore(engine, CHART, ())
    feed = _transfers()
    _post(store, [next(feed) for _ in range(100)])  # warm: statements compiled
    taken: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        transfers = [next(feed) for _ in range(batch)]
        start = time.perf_counter()
        _post(store, transfers)
        taken.append(time.perf_counter() - start)
    rate = len(taken) * batch / (time.perf_counter() - began)
    problems = verify_ledger(engine)
    store.close()
    if problems:
        raise RuntimeError(f"bench: {problems[0]}")
    return rate, sorted(taken)[int(len(taken) * 0.99)] * 1_000


def _post(store: SqlStore, transfers: list[Transfer]) -> None:
    with store.transaction() as unit:
        unit.post(transfers)


def _transfers() -> Iterator[Transfer]:
    """A client pays in, an amount is held for the outside, a part of it is posted, and some is paid back."""
    for number in count():
        client, name = f"USD/client:{number * 7 % CLIENTS}", f"{number}"
        yield Transfer(f"{name}/in", "USD/bank", client, 1_000, name)
        yield Transfer(f"{name}/hold", client, "USD/world", 600, name, Phase.PENDING)
        yield Transfer(f"{name}/pay", client, "USD/world", 500, name, Phase.POST, f"{name}/hold")
        yield Transfer(f"{name}/back", client, "USD/bank", 100, name)


if __name__ == "__main__":
    print(json.dumps(ledger_rates(Path(sys.argv[1]) if sys.argv[1:] else None), indent=1))
