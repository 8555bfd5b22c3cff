"""The trial of one mutant of the Solana program: build it, point the program's tests at it, and see whether one fails."""

import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.mutation.operators import Mutant
from tests.mutation.trial import ROOT, FirstFailure, Verdict

from sbf.build import FORMAT, STOCK, BuildFailed, compiled
from sbf.compiler import find
from sbf.link import LinkRefused, link

# The program as it stands, as a mutant like any other: it must survive, or a death would mean nothing.
UNCHANGED = Mutant("unchanged", "", "nothing", "")
SUITE = Path(__file__).parents[1] / "issuance" / "programs"
# What says nothing of behaviour: the build, and whether placing and deploying are the same.
RANDOM = ("machine", "fuzz", "random", "histories")
LEFT_OUT = ("test_build.py", "test_deploy.py")
# Which files catch a fault soonest. The others follow where these did not.
KILLERS = {
    "rows.rs": ("test_accounts.py", "test_signing.py"),
    "input.rs": ("test_accounts.py", "test_instructions.py", "test_signing.py"),
    "lib.rs": ("test_accounts.py", "test_instructions.py"),
    "founding.rs": ("test_founding.py",),
    "signers.rs": ("test_founding.py", "test_timelock.py", "test_signers.py"),
    "mint.rs": ("test_mint.py", "test_restitution.py"),
    "limits.rs": ("test_mint.py", "test_limits.py", "test_guardian.py"),
    "reserve.rs": ("test_reserve.py", "test_mint.py"),
    "redemption.rs": ("test_redemption.py",),
    "crossing.rs": ("test_crossing.py",),
    "guardian.rs": ("test_guardian.py",),
    "actions.rs": ("test_actions.py",),
    "multiplier.rs": ("test_multiplier.py", "test_actions.py"),
    "wide.rs": ("test_wide.py", "test_reserve.py", "test_actions.py"),
    "timelock.rs": ("test_timelock.py",),
    "inner.rs": ("test_mint.py", "test_founding.py", "test_timelock.py"),
    "token2022.rs": ("test_mint.py", "test_founding.py", "test_guardian.py"),
}
# A warning is no reason to refuse a mutant: what is left out leaves something unused.
LENIENT = ("--cap-lints=allow",)


def files(file: str = "") -> tuple[list[Path], list[Path]]:
    """The program's tests: those that know most of `file`, and the rest, the long random histories last."""
    found = [path for path in sorted(SUITE.glob("test_*.py")) if path.name not in LEFT_OUT]
    first = [path for path in found if path.name in KILLERS.get(file, ())]
    rest = [path for path in found if path not in first]
    return first, sorted(rest, key=lambda path: any(word in path.name for word in RANDOM))


def keep_original(folder: Path) -> None:
    """The sources as they stand, and what they build to: a long run is about these, whoever edits meanwhile."""
    shutil.copytree(STOCK / "src", folder / "src")
    (folder / "stock.so").write_bytes(built(UNCHANGED, folder.with_name("unchanged"), folder))


def built(mutant: Mutant, folder: Path, original: Path) -> bytes:
    """The program of a mutant. Raises `BuildFailed` or `LinkRefused`."""
    crate = folder / "stock"
    shutil.copytree(original / "src", crate / "src")
    if mutant.file:
        next((crate / "src").rglob(mutant.file)).write_text(mutant.source)
    compiler = find()
    assert compiler is not None
    return link(compiled(compiler, crate, flags=LENIENT), FORMAT)


def build(mutant: Mutant, folder: Path, original: Path) -> str:
    """A mutant's program in `folder`/stock.so; `refused` or `same` if it is not worth a run, else nothing."""
    try:
        program = built(mutant, folder, original)
    except (BuildFailed, LinkRefused):
        return "refused"
    (folder / "stock.so").write_bytes(program)
    return "same" if mutant.file and program == (original / "stock.so").read_bytes() else ""


def suite_result(program: Path, data: Path, file: str) -> tuple[str, str]:
    """Whether the program's tests pass over these bytes, and which failed first."""
    failure = FirstFailure()
    options = [
        "-x", "-q", "--tb=line", "--assert=plain", "-p", "no:xdist", "-p", "no:unraisableexception", "-m", "not soak",
        "-o", f"cache_dir={data}.cache", "--stock-program", str(program), "--timeout", "60",
        "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "--hypothesis-profile", "mutation",
    ]  # fmt: skip
    code = 0
    for number, tests in enumerate(files(file)):
        if tests and code == 0:
            base = ["--basetemp", f"{data}{number}"]
            code = int(pytest.main([*options, *base, *map(str, tests)], plugins=[failure]))
    return {0: "survived", 1: "killed"}.get(code, "broken"), failure.test


def try_mutant(mutant: Mutant, folder: Path, original: Path) -> None:
    """One trial from compiler to verdict, which is left in `folder`; for a process of its own."""
    begun = time.monotonic()
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    outcome, by = build(mutant, folder, original), ""
    if not outcome:
        outcome, by = suite_result(folder / "stock.so", folder / "data", mutant.file)
    verdict = Verdict(mutant.name, mutant.operator, outcome, by, round(time.monotonic() - begun))
    (folder / "verdict.part").write_text(json.dumps(asdict(verdict)))
    (folder / "verdict.part").rename(folder / "verdict.json")
