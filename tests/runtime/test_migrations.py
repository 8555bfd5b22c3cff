"""A database of the first revision, with a ledger in it, brought up to date and used on."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import column, insert, table
from tests.databases import EMPTY_PLACES, url_of
from tests.runtime.ledger_books import BANK, CAPITAL, CLIENT, DAY, JUNE_3, LedgerOnDisk

from openscrip.assets.accounts import CHART
from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.issuance.journey import Journey, Milestone
from openscrip.kernel.errors import Unavailable
from openscrip.runtime import migrations
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.closing import Period, close_period
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.history import Moment, balance_at
from openscrip.runtime.ledger import Balance, Phase, Transfer, seal
from openscrip.runtime.schema import account
from openscrip.runtime.sql import SqlStore

BEFORE = (
    Transfer("in", BANK, CLIENT, 100, "r1"),
    Transfer("hold", CLIENT, BANK, 40, "r1", Phase.PENDING),
    Transfer("pay", CLIENT, BANK, 30, "r1", Phase.POST, "hold"),
    Transfer("open", CLIENT, BANK, 5, "r1", Phase.PENDING),
)
NAMES = ("id", "debit", "credit", "amount", "cause", "phase", "pending_id", "seal")
TRANSFER_BEFORE = table("transfer", *map(column, NAMES))


@pytest.fixture(params=list(EMPTY_PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for each of both databases, without a table yet."""
    return EMPTY_PLACES[request.param](tmp_path)


def first_revision(folder: Path) -> None:
    """What the program of before left behind."""
    engine = open_database(url_of(folder))
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=migrations.VERSION_TABLE)
        command.upgrade(config, "0001")
    accounts = [(BANK, "USD", "debit", 0, 100, 5, 30), (CLIENT, "USD", "credit", 5, 30, 0, 100)]
    rows = [(t.id, t.debit, t.credit, t.amount, t.cause, t.phase.value, t.pending_id or None, seal(t)) for t in BEFORE]
    with engine.begin() as connection:
        totals = [dict(zip(account.c.keys(), each, strict=True)) for each in accounts]
        connection.execute(insert(account), totals)
        connection.execute(insert(TRANSFER_BEFORE), [dict(zip(NAMES, row, strict=True)) for row in rows])
    engine.dispose()


def test_a_ledger_of_before_is_sound_after_the_upgrade_and_goes_on(place: Path) -> None:
    first_revision(place)
    books = LedgerOnDisk(place)
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    books.post(BEFORE[0], Transfer("own", BANK, CAPITAL, 7, "capital"))
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    with books.reading() as connection:
        assert balance_at(connection, BANK, Moment(at=JUNE_3 - 1)) == Balance(0, 100, 5, 30)
        assert balance_at(connection, BANK, Moment(at=JUNE_3)) == Balance(0, 107, 5, 30)
    books.close()


def test_transfers_of_before_are_in_the_first_closing_and_rewriting_one_is_found(place: Path) -> None:
    first_revision(place)
    books = LedgerOnDisk(place)
    books.now += DAY
    assert close_period(books.engine, Period.parse("2024-06-03"), "Ada", books.now).transfers == len(BEFORE)
    books.post(Transfer("done", CLIENT, BANK, 5, "r1", Phase.POST, "open"))
    assert verify_ledger(books.engine, CHART_OF_ACCOUNTS) == []
    forged = Transfer("in", BANK, CLIENT, 100, "r2")
    books.tampered(f"UPDATE transfer SET cause = 'r2', seal = '{seal(forged)}' WHERE id = 'in'")
    told = verify_ledger(books.engine, CHART_OF_ACCOUNTS)
    assert told[0] == "transfer in (number 1): was rewritten after 2024-06-03 was closed"
    books.close()


def test_rows_of_before_know_whose_they_are_after_the_upgrade(place: Path) -> None:
    first_revision(place)
    bodies = {"a": '{"id":"a","person":"alice"}', "b": '{"id":"b","person":null}', "c": '{"id":"c"}', "d": '{"person":7}'}
    bodies["s"] = '{"id":"s","person":"alice","asked_at":1717416000}'
    bodies |= {"w": '{"id":"w","wallet":{"person_id":"bob"}}', "x": '{"id":"x","client":"carol"}'}
    kinds = {"s": "Subscription", "w": "ClientWallet", "x": "Examination"}
    blank = {"stock": "", "state": "new"}
    rows = [blank | {"kind": kinds.get(name, "Owned"), "id": name, "body": body} for name, body in bodies.items()]
    names = ("kind", "id", "stock", "state", "body")
    engine = open_database(url_of(place))
    with engine.begin() as connection:
        connection.execute(insert(table("row", *map(column, names))), rows)
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, person FROM row WHERE kind <> 'Journey' ORDER BY id").all()
    store = SqlStore(engine, CHART, (Journey,))
    with store.view() as view:
        assert view.page(Journey, person="alice").rows == (Journey("s", "", "alice", (Milestone("new", 1717416000),)),)
    store.close()
    owners = {"a": "alice", "b": "", "c": "", "d": "", "s": "alice", "w": "bob", "x": "carol"}
    assert [tuple(each) for each in found] == list(owners.items())


def test_a_store_that_was_told_no_time_cannot_post_after_a_closing(place: Path) -> None:
    first_revision(place)
    books = LedgerOnDisk(place)
    close_period(books.engine, Period.parse("2024-05"), "Ada", books.now)
    books.now = 0
    with pytest.raises(Unavailable, match="closed period"):
        books.post(Transfer("own", BANK, CAPITAL, 7, "capital"))
    books.close()
