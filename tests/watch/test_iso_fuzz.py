"""The watch's and the issuer's reading of a custodian under spoilt messages: refused or set aside by a rule, never a failure.

Half of what comes is rightly signed: a custodian may sign anything, and its reader must still stand.
"""

import copy
import random
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from tests.assets.iso20022.samples import SAMPLES
from tests.assets.iso20022.test_fuzz import change_value, insert, move_element
from tests.fuzz import nasty_value, spoil_bytes
from tests.watch.test_iso_reader import ISIN, NOON, SENDER, Custodian, notice

from openscrip.assets.custodians import paper_words as said
from openscrip.assets.custodians.iso_envelope import Envelope, envelope_from_json, envelope_json
from openscrip.assets.custodians.iso_reading import Reading
from openscrip.assets.custody import InstructionKind
from openscrip.assets.iso20022.messages import type_of, write_message
from openscrip.kernel.errors import Refused
from openscrip_watch.iso.letters import envelope_text, read_enveloped
from openscrip_watch.refusal import Refusal

INPUTS, SOAK_INPUTS = 10_000, 1_000_000
EACH = 50
"""Inputs for one custodian; then another begins."""


def furnished() -> Custodian:
    """A custodian that has sent a receipt, a statement, a notice and a delivery."""
    made = Custodian()
    made.settle("buy-1:move", 100)
    made.state()
    made.send(said.notified(notice(), "N", None))
    made.settle("out-1", 5, InstructionKind.DELIVER, "redeem-1")
    made.state()
    return made


_FIRST = furnished()
VALID: list[tuple[str, bytes]] = [
    *[(str(body["type"]), str(body["raw"]).encode()) for body in _FIRST.bodies] * 6,
    *[(type_of(each).id, write_message(each)) for each in SAMPLES],
]


def spoilt(chance: random.Random) -> tuple[str, bytes]:
    """A message with something in it changed, still UTF-8, and what it says it is."""
    kind, raw = chance.choice(VALID)
    for _ in range(chance.choice([0, 1, 1, 2])):
        made = chance.choice([insert, change_value, move_element, change_value])(raw, chance) or b"<"
        try:
            made.decode()
        except UnicodeDecodeError:
            continue
        raw = made
    return (chance.choice(VALID)[0] if chance.random() < 0.05 else kind), raw


def torn(body: dict[str, Any], chance: random.Random) -> Any:
    """An envelope that is none, or not the one that was signed."""
    told = copy.deepcopy(body)
    match chance.randrange(5):
        case 0:
            told.pop(chance.choice(sorted(told)))
        case 1:
            told[chance.choice([*sorted(told), "more"])] = nasty_value(chance)
        case 2:
            told["raw"] = spoil_bytes(told["raw"].encode(), chance).decode("latin-1")
        case 3:
            told["number"] = chance.choice([0, -1, 10**30, True, "1", 1.0])
        case _:
            return nasty_value(chance)
    return told


def watch(seed: int, count: int) -> Counter[str]:
    """How the watch's reader ended each input."""
    chance, ends = random.Random(seed), Counter[str]()
    custodian, reader = _FIRST, _FIRST.reader
    for number in range(count):
        if number % EACH == 0:
            custodian = furnished()
            reader = custodian.reader
            reader.statement(ISIN)
        kind, raw = spoilt(chance)
        custodian.send(raw, kind, chance.choice(["", "", f"{ISIN}-1", "M1"]))
        if chance.random() < 0.4:
            custodian.bodies[-1] = torn(custodian.bodies[-1], chance)
        before, kept = dict(reader.statements), len(reader.log)
        try:
            reader.statement(ISIN)
            ends["read"] += 1
        except Refusal as refused:
            fine = reader.statements == before and ": " in str(refused)
            ends[refused.code if fine else f"bad: {seed} {number} {refused}"] += 1
        if len(reader.log) == kept:
            custodian.bodies.pop()  # it was not read: the stream goes on without it
        else:
            custodian.hash = reader._hash
    return ends


def issuer(seed: int, count: int) -> Counter[str]:
    """How the issuer's reading ended each input: kept as it is, kept as trouble, or not an envelope."""
    chance, ends, reading = random.Random(seed), Counter[str](), Reading("custodian")
    key = _FIRST.key
    for number in range(count):
        if number % EACH == 0:
            reading = Reading("custodian")
        kind, raw = spoilt(chance)
        plain = Envelope(reading.number + 1, SENDER, kind, chance.choice([f"M{number}", "M1"]), NOON, raw)
        signed = replace(plain, signature=b64encode(key.sign(plain.signed_text().encode())).decode())
        body = torn(envelope_json(signed), chance) if chance.random() < 0.3 else envelope_json(signed)
        before = reading.number
        try:
            envelope = envelope_from_json(body)
            envelope.refuse_unless_signed(key.public_key().public_bytes_raw())
            row = reading.read(envelope)
            ends[row.trouble or "read"] += 1
            assert reading.number == before + 1
        except Refused as refused:
            ends[refused.code if reading.number == before and ": " in refused.text else f"bad: {seed} {number}"] += 1
    return ends


def judged(ends: Counter[str], count: int) -> None:
    assert ends.total() == count
    assert not [end for end in ends if end.startswith("bad")], ends
    assert len(ends) > 20, ends
    assert ends["read"] > count // 50, ends


@pytest.mark.slow
def test_watch__under_ten_thousand_spoilt_messages__refuses_or_sets_aside() -> None:
    judged(watch(1, INPUTS), INPUTS)


@pytest.mark.slow
def test_issuer__under_ten_thousand_spoilt_messages__refuses_or_keeps_as_trouble() -> None:
    judged(issuer(2, INPUTS), INPUTS)


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_readers__under_a_million_spoilt_messages_each__refuse_or_set_aside() -> None:
    seeds = random.SystemRandom()
    judged(watch(seeds.randrange(2**32), SOAK_INPUTS), SOAK_INPUTS)
    judged(issuer(seeds.randrange(2**32), SOAK_INPUTS), SOAK_INPUTS)


@pytest.mark.parametrize("number", ["\u00b2", "9" * 5_000, "\u0661", "-1", "", "1.0"])
def test_an_envelope_of_a_report__whose_number_is_none__is_refused(number: str) -> None:
    body = _FIRST.bodies[0]
    lines = envelope_text(body).split("\n")
    lines[2] = number
    text = "\n".join(lines)
    signature = b64encode(_FIRST.key.sign(text.encode())).decode()
    with pytest.raises(Refusal):
        read_enveloped(body["raw"].encode(), text, signature, _FIRST.key.public_key())
