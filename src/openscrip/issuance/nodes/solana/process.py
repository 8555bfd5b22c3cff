"""The node as a child process: started, stepped, stopped; killed and started again in tests."""

import hashlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from openscrip.issuance.nodes import ending
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Unavailable

LAMPORTS_PER_SOL = 10**9


class SolanaNode:
    """One local chain in its own data folder. `start` returns when it answers, `stop` when its log is on disk."""

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        live: bool = False,
        start_at: int = 0,
        slot_ms: int = 400,
        programs: Sequence[ProgramAtGenesis] = (),
    ) -> None:
        """`start_at` is the market time of a new chain (UTC seconds); port 0 takes a free one and keeps it.

        `programs` stand on a new chain from its start; a chain that is in `data` keeps those it was born with.
        """
        self.port = port
        self._data = data
        self._options = ["--start-time", str(start_at), "--slot-ms", str(slot_ms), *(["--live"] if live else [])]
        self._programs = tuple(programs)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of JSON-RPC."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        """The address of the subscriptions: the same port and path."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id, or 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self, timeout_s: float = 20) -> None:
        """Start the process; it ends with this one. Raises `Unavailable` if it is not ready in time."""
        command = [sys.executable, "-m", "openscrip.issuance.nodes.solana", "--die-with-parent"]
        command += ["--port", str(self.port), "--data", str(self._data), *self._options]
        command += [word for program in self._programs for word in ("--program", self._on_command_line(program))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, env=dict(os.environ)
        )
        line = _first_line(self._process, timeout_s)
        if line is None:
            self.kill()
            raise Unavailable(f"solana node: was not ready on port {self.port} within {timeout_s} s")
        self.port = int(json.loads(line)["rpc"].rsplit(":", 1)[1])

    def set_time(self, now: int) -> None:
        """Push market time. An instant that has passed changes nothing."""
        self._call("openscrip_setClock", now)

    def fund(self, address: str, sol: int = 100) -> None:
        """Give a key the local chain's worthless fuel to pay for transactions."""
        self._call("requestAirdrop", address, sol * LAMPORTS_PER_SOL)

    def stop(self, timeout_s: float = 10) -> None:
        """Ask it to end and wait; what does not end in time is killed."""
        if self._process is not None:
            ending.stop(self._process, timeout_s)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            ending.kill(self._process)

    def __enter__(self) -> "SolanaNode":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _on_command_line(self, program: ProgramAtGenesis) -> str:
        """The child reads the bytes from a file beside the log, named by their hash."""
        path = self._data / "programs" / f"{hashlib.sha256(program.elf).hexdigest()}.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(program.elf)
        return f"{program.program_id}={path}" + (f",{program.upgrade_authority}" if program.upgrade_authority else "")

    def _call(self, method: str, *parameters: object) -> None:
        rpc = JsonRpc(self.url)
        try:
            rpc.call(method, *parameters)
        finally:
            rpc.close()


def _first_line(process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
    out = process.stdout
    readable: Sequence[object] = select.select([out], [], [], timeout_s)[0] if out else ()
    return (out.readline() or None) if out and readable else None
