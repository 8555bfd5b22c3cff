"""A correction and a withdrawal on real parts: staged on both chains, taken back with the watch's consent, and staged anew."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.e2e.stack import Up

from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.listings import custodian_notices, instrument
from openscrip.assets.notice import ActionEvent, Notice, NoticeFunction
from openscrip.issuance.voucher import chain_hash

pytestmark = pytest.mark.parts

NVDA = next(notice for notice in custodian_notices() if notice.event_id == "NVDA.SPLF.2024-06-10")
TSLA = Notice(
    "TSLA.SPLF.2024-06-12", "TSLA", instrument("TSLA").isin, ActionEvent.FORWARD_SPLIT, date(2024, 6, 4), date(2024, 6, 12),
    None, None, 3, 1, None, "custodian",
)  # fmt: skip


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A stack with NVDA, whose 10:1 split is a week away, and TSLA."""
    data = tmp_path_factory.mktemp("corrections")
    running = Up(data, "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "NVDA,TSLA")
    order = ("subscribe", "NVDA", "2", "--client", "alice", "--chain", "evm", "--paper", "--request-id", "sub-1", "--wait")
    running.told_by(*order)
    yield running
    running.stop(signal.SIGKILL)


def advance(up: Up, until: str) -> None:
    """Let market time pass."""
    answer = up.http.post("/v1/clock", json={"advance_to": until})
    assert answer.status_code == 200, answer.text


def announce(up: Up, notice: Notice) -> None:
    """Custodian and broker tell a notice, each by itself."""
    wiring = json.loads((up.data / "platform" / "wiring.json").read_text())
    custodian, broker = PaperCustodianClient(wiring["custodian"]), PaperBrokerClient(wiring["broker"])
    custodian.announce(replace(notice, source="custodian"))
    broker.announce(replace(notice, source="broker"))
    custodian.close()
    broker.close()


def approve(up: Up, action: str) -> None:
    """Two people approve, from the command line."""
    (item,) = [each for each in up.told_by("actions", "queue", code=1) if each["action"] == action]
    said = ("--reason", "both sources read", "--document", "8-K")
    assert up.told_by("actions", "resolve", item["id"], "--by", "ines", *said)["state"] == "proposed"
    assert up.say("actions", "resolve", item["id"], "--by", "ines", *said).code == 3, "one person is not two"
    assert up.told_by("actions", "resolve", item["id"], "--by", "otto", *said)["state"] == "resolved"


def consent(up: Up, action: str) -> None:
    """The watch's operator consents to take an action back, in the watch's own configuration."""
    path = up.data / "watch" / "config.json"
    config: dict[str, Any] = json.loads(path.read_text())
    for chain in ("evm", "solana"):
        config[chain]["cancel"] = [*config[chain].get("cancel", []), chain_hash(action).hex()]
    path.write_text(json.dumps(config))


def shown(up: Up, action: str) -> dict[str, Any]:
    """An action as the command line shows it."""
    return dict(up.told_by("actions", "show", action))


def phases(row: dict[str, Any]) -> list[str]:
    """The phases that an action went through."""
    return [step["phase"] for step in row["trail"]]


def test_a_staged_split__corrected_on_real_chains__is_taken_back_with_consent_and_takes_effect_by_the_new_ratio(up: Up) -> None:
    advance(up, "2024-06-05T21:00:00Z")
    approve(up, NVDA.event_id)
    advance(up, "2024-06-07T22:00:00Z")
    row = shown(up, NVDA.event_id)
    assert row["phase"] == "STAGED", (row, up.told_by("status")["commands"])
    announce(up, replace(NVDA, function=NoticeFunction.REPLACEMENT, revision=2, ratio_new=5))
    advance(up, "2024-06-07T22:02:00Z")
    row = shown(up, NVDA.event_id)
    assert (row["state"], "did not consent" in row["reason"]) == ("taking_back", True)
    consent(up, NVDA.event_id)
    advance(up, "2024-06-07T22:20:00Z")
    approve(up, NVDA.event_id)
    advance(up, "2024-06-10T14:30:00Z")
    row = shown(up, NVDA.event_id)
    assert (row["state"], row["terms"], row["multiplier_after"]) == ("final", "SPLF 5/1", "5"), row
    assert [each for each in phases(row) if each in ("STAGED", "EFFECTIVE", "VERIFIED", "FINAL")] == [
        "STAGED", "STAGED", "EFFECTIVE", "VERIFIED", "FINAL",
    ]  # fmt: skip
    done = up.say("verify")
    assert done.code == 0, done.out


def test_a_staged_split__withdrawn_on_real_chains__leaves_no_trace_in_the_multiplier_and_the_market_runs(up: Up) -> None:
    announce(up, TSLA)
    advance(up, "2024-06-10T20:30:00Z")
    approve(up, TSLA.event_id)
    consent(up, TSLA.event_id)
    advance(up, "2024-06-11T22:00:00Z")
    row = shown(up, TSLA.event_id)
    assert row["phase"] == "STAGED", row
    announce(up, replace(TSLA, function=NoticeFunction.CANCELLATION, revision=2))
    advance(up, "2024-06-11T22:20:00Z")
    row = shown(up, TSLA.event_id)
    assert row["state"] == "cancelled", (row, up.told_by("status")["commands"])
    advance(up, "2024-06-12T14:30:00Z")
    row = shown(up, TSLA.event_id)
    assert (row["state"], row["terms"]) == ("cancelled", "SPLF 3/1, withdrawn"), row
    (stock,) = [each for each in up.http.get("/v1/stocks").json() if each["symbol"] == "TSLA"]
    assert (stock["multiplier"], stock["state"]) == ("1", "open")
    done = up.say("verify")
    assert done.code == 0, done.out
