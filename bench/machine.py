"""The machine that the figures were measured on, without its name."""

import os
import platform
import sqlite3
from pathlib import Path


def machine() -> dict[str, str]:
    """Processor, cores, memory, Python, SQLite and kernel."""
    return {
        "cpu": _line("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _gib(_line("/proc/meminfo", "MemTotal")),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def _line(path: str, field: str) -> str:
    """The value of the first line `field : value` of a file; empty where there is none."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _gib(kib: str) -> str:
    amount = kib.split(maxsplit=1)[0] if kib else ""
    return f"{int(amount) / 2**20:.1f} GiB" if amount.isdigit() else "unknown"
