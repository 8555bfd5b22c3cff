"""Two persons: what waits, who may sign, that a signature is made now for exactly this payload, and that a denial is final."""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.databases import copy_of
from tests.web.authenticator import Device
from tests.web.desk_books import SplitQuestion, desk_over
from tests.web.investing import InvestorStage
from tests.web.stage import OPTIONS, ORIGIN, Response, Stage, Visitor

from openscrip.assets.stock import Stock
from openscrip.issuance.action_queue import Answer, QueueItem
from openscrip.issuance.cases import Case, decide_case, open_case
from openscrip.issuance.clients import Clearance, DecisionRecord
from openscrip.web.shell.rows import Passkey
from openscrip.web.signing.approvals import approval
from openscrip.web.signing.operators import CONSOLE, link_id, recover

AT = 1_717_416_000
CASE = Case("case-1", "alice", "name", "compliance.name_review", "a name that is alike", "g:1", AT, True)
SPLIT = SplitQuestion(AT, 2, date(2024, 5, 1), "it moves the multiplier much")
ASKED = SPLIT.asked
FORMS = re.compile(r'<form[^>]*action="(/desk/decisions/(?:approve|deny))".*?</form>', re.S)
INPUTS = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"')


@pytest.fixture
def desk(up_to_date: Path, tmp_path: Path) -> Iterator[Stage]:
    """A stage with a case that ada has released and a question that nobody has answered."""
    with desk_over(up_to_date, tmp_path) as made:
        with made.office.store.transaction() as unit:
            open_case(unit, CASE)
            decide_case(unit, CASE.id, "ada", "release", "another birth date", AT)
            unit.put(Stock("AAPL", "US0378331005", "SEG", "AAPLx", (("evm", "0x1"),)))
            unit.put(SPLIT.action)
            unit.put(ASKED)
        yield made


def forms(who: Visitor, approval_id: str) -> dict[str, dict[str, str]]:
    """The hidden fields of each form of an approval's page, by the last part of where it is sent."""
    answer = who.get(f"/desk/approvals/{approval_id}")
    assert answer.status_code == 200, answer.text
    found = {}
    for form in FORMS.finditer(answer.text):
        told = {name: html.unescape(value) for name, value in INPUTS.findall(form[0])}
        options = OPTIONS.search(form[0])
        found[form[1].rpartition("/")[2]] = told | ({"options": html.unescape(options[1])} if options else {})
    return found


def sign(who: Visitor, device: Device, approval_id: str, told: dict[str, str] | None = None, **over: str) -> Response:
    given = told or forms(who, approval_id)["approve"]
    credential = device.get(given["options"])
    sent = {**given, "credential": credential, "reason": "I looked, too", **over}
    return who.post("/desk/decisions/approve", {name: value for name, value in sent.items() if name != "options"})


def state_of(desk: Stage, kind: type[Any], row_id: str) -> str:
    with desk.office.store.view() as view:
        row = view.row(kind, row_id)
    assert row is not None
    return str(row.state)


def cleared(desk: Stage) -> list[str]:
    office: Any = desk.office
    found: list[str] = office.room.cleared
    return found


def test_what_waits__is_listed_for_who_may_sign_it__and_all_of_it_for_everybody(desk: Stage) -> None:
    ada, _ = desk.operator("ada", "compliance")
    bert, _ = desk.operator("bert", "compliance")
    aud, _ = desk.operator("aud", "auditor")
    assert "Release case-1" in bert.get("/desk/approvals").text
    assert "Release case-1" not in ada.get("/desk/approvals").text
    for who in (ada, bert, aud):
        assert "Release case-1" in who.get("/desk/approvals?show=all").text
    assert "approve" in forms(bert, "cases:case-1")
    assert set(forms(ada, "cases:case-1")) == {"deny"}
    assert forms(aud, "cases:case-1") == {}
    assert aud.get("/desk/approvals/cases:none").status_code == 404


