"""How long it takes until nodes, and the whole of `openscrip up`, answer."""

import json
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openscrip.bootstrap.npm import node_modules
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.process import SolanaNode

START = 1_717_400_000
UP = [str(Path(sys.executable).with_name("openscrip")), "up", "--json", "--data"]
UP_S_MAX, STOP_S_MAX = 60.0, 30.0


def evm_start_s() -> float:
    """Seconds until a new EVM node answers."""
    with tempfile.TemporaryDirectory() as folder:
        node = EvmNode(Path(folder), node_modules(), start_at=START)
        return _until_started(node)


def solana_start_s() -> float:
    """Seconds until a new Solana node answers."""
    with tempfile.TemporaryDirectory() as folder:
        node = SolanaNode(Path(folder), start_at=START)
        return _until_started(node)


def _until_started(node: EvmNode | SolanaNode) -> float:
    began = time.perf_counter()
    try:
        node.start()
        return time.perf_counter() - began
    finally:
        node.stop()


def up_start_s() -> float:
    """Seconds until `openscrip up` on a new data folder tells where its doors are. Raises `TimeoutError`."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.Popen([*UP, folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            out = process.stdout
            line = out.readline() if out and select.select([out], [], [], UP_S_MAX)[0] else b""
            took_s = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        if not line or "doors" not in json.loads(line):
            raise TimeoutError(f"bench: `openscrip up` did not answer: {line[:200]!r}")
        return took_s
