"""Operators: keys by one-time links, signing in with them, and what counts for nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.databases import PLACES
from tests.web.authenticator import Device
from tests.web.stage import ORIGIN, Stage, evm_wallet, signature_of

from openscrip.kernel.errors import Refused
from openscrip.web.shell.rows import Passkey
from openscrip.web.signing.operators import CONSOLE, approve_recovery, link_id, recover, remove


@pytest.mark.parametrize("kind", list(PLACES))
def test_an_operator__with_an_enrolled_key__signs_in_with_it(kind: str, tmp_path: Path) -> None:
    stage = Stage(PLACES[kind](tmp_path))
    who, device = stage.operator("ada", "operator", "approver")
    assert "Who is signed in as ada" in who.get("/security").text
    who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    assert who.sign_in_with(device).headers["location"] == "/desk"
    who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    assert who.sign_in_with(device, next="//evil.example").headers["location"] == "/desk"
    assert "operator:ada passkey.enrol ada" in stage.acts()
    stage.close()


def test_a_link__used_or_old_or_made_up__opens_nothing(stage: Stage) -> None:
    path = stage.operator_link("ada", "operator")
    assert stage.visitor().enrol(path, Device(ORIGIN)).status_code == 303
    assert stage.visitor().get(path).status_code == 422
    assert stage.visitor().get("/desk/enrol/made-up").status_code == 422
    other = stage.operator_link("bert", "operator")
    stage.at += 86_400
    assert stage.visitor().get(other).status_code == 422


def test_a_newer_link__makes_the_older_one_void(stage: Stage) -> None:
    first, second = stage.operator_link("ada"), stage.operator_link("ada")
    assert stage.visitor().get(first).status_code == 422
    assert stage.visitor().get(second).status_code == 200


@pytest.mark.parametrize(
    "lie",
    [{"origin": "https://evil.example"}, {"origin": "https://localhost:8444"}, {"rp": "evil.example"}, {"verifies": False}],
)
def test_a_key__made_or_used_elsewhere_or_without_its_owner__counts_for_nothing(stage: Stage, lie: dict[str, Any]) -> None:
    who, device = stage.operator("ada", "operator")
    false = replace(device, **lie)
    assert who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]}).status_code == 303
    assert who.sign_in_with(false).status_code == 422
    assert who.enrol(stage.operator_link("bert"), Device(**{"origin": ORIGIN, **lie})).status_code == 422
    assert who.get("/security").status_code == 303


def test_what_a_key_signed__sent_again_or_for_another_question__counts_for_nothing(stage: Stage) -> None:
    who, device = stage.operator("ada", "operator")
    who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    told = who.fields("/desk/sign-in")
    sent = {**told, "credential": device.get(told["options"])}
    assert who.post("/desk/sign-in", sent).status_code == 303
    who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    again = who.fields("/desk/sign-in")
    assert who.post("/desk/sign-in", {**sent, "csrf": again["csrf"]}).status_code == 422
    assert who.post("/desk/sign-in", {**sent, "csrf": again["csrf"], "nonce": again["nonce"]}).status_code == 422


def test_an_unknown_key_a_strangers_key_and_a_removed_operator__are_answered_alike(stage: Stage) -> None:
    _, device = stage.operator("ada", "operator")
    stranger = Device(ORIGIN)
    with stage.office.store.transaction() as unit:
        remove(unit, "ada", CONSOLE, "left", stage.at, 0)
    answers = [stage.visitor().sign_in_with(each) for each in (device, stranger)]
    said = [each.text.partition('role="alert"')[2].partition("</div>")[0] for each in answers]
    assert [each.status_code for each in answers] == [422, 422]
    assert said[0] == said[1] != ""


def test_a_copied_key__whose_count_went_back__is_refused(stage: Stage) -> None:
    _, device = stage.operator("ada", "operator")
    copy = replace(device, count=0)
    assert [stage.visitor().sign_in_with(device).status_code for _ in range(2)] == [303, 303]
    assert stage.visitor().sign_in_with(copy).status_code == 422


@pytest.mark.parametrize(
    "credential", ["x", "[]", "{}", '{"id":"a"}', '{"id":"a","response":{}}', '{"id":1,"response":[]}', "null"]
)
def test_a_credential__that_is_none__is_refused(stage: Stage, credential: str) -> None:
    who = stage.visitor()
    assert who.post("/desk/sign-in", {**who.fields("/desk/sign-in"), "credential": credential}).status_code == 422


def test_another_key__for_who_is_signed_in__counts_and_the_last_one_stays(stage: Stage) -> None:
    who, first = stage.operator("ada", "operator")
    assert "You have one key or none" in who.get("/security").text
    second = Device(ORIGIN)
    told = who.fields("/security")
    done = who.post("/security/passkeys", {**told, "credential": second.create(told["options"]), "label": "phone"})
    assert done.headers["location"] == "/security"
    with stage.office.store.view() as view:
        keys = {row.label: row.id for row in view.rows(Passkey)}
    token = who.fields("/security")["csrf"]
    assert who.post("/security/passkeys/remove", {"csrf": token, "key": keys["laptop"]}).status_code == 303
    assert who.post("/security/passkeys/remove", {"csrf": token, "key": keys["phone"]}).status_code == 422
    assert stage.visitor().sign_in_with(second).status_code == 303
    assert stage.visitor().sign_in_with(first).status_code == 422


def test_a_key_of_another__cannot_be_removed(stage: Stage) -> None:
    _, _ = stage.operator("ada", "operator")
    who, _ = stage.operator("bert", "operator")
    with stage.office.store.view() as view:
        of_ada = next(row.id for row in view.rows(Passkey) if row.person == "ada")
    token = who.fields("/security")["csrf"]
    assert who.post("/security/passkeys/remove", {"csrf": token, "key": of_ada}).status_code == 404


def recovery_of(stage: Stage, name: str) -> str:
    with stage.office.store.transaction() as unit:
        return recover(unit, name, CONSOLE, stage.at, 0)


def test_recovery__needs_two_other_persons_and_takes_every_old_key_away(stage: Stage) -> None:
    _, lost = stage.operator("ada", "operator")
    bert, of_bert = stage.operator("bert", "approver")
    cleo, of_cleo = stage.operator("cleo", "admin")
    path = f"/desk/enrol/{(secret := recovery_of(stage, 'ada'))}"
    assert stage.visitor().get(path).status_code == 422
    asked = f"/desk/approvals/recoveries:{link_id(secret)}"
    assert asked in bert.get("/security").text
    for who, device, status in ((bert, of_bert, 303), (bert, of_bert, 422), (cleo, of_cleo, 303)):
        assert stage.visitor().get(path).status_code == 422
        told = who.fields(asked)
        signed = {"credential": device.get(told["options"]), "reason": "we spoke"} if "options" in told else {}
        answer = who.post("/desk/decisions/approve", {**told, **signed, "id": f"recoveries:{link_id(secret)}"})
        assert answer.status_code == status
    found = Device(ORIGIN)
    assert stage.visitor().enrol(path, found).headers["location"] == "/security"
    assert stage.visitor().sign_in_with(found).status_code == 303
    assert stage.visitor().sign_in_with(lost).status_code == 422


def test_recovery__by_oneself_twice_by_one_or_without_the_role__is_refused(stage: Stage) -> None:
    stage.operator("ada", "admin")
    link = link_id(recovery_of(stage, "ada"))
    for by, roles, code in (("ada", "admin", "recovery.self"), ("dan", "operator", "recovery.role")):
        with pytest.raises(Refused) as refusal, stage.office.store.transaction() as unit:
            approve_recovery(unit, link, by, frozenset({roles}), stage.at, 0)
        assert refusal.value.code == code
    with stage.office.store.transaction() as unit:
        approve_recovery(unit, link, "bert", frozenset({"admin"}), stage.at, 0)
    with pytest.raises(Refused) as refusal, stage.office.store.transaction() as unit:
        approve_recovery(unit, link, "bert", frozenset({"admin"}), stage.at, 0)
    assert refusal.value.code == "recovery.twice"


def test_a_wallet__named_for_an_operator__signs_them_in_at_the_desk_alone(stage: Stage) -> None:
    account = evm_wallet(7)
    stage.operator_link("ada", "operator", wallets=(f"evm:{account.address}",))
    for number, status in ((7, 303), (8, 422)):
        who, wallet = stage.visitor(), evm_wallet(number)
        asked = who.challenge("evm", wallet.address)
        told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature_of(wallet, asked["text"])}
        answer = who.post("/desk/sign-in/wallet", told)
        assert answer.status_code == status
    who = stage.visitor()
    assert who.sign_in(account).headers["location"] == "/join"


def test_a_wallet__of_one_operator__cannot_be_named_for_another(stage: Stage) -> None:
    named = (f"evm:{evm_wallet(7).address}",)
    stage.operator_link("ada", "operator", wallets=named)
    with pytest.raises(Refused) as refusal:
        stage.operator_link("bert", "operator", wallets=named)
    assert refusal.value.code == "operator.wallet"
