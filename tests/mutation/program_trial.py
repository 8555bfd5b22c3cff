"""The trial of one mutant of the Solana program: build it, point the program's tests at it, and see whether one fails."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.mutation.operators import Mutant
from tests.mutation.trial import ROOT, FirstFailure, Verdict

from sbf.build import STOCK, BuildFailed, compiled
from sbf.compiler import find
from sbf.link import LinkRefused, link

SUITE = Path(__file__).parents[1] / "issuance" / "programs"
# What says nothing of behaviour: the build, and whether placing and deploying are the same.
LEFT_OUT = ("test_build.py", "test_deploy.py")
# A warning is no reason to refuse a mutant: what is left out leaves something unused.
LENIENT = ("--cap-lints=allow",)


def files() -> Sequence[Path]:
    """The program's tests, the long random histories last."""
    found = [path for path in sorted(SUITE.glob("test_*.py")) if path.name not in LEFT_OUT]
    return sorted(found, key=lambda path: any(word in path.name for word in ("machine", "fuzz", "random", "histories")))


def built(mutant: Mutant, folder: Path) -> bytes:
    """The program of a mutant. Raises `BuildFailed` or `LinkRefused`."""
    crate = folder / "stock"
    shutil.copytree(STOCK / "src", crate / "src")
    if mutant.file:
        next((crate / "src").rglob(mutant.file)).write_text(mutant.source)
    compiler = find()
    assert compiler is not None
    return link(compiled(compiler, crate, flags=LENIENT))


def build(mutant: Mutant, folder: Path, original: Path) -> str:
    """A mutant's program in `folder`/stock.so; `refused` or `same` if it is not worth a run, else nothing."""
    try:
        program = built(mutant, folder)
    except (BuildFailed, LinkRefused):
        return "refused"
    (folder / "stock.so").write_bytes(program)
    return "same" if mutant.file and program == original.read_bytes() else ""


def suite_result(program: Path, data: Path) -> tuple[str, str]:
    """Whether the program's tests pass over these bytes, and which failed first."""
    failure = FirstFailure()
    options = [
        "-x", "-q", "--tb=line", "--assert=plain", "-p", "no:xdist", "-p", "no:unraisableexception", "-m", "not soak",
        "-o", f"cache_dir={data}.cache", "--stock-program", str(program), "--timeout", "60",
        "--basetemp", str(data), "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"),
        "--hypothesis-profile", "mutation",
    ]  # fmt: skip
    code = pytest.main([*options, *map(str, files())], plugins=[failure])
    return {0: "survived", 1: "killed"}.get(int(code), "broken"), failure.test


def try_mutant(mutant: Mutant, folder: Path, original: Path) -> None:
    """One trial from compiler to verdict, which is left in `folder`; for a process of its own."""
    begun = time.monotonic()
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    outcome, by = build(mutant, folder, original), ""
    if not outcome:
        outcome, by = suite_result(folder / "stock.so", folder / "data")
    verdict = Verdict(mutant.name, mutant.operator, outcome, by, round(time.monotonic() - begun))
    (folder / "verdict.part").write_text(json.dumps(asdict(verdict)))
    (folder / "verdict.part").rename(folder / "verdict.json")
