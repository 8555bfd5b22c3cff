"""The shipped facts, against figures known from elsewhere."""

from datetime import date

import pytest

from openscrip.assets.listings import (
    broker_announcements,
    custodian_notices,
    daily_closes,
    instrument,
    instrument_of_isin,
    instruments,
)
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.kernel.errors import Malformed, Refused


@pytest.mark.parametrize(
    ("symbol", "day", "close"),
    [("NVDA", "2024-06-07", "1208.88"), ("NVDA", "2024-06-10", "121.79"), ("SPY", "2025-06-30", "617.85")],
)
def test_closes_are_those_that_were_traded(symbol: str, day: str, close: str) -> None:
    assert str(daily_closes().on(symbol, date.fromisoformat(day))) == close


def test_a_day_without_a_close_has_the_last_one_before() -> None:
    assert daily_closes().on("NVDA", date(2024, 6, 9)) == daily_closes().on("NVDA", date(2024, 6, 7))
    assert daily_closes().on("CRCL", date(2025, 6, 4)) is None
    assert daily_closes().on("XXXX", date(2025, 6, 4)) is None
    assert len(daily_closes().days("TSLA")) == 647


def test_the_broker_knows_fewer_actions_than_the_custodian_and_agrees_on_those() -> None:
    theirs = {each.event_id: each for each in custodian_notices()}
    assert len(theirs) == 77
    assert len(broker_announcements()) == 64
    for each in broker_announcements():
        other = theirs[each.event_id]
        assert (each.ex_date, each.ratio, each.cash_usd) == (other.ex_date, other.ratio, other.cash_usd)
        assert each.source != other.source


def test_the_nvidia_split_of_2024_is_ten_for_one() -> None:
    split = next(each for each in custodian_notices() if each.event_id == "NVDA.SPLF.2024-06-10")
    assert split.ratio == (10, 1)
    assert split.isin == instrument("NVDA").isin


def test_instruments_are_found_by_symbol_and_isin() -> None:
    assert len(instruments()) == 17, "fifteen of the table, and two invented ones of products.toml"
    assert instrument_of_isin("US0378331005") is instrument("AAPL")
    assert instrument_of_isin("US0000000000") is None
    with pytest.raises(Refused, match="was not among"):
        instrument("NOPE")


def test_a_split_without_a_usable_ratio_is_malformed() -> None:
    day = date(2024, 6, 3)
    with pytest.raises(Malformed):
        Notice("X", "TSLA", "US88160R1014", ActionEvent.REVERSE_SPLIT, day, day, None, None, 10, 1, None, "test")
