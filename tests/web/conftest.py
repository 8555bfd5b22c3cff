"""A stage for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.databases import copy_of, url_of
from tests.web.stage import Stage

from openscrip.runtime.database import open_database, upgrade


@pytest.fixture(scope="session")
def up_to_date(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest tables: copying it is faster than making another."""
    folder = tmp_path_factory.mktemp("tables")
    engine = open_database(url_of(folder))
    upgrade(engine)
    engine.dispose()
    return folder


@pytest.fixture
def stage(up_to_date: Path, tmp_path: Path) -> Iterator[Stage]:
    """The shell over a SQLite file."""
    made = Stage(copy_of(up_to_date, tmp_path))
    yield made
    made.close()
