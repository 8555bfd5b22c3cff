"""One world a file: chains, custodian and attestor of its own, with 1,000 shares received."""

from collections.abc import Iterator

import pytest
from tests.watch.stage import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("watch"))
    made.start()
    made.receive("r-1", 1_000)
    yield made
    made.stop()
