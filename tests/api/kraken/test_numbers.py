"""Decimal text and integers: exact both ways, and nothing is rounded on the way in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.api.kraken.numbers import decimal_text, scaled_down, seconds_text, short_text, units_of
from openscrip.kernel.errors import Malformed


@given(st.integers(-(10**20), 10**20), st.integers(0, 10))
def test_text_of_units__is_exact_and_has_every_decimal(units: int, places: int) -> None:
    text = decimal_text(units, places)
    assert Decimal(text) == Decimal(units).scaleb(-places)
    assert len(text.partition(".")[2]) == places
    if units >= 0:
        assert units_of(text, places, "volume") == units


@pytest.mark.parametrize(
    ("text", "places", "units"),
    [
        ("345.67", 2, 34567),
        ("345.670000", 2, 34567),
        ("345", 2, 34500),
        (".5", 4, 5000),
        ("1.", 4, 10000),
        ("0001.25", 4, 12500),
        ("0", 2, 0),
    ],
)
def test_a_decimal__plain__is_read(text: str, places: int, units: int) -> None:
    assert units_of(text, places, "price") == units


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-1",
        "+1",
        "1e3",
        "1,5",
        " 1",
        "1 ",
        "1.2.3",
        "0x10",
        "nan",
        "inf",
        "\u0661",
        "1\u00b2",
        "9" * 41,
        "1_000",
        "345.678",
        "\x00",
        "1\n",
    ],
)
def test_a_decimal__malformed_or_too_fine__is_refused_by_name(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        units_of(text, 2, "price")
    assert refused.value.code == "arguments.price"


def test_units_finer_than_shown_are_cut_toward_zero() -> None:
    assert scaled_down(123_456_789, 8, 4) == 12_345
    assert scaled_down(-19_999, 4, 0) == -1
    assert scaled_down(5, 2, 6) == 50_000
    assert short_text(100_099_999_999, 8, 4) == "1000.9999"


def test_seconds_keep_their_microseconds() -> None:
    assert seconds_text(1_700_000_000_000_001) == "1700000000.000001"
