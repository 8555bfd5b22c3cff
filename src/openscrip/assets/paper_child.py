"""A paper process as a child: started, read for its ready line, ended; killed and started again in tests."""

import json
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from openscrip.kernel.errors import Unavailable

BROKER_MODULE = "openscrip.assets.brokers.paper_server"
CUSTODIAN_MODULE = "openscrip.assets.custodians.paper_server"


class PaperChild:
    """One process with its own data folder. `start` returns when it listens; the port stays over restarts."""

    def __init__(self, module: str, data: Path, options: Sequence[str] = (), port: int = 0, fix_port: int = 0) -> None:
        """`options` as on the command line, such as `["--start-time", "2024-06-03T12:00:00Z"]`."""
        self._command = [sys.executable, "-m", module, "--data", str(data), "--die-with-parent", *options]
        self.port = port
        self.fix_port = fix_port
        """Where it speaks FIX, if it does."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def start(self, timeout_s: float = 120) -> None:
        """Start it. Raises `Unavailable` if it is not ready in time."""
        ports = ["--port", str(self.port), *(["--fix-port", str(self.fix_port)] if self.fix_port else [])]
        self._process = subprocess.Popen([*self._command, *ports], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        out = self._process.stdout
        ready = select.select([out], [], [], timeout_s)[0] if out is not None else ()
        line = out.readline() if out is not None and ready else b""
        if not line:
            self.kill()
            raise Unavailable(f"{self._command[2]}: was not ready within {timeout_s} s")
        told = json.loads(line)
        self.port = int(told["url"].rsplit(":", 1)[1])
        self.fix_port = int(told.get("fix", ":0").rsplit(":", 1)[1])

    def stop(self, timeout_s: float = 30) -> int:
        """Ask it to end and wait; what does not end in time is killed. The exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._ended()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _ended(self) -> int:
        if self._process is None:
            return 0
        code = self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code
