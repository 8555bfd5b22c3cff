"""Keys and what they open: one client's things alone, once for each request id."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.api.public.office import OTHER, SimulatedOffice, client_of, completed, key_of, simulated, somebody
from tests.web.venue_books import LARGE, VenueBooks

from openscrip.bootstrap.web_venue_desk import WebVenueDesk
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.api_keys import KEYS_MAX, ApiKey, Scope, checked_key, keys_of, make_key, revoke_key

pytestmark = pytest.mark.slow
EVM = "eip155:31337"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> SimulatedOffice:
    return simulated(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def api(office: SimulatedOffice) -> TestClient:
    return client_of(office)


def ask(api: TestClient, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = api.request(method, path, json=body, headers={"X-API-Key": key})
    return answer.status_code, answer.json()


def test_key__is_kept_as_a_hash_and_shown_once(office: SimulatedOffice) -> None:
    with office.store.transaction() as unit:
        row, text = make_key(unit, OTHER, "bot", (Scope.READ,), "ada", 7)
    secret = text.rpartition("_")[2] if text.count("_") == 2 else text.split("_", 2)[2]
    assert secret not in repr(row)
    with office.store.view() as view:
        assert checked_key(view, text, Scope.READ) == row
        assert row in keys_of(view, OTHER)


@pytest.mark.parametrize("text", ["", "osk_", "osk_0123456789abcdef_" + "a" * 43, "x" * 500, "osk_\u00e9"])
def test_key__that_is_none__opens_nothing(office: SimulatedOffice, text: str) -> None:
    with office.store.view() as view, pytest.raises(Refused) as refused:
        checked_key(view, text, Scope.READ)
    assert refused.value.code == "key.invalid"


def test_key__with_a_changed_secret_or_revoked__opens_nothing(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, OTHER, Scope.READ)
    assert ask(api, key, "GET", "/client/me")[0] == 200
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert ask(api, changed, "GET", "/client/me")[0] == 401
    with office.store.transaction() as unit:
        revoke_key(unit, key.split("_")[1], "ada", 9)
    status, told = ask(api, key, "GET", "/client/me")
    assert (status, told["code"]) == (401, "key.invalid")


def test_key__without_the_scope__is_403(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, OTHER, Scope.READ)
    quote = {"id": "q", "symbol": "TSLAx", "shares": "1"}
    for method, path, body in (("GET", "/desk/queues", None), ("POST", "/client/quotes", quote), ("GET", "/webhooks", None)):
        assert ask(api, key, method, path, body)[0] == 403, path


def test_keys__are_limited_and_labelled(office: SimulatedOffice) -> None:
    with office.store.transaction() as unit:
        with pytest.raises(Malformed):
            make_key(unit, "carol", "", (Scope.READ,), "ada", 7)
        with pytest.raises(Malformed):
            make_key(unit, "carol", "none", (), "ada", 7)
        for number in range(KEYS_MAX):
            make_key(unit, "carol", f"k{number}", (Scope.READ,), "ada", 7)
        with pytest.raises(Refused):
            make_key(unit, "carol", "one more", (Scope.READ,), "ada", 7)
        with pytest.raises(Malformed):
            revoke_key(unit, "0123", "ada", 8)
        assert isinstance(unit.page(ApiKey, person="carol", limit=1).rows[0], ApiKey)


def test_orders__of_another__are_as_if_they_were_not(office: SimulatedOffice, api: TestClient) -> None:
    mine, other = key_of(office, somebody(office), Scope.READ), key_of(office, OTHER, Scope.READ)
    status, page = ask(api, mine, "GET", "/client/orders?limit=3")
    assert status == 200
    order = page["items"][0]
    assert ask(api, mine, "GET", f"/client/orders/{order['id']}") == (
        200,
        {**order, "events": ask(api, mine, "GET", f"/client/orders/{order['id']}")[1]["events"]},
    )
    for path in ("orders", "documents", "quotes"):
        theirs, none = ask(api, other, "GET", f"/client/{path}/{order['id']}"), ask(api, other, "GET", f"/client/{path}/never")
        assert theirs[0] == none[0] == 404
        assert theirs[1]["code"] == none[1]["code"]
    assert ask(api, other, "GET", "/client/orders")[1]["items"] == []


def test_orders__paged__are_each_told_once_with_every_step(office: SimulatedOffice, api: TestClient) -> None:
    key, found, after = key_of(office, somebody(office), Scope.READ), [], ""
    while True:
        page = ask(api, key, "GET", f"/client/orders?limit=7{after}")[1]
        found += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    ids = [each["id"] for each in found]
    assert len(ids) == len(set(ids)) > 60
    assert {each["side"] for each in found} == {"subscribe", "redeem"}
    assert {len(each["steps"]) for each in found} == {5, 6}
    done = [each for each in found if each["code"] == "COMPLETED"]
    assert done
    assert all(step["state"] == "done" for each in done for step in each["steps"])


def test_subscription__asked_twice__is_one_order_and_with_other_content_a_conflict(
    office: SimulatedOffice, api: TestClient
) -> None:
    key = key_of(office, "dora", Scope.READ, Scope.TRADE)
    body = {"requestId": "api-1", "symbol": "TSLAx", "network": EVM, "wallet": "0x" + "1" * 40, "shares": "2"}
    first = ask(api, key, "POST", "/client/subscriptions", body)
    assert first[0] == 200, first
    assert ask(api, key, "POST", "/client/subscriptions", body) == first
    assert first[1]["code"] == "REQUESTED"
    status, told = ask(api, key, "POST", "/client/subscriptions", body | {"shares": "3"})
    assert (status, told["code"]) == (409, "request.conflict")
    assert ask(api, key_of(office, OTHER, Scope.TRADE), "POST", "/client/subscriptions", body)[0] == 409


def test_order__cancelled__ends_once_for_its_owner_alone(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "dora", Scope.READ, Scope.TRADE)
    body = {"requestId": "api-3", "symbol": "TSLAx", "network": EVM, "wallet": "0x" + "1" * 40, "shares": "2"}
    assert ask(api, key, "POST", "/client/subscriptions", body)[1]["canCancel"] is True
    path = "/client/orders/api-3/cancel"
    assert ask(api, key_of(office, "dora", Scope.READ), "POST", path)[0] == 403
    assert ask(api, key_of(office, OTHER, Scope.TRADE), "POST", path)[0] == 404
    first = ask(api, key, "POST", path)
    assert first[0] == 200, first
    assert (first[1]["code"], first[1]["isFinal"], first[1]["canCancel"]) == ("CANCELLED", True, False)
    assert first[1]["events"][-1]["label"] == "Cancelled"
    assert ask(api, key, "POST", path) == first
    done = completed(office)
    status, told = ask(api, key_of(office, done.person, Scope.TRADE), "POST", f"/client/orders/{done.id}/cancel")
    assert (status, told["code"]) == (422, "order.under_way")


def test_refusal__is_422_with_its_rule_and_recorded(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "dora", Scope.READ, Scope.TRADE)
    body = {"requestId": "api-2", "symbol": "TSLAx", "network": EVM, "wallet": "LISTED", "shares": "2"}
    status, told = ask(api, key, "POST", "/client/subscriptions", body)
    assert (status, told["code"]) == (422, "compliance.sanctioned_address")
    seen = ask(api, key, "GET", "/client/orders/api-2")[1]
    assert (seen["code"], seen["rule"]) == ("REJECTED", "compliance.sanctioned_address")


def test_quote__is_priced_and_only_its_owner_sees_it(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "dora", Scope.READ, Scope.TRADE)
    status, quote = ask(api, key, "POST", "/client/quotes", {"id": "api-q", "symbol": "TSLA", "amountUsd": "1000"})
    assert status == 200, quote
    assert ask(api, key, "GET", "/client/quotes/api-q") == (200, quote)
    assert ask(api, key_of(office, OTHER, Scope.READ), "GET", "/client/quotes/api-q")[0] == 404
    both = {"id": "api-r", "symbol": "TSLA", "amountUsd": "1000", "shares": "1"}
    assert ask(api, key, "POST", "/client/quotes", both)[0] == 400


@pytest.mark.parametrize(
    "more", [{"shares": 2}, {"shares": "1e3"}, {"shares": "-1"}, {"extra": "x"}, {"network": "evm"}, {"wallet": ""}]
)
def test_body__that_does_not_fit__is_400(office: SimulatedOffice, api: TestClient, more: dict[str, Any]) -> None:
    body = {"requestId": "api-9", "symbol": "TSLAx", "network": EVM, "wallet": "0x1", "shares": "2"} | more
    assert ask(api, key_of(office, f"eve{len(str(more))}", Scope.TRADE), "POST", "/client/subscriptions", body)[0] == 400


def test_redemption__has_its_place_in_line(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "dora", Scope.READ, Scope.TRADE)
    body = {"requestId": "api-red", "symbol": "TSLAx", "network": EVM, "wallet": "0x" + "2" * 40, "raw": "1", "kind": "cash"}
    status, told = ask(api, key, "POST", "/client/redemptions", body)
    assert status == 200, told
    assert told["place"] is not None
    assert told["code"] == "REQUESTED"


def test_desk__reads_its_queues_and_health(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "ada", Scope.DESK)
    status, queues = ask(api, key, "GET", "/desk/queues")
    assert status == 200
    for queue in queues["items"]:
        status, page = ask(api, key, "GET", f"/desk/queues/{queue['name']}")
        assert (status, page["total"]) == (200, queue["count"])
    assert ask(api, key, "GET", "/desk/queues/none")[0] == 404
    status, health = ask(api, key, "GET", "/desk/health")
    assert status == 200
    assert health["indexed"] == {"evm": 120, "solana": 4000}


@pytest.fixture
def venue(office: SimulatedOffice, tmp_path: Path) -> Iterator[VenueBooks]:
    """The venue's money beside the office, with something in every queue."""
    made = VenueBooks(tmp_path, office.now)
    made.fill()
    money: Any = made
    office.venue = WebVenueDesk(money)
    yield made
    office.venue = None
    made.close()


