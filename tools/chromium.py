"""The browser of the tests: Debian's Chromium, or any of its kind that the machine has. Standard library only."""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "chromium"
STEP_TIMEOUT_S = 1800


class NoChromium(Exception):
    """It is not here and could not be had; the text says why and what would help."""


def find() -> Path | None:
    """The browser, or None. `CHROMIUM` in the environment names another one."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def obtain() -> Path:
    """Install it by the system's own packages, which only its administrator may. Raises `NoChromium`."""
    apt = shutil.which("apt-get")
    if apt is None:
        raise NoChromium("apt-get is not on this machine; install Chromium or Chrome by what this system has for it")
    if os.geteuid() != 0:
        raise NoChromium(f"only the administrator may install it: sudo apt-get install {PACKAGE}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", PACKAGE]):
        try:
            done = subprocess.run(
                [apt, "-qq", *words], env=environment, capture_output=True, text=True, check=False, timeout=STEP_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as failure:
            raise NoChromium(f"apt-get {words[0]}: {failure}") from failure
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise NoChromium(f"apt-get {words[0]} ended with {done.returncode}: {last}")
    found = find()
    if found is None:
        raise NoChromium(f"the package {PACKAGE} was installed and has no program of that name")
    return found
