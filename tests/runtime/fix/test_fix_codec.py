"""FIX bytes: what is written can be read, whatever the pieces; what is no message changes nothing and is counted."""

import random
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.fix.desk import ORDER, START_MS, acceptor, linked, theirs

from openscrip.kernel.errors import Malformed
from openscrip.runtime.fix.codec import DATA_OF_LENGTH, Decoder, Message, decode, encode, format_utc, parse_date, parse_utc
from openscrip.runtime.fix.dictionary import fault_in
from openscrip.runtime.fix.effects import Counters
from openscrip.runtime.fix.orders import from_message

FUZZED = 10_000
PLAIN_TAGS = st.integers(1, 9_999).filter(
    lambda tag: tag not in {8, 9, 10, 35} and tag not in DATA_OF_LENGTH and tag not in DATA_OF_LENGTH.values()
)
TEXT = st.text(st.characters(min_codepoint=2, max_codepoint=255), min_size=1, max_size=40)
MESSAGES = st.builds(
    Message, st.text("ABCDEFjQ0123", min_size=1, max_size=2), st.lists(st.tuples(PLAIN_TAGS, TEXT), max_size=20).map(tuple)
)


@given(message=MESSAGES)
def test_encode__then_decode__gives_the_same_message(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages=st.lists(MESSAGES, max_size=5), cuts=st.lists(st.integers(0, 600), max_size=20))
def test_decoder__in_any_pieces__gives_the_same_messages(messages: list[Message], cuts: list[int]) -> None:
    stream = b"".join(encode(message) for message in messages)
    decoder, found, at = Decoder(), list[Message](), 0
    for cut in [*sorted(cuts), len(stream)]:
        found += decoder.feed(stream[at:cut])
        at = max(at, cut)
    assert (found, decoder.garbled) == (messages, 0)


PUBLISHED = (
    "8=FIX.4.2|9=178|35=8|49=PHLX|56=PERS|52=20071123-05:30:00.000|11=ATOMNOCCC9990900|20=3|150=E|39=E|55=MSFT|167=CS|54=1|"
    "38=15|40=2|44=15|58=PHLX EQUITY TESTING|59=0|47=C|32=0|31=0|151=15|14=0|6=0|10=128|"
)
"""A sample message that is printed in introductions to FIX, with its length and checksum."""


def test_codec__a_published_message__is_read_and_written_byte_for_byte() -> None:
    frame = PUBLISHED.replace("|", "\x01").encode()
    message = decode(frame)
    assert (message.type, message.get(49), message.get(58), message.get(6)) == ("8", "PHLX", "PHLX EQUITY TESTING", "0")
    assert encode(message) == frame


def test_data__may_hold_the_separator_where_a_length_says_how_much() -> None:
    message = Message("A", ((95, "7"), (96, "a\x01b\x0110="), (108, "30")))
    assert decode(encode(message)) == message


@pytest.mark.parametrize("value", ["", "a\x01b", "price €5"])
def test_encode__a_value_that_would_break_the_frame__is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="58"):
        encode(Message("D", ((58, value),)))


GOOD = encode(Message("D", ORDER))


