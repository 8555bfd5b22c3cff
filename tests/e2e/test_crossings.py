"""Tokens cross between two EVM chains and Solana by the command line, against `openscrip up`, with the holder's own key."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from tests.e2e.stack import Up

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Two EVM chains, one stock, a client with 20 tokens, lanes proposed, and a day passed."""
    running = Up(tmp_path_factory.mktemp("crossings"), "--accelerated", "--evm-chains", "2", "--list", "TSLA")
    try:
        asked = ("subscribe", "TSLA", "20", "--client", "alice", "--chain", "evm", "--paper", "--wait")
        assert running.told_by("lanes", "TSLA", "--propose")
        assert running.told_by(*asked)["state"] == "completed"
        now = datetime.fromisoformat(running.http.get("/v1/clock").json()["now"])
        later = (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert running.http.post("/v1/clock", json={"advance_to": later}).is_success
        yield running
    finally:
        running.stop()


def cross(up: Up, raw: str, source: str, destination: str, *more: str, code: int = 0) -> dict[str, str]:
    way = ("--client", "alice", "--from", source, "--to", destination, "--wait", *more)
    told: dict[str, str] = up.told_by("cross", "TSLA", raw, *way, code=code)
    return told


def test_a_closed_lane_is_named_before_anything_is_burned(up: Up) -> None:
    done = up.say("cross", "TSLA", "1", "--client", "alice", "--from", "evm", "--to", "solana")
    assert (done.code, done.err.partition(":")[0]) == (3, "crossing.lane")
    assert {each["left"] for each in up.told_by("lanes", "TSLA")} == {"0"}


def test_tokens_go_round_all_chains_and_nothing_is_lost(up: Up) -> None:
    assert {each["left"] for each in up.told_by("lanes", "TSLA", "--open")} == {"100000"}
    for raw, source, destination in (("7", "evm", "evm-2"), ("5", "evm-2", "solana"), ("2.5", "solana", "evm")):
        told = cross(up, raw, source, destination)
        assert (told["state"], told["raw"], told["rule"]) == ("arrived", raw, "")
    (stock,) = up.told_by("status")["stocks"]
    assert stock["raw_supply"] == {"evm": "15.5", "evm-2": "2", "solana": "2.5"}
    assert stock["covered"] is True
    assert [row["state"] for row in up.told_by("crossings")] == ["arrived"] * 3


@pytest.mark.parametrize(
    ("code", "destination", "receiver"),
    [
        ("crossing.receiver", "solana", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("crossing.destination", "evm-7", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("compliance.receiver", "evm-2", "0xbad0000000000000000000000000000000000001"),
    ],
)
def test_what_would_be_refused_there_is_refused_here(up: Up, code: str, destination: str, receiver: str) -> None:
    way = ("--client", "alice", "--from", "evm", "--to", destination, "--receiver", receiver)
    done = up.say("cross", "TSLA", "1", *way)
    assert done.err.partition(": ")[0] == code
    assert len(up.told_by("crossings")) == 3


def test_the_watch_proves_every_token_of_every_chain(up: Up) -> None:
    assert up.say("verify").code == 0
