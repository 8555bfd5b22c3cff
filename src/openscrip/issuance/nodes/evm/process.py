"""The local EVM chain for whoever runs it as a child: with the face and its log before it, or plain."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from openscrip.issuance.nodes import ending
from openscrip.issuance.nodes.evm.anvil import ANVIL, PATIENCE_S, Anvil, free_port, refuse_taken
from openscrip.issuance.nodes.evm.plain import PlainChain
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Unavailable

_FUNDS_WEI = 10**24


class EvmNode:
    """One local chain. `start` returns when it answers, `stop` when what it keeps is on disk."""

    def __init__(
        self,
        data: Path,
        node_modules: Path,
        *,
        port: int = 0,
        chain_id: int = 31337,
        start_at: int = 0,
        live: bool = False,
        durable: bool = False,
        state_interval_s: int = 60,
        recalls: bool = True,
    ) -> None:
        """`data` is this chain's own folder; `start_at` the market time of a new chain's first block (UTC seconds).

        With `durable` nothing that was answered is lost, however the processes end; without, a kill takes what came after
        the last state (every `state_interval_s`), but snapshots and every other cheat of anvil are open. With
        `recalls` false states further back than 64 blocks are forgotten, and blocks come faster; a durable chain keeps all.
        """
        if durable and not recalls:
            raise ValueError("evm node: a durable chain recalls every state; leave out one of durable and recalls=False")
        self.port = port or free_port()
        self.chain_id = chain_id
        self.url = f"http://127.0.0.1:{self.port}"
        self._rpc = JsonRpc(self.url, timeout_s=20)
        anvil = Anvil(node_modules / ANVIL, data, chain_id, LiveClock().now() if live else start_at, recalls)
        self._chain: _Chain = (
            DurableChain(anvil, self.port, self._rpc, live=live)
            if durable
            else PlainChain(anvil, self.port, self._rpc, live=live, state_interval_s=state_interval_s)
        )

    def start(self, timeout_s: float = 20) -> None:
        """Start the chain and its miner.

        Raises `Refused("evm.missing")` without the binary, `Refused("evm.port")` if another listens on the port, and
        `Unavailable` if it does not answer in time.
        """
        self._chain.start(timeout_s)

    def set_time(self, now: int) -> None:
        """Push market time: from here on every block is at `now` or later. Ignores an instant that has passed."""
        self._chain.set_time(now)

    def rest(self, *, resting: bool = True) -> None:
        """From here on mine nothing unasked: whoever sends asks too (`evm_mine`). With `resting` false the miner is back.

        For those who go back to snapshots: a block that is mined at that very moment mixes two states.
        """
        self._chain.rest(resting=resting)

    def fund(self, address: str) -> None:
        """Give an account the local chain's worthless fuel to pay for transactions."""
        self._rpc.call("anvil_setBalance", address, hex(_FUNDS_WEI))

    @property
    def pid(self) -> int:
        """The process id of whoever answers, or 0 when it does not run."""
        return self._chain.pid

    def stop(self, timeout_s: float = 20) -> None:
        """Ask it to write what it keeps and to end; wait for it."""
        self._chain.stop(timeout_s)
        self._rpc.close()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._chain.kill()
        self._rpc.close()

    def __enter__(self) -> "EvmNode":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Chain(Protocol):
    """What an `EvmNode` runs."""

    @property
    def pid(self) -> int: ...
    def start(self, timeout_s: float) -> None: ...
    def stop(self, timeout_s: float) -> None: ...
    def kill(self) -> None: ...
    def set_time(self, now: int) -> None: ...
    def rest(self, *, resting: bool) -> None: ...


class DurableChain:
    """The face as a process of its own; it starts anvil and keeps the log."""

    def __init__(self, anvil: Anvil, port: int, rpc: JsonRpc, *, live: bool) -> None:
        self._anvil = anvil
        self._port = port
        self._rpc = rpc
        self._options = ["--start-time", str(anvil.start_at), *(["--live"] if live else [])]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The face's process id, or 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self, timeout_s: float) -> None:
        """As `EvmNode.start`."""
        self._anvil.refuse_unless_there()
        refuse_taken(self._port, PATIENCE_S)
        command = [sys.executable, "-m", "openscrip.issuance.nodes.evm", "--die-with-parent"]
        command += ["--port", str(self._port), "--data", str(self._anvil.data), "--chain-id", str(self._anvil.chain_id)]
        command += ["--anvil", str(self._anvil.binary), *self._options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, env=dict(os.environ)
        )
        out = self._process.stdout
        line = out.readline() if out and select.select([out], [], [], timeout_s)[0] else b""
        if not line or "ready" not in json.loads(line):
            self.kill()
            raise Unavailable(f"evm node: was not ready on port {self._port} within {timeout_s} s")

    def set_time(self, now: int) -> None:
        """As `EvmNode.set_time`."""
        self._rpc.call("openscrip_setClock", now)

    def rest(self, *, resting: bool) -> None:
        """As `EvmNode.rest`."""
        self._rpc.call("openscrip_rest", resting)

    def stop(self, timeout_s: float) -> None:
        """Ask it to end and wait; what does not end in time is killed."""
        if self._process is not None:
            ending.stop(self._process, timeout_s)

    def kill(self) -> None:
        """End it at once; anvil ends with it."""
        if self._process is not None:
            ending.kill(self._process)
