"""The embedded EVM chain: anvil as a child process, with a thread of ours that decides when a block is mined.

Anvil's own automine leaves ready transactions in the pool under load, so it is off. Every block carries the market
time that was last pushed, or the wall clock when live; time never goes back. The state lies in the data folder: written
while running and at the end, read at the start. Anvil is never the system of record: whoever sent a transaction keeps
its bytes.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Refused, Unavailable

ANVIL = Path("@foundry-rs/anvil-linux-amd64/bin/anvil")
HARDFORK = "cancun"
_POLL_S = 0.02
_LIVE_BLOCK_S = 2.0
_FUNDS_WEI = 10**24
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


class EvmNode:
    """One local chain. `start` returns when it answers, `stop` when its state is on disk."""

    def __init__(
        self,
        data: Path,
        node_modules: Path,
        *,
        port: int = 0,
        chain_id: int = 31337,
        start_at: int = 0,
        live: bool = False,
        state_interval_s: int = 60,
    ) -> None:
        """`data` is this chain's own folder; `start_at` the market time of a new chain's first block (UTC seconds)."""
        self.port = port or free_port()
        self.chain_id = chain_id
        self.url = f"http://127.0.0.1:{self.port}"
        self._data = data
        self._binary = node_modules / ANVIL
        self._start_at = LiveClock().now() if live else start_at
        self._live = live
        self._state_interval_s = state_interval_s
        self._rpc = JsonRpc(self.url, timeout_s=20)
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._miner: threading.Thread | None = None
        self._beat = threading.Lock()
        self._rests = False

    def start(self, timeout_s: float = 20) -> None:
        """Start the chain and its miner.

        Raises `Refused("evm.missing")` without the binary, `Refused("evm.port")` if another listens on the port, and
        `Unavailable` if it does not answer in time.
        """
        if not self._binary.is_file():
            raise Refused("evm.missing", f"evm node: {ANVIL} was not in node_modules; run the project's set-up")
        if not port_is_free(self.port):
            raise Refused("evm.port", f"evm node: port {self.port} was taken by another program")
        self._data.mkdir(parents=True, exist_ok=True)
        self._keep_previous()
        self._forget_history()
        # The miner starts anvil: a parent-death signal follows the thread that forked, and this one lives as long.
        self._miner = threading.Thread(target=self._run, name="evm-miner", daemon=True)
        self._miner.start()
        if not self._ready.wait(timeout_s):
            code = self._process.poll() if self._process else None
            self.stop()
            raise Unavailable(f"evm node: did not answer on port {self.port} within {timeout_s} s (exit {code})")

    def set_time(self, now: int) -> None:
        """Push market time: from here on every block is at `now` or later. Ignores an instant that has passed."""
        push_time(self._rpc, now)

    def rest(self, *, resting: bool = True) -> None:
        """From here on mine nothing unasked: whoever sends asks too (`evm_mine`). With `resting` false the miner is back.

        For those who go back to snapshots: a block that is mined at that very moment mixes two states.
        """
        with self._beat:
            self._rests = resting

    def fund(self, address: str) -> None:
        """Give an account the local chain's worthless fuel to pay for transactions."""
        self._rpc.call("anvil_setBalance", address, hex(_FUNDS_WEI))

    @property
    def pid(self) -> int:
        """Anvil's process id, or 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def stop(self, timeout_s: float = 20) -> None:
        """Ask anvil to write its state and end; wait for it."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        if self._miner is not None:
            self._miner.join(timeout_s)
        self._rpc.close()
        self._forget_history()

    def __enter__(self) -> "EvmNode":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _state(self) -> Path:
        return self._data / "state.json"

    @property
    def _history(self) -> Path:
        """States of blocks far back, which anvil would else leave behind in the user's home, without end."""
        return self._data / "history"

    def _forget_history(self) -> None:
        """Anvil cannot read the history of an earlier run, so it goes with the run."""
        shutil.rmtree(self._history, ignore_errors=True)

    def _keep_previous(self) -> None:
        """Copy the state before a run; where a kill cut the file short, go back to the copy."""
        previous = self._state.with_suffix(".previous.json")
        if _is_whole(self._state):
            shutil.copyfile(self._state, previous)
        elif _is_whole(previous):
            shutil.copyfile(previous, self._state)
        else:
            self._state.unlink(missing_ok=True)

    def _command(self) -> list[str]:
        return [
            str(self._binary), "--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(self.chain_id),
            "--hardfork", HARDFORK, "--accounts", "1", "--no-mining", "--order", "fifo", "--quiet", "--threads", "1",
            "--block-base-fee-per-gas", "0", "--gas-limit", "200000000", "--timestamp", str(self._start_at),
            "--state", str(self._state), "--state-interval", str(self._state_interval_s),
            "--cache-path", str(self._history), "--max-persisted-states", str(_HISTORY_BLOCKS_MAX),
        ]  # fmt: skip

    def _run(self) -> None:
        starter = [sys.executable, "-I", "-S", "-c", _ENDS_WITH_PARENT, str(os.getpid())]
        self._process = subprocess.Popen(
            [*starter, *self._command()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd=self._data,
        )  # fmt: skip
        while self._runs() and not self._ready.is_set():
            try:
                self._hold_time()
                self._ready.set()
            except (Unavailable, RpcError):
                time.sleep(_POLL_S)
        mined_at = 0.0
        while self._runs():
            time.sleep(_POLL_S)
            with self._beat, suppress(Unavailable, RpcError):  # asked again at the next beat; a dead process ends the loop
                waiting = not self._rests and int(self._rpc.call("txpool_status")["pending"], 16)
                if waiting or (self._live and time.monotonic() - mined_at > _LIVE_BLOCK_S):
                    self._mine()
                    mined_at = time.monotonic()

    def _runs(self) -> bool:
        return not self._stopping.is_set() and self._process is not None and self._process.poll() is None

    def _hold_time(self) -> None:
        """Let blocks follow each other in the same second, from the newest block's time on."""
        head = int(self._rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self._rpc.call("anvil_setBlockTimestampInterval", 0)
        self._rpc.call("evm_setNextBlockTimestamp", max(head, self._start_at))

    def _mine(self) -> None:
        if self._live:
            with suppress(RpcError):  # the wall clock went back: this block keeps the time of the last
                self._rpc.call("evm_setNextBlockTimestamp", LiveClock().now())
        self._rpc.call("evm_mine")


def _is_whole(state: Path) -> bool:
    """Whether a state file ends as JSON does."""
    if not state.is_file() or state.stat().st_size < 2:
        return False
    with state.open("rb") as content:
        content.seek(-min(16, state.stat().st_size), os.SEEK_END)
        return content.read().rstrip().endswith(b"}")


def push_time(rpc: JsonRpc, now: int) -> None:
    """Move a local chain to market time `now` and mine there; an instant that has passed changes nothing."""
    head = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    if now <= head:
        return
    try:
        rpc.call("evm_setNextBlockTimestamp", now)
    except RpcError:
        return  # another push was ahead of this one
    rpc.call("evm_mine")


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
