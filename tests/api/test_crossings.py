"""The routes of crossings: what is under way, how a way is named, and a person's word for what is held."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.api.office import MemoryOffice

from openscrip.api.app import application
from openscrip.assets.stock import Stock
from openscrip.issuance.bridge_row import destination_hash
from openscrip.issuance.chain import Departed
from openscrip.kernel.quantities import RawAmount

TOKEN, LISTED = "TSLA-evm", "villain"
TEN = RawAmount.parse("10")


@pytest.fixture
def office() -> MemoryOffice:
    made = MemoryOffice()
    made.list_stock("TSLA")
    made.listed.add(LISTED)
    evm = made.chains["evm"]
    evm.create(TOKEN)
    evm.tokens[TOKEN].supply = evm.tokens[TOKEN].balances["ann"] = 100 * TEN.grains
    evm.set_lane(TOKEN, destination_hash(made.chains["solana"].caip2()), RawAmount.parse("1000"), 3_600)
    return made


@pytest.fixture
def client(office: MemoryOffice) -> Iterator[TestClient]:
    with TestClient(application(office), base_url="http://127.0.0.1") as made:
        yield made


def leave(office: MemoryOffice, receiver: str, request_id: str) -> str:
    """Ann sends ten to somebody on the other chain; the books hear of it. The crossing's id."""
    evm, solana = office.chains["evm"], office.chains["solana"]
    evm.depart(TOKEN, "ann", TEN, destination_hash(solana.caip2()), solana.word_of(receiver), request_id)
    event = evm.log[-1]
    assert isinstance(event, Departed)
    with office.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        office.crossings.departed(unit, event, stock)
    return f"evm:{event.key}"


def test_crossings__one_under_way__is_told_with_its_way_and_time(office: MemoryOffice, client: TestClient) -> None:
    crossing = leave(office, "ben", "r-1")
    (told,) = client.get("/v1/crossings").json()
    assert (told["id"], told["source"], told["destination"], told["raw"]) == (crossing, "evm", "solana", "10")
    assert (told["holder"], told["receiver"], told["arrive_by"]) == ("ann", "ben", "2024-06-03T13:00:00Z")
    assert client.get(f"/v1/crossings/{crossing}").json() == told


def test_crossings__one_that_nobody_began__is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/crossings/evm:none")
    assert (answer.status_code, answer.json()["code"]) == (404, "crossing.unknown")


def test_release__of_a_held_crossing__lets_it_go_on_once(office: MemoryOffice, client: TestClient) -> None:
    crossing = leave(office, LISTED, "r-1")
    (held,) = client.get("/v1/crossings", params={"state": "held"}).json()
    assert (held["rule"], held["id"]) == ("compliance.receiver", crossing)
    word = {"by": "carol", "reason": "another person of that name"}
    told = client.post(f"/v1/crossings/{crossing}/release", json=word).json()
    assert told["reason"] == "carol: another person of that name"
    again = client.post(f"/v1/crossings/{crossing}/release", json=word)
    assert (again.status_code, again.json()["code"]) == (422, "crossing.not_held")


@pytest.mark.parametrize(
    ("code", "destination", "receiver"),
    [
        ("compliance.receiver", "solana", LISTED),
        ("crossing.destination", "elsewhere", "ben"),
        ("crossing.destination", "evm", "ben"),
        ("crossing.receiver", "solana", "b" * 33),
    ],
)
def test_way__that_would_be_refused__says_so_before_anything_is_burned(
    client: TestClient, code: str, destination: str, receiver: str
) -> None:
    asked = {"stock": "TSLA", "source": "evm", "destination": destination, "holder": "ann", "receiver": receiver}
    assert client.post("/v1/crossings/way", json=asked).json()["code"] == code
    sound = asked | {"destination": "solana", "receiver": "ben"}
    assert client.post("/v1/crossings/way", json=sound).json() == {"receiver": b"ben".rjust(32, b"\0").hex()}