def queues_told(api: TestClient, key: str) -> dict[str, int | None]:
    status, told = ask(api, key, "GET", "/desk/queues")
    assert (status, told["total"]) == (200, len(told["items"]))
    return {each["name"]: each["count"] for each in told["items"]}


def test_desk__of_an_issuer_with_a_venue__reads_the_queues_of_its_money(
    office: SimulatedOffice, api: TestClient, venue: VenueBooks
) -> None:
    key = key_of(office, "vic", Scope.DESK)
    counts = {name: count for name, count in queues_told(api, key).items() if name.startswith("venue-")}
    assert counts == {"venue-withdrawals": 1, "venue-deposits": 3, "venue-breaks": 1, "venue-commands": 1}
    for name, count in counts.items():
        status, page = ask(api, key, "GET", f"/desk/queues/{name}")
        assert (status, page["total"], len(page["items"])) == (200, count, count)
    (large,) = ask(api, key, "GET", "/desk/queues/venue-withdrawals")[1]["items"]
    assert (large["id"], large["symbol"], large["client"]) == (LARGE, "TUSD", "7")


def test_desk__reads_a_long_queue_of_the_venues_in_parts(office: SimulatedOffice, api: TestClient, venue: VenueBooks) -> None:
    key, path = key_of(office, "val", Scope.DESK), "/desk/queues/venue-deposits?limit=1"
    pages = [ask(api, key, "GET", path)[1]]
    while pages[-1]["next"]:
        pages.append(ask(api, key, "GET", f"{path}&after={pages[-1]['next']}")[1])
    found = [each["id"] for page in pages for each in page["items"]]
    assert (len(found), len(set(found))) == (3, 3)


def test_desk__while_the_venues_store_is_away__tells_that_its_counts_are_unknown_and_the_rest(
    office: SimulatedOffice, api: TestClient, venue: VenueBooks
) -> None:
    key = key_of(office, "vera", Scope.DESK)
    there, venue.is_there = queues_told(api, key), False
    assert queues_told(api, key) == {name: None if name.startswith("venue-") else count for name, count in there.items()}
    assert ask(api, key, "GET", "/desk/queues/venue-breaks")[0] == 503
    venue.is_there = True
    assert queues_told(api, key) == there


def test_desk__without_a_venue__has_no_queues_of_one(office: SimulatedOffice, api: TestClient) -> None:
    key = key_of(office, "vito", Scope.DESK)
    assert not [name for name in queues_told(api, key) if name.startswith("venue-")]
    assert ask(api, key, "GET", "/desk/queues/venue-breaks")[0] == 404


def test_cookies__are_never_read(office: SimulatedOffice, api: TestClient, tmp_path: Path) -> None:
    key = key_of(office, OTHER, Scope.READ)
    answer = api.get("/client/me", headers={"Cookie": f"X-API-Key={key}"})
    assert answer.status_code == 401
