"""The paper custodian's letter box under whatever may come: taken once, or refused by a rule that is counted; never a failure.

Half of what comes is rightly signed by the client: then what is wrong is in the message, and reaches the account itself.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.assets.iso20022.samples import SAMPLES
from tests.assets.iso20022.test_fuzz import change_value, insert, move_element
from tests.fuzz import nasty_value, spoil_bytes

from openscrip.assets.custodians.iso_envelope import RAW_BYTES_MAX, Envelope, envelope_json
from openscrip.assets.custodians.iso_words import to_message
from openscrip.assets.custodians.paper_server import House, custodian_app, custodian_shell
from openscrip.assets.custodians.two_keys import Ed25519StatementKey, Ed25519TwoKeys
from openscrip.assets.custody import SEGREGATED_ACCOUNT, Instruction, InstructionKind
from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationRequest
from openscrip.assets.iso20022.holdings import IntraPositionMovement
from openscrip.assets.iso20022.messages import Message, type_of, write_message
from openscrip.assets.paper import CashIn, Transfer, TransferAnswer
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.quantities import Shares

INPUTS, SOAK_INPUTS = 10_000, 1_000_000
TREASURY, APPROVER = Ed25519StatementKey(b"T" * 32), Ed25519StatementKey(b"A" * 32)
TSLA, DAY, START = "US88160R1014", date(2024, 6, 3), "2024-06-03T12:00:00Z"


class Agreeing:
    """A broker's side that has every share."""

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        return TransferAnswer(transfer.id, True, "")

    def receive(self, transfer: Transfer) -> TransferAnswer:
        return TransferAnswer(transfer.id, True, "")

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        return TransferAnswer(cash.id, True, "")


def instruction(name: str, kind: InstructionKind) -> Instruction:
    return Instruction(name, kind, TSLA, Shares.whole(5), SEGREGATED_ACCOUNT, "OUTSIDE", "sub-1")


