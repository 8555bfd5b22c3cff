"""The multiplier: every rounding favours the reserve, each change is floored once, and the worked vectors hold."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.multiplier import MULTIPLIER_MAX, MULTIPLIER_MIN, ONE, Multiplier
from openscrip.kernel.quantities import ATOMS_PER_GRAIN, RawAmount, Shares, UiAmount

multipliers = st.integers(MULTIPLIER_MIN, MULTIPLIER_MAX).map(Multiplier)
grains = st.integers(0, 10**15).map(RawAmount.from_grains)
shares = st.integers(0, 10**16).map(Shares)

DIVIDEND = Multiplier.parse("1.000912875558")


def test_ten_shares_at_a_dividend_multiplier_leave_one_atom_of_dust() -> None:
    raw = DIVIDEND.to_raw_down(Shares.whole(10))
    assert raw.grains == 999_087_957
    assert raw.atoms == 9_990_879_570_000_000_000
    assert DIVIDEND.to_shares_down(raw).atoms == 9_999_999_999


def test_a_reinvested_dividend_gives_the_exact_quotient_where_there_is_one() -> None:
    assert str(Multiplier.one().times_down(1_000 * 10**9 + 910_000_000, 1_000 * 10**9)) == "1.00091"


def test_a_reinvested_dividend_is_floored_once_and_a_split_is_exact() -> None:
    reinvested = Multiplier.one().times_down(1_000 * 10**9 + 912_875_558, 1_000 * 10**9)
    assert reinvested == Multiplier(1_000_912_875_558_000_000, 1)
    assert reinvested.to_f64_down() == float.fromhex("0x1.003bd382aabbcp+0")
    assert reinvested.times_down(10, 1) == Multiplier(10_009_128_755_580_000_000, 2)


def test_splits_multiply() -> None:
    assert Multiplier.one().times_down(4, 1).times_down(10, 1) == Multiplier(40 * ONE, 2)


@given(multipliers, shares)
def test_a_mint_is_covered_by_its_shares(multiplier: Multiplier, held: Shares) -> None:
    raw = multiplier.to_raw_down(held)
    assert raw.atoms % ATOMS_PER_GRAIN == 0
    assert multiplier.to_shares_up(raw) <= held


@given(multipliers, grains)
def test_a_claim_is_never_above_what_must_be_held(multiplier: Multiplier, raw: RawAmount) -> None:
    claim, owed = multiplier.to_shares_down(raw), multiplier.to_shares_up(raw)
    assert 0 <= owed.atoms - claim.atoms <= 1


@given(multipliers, grains, grains)
def test_redeeming_in_parts_never_gives_more(multiplier: Multiplier, one: RawAmount, other: RawAmount) -> None:
    parts = multiplier.to_shares_down(one) + multiplier.to_shares_down(other)
    assert parts <= multiplier.to_shares_down(one + other)


@given(multipliers, st.integers(0, 10**24).map(UiAmount))
def test_the_ui_amount_is_enclosed_by_its_raw_amounts(multiplier: Multiplier, ui: UiAmount) -> None:
    assert multiplier.to_ui_down(multiplier.from_ui_down(ui)) <= ui
    up = multiplier.from_ui_up(ui)
    assert up.atoms * multiplier.value >= ui.atoms * ONE


@given(multipliers)
def test_a_double_is_the_nearest_one_not_above(multiplier: Multiplier) -> None:
    shown = multiplier.to_f64_down()
    exact = Fraction(multiplier.value, ONE)
    assert Fraction(shown) <= exact
    above = struct.unpack("<d", (struct.unpack("<Q", struct.pack("<d", shown))[0] + 1).to_bytes(8, "little"))[0]
    assert Fraction(above) > exact
    assert multiplier.to_f64_bytes() == struct.pack("<d", shown)


@given(multipliers)
def test_a_multiplier_survives_being_written_and_read(multiplier: Multiplier) -> None:
    assert Multiplier.parse(str(multiplier)).value == multiplier.value


@pytest.mark.parametrize(("value", "new", "old"), [(MULTIPLIER_MAX, 2, 1), (MULTIPLIER_MIN, 1, 2)])
def test_a_multiplier_outside_its_bounds_is_refused(value: int, new: int, old: int) -> None:
    with pytest.raises(Refused) as refused:
        Multiplier(value).times_down(new, old)
    assert refused.value.code == "multiplier.bounds"


def test_a_multiplier_has_eighteen_decimals() -> None:
    with pytest.raises(Malformed):
        Multiplier.parse("1.0000000000000000001")


def test_ui_amounts__of_worked_numbers__are_exact_and_rounded_as_their_names_say() -> None:
    two_and_a_half = Multiplier(5 * ONE // 2)
    assert two_and_a_half.to_ui_down(RawAmount(3)) == UiAmount(7)
    assert two_and_a_half.from_ui_down(UiAmount(7)) == RawAmount(2)
    assert two_and_a_half.from_ui_up(UiAmount(7)) == RawAmount(3)
    assert two_and_a_half.from_ui_up(UiAmount(10)) == two_and_a_half.from_ui_down(UiAmount(10)) == RawAmount(4)


@pytest.mark.parametrize("bound", [MULTIPLIER_MIN, MULTIPLIER_MAX])
def test_a_multiplier_on_its_bound_is_taken(bound: int) -> None:
    assert Multiplier(bound).times_down(1, 1) == Multiplier(bound, 1)


def test_the_bounds_and_the_unit__are_what_every_chain_holds() -> None:
    assert (ONE, MULTIPLIER_MIN, MULTIPLIER_MAX) == (10**18, 10**12, 10**24)
    assert Multiplier(ONE) == Multiplier.one() == Multiplier(1_000_000_000_000_000_000, 0)
