"""Joining: four steps, nothing asked twice, every way that it can stop said in words."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.investing import InvestorStage, form
from tests.web.stage import Visitor, evm_wallet, signature_of, solana_wallet

from openscrip.issuance.clients import Client, ClientWallet
from openscrip.issuance.identity_inbox import Examination
from openscrip.issuance.joining import Joining

ANSWERS = {
    "name": "Greta Example", "born_on": "1990-02-28", "nationality": "DE", "residence": "DE", "tax_residence": "DE",
    "us_person": "no",
}  # fmt: skip
GRETA = evm_wallet(7)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[InvestorStage]:
    made = InvestorStage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def greta(stage: InvestorStage) -> Visitor:
    """Signed in with a wallet that is nobody's client."""
    who = stage.visitor()
    assert who.sign_in(GRETA).headers["location"] == "/join"
    return who


def answered(who: Visitor, **over: str) -> str:
    """Send the questions' answers; what the page then says."""
    sent = who.post("/join", {**form(who, "/join"), **ANSWERS, **over})
    assert sent.status_code == 303, sent.text
    return str(who.get("/join").text)


def examined(who: Visitor, outcome: str) -> str:
    """Through the identity check; what the page then says."""
    sent = who.post("/join/identity", form(who, "/join"))
    subject = sent.headers["location"]
    assert subject.startswith("/simulated-identity/inq_")
    assert "Simulated identity provider" in who.get(subject).text
    done = who.post(subject, {**form(who, subject), "outcome": outcome})
    assert done.headers["location"] == "/join?checking=1"
    who.stage.office.heard()  # type: ignore[attr-defined]  # as the platform's worker does by itself
    return str(who.get("/join?checking=1").text)


def test_joining__from_the_wallet_to_the_terms__takes_four_steps_and_asks_nothing_twice(
    stage: InvestorStage, greta: Visitor
) -> None:
    assert "About you" in greta.get("/join").text
    assert "Go to the identity check" in answered(greta)
    assert "Full name" not in greta.get("/join").text
    assert "I have read these terms" in examined(greta, "approved")
    who = form(greta, "/join")
    version = re.search(r'name="version" value="([^"]+)"', greta.get("/join").text)
    assert version is not None
    done = greta.post("/join/terms", {**who, "version": version[1], "agreed": "yes"})
    assert done.headers["location"] == "/join"
    assert "You are in" in greta.get("/join").text
    with stage.office.store.view() as view:
        (client,) = view.rows(Client)
        (wallet,) = view.rows(ClientWallet)
    assert wallet.wallet.person_id == client.id
    assert wallet.proof.startswith("eip-4361"), "the sign-in's signature is the wallet's proof: it is not asked for again"
    acts = " ".join(stage.acts())
    for act in ("join.answered", "join.identity", "practice.examine", "join.terms"):
        assert act in acts
    assert "Greta" not in repr(client)


def test_joining__by_nobody__shows_the_first_step_and_no_form_of_another(stage: InvestorStage) -> None:
    text = stage.visitor().get("/join").text
    assert "Connect a wallet" in text
    assert "Full name" not in text


def test_the_answers__sent_twice__enter_one_client(stage: InvestorStage, greta: Visitor) -> None:
    fields = {**form(greta, "/join"), **ANSWERS}
    first, second = greta.post("/join", fields), greta.post("/join", fields)
    assert (first.status_code, second.status_code) == (303, 303)
    with stage.office.store.view() as view:
        assert len(view.rows(Client)) == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "full name"),
        ("born_on", "soon", "date of birth"),
        ("born_on", "2020-01-01", "18 or older"),
        ("born_on", "1700-01-01", "no date of birth"),
        ("nationality", "", "nationality"),
        ("residence", "Germany", "country that you live in"),
    ],
)
def test_an_answer_that_does_not_fit__comes_back_with_its_field_and_what_was_entered(
    stage: InvestorStage, greta: Visitor, field: str, value: str, says: str
) -> None:
    sent = greta.post("/join", {**form(greta, "/join"), **ANSWERS, field: value})
    assert sent.status_code == 422
    assert says in sent.text
    assert f'id="f-{field}-fault"' in sent.text
    assert "Greta Example" in sent.text or field == "name"
    with stage.office.store.view() as view:
        assert view.rows(Client) == []


@pytest.mark.parametrize(
    ("over", "rule", "says"),
    [
        ({"us_person": "yes"}, "compliance.us_person", "US person by what you told us"),
        ({"residence": "CN"}, "compliance.country", "persons of a country that you named"),
    ],
)
def test_who_may_not_be_served__is_told_the_rule_in_words_and_offered_no_further_step(
    greta: Visitor, over: dict[str, str], rule: str, says: str
) -> None:
    text = answered(greta, **over)
    assert says in text
    assert rule in text
    assert "Go to the identity check" not in text


