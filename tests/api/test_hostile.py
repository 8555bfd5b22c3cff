"""Every route that takes a body, given its own valid body and then everything that is wrong with it.

The schema's own generator knows what the document says; this one knows what it does not: bytes that are no JSON, fields given
twice, numbers without end, depth, other alphabets, and rows that exist. No route of the application is left out.
"""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.api.whole_office import KNOWN, PERSON, WALLET, WholeOffice, furnish, serve, serve_alone, whole_document
from tests.fuzz import nasty_value, spoil_bytes

from openscrip.api.body import BODY_BYTES_MAX

pytestmark = pytest.mark.slow

SIGNED = {"by": "olga", "reason": "looked at it"}
ORDER = {"client": "alice", "stock": "TSLA", "chain": "evm", "wallet": WALLET}
DIGEST = "ab" * 32
BODIES: dict[str, dict[str, Any]] = {
    "/v1/clients": PERSON | {"id": "carl", "wallets": [{"chain": "evm", "address": WALLET, "signature": "0x12"}]},
    "/v1/subscriptions": ORDER | {"request_id": "sub-2", "shares": "3", "quote": "", "funding": "bank"},
    "/v1/redemptions": ORDER | {"request_id": "red-2", "raw": "1", "kind": "cash"},
    "/v1/cancellations": {"client": "alice", "request_id": "sub-1"},
    "/v1/quotes": {"id": "quote-2", "client": "alice", "stock": "TSLA", "side": "subscribe", "shares": "1", "amount_usd": ""},
    "/v1/deposits/decisions": {"id": "evm:1", "decision": "return", **SIGNED},
    "/v1/conversions": {
        "id": "conv-1", "side": "to_dollars", "asset": "USDX", "chain": "evm", "amount_usd": "10", "by": "olga", "reason": "x",
    },
    "/v1/reports": {"month": "2024-05"},
    "/v1/stocks": {"symbol": "AAPL"},
    "/v1/clock": {"advance_to": "2024-06-04T12:00:00Z"},
    "/v1/commands/{key}/unpark": {},
    "/v1/breaks/{break_id}/accept": {"by": "olga", "reason": "known"},
    "/v1/corporate-actions/queue/{item_id}/resolve": {
        **SIGNED, "document": "letter", "source": "", "record_date": "2024-06-05", "pay_date": "",
    },
    "/v1/crossings/way": {"stock": "TSLA", "source": "evm", "destination": "solana", "holder": WALLET, "receiver": WALLET},
    "/v1/stocks/{symbol}/lanes": {"step": "propose"},
    "/v1/crossings/{crossing_id}/release": {"by": "olga", "reason": "looked at it"},
    "/v1/participants": {"client": "bob", "mail": "bob@broker.example"},
    "/v1/in-kind/{request_id}/resume": {"by": "olga", "reason": "looked at it"},
    "/v1/compliance/cases/{case_id}/decide": {**SIGNED, "word": "release"},
    "/v1/compliance/persons": PERSON | {"id": "dora", "by": "olga"},
    "/v1/compliance/persons/{client_id}/change": PERSON | {"name": "Alice Keller", **SIGNED},
    "/v1/compliance/persons/{client_id}/reveal": SIGNED,
    "/v1/compliance/reseal": {},
    "/v1/nudge": {},
    "/v1/compliance/persons/{client_id}/evidence": {
        "kind": "proof_of_address", "issued_on": "2024-01-02", "expires_on": "2030-01-02", "sha256": DIGEST, "number": "1",
        "country": "DE", "by": "olga",
    },
    "/v1/compliance/persons/{client_id}/owners": {"stakes": [{"owner": "bob", "bps": 5_000}], "by": "olga"},
    "/v1/compliance/persons/{client_id}/examinations": {"provider": "persona", "subject": "inq_2"},
    "/v1/compliance/wallet-challenges": {"client": "alice", "chain": "evm", "address": WALLET},
    "/v1/compliance/wallet-challenges/{challenge_id}/answer": {"signature": "0x12"},
    "/v1/compliance/lists": {"publisher": "own", "files": ["own.csv"]},
    "/v1/compliance/lists/{version_id}/accept": SIGNED,
    "/v1/webhooks/{provider}": {"data": {"id": "evt_1", "attributes": {"name": "inquiry.approved"}}},
    "/v1/paper/clients": PERSON | {"id": "emil"},
    "/v1/paper/pay": {"request_id": "sub-1"},
    "/v1/paper/escrow": {"request_id": "red-1"},
}  # fmt: skip
WITHOUT_EFFECT = {"/v1/compliance/reseal", "/v1/nudge"}
BODILESS = {*WITHOUT_EFFECT, "/v1/commands/{key}/unpark"}
"""Nothing in a body matters to them."""
EACH, SOAK_EACH = 40, 30_000
DOCUMENT = whole_document()
POSTED = sorted(path for path, told in DOCUMENT["paths"].items() if "post" in told)