@pytest.mark.parametrize(
    "bad",
    [
        GOOD.replace(b"FIX.4.2", b"FIX.4.4"),
        GOOD.replace(b"9=", b"9=1", 1),
        re.sub(rb"9=[0-9]+", b"9=x", GOOD, count=1),
        GOOD[:-4] + b"999"[: len(GOOD[-4:-1])] + GOOD[-1:] if not GOOD.endswith(b"999\x01") else GOOD[:-4] + b"998\x01",
        GOOD.replace(b"AAPL", b"AAPM"),
        b"hello\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"8=FIX.4.2\x019=99999999\x01",
    ],
)
def test_decoder__garbled_bytes__are_skipped_and_the_next_message_is_read(bad: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(bad + GOOD + GOOD)[-1:] == [decode(GOOD)]
    assert decoder.garbled >= 1
    with pytest.raises(Malformed, match="ignored"):
        decode(bad)


@pytest.mark.parametrize("field", [b"x=1", b"=1", b"-5=1", b"05=1", b"no equals"])
def test_decoder__a_tag_that_is_no_number__garbles_the_message(field: bytes) -> None:
    body = b"35=D\x01" + field + b"\x01"
    head = b"8=FIX.4.2\x019=%d\x01" % len(body)
    frame = head + body + b"10=%03d\x01" % ((sum(head) + sum(body)) % 256)
    decoder = Decoder()
    assert (decoder.feed(frame), decoder.garbled > 0) == ([], True)


def test_decoder__a_message_above_the_limit__is_skipped() -> None:
    decoder = Decoder(message_bytes_max=len(GOOD))
    large = encode(Message("D", (*ORDER, (58, "x" * len(GOOD)))))
    assert decoder.feed(large + GOOD) == [decode(GOOD)]


def test_decoder__noise_for_ever__holds_no_more_than_a_message() -> None:
    decoder = Decoder(message_bytes_max=1_000)
    for _ in range(100):
        assert decoder.feed(b"8=FIX.4.2\x019=1000\x01" + b"y" * 900) == []
        assert len(decoder._buffer) <= 2_000


@pytest.mark.slow
def test_fuzz__bytes_of_any_kind__change_nothing_but_the_count() -> None:
    """Mutated, cut, doubled and random messages: the session moves only by what passes every check."""
    seeded = random.Random(20_260_302)
    refused = 0
    for round_ in range(FUZZED):
        desk = linked(acceptor())
        before = desk.counters
        original = encode(theirs("D", 2, *ORDER, to=desk))
        frame = _mutated(original, seeded)
        decoder = Decoder()
        messages = decoder.feed(frame)
        for message in messages:
            desk.take(message)
            assert all(fault_in(each) is None for each in desk.received if each.type != "3"), round_
        if frame != original and not desk.received:
            refused += 1
        if not messages:
            assert desk.counters == before == Counters(2, 2, "2026-03-02", linked=True)
        for received in desk.received:
            _read_or_refuse(received)
    assert refused > FUZZED // 2


def _mutated(frame: bytes, seeded: random.Random) -> bytes:
    kind = seeded.randrange(6)
    at, to = sorted(seeded.randrange(len(frame)) for _ in range(2))
    if kind == 0:
        return frame[:at] + seeded.randbytes(1) + frame[at + 1 :]
    if kind == 1:
        return frame[:at] + frame[to:]
    if kind == 2:
        return frame[:to] + frame[at:]
    if kind == 3:
        return seeded.randbytes(seeded.randrange(200))
    # A wrong field in a right frame.
    message = decode(frame)
    fields = list(message.fields)
    place = seeded.randrange(len(fields))
    text = "".join(chr(seeded.choice([*range(2, 256)])) for _ in range(seeded.randrange(1, 12)))
    fields[place] = (seeded.choice([fields[place][0], seeded.randrange(1, 600)]), seeded.choice([text, "-1", "9" * 25, "Y"]))
    if kind == 5:
        seeded.shuffle(fields)
    tags = {tag for tag, _ in fields}
    if tags & (set(DATA_OF_LENGTH) | {8, 9, 10, 35}):
        return frame[:at]
    return encode(Message(seeded.choice(["D", "8", "F", "A", "2", "4", "x"]), tuple(fields)))


def _read_or_refuse(message: Message) -> None:
    with suppress(Malformed):
        assert message.type == from_message(message).TYPE


@given(ms=st.integers(0, 4_102_444_799_999))
def test_utc__written_and_read__is_the_same(ms: int) -> None:
    assert parse_utc(format_utc(ms)) == ms


def test_utc__without_milliseconds_and_at_a_leap_second() -> None:
    assert parse_utc("20260302-14:30:00") == START_MS
    assert parse_utc("20161231-23:59:60") == parse_utc("20170101-00:00:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260302",
        "20260302-24:00:00",
        "20260230-00:00:00",
        "20260302-14:30:00.1",
        "\N{FULLWIDTH DIGIT TWO}0260302-14:30:00",
    ],
)
def test_utc__no_time__is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="was not a time"):
        parse_utc(text)


@pytest.mark.parametrize("text", ["2026-03-02", "20260230", "2026030", ""])
def test_date__no_date__is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="was not a date"):
        parse_date(text)
