"""Compliance over HTTP: cases are decided by names and reasons, nothing personal is answered, webhooks are kept at once."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from fastapi.testclient import TestClient
from solders.keypair import Keypair
from tests.api.office import MemoryOffice, client_of, room_of
from tests.assets.compliance.publications import PLAIN_CSV
from tests.issuance.compliance.webhooks import persona, persona_headers

from openscrip.assets.compliance.ownership import IS_VALID_SIGNATURE
from openscrip.assets.compliance.rules import shipped_rules
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.list_keeping import ListKeeper

PERSON: dict[str, Any] = {
    "id": "c1", "name": "Annabella Lindqvistson", "nationality": "SE", "residence": "CH", "tax_residence": "CH",
    "born_on": "1980-05-06", "phone_country": "CH",
}  # fmt: skip
SIGNED: dict[str, Any] = {"by": "olga", "reason": "another birth date"}
ALICE = Account.from_key("0x" + "11" * 32)
PERSONAL = ("Annabella", "Lindqvistson", "1980-05-06", "Mirsanov", "P-GEHEIM")


@pytest.fixture
def office() -> MemoryOffice:
    return MemoryOffice()


@pytest.fixture
def door(office: MemoryOffice) -> Iterator[TestClient]:
    with client_of(office) as client:
        assert client.post("/v1/clients", json=PERSON).status_code == 200
        yield client


def posted(door: TestClient, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = door.post(f"/v1/compliance/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_listed_client__is_a_case__that_two_names_release(door: TestClient) -> None:
    door.post("/v1/clients", json=PERSON | {"id": "c2", "name": "Igor Mirsanov"})
    [case] = door.get("/v1/compliance/cases", params={"state": "open"}).json()
    assert (case["client"], case["rule"], case["listed"]) == ("c2", "compliance.sanctioned_name", "DEMO-001")
    told = door.get("/v1/compliance").json()
    assert ([each["client"] for each in told["held"]], len(told["cases"])) == (["c2"], 1)
    path = f"cases/{case['id']}/decide"
    assert posted(door, path, word="release", **SIGNED)["state"] == "open"
    assert posted(door, path, 422, word="release", **SIGNED)["code"] == "case.four_eyes"
    after = posted(door, path, word="release", by="pavel", reason="seen the passport")
    assert (after["state"], [each["by"] for each in after["words"]]) == ("released", ["olga", "pavel"])
    assert door.get("/v1/compliance/persons/c2").json()["standing"]["state"] == "clear"
    assert door.get("/v1/compliance").json()["held"] == []
    assert door.get(f"/v1/compliance/cases/{case['id']}").json() == after
    assert door.get("/v1/compliance/cases/none").status_code == 404
    assert door.get("/v1/compliance/cases", params={"client": "c1"}).json() == []


def test_a_word__without_a_name_a_reason_or_a_meaning__is_malformed(door: TestClient) -> None:
    for wrong in ({"word": "release", "by": "x"}, {"word": "maybe", **SIGNED}, {"word": "confirm", "by": "", "reason": "x"}):
        assert door.post("/v1/compliance/cases/x/decide", json=wrong).status_code == 400


def test_no_answer__tells_particulars__but_the_one_that_says_who_asked(door: TestClient) -> None:
    door.post("/v1/clients", json=PERSON | {"id": "c2", "name": "Igor Mirsanov"})
    paper: dict[str, Any] = {
        "kind": "identity_document",
        "issued_on": "2024-01-01",
        "expires_on": "2030-01-01",
        "sha256": "a" * 64,
    }
    posted(door, "persons/c1/evidence", **paper, number="P-GEHEIM-1", country="SE", by="olga")
    paths = (
        "compliance",
        "compliance/cases",
        "compliance/persons",
        "compliance/persons/c1",
        "compliance/persons/c2",
        "clients/c1",
    )
    said = "".join(door.get(f"/v1/{path}").text for path in (*paths, "facts", "refusals", "status", "compliance/rules"))
    assert [word for word in PERSONAL if word in said] == []
    assert posted(door, "persons/c1/reveal", **SIGNED)["name"] == PERSON["name"]
    facts = door.get("/v1/facts").json()["facts"]
    assert [each["fact"] for each in facts if each["kind"] == "ParticularsRevealed"] == [
        {"client": "c1", "by": "olga", "reason": SIGNED["reason"]}
    ]
    assert posted(door, "persons/none/reveal", 404, **SIGNED)["code"] == "client.unknown"


def test_owners_and_changes__are_judged_when_they_are_told(door: TestClient) -> None:
    door.post("/v1/clients", json=PERSON | {"id": "fund", "kind": "legal", "name": "Northlightia Fund Ltd"})
    posted(door, "persons", **PERSON | {"id": "us", "name": "Some Owner", "residence": "US"}, by="olga")
    told = posted(door, "persons/fund/owners", stakes=[{"owner": "us", "bps": 5000}], by="olga")
    assert (told["standing"]["rules"], told["owners"]) == (["compliance.us_person"], [{"owner": "us", "bps": 5000}])
    assert posted(door, "persons/fund/owners", 400, stakes=[{"owner": "us", "bps": 10001}], by="olga")["code"] == "body.field"
    assert posted(door, "persons/fund/owners", 404, stakes=[{"owner": "x", "bps": 1}], by="olga")["code"] == "client.unknown"
    changed = posted(door, "persons/c1/change", **PERSON | {"bank_country": "CN"}, by="olga", reason="another bank")
    assert changed["standing"]["rules"] == ["compliance.country"]
    assert posted(door, "persons/c2/change", 400, **PERSON, by="olga", reason="x")["code"] == "client.id"
    assert posted(door, "persons", 400, **PERSON | {"id": "x", "born_on": "1980-02-31"}, by="o")["code"] == "person.born"


@pytest.mark.parametrize("day", ["2024-02-30", "2024-13-01", "24-01-01", ""])
def test_a_day_that_does_not_exist__is_malformed(door: TestClient, day: str) -> None:
    posted(door, "persons/c1/evidence", 400, kind="liveness", issued_on=day, sha256="a" * 64, by="olga")


def answer(office: MemoryOffice, door: TestClient, chain: str, address: str, sign: Any) -> tuple[int, dict[str, Any]]:
    asked = posted(door, "wallet-challenges", client="c1", chain=chain, address=address)
    told = door.post(f"/v1/compliance/wallet-challenges/{asked['id']}/answer", json={"signature": sign(asked["text"])})
    return told.status_code, told.json()


def by_alice(text: str) -> str:
    return "0x" + bytes(ALICE.sign_message(encode_defunct(text=text)).signature).hex()


def test_a_wallet__is_attested_by_signing_a_challenge__on_either_chain(office: MemoryOffice, door: TestClient) -> None:
    pair = Keypair.from_seed(b"\x07" * 32)
    status, told = answer(office, door, "evm", ALICE.address, by_alice)
    assert (status, told["proof"].partition(":")[0]) == (200, "eip-191")
    status, told = answer(office, door, "solana", str(pair.pubkey()), lambda text: str(pair.sign_message(text.encode())))
    assert (status, told["proof"].partition(":")[0]) == (200, "ed25519")
    assert set(door.get("/v1/clients/c1").json()["wallets"]) == {"evm", "solana"}


def test_a_contract_wallet__is_attested_by_its_own_word__on_the_chain_where_it_stands(
    office: MemoryOffice, door: TestClient
) -> None:
    contract = "0x" + "77" * 20
    asked: list[tuple[str, bytes]] = []

    def call(address: str, data: bytes) -> bytes:
        asked.append((address, data))
        return IS_VALID_SIGNATURE.ljust(32, b"\0") if address == contract else b""

    texts: list[str] = []

    def by_contract(text: str) -> str:
        texts.append(text)
        return "0xabcdef"

    status, refused = answer(office, door, "evm", contract, by_contract)
    assert (status, refused["code"]) == (422, "wallet.signature")
    office.room = room_of(office.store, office.compliance, office.clock.now, contracts={"evm": call})
    status, told = answer(office, door, "evm", contract, by_contract)
    assert (status, told["proof"].partition(":")[0]) == (200, "eip-1271")
    digest = keccak(b"\x19Ethereum Signed Message:\n" + str(len(texts[-1])).encode() + texts[-1].encode())
    assert asked == [(contract, IS_VALID_SIGNATURE + encode(["bytes32", "bytes"], [digest, b"\xab\xcd\xef"]))]
    status, told = answer(office, door, "evm", "0x" + "78" * 20, by_contract)
    assert status == 422


def test_a_challenge__serves_once_for_its_wallet_and_a_quarter_of_an_hour(office: MemoryOffice, door: TestClient) -> None:
    asked = posted(door, "wallet-challenges", client="c1", chain="evm", address=ALICE.address)
    path = f"/v1/compliance/wallet-challenges/{asked['id']}/answer"
    other = posted(door, "wallet-challenges", client="c1", chain="evm", address=ALICE.address)
    assert door.post(path, json={"signature": by_alice(other["text"])}).json()["code"] == "wallet.signature"
    assert door.post(path, json={"signature": by_alice(asked["text"])}).status_code == 200
    assert door.post(path, json={"signature": by_alice(asked["text"])}).json()["code"] == "challenge.state"
    office.clock.advance_to(office.now() + 900)
    late = f"/v1/compliance/wallet-challenges/{other['id']}/answer"
    assert door.post(late, json={"signature": by_alice(other["text"])}).json()["code"] == "challenge.expired"
    assert door.post(late.replace(other["id"], "0"), json={"signature": "ab"}).json()["code"] == "challenge.unknown"
    assert posted(door, "wallet-challenges", 404, client="x", chain="evm", address="0x1")["code"] == "client.unknown"


def test_a_webhook__is_answered_within_a_second__kept_once__and_refused_without_a_signature(
    office: MemoryOffice, door: TestClient
) -> None:
    raw = persona()
    headers = {"Persona-Signature": persona_headers(raw, b"secret", at=office.now())["persona-signature"]}
    started_s = time.process_time()
    for _ in range(2):
        kept = door.post("/v1/webhooks/persona", content=raw, headers=headers)
        assert (kept.status_code, kept.json()) == (202, {"kept": True})
    assert time.process_time() - started_s < 1.0
    assert door.get("/v1/compliance").json()["webhooks"]["received"] == 1
    for content, given in ((raw, {}), (raw + b" ", headers), (b"x" * 70_000, headers)):
        assert 400 <= door.post("/v1/webhooks/persona", content=content, headers=given).status_code < 500
    assert door.post("/v1/webhooks/onfido", content=raw, headers=headers).status_code == 404
    told = door.get("/v1/compliance").json()["webhooks"]
    assert (told["received"], told["refused"]) == (1, 3)


def test_lists__are_loaded_from_the_incoming_folder_alone(office: MemoryOffice, door: TestClient, tmp_path: Path) -> None:
    assert posted(door, "lists", 422, publisher="own", files=["own.csv"])["code"] == "list.demonstration"
    keeper = ListKeeper(office.store, tmp_path / "lists", ["own"], shipped_rules(), office.clock.now)
    compliance = Compliance(
        office.compliance.policy, keeper.lists, office.compliance.vault, office.clock.now, keeper.refresh_from
    )
    office.room = room_of(office.store, compliance, office.clock.now, tmp_path / "incoming", keeper)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "own.csv").write_bytes(PLAIN_CSV)
    assert door.get("/v1/compliance").json()["lists_refused"] != []
    for wrong in (["../lists"], ["/etc/passwd"], [], ["a"] * 5):
        posted(door, "lists", 400, publisher="own", files=wrong)
    assert posted(door, "lists", 400, publisher="own", files=["missing.csv"])["code"] == "list.files"
    told = posted(door, "lists", publisher="own", files=["own.csv"])
    assert (told["state"], told["entries"], told["addresses"]) == ("in_force", 2, 1)
    assert [each["id"] for each in door.get("/v1/compliance/lists").json()] == [told["id"]]
    assert posted(door, f"lists/{told['id']}/accept", 422, **SIGNED)["code"] == "list.state"
    assert door.get("/v1/compliance").json()["lists_refused"] == []


def test_the_rules__are_told_with_their_versions(door: TestClient) -> None:
    told = door.get("/v1/compliance/rules").json()
    assert (told["version"].partition("#")[0], told["profile"]["name"]) == (shipped_rules().version, "demonstration")
    assert {group["name"] for group in told["groups"]} == {"us_person", "mainland_china", "embargoed"}
    assert posted(door, "reseal") == {"sealed": 0, "key": 1}
    asked = posted(door, "persons/c1/examinations", provider="persona", subject="inq_1")
    assert asked == {"id": "persona:inq_1", "client": "c1", "outcome": "pending", "state": "open"}
    assert posted(door, "persons/x/examinations", 404, provider="persona", subject="inq_1")["code"] == "client.unknown"


def test_metrics__tell_cases_holds_and_webhooks(office: MemoryOffice, door: TestClient) -> None:
    door.post("/v1/clients", json=PERSON | {"id": "c2", "name": "Igor Mirsanov"})
    door.post("/v1/webhooks/persona", content=b"{}")
    told = door.get("/metrics").text.splitlines()
    for line in (
        'openscrip_compliance_cases_open{kind="name"} 1', 'openscrip_compliance_cases_open{kind="pattern"} 0',
        "openscrip_compliance_clients_held 1", "openscrip_webhooks_refused 1", "openscrip_webhook_dead_letter_age_seconds 0",
    ):  # fmt: skip
        assert line in told
