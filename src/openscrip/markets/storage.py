"""The port through which a journal and its snapshots reach a disk, and the real one: a folder of files.

What is written is on the disk only after `sync` of the file; a new name, a rename and a removal only after `sync_folder`.
`simulated_disk` is the other adapter: it forgets and tears whatever was not synced.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Protocol

_PIECE_BYTES = 2**20
_ZEROS = bytes(_PIECE_BYTES)
_PAUSE_S = 0.01


class FolderTaken(Exception):
    """Another process has the folder: two writers would tear one journal in two."""


class Storage(Protocol):
    """Files of one folder by name.

    Safe if: after `sync` returned, a file's bytes survive any crash; after `sync_folder`, its names do; a rename replaces
    at once or not at all. Warning: after a failed `sync` nobody knows what is on the disk, and a second one that succeeds
    proves nothing; whoever sees an `OSError` stops.
    """

    def names(self) -> list[str]:
        """All files, sorted."""
        ...

    def size_bytes(self, name: str) -> int:
        """How long a file is."""
        ...

    def read(self, name: str, size_bytes: int = -1) -> bytes:
        """A whole file, or its start. Raises `OSError` where the disk cannot give it."""
        ...

    def create(self, name: str, size_bytes: int) -> None:
        """A new file of zeros, in place of one with that name; its bytes are synced, its name is not."""
        ...

    def write(self, name: str, offset_bytes: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data` into a file that is there."""
        ...

    def sync(self, name: str) -> None:
        """Return when everything written to the file is on the disk."""
        ...

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that had it."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away."""
        ...

    def sync_folder(self) -> None:
        """Return when every name given, changed or taken away is so on the disk."""
        ...


class FolderStorage:
    """A real folder. It is locked while this is open; the lock ends with the process, however it ends."""

    def __init__(self, folder: Path, *, lock: bool = True, patience_s: float = 2.0) -> None:
        """Raises `FolderTaken` where another process has the folder and keeps it for `patience_s`.

        Whoever was killed while it forked has a child that needs a moment to let the folder go. Without the lock: for
        readers, and a snapshot's writer.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._open: dict[str, int] = {}
        self._directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        ends = time.monotonic() + patience_s
        while lock and not self._takes():
            if time.monotonic() > ends:
                self.close()
                raise FolderTaken(f"storage: another process has {folder}")
            time.sleep(_PAUSE_S)

    def _takes(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Close every file and let the folder go."""
        for descriptor in (*self._open.values(), self._directory, self._lock):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._open.clear()

    def names(self) -> list[str]:
        """All files, sorted; not the lock."""
        return sorted(entry.name for entry in os.scandir(self.folder) if entry.is_file() and entry.name != "lock")

    def size_bytes(self, name: str) -> int:
        """How long a file is."""
        return (self.folder / name).stat().st_size

    def read(self, name: str, size_bytes: int = -1) -> bytes:
        """A whole file, or its start."""
        with (self.folder / name).open("rb") as file:
            return file.read(size_bytes)

    def create(self, name: str, size_bytes: int) -> None:
        """Zeros are written, not only promised: a promised block is an entry of the file system's own journal at every sync."""
        self._forget(name)
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            for offset in range(0, size_bytes, _PIECE_BYTES):
                _write_all(descriptor, memoryview(_ZEROS)[: min(_PIECE_BYTES, size_bytes - offset)], offset)
            os.fdatasync(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._open[name] = descriptor

    def write(self, name: str, offset_bytes: int, data: bytes | bytearray | memoryview) -> None:
        """One `pwrite`, and more only where the first was short."""
        descriptor = self._open.get(name) or self._descriptor(name)
        count = os.pwrite(descriptor, data, offset_bytes)
        if count < len(data):
            _write_all(descriptor, memoryview(data)[count:], offset_bytes + count)

    def sync(self, name: str) -> None:
        """`fdatasync`."""
        os.fdatasync(self._descriptor(name))

    def rename(self, name: str, new_name: str) -> None:
        """`rename(2)`; an open file stays open under its new name."""
        (self.folder / name).replace(self.folder / new_name)
        self._forget(new_name)
        if name in self._open:
            self._open[new_name] = self._open.pop(name)

    def remove(self, name: str) -> None:
        """`unlink(2)`."""
        self._forget(name)
        (self.folder / name).unlink()

    def sync_folder(self) -> None:
        """`fsync` of the folder."""
        os.fsync(self._directory)

    def _descriptor(self, name: str) -> int:
        if name not in self._open:
            self._open[name] = os.open(self.folder / name, os.O_RDWR | os.O_CLOEXEC)
        return self._open[name]

    def _forget(self, name: str) -> None:
        if (descriptor := self._open.pop(name, None)) is not None:
            os.close(descriptor)


def _write_all(descriptor: int, data: memoryview, offset_bytes: int) -> None:
    while data:
        count = os.pwrite(descriptor, data, offset_bytes)
        data, offset_bytes = data[count:], offset_bytes + count
