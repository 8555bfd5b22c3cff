"""What a program must not forget, one JSON line after the other: on the disk before anything is done because of it."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]


class LineFile:
    """A file that only grows. A line that was torn by a crash at its end was never acted on and is cut off."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if kept != whole:
            os.truncate(path, len(kept))
        if not path.exists():
            path.touch()
            _sync_folder(path.parent)
        self._lines = [json.loads(line) for line in kept.splitlines()]

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    def append(self, line: Line) -> None:
        """Write a line; it is durable when this returns. What a full disk let through of one that failed is taken out again."""
        data = json.dumps(dict(line), separators=(",", ":")).encode() + b"\n"
        before = self._path.stat().st_size
        try:
            with self._path.open("ab", buffering=0) as file:
                if file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, "the line did not fit", str(self._path))
                os.fsync(file.fileno())
        except OSError:
            os.truncate(self._path, before)
            raise
        self._lines.append(dict(line))


def _sync_folder(folder: Path) -> None:
    """A new name is durable once its folder is."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
