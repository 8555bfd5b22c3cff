"""Closed periods: what is hashed, what is refused afterwards, and that nothing in them is altered unseen."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError
from tests.databases import PLACES, copy_of, url_of
from tests.runtime.ledger_books import BANK, CAPITAL, CLIENT, CUSTODY, DAY, FEES, INVENTORY, JUNE_3, LedgerOnDisk

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.closing import (
    FIRST_PREVIOUS,
    Period,
    balance_line,
    close_period,
    closing_line,
    closings,
    transfer_line,
)
from openscrip.runtime.history import closed_balances, entries
from openscrip.runtime.ledger import Phase, Transfer, seal

ROOT = Path(__file__).parents[2]
WHO = "Ada Auditor"


@pytest.fixture(scope="module", params=list(PLACES))
def two_closed_days(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two closed days and an open one, made once on each database and copied for each test."""
    opened = LedgerOnDisk(PLACES[request.param](tmp_path_factory.mktemp("closed")))
    held = Transfer("hold", CLIENT, BANK, 40, "r1", Phase.PENDING)
    opened.post(Transfer("in", BANK, CLIENT, 100, "r1"), Transfer("own", BANK, CAPITAL, 500, "capital"), held)
    opened.now += DAY
    opened.post(Transfer("pay", CLIENT, BANK, 30, "r1", Phase.POST, "hold"), Transfer("fee", CLIENT, FEES, 5, "r1"))
    opened.post(Transfer("shares", CUSTODY, INVENTORY, 7, "stock"))
    opened.now += DAY
    close_period(opened.engine, Period.parse("2024-06-03"), WHO, opened.now)
    close_period(opened.engine, Period.parse("2024-06-04"), WHO, opened.now)
    opened.post(Transfer("open", BANK, CAPITAL, 1, "capital"))
    assert problems(opened) == []
    opened.close()
    return opened.folder


@pytest.fixture
def books(two_closed_days: Path, tmp_path: Path) -> Iterator[LedgerOnDisk]:
    opened = LedgerOnDisk(copy_of(two_closed_days, tmp_path))
    opened.now += 2 * DAY
    yield opened
    opened.close()


def problems(books: LedgerOnDisk) -> list[str]:
    return verify_ledger(books.engine, CHART_OF_ACCOUNTS)


def test_a_closing_hashes_the_one_before_its_transfers_its_balances_and_itself(books: LedgerOnDisk) -> None:
    with books.reading() as connection:
        first, second = closings(connection)
        transfers = [transfer_line(entry) for entry in entries(connection, second.since_at, second.until_at)]
        standing = closed_balances(connection, 2)
        totals = [balance_line(name, standing[name]) for name in sorted({CLIENT, BANK, FEES, CUSTODY, INVENTORY})]
    lines = [first.hash, *transfers, *totals, closing_line(second)]
    assert hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest() == second.hash
    assert (first.previous, second.previous) == (FIRST_PREVIOUS, first.hash)
    assert (second.period, second.since_at, second.until_at) == ("2024-06-04", JUNE_3 + DAY, JUNE_3 + 2 * DAY)
    assert (second.transfers, second.last_number, second.closed_by, second.closed_at) == (3, 6, WHO, JUNE_3 + 2 * DAY)


def test_nothing_is_posted_with_a_time_in_a_closed_period(books: LedgerOnDisk) -> None:
    books.now = JUNE_3 + 2 * DAY - 1
    with pytest.raises(Unavailable, match="late was posted at 1717545599, in a closed period"):
        books.post(Transfer("late", BANK, CAPITAL, 1, "c"))
    books.now += 1
    books.post(Transfer("late", BANK, CAPITAL, 1, "c"))
    assert problems(books) == []


@pytest.mark.parametrize(("name", "until"), [("2024", 1_735_689_600), ("2024-02", 1_709_251_200), ("2024-06-03", JUNE_3 + DAY)])
def test_a_period_ends_with_its_last_second_in_utc(name: str, until: int) -> None:
    assert Period.parse(name).until == until


@pytest.mark.parametrize("name", ["", "June", "2024-13", "2024-00", "2024-06-31", "2024-6", "9999-12-31", "2024-06-03T"])
def test_what_is_no_period_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        Period.parse(name)


@pytest.mark.parametrize(("name", "by"), [("2024-06-04", WHO), ("2024-06-03", WHO), ("2024-06-05", WHO), ("2024-05", WHO)])
def test_a_period_that_was_closed_or_is_not_over_is_refused(books: LedgerOnDisk, name: str, by: str) -> None:
    with pytest.raises(Refused) as refused:
        close_period(books.engine, Period.parse(name), by, books.now)
    assert refused.value.code == "ledger.period"
    with books.reading() as connection:
        assert len(closings(connection)) == 2


