"""The check that trusts nobody: the watch as a process of its own, and beside it the ledger against itself."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.audit import verify_ledger

TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One check, what came of it, and where it was broken."""

    name: str
    ok: bool
    detail: str


def verify(watch_config: Path, engine: Engine) -> list[Check]:
    """Every check of the watch (chains and custodian alone), then the ledger (I5). Raises `Unavailable`."""
    command = [sys.executable, "-m", "openscrip_watch", "verify", "--config", str(watch_config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    try:
        told = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError) as error:
        raise Unavailable(f"verify: the watch could not check: {done.stderr.strip()[-500:]}") from error
    problems = verify_ledger(engine, CHART_OF_ACCOUNTS)
    ledger = Check(
        "ledger", not problems, "; ".join(problems) or "balances follow from transfers, debits equal credits, closings stand"
    )
    return [*(Check(each["name"], each["ok"], each["detail"]) for each in told), ledger]
