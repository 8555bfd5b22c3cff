"""Bonds: accrued interest by day count against worked figures, coupon dates, and terms that are none."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.assets.bonds import BondTerms, DayCount, accrued_down, days_30_360, dirty_price, months_before
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import PricePerShare

NOTE = BondTerms(PricePerShare.parse("100"), 42_500, 2, date(2025, 5, 15), date(2027, 5, 15), DayCount.ACT_ACT_ICMA)


@pytest.mark.parametrize(
    ("count", "day", "accrued"),
    [
        (DayCount.ACT_ACT_ICMA, date(2026, 5, 15), "0"),
        (DayCount.ACT_ACT_ICMA, date(2026, 8, 15), "1.0625"),  # 92 of 184 days
        (DayCount.ACT_ACT_ICMA, date(2026, 11, 14), "2.113451"),  # 183 of 184 days of 2.125
        (DayCount.ACT_360, date(2026, 8, 15), "1.086111"),  # 100 x 4.25 % x 92 / 360
        (DayCount.ACT_365_FIXED, date(2026, 8, 15), "1.071232"),  # 100 x 4.25 % x 92 / 365
        (DayCount.THIRTY_360, date(2026, 8, 15), "1.0625"),  # 90 / 360
    ],
)
def test_accrued_interest__by_its_day_count__is_the_worked_figure(count: DayCount, day: date, accrued: str) -> None:
    terms = replace(NOTE, day_count=count)
    found = accrued_down(terms, day)
    assert str(found) == accrued
    assert dirty_price(PricePerShare.parse("99.5"), terms, day).micros == 99_500_000 + found.micros


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2007, 1, 15), date(2007, 1, 30), 15),
        (date(2007, 1, 15), date(2007, 2, 15), 30),
        (date(2007, 9, 30), date(2008, 3, 31), 180),
        (date(2007, 9, 30), date(2007, 10, 31), 30),
        (date(2007, 9, 30), date(2008, 9, 30), 360),
        (date(2007, 1, 15), date(2007, 1, 31), 16),
        (date(2007, 1, 31), date(2007, 2, 28), 28),
        (date(2006, 8, 31), date(2007, 2, 28), 178),
        (date(2007, 2, 28), date(2007, 3, 31), 33),
    ],
)
def test_days_of_thirty__on_the_bond_basis__are_the_worked_ones(start: date, end: date, days: int) -> None:
    assert days_30_360(start, end) == days


def test_coupon_dates__counted_back_from_a_month_end__stay_at_month_ends() -> None:
    terms = replace(NOTE, issued_on=date(2025, 2, 28), matures_on=date(2026, 8, 31))
    assert terms.coupon_dates() == (date(2025, 8, 31), date(2026, 2, 28), date(2026, 8, 31))
    assert months_before(date(2024, 3, 31), 1) == date(2024, 2, 29)


def test_a_bond_without_coupons__accrues_nothing() -> None:
    bill = replace(NOTE, coupons=0, rate_ppm=0)
    assert (bill.coupon_dates(), bill.coupon, accrued_down(bill, date(2026, 1, 1))) == ((), PricePerShare(0), PricePerShare(0))


def test_interest_before_the_issue_or_after_maturity__is_refused() -> None:
    for day, rule in ((date(2025, 5, 14), "bond.early"), (date(2027, 5, 15), "bond.matured")):
        with pytest.raises(Refused) as refused:
            accrued_down(NOTE, day)
        assert refused.value.code == rule


@pytest.mark.parametrize("change", [{"coupons": 3}, {"rate_ppm": -1}, {"matures_on": date(2025, 5, 15)}])
def test_terms_that_are_none__are_malformed(change: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="bond: "):
        replace(NOTE, **change)  # type: ignore[arg-type]  # any field


@given(st.integers(0, 729), st.sampled_from(DayCount))
def test_accrued_interest__on_any_day__never_passes_the_coupon_by_more_than_its_day_count(days: int, count: DayCount) -> None:
    terms, day = replace(NOTE, day_count=count), NOTE.issued_on + timedelta(days=days)
    accrued = accrued_down(terms, day).micros
    start, _ = terms.period_of(day)
    assert 0 <= accrued <= 2_180_000
    assert (accrued == 0) == (day == start)
