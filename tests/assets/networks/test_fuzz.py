"""Whatever comes from the network or the vendor, it is read or refused with a reason, and nothing else happens."""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.assets.networks.test_alpaca_network import TOLD

from openscrip.api.itn import read_body, read_creation
from openscrip.api.itn_guard import Call, Failures, Guard, KeyAuth, SignatureAuth, read_networks
from openscrip.assets.alpaca_http import decimal_text, instant_of, read_json
from openscrip.assets.alpaca_stream import read_stream
from openscrip.assets.brokers.alpaca_wire import read_activity, read_announcement, read_order, read_trade_event
from openscrip.assets.networks.alpaca import read_request
from openscrip.kernel.errors import Malformed, Refused

INPUTS, SOAK_INPUTS = 10_000, 1_000_000
ORDER = {
    "id": "904837e3", "client_order_id": "sub-1:buy:o1", "symbol": "TSLA", "side": "buy", "qty": "5", "filled_qty": "3",
    "limit_price": "176.29", "status": "partially_filled", "commission": "0.03", "type": "limit", "notional": None,
}  # fmt: skip
TRADE = {
    "event_ulid": "01J0000", "event": "partial_fill", "at": "2024-06-03T19:50:00.5Z", "timestamp": "2024-06-03T19:50:00Z",
    "execution_id": "e-1", "previous_execution_id": "e-0", "qty": "3", "price": 176.29, "order": ORDER, "reason": "",
}  # fmt: skip
ACTIVITY = {
    "event_id": 17, "entry_type": "DIV", "at": "2024-06-03T19:50:00Z", "symbol": "TSLA", "qty": "-5", "net_amount": "1.25",
}  # fmt: skip
ANNOUNCEMENT = {
    "id": "a-1", "corporate_action_id": "NVDA.SPLF", "ca_type": "split", "ca_sub_type": "stock_split",
    "initiating_symbol": "NVDA", "declaration_date": "2024-05-22", "ex_date": "2024-06-10", "record_date": "2024-06-07",
    "payable_date": "2024-06-07", "cash": "0", "old_rate": "1", "new_rate": "10",
}  # fmt: skip
CREATION = {
    "tokenization_request_id": "12345-678-90AB", "qty": "1.23", "underlying_symbol": "TSLA", "token_symbol": "TSLAx",
    "network": "solana", "client_external_account_id": "ap-1", "wallet_address": "0x12",
}  # fmt: skip
NASTY: list[Any] = [
    None, True, False, 0, -1, 2**70, "", " ", "x" * 5_000, "\x00", "\ud800", "1e999", "NaN", "-0", "0.0000000001", "1.",
    "\u0661",
    [], {}, [[[]]], {"a": {"a": []}}, "2024-02-30", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "completed", "split",
]  # fmt: skip


def mutate(document: Any, chance: random.Random) -> Any:
    """The document with something in it changed, taken away, doubled, or put where it does not belong."""
    if not isinstance(document, dict) or chance.random() < 0.05:
        return chance.choice(NASTY)
    told = dict(document)
    for _ in range(chance.choice([1, 1, 2, 5])):
        name = chance.choice(sorted(told)) if told else "qty"
        match chance.randrange(6):
            case 0:
                told.pop(name, None)
            case 1:
                told[name] = chance.choice(NASTY)
            case 2:
                told[name] = told.get(chance.choice(sorted(told)) if told else name)
            case 3:
                told[name] = mutate(told.get(name), chance)
            case 4:
                text = str(told.get(name, ""))
                at = chance.randrange(len(text) + 1)
                told[name] = text[:at] + chance.choice(["0", "9", ".", "-", "e", "Z", " ", "\n", "€"]) + text[at:]
            case _:
                told[chance.choice(["id", "client_id", "client_account_id", "event_id", "qty", "new"])] = chance.choice(NASTY)
    return told


