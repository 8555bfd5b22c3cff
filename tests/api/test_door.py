"""The HTTP face: every failure has its family's status and names its rule, and hostile input changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from fastapi.testclient import TestClient
from solders.keypair import Keypair
from tests.api.office import MemoryOffice, client_of

from openscrip.assets.compliance.ownership import ownership_message

ALICE = Account.from_key("0x" + "11" * 32)
PERSON = {"id": "alice", "name": "Alice Brandt", "nationality": "DE", "residence": "DE", "tax_residence": "DE"}
ORDER = {"request_id": "sub-1", "client": "alice", "stock": "TSLA", "chain": "evm", "wallet": ALICE.address, "shares": "10"}
REDEMPTION = {
    "request_id": "red-1", "client": "alice", "stock": "TSLA", "chain": "evm", "wallet": ALICE.address,
    "raw": "2", "kind": "cash",
}  # fmt: skip


def signed(client: str, address: str = ALICE.address) -> dict[str, str]:
    message = encode_defunct(text=ownership_message(client, "evm", address))
    return {"chain": "evm", "address": address, "signature": "0x" + bytes(ALICE.sign_message(message).signature).hex()}


@pytest.fixture
def office() -> MemoryOffice:
    return MemoryOffice()


@pytest.fixture
def door(office: MemoryOffice) -> Iterator[TestClient]:
    with client_of(office) as client:
        assert client.post("/v1/stocks", json={"symbol": "TSLA"}).status_code == 200
        assert client.post("/v1/clients", json=PERSON | {"wallets": [signed("alice")]}).status_code == 200
        yield client


def books_of(door: TestClient) -> list[Any]:
    paths = ("subscriptions", "redemptions", "ledger/trial-balance", "facts", "stocks", "clock")
    return [door.get(f"/v1/{path}").json() for path in paths]


def test_a_subscription_names_its_deposit_and_is_the_same_when_asked_again(door: TestClient) -> None:
    first, again = door.post("/v1/subscriptions", json=ORDER), door.post("/v1/subscriptions", json=ORDER)
    assert (first.status_code, first.json()["state"]) == (200, "awaiting_payment")
    assert first.json() == again.json() == door.get("/v1/subscriptions/sub-1").json()


def test_the_same_id_with_other_content_is_a_conflict(door: TestClient) -> None:
    door.post("/v1/subscriptions", json=ORDER)
    before = books_of(door)
    for other in (ORDER | {"shares": "11"}, ORDER | {"chain": "solana"}, ORDER | {"at_once": True}):
        answer = door.post("/v1/subscriptions", json=other)
        assert (answer.status_code, answer.json()["code"]) == (409, "request.conflict")
    assert books_of(door) == before


def test_a_refusal_is_recorded_with_its_rule_and_given_again(door: TestClient) -> None:
    asked = ORDER | {"shares": "9000"}
    answers = [door.post("/v1/subscriptions", json=asked) for _ in range(2)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "compliance.order_limit")] * 2
    assert [(each["client"], each["rule"]) for each in door.get("/v1/refusals").json()] == [("alice", "compliance.order_limit")]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"stock": "QQZ"}, 404, "symbol.unknown"),
        ({"chain": "base"}, 422, "chain.unknown"),
        ({"client": "nobody"}, 422, "compliance.unverified"),
        ({"wallet": "0x" + "22" * 20}, 422, "compliance.wallet_not_attested"),
        ({"shares": "0"}, 422, "amount.size"),
        ({"shares": "0.0000000001"}, 400, "amount.precision"),
        ({"at_once": True}, 422, "inventory.short"),
        ({"request_id": "inventory"}, 400, "request.id"),
        ({"request_id": "NVDA.SPLF.2024-06-10"}, 400, "body.field"),
    ],
)
def test_what_may_not_be_is_refused_by_its_rule(door: TestClient, change: dict[str, Any], status: int, code: str) -> None:
    answer = door.post("/v1/subscriptions", json=ORDER | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "amount", [1.5, 1, True, None, ["1"], "1e3", "-1", "+1", "1,5", " 1", "0x1", "\u0661", "9" * 65, "", "NaN"]
)
def test_only_a_plain_decimal_string_is_an_amount(door: TestClient, amount: object) -> None:
    before = books_of(door)
    for path, body in (("subscriptions", ORDER | {"shares": amount}), ("redemptions", REDEMPTION | {"raw": amount})):
        answer = door.post(f"/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "amount.malformed")
    assert books_of(door) == before


HOSTILE = [
    b"", b"{", b"\xff\xfe", b"null", b"[]", b'"x"', b"1" * 5000, b"[" * 30_000, b'{"a":' * 9_000, b'{"shares":NaN}',
    b"x" * 70_000,
    json.dumps(ORDER | {"client": "\ud800"}).encode(), json.dumps(ORDER | {"wallet": "\x00"}).encode(),
    json.dumps(ORDER | {"more": 1}).encode(), json.dumps(ORDER | {"client": "x" * 65}).encode(),
    json.dumps(ORDER | {"stock": "TSLA' OR 1=1 --"}).encode(), json.dumps(ORDER | {"request_id": "../../x"}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_a_clear_client_error_and_changes_nothing(door: TestClient, content: bytes) -> None:
    before = books_of(door)
    for path in ("subscriptions", "redemptions", "clients", "stocks", "clock", "reports", "corporate-actions/queue/x/resolve"):
        answer = door.post(f"/v1/{path}", content=content, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) >= {"code", "text"}
    assert books_of(door) == before


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1/none", "/v1/subscriptions/%ff%fe", "/v1/subscriptions/a%00b", "/v1/redemptions/x", "/v1/clients/%F0%9F",
        "/v1/facts?after=-1", "/v1/facts?after=99999999999999999999", "/v1/facts?limit=x", "/v1/facts?limit=1001",
    ],
)  # fmt: skip
def test_a_path_or_query_that_means_nothing_is_a_client_error(door: TestClient, path: str) -> None:
    answer = door.get(path)
    assert answer.status_code in {400, 404}
    assert set(answer.json()) == {"code", "text"}


def test_another_name_of_this_machine_is_not_served(door: TestClient) -> None:
    assert door.get("/v1/status", headers={"host": "attacker.example"}).status_code == 400


def test_a_client_is_taken_on_only_with_wallets_that_signed(door: TestClient) -> None:
    bob = PERSON | {"id": "bob"}
    cases = [
        (bob | {"wallets": [signed("alice")]}, 422, "wallet.signature"),
        (bob | {"wallets": [signed("bob")]}, 422, "compliance.wallet_of_another"),
        (bob | {"wallets": [{"chain": "base", "address": "x", "signature": "y"}]}, 400, "wallet.chain"),
        (bob | {"nationality": "ZZZ"}, 400, "body.field"),
        (PERSON | {"name": "Alice Other"}, 409, "client.conflict"),
    ]
    for body, status, code in cases:
        answer = door.post("/v1/clients", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert door.get("/v1/clients/bob").status_code == 404
    pair = Keypair()
    wallet = {"chain": "solana", "address": str(pair.pubkey())}
    signature = pair.sign_message(ownership_message("bob", "solana", wallet["address"]).encode())
    assert door.post("/v1/clients", json=bob | {"wallets": [wallet | {"signature": str(signature)}]}).status_code == 200
    assert door.get("/v1/clients/bob").json()["wallets"] == {"solana": wallet["address"]}


def test_a_wallet_of_another_client_is_refused(door: TestClient) -> None:
    assert door.post("/v1/clients", json=PERSON | {"id": "bob"}).status_code == 200
    answer = door.post("/v1/subscriptions", json=ORDER | {"client": "bob"})
    assert (answer.status_code, answer.json()["code"]) == (422, "compliance.wallet_of_another")


def test_a_redemption_waits_in_its_place_and_needs_an_account_in_kind(door: TestClient) -> None:
    row = door.post("/v1/redemptions", json=REDEMPTION).json()
    assert (row["state"], row["place"], row["kind"]) == ("requested", 0, "cash")
    answer = door.post("/v1/redemptions", json=REDEMPTION | {"request_id": "red-2", "kind": "in_kind"})
    assert (answer.status_code, answer.json()["code"]) == (422, "account.missing")


def test_orders_are_cancelled_by_their_client_alone__and_count_as_no_refusal(door: TestClient) -> None:
    door.post("/v1/subscriptions", json=ORDER)
    door.post("/v1/redemptions", json=REDEMPTION)
    client, ids = ORDER["client"], (ORDER["request_id"], REDEMPTION["request_id"])
    for request_id in ids:
        theirs = door.post("/v1/cancellations", json={"client": "nobody", "request_id": request_id})
        assert (theirs.status_code, theirs.json()["code"]) == (404, "order.unknown")
        rows = [door.post("/v1/cancellations", json={"client": client, "request_id": request_id}).json() for _ in range(2)]
        assert rows[0] == rows[1]
        assert (rows[0]["state"], rows[0]["rule"]) == ("refused", "order.cancelled")
    assert not {each["id"] for each in door.get("/v1/refusals").json()} & set(ids)


def test_market_time_moves_forward_only_and_never_when_live(office: MemoryOffice, door: TestClient) -> None:
    assert door.post("/v1/clock", json={"advance_to": "2024-06-04T12:00:00Z"}).json()["now"] == "2024-06-04T12:00:00Z"
    cases = {
        "2024-06-03T12:00:00Z": "clock.back", "x": "clock.instant", "2024-06-05T12:00:00": "clock.instant",
        "9999-12-31T00:00:00Z": "clock.range", "0001-01-01T00:00:00+23:59": "clock.instant",
    }  # fmt: skip
    for text, code in cases.items():
        assert door.post("/v1/clock", json={"advance_to": text}).json()["code"] == code
    office.clock_mode = "live"
    assert door.post("/v1/clock", json={"advance_to": "2024-06-06T12:00:00Z"}).json()["code"] == "clock.live"


def test_status_tells_a_chain_that_does_not_answer_and_hides_nothing_else(office: MemoryOffice, door: TestClient) -> None:
    assert door.get("/v1/status").json()["stocks"][0]["covered"] is True
    office.silent = True
    status = door.get("/v1/status").json()
    assert status["stocks"][0]["trouble"] == "evm: did not answer"
    assert status["open"]["subscriptions"] == {}


def test_only_what_waits_can_be_unparked_and_only_what_was_announced_resolved(door: TestClient) -> None:
    assert door.post("/v1/commands/a:b/unpark").json()["code"] == "command.unknown"
    asked = {"by": "ann", "reason": "read", "source": "broker", "document": "memo 7"}
    assert door.post("/v1/corporate-actions/queue/X/resolve", json=asked).json()["code"] == "queue.unknown"
    assert door.get("/v1/corporate-actions/X").json()["code"] == "action.unknown"


def test_without_paper_investors_there_are_no_paper_routes(door: TestClient) -> None:
    assert door.post("/v1/paper/pay", json={"request_id": "sub-1"}).status_code == 404


def test_the_openapi_document_names_every_route(door: TestClient) -> None:
    paths = door.get("/v1/openapi.json").json()["paths"]
    assert {"/v1/subscriptions", "/v1/redemptions", "/v1/status", "/v1/ledger/trial-balance", "/v1/clock"} <= set(paths)
