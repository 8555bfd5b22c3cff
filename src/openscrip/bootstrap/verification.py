"""The check that trusts nobody: the watch as a process of its own; beside it ledger and audit chain against themselves."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect

from openscrip.assets.chart import CHART_OF_ACCOUNTS
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.audit_trail import broken_at
from openscrip.runtime.codec import Codec
from openscrip.runtime.database import READ_ONLY
from openscrip.runtime.prepared import Session
from openscrip.runtime.sql_unit import SqlView
from openscrip.runtime.statements import statements_of

TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One check, what came of it, and where it was broken."""

    name: str
    ok: bool
    detail: str


def verify(watch_config: Path, engine: Engine) -> list[Check]:
    """Every check of the watch (chains and custodian alone), then the ledger (I5) and the audit chain. Raises `Unavailable`."""
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
    return [*(Check(each["name"], each["ok"], each["detail"]) for each in told), ledger, audit_check(engine)]


def audit_check(engine: Engine) -> Check:
    """Whether the chain of what persons did holds from its first entry to its last."""
    if not inspect(engine).has_table("audit_entry"):
        return Check("audit", True, "nothing was written down yet")
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        view = SqlView(Session(connection), statements_of(engine.dialect), Codec(()))
        broken, count = broken_at(view), view.counted("audit")
    return Check("audit", not broken, broken or f"{count} acts of persons, each tied to the one before it")