def test_a_name_like_a_listed_one__is_looked_at_by_a_person(greta: Visitor) -> None:
    text = answered(greta, name="Igor Mirsanov")
    assert "A person is looking at it" in text
    assert "Igor" not in text


@pytest.mark.parametrize(
    ("outcome", "says", "again"),
    [
        ("declined", "The check did not succeed", True),
        ("expired", "The check ran out of time", True),
        ("pending", "A person is looking at it", False),
    ],
)
def test_a_check_that_did_not_succeed__says_so__and_can_be_done_again(
    stage: InvestorStage, greta: Visitor, outcome: str, says: str, again: bool
) -> None:
    answered(greta)
    text = examined(greta, outcome)
    assert says in text
    assert ("Do the check again" in text) == again
    if again:
        assert "I have read these terms" in examined(greta, "approved")
        with stage.office.store.view() as view:
            assert [row.tries for row in view.rows(Joining)] == [2]


def test_an_examination_of_somebody_else__is_not_known_to_others(stage: InvestorStage, greta: Visitor) -> None:
    answered(greta)
    greta.post("/join/identity", form(greta, "/join"))
    with stage.office.store.view() as view:
        (row,) = view.rows(Examination)
    other = stage.investor("otto", 3)
    for answer in (other.get(f"/simulated-identity/{row.subject}"), other.get("/simulated-identity/inq_00000000")):
        assert answer.status_code == 404
    told = {**form(other, "/join"), "outcome": "approved"}
    assert other.post(f"/simulated-identity/{row.subject}", told).status_code == 404


def test_a_second_wallet__signs_a_sentence_of_its_own__and_belongs_to_nobody_else(stage: InvestorStage) -> None:
    anna, otto, key = stage.investor(), stage.investor("otto", 3), solana_wallet(5)
    asked = anna.post("/join/wallet/challenge", {**form(anna, "/join"), "chain": "solana", "address": str(key.pubkey())}).json()
    signature = str(key.sign_message(asked["text"].encode()))
    wrong = otto.post("/join/wallet", {**form(otto, "/join"), "nonce": asked["nonce"], "signature": signature})
    assert wrong.status_code == 404, "a challenge of another client is not known"
    done = anna.post("/join/wallet", {**form(anna, "/join"), "nonce": asked["nonce"], "signature": signature})
    assert done.headers["location"] == "/join"
    again = anna.post("/join/wallet", {**form(anna, "/join"), "nonce": asked["nonce"], "signature": signature})
    assert again.status_code == 422, "a sentence is signed for once"
    mine = otto.post("/join/wallet/challenge", {**form(otto, "/join"), "chain": "solana", "address": str(key.pubkey())}).json()
    stolen = str(key.sign_message(mine["text"].encode()))
    refused = otto.post("/join/wallet", {**form(otto, "/join"), "nonce": mine["nonce"], "signature": stolen})
    assert refused.status_code == 422
    assert "another client has signed for this wallet" in refused.text


def test_a_signature_of_another_key__adds_no_wallet(stage: InvestorStage) -> None:
    anna, other = stage.investor(), evm_wallet(11)
    asked = anna.post(
        "/join/wallet/challenge", {**form(anna, "/join"), "chain": "evm", "address": other.address.lower()}
    ).json()
    assert other.address in asked["text"], "the address is spelled with its checksum"
    wrong = signature_of(evm_wallet(12), asked["text"])
    answer = anna.post("/join/wallet", {**form(anna, "/join"), "nonce": asked["nonce"], "signature": wrong})
    assert answer.status_code == 422
    with stage.office.store.view() as view:
        assert len(view.rows(ClientWallet)) == 1


def test_what_is_played__where_money_is_real__is_not_there(stage: InvestorStage) -> None:
    anna = stage.investor()
    stage.office.practice = None
    fields = form(anna, "/subscribe")
    for path in ("/practice/wallet", "/practice/evm", "/practice/solana", "/practice/fund", "/practice/clock"):
        assert (
            anna.post(path, {**fields, "method": "eth_chainId", "payload": "", "chain": "evm", "wallet": "x"}).status_code
            == 404
        )
    assert anna.get("/simulated-identity/inq_00000000").status_code == 404
    assert "practice wallet" not in anna.get("/join").text


def test_the_practice_wallet__is_the_browsers_own(stage: InvestorStage) -> None:
    who = stage.visitor()
    lent = who.post("/practice/wallet", form(who, "/join"))
    assert lent.json()["evm"] == evm_wallet(99).address
    cookie = next(each for each in lent.headers.get_list("set-cookie") if "-practice=" in each)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    elsewhere = who.post("/practice/wallet", form(who, "/join"), origin="https://evil.example")
    assert elsewhere.status_code == 403
