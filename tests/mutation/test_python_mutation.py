"""The tests of ledger, reserve and multiplier notice when these are changed. `make soak`, or `--mutants 40` for a sample."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.mutation.python_operators import MODULES, PythonMutant, mutants_of
from tests.mutation.python_trial import PythonTrials
from tests.mutation.report import table, write

KILLED_PERCENT_MIN = 85
AT_ONCE = 2
NAMED = (
    "assets/reserve.py:reserve_covers: GtE to Gt",
    "assets/reserve.py:reserve_covers: And to Or",
    "assets/reserve.py:owed: Add to Sub",
)
"""What I1 rests on: tried in every test run."""


@pytest.mark.slow
def test_mutants__of_every_module__change_one_thing_and_leave_the_words_alone() -> None:
    for module in MODULES:
        mutants = mutants_of(module)
        assert len(mutants) > 10
        assert len({mutant.source for mutant in mutants}) == len(mutants)
    [dropped] = [each for each in mutants_of("assets/reserve.py") if "drop the call" in each.name]
    assert "refuse_unless(" not in dropped.source
    assert all("held {" in each.source for each in mutants_of("assets/reserve.py"))


@pytest.mark.slow
def test_reserve__without_what_covers_it__is_noticed(tmp_path: Path) -> None:
    mutants = mutants_of("assets/reserve.py")
    named = [next(each for each in mutants if each.name.startswith(name)) for name in NAMED]
    trials = PythonTrials(tmp_path, 1)
    assert [each.outcome for each in map(trials.try_one, named)] == ["killed"] * len(NAMED)


@pytest.mark.soak
@pytest.mark.slow
def test_tests_of_money__kill_mutants_of_every_module(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    mutants = [mutant for module in MODULES for mutant in mutants_of(module)]
    sample = int(pytestconfig.getoption("--mutants"))
    chosen = sorted(mutants, key=_scattered)[: sample or None]
    trials = PythonTrials(tmp_path, AT_ONCE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(trials.try_one, chosen))
    write(tmp_path / "mutation.json", verdicts)
    print(f"\n{table(verdicts)}")
    alive = [verdict.name for verdict in verdicts if verdict.outcome == "survived"]
    print("\n".join(alive))
    of, dead = Counter(map(_module, chosen)), Counter(map(_module, chosen))
    dead.subtract(name.partition(":")[0] for name in alive)
    weak = {module: f"{dead[module]} of {of[module]}" for module in of if 100 * dead[module] < KILLED_PERCENT_MIN * of[module]}
    assert not weak, f"mutation: too many live: {weak}"


def _module(mutant: PythonMutant) -> str:
    return mutant.module


def _scattered(mutant: PythonMutant) -> str:
    """An order that has nothing to do with the code's, and stays."""
    return hashlib.sha256(mutant.name.encode()).hexdigest()
