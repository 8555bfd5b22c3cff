"""Instruments: an ISIN's check digit must be right."""

from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.kernel.errors import Malformed
from openscrip.kernel.instrument import Instrument, InstrumentKind, isin_check_digit, parse_isin

ISINS = (
    "US88160R1014", "US67066G1040", "US0378331005", "US78462F1030", "US5949724083", "US1725731079", "US46090E1038",
    "US02079K3059", "US0231351067", "US5949181045", "US30303M1027", "US19260Q1076", "US7707001027", "IE00BGSF1X88",
    "IE00B5BMR087",
)  # fmt: skip


@pytest.mark.parametrize("isin", ISINS)
def test_published_isins_have_the_right_check_digit(isin: str) -> None:
    assert parse_isin(isin) == isin


@given(st.sampled_from(ISINS), st.integers(0, 9))
def test_another_check_digit_is_refused(isin: str, digit: int) -> None:
    if str(digit) == isin[-1]:
        return
    with pytest.raises(Malformed) as refused:
        parse_isin(isin[:11] + str(digit))
    assert refused.value.code == "isin.check_digit"


@given(st.text(ascii_uppercase, min_size=2, max_size=2), st.text(ascii_uppercase + digits, min_size=9, max_size=9))
def test_the_computed_check_digit_is_accepted(country: str, line: str) -> None:
    isin = country + line
    assert parse_isin(f"{isin}{isin_check_digit(isin)}")


@pytest.mark.parametrize("text", ["", "US037833100", "us0378331005", "US03783310055", "0S0378331005", "US037833100X"])
def test_what_is_no_isin_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_isin(text)
    assert refused.value.code == "isin.malformed"


def test_an_instrument_with_a_wrong_isin_cannot_be_made() -> None:
    with pytest.raises(Malformed):
        Instrument("AAPL", "Apple Inc.", "US0378331006", "XNAS", "USD", InstrumentKind.EQUITY, "AAPLx")
