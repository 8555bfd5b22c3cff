"""`report`, `verify --report`, `verify --venue`, `wind-down`: the reserve in writing, and what holds without the issuer.

Checking and winding down are the watch's work: they run as its process, which imports nothing of ours.
"""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from openscrip.cli.door import LONG_S, door_of
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.kernel.errors import Malformed, refuse_unless

WATCH = [sys.executable, "-m", "openscrip_watch"]
WATCH_S = 3_600


def report(asked: Namespace, voice: Voice) -> int:
    """Write the reserve report of a month, or print the proof that a holder was counted in one."""
    if asked.proof:
        return _proof(asked)
    with door_of(asked) as door:
        told = door.post("/v1/reports", LONG_S, month=asked.month)
    voice.result(told, f"Written: {told['html']}\n         {told['json']}")
    return 0


def verify_report(asked: Namespace, voice: Voice) -> int:
    """Let the watch check a report's files; 1 if anything was broken."""
    command = [*WATCH, "verify", "--report", str(asked.report)]
    for name in ("proof", "previous", "page", "known_keys"):
        if getattr(asked, name) is not None:
            command += [f"--{name.replace('_', '-')}", str(getattr(asked, name))]
    return _watch(command, voice)


def verify_venue(asked: Namespace, voice: Voice) -> int:
    """Let the watch check what a venue says that it owes; with nodes also what is held. 1 if anything was broken.

    Where a venue runs in the data folder, the nodes are those that it wrote down there.
    """
    wired = settings_of(asked).data / "venue" / "nodes.json"
    nodes = asked.nodes or (wired if wired.exists() else None)
    command = [*WATCH, "verify", "--venue", asked.venue]
    for name, path in (("nodes", nodes), *((name, getattr(asked, name)) for name in ("proof", "previous", "known_keys"))):
        if path is not None:
            command += [f"--{name.replace('_', '-')}", str(path)]
    return _watch(command, voice)


def wind_down(asked: Namespace, voice: Voice) -> int:
    """Let the watch make the payment list by address, from chains and custodians alone."""
    config = asked.watch_config or settings_of(asked).data / "watch" / "config.json"
    command = [*WATCH, "wind-down", "--config", str(config), "--out", str(asked.out)]
    if asked.resolvers is not None:
        command += ["--resolvers", str(asked.resolvers)]
    return _watch(command, voice)


def _watch(command: list[str], voice: Voice) -> int:
    done = subprocess.run([*command, *(["--json"] if voice.as_json else [])], timeout=WATCH_S, check=False)
    return done.returncode


def _proof(asked: Namespace) -> int:
    """Out of the index of the data folder, whether or not anything runs."""
    from openscrip.bootstrap.report_proof import proof_in_report  # noqa: PLC0415

    refuse_unless(bool(asked.of and asked.stock), "report.proof", "report: --proof needs --of FILE and --stock")
    body = _body(asked.of)
    holder = asked.proof.lower() if asked.proof.startswith("0x") else asked.proof
    found = proof_in_report(settings_of(asked), body, asked.stock, asked.chain, holder)
    Voice(as_json=True).result(found)
    return 0


def _body(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["report"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Malformed("report.file", f"report: {path} was no report's JSON file") from None