@pytest.fixture
def door() -> Iterator[TestClient]:
    with serve(WholeOffice()) as client:
        furnish(client)
        yield client


def test_every_route_that_takes_something_has_its_body_here() -> None:
    assert sorted(BODIES) == POSTED
    methods = {method for told in DOCUMENT["paths"].values() for method in told}
    assert methods == {"get", "post"}


def spoil(body: Any, chance: random.Random) -> Any:
    """The body with one thing in it changed, left out, added, or put a level deeper."""
    told = copy.deepcopy(body)
    place = told
    while isinstance(place, dict | list) and place and chance.random() < 0.4:
        inner = [each for each in (place.values() if isinstance(place, dict) else place) if isinstance(each, dict | list)]
        if not inner:
            break
        place = chance.choice(inner)
    if isinstance(place, dict):
        name = chance.choice([*place, "more", "constructor"])
        match chance.randrange(4):
            case 0:
                place.pop(name, None)
            case 1:
                place[name] = [place.get(name)]
            case 2:
                place[name] = str(place.get(name)) + chance.choice(["\n", "\x00", "0", "€", " ", "'"])
            case _:
                place[name] = nasty_value(chance)
    else:
        place.append(nasty_value(chance))
    return told


def content(body: Any, chance: random.Random) -> bytes:
    """The bytes of a spoilt body: mostly JSON, sometimes not even that, sometimes with its fields twice."""
    told = json.dumps(body if chance.random() < 0.1 else spoil(body, chance)).encode()
    match chance.randrange(8):
        case 0:
            return spoil_bytes(told, chance)
        case 1:
            return told[:-1] + b"," + told[1:] if len(told) > 2 else told
        case 2:
            return chance.choice(
                [b"", b"\xff\xfe{}", b"[" * 5_000, b'{"a":' * 5_000, b"9" * 5_000, b"x" * (BODY_BYTES_MAX + 1)]
            )
        case _:
            return told


def path_of(template: str, chance: random.Random) -> str:
    """The route with rows that exist in its places, or with anything."""
    made = template
    while "{" in made:
        before, _, rest = made.partition("{")
        odd = ["x", "%00", "%ff", "..%2f..", "a%20b", "%F0%9F%92%A9", "9" * 400, "sub-1:o1", "'", "%0a"]
        made = before + chance.choice([*KNOWN, *odd]) + rest.partition("}")[2]
    return made


def press(door: TestClient, template: str, count: int, chance: random.Random) -> set[int]:
    """Send so many; every answer is one of the declared, and a failure says its rule and why."""
    statuses = set()
    for number in range(count):
        path, raw = path_of(template, chance), content(BODIES[template], chance)
        kind = chance.choice(
            ["application/json"] * 8 + ["text/plain", "application/json; charset=utf-16", "multipart/form-data"]
        )
        answer = door.post(path, content=raw, headers={"content-type": kind})
        assert answer.status_code in {200, 202, 400, 404, 409, 413, 422}, (template, number, path, raw[:300], answer.text)
        if answer.status_code >= 400:
            told = answer.json()
            assert told["code"], (template, raw[:300])
            assert told["text"], (template, raw[:300])
        statuses.add(answer.status_code)
    return statuses


def books_of(door: TestClient) -> dict[str, Any]:
    """Everything that the office tells of its books by GET without a name in the path."""
    paths = [path for path, told in DOCUMENT["paths"].items() if "get" in told and "{" not in path]
    return {path: door.get(path).json() for path in paths if path not in {"/v1/refusals"}}


