"""A reserve report over a million holders: its tree, its page, its twin with a signature, and one holder's proof.

Run alone: `python -m bench.report`. The report is measured in a process of its own, with its peak memory, from the index on
the disk to the files on the disk; afterwards the watch checks the files and the proof.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

from bench.index import HOLDERS, many_holders
from openscrip.bootstrap.report_files import publish, with_tree
from openscrip.issuance.indexer.report_tree import holder_proof
from openscrip.issuance.indexer.store import IndexStore
from openscrip.kernel.clock import instant
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.keys import KeyKind, LocalKey
from openscrip.web.reserve import ChainSupply, Flow, Movements, ReserveReport, Signer, StockReserve

SECRET = bytes(range(32))
HOLDER = f"0x{777_777 * 2_654_435_761 % 2**32:040x}"
ISIN = "US88160R1014"


def report_figures(folder: Path | None = None, runs: int = 3) -> dict[str, list[float]]:
    """Seconds and peak MiB of the report, seconds of one holder's proof, and of the watch's check of both."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        url = sqlite_url(Path(place) / "index.db")
        many_holders(url)
        for number in range(runs):
            out = Path(place) / str(number)
            command = [sys.executable, "-m", "bench.report", "--write", url, str(out)]
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
            figures = json.loads(told) | {"check_seconds": _checked(out)}
            for name, value in figures.items():
                found.setdefault(name, []).append(value)
    return found


def _write(url: str, out: Path) -> dict[str, float]:
    """What this process, which does nothing else, needs for the report."""
    out.mkdir()
    began = time.perf_counter()
    store = IndexStore.open(url)
    held = store.holders("evm", "token", store.cursors("evm")[0].number)
    supply = RawAmount(sum(atoms for _, atoms in held.entries))
    key = LocalKey(KeyKind.ED25519, SECRET)
    stock = StockReserve(
        "TSLA", "Tesla, Inc.", "TSLAx", ISIN, Multiplier.one(), 0, (), (ChainSupply("evm", "token", supply),),
        movements=Movements(minted=Flow(HOLDERS, supply)),
    )  # fmt: skip
    signers = tuple(Signer(role, role.title(), _public(key)) for role in ("issuer", "custodian", "auditor"))
    cut = instant("2024-06-30T20:00:00Z")
    report = ReserveReport("Issuer", "2024-06", cut, simulated=True, stocks=(stock,), label="2024-06", signers=signers)
    report = replace(report, stocks=(with_tree(stock, [held], report, SECRET),))
    publish(out, report, key)
    figures = {"seconds": time.perf_counter() - began, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    tree = report.stocks[0].holders
    if tree is None or tree.count != HOLDERS:
        raise RuntimeError("bench: the report did not count everybody")
    began = time.perf_counter()
    proof = holder_proof("TSLA", tree.about, [held], SECRET, "evm", "token", HOLDER)
    figures["proof_seconds"] = time.perf_counter() - began
    (out / "proof.json").write_text(json.dumps(proof))
    return figures


def _public(key: LocalKey) -> str:
    return b64encode(key.public_key).decode()


def _checked(out: Path) -> float:
    """Seconds of the watch's command, whose only complaint may be that custodian and auditor have not signed."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "openscrip_watch", "verify", "--json", "--report", str(out / "reserve-2024-06.json")]
    command += ["--proof", str(out / "proof.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    taken = time.perf_counter() - began
    broken = [check["name"] for check in json.loads(done.stdout)["checks"] if not check["ok"]]
    if broken != ["signatures"]:
        raise RuntimeError(f"bench: the watch found {broken} broken")
    return taken


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        print(json.dumps(_write(sys.argv[2], Path(sys.argv[3]))))
    else:
        print(json.dumps(report_figures()))
