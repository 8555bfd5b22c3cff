"""A bond's terms and what follows from them: coupon dates, coupons, accrued interest by day count. Integers, rounded down.

Formula: accrued = nominal x rate x days / year, by the day count of the terms; under ACT/ACT (ICMA) coupon x days / days of
its period. Worked example: 100 of a 4.25 % bond with two coupons a year, from 15 May 2026 to 15 November 2026 (184 days):
after 92 days ACT/ACT (ICMA) has accrued 1.0625, half of a coupon of 2.125.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.kernel.money import PricePerShare

PPM = 10**6
MONTHS = 12


class DayCount(StrEnum):
    """How days of interest are counted."""

    ACT_ACT_ICMA = "ACT/ACT"
    ACT_360 = "ACT/360"
    ACT_365_FIXED = "ACT/365F"
    THIRTY_360 = "30/360"


@dataclass(frozen=True, slots=True)
class BondTerms:
    """`nominal` USD a unit at `rate_ppm` a year (1e-6), paid `coupons` times a year until `matures_on`.

    A bond without coupons (`coupons` 0) accrues nothing: its price rises to the nominal instead.
    """

    nominal: PricePerShare
    rate_ppm: int
    coupons: int
    issued_on: date
    matures_on: date
    day_count: DayCount

    def __post_init__(self) -> None:
        if self.coupons not in (0, 1, 2, 4) or self.rate_ppm < 0 or self.nominal.micros <= 0:
            text = f"bond: {self.coupons} coupons of {self.rate_ppm} ppm on {self.nominal} were no terms"
            raise Malformed("bond.terms", text)
        if self.issued_on >= self.matures_on:
            raise Malformed("bond.terms", f"bond: it was issued on {self.issued_on} and matures on {self.matures_on}")

    @property
    def coupon(self) -> PricePerShare:
        """One regular coupon a unit, rounded down."""
        return PricePerShare(self.nominal.micros * self.rate_ppm // (PPM * self.coupons)) if self.coupons else PricePerShare(0)

    def coupon_dates(self) -> tuple[date, ...]:
        """All coupon dates after the issue, counted back from maturity; the last is maturity itself."""
        if not self.coupons:
            return ()
        found, step, back = [], MONTHS // self.coupons, 0
        while (day := months_before(self.matures_on, back)) > self.issued_on:
            found.append(day)
            back += step
        return tuple(reversed(found))

    def period_of(self, day: date) -> tuple[date, date]:
        """The coupon period that holds `day`: its first day, and the coupon date after it.

        Raises `Refused("bond.matured")` from maturity on, `bond.early` before the issue.
        """
        refuse_unless(day >= self.issued_on, "bond.early", f"bond: {day} was before its issue on {self.issued_on}")
        refuse_unless(day < self.matures_on, "bond.matured", f"bond: {day} was not before its maturity on {self.matures_on}")
        dates = self.coupon_dates() or (self.matures_on,)
        after = next(each for each in dates if each > day)
        before = months_before(after, MONTHS // self.coupons) if self.coupons else self.issued_on
        return before, after


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last."""
    index = day.year * MONTHS + day.month - 1 - months
    year, month = divmod(index, MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def accrued_down(terms: BondTerms, day: date) -> PricePerShare:
    """Interest a unit from the last coupon date (or the issue) up to settlement on `day`, rounded down to 1e-6 USD."""
    if not terms.coupons:
        return PricePerShare(0)
    period, after = terms.period_of(day)
    since = max(period, terms.issued_on)
    year = terms.nominal.micros * terms.rate_ppm
    match terms.day_count:
        case DayCount.ACT_ACT_ICMA:
            micros = year * (day - since).days // (PPM * terms.coupons * (after - period).days)
        case DayCount.ACT_360:
            micros = year * (day - since).days // (PPM * 360)
        case DayCount.ACT_365_FIXED:
            micros = year * (day - since).days // (PPM * 365)
        case DayCount.THIRTY_360:
            micros = year * days_30_360(since, day) // (PPM * 360)
        case _:
            assert_never(terms.day_count)
    return PricePerShare(micros)


def days_30_360(start: date, end: date) -> int:
    """Days between two dates in a year of twelve months of thirty days (bond basis): the 31st is the 30th."""
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def dirty_price(clean: PricePerShare, terms: BondTerms, settles_on: date) -> PricePerShare:
    """What a buyer pays a unit: the quoted price and the interest accrued to settlement."""
    return PricePerShare(clean.micros + accrued_down(terms, settles_on).micros)
