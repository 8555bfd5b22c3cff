"""On one machine: custodian and auditor sign a report, each by the watch's own command, with the key in its own folder.

Where the parties are real they run that command themselves, and nothing here is called.
"""

import json
import subprocess
import sys
from pathlib import Path

from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.report_files import auditor_folder
from openscrip.kernel.errors import Refused

SIGN_S = 120


def sign_as_parties(platform: Platform, page: Path) -> None:
    """Let the paper custodian and the local auditor check and sign a report that was written.

    Raises `Refused("report.unsigned")` with what was broken.
    """
    data, twin = platform.places.data, page.with_suffix(".json")
    signers = json.loads(twin.read_text(encoding="utf-8"))["report"]["signers"]
    custodians = [each["name"] for each in signers if each["role"] == "custodian"]
    folders = [data / ("custodian" if number == 1 else f"custodian-{number}") for number in range(1, len(custodians) + 1)]
    for name, folder in zip(custodians, folders, strict=True):
        _sign(twin, "custodian", folder / "statement.key", "--name", name)
    _sign(twin, "auditor", auditor_folder(data) / "auditor.json", "--config", str(platform.places.watch_config))


def _sign(twin: Path, role: str, key: Path, *more: str) -> None:
    command = [sys.executable, "-m", "openscrip_watch", "sign-report", "--report", str(twin), "--role", role, "--key", str(key)]
    done = subprocess.run([*command, *more, "--json"], capture_output=True, text=True, timeout=SIGN_S, check=False)
    if done.returncode:
        broken = [each["detail"] for each in json.loads(done.stdout or '{"checks": []}')["checks"] if not each["ok"]]
        text = "; ".join(broken) or done.stderr.strip()[-300:]
        raise Refused("report.unsigned", f"report: the {role} did not sign {twin.name}: {text}")
