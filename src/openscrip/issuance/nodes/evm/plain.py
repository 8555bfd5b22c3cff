"""Anvil without a log: the fastest there is, and every cheat of it stays open. What a kill takes is gone.

Its own automine leaves ready transactions in the pool under load, so it is off, and a thread of ours decides when a block
is mined. The state is written while running and at the end, and read at the start.
"""

import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress

from openscrip.issuance.nodes.evm.anvil import Anvil, is_whole, refuse_taken
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Unavailable

_POLL_S = 0.02
_LIVE_BLOCK_S = 2.0


class PlainChain:
    """Anvil as a child, and its miner."""

    def __init__(self, anvil: Anvil, port: int, rpc: JsonRpc, *, live: bool, state_interval_s: int) -> None:
        self._anvil = anvil
        self._port = port
        self._rpc = rpc
        self._live = live
        self._state_interval_s = state_interval_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._miner: threading.Thread | None = None
        self._beat = threading.Lock()
        self._rests = False

    @property
    def pid(self) -> int:
        """Anvil's process id, or 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self, timeout_s: float) -> None:
        """As `EvmNode.start`."""
        self._anvil.refuse_unless_there()
        refuse_taken(self._port)
        self._anvil.data.mkdir(parents=True, exist_ok=True)
        self._keep_previous()
        self._anvil.forget_history()
        # The miner starts anvil: a parent-death signal follows the thread that forked, and this one lives as long.
        self._miner = threading.Thread(target=self._run, name="evm-miner", daemon=True)
        self._miner.start()
        if not self._ready.wait(timeout_s):
            code = self._process.poll() if self._process else None
            self.stop(timeout_s)
            raise Unavailable(f"evm node: did not answer on port {self._port} within {timeout_s} s (exit {code})")

    def set_time(self, now: int) -> None:
        """As `EvmNode.set_time`."""
        push_time(self._rpc, now)

    def rest(self, *, resting: bool) -> None:
        """As `EvmNode.rest`."""
        with self._beat:
            self._rests = resting

    def stop(self, timeout_s: float) -> None:
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
        self._anvil.forget_history()

    def kill(self) -> None:
        """End anvil at once."""
        if self._process is not None:
            self._process.kill()
        self.stop(5)

    def _keep_previous(self) -> None:
        """Copy the state before a run; where a kill cut the file short, go back to the copy."""
        state = self._anvil.data / "state.json"
        previous = state.with_suffix(".previous.json")
        if is_whole(state):
            shutil.copyfile(state, previous)
        elif is_whole(previous):
            shutil.copyfile(previous, state)
        else:
            state.unlink(missing_ok=True)

    def _run(self) -> None:
        state = ["--state", str(self._anvil.data / "state.json"), "--state-interval", str(self._state_interval_s)]
        self._process = subprocess.Popen(
            self._anvil.command(self._port, *state), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd=self._anvil.data,
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
        self._rpc.call("evm_setNextBlockTimestamp", max(head, self._anvil.start_at))

    def _mine(self) -> None:
        if self._live:
            with suppress(RpcError):  # the wall clock went back: this block keeps the time of the last
                self._rpc.call("evm_setNextBlockTimestamp", LiveClock().now())
        self._rpc.call("evm_mine")


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
