"""The chain of what persons did, against whoever has the database in their hands."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from tests.conformance.stores import sql_store
from tests.databases import altered, engine_of, tampered

from openscrip.bootstrap.verification import audit_check
from openscrip.runtime.audit_trail import broken_at


def written(folder: Path) -> None:
    store = sql_store(folder)
    for number in range(1, 5):
        with store.transaction() as unit:
            unit.audit("ada", "order.release", f"sub-{number}", '{"shares":"1"}', 1_000, 500)
    store.close()


def told_of(folder: Path) -> str:
    store = sql_store(folder)
    try:
        with store.view() as view:
            return broken_at(view)
    finally:
        store.close()


def test_an_entry_cannot_be_changed_or_deleted(place: Path) -> None:
    written(place)
    for statement in ("UPDATE audit_entry SET who = 'eve' WHERE number = 2", "DELETE FROM audit_entry WHERE number = 2"):
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            altered(place, statement)
    assert told_of(place) == ""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit_entry SET who = 'eve' WHERE number = 2", "entry 2: it was changed"),
        ("UPDATE audit_entry SET body = '{}' WHERE number = 3", "entry 3: it was changed"),
        ("DELETE FROM audit_entry WHERE number = 2", "entry 2: it is missing"),
        ("DELETE FROM audit_entry WHERE number = 4", "entry 4: 4 entries were written, 3 are there"),
    ],
)
def test_whoever_gets_around_the_database_is_found(place: Path, statement: str, told: str) -> None:
    written(place)
    tampered(place, statement)
    assert told_of(place) == told


def test_verify__tells_where_the_chain_breaks(place: Path) -> None:
    with engine_of(place) as engine:
        assert audit_check(engine).ok
    written(place)
    with engine_of(place) as engine:
        assert audit_check(engine).detail == "4 acts of persons, each tied to the one before it"
    tampered(place, "UPDATE audit_entry SET who = 'eve' WHERE number = 2")
    with engine_of(place) as engine:
        assert (audit_check(engine).ok, audit_check(engine).detail) == (False, "entry 2: it was changed")