def broken(raw: bytes, chance: random.Random) -> bytes:
    """Bytes cut, flipped or filled."""
    at = chance.randrange(len(raw) + 1)
    match chance.randrange(4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + chance.randbytes(3) + raw[at:]
        case 2:
            return raw[:at] + bytes([raw[at % len(raw)] ^ 1 << chance.randrange(8)]) + raw[at + 1 :] if raw else raw
        case _:
            return raw[:at] + raw[at // 2 :]


READERS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "tokenisation request": (TOLD, read_request),
    "order": (ORDER, read_order),
    "trade event": (TRADE, lambda document: read_trade_event(document if isinstance(document, dict) else {"event": document})),
    "activity": (ACTIVITY, lambda document: read_activity(document if isinstance(document, dict) else {"at": document})),
    "announcement": (ANNOUNCEMENT, read_announcement),
    "creation": (CREATION, lambda document: read_creation(document if isinstance(document, dict) else {"qty": document})),
}


def fuzzed(name: str, inputs: int) -> Counter[str]:
    """How each input ended: `read`, or the rule of its refusal."""
    sample, read = READERS[name]
    chance, ended = random.Random(name), Counter[str]()
    for _ in range(inputs):
        document = mutate(sample, chance)
        try:
            read(document)
            ended["read"] += 1
        except Malformed as refusal:
            ended[refusal.code if ": " in refusal.text else "without a reason"] += 1
    return ended


@pytest.mark.parametrize("name", READERS)
def test_a_document_is_read_or_refused_with_a_reason(name: str) -> None:
    ended = fuzzed(name, INPUTS)
    assert sum(ended.values()) == INPUTS
    assert "without a reason" not in ended
    assert len(ended) >= 3 or name == "creation"
    assert ended["read"] < INPUTS


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", READERS)
def test_a_million_documents_are_read_or_refused(name: str) -> None:
    assert sum(fuzzed(name, SOAK_INPUTS).values()) == SOAK_INPUTS


def test_bytes_at_the_door_are_an_object_or_refused() -> None:
    chance, raw, ended = random.Random(7), json.dumps(CREATION).encode(), Counter[str]()
    for _ in range(INPUTS):
        try:
            read_creation(read_body(broken(raw, chance)))
            ended["read"] += 1
        except Malformed as refusal:
            ended[refusal.code] += 1
    assert set(ended) == {"read", "itn.payload"}


def test_bytes_of_a_stream_are_events_or_refused() -> None:
    chance, ended = random.Random(8), Counter[str]()
    raw = b": hello\n\ndata: " + json.dumps(TRADE).encode() + b"\n\ndata: " + json.dumps(TRADE).encode() + b"\n\n"
    for _ in range(INPUTS):
        try:
            for document in read_stream(iter(broken(raw, chance).splitlines(keepends=True)), "alpaca"):
                read_trade_event(document)
                ended["read"] += 1
        except Malformed as refusal:
            ended[refusal.code] += 1
    assert ended["read"] > 1_000
    assert ended["alpaca.json"] > 1_000


def test_texts_are_decimals_and_instants_or_refused() -> None:
    chance, codes = random.Random(9), set[str]()
    for _ in range(INPUTS):
        text = "".join(chance.choice("0123456789.-+eETZ: ") for _ in range(chance.randrange(30)))
        for read in (lambda t: decimal_text(t, "x"), lambda t: instant_of(t, "x"), lambda t: read_json(t.encode(), "x")):
            try:
                read(text)
            except Malformed as refusal:
                codes.add(refusal.code)
    assert codes == {"answer.amount", "answer.instant", "x.json"}


def test_headers_that_are_no_proof_are_turned_away() -> None:
    chance, good = random.Random(10), {
        "x-api-key": "key", "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "signature-input": 'sig=("@method" "@target-uri");created=1700000000;keyid="a";alg="ed25519";nonce="deadbeefdeadbeef"',
        "signature": f"sig=:{'A' * 86}==:",
    }  # fmt: skip
    public = Ed25519PrivateKey.from_private_bytes(b"N" * 32).public_key()
    failures = Failures(lambda: 0.0, most=10**9)
    allowed = read_networks("127.0.0.1")
    guards = [
        Guard(allowed, KeyAuth(["the-key"]), failures),
        Guard(allowed, SignatureAuth({"a": public}, lambda: 1_700_000_000, lambda _: True), failures),
    ]
    for number in range(INPUTS):
        told = mutate(good, chance)
        headers = {name: str(value) for name, value in told.items()} if isinstance(told, dict) else {}
        body = chance.choice([b"", b"{}"])
        with pytest.raises(Refused):
            guards[number % 2].check(Call("127.0.0.1", "POST", "http://issuer/tokenization/mint", headers, body))