POSITIONS = list(codes.PositionType)
VALID: list[Message] = [
    to_message(instruction("in-1", InstructionKind.RECEIVE), DAY, DAY),
    to_message(instruction("out-1", InstructionKind.DELIVER), DAY, DAY),
    CancellationRequest("in-1", codes.Movement.RECEIVE, codes.PaymentType.FREE, SEGREGATED_ACCOUNT),
    *[
        IntraPositionMovement("move-1", SEGREGATED_ACCOUNT, TSLA, Shares.whole(1), DAY, source, target)
        for source in POSITIONS for target in POSITIONS if source is not target
    ],
    *SAMPLES,
]  # fmt: skip
LETTERS = [(type_of(each).id, str(getattr(each, "id", "x")), write_message(each)) for each in VALID]
OURS = LETTERS[: -len(SAMPLES)]
"""Those that a client sends; the others are of every kind."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    two_keys = Ed25519TwoKeys(TREASURY.public_key(), APPROVER.public_key())
    made = custodian_shell(tmp_path, instant(START), Agreeing(), two_keys)
    for number in range(20):
        first = to_message(instruction(f"first-{number}", InstructionKind.RECEIVE), DAY, DAY)
        made.box.take(signed(type_of(first).id, first.id, write_message(first)))
    made.shell.push_clock({"now": instant("2024-06-06T20:30:00Z")})
    yield made
    made.close()


def signed(kind: str, name: str, raw: bytes, sender: str = "OPENSCRIP", number: int = 0) -> dict[str, Any]:
    plain = Envelope(number, sender, kind, name, instant(START), raw)
    return envelope_json(replace(plain, signature=TREASURY.sign(plain.signed_text().encode())))


def one_letter(chance: random.Random, sent: list[dict[str, Any]]) -> Any:
    """The next body: replayed, a message spoilt under a right signature, or an envelope that is none."""
    draw = chance.random()
    if draw < 0.1 and sent:
        return chance.choice(sent)
    kind, name, raw = chance.choice(chance.choice([OURS, OURS, LETTERS]))
    if draw < 0.6:
        named = chance.choice([name, *[f"{name}-{chance.randrange(100_000)}"] * 3])
        raw = raw.replace(name.encode(), named.encode())
        for _ in range(chance.choice([0, 1, 1, 2])):
            raw = chance.choice([insert, change_value, move_element, change_value])(raw, chance) or b"<"
        try:
            body = signed(kind, named, raw)
        except UnicodeDecodeError:
            return raw.decode("latin-1")
        if chance.random() < 0.3:
            body |= {"treasury": TREASURY.sign(raw), "approver": chance.choice([nasty_value(chance), APPROVER.sign(raw)])}
        return body
    body = signed(kind, name, raw)
    match chance.randrange(6):
        case 0:
            body.pop(chance.choice(sorted(body)))
        case 1:
            body[chance.choice([*sorted(body), "more", "treasury", "approver"])] = nasty_value(chance)
        case 2:
            body["raw"] = spoil_bytes(raw, chance).decode("latin-1")
        case 3:
            body = signed(kind, name, raw, chance.choice(["SOMEBODY", " ", "OPENSCRIP"]), chance.choice([0, 1, 2**62]))
        case 4:
            body["signature"] = chance.choice(sent)["signature"] if sent else ""
        case _:
            return nasty_value(chance)
    return body


def standing(house: House) -> tuple[object, ...]:
    core = house.shell.core()
    return len(core.post.letters), str(core.holding(TSLA)), core.events(0, 1_000)


def fuzz(house: House, seed: int, count: int) -> Counter[str]:
    """How the inputs ended, by rule."""
    chance, ends, sent = random.Random(seed), Counter[str](), list[dict[str, Any]]()
    for number in range(count):
        body, before, before_refused = one_letter(chance, sent), standing(house), house.box.refused.total()
        try:
            taken = house.box.take(body)
            ends["again" if taken["again"] else "taken"] += 1
            assert not taken["again"] or standing(house) == before, (seed, number)
        except Refused as refusal:
            ends[refusal.code if ": " in refusal.text and standing(house) == before else f"bad: {seed} {number}"] += 1
        if isinstance(body, dict) and "signature" in body:
            copies = 1 if house.box.refused.total() > before_refused else 10
            sent = [*sent[-200:], *[body] * copies]
    assert not [end for end in ends if end.startswith("bad")], ends
    refusals = {rule: n for rule, n in ends.items() if rule not in ("taken", "again")}
    assert dict(house.box.refused) == refusals
    return ends


@pytest.mark.slow
def test_letter_box__under_ten_thousand_bad_letters__takes_once_or_refuses_and_counts(house: House) -> None:
    ends = fuzz(house, 20_240_603, INPUTS)
    assert ends.total() == INPUTS
    assert ends["taken"] > 100
    assert ends["again"] > 100
    known = {"envelope.fields", "envelope.value", "envelope.hash", "envelope.signature", "envelope.sender", "envelope.number"}
    assert known <= set(ends), ends


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_letter_box__under_a_million_bad_letters__takes_once_or_refuses_and_counts(tmp_path: Path) -> None:
    two_keys, seeds = Ed25519TwoKeys(TREASURY.public_key(), APPROVER.public_key()), random.SystemRandom()
    for part in range(SOAK_INPUTS // INPUTS):
        made = custodian_shell(tmp_path / str(part), instant(START), Agreeing(), two_keys)
        assert fuzz(made, seeds.randrange(2**32), INPUTS).total() == INPUTS
        made.close()


def test_letter_box__oversized_or_torn_at_its_door__is_a_client_error_and_counted(house: House) -> None:
    kind, name, raw = LETTERS[0]
    with pytest.raises(Malformed, match="more than"):
        house.box.take(signed(kind, name, raw + b" " * RAW_BYTES_MAX))
    house.box.take(signed(kind, name, raw))
    with pytest.raises(Conflict):
        house.box.take(signed(kind, name, raw + b"\n"))
    with TestClient(custodian_app(house), base_url="http://127.0.0.1", raise_server_exceptions=False) as door:
        chance, sent = random.Random(5), list[dict[str, Any]]()
        for path in ("/v1/messages", "/v1/statement-requests", "/v1/acknowledgements"):
            for _ in range(60):
                answer = door.post(path, content=spoil_bytes(str(one_letter(chance, sent)).encode("utf-8", "replace"), chance))
                assert 400 <= answer.status_code < 500, answer.text
                assert answer.json()["code"]
        told = door.get("/metrics").text
    assert 'openscrip_custodian_refused_total{rule="envelope.size"} 1' in told
    assert 'openscrip_custodian_refused_total{rule="message.conflict"} 1' in told