def test_nobody_closes_without_a_name(books: LedgerOnDisk) -> None:
    books.now += DAY
    with pytest.raises(Refused) as refused:
        close_period(books.engine, Period.parse("2024-06-05"), " ", books.now)
    assert refused.value.code == "ledger.closer"


def test_a_period_without_a_transfer_is_closed_too(books: LedgerOnDisk) -> None:
    books.now += 3 * DAY
    assert close_period(books.engine, Period.parse("2024-06-05"), WHO, books.now).transfers == 1
    assert close_period(books.engine, Period.parse("2024-06-06"), WHO, books.now).transfers == 0
    assert problems(books) == []


def test_a_transfer_that_arrives_while_the_period_is_read_is_in_the_closing(books: LedgerOnDisk) -> None:
    books.now += DAY
    connections = [Transfer("late", BANK, CAPITAL, 2, "c"), None]  # one that reads, then one that writes

    @event.listens_for(books.engine, "engine_connect")
    def between(_: object) -> None:
        late = connections.pop() if connections else None
        if late is not None:
            books.now -= 1
            books.post(late)
            books.now += 1

    closed = close_period(books.engine, Period.parse("2024-06-05"), WHO, books.now)
    assert closed.transfers == 2
    assert problems(books) == []


# Alterations. Each is done with every trigger, check and key out of the way, and the seal made to fit where there is one.


def sealed(transfer: Transfer, at: int) -> str:
    return f", seal = '{seal(transfer, at)}'"


FEE = ("fee", CLIENT, FEES, 5, "r1")
TRANSFER_COLUMNS = {
    "number": "number = 99",
    "id": "id = 'fe'" + sealed(Transfer("fe", CLIENT, FEES, 5, "r1"), JUNE_3 + DAY),
    "debit": f"debit = '{CAPITAL}'" + sealed(Transfer("fee", CAPITAL, FEES, 5, "r1"), JUNE_3 + DAY),
    "credit": f"credit = '{CAPITAL}'" + sealed(Transfer("fee", CLIENT, CAPITAL, 5, "r1"), JUNE_3 + DAY),
    "amount": "amount = 4" + sealed(Transfer("fee", CLIENT, FEES, 4, "r1"), JUNE_3 + DAY),
    "cause": "cause = 'r2'" + sealed(Transfer("fee", CLIENT, FEES, 5, "r2"), JUNE_3 + DAY),
    "phase": "phase = 'pending'" + sealed(Transfer("fee", CLIENT, FEES, 5, "r1", Phase.PENDING), JUNE_3 + DAY),
    "at": f"at = {JUNE_3 + DAY + 1}" + sealed(Transfer(*FEE), JUNE_3 + DAY + 1),
    "at, into another period": f"at = {JUNE_3}" + sealed(Transfer(*FEE), JUNE_3),
    "at, out of closed periods": f"at = {JUNE_3 + 9 * DAY}" + sealed(Transfer(*FEE), JUNE_3 + 9 * DAY),
    "expires_at": f"expires_at = 9, seal = '{seal(Transfer('fee', CLIENT, FEES, 5, 'r1', expires_at=9), JUNE_3 + DAY)}'",
    "seal": "seal = 'ab'",
}


@pytest.mark.parametrize("change", TRANSFER_COLUMNS.values(), ids=TRANSFER_COLUMNS.keys())
def test_a_rewritten_transfer_of_a_closed_period_is_named(books: LedgerOnDisk, change: str) -> None:
    books.tampered(f"UPDATE transfer SET {change} WHERE id = 'fee'")
    told = problems(books)
    assert [each for each in told if ("fee" in each or "fe (" in each or "number 5" in each) and "2024-06-0" in each], told
    assert any("hash did not follow" in each for each in told)


def test_a_rewritten_resolution_of_a_closed_period_is_named(books: LedgerOnDisk) -> None:
    other = Transfer("pay", CLIENT, BANK, 30, "r1", Phase.POST, "in")
    books.tampered(f"UPDATE transfer SET pending_id = 'in'{sealed(other, JUNE_3 + DAY)} WHERE id = 'pay'")
    assert any(each.startswith("transfer pay (number 4): was rewritten") for each in problems(books))


def test_a_removed_transfer_of_a_closed_period_is_named_though_the_numbers_are_made_to_fit(books: LedgerOnDisk) -> None:
    books.tampered(
        "DELETE FROM transfer WHERE id = 'shares'",
        "UPDATE transfer SET number = 6 WHERE number = 7",
        f"UPDATE account SET debits_posted = 0 WHERE id = '{CUSTODY}'",
        f"UPDATE account SET credits_posted = 0 WHERE id = '{INVENTORY}'",
    )
    assert problems(books)[0] == "transfer number 6: was removed from 2024-06-04 after it was closed"


