"""Sessions and T+1, against exchange_calendars and the worked dates of the settlement rules."""

from datetime import date

import pytest

from openscrip.assets.calendar import new_york_calendar
from openscrip.kernel.clock import new_york_instant
from openscrip.kernel.errors import Refused

CALENDAR = new_york_calendar()


# exchange_calendars 4.13.2 calls a pandas accessor that pandas 3.1 has deprecated; the values are not affected.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Series.values")
def test_the_shipped_sessions_equal_those_of_exchange_calendars() -> None:
    import exchange_calendars  # noqa: PLC0415 - 1.4 s and 88 MB that no other test should pay for

    theirs = exchange_calendars.get_calendar("XNYS", start="2020-01-01", end="2027-12-31")
    opens = theirs.opens.dt.tz_convert("UTC")
    closes = theirs.closes.dt.tz_convert("UTC")
    expected = [(day.date(), int(opens[day].timestamp()), int(closes[day].timestamp())) for day in theirs.sessions]
    ours = [(day, CALENDAR.session_on_or_after(day)) for day in CALENDAR.sessions()]
    assert [(day, session.open_at, session.close_at) for day, session in ours] == expected


@pytest.mark.parametrize(
    ("trade_date", "settles"),
    [
        ("2024-06-07", "2024-06-10"),
        ("2026-07-02", "2026-07-06"),
        ("2026-10-09", "2026-10-13"),
        ("2026-10-12", "2026-10-13"),
        ("2026-11-10", "2026-11-12"),
        ("2026-11-11", "2026-11-12"),
        ("2026-11-25", "2026-11-27"),
        ("2026-12-24", "2026-12-28"),
        ("2027-10-08", "2027-10-12"),
    ],
)
def test_a_trade_settles_on_the_next_settlement_day(trade_date: str, settles: str) -> None:
    assert CALENDAR.settle(date.fromisoformat(trade_date)) == date.fromisoformat(settles)


def test_the_exchange_trades_on_columbus_and_veterans_day_and_nothing_settles() -> None:
    for day in (date(2026, 10, 12), date(2026, 11, 11), date(2024, 11, 11), date(2023, 11, 10)):
        assert CALENDAR.session(day) is not None
        assert CALENDAR.is_settlement_day(day) is (day == date(2023, 11, 10))


def test_a_half_day_closes_at_one() -> None:
    session = CALENDAR.session(date(2026, 11, 27))
    assert session is not None
    assert session.half_day
    assert session.close_at == new_york_instant(session.day, 13)
    assert CALENDAR.open_session(session.close_at) is None
    assert CALENDAR.open_session(session.close_at - 1) == session


def test_weekends_and_holidays_lead_to_the_next_session() -> None:
    assert CALENDAR.session(date(2024, 7, 4)) is None
    assert CALENDAR.session_on_or_after(date(2024, 7, 4)).day == date(2024, 7, 5)
    assert CALENDAR.next_session(date(2024, 7, 5)).day == date(2024, 7, 8)
    assert CALENDAR.previous_session(date(2024, 7, 5)).day == date(2024, 7, 3)


def test_a_day_beyond_the_table_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        CALENDAR.settle(date(2028, 1, 3))
    assert refusal.value.code == "calendar.horizon"
    with pytest.raises(Refused):
        CALENDAR.settle(CALENDAR.horizon)
