"""What only a store on disk can show: two stores on one file, death in the middle, damage, and the database's history.

S stands for the SQL store; the cases that both stores share are in `test_store`.
"""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DatabaseError, IntegrityError
from tests.conformance.stores import (
    ALICE,
    CUSTODY,
    WORLD,
    Order,
    Sent,
    command,
    pending,
    posted,
    resolution,
    sql_store,
)
from tests.databases import altered, is_sqlite, tampered, url_of

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime import migrations
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.codec import Undecodable
from openscrip.runtime.database import DatabaseUnfit, check_database, open_database, revision, sqlite_url, upgrade
from openscrip.runtime.schema import metadata
from openscrip.runtime.sql import SqlStore

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(place: Path) -> Iterator[SqlStore]:
    opened = sql_store(place)
    yield opened
    opened.close()


def child(folder: Path, mode: str, name: str, count: int) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-m", "tests.conformance.store_child", str(folder), mode, name, str(count)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


def problems(folder: Path) -> list[str]:
    engine = open_database(url_of(folder))
    try:
        return verify_ledger(engine)
    finally:
        engine.dispose()


def test_s01_two_stores_on_one_database_never_both_pass_the_same_check(place: Path) -> None:
    stores = [sql_store(place), sql_store(place)]
    with stores[0].transaction() as unit:
        unit.post([posted("base", CUSTODY, WORLD, 50)])
    served: list[str] = []

    def spend(store: SqlStore, name: str) -> None:
        for number in range(20):
            try:
                with store.transaction() as unit:
                    unit.post([posted(f"{name}-{number}", WORLD, CUSTODY, 1)])
                served.append(name)
            except Refused:
                pass

    threads = [threading.Thread(target=spend, args=(stores[n % 2], f"t{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with stores[1].view() as view:
        assert view.balance(CUSTODY).debit == 0
    assert len(served) == 50
    for store in stores:
        store.close()


@pytest.mark.slow
def test_s02_two_processes_share_a_database_without_losing_a_write(place: Path, store: SqlStore) -> None:
    children = [child(place, "transfers", name, 60) for name in "ab"]
    for process in children:
        process.communicate(timeout=60)
    assert [process.returncode for process in children] == [0, 0]
    with store.view() as view:
        orders = view.rows(Order)
        assert sorted(order.count for order in orders) == list(range(120))
        assert [number for number, _, _ in view.facts()] == list(range(1, 121))
        assert view.balance(ALICE).credit == 120
    assert verify_ledger(open_engine := open_database(url_of(place))) == []
    open_engine.dispose()


@pytest.mark.slow
def test_s03_a_command_is_leased_to_one_process_only(place: Path, store: SqlStore) -> None:
    with store.transaction() as unit:
        for number in range(80):
            unit.enqueue(command(f"k{number}"))
    children = [child(place, "leases", name, 0) for name in "ab"]
    printed = [process.communicate(timeout=60)[0].split() for process in children]
    assert sorted(printed[0] + printed[1]) == sorted(f"k{number}" for number in range(80))
    with store.view() as view:
        assert len(view.facts()) == 80
    assert store.waiting() == []


@pytest.mark.crash
def test_s04_a_process_killed_in_the_middle_loses_nothing_that_it_committed(place: Path) -> None:
    committed: set[str] = set()
    for life in range(6):
        process = child(place, "transfers", f"life{life}", 100_000)
        assert process.stdout
        last = ""
        for _ in range(5 + 7 * life):
            last = process.stdout.readline().strip()
        process.kill()
        rest = process.stdout.read().split()  # `communicate` would leave out what `readline` had read ahead
        process.communicate(timeout=30)
        last = rest[-1] if rest else last
        committed |= {f"life{life}-{number}" for number in range(int(last) + 1)}
    store = sql_store(place)
    with store.view() as view:
        orders = {order.id for order in view.rows(Order)}
        told = {fact.text for _, _, fact in view.facts(limit=100_000) if isinstance(fact, Sent)}
        assert committed <= orders
        assert len(orders) <= len(committed) + 6
        assert orders == told == {waits[0].key for waits in store.waiting(100_000)}
        assert view.balance(ALICE).credit == len(orders)
        assert sorted(order.count for order in view.rows(Order)) == list(range(len(orders)))
    store.close()
    assert problems(place) == []


def test_s05_a_lease_of_another_boot_does_not_hold_for_ever(store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.enqueue(command("leased"))
        unit.enqueue(command("retried"))
    for lease in store.lease("w", 2, 0, 1_000_000.0):
        if lease.command.key == "retried":
            store.retry(lease, "no answer", 1_000_010.0)
    assert store.lease("w", 2, 0, 1_000_001.0) == []
    assert {lease.command.key for lease in store.lease("w", 2, 0, 12.0)} == {"leased", "retried"}


def test_s06_a_reader_does_not_wait_for_a_writer(store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
        with store.view() as view:
            assert view.row(Order, "a") is None


# damage


@pytest.fixture
def ledger(place: Path) -> Path:
    return with_ledger(place)


def with_ledger(place: Path) -> Path:
    opened = sql_store(place)
    held, other = pending("p1", WORLD, ALICE, 5), pending("p2", WORLD, ALICE, 6)
    with opened.transaction() as unit:
        unit.post([posted("t1", CUSTODY, WORLD, 10), posted("t2", CUSTODY, WORLD, 20), held, other])
        unit.post([resolution("q1", held, 4)])
    opened.close()
    assert problems(place) == []
    return place


NEW = "INSERT INTO transfer (id, debit, credit, amount, cause, phase, pending_id, seal)"


def test_s10_a_transfer_changed_by_hand_is_named(ledger: Path) -> None:
    tampered(ledger, "UPDATE transfer SET amount = 21 WHERE id = 't2'")
    found = problems(ledger)
    assert found[0].startswith("transfer t2: its content did not match its seal")
    assert any(problem.startswith(f"account {CUSTODY}: stored") for problem in found)


def test_s11_a_total_changed_by_hand_is_named(ledger: Path) -> None:
    tampered(ledger, f"UPDATE account SET debits_posted = 31 WHERE id = '{CUSTODY}'")
    found = problems(ledger)
    assert found[0].startswith(f"account {CUSTODY}: stored")
    assert found[-1] == "unit TSLA: debits and credits differed"


def test_s12_a_deleted_transfer_is_named_by_its_number(ledger: Path) -> None:
    tampered(ledger, "DELETE FROM transfer WHERE id = 't2'")
    found = problems(ledger)
    # on PostgreSQL a number is used up by whoever is refused: there the totals tell
    assert found[0] == "transfer number 2: was missing" if is_sqlite(ledger) else found[0].startswith(f"account {CUSTODY}: ")


def test_s13_a_resolution_of_what_was_not_pending_is_named(ledger: Path) -> None:
    tampered(
        ledger,
        f"{NEW} VALUES ('q2', '{WORLD}', '{ALICE}', 4, 'c', 'post', 't1', '')",
    )
    assert "transfer q2: t1 was not pending" in problems(ledger)


@pytest.mark.parametrize(("table", "column"), [("transfer", "id"), ("fact", "kind"), ("inbox", "digest"), ("once", "used_by")])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
def test_s14_the_database_itself_refuses_to_change_what_is_append_only(
    place: Path, table: str, column: str, change: str
) -> None:
    store = sql_store(place)
    with store.transaction() as unit:
        unit.post([posted("1", CUSTODY, WORLD, 1)])
        unit.record(Sent("x"), 0)
        unit.first_time("a", "b")
        unit.use_once("a", "b", "c")
    store.close()
    with pytest.raises(DatabaseError, match="never changed or deleted"):
        altered(place, change.format(table, column))


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE account SET credits_pending = 31 WHERE id = '{CUSTODY}'",
        f"UPDATE account SET debits_pending = 5 WHERE id = '{ALICE}'",
        "UPDATE account SET debits_posted = -1",
        "UPDATE account SET side = 'both'",
        f"{NEW} VALUES ('q2', '{WORLD}', '{ALICE}', 4, 'c', 'post', 'p1', '')",
        f"{NEW} VALUES ('z', '{WORLD}', '{WORLD}', 4, 'c', 'posted', NULL, '')",
        f"{NEW} VALUES ('z', '{WORLD}', '{ALICE}', 0, 'c', 'posted', NULL, '')",
    ],
)
def test_s15_the_database_itself_refuses_what_breaks_the_ledger(ledger: Path, change: str) -> None:
    with pytest.raises(IntegrityError):
        altered(ledger, change)
    assert problems(ledger) == []


def test_s16_a_file_damaged_on_disk_stops_the_start(tmp_path: Path) -> None:
    with_ledger(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.db")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "store.db"
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[4 * page + 8 : 6 * page] = b"\xff" * (2 * page - 8)
    path.write_bytes(content)
    engine = open_database(sqlite_url(path))
    with pytest.raises(DatabaseUnfit, match="integrity check found"):
        check_database(engine)
    engine.dispose()


def test_s17_a_stored_row_that_does_not_fit_its_class_is_named(place: Path, store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
    altered(place, """UPDATE row SET body = '{"id":"a","count":"1"}'""")
    with pytest.raises(Undecodable, match="Order could not be read"), store.view() as view:
        view.row(Order, "a")


# history


def test_s20_the_migrations_make_exactly_the_tables_that_the_statements_expect(place: Path) -> None:
    engine = open_database(url_of(place))
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_s21_the_newest_revision_is_the_one_that_the_program_expects(tmp_path: Path) -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head() == migrations.HEAD
    engine = open_database(sqlite_url(tmp_path / "store.db"))
    assert revision(engine) == ""
    upgrade(engine)
    upgrade(engine)
    assert revision(engine) == migrations.HEAD
    engine.dispose()


def test_s22_a_database_of_a_newer_program_is_not_touched(place: Path) -> None:
    sql_store(place).close()
    altered(place, "UPDATE alembic_version SET version_num = '9999'")
    engine = open_database(url_of(place))
    with pytest.raises(DatabaseUnfit, match="9999"):
        upgrade(engine)
    assert revision(engine) == "9999"
    engine.dispose()


def test_s23_commits_wait_for_the_disk(tmp_path: Path) -> None:
    engine = open_database(sqlite_url(tmp_path / "store.db"))
    with engine.connect() as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}
    engine.dispose()


def test_s24_foreign_keys_hold_a_transfer_to_its_accounts(place: Path) -> None:
    engine = open_database(url_of(place))
    upgrade(engine)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.exec_driver_sql(f"{NEW} VALUES ('z', 'a', 'b', 4, 'c', 'posted', NULL, '')")
    engine.dispose()


def test_s25_a_write_that_failed_and_was_swallowed__does_not_let_the_rest_commit(store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.enqueue(command("a"))
    with pytest.raises(Conflict), store.transaction() as unit:
        unit.put(Order("b"))
        unit.enqueue(command("a", text="other"))
        with suppress(Conflict):
            unit.rows(Order)
    with store.view() as view:
        assert view.rows(Order) == []
