"""Quantities: kinds never mix, only whole shares move, rounding is in the name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money, PricePerShare, shares_bought_down
from openscrip.kernel.quantities import ATOMS_PER_SHARE, RawAmount, Shares, UiAmount

atoms = st.integers(0, 10**18)
ratio = st.integers(1, 1_000)


def test_kinds_of_quantity_do_not_add() -> None:
    with pytest.raises(TypeError):
        Shares(1) + RawAmount(1)  # type: ignore[operator]  # what the type checker forbids must fail when run, too
    with pytest.raises(TypeError):
        Money(1) - Shares(1)  # type: ignore[operator]  # as above


def test_kinds_of_quantity_are_never_equal() -> None:
    one_of_each: list[object] = [Shares(1), RawAmount(1), UiAmount(1), Money(1)]
    assert all(a is b or a != b for a in one_of_each for b in one_of_each)


@given(atoms)
def test_whole_shares_enclose_the_quantity(count: int) -> None:
    shares = Shares(count)
    assert shares.whole_down() <= shares <= shares.whole_up()
    assert (shares.whole_up() - shares.whole_down()).atoms in (0, ATOMS_PER_SHARE)


@given(atoms, ratio, ratio)
def test_a_split_rounds_by_less_than_an_atom(count: int, new: int, old: int) -> None:
    down, up = Shares(count).times_down(new, old), Shares(count).times_up(new, old)
    assert down.atoms * old <= count * new <= up.atoms * old
    assert up.atoms - down.atoms <= 1


@given(st.integers(0, 10**25))
def test_a_raw_amount_is_grains_and_dust(count: int) -> None:
    raw = RawAmount(count)
    assert RawAmount.from_grains(count).grains == count
    assert RawAmount.from_grains(raw.grains if count % 10**10 == 0 else count // 10**10) <= raw


@given(atoms)
def test_shares_survive_being_written_and_read(count: int) -> None:
    assert Shares.parse(str(Shares(count))) == Shares(count)
    assert Money.parse(str(Money(count))) == Money(count)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", "1,000", " 1", "1 ", ".5", "1.", "01", "\u0661", "NaN", "1_0", None, 1, 1.5]
)
def test_an_amount_is_a_plain_decimal_string(text: object) -> None:
    with pytest.raises(Malformed) as refused:
        Shares.parse(text)
    assert refused.value.code == "amount.malformed"


def test_digits_finer_than_the_unit_are_refused_unless_they_are_zeros() -> None:
    assert Shares.parse("1.0000000010000") == Shares(1_000_000_001)
    with pytest.raises(Malformed) as refused:
        Shares.parse("1.0000000001")
    assert refused.value.code == "amount.precision"


def test_amounts_are_written_shortest() -> None:
    assert [str(Shares(count)) for count in (0, 1, 10**9, 1_500_000_000)] == ["0", "0.000000001", "1", "1.5"]
    assert str(Money(-1_250_000)) == "-1.25"


@given(atoms, st.integers(1, 10**10))
def test_buying_rounds_up_and_selling_down(count: int, micros: int) -> None:
    shares, price = Shares(count), PricePerShare(micros)
    cost, proceeds = price.cost_up(shares), price.proceeds_down(shares)
    assert proceeds.atoms * ATOMS_PER_SHARE <= micros * count <= cost.atoms * ATOMS_PER_SHARE
    assert cost.atoms - proceeds.atoms <= 1


@given(atoms, st.integers(0, 10_000))
def test_a_fee_is_rounded_up_and_never_above_the_amount(count: int, rate: int) -> None:
    fee = Money(count).fee_up(Bps(rate))
    assert count * rate <= fee.atoms * 10_000 < count * rate + 10_000
    assert fee <= Money(count)


@given(st.integers(0, 10**13), st.integers(1, 10**10))
def test_cash_never_buys_shares_that_cost_more(cash: int, micros: int) -> None:
    price = PricePerShare(micros)
    assert price.cost_up(shares_bought_down(Money(cash), price)) <= Money(cash)


def test_a_spread_raises_the_price_up() -> None:
    assert PricePerShare(333_333).plus_up(Bps(100)) == PricePerShare(336_667)
