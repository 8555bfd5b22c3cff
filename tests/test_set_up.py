"""The set-up of a clone: quick when nothing changed, exact when something did, and the package holds all its data."""

import json
import resource
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import chromium
import set_up

pytestmark = pytest.mark.parts

ROOT = set_up.ROOT
NOTHING_CHANGED_CPU_S_MAX = 1.0


def test_a_set_up_without_changes_says_nothing_and_takes_no_time() -> None:
    command = [sys.executable, "tools/set_up.py", "run"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=600)
    before = cpu_s_of_children()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("", "")
    assert cpu_s_of_children() - before < NOTHING_CHANGED_CPU_S_MAX


def cpu_s_of_children() -> float:
    """What all processes that this one started and waited for have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_set_up_knows_no_other_level() -> None:
    done = subprocess.run(
        [sys.executable, "tools/set_up.py", "all"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (2, "usage: tools/set_up.py run|dev|soak\n")


def test_a_disk_that_the_tests_would_fill_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    set_up.tell_of_little_space(0)
    assert capsys.readouterr().err == ""
    set_up.tell_of_little_space(2**60)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all("GiB are free and the tests take up to" in line and "TMPDIR" in line for line in told)


def test_a_changed_lock_is_another_fingerprint(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("web3==8.0.0\n")
    before = set_up.fingerprint(str(lock))
    lock.write_text("web3==8.0.1\n")
    assert set_up.fingerprint(str(lock)) != before


def test_a_broken_stamp_is_no_stamp(tmp_path: Path) -> None:
    stamp = tmp_path / "set-up.json"
    assert set_up.read_stamp(stamp) == {}
    stamp.write_text('{"level": "de')
    assert set_up.read_stamp(stamp) == {}
    set_up.write_stamp(stamp, {"level": "dev"})
    assert set_up.read_stamp(stamp) == {"level": "dev"}


def test_a_step_that_fails_says_what_was_wrong() -> None:
    with pytest.raises(set_up.CannotSetUp, match=r"(?s)installing: .* ended with 3\n  no room"):
        set_up.step("installing", [sys.executable, "-c", "print('no room'); raise SystemExit(3)"])
    with pytest.raises(set_up.CannotSetUp, match=r"installing: .*no-such-program"):
        set_up.step("installing", [Path("no-such-program")])


def test_other_peoples_contracts_come_with_the_tests_and_never_with_the_product() -> None:
    assert "--omit=dev" in set_up.npm_arguments("run")
    assert "--include=dev" in set_up.npm_arguments("dev")
    assert all("--ignore-scripts" in set_up.npm_arguments(level) for level in ("run", "dev"))
    wanted = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert locked[""]["devDependencies"] == wanted["devDependencies"]
    for_the_product = {name.removeprefix("node_modules/"): part for name, part in locked.items() if not part.get("dev")}
    asked_for_by_these = {each for part in for_the_product.values() for each in part.get("dependencies", {})}
    assert set(for_the_product) == {"", *wanted["dependencies"], *wanted["optionalDependencies"], *asked_for_by_these}


def test_a_machine_without_the_programs_compiler_is_told_once_and_set_up_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    set_up.fetch_compiler(tmp_path / "toolchain")
    said = capsys.readouterr()
    assert said.out == "set-up: fetching the compiler of the Solana program\n"
    assert said.err == (
        "set-up: the test that rebuilds the Solana program cannot run here: "
        "apt-get is not on this machine, and the compiler comes from Debian's packages\n"
    )
    set_up.fetch_compiler(tmp_path / "toolchain")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_machine_that_cannot_have_freqtrade_is_told_once_and_set_up_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("freqtrade\n")  # without a version and a hash, which no installer of ours takes
    set_up.fetch_freqtrade(tmp_path / "toolchain", lock)
    assert "set-up: the tests that run freqtrade cannot run here: installing freqtrade" in capsys.readouterr().err
    set_up.fetch_freqtrade(tmp_path / "toolchain", lock)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_machine_without_a_browser_is_told_once_and_set_up_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    set_up.fetch_chromium(tmp_path / "toolchain")
    said = capsys.readouterr()
    assert said.out == "set-up: fetching Chromium for the tests\n"
    assert said.err.startswith("set-up: the tests in a browser cannot run here: apt-get is not on this machine")
    set_up.fetch_chromium(tmp_path / "toolchain")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_browser_that_is_there_is_taken_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    browser = tmp_path / "chromium-browser"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    assert chromium.find() == browser
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    assert chromium.find() is None
    monkeypatch.setenv("CHROMIUM", str(browser))
    set_up.fetch_chromium(tmp_path / "toolchain")
    assert capsys.readouterr().out == ""


def test_uv_hears_what_pip_was_told() -> None:
    told = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://one.example/simple https://two.example/simple",
        "find-links": "wheels",
        "cert": "ca.pem",
    }
    heard = set_up.uv_environment(told, environment={"UV_FIND_LINKS": "mine", "SSL_CERT_FILE": ""})
    assert heard["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert heard["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert "UV_FIND_LINKS" not in heard
    assert "UV_NO_INDEX" not in heard


def test_the_settings_of_pip_are_read_as_pip_lists_them() -> None:
    listed = "global.cert='a.pem'\n:env:.cert='b.pem'\nglobal.extra-index-url='one\\ntwo'\ninstall.no-index='true'\n"
    settings = set_up.read_pip_settings(listed)
    assert settings == {"cert": "b.pem", "extra-index-url": "one two", "no-index": "true"}


def test_the_package_holds_every_data_file_and_both_commands(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        (entry_points,) = (name for name in packed if name.endswith("entry_points.txt"))
        commands = archive.read(entry_points).decode()
    listed = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    assert {name.removeprefix("src/") for name in listed if (ROOT / name).exists()} - packed == set()
    for name, target in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"].items():
        assert f"{name} = {target}" in commands
