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
from tests.issuance.differential import steps
from tests.issuance.differential.evm_side import EvmSide
from tests.issuance.differential.histories import Both, Coverage, Differed
from tests.issuance.differential.solana_side import SolanaSide

from openscrip.issuance.chains.solana.program_errors import WORDS
from openscrip.issuance.nodes.evm import EvmNode

HISTORIES = 5_000
EACH_MIN = 30
"""How often each step must have been done, and refused, in that many histories."""
NEVER_DONE = {"Mint of no kind", "Mint of no kind with report"}
NEVER_SAID = {
    # what only a malformed instruction or an account of somebody else's is told; EVM's ABI has no such calls
    "issuer: holder did not sign", "issuer: receiver was the escrow account", "program: account was missing",
    "program: account was not at its address", "program: accounts were too many", "program: data had another length",
    "program: escrow account was another", "program: instruction was unknown", "program: issuer account was another",
    "program: mint was another", "program: token account was another", "signers: members were too many",
    "token: account was the issuer contract", "token: f64 was not the nearest below the multiplier",
    "token: mint showed another multiplier than the program's", "issuer: redemption was of another token",
    # what is asked once, before any history
    "feed: age limit was zero", "feed: nothing was reported", "issuer: day cap was zero", "issuer: token was registered",
    "policy: guardian was zero", "program: caller was not the upgrade authority", "program: issuer was founded",
    "token: epoch or version was out of bounds", "token: escrow account was not the program's alone",
    "token: extension was not known or not the program's", "token: mint did not sign",
    "token: mint was not wholly the program's",
    # the timelock, which is of another make on EVM
    "timelock: account was not the operation's", "timelock: buffer held other code", "timelock: delay was out of bounds",
    "timelock: operation was not queued", "timelock: operation was not ready", "timelock: operation was queued",
}  # fmt: skip
"""Refusals of the program that these histories do not come to; its own tests do."""


class Forgetful(EvmSide):
    """Voids another request than it was told."""

    def _void(self, step: steps.Void) -> tuple[str, str, bytes]:
        return super()._void(steps.Void(step.by, bytes(32)))


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
    names = {*coverage.done, *coverage.refused} - NEVER_DONE
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
    assert set(WORDS.values()) - both.coverage.words.keys() == NEVER_SAID


@pytest.mark.slow
def test_both_chains__one_that_does_otherwise__is_found_with_the_shortest_history(tmp_path: Path, stock_so: bytes) -> None:
    with EvmNode(tmp_path, NODE_MODULES, start_at=START) as evm:
        stage = Stage(evm)
        unlike = Both(Forgetful(stage), SolanaSide(stock_so))
        with pytest.raises(Differed) as told:
            for seed in range(100):
                unlike.play(seed)
        stage.rpc.close()
    difference, *history = str(told.value).splitlines()
    assert "requests: EVM" in difference
    assert [line.split("(")[0] for line in history] == ["  Void"]


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(0)
def test_both_chains__very_many_histories__answer_and_end_alike(both: Both, soak_s: int) -> None:
    end = time.monotonic() + soak_s
    while time.monotonic() < end:
        both.play(secrets.randbelow(2**63))
    tell(both.coverage.table())
    assert both.coverage.histories > 0
