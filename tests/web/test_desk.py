"""The desk: what waits, who may decide, what needs two persons, and that each decision is in the audit chain."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.desk_books import desk_over
from tests.web.stage import Stage, Visitor

from openscrip.assets.accounts import client_payable
from openscrip.issuance.break_row import Break
from openscrip.issuance.cases import Case, open_case
from openscrip.runtime.ledger import Transfer
from openscrip.web.pages.desk_looks import ACCOUNTS_SHOWN

HOSTILE = '<script>alert(1)</script><div hx-get="/x" hx-trigger="load">'
BREAK = Break("TSLA:supply:evm:1", "TSLA", "supply", "evm", "100", HOSTILE, "1", 1_717_416_000)
CASE = Case("case-1", "alice", "sanctions", "sanctions.name", "a name that is alike", "sanctions:1", 1_717_416_000, True)


@pytest.fixture
def desk(up_to_date: Path, tmp_path: Path) -> Iterator[Stage]:
    """A stage whose books know everything, with a difference and a case in them."""
    with desk_over(up_to_date, tmp_path) as made:
        with made.office.store.transaction() as unit:
            unit.put(BREAK)
            open_case(unit, CASE)
        yield made


def decide(who: Visitor, kind: str, item: str, **told: str) -> Any:
    fields = who.fields(f"/desk/items/{kind}/{item}")
    return who.post(f"/desk/decisions/{kind}", {**fields, "id": item, "reason": "looked at it", **told})


def test_what_waits__is_counted_listed_and_shown_as_text(desk: Stage) -> None:
    who, _ = desk.operator("ada", "auditor")
    assert "Differences between books" in who.get("/desk").text
    listed = who.get("/desk/queues/breaks").text
    assert BREAK.id in listed
    shown = who.get(f"/desk/items/breaks/{BREAK.id}").text
    for text in (listed, shown):
        assert "<script>alert" not in text
        assert "<div hx-get" not in text
    assert "Accept the difference" not in shown
    assert who.get("/desk/queues/none").status_code == 404
    assert who.get("/desk/items/breaks/none").status_code == 404
    assert who.get("/desk/queues/breaks?after=x").status_code == 400


def test_a_difference__accepted_twice_by_a_double_click__is_closed_once_in_the_operators_name(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator")
    fields = {**who.fields(f"/desk/items/breaks/{BREAK.id}"), "id": BREAK.id, "reason": "known"}
    answers = [who.post("/desk/decisions/breaks", fields) for _ in range(2)]
    assert {each.headers["location"] for each in answers} == {f"/desk/items/breaks/{BREAK.id}"}
    with desk.office.store.view() as view:
        row = view.row(Break, BREAK.id)
    assert row is not None
    assert replace(row, closed_at=0) == replace(BREAK, state="accepted", closed_by="ada", reason="known")
    assert [act for act in desk.acts() if "breaks.decide" in act] == [f"operator:ada breaks.decide {BREAK.id}"]
    told = {"csrf": who.fields("/security")["csrf"], "key": "k" * 32, "id": BREAK.id, "reason": "known"}
    assert who.post("/desk/decisions/breaks", told).status_code == 422


@pytest.mark.parametrize("role", ["auditor", "compliance", "approver", "admin"])
def test_a_difference__is_not_for_every_role(desk: Stage, role: str) -> None:
    who, _ = desk.operator("ada", role)
    token = who.fields("/security")["csrf"]
    told = {"csrf": token, "key": "k" * 32, "id": BREAK.id, "reason": "known"}
    assert who.post("/desk/decisions/breaks", told).status_code == 403


def test_a_case__is_never_released_by_one_twice__and_confirmed_by_one(desk: Stage) -> None:
    ada, _ = desk.operator("ada", "compliance")
    bert, _ = desk.operator("bert", "compliance")
    assert decide(ada, "cases", "case-1", word="release").status_code == 303
    twice = decide(ada, "cases", "case-1", word="release")
    assert twice.status_code == 422
    assert "another person must agree" in twice.text
    office: Any = desk.office
    assert office.room.cleared == []
    assert "ada: release (looked at it)" in bert.get("/desk/items/cases/case-1").text
    assert decide(bert, "cases", "case-1", word="confirm").status_code == 303
    assert office.room.cleared == []
    assert [act for act in desk.acts() if "cases.decide" in act] == [
        "operator:ada cases.decide case-1", "operator:bert cases.decide case-1",
    ]  # fmt: skip


def test_a_decision__without_a_reason__is_not_made(desk: Stage) -> None:
    who, _ = desk.operator("ada", "compliance")
    answer = decide(who, "cases", "case-1", word="release", reason="")
    assert answer.status_code == 422
    assert "f-reason-fault" in answer.text


def test_the_ledger__of_more_accounts_than_a_page_shows__is_paged_and_an_order_is_found_by_its_id(desk: Stage) -> None:
    who, _ = desk.operator("ada", "auditor")
    orders = [f"o-{number:03d}" for number in range(ACCOUNTS_SHOWN + 5)]
    with desk.office.store.transaction() as unit:
        unit.post(
            [
                Transfer(f"{each}:paid", "USD/bank", client_payable(each), 10**6 + place, each)
                for place, each in enumerate(orders)
            ]
        )
    first = who.get("/desk/ledger").text
    assert first.count("205.02091") >= 2
    assert "Debits equal credits" in first
    assert "USD/client_payable:o-000<" in first
    assert "USD/client_payable:o-204<" not in first
    following = html.unescape(re.findall(r'href="(/desk/ledger[?][^"]*after[^"]*)"', first)[0])
    rest = who.get(following).text
    assert "USD/client_payable:o-204<" in rest
    assert "USD/client_payable:o-000<" not in rest
    assert "after=" not in rest
    for asked in ("o-007", "client_payable:o-007"):
        found = who.get(f"/desk/ledger?account={asked}").text
        assert "USD/client_payable:o-007<" in found
        assert "USD/client_payable:o-008<" not in found
    assert "No account of this unit" in who.get("/desk/ledger?account=o-").text


def test_audit_ledger_and_search__show_what_is_there(desk: Stage) -> None:
    who, _ = desk.operator("ada", "operator", "compliance")
    decide(who, "breaks", BREAK.id)
    audit = who.get("/desk/audit").text
    assert "The chain holds" in audit
    assert "breaks.decide" in audit
    assert "breaks.decide" not in who.get("/desk/audit?who=operator:nobody").text
    assert "Debits equal credits" in who.get("/desk/ledger").text
    found = who.get(f"/desk/search?q={BREAK.id}").text
    assert "/desk/items/breaks/TSLA%3Asupply%3Aevm%3A1" in found
    assert "what persons did about it" in found
    assert "Nothing has the id" in who.get("/desk/search?q=none").text
    assert "<script>alert" not in who.get("/desk/search").text
    assert "<script>alert" not in who.http.get("/desk/search", params={"q": HOSTILE}).text
