"""Backup and restore: each on both databases and from one to the other; the restored books are the books."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.conformance.stores import ALICE, CUSTODY, WORLD, Order, Sent, command, posted, sql_store
from tests.databases import EMPTY_PLACES, engine_of

from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.backup import BackedUp, back_up, balances_hash, read_backup, restore
from openscrip.runtime.history import one_moment
from openscrip.runtime.schema import metadata
from openscrip.runtime.sql import SqlStore

ORDERS = 30


@pytest.fixture
def books(place: Path) -> Iterator[SqlStore]:
    """A store with something in every table that the store writes."""
    opened = sql_store(place)
    for number in range(ORDERS):
        with opened.transaction() as unit:
            unit.post([posted(f"t{number}", CUSTODY, WORLD, 10), posted(f"a{number}", WORLD, ALICE, number + 1)])
            unit.put(Order(f"o{number}", count=unit.next_number("place")))
            unit.record(Sent(f"“{number}”"), number)
            unit.enqueue(command(f"k{number}"))
            unit.first_time("bank", f"m{number}")
            unit.use_once("evidence", f"e{number}", "x")
            unit.set_cursor("feed", str(number))
    yield opened
    opened.close()


def backed_up(place: Path, file: Path) -> BackedUp:
    with engine_of(place) as engine:
        return back_up(engine, file)


def restored(place: Path, file: Path) -> BackedUp:
    with engine_of(place) as engine:
        return restore(engine, file)


def everything(place: Path) -> dict[str, list[tuple[object, ...]]]:
    with engine_of(place) as engine:
        with one_moment(engine) as connection:
            found = {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
                for table in metadata.sorted_tables
            }
            found["hash"] = [(balances_hash(connection),)]
        assert verify_ledger(engine) == []
    return found


@pytest.mark.parametrize("to", list(EMPTY_PLACES))
def test_a_restored_database__from_either_to_either__is_equal_row_by_row_and_goes_on(
    books: SqlStore, place: Path, tmp_path_factory: pytest.TempPathFactory, to: str
) -> None:
    file = tmp_path_factory.mktemp("backup") / "books.gz"
    made = backed_up(place, file)
    assert read_backup(file) == made
    other = EMPTY_PLACES[to](tmp_path_factory.mktemp("other"))
    assert restored(other, file) == made
    assert everything(other) == everything(place)
    store = sql_store(other)
    with store.transaction() as unit:
        assert unit.next_number("place") == ORDERS
        unit.post([posted("more", CUSTODY, WORLD, 1), posted("t0", CUSTODY, WORLD, 10)])
        unit.record(Sent("more"), 99)
        unit.put(Order("more"))
    with store.view() as view:
        assert view.facts(after=ORDERS)[0][2] == Sent("more")
        assert view.balance(CUSTODY).debit == ORDERS * 10 + 1
    store.close()
    assert everything(other)["account"]


def test_a_backup__taken_while_others_write__is_of_one_moment(books: SqlStore, place: Path, tmp_path: Path) -> None:
    before = everything(place)["hash"]
    with books.transaction() as unit:
        unit.post([posted("during", CUSTODY, WORLD, 1)])
        told = backed_up(place, tmp_path / "during.gz")
    assert [(told.balances,)] == before


def rewritten(file: Path, change: object) -> None:
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(change(lines))))  # type: ignore[operator]  # each case below is a function


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [line.replace(b'"t7"', b'"t8"', 1) for line in lines], "hash did not fit"),
        (lambda lines: lines[:-1], "ended too early"),
        (lambda lines: [*lines[:9], *lines[10:]], "hash did not fit"),
        (lambda lines: [b'{"format":"other"}\n', *lines[1:]], "no backup of openscrip"),
        (lambda lines: [json.dumps({**json.loads(lines[0]), "version": 9}).encode() + b"\n", *lines[1:]], "version 9"),
        (lambda lines: [b"not json\n"], "could not be read"),
    ],
)
def test_a_foreign_or_damaged_file__is_refused_and_nothing_is_written(
    books: SqlStore, place: Path, tmp_path_factory: pytest.TempPathFactory, change: object, said: str
) -> None:
    file = tmp_path_factory.mktemp("backup") / "books.gz"
    backed_up(place, file)
    rewritten(file, change)
    other = tmp_path_factory.mktemp("other")
    with pytest.raises(Malformed, match=said):
        restored(other, file)
    assert not (other / "store.db").exists()


def test_a_cut_off_file__is_refused(books: SqlStore, place: Path, tmp_path: Path) -> None:
    file = tmp_path / "books.gz"
    backed_up(place, file)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(Malformed, match=r"backup\.gz|could not be read"):
        read_backup(file)


def test_a_database_with_rows__is_not_restored_over(books: SqlStore, place: Path, tmp_path: Path) -> None:
    file = tmp_path / "books.gz"
    backed_up(place, file)
    before = everything(place)
    with pytest.raises(Refused, match="had rows"):
        restored(place, file)
    with pytest.raises(Refused, match="was there already"):
        backed_up(place, file)
    assert everything(place) == before
