"""A venue that is killed while it trades: its history has each row once, its ledger each posting once, and both agree."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openscrip.markets.history_tables import open_tables
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import open_database, sqlite_url

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.parts, pytest.mark.timeout(600)]
LIVES = 6


def begun(folder: Path, life: int, *more: str) -> tuple[subprocess.Popen[str], dict[str, object]]:
    """A life of the venue, and what it told when it had caught up."""
    command = [sys.executable, "-m", "tests.crash.venue_books", str(folder), str(life), *more]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, f"life {life} ended with {child.wait(60)}"
    return child, json.loads(line)


def test_a_venue__killed_again_and_again_while_it_trades__has_history_and_ledger_once(tmp_path: Path) -> None:
    chance, behind = random.Random(6), 0
    for life in range(1, LIVES + 1):
        child, told = begun(tmp_path, life)
        assert told["breaks"] == 0
        behind += told["positions"][0] < told["positions"][2]  # type: ignore[index]  # three numbers
        time.sleep(chance.uniform(0.02, 0.9))
        child.kill()
        child.wait(60)
        assert child.stdout is not None
        child.stdout.close()
    child, told = begun(tmp_path, LIVES + 1, "--last")
    child.communicate(timeout=60)
    assert (child.returncode, told["breaks"]) == (0, 0)
    assert behind > 0  # some life had something to take again
    trades, entries = told["trades"], told["entries"]
    assert isinstance(trades, int)
    assert trades > 300
    connection = open_tables(tmp_path / "history.duckdb")
    once = {
        table: connection.execute(f"SELECT count(*), count(DISTINCT {key}), min({key}), max({key}) FROM {table}").fetchone()
        for table, key in (("trade", "number"), ("ledger", "id"), ("placed", '"order"'))
    }
    executions = connection.execute("SELECT count(*), count(DISTINCT id) FROM execution").fetchone()
    connection.close()
    assert once["trade"] == (trades, trades, 1, trades)
    assert once["ledger"] == (entries, entries, 1, entries)
    assert executions == (2 * trades, 2 * trades)
    placed = once["placed"]
    assert placed is not None
    assert placed[0] == placed[1]
    engine = open_database(sqlite_url(tmp_path / "venue" / "money.sqlite"))
    assert verify_ledger(engine) == []
    engine.dispose()
