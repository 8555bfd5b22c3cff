"""How PostgreSQL goes about the books' statements."""

import pytest
from tests.databases import new_database

from openscrip.runtime.database import open_database
from openscrip.runtime.ledger import Side, Transfer
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.statements import Statements

ASKED = ["1", "2", "3"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["transfers", "resolutions", "accounts"])
def test_a_plan_of_a_small_table__that_is_kept_when_it_has_grown__goes_by_an_index(name: str) -> None:
    engine = open_database(new_database())
    store = SqlStore(engine, {"bank": Side.EITHER, "client": Side.EITHER}, ())
    with store.transaction() as unit:
        unit.post([Transfer(one, "USD/bank", "USD/client", 1, one) for one in ASKED])
    prepared = getattr(Statements(engine.dialect), name)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE account, transfer")
        found = connection.exec_driver_sql(f"EXPLAIN {prepared.text}", {"among": ASKED}).scalars().all()
    store.close()
    plan = "\n".join(found)
    assert "Index" in plan
    assert "Seq Scan" not in plan
