"""Market time: never back, New York where the listing trades."""

from datetime import date

import pytest

from openscrip.kernel.clock import SteppedClock, instant, iso, new_york_date, new_york_instant


def test_a_stepped_clock_never_goes_back() -> None:
    clock = SteppedClock(100)
    clock.advance_to(200)
    clock.advance_to(150)
    assert clock.now() == 200


def test_an_instant_survives_being_written_and_read() -> None:
    assert iso(instant("2024-06-03T13:30:00Z")) == "2024-06-03T13:30:00Z"


def test_new_york_follows_daylight_saving() -> None:
    assert iso(new_york_instant(date(2024, 6, 3), 9, 30)) == "2024-06-03T13:30:00Z"
    assert iso(new_york_instant(date(2024, 1, 3), 9, 30)) == "2024-01-03T14:30:00Z"


def test_late_evening_in_new_york_is_still_that_day() -> None:
    assert new_york_date(instant("2024-06-04T03:59:59Z")) == date(2024, 6, 3)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-02-30T00:00:00Z", "", "x"])
def test_instant__that_could_not_be_written_again__is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"outside|Invalid|day is out of range"):
        instant(text)
