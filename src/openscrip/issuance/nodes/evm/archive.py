"""What a durable chain keeps in its folder: the newest state it was seen in, and the log of everything since.

`log-000002.bin` starts with a genesis record that names the state it goes on from, `state-000002.json`, or none for a new
chain. A state is on disk whole before a log names it, and a log comes into being under its name whole, so the log with the
highest number counts and what is older can go.
"""

import fcntl
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openscrip.issuance.nodes.evm.anvil import Anvil, is_whole
from openscrip.issuance.nodes.evm.log import Kind, Log, LogBroken, Record

_LOG = re.compile(r"log-(\d{6})\.bin")
_FORMAT = 1
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Base:
    """The block that a log goes on from, and the file of the state there; no file for a new chain."""

    number: int
    hash: str
    state: Path | None


class Archive:
    """The folder of one chain, held by one process. `log` is where the next record goes."""

    log: Log
    base: Base

    def __init__(self, anvil: Anvil, patience_s: float = 0) -> None:
        """Open the folder, or found the chain that `anvil` describes there.

        Raises `LogBroken` where another process goes on holding it for so long, the log is damaged, or it is of another
        chain.
        """
        self._folder = anvil.data
        self._chain_id = anvil.chain_id
        self._folder.mkdir(parents=True, exist_ok=True)
        self.start_at = anvil.start_at
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _hold(self._lock, patience_s)
            found = (_LOG.fullmatch(path.name) for path in self._folder.iterdir())
            self._number = max((int(name[1]) for name in found if name), default=0)
            if not self._number:
                self._found()
            self._open()
            self._forget_older()
        except BlockingIOError:
            os.close(self._lock)
            raise LogBroken(f"log: {self._folder} was in use by another node") from None
        except BaseException:
            os.close(self._lock)
            raise

    def rebase(self, state: bytes, number: int, block_hash: str, settings: Sequence[Record]) -> None:
        """From here on the log goes on from `state`, as the chain stood at a block; `settings` open the new log."""
        after = self._number + 1
        path = self._folder / f"state-{after:06d}.json"
        self._write(path, state)
        self._write_log(after, Base(number, block_hash, path), settings)
        self._number = after
        self.log.close()
        self._open()
        self._forget_older()

    def close(self) -> None:
        """Flush, and let another process have the folder."""
        self.log.close()
        os.close(self._lock)

    def _found(self) -> None:
        """The first log. A state that anvil left here by itself is where it starts."""
        left = self._folder / "state.json"
        state = self._folder / "state-000001.json"
        if is_whole(left):
            self._write(state, left.read_bytes())
        self._write_log(1, Base(0, "", state if is_whole(left) else None), ())
        self._number = 1

    def _open(self) -> None:
        self.log = Log(self._folder / f"log-{self._number:06d}.bin")
        records = list(self.log.replay())
        if not records or records[0].kind is not Kind.GENESIS:
            raise LogBroken(f"log: {self.log.path} did not start with a genesis record")
        told = records[0].document()
        if told["format"] != _FORMAT:
            raise LogBroken(f"log: {self.log.path} had format {told['format']}; this program reads {_FORMAT}")
        if told["chain_id"] != self._chain_id:
            raise LogBroken(f"log: {self._folder} was of chain {told['chain_id']}, not of {self._chain_id}")
        self.start_at = told["start_at"]
        state = self._folder / told["state"] if told["state"] else None
        if state is not None and not is_whole(state):
            raise LogBroken(f"log: {state} was cut short or missing, and {self.log.path} goes on from it")
        self.base = Base(told["number"], told["hash"], state)

    def _write_log(self, number: int, base: Base, settings: Sequence[Record]) -> None:
        genesis = {
            "format": _FORMAT, "chain_id": self._chain_id, "start_at": self.start_at, "number": base.number,
            "hash": base.hash, "state": base.state.name if base.state else "",
        }  # fmt: skip
        part = self._folder / "log.part"
        part.unlink(missing_ok=True)
        log = Log(part)
        log.append(Record.of(Kind.GENESIS, genesis), *settings)
        log.close()
        part.replace(self._folder / f"log-{number:06d}.bin")
        self._sync_folder()

    def _write(self, path: Path, content: bytes) -> None:
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _forget_older(self) -> None:
        kept = {self.log.path, self.base.state}
        for path in [*self._folder.glob("log-*.bin"), *self._folder.glob("state-*"), *self._folder.glob("log.part")]:
            if path not in kept:
                path.unlink(missing_ok=True)


def _hold(lock: int, patience_s: float) -> None:
    """Take the lock. Raises `BlockingIOError`; a killed face's is held for moments by a child that it was about to start."""
    end = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
            time.sleep(_POLL_S)
        else:
            return
