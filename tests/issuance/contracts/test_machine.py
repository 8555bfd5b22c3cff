"""Contracts and model take the same calls; after each, both allowed it or both refused it, and both show the same.

One local chain runs the contracts; `model` is written from the design and the contracts' promises; `machine` makes the calls.
What is compared when stands in `machine/base.py`. A failure ends with the shortest run that shows it, and with its seed.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.issuance.contracts.machine.coverage import Coverage
from tests.issuance.contracts.machine.play import play
from tests.issuance.contracts.machine.setting import Setting
from tests.issuance.contracts.stage import NODE_MODULES, START, Stage

from openscrip.issuance.nodes.evm import EvmNode

CALLS = 20_000
CALLS_ON_A_MUTANT = 2_000
SEED = 1
"""Of the test run: other seeds need other numbers of calls until the rarest function was seen; soak takes any."""


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    """Everybody on a chain of their own: how it came to be is traced, and a node forgets what lies many blocks back."""
    with EvmNode(tmp_path, NODE_MODULES, start_at=START, recalls=False) as evm:
        stage = Stage(evm)
        yield Setting(stage)
        stage.rpc.close()


def tell(line: str) -> None:
    """Progress, for whoever runs with -s."""
    print(line, flush=True)


def enough(coverage: Coverage, calls: int) -> None:
    """So many calls, most of them done, and every function both ways, which a short soak may not get to."""
    tell(coverage.table())
    assert coverage.calls >= calls
    assert coverage.done_percent >= 50
    assert coverage.missing() == [] or calls < CALLS


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_contracts_and_model__any_calls_in_any_order__agree(setting: Setting) -> None:
    if settings.get_current_profile_name() == "mutation":
        assert play(setting, CALLS_ON_A_MUTANT, SEED, tell).calls >= CALLS_ON_A_MUTANT
    else:
        enough(play(setting, CALLS, SEED, tell), CALLS)


@pytest.mark.soak
@pytest.mark.slow
def test_contracts_and_model__very_many_calls__agree(setting: Setting, pytestconfig: pytest.Config) -> None:
    calls = int(pytestconfig.getoption("--machine-calls"))
    enough(play(setting, calls, secrets.randbelow(10**9), tell), calls)
