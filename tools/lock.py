"""Write requirements/*.txt and package-lock.json from pyproject.toml and package.json, with hashes and no address."""

import shutil
import sys
from pathlib import Path

from set_up import LOCKS, UV, CannotSetUp, pip_settings, step, uv_environment

GROUPS = {
    "run": ("setup", "demo"), "dev": ("setup", "demo", "dev"), "node": ("node",), "uv": ("uv",), "freqtrade": ("freqtrade",),
    "quickfix": ("quickfix",),
}  # fmt: skip
WITH_PROJECT = ("run", "dev")


def main() -> int:
    """Compile every lock; what is pinned stays where it is unless its pin changed."""
    environment = uv_environment(pip_settings())
    try:
        for name, groups in GROUPS.items():
            command: list[str | Path] = [UV, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
            command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
            command += ["pyproject.toml", "--extra", "postgres"] if name in WITH_PROJECT else []
            for group in groups:
                command += ["--group", group]
            step(f"locking {name}.txt", [*command, "-o", LOCKS / f"{name}.txt"], environment)
        npm = shutil.which("npm")
        if npm is None:
            raise CannotSetUp("package-lock.json was left alone: no npm was found on PATH")
        step("locking the npm parts", [npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit"])
    except CannotSetUp as failure:
        print(f"lock: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
