"""Years of market made of the data: nothing jumps where nothing happened, every action comes again, and invariants hold."""

import secrets
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes
from openscrip.assets.notice import ActionEvent
from openscrip.bootstrap.simulated import simulate_years
from openscrip.kernel.money import PricePerShare
from openscrip.lab.market_years import FIRST_DAY, LAP_DAYS, AfterSplits, MarketYears

TOLD = (*broker_announcements(), *custodian_notices())
QUARTERS_OF_TEN_YEARS = 40


@pytest.fixture(scope="module")
def decade() -> MarketYears:
    """Ten years."""
    return MarketYears(10, new_york_calendar(), daily_closes(), TOLD)


def test_ten_years__have_their_sessions_on_weekdays_only(decade: MarketYears) -> None:
    days = [day for day in decade.calendar.sessions() if day >= FIRST_DAY]
    assert len(days) > 10 * 251
    assert all(day.weekday() < 5 for day in days)


def test_a_half_day_of_the_data__is_a_half_day_in_every_lap(decade: MarketYears) -> None:
    halves = Counter(
        (day - FIRST_DAY).days % LAP_DAYS
        for day in decade.calendar.sessions()
        if day >= FIRST_DAY and (session := decade.calendar.session(day)) and session.half_day
    )
    assert len(halves) > 3
    assert set(halves.values()) == {decade.laps}


def test_a_line_that_split__starts_its_next_lap_at_the_price_that_the_split_left(decade: MarketYears) -> None:
    first = decade.on("NVDA", FIRST_DAY)
    again = decade.on("NVDA", FIRST_DAY + timedelta(days=LAP_DAYS))
    assert first is not None
    assert again == PricePerShare(first.micros // 10)
    assert decade.on("AAPL", FIRST_DAY) == decade.on("AAPL", FIRST_DAY + timedelta(days=3 * LAP_DAYS))


def test_every_action_of_the_data__comes_once_in_every_lap(decade: MarketYears) -> None:
    notices = decade.notices("custodian")
    in_a_lap = [n for n in custodian_notices() if 0 <= (n.ex_date - FIRST_DAY).days < LAP_DAYS]
    assert len({notice.event_id for notice in notices}) == len(notices) == len(in_a_lap) * (decade.laps - 1)
    assert len(in_a_lap) >= 70


def test_prices_after_a_split_that_the_data_do_not_know__fall_by_its_ratio_from_the_ex_date_on() -> None:
    split = replace(custodian_notices()[0], symbol="SPY", event=ActionEvent.FORWARD_SPLIT, ex_date=date(2024, 6, 20),
                    ratio_new=3, ratio_old=1, cash_usd=None)  # fmt: skip
    closes, plain = AfterSplits(daily_closes(), [split]), daily_closes()
    before, after = date(2024, 6, 18), date(2024, 6, 20)
    shown = plain.on("SPY", after)
    assert closes.on("SPY", before) == plain.on("SPY", before)
    assert shown is not None
    assert closes.on("SPY", after) == PricePerShare(shown.micros // 3)
    assert closes.on("AAPL", after) == plain.on("AAPL", after)
    spy = [each for each in custodian_notices() if each.symbol == "SPY" and each.cash_usd]
    cash = {each.ex_date: each.cash_usd for each in closes.notices(spy)}
    assert cash[date(2024, 3, 15)] == PricePerShare(1_594_937)
    assert cash[date(2024, 6, 21)] == PricePerShare(1_759_024 // 3)


@pytest.mark.slow
def test_one_quarter_with_every_fault__holds_every_invariant() -> None:
    result = simulate_years(7, 1, 100_000 // QUARTERS_OF_TEN_YEARS)
    assert result.ok, result.broken
    assert (result.sessions, result.subscriptions) == (63, 2_500)
    assert result.crashes > 0
    assert result.redemptions > 0


@pytest.mark.soak
@pytest.mark.slow
def test_ten_years_with_every_fault__hold_every_invariant() -> None:
    """100,000 subscriptions, a third of them redeemed, and all corporate actions of the data again and again."""
    seed = secrets.randbelow(10**6)
    result = simulate_years(seed, QUARTERS_OF_TEN_YEARS, 100_000)
    assert result.ok, f"seed {seed}: {result.broken}"
    assert result.subscriptions == 100_000
    assert result.redemptions > 0
