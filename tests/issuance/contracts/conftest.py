"""One chain and one deployment for all contract tests; each test starts from the same snapshot."""

from collections.abc import Iterator

import pytest
from tests.issuance.contracts.corporate import META
from tests.issuance.contracts.dividend import Dividend
from tests.issuance.contracts.stage import NODE_MODULES, START, Stage, key

from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.contracts.artifact import take_own_from
from openscrip.issuance.nodes.evm import EvmNode


def pytest_configure(config: pytest.Config) -> None:
    """`--contracts DIR` tests another build than the package's."""
    folder = config.getoption("--contracts")
    if folder is not None:
        take_own_from(folder)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=START, recalls=False) as evm:
        stage = Stage(evm)
        yield stage
        stage.rpc.close()


@pytest.fixture
def fresh(deployed: Stage) -> Iterator[Stage]:
    """A token without supply and without a report."""
    snapshot = deployed.rpc.call("evm_snapshot")
    deployed.sequence = deployed.price_sequence = 0
    yield deployed
    deployed.rpc.call("evm_revert", snapshot)


@pytest.fixture
def stage(fresh: Stage) -> Stage:
    """A token with 1,000 shares reported, 100 tokens of alice and 50 of bob."""
    fresh.report()
    fresh.mint(fresh.voucher(raw=100 * 10**18))
    fresh.mint(fresh.voucher(raw=50 * 10**18, receiver=key("bob").address))
    return fresh


@pytest.fixture
def other(fresh: Stage) -> ListedToken:
    """Another listed stock."""
    return fresh.list_stock(META)


@pytest.fixture
def dividend(fresh: Stage) -> Dividend:
    return Dividend(fresh)


@pytest.fixture
def open_(dividend: Dividend) -> Dividend:
    """As `dividend`, created and funded."""
    dividend.create()
    return dividend
