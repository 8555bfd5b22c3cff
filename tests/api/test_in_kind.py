"""Participants and what is under way in kind, as operators see it."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from tests.api.office import MemoryOffice

from openscrip.api.app import application
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.quantities import Shares
from openscrip.runtime.ledger import Transfer


@pytest.fixture
def office() -> MemoryOffice:
    found = MemoryOffice()
    found.list_stock("TSLA")
    with found.store.transaction() as unit:
        found.compliance.take_on(unit, Person("ap-1", "AP One", PersonKind.LEGAL, "DE", "DE", "DE"), {"evm": "wallet"})
    return found


@pytest.fixture
def door(office: MemoryOffice) -> TestClient:
    return TestClient(application(office), base_url="http://127.0.0.1")


def test_a_participant_is_registered_once_and_its_address_is_not_shown(door: TestClient) -> None:
    body = {"client": "ap-1", "mail": "desk@ap.example"}
    first = door.post("/v1/participants", json=body)
    assert first.json() == door.post("/v1/participants", json=body).json()
    assert (first.status_code, first.json()["state"], "ap.example" in first.text) == (200, "registered", False)
    ids = door.get("/v1/participants").json()[0]["redemption_ids"]
    assert ids == {"first": "itn-ap-1-1", "first_hash": chain_hash("itn-ap-1-1").hex(), "last": "itn-ap-1-16"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"client": "nobody", "mail": "x@y.z"}, 404, "client.unknown"),
        ({"client": "ap-1", "mail": "no address"}, 400, "participant.mail"),
        ({"client": "ap-1", "mail": "a@b", "more": 1}, 400, "body.field"),
        ({"client": "ap-1"}, 400, "body.field"),
    ],
)
def test_what_is_no_participant_is_refused_by_its_rule(
    door: TestClient, body: dict[str, object], status: int, code: str
) -> None:
    answer = door.post("/v1/participants", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_address_serves_one_participant(door: TestClient) -> None:
    door.post("/v1/participants", json={"client": "ap-1", "mail": "desk@ap.example"})
    other = door.post("/v1/participants", json={"client": "ap-1", "mail": "other@ap.example"})
    assert (other.status_code, other.json()["code"]) == (409, "participant.conflict")


def test_what_is_held_is_shown_counted_and_resumed_in_a_persons_name(office: MemoryOffice, door: TestClient) -> None:
    row = InKindCreation(
        "itn-1", "TSLA", "ap-1", "evm", "wallet", Shares.whole(2), "r-1", "ethereum", "ITN", office.now(), state="held",
        rule="in_kind.custody", reason="not there",
    )  # fmt: skip
    side = InKindRedemption("itn-ap-1-1", "TSLA", "ap-1", "evm", "wallet", "TSLAx", "ethereum", "ITN", "0xtx", office.now())
    with office.store.transaction() as unit:
        unit.post((Transfer("journal", "TSLA/at_network", "TSLA/bought", row.shares.atoms, row.id),))
        unit.put(row)
        unit.put(side)
        unit.put(replace(row, id="itn-2", state="minted", minted_at=office.now() - 90))
    (held,) = door.get("/v1/in-kind", params={"state": "held"}).json()
    assert (held["id"], held["rule"], held["in_custody"], held["kind"]) == ("itn-1", "in_kind.custody", "0", "creation")
    assert len(door.get("/v1/in-kind").json()) == 3
    metrics = door.get("/metrics").text
    assert "openscrip_in_kind_held 1\n" in metrics
    assert "openscrip_in_kind_untold_seconds 90\n" in metrics
    assert 'openscrip_network_refused{rule="itn.wallet"} 2\n' in metrics
    word = {"by": "ops", "reason": "found"}
    answer = door.post("/v1/in-kind/itn-1/resume", json=word)
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (200, "journaled", "ops: found")
    assert door.post("/v1/in-kind/itn-1/resume", json=word).json()["code"] == "in_kind.state"
    assert door.post("/v1/in-kind/itn-9/resume", json=word).status_code == 404
