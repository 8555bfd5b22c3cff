"""What a database can do to us: a full disk, a server that goes, a clock that jumps. Nothing is lost, nothing is half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from tests.conformance.stores import CUSTODY, WORLD, Letter, Order, Send, Sent, command, posted, sql_store
from tests.databases import engine_of, new_database

import postgres
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import asker, open_database
from openscrip.runtime.prepared import COMMIT, Session
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.statements import BEGIN
from openscrip.runtime.store import Command, Fenced, Lease, Unit
from openscrip.runtime.worker import Retries, Worker

pytestmark = pytest.mark.parts


def test_a_full_disk__on_sqlite__writes_nothing_and_passes_when_there_is_room(tmp_path: Path) -> None:
    store = sql_store(tmp_path)
    with store.transaction() as unit:
        unit.post([posted("first", CUSTODY, WORLD, 1)])
    with store._engine.connect() as connection:  # the pages that this file may have: as a disk that is full
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    written = 0
    with pytest.raises(Unavailable, match="full"):
        for number in range(500):
            with store.transaction() as unit:
                unit.put(Order(f"{number}-{'x' * 2_000}"))
                unit.post([posted(f"t{number}", CUSTODY, WORLD, 1)])
            written += 1
    with store.view() as view:
        assert view.balance(CUSTODY).debit == written + 1
        assert len(view.rows(Order)) == written
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    with store.transaction() as unit:
        unit.put(Order(f"{written}-{'x' * 2_000}"))
        unit.post([posted(f"t{written}", CUSTODY, WORLD, 1)])
    store.close()
    with engine_of(tmp_path) as engine:
        assert verify_ledger(engine) == []


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    made = postgres.Server()
    made.start()
    yield made
    made.stop()


@pytest.mark.crash
def test_a_server_that_crashes__under_a_worker__loses_and_doubles_nothing(server: postgres.Server, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(server.url())
    store, total = sql_store(tmp_path), 150
    with store.transaction() as unit:
        unit.put(Letter("letter-1"))
        for number in range(total):
            unit.enqueue(command(f"k{number}", text=f"k{number}"))
    performed: list[str] = []
    some = threading.Event()

    def perform(lease: Lease) -> str:
        performed.append(lease.command.key)
        if len(performed) == total // 3:
            some.set()
        return lease.command.key

    def apply(unit: Unit, done: Command, answer: str) -> None:
        unit.record(Sent(answer), 0)
        unit.post([posted(answer, CUSTODY, WORLD, 1)])

    worker = Worker(store, SteppedClock(0), {Send: perform}, apply, retries=Retries(most_s=0.2), lease_s=2.0)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_forever, args=(stop,))
    thread.start()
    assert some.wait(60)
    server.stop(signal.SIGQUIT, keep=True)
    server.start()
    waited = 0
    while waited < 3:
        try:
            worker.wait_idle(60)
            break
        except Unavailable:  # the connections of before
            waited += 1
    stop.set()
    thread.join(60)
    told = facts_of(store)
    assert sorted(told) == sorted(f"k{number}" for number in range(total))
    with store.view() as view:
        assert view.balance(CUSTODY).debit == total
    store.close()
    with engine_of(tmp_path) as engine:
        assert verify_ledger(engine) == []


def facts_of(store: SqlStore) -> list[str]:
    with store.view() as view:
        return [fact.text for _, _, fact in view.facts(limit=10_000) if isinstance(fact, Sent)]


@pytest.mark.parametrize("jump_s", [-1_000_000.0, -300.0, 300.0, 1_000_000.0])
def test_a_clock_that_jumps__with_commands_in_hand__lets_each_be_done_once(place: Path, jump_s: float) -> None:
    store, now = sql_store(place), 2_000_000.0
    with store.transaction() as unit:
        unit.put(Letter("letter-1"))
        for number in range(6):
            unit.enqueue(command(f"k{number}"))
    in_hand = store.lease("a", 3, 0, now, lease_s=120)
    done: list[str] = []
    for worker, leases in (("b", store.lease("b", 10, 0, now + jump_s, lease_s=120)), ("a", in_hand)):
        for lease in leases:
            try:
                with store.transaction() as unit:
                    unit.finish(lease)
                    unit.record(Sent(f"{worker} {lease.command.key}"), 0)
                done.append(lease.command.key)
            except Fenced:  # what another had taken over
                continue
    late = now + jump_s + 10_000
    for lease in store.lease("c", 10, 0, late, lease_s=120):
        with store.transaction() as unit:
            unit.finish(lease)
        done.append(lease.command.key)
    assert sorted(done) == sorted(f"k{number}" for number in range(6))
    store.close()


def test_a_transaction_that_failed_on_postgresql__is_not_taken_for_committed() -> None:
    engine = open_database(new_database())
    asking = asker(engine)
    with pytest.raises(RuntimeError, match="the server said ROLLBACK"), asking.connect() as connection:
        session = Session(connection)
        session.say(BEGIN)
        with suppress(DBAPIError):
            session.say("SELECT 1 / 0")
        session.say(COMMIT)
    asking.dispose()
    engine.dispose()
