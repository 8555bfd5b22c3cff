"""One chain a file, with the real token and everybody else's contracts; tests start from the same snapshot."""

from collections.abc import Iterator

import pytest
from tests.issuance.contracts.stage import NODE_MODULES, ONE, START, Stage, key
from tests.thirdparty.actions import CorporateActions
from tests.thirdparty.foreign import Contract, Packages

from openscrip.issuance.nodes.evm import EvmNode

USD = 10**6


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """1,000 shares reported; 100 tokens of alice, 50 of bob."""
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=START, recalls=False) as evm:
        stage = Stage(evm)
        stage.report()
        stage.mint(stage.voucher(raw=100 * ONE))
        stage.mint(stage.voucher(raw=50 * ONE, receiver=key("bob").address))
        yield stage
        stage.rpc.close()


@pytest.fixture(scope="module")
def packages(deployed: Stage) -> Packages:
    return Packages(deployed)


@pytest.fixture(scope="module")
def dollars(packages: Packages) -> Contract:
    """A stablecoin with 6 decimals that anyone may mint: 100,000 each for alice and bob."""
    token = packages.deploy("@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20", "Dollars", "USDX", 6)
    for name in ("alice", "bob"):
        token.send("stranger", "mint", key(name).address, 100_000 * USD)
    return token


@pytest.fixture
def actions(deployed: Stage) -> CorporateActions:
    """A split and a dividend by the token's real schedule."""
    return CorporateActions(deployed)