def test_the_page__shows_the_payload_its_digest_and_what_it_would_do(desk: Stage) -> None:
    bert, _ = desk.operator("bert", "compliance")
    with desk.office.store.view() as view:
        found = approval(view, "cases:case-1", desk.at)
    assert found is not None
    page = bert.get("/desk/approvals/cases:case-1").text
    assert hashlib.sha256(found.body.encode()).hexdigest() in page
    assert html.escape(found.body, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    assert "another birth date" in page
    assert "ada was first" in page
    assert "Nothing is posted, nothing is called" in page
    assert state_of(desk, Case, "case-1") == "open"


def test_a_release__signed_by_another_person__is_done_once__with_digest_and_key_in_the_chain(desk: Stage) -> None:
    bert, device = desk.operator("bert", "compliance")
    told = forms(bert, "cases:case-1")["approve"]
    credential = device.get(told["options"])
    sent = {**told, "credential": credential, "reason": "so did I"}
    sent.pop("options")
    for _ in range(2):
        assert bert.post("/desk/decisions/approve", sent).headers["location"] == "/desk/approvals"
    assert (state_of(desk, Case, "case-1"), cleared(desk)) == ("released", ["case-1"])
    with desk.office.store.view() as view:
        [entry] = [each for each in view.audited() if each.action == "approvals.approve"]
    assert (entry.who, entry.subject) == ("operator:bert", "case-1")
    assert told["digest"] in entry.body
    assert bert.post("/desk/decisions/approve", {**sent, "key": "k" * 20}).status_code == 404


def test_who_asked__cannot_approve__nor_can_another_role(desk: Stage) -> None:
    bert, of_bert = desk.operator("bert", "compliance")
    told = forms(bert, "cases:case-1")["approve"]
    others = (("ada", "compliance", 422), ("Ada", "compliance", 422), ("cleo", "operator", 422), ("aud", "auditor", 403))
    for name, role, code in others:
        who, device = desk.operator(name, role)
        mine = {**told, "csrf": who.fields("/security")["csrf"]}
        assert sign(who, device, "cases:case-1", mine).status_code == code, name
    assert (state_of(desk, Case, "case-1"), cleared(desk)) == ("open", [])
    assert sign(bert, of_bert, "cases:case-1", told).status_code == 303


def test_a_second_release__without_a_signature__is_refused(desk: Stage) -> None:
    bert, _ = desk.operator("bert", "compliance")
    told = {"csrf": bert.fields("/security")["csrf"], "key": "k" * 20, "id": "case-1", "word": "release", "reason": "fine"}
    answer = bert.post("/desk/decisions/cases", told)
    assert (answer.status_code, "the second person signs" in answer.text) == (422, True)
    assert state_of(desk, Case, "case-1") == "open"
    page = bert.get("/desk/items/cases/case-1").text
    assert 'value="release"' not in page
    assert "/desk/approvals/cases%3Acase-1" in page


def test_a_signature__of_another_key_another_challenge_or_an_unverified_person__is_refused(desk: Stage) -> None:
    bert, device = desk.operator("bert", "compliance")
    _, of_cleo = desk.operator("cleo", "compliance")
    assert sign(bert, of_cleo, "cases:case-1").status_code == 422
    told = forms(bert, "cases:case-1")["approve"]
    of_sign_in = desk.visitor().fields("/desk/sign-in")["options"]
    assert sign(bert, device, "cases:case-1", {**told, "options": of_sign_in}).status_code == 422
    device.verifies = False
    assert sign(bert, device, "cases:case-1").status_code == 422
    device.verifies = True
    assert state_of(desk, Case, "case-1") == "open"
    assert not [act for act in desk.acts() if "approvals." in act]
    assert sign(bert, device, "cases:case-1").status_code == 303


def test_a_signature__used_again_too_late_or_in_another_session__is_void(desk: Stage) -> None:
    bert, device = desk.operator("bert", "compliance")
    told = forms(bert, "cases:case-1")["approve"]
    other = desk.visitor()
    assert other.sign_in_with(device).status_code == 303
    elsewhere = {**told, "csrf": other.fields("/security")["csrf"]}
    assert "answered before, too old, or asked elsewhere" in sign(other, device, "cases:case-1", elsewhere).text
    told = forms(bert, "cases:case-1")["approve"]
    assert sign(bert, device, "cases:case-1", told, reason="").status_code == 422
    assert sign(bert, Device(ORIGIN), "cases:case-1", told).status_code == 422
    assert sign(bert, device, "cases:case-1", told, key="n" * 20).status_code == 422
    told = forms(bert, "cases:case-1")["approve"]
    desk.at += 301
    assert sign(bert, device, "cases:case-1", told).status_code == 422
    assert state_of(desk, Case, "case-1") == "open"


def test_a_payload_that_changed__after_it_was_opened__makes_the_signature_void(desk: Stage) -> None:
    bert, device = desk.operator("bert", "compliance")
    told = forms(bert, "cases:case-1")["approve"]
    with desk.office.store.transaction() as unit:
        case = unit.row(Case, "case-1")
        assert case is not None
        unit.put(replace(case, what="another name"))
    answer = sign(bert, device, "cases:case-1", told)
    assert (answer.status_code, "it changed since you opened it" in answer.text) == (422, True)
    now = forms(bert, "cases:case-1")["approve"]
    assert now["digest"] != told["digest"]
    for mixed in ({**told, "digest": now["digest"]}, {**now, "options": told["options"]}):
        assert sign(bert, device, "cases:case-1", mixed).status_code == 422
    assert state_of(desk, Case, "case-1") == "open"
    assert sign(bert, device, "cases:case-1").status_code == 303


def test_a_denied_release__is_confirmed_and_cannot_be_approved_any_more(desk: Stage) -> None:
    bert, device = desk.operator("bert", "compliance")
    told = forms(bert, "cases:case-1")
    assert bert.post("/desk/decisions/deny", {**told["deny"], "reason": ""}).status_code == 422
    assert bert.post("/desk/decisions/deny", {**told["deny"], "reason": "it is the same person"}).status_code == 303
    assert state_of(desk, Case, "case-1") == "confirmed"
    assert sign(bert, device, "cases:case-1", told["approve"]).status_code == 404
    assert [act for act in desk.acts() if "approvals." in act] == ["operator:bert approvals.deny case-1"]


def propose(who: Visitor, **over: str) -> Response:
    told = {
        "csrf": who.fields("/security")["csrf"],
        "key": "p" * 20,
        "id": ASKED.id,
        "reason": "two notices",
        "document": "8-K",
    }
    return who.post("/desk/decisions/questions", {**told, **over})


def test_an_answer__proposed_by_one__is_resolved_by_the_signature_of_another(desk: Stage) -> None:
    ada, of_ada = desk.operator("ada", "operator", "approver")
    bert, of_bert = desk.operator("bert", "approver")
    name = f"questions:{ASKED.id}"
    assert propose(ada, document="").status_code == 422
    assert propose(ada).status_code == 303
    assert "Answer AAPL" in bert.get("/desk/approvals").text
    assert "the second person signs" in propose(bert, key="q" * 20).text
    told = forms(bert, name)["approve"]
    assert sign(ada, of_ada, name, {**told, "csrf": ada.fields("/security")["csrf"]}).status_code == 422
    assert sign(bert, of_bert, name).status_code == 303
    with desk.office.store.view() as view:
        item = view.row(QueueItem, ASKED.id)
    assert item is not None
    assert (item.state, item.by, item.second, item.document) == ("resolved", "ada", "bert", "8-K")


def test_a_denied_answer__is_void__and_the_same_one_proposed_anew_has_another_digest(desk: Stage) -> None:
    ada, _ = desk.operator("ada", "operator")
    bert, of_bert = desk.operator("bert", "approver")
    name = f"questions:{ASKED.id}"
    propose(ada)
    told = forms(bert, name)
    assert bert.post("/desk/decisions/deny", {**told["deny"], "reason": "the wrong document"}).status_code == 303
    with desk.office.store.view() as view:
        item = view.row(QueueItem, ASKED.id)
    assert item is not None
    assert (item.state, item.answer, item.by, item.proposals) == ("open", Answer(), "", 1)
    assert sign(bert, of_bert, name, told["approve"]).status_code == 404
    propose(ada, key="r" * 20)
    assert forms(bert, name)["approve"]["digest"] != told["approve"]["digest"]
    assert sign(bert, of_bert, name, told["approve"]).status_code == 422
    assert state_of(desk, QueueItem, ASKED.id) == "proposed"


def test_a_recovery__denied_by_one__is_void_for_good(desk: Stage) -> None:
    desk.operator("lost", "operator")
    bert, of_bert = desk.operator("bert", "admin")
    cleo, of_cleo = desk.operator("cleo", "approver")
    with desk.office.store.transaction() as unit:
        secret = recover(unit, "lost", CONSOLE, desk.at, 0)
    name = f"recoveries:{link_id(secret)}"
    assert sign(bert, of_bert, name).status_code == 303
    assert set(forms(bert, name)) == {"deny"}
    told = forms(cleo, name)
    assert cleo.post("/desk/decisions/deny", {**told["deny"], "reason": "I met nobody"}).status_code == 303
    assert sign(cleo, of_cleo, name, told["approve"]).status_code == 404
    assert desk.visitor().get(f"/desk/enrol/{secret}").status_code == 422


def test_a_person_without_a_passkey__is_told_to_enrol_one(desk: Stage) -> None:
    bert, _ = desk.operator("bert", "compliance")
    with desk.office.store.transaction() as unit:
        for key in unit.rows(Passkey):
            unit.put(replace(key, state="removed"))
    assert "enrol one under Security" in bert.get("/desk/approvals/cases:case-1").text
    assert set(forms(bert, "cases:case-1")) == {"deny"}


def test_a_release__looked_at_and_then_signed__clears_the_client_by_the_compliance_rules_themselves(
    up_to_date: Path, tmp_path: Path
) -> None:
    stage = InvestorStage(copy_of(up_to_date, tmp_path))
    try:
        stage.investor("anna")
        with stage.office.store.transaction() as unit:
            open_case(unit, replace(CASE, person="anna", listed="list:1", entry="e1"))
            decide_case(unit, CASE.id, "ada", "release", "another birth date", AT)
        bert, device = stage.operator("bert", "compliance")
        with stage.office.store.view() as view:
            before = (view.count(DecisionRecord), view.counted("decision:anna"))
        assert "ClientStanding" in bert.get("/desk/approvals/cases:case-1").text
        with stage.office.store.view() as view:
            assert (view.count(DecisionRecord), view.counted("decision:anna")) == before
            assert view.row(Clearance, "anna") is None
        assert sign(bert, device, "cases:case-1").status_code == 303
        with stage.office.store.view() as view:
            cleared_by = view.row(Clearance, "anna")
            assert view.count(DecisionRecord) == before[0] + 1
        assert cleared_by is not None
        assert [each.case for each in cleared_by.entries] == ["case-1"]
    finally:
        stage.close()
