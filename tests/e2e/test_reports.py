"""A reserve report on real parts: the issuer writes it, the custodian and the auditor sign with their own keys and commands,
a holder proves that it was counted, and the next report is chained to it. The reserve on chain is proved again by itself."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.stack import Up, eventually

pytestmark = pytest.mark.parts
WATCH = [sys.executable, "-m", "openscrip_watch"]
TWO_DAYS = timedelta(days=2)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("reports"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    for name, chain in (("alice", "evm"), ("bob", "solana")):
        row = running.told_by("subscribe", "TSLA", "2.5", "--client", name, "--chain", chain, "--paper", "--wait")
        assert row["state"] == "completed"
    yield running
    running.stop()


@pytest.fixture(scope="module")
def report(up: Up) -> Path:
    return Path(up.told_by("report")["json"])


def watch(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of one of the watch's commands, and what it told."""
    done = subprocess.run([*WATCH, *arguments, "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, {each["name"]: each for each in told["checks"]} | {"signed": told.get("signed")}


def sign(up: Up, report: Path, role: str) -> tuple[int, dict[str, Any]]:
    key = {"custodian": up.data / "custodian" / "statement.key", "auditor": up.data / "auditor" / "auditor.json"}[role]
    more = ["--config", str(up.data / "watch" / "config.json")] if role == "auditor" else []
    return watch("sign-report", "--report", str(report), "--role", role, "--key", str(key), *more)


def test_custodian_and_auditor_sign_with_their_own_keys_after_checking(up: Up, report: Path) -> None:
    code, told = watch("verify", "--report", str(report))
    assert code == 1
    assert [name for name, check in told.items() if check and not check["ok"]] == ["signatures"]
    assert sign(up, report, "custodian")[1]["signed"] == "custodian PAPER-CUSTODIAN"
    code, told = sign(up, report, "auditor")
    assert told["signed"].startswith("auditor "), told
    assert told["statements read"]["ok"]
    assert told["chains read"]["ok"]
    assert watch("verify", "--report", str(report))[0] == 0
    assert up.say("verify", "--report", str(report)).code == 0
    assert "NOT SIGNED" not in report.with_suffix(".html").read_text()


def test_the_auditor_reads_chains_and_custodian_itself(up: Up, report: Path) -> None:
    document = json.loads(report.read_text())
    stock = document["report"]["stocks"][0]
    code, told = sign(up, report, "auditor")
    assert code == 0
    lines = [(line["chain"], line["raw"]) for line in stock["supply"]]
    assert lines == [("evm", "2.5"), ("solana", "2.5")]
    assert stock["holders"]["count"] == 2
    assert told["chains read"]["detail"] == "1 stocks as the chains showed them at the cut"


def test_a_holder_proves_that_it_was_counted(up: Up, report: Path, tmp_path: Path) -> None:
    held = up.told_by("holders", "TSLA")["holders"]
    asked = ["report", "--of", str(report), "--stock", "TSLA", "--proof"]
    proof = tmp_path / "proof.json"
    proof.write_text(up.say(*asked, held[0]["holder"]).out)
    code, told = watch("verify", "--report", str(report), "--proof", str(proof))
    assert "was counted with 2500000000000000000 of 5000000000000000000" in told["holders"]["detail"]
    assert held[0]["holder"] in told["holders"]["detail"]
    nobody = up.say(*asked, "0x" + "11" * 20)
    assert (nobody.code, nobody.out) == (3, "")
    assert "sum.unknown" in nobody.err
    document = json.loads(proof.read_text())
    document["holder"] = "0x" + "11" * 20
    proof.write_text(json.dumps(document))
    code, told = watch("verify", "--report", str(report), "--proof", str(proof))
    assert (code, told["holders"]["ok"]) == (1, False)


def test_the_same_report_is_not_written_twice_and_the_next_is_chained(up: Up, report: Path) -> None:
    newest = Path(up.told_by("report")["json"])
    assert Path(up.told_by("report")["json"]) == newest
    fed = reports_of(up)
    now = datetime.fromisoformat(up.http.get("/v1/health").json()["market_time"])
    later = (now + TWO_DAYS).strftime("%Y-%m-%dT%H:%M:%SZ")
    moved = up.http.post("/v1/clock", json={"advance_to": later})
    assert moved.status_code == 200, moved.text
    following = Path(up.told_by("report")["json"])
    assert following != newest
    _, told = watch("verify", "--report", str(following), "--previous", str(newest))
    assert told["chain"]["detail"].endswith(", which was read")

    def proved_again() -> bool:
        return all(number > fed[chain] for chain, number in reports_of(up).items())

    assert eventually(proved_again), "a reserve that is more than a day old is reported again by itself"


def reports_of(up: Up) -> dict[str, int]:
    """The number of the reserve report on each chain."""
    code, told = watch("verify", "--config", str(up.data / "watch" / "config.json"))
    assert code == 0, told
    words = told["reserve"]["detail"].split("; ")
    return {each.split(" ")[2]: int(each.rpartition(" ")[2]) for each in words}
