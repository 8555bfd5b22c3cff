"""The network's door over a real socket: its answers and sentences exactly, who may call, and what a bad call changes."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.issuance.in_kind.stage import ACCOUNT, AP, KEY, MAIL, WALLET, Stage, serving, staged

from openscrip.api.itn import SENTENCES, itn_application
from openscrip.api.itn_guard import Call, Failures, Guard, KeyAuth, SignatureAuth, read_networks, signature_base
from openscrip.assets.stock import Stock
from openscrip.issuance.primary_market import RequestRefused
from openscrip.kernel.errors import Malformed, Refused

BODY = {
    "tokenization_request_id": "12345-678-90AB", "qty": "1", "underlying_symbol": "TSLA", "token_symbol": "TSLAx",
    "network": "ethereum", "client_id": AP, "wallet_address": WALLET,
}  # fmt: skip


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as found:
        found.link()
        yield found
        found.check()


def refused(stage: Stage, **changed: object) -> tuple[int, str]:
    answer = stage.call("POST", "/inkind/issuance", {**BODY, **changed})
    return answer.status_code, answer.json()["message"]


# participants and tokens


def test_a_participant_is_linked_once_by_the_address_that_was_registered() -> None:
    with staged() as stage:
        assert stage.call("POST", "/accounts/connect", {"email": MAIL, "account": ACCOUNT}).status_code == 404
        stage.market.register(AP, MAIL)
        answer = stage.call("POST", "/accounts/connect", {"email": f" {MAIL.upper()} ", "account": ACCOUNT})
        assert (answer.status_code, answer.json()) == (200, {"client_id": AP})
        again = stage.call("POST", "/tokenization/accounts/connect", {"email": MAIL, "client_account_number": ACCOUNT})
        assert again.status_code == 409


def test_the_newer_path_names_the_client_as_the_guide_does() -> None:
    with staged() as stage:
        stage.market.register(AP, MAIL)
        body = {"email": MAIL, "client_account_number": ACCOUNT}
        assert stage.call("POST", "/tokenization/accounts/connect", body).json() == {"client_external_account_id": AP}


def test_tokens_are_told_once_each_with_their_networks_in_order(stage: Stage) -> None:
    with stage.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        tokens = (("evm", "0x1"), ("hidden", "0x2"))
        unit.put(replace(stock, id="AAPL", isin="US0378331005", token_symbol="AAPLx", tokens=tokens))
    wanted = {
        "tokens": [
            {"underlying": "AAPL", "token": "AAPLx", "networks": ["ethereum"]},
            {"underlying": "TSLA", "token": "TSLAx", "networks": ["ethereum"]},
        ]
    }
    assert stage.call("GET", "/tokenized-assets").json() == stage.call("GET", "/tokenization/tokens").json() == wanted


def test_the_custody_account_of_each_offered_symbol_is_told(stage: Stage) -> None:
    answer = stage.call("GET", "/tokenization/custody-accounts/TSLA")
    assert answer.json() == {"account_id": "issuer-account", "underlying_symbol": "TSLA"}
    assert stage.call("GET", "/tokenization/custody-accounts/MSFT").status_code == 404


# creations: the sentences


def test_a_good_request_is_created(stage: Stage) -> None:
    answer = stage.call("POST", "/inkind/issuance", BODY)
    assert (answer.status_code, set(answer.json()), answer.json()["status"]) == (
        200, {"issuer_request_id", "status"}, "created",
    )  # fmt: skip


def test_a_wallet_of_somebody_else_is_refused_in_the_networks_words(stage: Stage) -> None:
    assert refused(stage, wallet_address="stranger") == (400, "Invalid Wallet: Wallet does not belong to client")


@pytest.mark.parametrize(
    "changed", [{"token_symbol": "TSLA"}, {"underlying_symbol": "MSFT"}, {"network": "base"}, {"network": "solana"}]
)
def test_a_token_that_is_not_on_the_network_is_refused_in_the_networks_words(stage: Stage, changed: dict[str, str]) -> None:
    assert refused(stage, **changed) == (400, "Invalid Token: Token not available on the network")


def test_a_client_that_is_no_participant_is_refused_in_the_networks_words(stage: Stage) -> None:
    assert refused(stage, client_id="ap-2") == (400, "Insufficient Eligibility: Client not eligible")


def test_a_client_over_its_limit_is_refused_and_our_own_rule_is_kept(stage: Stage) -> None:
    assert refused(stage, qty="90000") == (400, "Insufficient Eligibility: Client not eligible")
    (fact,) = stage.facts(RequestRefused)
    assert (fact.rule, fact.person, "compliance." in fact.text) == ("itn.eligibility", AP, True)


def test_a_registered_participant_that_is_not_linked_is_not_eligible() -> None:
    with staged() as stage:
        stage.market.register(AP, MAIL)
        assert refused(stage) == (400, "Insufficient Eligibility: Client not eligible")


@pytest.mark.parametrize(
    "changed",
    [
        {"qty": "0"}, {"qty": "-1"}, {"qty": "1e3"}, {"qty": "0.0000000001"}, {"qty": None}, {"qty": True}, {"qty": "1000000"},
        {"tokenization_request_id": ""}, {"tokenization_request_id": 7}, {"wallet_address": "x" * 201}, {"network": None},
        {"client_account_id": AP}, {"client_id": None}, {"underlying_symbol": ["TSLA"]}, {"token_symbol": "TS\nLAx"},
    ],
    ids=str,
)  # fmt: skip
def test_a_payload_that_cannot_be_read_is_refused_in_the_networks_words(stage: Stage, changed: dict[str, object]) -> None:
    assert refused(stage, **changed) == (400, "Failed Validation: Invalid data payload")
    assert stage.creations() == [] or stage.creation().state == "refused"


def test_a_number_is_read_as_it_stands_and_never_as_a_float(stage: Stage) -> None:
    body = json.dumps(BODY).replace('"qty": "1"', '"qty": 1.000000001')
    assert stage.call("POST", "/inkind/issuance", body.encode()).status_code == 200
    assert str(stage.creation().shares) == "1.000000001"


def test_a_frozen_token_is_refused_by_a_sentence_of_its_own(stage: Stage) -> None:
    with stage.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        unit.put(replace(stock, frozen_by=("TSLA.SPLF",)))
    status, message = refused(stage)
    assert (status, message) == (400, SENTENCES["itn.frozen"])
    assert message not in {text for rule, text in SENTENCES.items() if rule != "itn.frozen"}


def test_a_refused_request_is_refused_again_and_recorded_once(stage: Stage) -> None:
    assert refused(stage, client_id="ap-2") == refused(stage, client_id="ap-2")
    assert len(stage.facts(RequestRefused)) == 1


@pytest.mark.parametrize("status", ["", "pending", "COMPLETED", None, 1])
def test_a_journal_has_one_of_two_outcomes(stage: Stage, status: object) -> None:
    created = stage.call("POST", "/inkind/issuance", BODY).json()
    body = {"tokenization_request_id": BODY["tokenization_request_id"], "issuer_request_id": created["issuer_request_id"]}
    assert stage.call("POST", "/inkind/issuance/confirm", {**body, "status": status}).status_code == 400
    assert stage.creation().state == "created"


@pytest.mark.parametrize("changed", [{"tokenization_request_id": "r-2"}, {"issuer_request_id": "itn-2"}, {"client_id": "ap-2"}])
def test_a_journal_of_another_request_or_client_is_not_heard(stage: Stage, changed: dict[str, str]) -> None:
    created = stage.call("POST", "/inkind/issuance", BODY).json()
    body = {
        "tokenization_request_id": BODY["tokenization_request_id"], "issuer_request_id": created["issuer_request_id"],
        "status": "completed", "client_id": AP,
    }  # fmt: skip
    assert stage.call("POST", "/inkind/issuance/confirm", body | changed).status_code == 404
    assert (stage.creation().state, stage.balance("at_network")) == ("created", "0")


# who may call


@pytest.mark.parametrize("key", ["", "door-key-2", KEY + "1", KEY[:-1]])
def test_a_wrong_key_is_turned_away_and_counted(stage: Stage, key: str) -> None:
    answer = stage.call("POST", "/inkind/issuance", BODY, key=key)
    assert (answer.status_code, stage.door.refused["itn.unauthorised"], stage.creations()) == (401, 1, [])


def test_who_fails_too_often_waits_even_with_the_right_key(stage: Stage) -> None:
    for _ in range(10):
        assert stage.call("GET", "/tokenized-assets", key="wrong").status_code == 401
    answer = stage.call("GET", "/tokenized-assets")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_caller_from_an_address_that_is_not_listed_is_turned_away(stage: Stage) -> None:
    stage.door.guard = Guard(read_networks("192.0.2.0/24, 2001:db8::/32"), KeyAuth([KEY]), Failures(lambda: 0.0))
    answer = stage.call("GET", "/tokenized-assets")
    assert (answer.status_code, stage.door.refused["itn.address"]) == (403, 1)


def test_a_body_that_is_too_long_is_not_read(stage: Stage) -> None:
    answer = stage.call("POST", "/inkind/issuance", b'{"a":"' + b"x" * 70_000 + b'"}')
    assert (answer.status_code, stage.door.refused["itn.size"]) == (413, 1)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"qty": NaN}', b'{"qty":"1","qty":"2"}', b"\xff\xfe", b"[" * 5000]
)
def test_a_body_that_is_no_object_is_refused(stage: Stage, body: bytes) -> None:
    answer = stage.call("POST", "/inkind/issuance", body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Failed Validation: Invalid data payload")


def test_nothing_else_answers_at_this_door(stage: Stage) -> None:
    assert stage.call("GET", "/v1/status").status_code == 404
    assert stage.call("GET", "/inkind/issuance").status_code == 405


def test_the_failures_that_are_remembered_have_an_end() -> None:
    now = [0.0]
    failures = Failures(lambda: now[0], most=2)
    for caller in ("a", "a", "b"):
        failures.note(caller)
    assert (failures.wait_s("a"), failures.wait_s("b")) == (60, 0)
    now[0] = 59.5
    assert failures.wait_s("a") == 1
    now[0] = 60.0
    assert failures.wait_s("a") == 0
    for number in range(1_500):
        failures.note(str(number))
    assert (len(failures._failed), failures.wait_s("b")) == (1_000, 0)


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "1.2.3"])
def test_an_address_list_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_networks(text)


def test_a_door_without_a_key_does_not_open() -> None:
    with pytest.raises(Refused):
        KeyAuth(["", ""])


# signatures


NETWORK_KEY = Ed25519PrivateKey.from_private_bytes(b"N" * 32)


def signed(
    url: str, body: bytes, method: str = "POST", *, created: int = 1_700_000_000, nonce: str = "ab" * 16
) -> dict[str, str]:
    """The headers that the network sets (RFC 9421 and 9530)."""
    covered = '"@method" "@target-uri"' + (' "content-type" "content-digest"' if body else "")
    headers = {"signature-input": f'sig=({covered});created={created};keyid="alpaca-1";alg="ed25519";nonce="{nonce}"'}
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers |= {"content-type": "application/json", "content-digest": f"sha-256=:{digest}:"}
    base = signature_base(Call("", method, url, headers, body), covered)
    return headers | {"signature": f"sig=:{base64.b64encode(NETWORK_KEY.sign(base.encode())).decode()}:"}


@pytest.fixture
def signed_door() -> Iterator[tuple[Stage, str]]:
    used: set[str] = set()

    def fresh(nonce: str) -> bool:
        return nonce not in used and not used.add(nonce)  # type: ignore[func-returns-value]  # add gives None

    with staged() as stage:
        stage.link()
        auth = SignatureAuth({"alpaca-1": NETWORK_KEY.public_key()}, lambda: 1_700_000_100, fresh)
        stage.door.guard = Guard(read_networks("127.0.0.1"), auth, Failures(lambda: 0.0, most=100))
        stage.door.public_url = "https://issuer.example"
        yield stage, "https://issuer.example"


def test_a_signed_call_is_taken_once(signed_door: tuple[Stage, str]) -> None:
    stage, url = signed_door
    body = json.dumps(BODY).encode()
    headers = signed(f"{url}/tokenization/mint", body)
    assert stage.call("POST", "/tokenization/mint", body, key="", **headers).status_code == 200
    assert stage.call("POST", "/tokenization/mint", body, key="", **headers).status_code == 401
    listed = signed(f"{url}/tokenization/tokens", b"", "GET", nonce="cd" * 16)
    assert stage.call("GET", "/tokenization/tokens", key="", **listed).status_code == 200


def changed_headers() -> dict[str, Any]:
    url, body = "https://issuer.example/tokenization/mint", json.dumps(BODY).encode()
    good = signed(url, body)
    other = Ed25519PrivateKey.from_private_bytes(b"O" * 32)
    return {
        "no signature": {k: v for k, v in good.items() if k != "signature"},
        "another body": signed(url, body + b" "),
        "another path": signed(url + "/confirm", body),
        "another method": signed(url, body, "GET"),
        "too old": signed(url, body, created=1_699_999_000),
        "too new": signed(url, body, created=1_700_001_000),
        "unknown key": {**good, "signature-input": good["signature-input"].replace("alpaca-1", "alpaca-2")},
        "body not covered": signed(url, b"") | {"content-type": "application/json"},
        "wrong key": {**good, "signature": f"sig=:{base64.b64encode(other.sign(b'x')).decode()}:"},
        "no base64": {**good, "signature": "sig=:" + "=" * 88 + ":"},
    }


@pytest.mark.parametrize("name", changed_headers())
def test_a_call_that_was_not_signed_as_it_is_is_turned_away(signed_door: tuple[Stage, str], name: str) -> None:
    stage, _ = signed_door
    answer = stage.call("POST", "/tokenization/mint", json.dumps(BODY).encode(), key="", **changed_headers()[name])
    assert (answer.status_code, stage.creations()) == (401, [])


def test_a_bug_says_nothing_of_itself(stage: Stage) -> None:
    stage.door.nudge = lambda: (_ for _ in ()).throw(RuntimeError("secret"))
    with serving(itn_application(stage.door)) as url:
        stage.network.issuer_url = url
        answer = stage.call("POST", "/inkind/issuance", BODY)
    assert (answer.status_code, "secret" in answer.text) == (500, False)
