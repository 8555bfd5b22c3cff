"""What one process at a time may do: held by a lock of the system, which a killed process does not keep.

A lock holds for a data folder of one machine. Several folders or machines on one database are kept apart by a lease in it.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.leases import Leases
from openscrip.runtime.store import Fenced

PLACE_LEASE_S = 15.0
"""After so long without a word another place may begin."""


@contextmanager
def held_alone(file: Path, rule: str, where: str, what: str) -> Iterator[None]:
    """Hold `file` while the block runs. Raises `Refused(rule)` with what it is and who holds it, where another process does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Refused(rule, f"{where}: {what} by process {lock.read(20).strip()}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class PlaceLease:
    """A lease that one place (a data folder on a machine) has of a database. To be used while the folder's lock is held.

    Whoever comes after in the same place takes it over at once: by then the process before has ended.
    """

    def __init__(self, leases: Leases, name: str, folder: Path) -> None:
        self._leases, self._name, self.place = leases, name, f"{socket.gethostname()}:{folder.resolve()}"
        self._token = 0

    def take(self) -> None:
        """Raises `Refused("web.busy")` while another place has it, and `Unavailable`."""
        token = self._leases.take(self._name, self.place, for_s=PLACE_LEASE_S)
        if token is None:
            holder = next((each.holder for each in self._leases.standing() if each.name == self._name), "another place")
            raise Refused("web.busy", f"{self._name}: one process serves a database, and {holder} does; end that one first")
        self._token = token

    def renew(self) -> None:
        """Every few seconds. Raises `Refused("web.busy")` where another took it; a database that is away is waited for."""
        try:
            self._leases.renew(self._name, self._token, for_s=PLACE_LEASE_S)
        except Fenced as lost:
            raise Refused("web.busy", f"{self._name}: another place took over while this one was silent") from lost
        except Unavailable:
            return

    def release(self) -> None:
        """Another may begin at once."""
        try:
            self._leases.release(self._name, self._token)
        except Unavailable:
            return
