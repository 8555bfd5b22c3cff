"""A venue for each module of tests, with accounts of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.simulated_market import HOUR_S
from tests.clients.venue_server import RunningVenue, running_venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVenue]:
    with running_venue(tmp_path_factory.mktemp("venue")) as venue:
        yield venue


@pytest.fixture
def own_venue(tmp_path: Path) -> Iterator[RunningVenue]:
    """One that a test may wear out."""
    with running_venue(tmp_path) as venue:
        yield venue


@pytest.fixture
def venue_an_hour_ago(tmp_path: Path) -> Iterator[RunningVenue]:
    """One whose clock begins an hour before the machine's."""
    with running_venue(tmp_path, HOUR_S) as venue:
        yield venue
