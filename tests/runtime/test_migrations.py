"""A database of the first revision, with a ledger in it, brought up to date and used on."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from tests.runtime.ledger_books import BANK, CAPITAL, CLIENT, DAY, JUNE_3, LedgerOnDisk

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.kernel.errors import Unavailable
from openscrip.runtime import migrations
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.closing import Period, close_period
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.history import Moment, balance_at
from openscrip.runtime.ledger import Balance, Phase, Transfer, seal

BEFORE = (
    Transfer("in", BANK, CLIENT, 100, "r1"),
    Transfer("hold", CLIENT, BANK, 40, "r1", Phase.PENDING),
    Transfer("pay", CLIENT, BANK, 30, "r1", Phase.POST, "hold"),
    Transfer("open", CLIENT, BANK, 5, "r1", Phase.PENDING),
)


def first_revision(folder: Path) -> None:
    """What the program of before left behind."""
    engine = open_database(sqlite_url(folder / "store.db"))
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=migrations.VERSION_TABLE)
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(folder / "store.db") as file:
        accounts = [(BANK, "USD", "debit", 0, 100, 5, 30), (CLIENT, "USD", "credit", 5, 30, 0, 100)]
        file.executemany("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", accounts)
        file.executemany(
            "INSERT INTO transfer (id, debit, credit, amount, cause, phase, pending_id, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(t.id, t.debit, t.credit, t.amount, t.cause, t.phase.value, t.pending_id or None, seal(t)) for t in BEFORE],
        )
    file.close()


def test_a_ledger_of_before_is_sound_after_the_upgrade_and_goes_on(tmp_path: Path) -> None:
    first_revision(tmp_path)
    books = LedgerOnDisk(tmp_path)
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    books.post(BEFORE[0], Transfer("own", BANK, CAPITAL, 7, "capital"))
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    with books.reading() as connection:
        assert balance_at(connection, BANK, Moment(at=JUNE_3 - 1)) == Balance(0, 100, 5, 30)
        assert balance_at(connection, BANK, Moment(at=JUNE_3)) == Balance(0, 107, 5, 30)
    books.close()


def test_transfers_of_before_are_in_the_first_closing_and_rewriting_one_is_found(tmp_path: Path) -> None:
    first_revision(tmp_path)
    books = LedgerOnDisk(tmp_path)
    books.now += DAY
    assert close_period(books.engine, Period.parse("2024-06-03"), "Ada", books.now).transfers == len(BEFORE)
    books.post(Transfer("done", CLIENT, BANK, 5, "r1", Phase.POST, "open"))
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    forged = Transfer("in", BANK, CLIENT, 100, "r2")
    books.tampered(f"UPDATE transfer SET cause = 'r2', seal = '{seal(forged)}' WHERE id = 'in'")
    told = verify_ledger(books.engine, CHART_OF_ACCOUNTS)
    assert told[0] == "transfer in (number 1): was rewritten after 2024-06-03 was closed"
    books.close()


def test_a_store_that_was_told_no_time_cannot_post_after_a_closing(tmp_path: Path) -> None:
    first_revision(tmp_path)
    books = LedgerOnDisk(tmp_path)
    close_period(books.engine, Period.parse("2024-05"), "Ada", books.now)
    books.now = 0
    with pytest.raises(Unavailable, match="closed period"):
        books.post(Transfer("own", BANK, CAPITAL, 7, "capital"))
    books.close()
