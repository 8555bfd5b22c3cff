"""What a child of `openscrip up` is told: the settings that are in force there, wherever they came from."""

import argparse
from dataclasses import fields, replace
from pathlib import Path

import pytest

import openscrip
from openscrip.bootstrap.children import child_command, child_environment
from openscrip.runtime.settings import SECTIONS, Settings, load_settings

SOURCE = Path(openscrip.__file__).parent
OTHER = """
[limits]
shares_max = "77"
[web]
investor_idle_s = 5
[signer]
address = "/run/signer"
"""


def as_read_by_a_child(settings: Settings) -> Settings:
    """What a child makes of its command and its environment."""
    command = child_command("web", settings, "--port", "0")
    parser = argparse.ArgumentParser()
    for name in ("--data", "--config"):
        parser.add_argument(name, type=Path, default=None)
    asked, _ = parser.parse_known_args(command[4:])
    environment = {name: value for name, value in child_environment(settings).items() if name.startswith("OPENSCRIP_")}
    return load_settings(environment, asked.data, asked.config)


@pytest.mark.parametrize("place", ["beside", "in the data folder", "nowhere"])
def test_a_child__of_settings_from_a_file__has_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    data = tmp_path / "run"
    data.mkdir()
    file = {"beside": tmp_path / "other.toml", "in the data folder": data / "openscrip.toml"}.get(place)
    if file:
        file.write_text(OTHER)
    if place == "beside":
        (data / "openscrip.toml").write_text('[limits]\nshares_max = "5"\n')
    monkeypatch.chdir(tmp_path)
    settings = load_settings({}, data, Path("other.toml") if place == "beside" else None)
    settings = replace(settings, market=replace(settings.market, clock="accelerated"))
    monkeypatch.chdir("/")
    found = as_read_by_a_child(settings)
    assert {name: getattr(found, name) for name in SECTIONS} == {name: getattr(settings, name) for name in SECTIONS}
    assert (found.data, found.config) == (data, file)
    assert {entry.name for entry in fields(Settings)} - set(SECTIONS) == {"data", "config", "sources"}


def test_a_command_of_ours__in_another_process__is_made_in_one_place() -> None:
    written = {path.name for path in SOURCE.rglob("*.py") if '"-m", "openscrip.cli"' in path.read_text()}
    assert written == {"children.py"}
