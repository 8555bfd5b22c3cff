"""The contract suite notices when a contract is changed. `make soak`, or `pytest -m soak tests/mutation --mutants 40`."""

from pathlib import Path

import pytest
from tests.mutation.bench import UNCHANGED, Trials
from tests.mutation.build import mutable
from tests.mutation.operators import Mutant, mutants_of
from tests.mutation.report import explained, table, tried, write
from tests.mutation.trial import Verdict

pytestmark = [pytest.mark.soak, pytest.mark.slow]

MUTANTS_MIN = 300
KILLED_PERCENT_MIN = 95


def test_contract_suite__kills_mutants_of_every_contract(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    mutants = [mutant for path in mutable() for mutant in mutants_of(path)]
    sample = int(pytestconfig.getoption("--mutants"))
    chosen = sorted(mutants, key=lambda each: each.key)[: sample or None]
    verdicts, listed = run(chosen, tmp_path), explained()
    print(f"\n{table(verdicts)}\n{tmp_path / 'mutation.json'}")
    counted = tried(verdicts)
    unkilled = [each for each in counted if each.outcome not in {"killed", "late"}]
    unlisted = [f"{each.outcome}: {each.name}" for each in unkilled if each.name not in listed]
    print("\n".join(unlisted))
    wanted = [each for each in counted if each not in unkilled or each.name not in listed]
    killed = len(counted) - len(unkilled)
    assert not [each for each in verdicts if each.outcome == "broken"]
    assert 100 * killed >= KILLED_PERCENT_MIN * len(wanted), f"mutation: {killed} of {len(wanted)} were killed"
    if not sample:
        assert len(counted) >= MUTANTS_MIN
        assert set(listed) <= {each.name for each in unkilled}, "mutation: take these off the list"


def run(mutants: list[Mutant], folder: Path) -> list[Verdict]:
    """All verdicts; the report grows as they come."""
    trials = Trials(folder / "trials")
    [unchanged] = trials.verdicts([UNCHANGED])
    assert unchanged.outcome == "survived", f"mutation: the suite fails without a mutant: {unchanged.by}"
    verdicts = []
    for verdict in trials.verdicts(mutants):
        verdicts.append(verdict)
        write(folder / "mutation.json", verdicts)
    return verdicts
