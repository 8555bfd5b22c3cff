"""Quotes, deposits and conversions over HTTP: strict bodies, refusals by their rule, the same id the same answer."""

import pytest
from fastapi.testclient import TestClient
from tests.api.office import MemoryOffice, client_of

from openscrip.issuance.coins import CoinsSeen, Stablecoin
from openscrip.kernel.money import Money

QUOTE = {"id": "q-1", "client": "ann", "stock": "TSLA", "shares": "2"}
CONVERSION = {
    "id": "c-1", "side": "to_dollars", "asset": "tusd", "chain": "evm", "amount_usd": "5", "by": "tom", "reason": "why",
}  # fmt: skip


@pytest.fixture
def office() -> MemoryOffice:
    office = MemoryOffice()
    office.list_stock("TSLA")
    with office.store.transaction() as unit:
        unit.put(Stablecoin("tusd:evm", "tusd", "evm", "0xToken", "0xTreasury", "0xBank"))
    return office


@pytest.fixture
def door(office: MemoryOffice) -> TestClient:
    return client_of(office)


def test_a_quote_is_given_shown_and_the_same_twice(door: TestClient) -> None:
    first = door.post("/v1/quotes", json=QUOTE)
    assert first.status_code == 200
    assert first.json() == door.post("/v1/quotes", json=QUOTE).json() == door.get("/v1/quotes/q-1").json()
    told = first.json()
    assert (told["state"], told["mode"], told["expires_at"]) == ("open", "order_through", "2024-06-03T12:01:00Z")
    assert door.post("/v1/quotes", json={**QUOTE, "shares": "3"}).status_code == 409


def test_a_quote_for_an_amount_buys_no_more_than_it(door: TestClient) -> None:
    told = door.post("/v1/quotes", json={"id": "q-2", "client": "ann", "stock": "TSLA", "amount_usd": "500"}).json()
    assert Money.parse(told["amount_usd"]) <= Money.parse("500") < Money.parse(told["amount_usd"]) + Money.parse("0.01")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"mode": "instant"}, 422, "inventory.short"),
        ({"shares": "0.000000001"}, 422, "amount.size"),
        ({"shares": "2", "amount_usd": "5"}, 400, "quote.amount"),
        ({"shares": ""}, 400, "quote.amount"),
        ({"side": "redeem", "mode": "instant"}, 400, "quote.mode"),
        ({"shares": 2}, 400, "amount.malformed"),
        ({"shares": "2e3"}, 400, "amount.malformed"),
        ({"more": "x"}, 400, "body.field"),
        ({"stock": "NOPE"}, 404, "symbol.unknown"),
        ({"side": "both"}, 400, "body.field"),
    ],
)
def test_what_is_no_quote_is_refused_with_its_rule(door: TestClient, change: dict[str, object], status: int, code: str) -> None:
    answer = door.post("/v1/quotes", json=QUOTE | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_coins_and_their_addresses_are_told(door: TestClient) -> None:
    [coin] = door.get("/v1/stablecoins").json()
    assert (coin["asset"], coin["chain"], coin["deposit_address"], coin["in_treasury"]) == ("tusd", "evm", "0xTreasury", "0")


def test_a_stranger_s_deposit_is_listed_and_an_operator_decides(office: MemoryOffice, door: TestClient) -> None:
    with office.store.transaction() as unit:
        office.coins.seen(unit, CoinsSeen("evm", "0xtoken", "0xwho", Money.parse("7"), "0x1", 0, 3))
    told = door.get("/v1/suspense").json()
    assert (told["total"], told["ledger"], told["agrees"]) == ("7", "7", True)
    [deposit] = door.get("/v1/deposits?state=suspense").json()
    assert (deposit["rule"], deposit["amount"]) == ("deposit.sender", "7")
    word = {"id": deposit["id"], "decision": "keep", "by": "olga", "reason": "asked the client"}
    kept = door.post("/v1/deposits/decisions", json=word).json()
    assert (kept["state"], kept["by"], kept["why"]) == ("kept", "olga", "asked the client")
    assert door.post("/v1/deposits/decisions", json=word | {"id": "evm:0x2:0"}).status_code == 404
    assert door.post("/v1/deposits/decisions", json=word | {"decision": "spend"}).status_code == 400
    assert door.post("/v1/deposits/decisions", json=word | {"decision": "return"}).json()["state"] == "returning"
    again = door.post("/v1/deposits/decisions", json=word)
    assert (again.status_code, again.json()["code"]) == (422, "deposit.state")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 422, "conversion.short"),
        ({"amount_usd": "0"}, 422, "conversion.amount"),
        ({"amount_usd": "5000000.01"}, 422, "conversion.limit"),
        ({"asset": "doge"}, 404, "funding.unknown"),
        ({"side": "sideways"}, 400, "body.field"),
        ({"by": ""}, 400, "body.field"),
    ],
)
def test_a_conversion_that_cannot_be_is_refused_with_its_rule(
    door: TestClient, change: dict[str, str], status: int, code: str
) -> None:
    answer = door.post("/v1/conversions", json=CONVERSION | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert door.get("/v1/conversions").json() == []


def test_a_subscription_in_a_coin_that_is_not_accepted_is_recorded_as_refused(door: TestClient) -> None:
    asked = {"request_id": "sub-1", "client": "ann", "stock": "TSLA", "chain": "evm", "wallet": "0xa", "shares": "1"}
    answer = door.post("/v1/subscriptions", json=asked | {"funding": "doge"})
    assert (answer.status_code, answer.json()["code"]) == (422, "funding.unknown")
    assert door.get("/v1/subscriptions/sub-1").json()["state"] == "refused"
