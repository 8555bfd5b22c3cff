"""The newcomer's first command: the whole project in small, on real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.parts

KIB_PER_GIB = 1024**2
DEMO = (sys.executable, "-m", "openscrip.cli", "demo", "--json", "--data")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One demonstration, with the most memory that its processes had together."""
    data = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen([*DEMO, str(data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    most = 0
    while process.poll() is None:
        most = max(most, sum(proportional_kib(pid) for pid in family(process.pid)))
        time.sleep(0.05)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    result: dict[str, object] = json.loads(out.splitlines()[-1])
    return result | {"kib": most, "folder": str(data)}


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in read(task).split()]
    return found


def proportional_kib(pid: int) -> int:
    """The proportional set size of a process, 0 once it is gone."""
    lines = read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def test_the_demo_ends_with_every_token_covered(told: dict[str, object]) -> None:
    assert told["ok"] is True
    assert told["verify"] == "ok"
    assert told["subscriptions"] == 6
    assert told["redemptions"] == {"in_kind": 1, "cash": 1}


def test_supply_custody_and_multipliers_of_the_demo_are_exact(told: dict[str, object]) -> None:
    stocks = told["stocks"]
    assert isinstance(stocks, dict)
    assert stocks["TSLAx"] | {"epoch": 0} == {
        "multiplier": "1",
        "epoch": 0,
        "raw_supply": {"evm": "597", "solana": "395"},
        "shares_settled": "997",
        "shares_owed": "992",
    }
    assert stocks["NVDAx"]["multiplier"] == "10.00057888512"
    assert stocks["NVDAx"]["raw_supply"] == {"evm": "50", "solana": "0"}
    assert stocks["AAPLx"]["multiplier"] == "1.000804406295"


def test_the_five_who_may_not_are_told_which_rule(told: dict[str, object]) -> None:
    assert told["refused"] == [
        {"who": "uma", "rule": "compliance.us_person"},
        {"who": "chen", "rule": "compliance.country"},
        {"who": "igor", "rule": "compliance.sanctioned_name"},
        {"who": "vera", "rule": "compliance.sanctioned_address"},
        {"who": "erik", "rule": "compliance.order_limit"},
    ]


def test_the_split_and_both_dividends_are_final(told: dict[str, object]) -> None:
    actions = told["corporate_actions"]
    assert isinstance(actions, list)
    assert [(a["symbol"], a["event"], a["ratio"], a["state"]) for a in actions] == [
        ("NVDA", "SPLF", "10/1", "final"),
        ("NVDA", "DVCA", None, "final"),
        ("AAPL", "DVCA", None, "final"),
    ]


def test_both_reports_stand_alone_and_say_that_every_token_is_covered(told: dict[str, object]) -> None:
    reports = told["reports"]
    assert isinstance(reports, list)
    assert [Path(path).name for path in reports] == ["reserve-2024-06.html", "reserve-2024-07.html"]
    for path in reports:
        page = Path(path).read_text(encoding="utf-8")
        assert "every token covered" in page
        assert "<svg" in page
        assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_all_processes_of_the_demo_together_stay_within_a_gibibyte_and_a_half(told: dict[str, object]) -> None:
    kib = told["kib"]
    assert isinstance(kib, int)
    assert 0 < kib < KIB_PER_GIB * 3 // 2


def test_a_demo_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    process = subprocess.Popen([*DEMO, str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "platform" / "wiring.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    children = family(process.pid)[1:]
    assert len(children) >= 5
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in children if alive(pid)] == []


def alive(pid: int) -> bool:
    """Whether a process still runs; one that waits to be buried does not."""
    return read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def test_the_tokens_trade_on_the_venue_and_all_that_it_owes_is_held(told: dict[str, object]) -> None:
    venue = told["venue"]
    assert isinstance(venue, dict)
    assert venue["trades"] >= 2
    held = {(each["asset"], each["place"]): each["booked"] for each in venue["holdings"]}
    assert (held["TSLAx", "evm"], held["TSLAx", "solana"], held["USD", "bank"]) == ("55", "30", "40000")
    assert venue["proof"]
    assert [check["name"] for check in venue["proof"] if not check["ok"]] == []


def test_what_the_demos_market_maker_sold_is_bought_at_her_broker(told: dict[str, object]) -> None:
    venue = told["venue"]
    assert isinstance(venue, dict)
    assert venue["hedged"]["sold"] == venue["hedged"]["bought"]
    assert int(venue["hedged"]["sold"]) >= 2


def test_the_keeper_sold_at_a_premium_and_issued_as_much(told: dict[str, object]) -> None:
    """Four tokens more than the subscriptions of the story, each sold above what they were offered at."""
    venue = told["venue"]
    assert isinstance(venue, dict)
    kept = venue["kept"]
    assert kept["tokens"] == "4"
    assert Decimal(kept["sold_at"]) > Decimal(kept["offer"]) * Decimal("1.02")
