"""The second API against its own document: no made-up request is answered by a server error or out of the schema."""

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from eth_utils.address import to_checksum_address
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.api.public.office import SimulatedOffice, client_of, key_of, simulated, somebody

from openscrip.api.public.limits import Rate
from openscrip.api.v2 import api_v2, document
from openscrip.assets.stock import Stock
from openscrip.runtime.api_keys import Scope

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUND = 8
"""Requests of each kind for each operation."""
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, unsupported_method,
]  # fmt: skip
KNOWN = (
    "TSLAx",
    "NVDA",
    "sub-1",
    "sub-60",
    "red-1",
    "XNAS",
    "breaks",
    "2024-06",
    "NVDA.SPLF.2024-06-10",
    "wh_0123456789abcdef",
)
"""What stands in the simulated quarter."""
DOCUMENT = document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: dict[str, Any] = {
    f"{each.method.upper()} {each.path}": each
    for each in (found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok))
}
bounded = settings(
    max_examples=ROUND, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> SimulatedOffice:
    return simulated(tmp_path_factory.mktemp("reports"))


def test_document__names_every_operation_once_and_with_its_failures(office: SimulatedOffice) -> None:
    assert api_v2(office).openapi() == DOCUMENT
    names = [each["operationId"] for path in DOCUMENT["paths"].values() for each in path.values()]
    assert len(OPERATIONS) == len(names) == len(set(names)) >= 30
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            assert {"200", "400", "405", "429", "500", "503"} <= set(operation["responses"]), path
            assert ("401" in operation["responses"]) == (not path.startswith("/public")), path


@pytest.fixture(scope="module")
def door(office: SimulatedOffice) -> TestClient:
    return client_of(office, rate=Rate(100_000, 100_000.0))


@pytest.fixture(scope="module")
def key(office: SimulatedOffice) -> str:
    return key_of(office, somebody(office), *Scope)


def asked(name: str, mode: GenerationMode, door: TestClient, key: str) -> list[int]:
    """The statuses of a round of requests, some of them with a key, some of them about what exists."""
    heard: list[int] = []

    @bounded
    @given(OPERATIONS[name].as_strategy(generation_mode=mode), st.randoms(use_true_random=False))
    def ask(case: Any, chance: Any) -> None:
        for part in case.path_parameters or {}:
            if chance.random() < 0.5:
                case.path_parameters[part] = chance.choice(KNOWN)
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
        sent.pop("cookies")
        if isinstance(sent.get("data"), bytes):
            sent["content"] = sent.pop("data")
        if chance.random() < 0.8:
            sent["headers"] = {**(sent.get("headers") or {}), "X-API-Key": key}
        answer = door.request(**{part: value for part, value in sent.items() if value is not None})
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"code", "text"}
        heard.append(answer.status_code)

    ask()
    return heard


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation__asked_what_its_schema_allows__answers_as_declared(door: TestClient, key: str, name: str) -> None:
    assert asked(name, GenerationMode.POSITIVE, door, key)


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if each.body or each.query])
def test_operation__asked_what_its_schema_forbids__answers_as_declared(door: TestClient, key: str, name: str) -> None:
    heard = asked(name, GenerationMode.NEGATIVE, door, key)
    assert heard
    if OPERATIONS[name].body:
        assert set(heard) <= {400, 401, 404, 409, 413, 422, 429}


WALLET = "0x" + "1" * 40
PLACES = {
    "symbol": "TSLAx", "event_id": "NVDA.SPLF.2024-06-10", "label": "2024-06", "mic": "XNAS", "name": "breaks",
    "quote_id": "good-q",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "POST /client/quotes": {"id": "good-q", "symbol": "TSLA", "amountUsd": "1000"},
    "POST /client/subscriptions": {"requestId": "good-s", "symbol": "TSLAx", "wallet": WALLET, "shares": "2"},
    "POST /client/redemptions": {"requestId": "good-r", "symbol": "TSLAx", "wallet": WALLET, "raw": "1", "kind": "cash"},
    "POST /webhooks": {"requestId": "good-w", "url": "http://127.0.0.1:9/hook", "events": ["coverage.changed"]},
}


def test_every_operation__asked_rightly__answers_200_as_declared(office: SimulatedOffice, door: TestClient, key: str) -> None:
    with office.store.view() as view:
        before = view.rows(Stock)
    own = door.get("/client/orders?limit=1", headers={"X-API-Key": key}).json()["items"][0]["id"]
    (office.reports / "reserve-2024-06.json").write_text("{}")
    network = next(each.caip2 for each in office.networks.values() if each.caip2.startswith("eip155:"))
    _with_tokens(
        office, [replace(each, tokens=tuple((chain, _address(each.id, chain)) for chain, _ in each.tokens)) for each in before]
    )
    try:
        places = PLACES | {"request_id": own}
        cancel = "POST /client/orders/{request_id}/cancel"
        last = (cancel, "DELETE /webhooks/{webhook_id}")
        for name in sorted(OPERATIONS, key=lambda each: (each in last, not each.startswith("POST"), each)):
            body = BODIES.get(name)
            if body and "wallet" in body:
                body = body | {"network": network}
            operation = OPERATIONS[name]
            at = places | {"request_id": BODIES["POST /client/subscriptions"]["requestId"]} if name == cancel else places
            parts = {part: at[part] for part in re.findall(r"\{(\w+)\}", name)}
            case = operation.Case(path_parameters=parts, **({"body": body} if body else {}))
            answer = door.request(operation.method, case.formatted_path, json=body, headers={"X-API-Key": key})
            assert answer.status_code == 200, (name, answer.text)
            case.validate_response(answer, checks=CHECKS)
            if name == "POST /webhooks":
                places["webhook_id"] = answer.json()["id"]
    finally:
        _with_tokens(office, before)
        (office.reports / "reserve-2024-06.json").unlink()


def _address(stock: str, chain: str) -> str:
    return to_checksum_address(hashlib.sha256(f"{stock} {chain}".encode()).digest()[:20])


def _with_tokens(office: SimulatedOffice, stocks: list[Stock]) -> None:
    with office.store.transaction() as unit:
        for each in stocks:
            unit.put(each)
