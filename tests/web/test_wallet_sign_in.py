"""Signing in with a wallet, and everything that only looks like it."""

import base64
from pathlib import Path

import pytest
from eth_account.messages import encode_defunct
from tests.databases import PLACES
from tests.web.stage import ORIGIN, Stage, evm_wallet, signature_of, solana_wallet

from openscrip.web.signing.wallets import HALF_ORDER

ALICE, MALLORY = evm_wallet(1), evm_wallet(2)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.mark.parametrize("kind", list(PLACES))
def test_a_wallet__that_signs_its_text__is_in(kind: str, tmp_path: Path) -> None:
    stage = Stage(PLACES[kind](tmp_path))
    who = stage.visitor()
    assert who.sign_in(ALICE).headers["location"] == "/join"
    stage.client("alice", "evm", ALICE.address)
    assert who.get("/sign-in").headers["location"] == "/holdings"
    assert "Who is signed in as alice" in who.get("/security").text
    assert stage.acts()[0].startswith(f"wallet:evm:{ALICE.address} session.begin")
    stage.close()


def test_the_text__for_an_evm_wallet__is_eip_4361_line_by_line(stage: Stage) -> None:
    asked = stage.visitor().challenge("evm", ALICE.address.lower())
    assert asked["text"] == (
        "localhost:8443 wants you to sign in with your Ethereum account:\n"
        f"{ALICE.address}\n\nSign in to Openscrip. This moves nothing and costs nothing.\n\n"
        f"URI: {ORIGIN}\nVersion: 1\nChain ID: 31337\nNonce: {asked['nonce']}\n"
        "Issued At: 2027-01-15T08:00:00Z\nExpiration Time: 2027-01-15T08:05:00Z"
    )
    assert len(asked["nonce"]) == 32
    assert asked["nonce"].isalnum()


def test_a_solana_wallet__that_signs_its_text__is_in(stage: Stage) -> None:
    pair, who = solana_wallet(), stage.visitor()
    asked = who.challenge("solana", str(pair.pubkey()))
    assert asked["text"].startswith("localhost:8443 wants you to sign in with your Solana account:\n")
    assert asked["input"]["nonce"] == asked["nonce"]
    assert asked["input"]["domain"] == "localhost:8443"
    text = asked["text"].encode()
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": str(pair.sign_message(text))}
    answer = who.post("/sign-in", {**told, "signed": base64.b64encode(text).decode()})
    assert answer.headers["location"] == "/join"


def test_a_solana_wallet__that_says_it_signed_other_bytes__is_refused(stage: Stage) -> None:
    pair, who = solana_wallet(), stage.visitor()
    asked = who.challenge("solana", str(pair.pubkey()))
    other = asked["text"].encode() + b"\nResources: x"
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": str(pair.sign_message(other))}
    assert who.post("/sign-in", {**told, "signed": base64.b64encode(other).decode()}).status_code == 422


def refused(stage: Stage, signature: str, **over: str) -> None:
    """What is answered to a signature that does not count."""
    who = stage.visitor()
    asked = who.challenge("evm", ALICE.address)
    answer = who.post("/sign-in", {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature, **over})
    assert answer.status_code == 422
    assert who.get("/security").status_code == 303


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("localhost:8443 wants", "localhost:8444 wants"),
        ("localhost:8443 wants", "openscrip.example wants"),
        ("Chain ID: 31337", "Chain ID: 1"),
        ("Version: 1", "Version: 2"),
        (ALICE.address, ALICE.address.lower()),
        ("moves nothing", "moves nothing "),
        ("2027", "2037"),
    ],
)
def test_a_signature__over_a_text_with_one_thing_changed__is_refused(stage: Stage, old: str, new: str) -> None:
    who = stage.visitor()
    asked = who.challenge("evm", ALICE.address)
    changed = asked["text"].replace(old, new)
    assert changed != asked["text"]
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature_of(ALICE, changed)}
    assert who.post("/sign-in", told).status_code == 422


