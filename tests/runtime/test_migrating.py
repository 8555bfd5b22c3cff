"""Tables change while others read and write: one of several migrates, nobody fails, nothing is lost, old code goes on.

The next revision here is a stand-in that adds what a real one may add (expand): a column with a default, an index, a table.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import inspect
from tests.conformance.stores import ALICE, CUSTODY, WORLD, Order, posted, sql_store
from tests.databases import engine_of, url_of

from openscrip.kernel.errors import Unavailable
from openscrip.runtime import migrations
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import revision
from openscrip.runtime.sql import SqlStore

ROOT = Path(__file__).parents[2]
NEXT = '''
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("transfer", sa.Column("note", sa.String, nullable=False, server_default=""))
    op.add_column("row", sa.Column("owner", sa.String, nullable=True))
    op.create_index("row_owner", "row", ["owner"])
    op.create_table("remark", sa.Column("id", sa.String, primary_key=True))
'''
UPGRADE = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
from openscrip.runtime.database import open_database, upgrade
engine = open_database(sys.argv[2])
upgrade(engine, importlib.import_module("history_of_tomorrow"))
engine.dispose()
"""


@pytest.fixture
def tomorrow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the history of a later program."""
    folder = tmp_path_factory.mktemp("tomorrow")
    package = folder / "history_of_tomorrow"
    shutil.copytree(Path(migrations.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "versions" / "v9000_next.py").write_text(NEXT.format(head=migrations.HEAD))
    (package / "__init__.py").write_text('HEAD = "9000"\nVERSION_TABLE = "alembic_version"\n')
    return folder


@pytest.mark.slow
def test_tables_change__while_two_write_and_one_reads__and_nobody_fails(place: Path, tomorrow: Path) -> None:
    sql_store(place).close()
    stop, failed, written = threading.Event(), list[str](), [0, 0]

    def write(number: int) -> None:
        store = sql_store(place)
        while not stop.is_set():
            try:
                with store.transaction() as unit:
                    name = f"{number}-{written[number]}"
                    unit.post([posted(f"{name}a", CUSTODY, WORLD, 2), posted(f"{name}b", WORLD, ALICE, 1)])
                    unit.put(Order(name, count=unit.next_number("place")))
                written[number] += 1
            except Unavailable as outage:
                failed.append(str(outage))
        store.close()

    def read(store: SqlStore) -> None:
        while not stop.is_set():
            with store.view() as view:
                if view.balance(CUSTODY).debit != 2 * view.balance(ALICE).credit:
                    failed.append("a view of two moments")

    reader = sql_store(place)
    threads = [threading.Thread(target=write, args=(number,)) for number in (0, 1)]
    threads.append(threading.Thread(target=read, args=(reader,)))
    for thread in threads:
        thread.start()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", UPGRADE, str(tomorrow), url_of(place)]
    migrating = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [each.wait(60) for each in migrating] == [0, 0]
    so_far = sum(written)
    ends = time.monotonic() + 30
    while sum(written) == so_far and not failed and time.monotonic() < ends:
        threads[0].join(0.01)
    stop.set()
    for thread in threads:
        thread.join(30)
    reader.close()
    assert failed == []
    assert sum(written) > so_far > 0, "old code goes on after the change"
    with engine_of(place) as engine:
        assert revision(engine) == "9000"
        assert {"note", "at"} <= {column["name"] for column in inspect(engine).get_columns("transfer")}
        assert verify_ledger(engine) == []
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM transfer").scalar() == 2 * sum(written)


@pytest.mark.slow
def test_a_change_of_tables__behind_a_long_reader__lets_others_write_meanwhile(place: Path, tomorrow: Path) -> None:
    store = sql_store(place)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", UPGRADE, str(tomorrow), url_of(place)]
    with store.view() as view:
        view.balance(CUSTODY)
        view.rows(Order)
        migrating = subprocess.Popen(command, env=environment)
        for number in range(20):
            with store.transaction() as unit:
                unit.post([posted(f"t{number}", CUSTODY, WORLD, 1)])
    assert migrating.wait(60) == 0
    with engine_of(place) as engine:
        assert revision(engine) == "9000"
    store.close()
