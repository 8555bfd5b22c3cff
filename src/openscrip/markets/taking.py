"""How a venue's state is taken while it serves: copied in this process, or by a fork, which costs the venue a millisecond.

The state is taken when a group is sealed, and stored when that group is on the disk: a snapshot is never ahead of the journal.
"""

import os
import signal
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from openscrip.markets.groups import Mark
from openscrip.markets.snapshot import Snapshot, write_snapshot
from openscrip.markets.storage import FolderStorage, Storage

_PLACE = struct.Struct("<5Q")
_NICENESS = 10


class State(Protocol):
    """What a venue was at one moment."""

    def store(self, storage: Storage, segment: int, mark: Mark) -> None:
        """Return when it is on the disk as the snapshot at `mark`. Raises `OSError`. Called in another thread."""
        ...

    def forget(self) -> None:
        """Let it go in place of `store`. Called in another thread."""
        ...


class HeldState:
    """A copy in memory."""

    def __init__(self, state: bytes) -> None:
        self._state = state

    def store(self, storage: Storage, segment: int, mark: Mark) -> None:
        """As the port says."""
        write_snapshot(storage, Snapshot(segment, mark, self._state))

    def forget(self) -> None:
        """It is memory alone."""


class ForkedState:
    """A child that has the venue as it was at the fork; it is told the mark through a pipe, writes, and ends.

    If this process ends first the child reads no mark and writes nothing, or it ends what it began, which is as good.
    """

    def __init__(self, state: Callable[[], bytes], folder: Path) -> None:
        reads, self._writes = os.pipe()
        with warnings.catch_warnings():
            # Newer Pythons warn where there are other threads; the child runs none of them and takes no lock of theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = os.fork()
        if not self._child:
            _live(reads, state, folder)
        os.close(reads)

    def store(self, storage: Storage, segment: int, mark: Mark) -> None:
        """As the port says."""
        try:
            os.write(self._writes, _PLACE.pack(segment, mark.sequence, mark.digest, mark.crc, mark.slot))
        finally:
            os.close(self._writes)
            code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        if code:
            raise OSError(code, f"the snapshot's writer ended with {code}")

    def forget(self) -> None:
        """The child reads no mark, and ends."""
        os.close(self._writes)
        os.waitpid(self._child, 0)


def _live(reads: int, state: Callable[[], bytes], folder: Path) -> None:
    """The child's whole life. Nothing of the parent's is used but memory: its sockets and files are closed first."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.closerange(3, reads)
        os.closerange(reads + 1, os.sysconf("SC_OPEN_MAX"))
        os.nice(_NICENESS)
        taken = state()
        place = os.read(reads, _PLACE.size)
        if len(place) == _PLACE.size:
            segment, *fields = _PLACE.unpack(place)
            write_snapshot(FolderStorage(folder, lock=False), Snapshot(segment, Mark(*fields), taken), os.getpid())
            code = 0
    except OSError as failure:
        code = failure.errno or 1
    finally:
        os._exit(code)
