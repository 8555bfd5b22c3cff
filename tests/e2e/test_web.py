"""The pages as a process of their own: found by their door, kept up, used by people of the desk from the command line on."""

import html
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from tests.e2e.stack import Up, eventually
from tests.web.authenticator import Device
from tests.web.stage import FIELD, OPTIONS

from openscrip.bootstrap.platform import evm_signer
from openscrip.runtime.keys import Keystore
from openscrip.web.shell.rows import ROLES

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.crash]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A run with pages and no venue, its settings in a file beside the data folder."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "other.toml").write_text(f'[entities]\nfile = "{folder / "entities.toml"}"\n')
    written = files("openscrip.assets").joinpath("data/entities.toml").read_text()
    (folder / "entities.toml").write_text(written.replace("Openscrip Paper Issuer", "Otherscrip Paper Issuer"))
    made = Up(folder / "run", "--accelerated", "--list", "TSLA", "--config", str(folder / "other.toml"), web=True)
    yield made
    made.stop()


class Person:
    """A browser without scripts: it keeps the one cookie that the pages set."""

    def __init__(self, origin: str) -> None:
        self.http = httpx.Client(base_url=origin, timeout=60, trust_env=False, headers={"origin": origin})
        self.cookie = ""

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, **fields: str) -> httpx.Response:
        answer = self.http.request(method, path, data=fields or None, headers={"cookie": self.cookie})
        for told in answer.headers.get_list("set-cookie"):
            self.cookie = told.partition(";")[0]
        return answer

    def fields(self, path: str) -> dict[str, str]:
        text = self.ask("GET", path).text
        found = {name: value for name, value in FIELD.findall(text) if value}
        options = OPTIONS.search(text)
        return found | ({"options": html.unescape(options[1])} if options else {})


def pages(up: Up) -> list[int]:
    """The process of the pages."""
    found = []
    for pid in up.children():
        with suppress(OSError):  # it ended meanwhile
            if b"\0web\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_the_pages__of_a_run__are_found_by_their_door_and_serve_its_stocks(up: Up) -> None:
    told = json.loads((up.data / "doors.json").read_text())
    assert told["doors"]["web"] == up.doors["web"]
    assert up.doors["web"].startswith("http://localhost:")
    assert "operators" not in told
    with httpx.Client(base_url=up.doors["web"], trust_env=False, timeout=60) as browser:
        assert "TSLA" in browser.get("/").text
        by_address = browser.get(up.doors["web"].replace("localhost", "127.0.0.1") + "/stocks/TSLA")
        assert by_address.headers["location"] == up.doors["web"] + "/stocks/TSLA"
        # The file beside the data folder is read here, too.
        assert "Otherscrip Paper Issuer" in browser.get("/who").text


def test_an_operator__enrolled_by_the_link_of_the_run__stays_in_while_the_pages_are_killed(up: Up) -> None:
    with Person(up.doors["web"]) as ada:
        _stays_in(up, ada)


def _stays_in(up: Up, ada: Person) -> None:
    origin, links = up.doors["web"], up.told["operators"]
    device = Device(origin)
    path = links["ada"].removeprefix(origin)
    told = ada.fields(path)
    done = ada.ask("POST", path, **told, credential=device.create(told["options"]), label="laptop")
    assert done.headers["location"] == "/security", done.text
    assert "Who is signed in as ada" in ada.ask("GET", "/security").text
    for path, says in (
        ("/desk", "What waits for somebody"),
        ("/desk/health", "every feed is read"),
        ("/desk/ledger", "Ledger"),
    ):
        assert says in ada.ask("GET", path).text, path
    (before,) = pages(up)
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: [pid for pid in pages(up) if pid != before] != [], 60)

    def answers() -> bool:
        try:
            return ada.ask("GET", "/security").status_code == 200
        except httpx.HTTPError:
            return False

    assert eventually(answers, 120)
    assert "Who is signed in as ada" in ada.ask("GET", "/security").text


def test_the_pages__with_every_key_that_signs_out_of_the_way__start_again_and_tell_who_holds_which(up: Up) -> None:
    keys, away = up.data / "keys", up.data.parent / "away"
    away.mkdir()
    address = evm_signer(Keystore(keys), "issuer").address
    issuer = f"{address[:6]}\u2026{address[-4:]}"
    moved = [path for path in keys.glob("*.json") if path.name != "webhooks.json"]
    for path in moved:
        path.rename(away / path.name)
    try:
        (before,) = pages(up)
        os.kill(before, signal.SIGKILL)
        with httpx.Client(base_url=up.doors["web"], trust_env=False, timeout=60) as browser:

            def tells() -> bool:
                try:
                    return issuer in browser.get("/who").text
                except httpx.HTTPError:
                    return False

            assert eventually(tells, 120), browser.get("/who").text
            assert browser.get("/").status_code == 200
    finally:
        for path in moved:
            (away / path.name).rename(path)


def test_people_of_the_desk__are_taken_on_listed_and_let_go_by_command(up: Up) -> None:
    link = up.told_by("operators", "enrol", "cleo", "--role", "compliance", "--role", "auditor")["link"]
    assert link.startswith(f"{up.doors['web']}/desk/enrol/")
    people = {each["name"]: each for each in up.told_by("operators", "list")}
    assert people["cleo"]["roles"] == ["compliance", "auditor"]
    assert set(people) == {"ada", "bert", "cleo"}
    assert "opens, once" in up.say("operators", "recover", "cleo").out
    up.told_by("operators", "remove", "cleo", "--reason", "left")
    assert {each["name"]: each["state"] for each in up.told_by("operators", "list")}["cleo"] == "removed"
    up.say("operators", "remove", "nobody", "--reason", "left")
    assert up.say("operators", "enrol", "a b", "--role", ROLES[0]).code == 2
    checks = {check["name"]: check for check in up.told_by("verify")["checks"]}
    assert checks["audit"]["ok"]
    assert int(checks["audit"]["detail"].split()[0]) >= 6


def test_the_operators_door__asked_by_a_page__answers_nothing(up: Up) -> None:
    refused = up.http.get("/v1/status", headers={"origin": up.doors["web"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "door.browser")
