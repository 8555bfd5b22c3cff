"""The whole HTTP surface against its own document: no made-up request is answered by a server error or out of the schema."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.right_requests import RIGHT, Right, right, stocked
from tests.api.whole_office import KNOWN, WholeOffice, serve, whole_document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUND = 10
"""Requests of each kind for each operation."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(whole_document())
OPERATIONS: dict[str, Any] = {
    f"{each.method.upper()} {each.path}": each
    for each in (found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok))
}
NEVER_ANSWERED_2XX: dict[str, str] = {}
"""Operations that cannot be asked rightly over the simulated office, and why: none."""
bounded = settings(
    max_examples=ROUND, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_document__names_every_operation_in_a_form_that_can_be_asked() -> None:
    assert len(OPERATIONS) == sum(1 for _ in SCHEMA.get_all_operations())


@pytest.fixture
def office() -> WholeOffice:
    return WholeOffice()


@pytest.fixture
def door(office: WholeOffice) -> Iterator[TestClient]:
    with serve(office) as client:
        stocked(office, client)
        yield client


def judge(door: TestClient, case: Any, **over: Any) -> int:
    """Send a request, hold its answer against the document; gives the status."""
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1") | over
    sent.pop("cookies")
    if isinstance(sent.get("data"), bytes):
        sent["content"] = sent.pop("data")
    answer = door.request(**{name: value for name, value in sent.items() if value is not None})
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400:
        told = answer.json()
        assert isinstance(told["code"], str)
        assert told["code"]
        assert told["text"]
    return answer.status_code


def asked_rightly(name: str, door: TestClient, rightly: Right) -> int:
    """The status of the request that must succeed."""
    operation = OPERATIONS[name]
    parts = {part: rightly.parts[part] for part in re.findall(r"\{(\w+)\}", name)}
    case = operation.Case(path_parameters=parts, **({"body": dict(rightly.body)} if rightly.body else {}))
    over = {"content": rightly.content, "headers": dict(rightly.headers)} if rightly.content else {}
    return judge(door, case, **over)


def asked(name: str, mode: GenerationMode, door: TestClient, rightly: Right) -> list[int]:
    """The statuses of a round of requests: made up, with parts of their paths and, in good ones, of their bodies put right."""
    heard: list[int] = []

    @bounded
    @given(OPERATIONS[name].as_strategy(generation_mode=mode), st.randoms(use_true_random=False))
    def ask(case: Any, chance: Any) -> None:
        for part in case.path_parameters or {}:
            if chance.random() < 0.5:
                case.path_parameters[part] = chance.choice((*KNOWN, rightly.parts[part]))
        if rightly.body and mode is GenerationMode.POSITIVE:
            case.body.update({told: value for told, value in rightly.body.items() if chance.random() < 0.5})
        heard.append(judge(door, case))

    ask()
    return heard


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation__asked_what_its_schema_allows__answers_as_declared(
    office: WholeOffice, door: TestClient, tmp_path: Path, name: str
) -> None:
    rightly = right(name, office, tmp_path)
    is_answered = 200 <= asked_rightly(name, door, rightly) < 300
    assert is_answered == (name not in NEVER_ANSWERED_2XX), "it was not asked rightly: put what it needs into the office"
    assert asked(name, GenerationMode.POSITIVE, door, rightly)


def test_every_request_of_the_tables__is_one_of_an_operation() -> None:
    assert {*RIGHT, *NEVER_ANSWERED_2XX} <= set(OPERATIONS)


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if each.body or each.query])
def test_operation__asked_what_its_schema_forbids__answers_as_declared(
    office: WholeOffice, door: TestClient, tmp_path: Path, name: str
) -> None:
    heard = asked(name, GenerationMode.NEGATIVE, door, right(name, office, tmp_path))
    assert heard
    if OPERATIONS[name].body:
        assert set(heard) <= {400, 404, 413, 422}
