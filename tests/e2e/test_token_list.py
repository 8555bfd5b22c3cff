"""`openscrip tokenlist` on real chains: what wallets would read, numbered after the file that it replaces."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.stack import Up

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("tokens"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    yield running
    running.stop()


def listed(up: Up, *arguments: str) -> dict[str, Any]:
    """What the command prints, which is JSON without being asked."""
    done = up.say("tokenlist", *arguments)
    assert done.code == 0, done.err
    told: dict[str, Any] = json.loads(done.out)
    return told


def test_the_token_list_names_what_is_listed_and_counts_its_changes(up: Up) -> None:
    out = up.data / "list.json"
    first = listed(up, "--out", str(out))
    (tesla,) = first["tokens"]
    stocks = up.http.get("/v1/stocks").json()
    assert (tesla["address"], tesla["symbol"]) == (stocks[0]["tokens"]["evm"], stocks[0]["token"])
    assert tesla["extensions"]["isin"] == stocks[0]["isin"]
    assert (first["version"], first["timestamp"]) == ({"major": 1, "minor": 0, "patch": 0}, "2024-06-03T12:00:00Z")
    assert listed(up) == json.loads(out.read_text()) == first
    assert listed(up, "--out", str(out)) == first
    up.told_by("list-stock", "NVDA")
    second = listed(up, "--out", str(out), "--json")
    assert second["version"] == {"major": 1, "minor": 1, "patch": 0}
    assert [token["symbol"] for token in second["tokens"]] == ["TSLAx", "NVDAx"]
    assert json.loads(out.read_text()) == second


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": {"major": 1}, "tokens": []}', '{"tokens": [{}], "version": {}}']
)
def test_a_file_that_is_no_token_list_is_left_alone(up: Up, content: str) -> None:
    out = up.data / "other.json"
    out.write_text(content)
    done = up.say("tokenlist", "--out", str(out))
    assert done.code == 2
    assert "token_list.previous" in done.err
    assert out.read_text() == content
