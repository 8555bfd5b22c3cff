"""The public API: the shapes that integrators know, and every gap of theirs closed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.api.public.office import SimulatedOffice, client_of, simulated

from openscrip.api.public.limits import Rate
from openscrip.api.v2 import api_v2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> SimulatedOffice:
    return simulated(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def api(office: SimulatedOffice) -> TestClient:
    return client_of(office)


def read(api: TestClient, path: str, **query: Any) -> Any:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def everything(api: TestClient, path: str, limit: int) -> list[Any]:
    found, after, total = [], None, None
    while True:
        page = read(api, path, limit=limit, **({"after": after} if after else {}))
        found += page["items"]
        total, after = page["total"], page["next"]
        if after is None:
            assert total == len(found)
            return found


def values(told: Any) -> Iterator[tuple[str, Any]]:
    """Every named value in an answer."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield name, value
            yield from values(value)
    elif isinstance(told, list):
        for each in told:
            yield from values(each)


def test_assets__paged_by_one_and_by_many__are_each_told_once(api: TestClient) -> None:
    whole = everything(api, "/public/assets", 200)
    assert everything(api, "/public/assets", 1) == everything(api, "/public/assets", 4) == whole
    assert [each["symbol"] for each in whole] == sorted(each["symbol"] for each in whole)


def test_asset__by_token_symbol_share_or_isin__is_the_same(api: TestClient) -> None:
    one = read(api, "/public/assets/NVDAx")
    assert (
        read(api, "/public/assets/NVDA")
        == read(api, "/public/assets/nvdax")
        == read(api, f"/public/assets/{one['isin']}")
        == one
    )
    for deployment in one["deployments"]:
        assert deployment["id"] == f"{deployment['network']}:{deployment['address']}"
        assert deployment["decimals"] == (8 if deployment["network"].startswith("solana:") else 18)


def test_amounts__everywhere__are_exact_strings_and_no_number_is_a_float(api: TestClient) -> None:
    stock = "/public/assets/NVDAx"
    figures = [f"{stock}/{name}" for name in ("multiplier/history", "price-data", "coverage", "total-supply")]
    paths = ["/public/assets", "/public/proof-of-reserves", "/public/corporate-actions/history", *figures]
    for path in paths:
        for name, value in values(read(api, path)):
            assert not isinstance(value, float), (path, name)
            if isinstance(value, str) and name in (
                "raw",
                "shares",
                "value",
                "ratio",
                "sharesHeld",
                "sharesOwed",
                "multiplierNew",
            ):
                assert re.fullmatch(r"-?\d+(\.\d+)?", value), (path, name, value)


def test_multiplier_history__begins_at_version_0__and_has_no_gap(api: TestClient) -> None:
    history = list(reversed(everything(api, "/public/assets/NVDAx/multiplier/history", 2)))
    assert [each["version"] for each in history] == list(range(len(history)))
    assert history[0] == {"value": "1", "version": 0, "since": None, "eventId": None, "reason": None}
    assert len(history) == 4
    assert read(api, "/public/assets/NVDAx/multiplier")["current"] == {key: history[-1][key] for key in ("value", "version")}


