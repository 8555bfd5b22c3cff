"""Anvil as a child process: its command line, its port, and its end with whoever started it."""

import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from openscrip.kernel.errors import Refused

ANVIL = Path("@foundry-rs/anvil-linux-amd64/bin/anvil")
HARDFORK = "cancun"
PATIENCE_S, _POLL_S = 2.0, 0.01
_RECENT_BLOCKS = 64
_HISTORY_BLOCKS_MAX = 10_000
"""Blocks beyond the 500 in memory whose state can still be asked for; without a bound they fill the disk."""
# Asks Linux to end this process when the parent dies, however it dies (prctl PR_SET_PDEATHSIG), then becomes the chain.
_ENDS_WITH_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Anvil:
    """One chain as anvil runs it, in `data`, its own folder. A new chain's first block is at `start_at` (UTC seconds).

    With `recalls` false it forgets states further back than 64 blocks, which made those of the contract tests come faster.
    """

    binary: Path
    data: Path
    chain_id: int
    start_at: int
    recalls: bool = True

    def refuse_unless_there(self) -> None:
        """Raises `Refused("evm.missing")` without the binary."""
        if not self.binary.is_file():
            raise Refused("evm.missing", f"evm node: {ANVIL} was not in node_modules; run the project's set-up")

    def command(self, port: int, *options: str) -> list[str]:
        """What starts it on a port. It ends when the thread that started it does."""
        past = ["--cache-path", str(self._history), "--max-persisted-states", str(_HISTORY_BLOCKS_MAX)]
        return [
            sys.executable, "-I", "-S", "-c", _ENDS_WITH_PARENT, str(os.getpid()),
            str(self.binary), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(self.chain_id),
            "--hardfork", HARDFORK, "--accounts", "1", "--no-mining", "--order", "fifo", "--quiet", "--threads", "1",
            "--block-base-fee-per-gas", "0", "--gas-limit", "200000000", "--timestamp", str(self.start_at),
            *(past if self.recalls else ["--prune-history", str(_RECENT_BLOCKS)]), *options,
        ]  # fmt: skip

    def forget_history(self) -> None:
        """Anvil cannot read the history of an earlier run, so it goes with the run."""
        shutil.rmtree(self._history, ignore_errors=True)

    @property
    def _history(self) -> Path:
        """States of blocks far back, which anvil would else leave behind in the user's home, without end."""
        return self.data / "history"


def is_whole(state: Path) -> bool:
    """Whether a state file ends as JSON does."""
    if not state.is_file() or state.stat().st_size < 2:
        return False
    with state.open("rb") as content:
        content.seek(-min(16, state.stat().st_size), os.SEEK_END)
        return content.read().rstrip().endswith(b"}")


def refuse_taken(port: int, patience_s: float = 0) -> None:
    """Raises `Refused("evm.port")` if another listens on the port, and goes on for so long.

    A killed face's port may be held for moments by a child that it was about to start.
    """
    end = time.monotonic() + patience_s
    while not port_is_free(port):
        if time.monotonic() < end:
            time.sleep(_POLL_S)
            continue
        raise Refused("evm.port", f"evm node: port {port} was taken by another program")


def port_is_free(port: int) -> bool:
    """Whether nobody listens on a port of 127.0.0.1; else we would talk to somebody else's chain."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what an ended server left behind does not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens on a port of 127.0.0.1, and not another that was quicker to take it."""
    if sys.platform != "linux":
        return True
    wanted, listening = f"0100007F:{port:04X}", "0A"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == wanted and row[3] == listening}
    return any(_target(each) in sockets for each in Path(f"/proc/{pid}/fd").iterdir())


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # it was closed meanwhile
        return ""
