"""One trial of a Python mutant: the module's own tests, in a process that sees the changed module in place of the real one."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.python_operators import MODULES, SOURCE, PythonMutant
from tests.mutation.trial import Verdict

ROOT = SOURCE.parents[1]
TIMEOUT_S = 180


class PythonTrials:
    """Copies of the package in `folder`, as many as trials may run at once, each with one module changed at a time."""

    def __init__(self, folder: Path, copies: int = 2) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(copies):
            place = folder / f"copy-{number}"
            skipped = shutil.ignore_patterns("__pycache__", "*.so")
            shutil.copytree(SOURCE, place / "openscrip", ignore=skipped)
            self._free.put(place)

    def try_one(self, mutant: PythonMutant) -> Verdict:
        """How the tests of the mutant's module end with it: killed, late, or survived."""
        place = self._free.get()
        changed = place / "openscrip" / mutant.module
        original = changed.read_text(encoding="utf-8")
        try:
            changed.write_text(mutant.source, encoding="utf-8")
            started = time.monotonic()
            outcome, by = self._outcome(place, mutant.module)
            return Verdict(mutant.name, mutant.name.split(": ")[1], outcome, by, round(time.monotonic() - started))
        finally:
            changed.write_text(original, encoding="utf-8")
            self._free.put(place)

    def _outcome(self, place: Path, module: str) -> tuple[str, str]:
        settings = ["-o", f"cache_dir={place / 'cache'}", "-o", f"pythonpath={place} . tools"]
        command = [sys.executable, "-m", "pytest", "-x", "-q", *settings, *MODULES[module]]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(place), str(ROOT))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "dev",
        }
        try:
            run = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return "late", f"{TIMEOUT_S} s"
        if run.returncode == 0:
            return "survived", ""
        failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return "killed", failed[0].removeprefix("FAILED ") if failed else "the tests did not start"