def test_multiplier__at_a_block__is_the_one_in_force_then(api: TestClient, office: SimulatedOffice) -> None:
    newest = read(api, "/public/assets/NVDAx/multiplier", network="eip155:31337", at=1_000_000)
    assert newest["version"] == 3
    days_ago_110 = 1_000_000 - 110 * 24 * 60
    was = read(api, "/public/assets/NVDAx/multiplier", network="eip155:31337", at=days_ago_110)
    assert (was["version"], was["value"], was["eventId"]) == (0, "1", None)
    assert api.get("/public/assets/NVDAx/multiplier", params={"at": 5}).status_code == 400
    unknown = api.get("/public/assets/NVDAx/multiplier", params={"at": 2_000_000, "network": "eip155:31337"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "block.unknown")


def test_chains__all_show_the_version_of_the_books(api: TestClient) -> None:
    shown = read(api, "/public/assets/NVDAx/multiplier")
    assert len(shown["chains"]) == 2
    assert all(each["equalsBooks"] and each["current"]["version"] == shown["current"]["version"] for each in shown["chains"])
    one = read(api, "/public/assets/NVDAx/multiplier", network="eip155:31337")
    assert [each["network"] for each in one["chains"]] == ["eip155:31337"]


def test_proof__adds_up_from_its_own_parts(api: TestClient) -> None:
    for one in everything(api, "/public/proof-of-reserves", 2):
        assert one["state"] == "covered"
        assert float(one["sharesHeld"]) == sum(float(each["available"]) for each in one["holdings"])
        assert float(one["ratio"]) <= float(one["sharesHeld"]) / float(one["sharesOwed"])
        assert one["timestamp"] is not None


def test_price__says_of_what_since_when_and_from_where(api: TestClient) -> None:
    price = read(api, "/public/assets/NVDAx/price-data")
    multiplier = read(api, "/public/assets/NVDAx")["multiplier"]["value"]
    assert price["session"] == "overnight"
    assert price["asOf"] < "2024-09-27T00:00:00Z"
    assert price["stale"] is False
    assert abs(float(price["perRawToken"]) - float(price["perShare"]) * float(multiplier)) < 0.000_01


def test_corporate_actions__have_four_dates_one_id_and_a_final_state(api: TestClient) -> None:
    actions = {each["eventId"]: each for each in everything(api, "/public/corporate-actions/history", 5)}
    dividend = next(each for each in actions.values() if each["caType"] == "DVCA" and each["isFinal"])
    assert all(dividend[name] for name in ("exDate", "recordDate", "payDate", "effectiveAt"))
    assert dividend["status"] == "FINAL"
    assert [each["status"] for each in dividend["history"]][-1] == "FINAL"
    assert read(api, f"/public/corporate-actions/{dividend['eventId']}") == dividend
    ids = {each["eventId"] for each in everything(api, "/public/assets/NVDAx/multiplier/history", 50)} - {None}
    assert ids <= set(actions)


def test_coverage__over_time__starts_and_ends_where_asked_and_shows_gaps_as_nulls(api: TestClient) -> None:
    series = read(api, "/public/assets/TSLAx/coverage", since="2024-06-01T00:00:00Z", until="2024-09-27T00:00:00Z", points=2000)
    states = {each["state"] for each in series["points"]}
    assert "in_progress" in states
    for point in series["points"]:
        known = point["state"] in ("covered", "short")
        assert (point["held"] is not None) == known
        assert series["since"] <= point["at"] <= series["until"]
    assert [each["at"] for each in series["points"]] == sorted(each["at"] for each in series["points"])
    assert float(series["least"]) >= 1


def test_answers__unchanged__are_304_for_who_has_them(api: TestClient) -> None:
    first = api.get("/public/assets/NVDAx")
    again = api.get("/public/assets/NVDAx", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"
    other = api.get("/public/assets/TSLAx", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_pages_elsewhere__may_read_what_is_public_and_nothing_else(api: TestClient) -> None:
    public = api.get("/public/system/status", headers={"Origin": "https://elsewhere.example"})
    assert public.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in public.headers
    preflight = api.options("/public/assets", headers={"Origin": "https://e.example", "Access-Control-Request-Method": "GET"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    private = api.get("/client/me", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in private.headers
    assert private.headers["cache-control"] == "no-store"


def test_asking_too_often__is_429_with_the_time_to_wait(office: SimulatedOffice) -> None:
    api = TestClient(api_v2(office, rate=Rate(3, 0.01)), base_url="http://127.0.0.1")
    statuses = [api.get("/public/system/status").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = api.get("/public/system/status")
    assert refused.json()["code"] == "limits.reached"
    assert 1 <= int(refused.headers["retry-after"]) <= 101


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/public/assets/NOSUCHx", 404, "symbol.unknown"),
        ("/public/assets/a%00b", 400, "path.field"),
        ("/public/assets?limit=0", 400, "query.field"),
        ("/public/assets?limit=201", 400, "query.field"),
        ("/public/assets?after=%21", 400, "query.field"),
        ("/public/corporate-actions/history?after=eHl6", 400, "page.after"),
        ("/public/assets?network=eip155:1", 404, "network.unknown"),
        ("/public/reports/2024-06", 404, "report.unknown"),
        ("/public/exchanges/XXXX", 404, "exchange.unknown"),
        ("/public/nothing", 404, "route.unknown"),
    ],
)
def test_failures__all_have_one_shape(api: TestClient, path: str, status: int, code: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert set(answer.json()) == {"code", "text"}


def test_another_method__is_405_with_those_that_are_allowed(api: TestClient) -> None:
    answer = api.put("/public/assets")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "route.refused"


def test_proofs_of_holders__come_by_the_bucket(api: TestClient) -> None:
    told = read(api, "/public/reports/2024-06/holders/NVDAx?bucket=3f")
    assert [each["stock"] for each in told["items"]] == ["NVDA"]
    assert told["items"][0]["proof"] == {"index": 0, "path": []}
    assert api.get("/public/reports/2024-07/holders/NVDAx?bucket=3f").status_code == 404
    assert api.get("/public/reports/2024-06/holders/NVDAx?bucket=XY").status_code == 400


def test_events__are_answered_by_the_stream_that_was_given(office: SimulatedOffice) -> None:
    async def stream(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"event: coverage\n\n"})

    api = TestClient(api_v2(office, events=stream), base_url="http://127.0.0.1")
    answer = api.get("/public/events")
    assert (answer.status_code, answer.text) == (200, "event: coverage\n\n")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert client_of(office).get("/public/events").status_code == 404
