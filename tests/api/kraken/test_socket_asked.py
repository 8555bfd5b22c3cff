"""Frames as they are read: numbers without floats, unknown and wrong fields refused in Kraken's words, nothing crashes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from openscrip.api.kraken.socket.asked import AddOrder, decode, fault_of, plain_text, units
from openscrip.api.kraken.socket.wire import finished, framed, reply_head, time_text
from openscrip.kernel.errors import Refused

ORDER = (
    b'{"method":"add_order","params":{"order_type":"limit","side":"buy","order_qty":1.2500,"symbol":"TSLAX/USD",'
    b'"limit_price":345.67,"token":"t"},"req_id":123,"unknown_outside":1}'
)


def test_an_order__as_ccxt_sends_it__keeps_the_digits_of_its_numbers() -> None:
    asked = decode(ORDER)
    assert isinstance(asked, AddOrder)
    assert asked.req_id == 123
    assert bytes(asked.params.order_qty) == b"1.2500"
    assert units(asked.params.order_qty, 4, "order_qty") == 12_500
    assert units(asked.params.limit_price, 2, "limit_price") == 34_567
    assert asked.params.is_plain()


@pytest.mark.parametrize(
    ("text", "places", "wanted"),
    [
        (b"1e-05", 5, 1),
        (b"1.5e-05", 6, 15),
        (b"1E3", 2, 100_000),
        (b"12.5e+1", 2, 12_500),
        (b'"1.25"', 4, 12_500),
        (b"0", 2, 0),
        (b"0.00010000", 4, 1),
        (b"346", 2, 34_600),
    ],
)
def test_a_number__with_an_exponent_or_quotes_or_zeros__is_its_exact_units(text: bytes, places: int, wanted: int) -> None:
    assert units(Raw(text), places, "order_qty") == wanted


@pytest.mark.parametrize("text", [b"1.23456", b"-1", b"1e99", b"null", b"true", b"[1]", b'"x"', b"1e-9", b"9" * 200, b'""'])
def test_a_number__that_is_none_or_finer_than_the_unit__is_refused_with_its_name(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        units(Raw(text), 4, "order_qty")
    assert refused.value.code == "arguments.order_qty"


def test_a_signed_number__where_prices_are_relative__keeps_its_sign() -> None:
    assert plain_text(Raw(b"-1.5"), "limit_price", signed=True) == "-1.5"
    with pytest.raises(Refused):
        plain_text(Raw(b"-1.5"), "limit_price")


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        (b"{", (None, None, "EGeneral:Invalid arguments:malformed request")),
        (b"[]", (None, None, "EGeneral:Invalid arguments:malformed request")),
        (b"\xff", (None, None, "EGeneral:Invalid arguments:malformed request")),
        (b'{"req_id":7}', (None, 7, "EGeneral:Unknown method")),
        (b'{"method":"nope","req_id":7}', ("nope", 7, "EGeneral:Unknown method")),
        (b'{"method":"add_order","req_id":7}', ("add_order", 7, "EGeneral:Invalid arguments:params")),
        (
            b'{"method":"add_order","params":{"side":"buy","order_type":"limit","price":3},"req_id":3}',
            ("add_order", 3, "Unsupported field: 'price' for the given msg type: add order"),
        ),
        (
            b'{"method":"add_order","params":{"side":1,"order_type":"limit"}}',
            ("add_order", None, "EGeneral:Invalid arguments:side"),
        ),
        (b'{"method":"add_order","params":{"side":"buy"}}', ("add_order", None, "EGeneral:Invalid arguments:order_type")),
    ],
)
def test_a_frame__that_cannot_be_read__is_refused_in_krakens_words(frame: bytes, wanted: tuple[object, ...]) -> None:
    with pytest.raises(msgspec.DecodeError) as fault:
        decode(frame)
    assert fault_of(frame, fault.value) == wanted


def answer(frame: bytes) -> str:
    """What is wrong with a frame; empty for nothing."""
    try:
        decode(frame)
    except msgspec.DecodeError as fault:
        return fault_of(frame, fault)[2]
    return ""


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes__are_refused_with_a_text(frame: bytes) -> None:
    assert answer(frame)


KEYS = st.sampled_from(["method", "params", "symbol", "order_qty", "channel", "req_id", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)))
def test_any_json__in_the_place_of_parameters__is_decoded_or_refused(value: object) -> None:
    assert answer(msgspec.json.encode(value))
    assert answer(msgspec.json.encode({"method": "add_order", "params": value}))
    answer(msgspec.json.encode({"method": "subscribe", "params": {"channel": "book", "symbol": value}}))


def test_json_that_is_too_deep__is_refused() -> None:
    for frame in (b"[" * 60_000, b'{"method":"ping","a":' + b"[" * 60_000, b'{"a":' * 10_000):
        with pytest.raises((msgspec.DecodeError, RecursionError)) as fault:
            decode(frame)
        if isinstance(fault.value, msgspec.DecodeError):
            assert fault_of(frame, fault.value)[2]


def test_frames_of_every_size__carry_their_length_as_rfc_6455_says() -> None:
    assert framed(b"x" * 125)[:2] == b"\x81\x7d"
    assert framed(b"x" * 126)[:4] == b"\x81\x7e\x00\x7e"
    assert framed(b"x" * 65_536)[:10] == b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"


def test_a_reply__repeats_the_request_and_tells_both_times() -> None:
    at = 1_700_000_000_000_007
    assert time_text(at) == "2023-11-14T22:13:20.000007Z"
    head = reply_head("add_order", 5, '"result":{},"success":true', at)
    assert finished(head, at + 1) == (
        b'{"method":"add_order","req_id":5,"result":{},"success":true,'
        b'"time_in":"2023-11-14T22:13:20.000007Z","time_out":"2023-11-14T22:13:20.000008Z"}'
    )
