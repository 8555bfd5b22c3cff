"""`/security`: what it shows of others' words, and keys for programs."""

import pytest
from tests.web.stage import Stage, Visitor, evm_wallet

from openscrip.runtime.api_keys import ApiKey, Scope, checked_key

HOSTILE = '<img src=x onerror=alert(1)>"><div hx-get="/x" hx-trigger="load">'


@pytest.fixture
def alice(stage: Stage) -> Visitor:
    stage.client("alice", "evm", evm_wallet(1).address)
    who = stage.visitor()
    who.sign_in(evm_wallet(1))
    return who


def key_of(who: Visitor, *scopes: str, name: str = "my program") -> str:
    told = {"csrf": who.fields("/security")["csrf"], "name": name, "scopes": list(scopes)}
    answer = who.http.post("/security/keys", data=told)
    assert answer.status_code == 200, answer.text
    return str(answer.text.partition('id="new-key">')[2].partition("<")[0])


def test_what_a_browser_and_a_person_call_themselves__is_text(stage: Stage) -> None:
    stage.client("alice", "evm", evm_wallet(1).address)
    who = stage.visitor(HOSTILE)
    who.sign_in(evm_wallet(1))
    key_of(who, Scope.READ, name=HOSTILE[:60])
    text = who.get("/security").text
    assert "<img" not in text
    assert "<div hx-get" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_a_key__made_here__counts_is_shown_once_and_ends_when_revoked(stage: Stage, alice: Visitor) -> None:
    text = key_of(alice, Scope.READ, Scope.TRADE)
    with stage.office.store.view() as view:
        assert checked_key(view, text, Scope.TRADE).person == "alice"
        (row,) = view.rows(ApiKey)
    again = alice.get("/security").text
    assert text not in again
    assert "my program" in again
    told = {"csrf": alice.fields("/security")["csrf"], "key": row.id}
    assert alice.post("/security/keys/revoke", told).headers["location"] == "/security"
    assert "my program" not in alice.get("/security").text
    assert [act.split()[1] for act in stage.acts()][-2:] == ["key.make", "key.revoke"]


def test_a_key_of_another__cannot_be_revoked(stage: Stage, alice: Visitor) -> None:
    key_of(alice, Scope.READ)
    with stage.office.store.view() as view:
        (row,) = view.rows(ApiKey)
    stage.client("bob", "evm", evm_wallet(2).address)
    bob = stage.visitor()
    bob.sign_in(evm_wallet(2))
    operator, _ = stage.operator("alice", "admin")
    for who in (bob, operator):
        told = {"csrf": who.fields("/security")["csrf"], "key": row.id}
        assert who.post("/security/keys/revoke", told).status_code == 404


@pytest.mark.parametrize("scopes", [["desk:read"], ["all"], []])
def test_a_key__for_more_than_its_owner_may_or_for_nothing__is_not_made(
    stage: Stage, alice: Visitor, scopes: list[str]
) -> None:
    told = {"csrf": alice.fields("/security")["csrf"], "name": "x", "scopes": scopes}
    assert alice.http.post("/security/keys", data=told).status_code == 422
    with stage.office.store.view() as view:
        assert view.rows(ApiKey) == []


def test_a_wallet__that_is_nobodys__gets_no_keys(stage: Stage) -> None:
    who = stage.visitor()
    who.sign_in(evm_wallet(3))
    page = who.get("/security").text
    assert "Keys for programs" not in page
    told = {"csrf": who.fields("/security")["csrf"], "name": "x", "scopes": "client:read"}
    assert who.post("/security/keys", told).headers["location"] == "/join"
