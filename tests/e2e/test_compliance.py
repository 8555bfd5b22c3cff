"""Through the command line: a client who comes on a list waits before the mint, and gets the tokens when two have released."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.assets.compliance.publications import PLAIN_CSV
from tests.e2e.stack import Up

pytestmark = pytest.mark.parts

HEADER = PLAIN_CSV.decode().splitlines()[0]
FIRST = f"{HEADER}\nown:1,Nobody Atall,,OWN,,,natural,,\n"
SECOND = f"{FIRST}own:2,Dora Paper,,OWN,1950,CY,natural,,\n"
SETTINGS = '[compliance]\npublishers = "own"\n'


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("compliance")
    (data / "openscrip.toml").write_text(SETTINGS)
    running = Up(data, "--accelerated", "--list", "TSLA")
    yield running
    running.stop()


def load(up: Up, text: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(text)
    assert up.told_by("compliance", "load", "own", str(tmp_path / "own.csv"))["state"] == "in_force"
    assert up.told_by("compliance", "rescreen")["state"] == "done"


def test_a_client_who_comes_on_a_list__waits_before_the_mint__until_two_have_released(up: Up, tmp_path: Path) -> None:
    ask = ("subscribe", "TSLA", "2", "--client", "dora", "--chain", "evm", "--paper")
    assert up.told_by(*ask, "--request-id", "early", code=3)["code"] == "compliance.list_stopped"
    load(up, FIRST, tmp_path)
    up.told_by(*ask, "--request-id", "sub-1")
    load(up, SECOND, tmp_path)
    [case] = up.told_by("compliance", "cases")
    assert (case["client"], case["listed"]) == ("dora", "own:2")
    assert up.told_by(*ask, "--request-id", "later", code=3)["code"] == "compliance.sanctioned_name"
    assert [each["client"] for each in up.told_by("compliance", code=1)["held"]] == ["dora"]

    advanced = up.http.post("/v1/clock", json={"advance_to": "2024-06-05T21:00:00Z"})
    assert advanced.status_code == 200, advanced.text
    waiting = up.http.get("/v1/subscriptions/sub-1").json()
    assert (waiting["state"], "held by" in waiting["reason"]) == ("minting", True)

    decide = ("compliance", "decide", case["id"], "--release", "--reason", "another birth date")
    assert up.told_by(*decide, "--by", "olga")["state"] == "open"
    assert up.told_by(*decide, "--by", "olga", code=3)["code"] == "case.four_eyes"
    assert up.told_by(*decide, "--by", "pavel")["state"] == "released"
    advanced = up.http.post("/v1/clock", json={"advance_to": "2024-06-05T22:00:00Z"})
    assert advanced.status_code == 200, advanced.text
    assert up.http.get("/v1/subscriptions/sub-1").json()["state"] == "completed"
    told = up.told_by("compliance", "person", "dora")
    assert [each["by"] for each in told["decisions"]] == ["rules", "rules", "olga, pavel"]
    books = b"".join(path.read_bytes() for path in (up.data / "platform").iterdir() if path.is_file())
    assert b"Dora Paper" not in books