def test_a_signature__by_another_wallet_or_in_its_other_form__is_refused(stage: Stage) -> None:
    who = stage.visitor()
    asked = who.challenge("evm", ALICE.address)
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"]}
    assert who.post("/sign-in", {**told, "signature": signature_of(MALLORY, asked["text"])}).status_code == 422
    asked = who.challenge("evm", ALICE.address)
    signed = ALICE.sign_message(encode_defunct(text=asked["text"]))
    twin = signed.r.to_bytes(32) + (ORDER - signed.s).to_bytes(32) + bytes([27 + 28 - signed.v])
    assert signed.s <= HALF_ORDER < ORDER - signed.s
    answer = who.post("/sign-in", {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": "0x" + twin.hex()})
    assert answer.status_code == 422


@pytest.mark.parametrize("signature", ["0x", "zz", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "00" * 64])
def test_a_signature__that_is_none__is_refused(stage: Stage, signature: str) -> None:
    refused(stage, signature)


def test_a_question__answered_once_rightly_or_wrongly__is_void(stage: Stage) -> None:
    who = stage.visitor()
    asked = who.challenge("evm", ALICE.address)
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature_of(ALICE, asked["text"])}
    assert who.post("/sign-in", {**told, "signature": "0x00"}).status_code == 422
    assert who.post("/sign-in", told).status_code == 422
    asked = who.challenge("evm", ALICE.address)
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature_of(ALICE, asked["text"])}
    assert who.post("/sign-in", told).status_code == 303
    assert who.post("/sign-in", told | {"csrf": who.fields("/security")["csrf"]}).status_code == 422


def test_a_question__after_five_minutes_or_from_another_browser__is_void(stage: Stage) -> None:
    who, thief = stage.visitor(), stage.visitor()
    asked = who.challenge("evm", ALICE.address)
    told = {"nonce": asked["nonce"], "signature": signature_of(ALICE, asked["text"])}
    assert thief.post("/sign-in", told | {"csrf": thief.fields("/sign-in")["csrf"]}).status_code == 422
    asked = who.challenge("evm", ALICE.address)
    stage.at += 300
    told = {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature_of(ALICE, asked["text"])}
    assert who.post("/sign-in", told).status_code == 422


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("evm", ALICE.address[:-1] + ("0" if ALICE.address[-1] != "0" else "1")),
        ("evm", "0x" + ALICE.address[2:].swapcase()),
        ("evm", ALICE.address[2:]),
        ("evm", str(solana_wallet().pubkey())),
        ("solana", ALICE.address),
        ("solana", "1111"),
        ("bitcoin", "bc1q"),
    ],
)
def test_an_address__that_is_none__gets_no_question(stage: Stage, chain: str, address: str) -> None:
    who = stage.visitor()
    told = {"csrf": who.fields("/sign-in")["csrf"], "chain": chain, "address": address}
    assert who.post("/sign-in/challenge", told).status_code == 400


def test_a_contract__that_takes_the_signature_for_its_own__is_in(stage: Stage) -> None:
    asked_of: list[str] = []

    def contract(address: str, data: bytes) -> bytes:
        asked_of.append(address)
        return bytes.fromhex("1626ba7e").ljust(32, b"\0") if data.endswith(b"\x12\x34".ljust(32, b"\0")) else b""

    stage.office.contracts = {"evm": contract}
    who = stage.visitor()
    for signature, status in (("0x1235", 422), ("0x1234", 303)):
        asked = who.challenge("evm", ALICE.address)
        answer = who.post("/sign-in", {"nonce": asked["nonce"], "csrf": asked["csrf"], "signature": signature})
        assert answer.status_code == status
    assert asked_of == [ALICE.address] * 2


def test_signing_in__too_often_from_one_address__waits_and_says_how_long(stage: Stage) -> None:
    who = stage.visitor()
    token = who.fields("/sign-in")["csrf"]
    told = {"csrf": token, "chain": "evm", "address": ALICE.address}
    answers = [who.post("/sign-in/challenge", told) for _ in range(12)]
    assert [each.status_code for each in answers] == [200] * 10 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    other = who.post("/sign-in/challenge", told | {"address": MALLORY.address})
    assert other.status_code == 200
