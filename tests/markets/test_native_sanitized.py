"""The native book under address and undefined-behaviour checks, for as long as `make soak` is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD_S_MAX = 900


@pytest.mark.soak
def test_the_native_book__under_sanitizers__breaks_no_rule_and_agrees(soak_s: int) -> None:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    built = _run([sys.executable, "tools/native_book.py", "--sanitize"], environment, BUILD_S_MAX).strip()
    libraries = [_run(["c++", f"-print-file-name={name}"], environment, 60).strip() for name in ("libasan.so", "libubsan.so")]
    # The interpreter frees less than it takes when it ends; what the book takes is seen by the memory test.
    environment |= {"LD_PRELOAD": " ".join(libraries), "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    command = [sys.executable, "-m", "tests.markets.native_differential", str(Path(built).parent), str(soak_s), "50000"]
    assert int(_run(command, environment, soak_s + BUILD_S_MAX)) > 0


def _run(command: list[str], environment: dict[str, str], seconds_max: int) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds_max)
    assert done.returncode == 0, done.stderr[-4_000:]
    return done.stdout
