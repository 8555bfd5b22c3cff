"""The program's tests notice when the program is changed. `make soak`, or `pytest -m soak tests/mutation --mutants 40`."""

from pathlib import Path

import pytest
from tests.mutation.bench import Bench
from tests.mutation.operators import Mutant
from tests.mutation.program_operators import mutants_of, sources
from tests.mutation.program_trial import UNCHANGED, keep_original, try_mutant
from tests.mutation.report import explained, table, tried, write
from tests.mutation.trial import Verdict

from sbf.compiler import find

PAGE = Path(__file__).parents[2] / "docs" / "mutation-program.md"
MUTANTS_MIN = 500
KILLED_PERCENT_MIN = 95
# What the program is there for: each is the beginning of a mutant's name, tried in every test run.
NAMED = (
    "rows.ROWS: drop signature: row(145, [BY_TWO => BY_ISSUER]",
    "rows.ROWS: drop signature: row(145, [BY_TWO => BY_ATTESTOR]",
    "inner.create: drop check: refuse_unless([target.key().is(",
    "reserve.refuse_unless_covered: drop check: refuse_unless([is_covered =",
)


@pytest.mark.slow
def test_program_suite__kills_what_takes_a_key_a_share_or_a_once_away(tmp_path: Path) -> None:
    mutants = [mutant for path in sources() for mutant in mutants_of(path)]
    named = [[each for each in mutants if each.name.startswith(name)] for name in NAMED]
    assert [name for name, found in zip(NAMED, named, strict=True) if len(found) != 1] == []
    verdicts = list(ProgramTrials(tmp_path).verdicts([found[0] for found in named]))
    assert [each for each in verdicts if each.outcome != "killed"] == []


@pytest.mark.soak
@pytest.mark.slow
def test_program_suite__kills_mutants_of_every_source(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    mutants = [mutant for path in sources() for mutant in mutants_of(path)]
    sample = int(pytestconfig.getoption("--mutants"))
    chosen = sorted(mutants, key=lambda each: each.key)[: sample or None]
    verdicts, listed = run(chosen, tmp_path), explained(PAGE)
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


class ProgramTrials(Bench):
    """Trials of the program's mutants; needs its compiler."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        assert find() is not None, "tests: mutants need the compiler of the Solana program, which `make setup-dev` fetches"
        keep_original(folder / "original")
        super().__init__(folder / "trials", try_mutant, "tests.mutation.program_warm", folder / "original", workers)


def run(mutants: list[Mutant], folder: Path, workers: int = 2) -> list[Verdict]:
    """All verdicts; the report grows as they come."""
    trials = ProgramTrials(folder, workers)
    [unchanged] = trials.verdicts([UNCHANGED])
    assert unchanged.outcome == "survived", f"mutation: the tests fail without a mutant: {unchanged.by}"
    verdicts = []
    for verdict in trials.verdicts(mutants):
        verdicts.append(verdict)
        write(folder / "mutation.json", verdicts)
    return verdicts