def test_a_transfer_slipped_into_a_closed_period_is_named_though_all_totals_are_made_to_fit(books: LedgerOnDisk) -> None:
    slipped, at = Transfer("slipped", BANK, CAPITAL, 9, "c"), JUNE_3 + DAY
    books.tampered(
        "INSERT INTO transfer (number, id, debit, credit, amount, cause, phase, seal, at) VALUES "
        f"(8, 'slipped', '{BANK}', '{CAPITAL}', 9, 'c', 'posted', '{seal(slipped, at)}', {at})",
        f"UPDATE account SET debits_posted = debits_posted + 9 WHERE id = '{BANK}'",
        f"UPDATE account SET credits_posted = credits_posted + 9 WHERE id = '{CAPITAL}'",
    )
    assert problems(books)[0] == "transfer slipped (number 8): was put into 2024-06-04 after it was closed"


OTHER_COLUMNS = [
    *(("account", f"UPDATE account SET {change} WHERE id = '{BANK}'", BANK) for change in (
        "id = 'USD/banc'", "unit = 'EUR'", "side = 'either'", "debits_pending = 3", "debits_posted = 99", "credits_pending = 1",
        "credits_posted = 0",
    )),
    *(("closing", f"UPDATE closing SET {change} WHERE period = '2024-06-04'", "closing") for change in (
        "number = 7", "period = '2024-06-05'", f"since_at = {JUNE_3}", f"until_at = {JUNE_3 + 3 * DAY}", "transfers = 4",
        "last_number = 7", "closed_by = 'Bob'", "closed_at = closed_at + 1", "previous = ''", "hash = 'ab'",
    )),
    *(("closing_balance", f"UPDATE closing_balance SET {change} WHERE account = '{FEES}'", FEES) for change in (
        "account = 'USD/other'", "closing = 1", "debits_pending = 1", "debits_posted = 1", "credits_pending = 1",
        "credits_posted = 4",
    )),
    *(("closing_page", f"UPDATE closing_page SET {change} WHERE closing = 2", "2024-06-04") for change in (
        "closing = 3", "page = 1", "body = substr(body, 1, 20)", "body = body || ' '",
    )),
    ("closing", "DELETE FROM closing WHERE number = 2", "closing number 2: was missing"),
    ("closing_balance", f"DELETE FROM closing_balance WHERE account = '{FEES}'", FEES),
    ("closing_page", "DELETE FROM closing_page WHERE closing = 2", "2024-06-04"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "statement", "named"), OTHER_COLUMNS)
def test_any_column_of_accounts_and_closings_that_is_altered_is_named(
    books: LedgerOnDisk, table: str, statement: str, named: str
) -> None:
    books.tampered(statement)
    assert any(named in problem for problem in problems(books)), problems(books)


@pytest.mark.parametrize(
    ("table", "column"), [("closing", "transfers"), ("closing_balance", "debits_posted"), ("closing_page", "page")]
)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = 99", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_a_closing(books: LedgerOnDisk, table: str, column: str, change: str) -> None:
    with pytest.raises(DatabaseError, match="never changed or deleted"), books.engine.begin() as connection:
        connection.exec_driver_sql(change.format(table, column))


# Death in the middle


@pytest.mark.parametrize("at", ["INSERT INTO closing ", "INSERT INTO closing_balance", "INSERT INTO closing_page"])
def test_a_close_that_fails_in_the_middle_leaves_nothing_and_can_be_done_again(books: LedgerOnDisk, at: str) -> None:
    books.now += DAY
    failing = [at]

    @event.listens_for(books.engine, "after_cursor_execute")
    def fail(*given: object) -> None:
        if failing and str(given[2]).startswith(failing[0]):
            failing.clear()
            raise Unavailable("the disk went away")

    with pytest.raises(Unavailable):
        close_period(books.engine, Period.parse("2024-06-05"), WHO, books.now)
    with books.reading() as connection:
        assert len(closings(connection)) == 2
        for table in ("closing_balance", "closing_page"):
            assert connection.exec_driver_sql(f"SELECT max(closing) FROM {table}").scalar() == 2
    close_period(books.engine, Period.parse("2024-06-05"), WHO, books.now)
    assert problems(books) == []


DYING = """
import os, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError
from openscrip.runtime.closing import Period, close_period
from openscrip.runtime.database import open_database
engine = open_database(sys.argv[1])
@event.listens_for(engine, "after_cursor_execute")
def die(connection, cursor, statement, *rest):
    if statement.startswith("INSERT INTO closing_page"):
        os.kill(os.getpid(), 9)
close_period(engine, Period.parse("2024-06-05"), "a process", int(sys.argv[2]))
"""


@pytest.mark.crash
def test_a_process_killed_while_it_closes_leaves_the_period_open(books: LedgerOnDisk) -> None:
    books.now += DAY
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", DYING, url_of(books.folder), str(books.now)]
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == -9
    with books.reading() as connection:
        assert len(closings(connection)) == 2
    assert problems(books) == []
    assert close_period(books.engine, Period.parse("2024-06-05"), WHO, books.now).number == 3
