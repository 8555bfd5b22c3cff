"""Whatever bytes come, the reader answers with a message of the profile or with a refusal, and nothing else happens."""

import random
import re
from collections import Counter

import pytest
from tests.assets.iso20022.samples import SAMPLES

from openscrip.assets.iso20022.messages import TYPES, read_message, write_message
from openscrip.kernel.errors import Malformed

INPUTS, SOAK_INPUTS = 10_000, 1_000_000
VALID = [write_message(each) for each in SAMPLES]
OF_TYPE = [[raw for raw, each in zip(VALID, SAMPLES, strict=True) if type(each) is kind.record] for kind in TYPES]
ELEMENTS: list[bytes] = sorted({each for raw in VALID for each in re.findall(rb"<[^/?][^<]*>[^<]+</[^>]+>", raw)})
VALUES: list[bytes] = sorted({each for raw in VALID for each in re.findall(rb">([^<]+)<", raw)})
NASTY = [
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"&#0;",
    b"&#x10FFFF;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?a?>",
    b' xmlns="urn:x"',
    b' xmlns:a="urn:openscrip:custody:1"',
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"9" * 40,
    b"-1",
    b"1e9",
    b"NaN",
    b"0.0000000000001",
    b" ",
    b"<a>" * 50,
    b"</a>",
]


def cut(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    return raw[:start] + raw[min(len(raw), start + chance.choice([1, 2, 8, 64, 4_000])) :]


def flip(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]


def insert(raw: bytes, chance: random.Random) -> bytes:
    at = chance.choice([chance.randrange(len(raw)), raw.rfind(b"<", 0, chance.randrange(len(raw)) + 1)])
    return raw[: max(at, 0)] + chance.choice([*NASTY, chance.choice(ELEMENTS), chance.randbytes(3)]) + raw[max(at, 0) :]


def change_value(raw: bytes, chance: random.Random) -> bytes:
    places = [place.span(1) for place in re.finditer(rb">([^<]+)<", raw)]
    if not places:
        return raw
    start, end = chance.choice(places)
    return raw[:start] + chance.choice([*VALUES, *NASTY]) + raw[end:]


def move_element(raw: bytes, chance: random.Random) -> bytes:
    places = list(re.finditer(rb"<([^/?! >]+)[^<>]*>[^<]*</\1>", raw))
    if not places:
        return raw
    place = chance.choice(places)
    rest = raw[: place.start()] + raw[place.end() :]
    target = chance.choice([place.start() for place in re.finditer(rb"<", rest)] or [0])
    return rest[:target] + place[0] * chance.choice([0, 1, 2]) + rest[target:]


def cross(raw: bytes, chance: random.Random) -> bytes:
    other: bytes = chance.choice(VALID)
    return raw[: chance.randrange(len(raw))] + other[chance.randrange(len(other)) :]


MUTATIONS = (cut, flip, insert, cross, *[change_value, move_element] * 3)


def one_input(chance: random.Random) -> bytes:
    if chance.random() < 0.02:
        return chance.randbytes(chance.randrange(2_000))
    raw = chance.choice(chance.choice(OF_TYPE))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        raw = chance.choice(MUTATIONS)(raw, chance) or b"<"
    return raw


def fuzz(seed: int, count: int) -> Counter[str]:
    """How many inputs ended in which way."""
    chance, ends = random.Random(seed), Counter[str]()
    for number in range(count):
        raw = one_input(chance)
        try:
            message = read_message(raw)
        except Malformed as refused:
            where, _, what = refused.text.partition(": ")
            assert where, (seed, number)
            assert what, (seed, number)
            ends[refused.code] += 1
        else:
            assert read_message(write_message(message)) == message, (seed, number)
            ends["read"] += 1
    return ends


@pytest.mark.parametrize("seed", range(4))
def test_the_reader__given_mutated_messages_and_noise__reads_or_refuses(seed: int) -> None:
    ends = fuzz(seed, INPUTS // 4)
    assert ends.total() == INPUTS // 4
    assert ends["read"] > 0, "mutations that keep to the profile are read"
    assert len(ends) > 20, f"many rules were met: {ends}"


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_the_reader__given_a_million_inputs__reads_or_refuses() -> None:
    assert fuzz(random.SystemRandom().randrange(2**32), SOAK_INPUTS).total() == SOAK_INPUTS
