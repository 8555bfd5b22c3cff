"""The EVM contracts and the Solana program take the same random histories, answer every step alike, and end alike.

After every step both did it or both refused it with the same words; in the end both show the same supply, balances, escrow,
limits left, multiplier, epochs, reserve, lanes, redemptions, used hashes and actions. `docs/chains.md` says what differs by
nature and is left out. A failure shows the shortest part of the history that still differs.
"""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.issuance.contracts.stage import NODE_MODULES, START, Stage
from tests.issuance.differential.evm_side import EvmSide
from tests.issuance.differential.histories import Both, Coverage
from tests.issuance.differential.solana_side import SolanaSide

from openscrip.issuance.nodes.evm import EvmNode

HISTORIES = 5_000
EACH_MIN = 30
"""How often each step must have been done, and refused, in that many histories."""
SELDOM = {"Mint of no kind", "Mint of no kind with report"}
"""Never done, since there is no such thing."""


@pytest.fixture
def both(tmp_path: Path, stock_so: bytes) -> Iterator[Both]:
    """The two sides on a chain each."""
    with EvmNode(tmp_path, NODE_MODULES, start_at=START) as evm:
        stage = Stage(evm)
        yield Both(EvmSide(stage), SolanaSide(stock_so))
        stage.rpc.close()


def tell(line: str) -> None:
    """For whoever runs with -s."""
    print(line, flush=True)


def seldom(coverage: Coverage) -> list[str]:
    """Steps that were not seen often enough."""
    names = {*coverage.done, *coverage.refused} - SELDOM
    return [
        f"{name}: {what} {seen[name]} times"
        for name in sorted(names)
        for what, seen in (("done", coverage.done), ("refused", coverage.refused))
        if seen[name] < EACH_MIN and (name, what) != ("Wait", "refused")
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_both_chains__the_same_histories__answer_and_end_alike(both: Both) -> None:
    for seed in range(HISTORIES):
        both.play(seed)
    tell(both.coverage.table())
    assert seldom(both.coverage) == []
    assert WORDS - both.coverage.words.keys() == set()


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(0)
def test_both_chains__very_many_histories__answer_and_end_alike(both: Both, soak_s: int) -> None:
    end = time.monotonic() + soak_s
    while time.monotonic() < end:
        both.play(secrets.randbelow(2**63))
    tell(both.coverage.table())
    assert both.coverage.histories > 0
