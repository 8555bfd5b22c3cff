"""A disk for tests and simulation that does what a real one may do: forget what was not synced, tear writes, fail.

Every operation that changes something is counted, so that a test can let the power fail at each of them in turn.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

SECTOR_BYTES = 512


class PowerCut(Exception):
    """The simulated machine is off; `SimulatedDisk.after_power_cut` is what the next one finds."""


@dataclass(slots=True)
class _File:
    durable: bytearray
    unsynced: list[tuple[int, bytes]] = field(default_factory=list)

    def now(self) -> bytearray:
        """What a reader of the living machine sees."""
        data = bytearray(self.durable)
        for offset, written in self.unsynced:
            _put(data, offset, written)
        return data

    def torn(self, random: Random) -> bytearray:
        """Each sector as it was after any one of the writes that touched it, or before all of them."""
        data = bytearray(self.durable)
        versions = [bytearray(data)]
        for offset, written in self.unsynced:
            versions.append(bytearray(versions[-1]))
            _put(versions[-1], offset, written)
        data.extend(bytes(len(versions[-1]) - len(data)))
        for offset in self._touched():
            chosen = versions[random.randrange(len(versions))]
            sector = chosen[offset : offset + SECTOR_BYTES]
            data[offset : offset + len(sector)] = sector
        return data

    def _touched(self) -> Iterator[int]:
        sectors = set()
        for offset, written in self.unsynced:
            sectors |= set(range(offset // SECTOR_BYTES, (offset + len(written) - 1) // SECTOR_BYTES + 1))
        return (sector * SECTOR_BYTES for sector in sorted(sectors))


def _put(data: bytearray, offset: int, written: bytes) -> None:
    data.extend(bytes(max(0, offset + len(written) - len(data))))
    data[offset : offset + len(written)] = written


class SimulatedDisk:
    """Files in memory, each with what is on the platter and what is only on its way.

    `power_cut_at`: the number of the operation at which the power fails; a write is then half on its way.
    `fails_at`: an operation's number and the `errno` that it fails with; a failed sync also throws away what it should have
    written, as Linux does. `bytes_max`: the disk is full above it.
    """

    def __init__(self, *, bytes_max: int = 2**62) -> None:
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._unsynced_names: list[tuple[str, _File | None]] = []
        self._bytes_max = bytes_max
        self.operations = 0
        self.power_cut_at = 0
        self.fails_at: tuple[int, int] = (0, 0)
        self.is_off = False

    def after_power_cut(self, random: Random) -> "SimulatedDisk":
        """What the next machine finds: any of the changes of names since the last sync of the folder, and files torn."""
        names, is_in_order, cut = dict(self._durable_names), random.random() < 0.5, random.randint(0, len(self._unsynced_names))
        for place, (name, file) in enumerate(self._unsynced_names):
            if place < cut if is_in_order else random.random() < 0.5:
                names.pop(name, None)
                if file is not None:  # a file has one name: its new one takes the old one away
                    names = {each: other for each, other in names.items() if other is not file} | {name: file}
        return self._found({name: file.torn(random) for name, file in names.items()})

    def after_kill(self) -> "SimulatedDisk":
        """What the next process finds where only the process died: everything that was written, synced or not."""
        return self._found({name: file.now() for name, file in self._files.items()})

    def damaged(self, name: str, data: bytes) -> "SimulatedDisk":
        """The same disk with other bytes in one file."""
        found = {each: file.now() for each, file in self._files.items()}
        return self._found(found | {name: bytearray(data)})

    def _found(self, files: dict[str, bytearray]) -> "SimulatedDisk":
        disk = SimulatedDisk(bytes_max=self._bytes_max)
        disk._files = {name: _File(bytearray(data)) for name, data in files.items()}
        disk._durable_names = dict(disk._files)
        return disk

    # the port

    def names(self) -> list[str]:
        """All files, sorted."""
        self._is_on()
        return sorted(self._files)

    def size_bytes(self, name: str) -> int:
        """How long a file is."""
        return len(self.read(name))

    def read(self, name: str, size_bytes: int = -1) -> bytes:
        """A whole file, or its start."""
        self._is_on()
        data = self._file(name).now()
        return bytes(data if size_bytes < 0 else data[:size_bytes])

    def create(self, name: str, size_bytes: int) -> None:
        """A new file of zeros."""
        self._counted()
        self._room(size_bytes)
        self._files[name] = _File(bytearray(size_bytes))
        self._unsynced_names.append((name, self._files[name]))

    def write(self, name: str, offset_bytes: int, data: bytes | bytearray | memoryview) -> None:
        """On its way only, until `sync`."""
        file, written = self._file(name), bytes(data)
        try:
            self._counted()
            self._room(max(0, offset_bytes + len(written) - len(file.now())))
        except (PowerCut, OSError):
            file.unsynced.append((offset_bytes, written[: len(written) // 2]))
            raise
        file.unsynced.append((offset_bytes, written))

    def sync(self, name: str) -> None:
        """Everything on its way arrives."""
        file = self._file(name)
        try:
            self._counted()
        except OSError:
            file.unsynced.clear()
            raise
        file.durable = file.now()
        file.unsynced.clear()

    def rename(self, name: str, new_name: str) -> None:
        """At once, but not durable before `sync_folder`."""
        self._file(name)
        self._counted()
        self._files[new_name] = self._files.pop(name)
        self._unsynced_names.append((new_name, self._files[new_name]))

    def remove(self, name: str) -> None:
        """At once, but not durable before `sync_folder`."""
        self._file(name)
        self._counted()
        del self._files[name]
        self._unsynced_names.append((name, None))

    def sync_folder(self) -> None:
        """All names are durable."""
        self._counted()
        self._durable_names = dict(self._files)
        self._unsynced_names.clear()

    def _file(self, name: str) -> _File:
        self._is_on()
        if name not in self._files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self._files[name]

    def _is_on(self) -> None:
        if self.is_off:
            raise PowerCut("simulated disk: the power was cut")

    def _counted(self) -> None:
        self._is_on()
        self.operations += 1
        if self.operations == self.power_cut_at:
            self.is_off = True
            raise PowerCut(f"simulated disk: the power was cut at operation {self.operations}")
        number, failure = self.fails_at
        if self.operations == number:
            raise OSError(failure, os.strerror(failure))

    def _room(self, more_bytes: int) -> None:
        if sum(len(file.now()) for file in self._files.values()) + more_bytes > self._bytes_max:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
