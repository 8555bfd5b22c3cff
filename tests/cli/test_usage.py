"""The command line without a running platform: what it says, how it ends, and that it starts quickly."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openscrip.cli import main

COMMANDS = (
    "demo",
    "up",
    "verify",
    "status",
    "list-stock",
    "subscribe",
    "redeem",
    "report",
    "simulate",
    "doctor",
    "powers",
    "tokenlist",
    "holders",
    "ledger",
    "accept-break",
    "evm-node",
    "solana-node",
    "paper-broker",
    "web",
    "operators",
    "api-keys",
)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in told] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    asked = "import sys; from openscrip.cli.arguments import parser; parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=120).stdout
    heavy = {"httpx", "web3", "solders", "sqlalchemy", "fastapi", "exchange_calendars", "pandas", "uvicorn", "rich"}
    assert heavy & set(loaded.split()) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nope"], ["subscribe"], ["subscribe", "TSLA", "1", "--chain", "evm"], ["report", "--proof"],
        ["up", "--live", "--accelerated"],
        ["redeem", "TSLA", "1", "--client", "a", "--chain", "evm"], ["simulate", "--seed", "x"], ["status", "--unknown"],
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("usage: ")


@pytest.mark.parametrize(
    "arguments", [["status"], ["list-stock", "TSLA"], ["subscribe", "TSLA", "1", "--client", "a", "--chain", "evm"]]
)
def test_without_a_running_platform_it_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    code, out, err = said(capsys, "--data", str(tmp_path), "--json", *arguments)
    assert (code, json.loads(out)["code"]) == (1, "unavailable")
    assert "openscrip up --data" in err


def test_verify_of_an_empty_folder_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = said(capsys, "verify", "--json", "--data", str(tmp_path))
    assert (code, json.loads(out)["code"]) == (3, "platform.missing")


def test_a_setting_that_is_none_ends_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "openscrip.toml").write_text('[limits]\nshares_mxa = "5"\n')
    code, _, err = said(capsys, "doctor", "--data", str(tmp_path))
    assert (code, err.split(":")[0]) == (2, "settings.unknown")


def test_a_wrong_start_is_malformed_and_starts_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = said(capsys, "up", "--accelerated", "--start", "yesterday", "--data", str(tmp_path))
    assert (code, err.split(":")[0], list(tmp_path.iterdir())) == (2, "clock.start", [])


def test_doctor_tells_settings_with_their_source_and_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = said(capsys, "doctor", "--json", "--data", str(tmp_path))
    told = json.loads(out)
    assert (code, told["ok"]) == (0, True)
    assert {"name": "data", "value": str(tmp_path), "source": "--data"} in told["settings"]
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "issuer.json"
    key.write_text('{"kind": "secp256k1", "secret": "00"}')
    key.chmod(0o644)
    code, out, _ = said(capsys, "doctor", "--json", "--data", str(tmp_path))
    wrong = [each for each in json.loads(out)["findings"] if not each["ok"]]
    assert (code, [each["name"] for each in wrong]) == (1, ["keys"])
    assert "mode 600" in wrong[0]["detail"]


def test_simulate_tells_its_digest_and_the_same_seed_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    def run(seed: str) -> dict[str, Any]:
        code, out, _ = said(capsys, "simulate", "--seed", seed, "--subscriptions", "40", "--json")
        assert code == 0
        told: dict[str, Any] = json.loads(out)
        return told

    first, again, other = run("7"), run("7"), run("8")
    assert (first["ok"], first["seed"], first["subscriptions"]) == (True, 7, 40)
    assert first == again
    assert first["digest"] != other["digest"]


def test_simulate_refuses_a_size_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "simulate", "--subscriptions", "0")[0] == 2