@pytest.mark.slow
@pytest.mark.parametrize("template", POSTED)
def test_route__given_spoilt_bodies_of_its_own__never_fails(door: TestClient, template: str) -> None:
    assert press(door, template, EACH, random.Random(template)) & {400, 404, 413, 422} or template in BODILESS


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("template", POSTED)
def test_route__given_thousands_of_spoilt_bodies__never_fails(door: TestClient, template: str) -> None:
    assert press(door, template, SOAK_EACH, random.SystemRandom()) & {400, 404, 413, 422}


@pytest.mark.parametrize("template", [path for path, told in DOCUMENT["paths"].items() if "get" in told])
def test_route__asked_for_by_odd_paths_and_queries__answers_or_refuses(door: TestClient, template: str) -> None:
    chance = random.Random(template)
    values = ["", "x", "-1", "9" * 30, "%00", "%ff", "a&state=b", "1e3", "' OR 1=1", "%F0%9F", "open"]
    for _ in range(20):
        name = chance.choice(["state", "stock", "after", "limit", "client", "q"])
        answer = door.get(f"{path_of(template, chance)}?{name}={chance.choice(values)}")
        assert answer.status_code in {200, 400, 404, 422}, (template, answer.url, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"code", "text"}


@pytest.mark.parametrize("template", POSTED)
def test_route__given_no_readable_body__changes_nothing_and_counts_it(door: TestClient, template: str) -> None:
    path = template.replace("{client_id}", "alice").replace("{provider}", "persona").replace("{symbol}", "TSLA")
    before, counted = books_of(door), refused(door)
    wrong = [b"", b"{", b"\xff", b"[]", b'"x"', b"null", b"x" * (BODY_BYTES_MAX + 1), b'{"a":' * 5_000]
    failed = 0
    for raw in wrong:
        answer = door.post(path, content=raw, headers={"content-type": "application/json"})
        assert (200 <= answer.status_code < 300) == (template in WITHOUT_EFFECT and len(raw) <= BODY_BYTES_MAX)
        failed += answer.status_code >= 400
    assert refused(door) - counted == failed >= (1 if template in BODILESS else len(wrong))
    after = books_of(door)
    assert after.keys() == before.keys()
    assert {name: told for name, told in after.items() if name != "/v1/compliance"} == {
        name: told for name, told in before.items() if name != "/v1/compliance"
    }


def refused(door: TestClient) -> int:
    """How many refusals `/metrics` has counted at this door."""
    lines = door.get("/metrics").text.splitlines()
    return sum(int(line.rpartition(" ")[2]) for line in lines if line.startswith("openscrip_api_refused{"))


@pytest.fixture
def counted() -> Iterator[TestClient]:
    """A door that has refused nothing yet."""
    with serve_alone(WholeOffice()) as client:
        furnish(client)
        yield client


def test_metrics__after_refusals__name_their_rules(counted: TestClient) -> None:
    door = counted
    door.post("/v1/subscriptions", json=ORDER | {"request_id": "sub-9", "shares": "9000"})
    door.post("/v1/subscriptions", content=b"{", headers={"content-type": "application/json"})
    door.get("/v1/none")
    door.get("/v1/status", headers={"host": "attacker.example"})
    told = door.get("/metrics").text
    for rule in ("compliance.order_limit", "body.json", "route.unknown", "http.400"):
        assert f'openscrip_api_refused{{rule="{rule}"}} 1\n' in told
    assert 'openscrip_counterparty_refused{from="broker",rule="fix.garbled"} 3\n' in told
    assert 'openscrip_counterparty_refused{from="custodian",rule="statement.epoch"} 1\n' in told


@pytest.mark.parametrize("header", [{"origin": "http://localhost:1"}, {"origin": "null"}, {"sec-fetch-site": "same-origin"}])
def test_door__asked_by_a_page_in_a_browser__answers_nothing(door: TestClient, header: dict[str, str]) -> None:
    for answer in (door.get("/v1/status", headers=header), door.post("/v1/nudge", headers=header)):
        assert (answer.status_code, answer.json()["code"]) == (403, "door.browser")
    assert door.get("/v1/health", headers={"sec-fetch-site": "none"}).status_code == 200
