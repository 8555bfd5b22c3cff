"""How typed values read: units said, digits grouped, rounding in the safe direction, and nothing taken that has no type."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from jinja2 import Environment

from openscrip.kernel.clock import instant
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares, UiAmount
from openscrip.web import filters
from openscrip.web.filters import WrongValue


@dataclass(frozen=True)
class PriceOfToken:
    micros: int


@dataclass(frozen=True)
class Ratio:
    millionths: int


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (filters.shares(Shares.parse("93590")), "93,590 shares"),
        (filters.shares(Shares.parse("1")), "1 share"),
        (filters.shares(UiAmount.parse("10.0228")), "10.0228 shares"),
        (filters.shares(Shares.parse("93207.510012"), 2), "93,207.51 shares"),
        (filters.shares(Shares.parse("93207.510012"), 2, up=True), "93,207.52 shares"),
        (filters.shares(Shares.parse("93590"), 4, unit=False), "93,590.0000"),
        (filters.shares(Shares(-1), 2, unit=False), "\u22120.01"),
        (filters.shares(Shares(-1), 2, unit=False, up=True), "0.00"),
        (filters.tokens(RawAmount.parse("10"), "AAPLx", 4), "10.0000 AAPLx tokens"),
        (filters.tokens(RawAmount.parse("1"), "AAPLx"), "1 AAPLx token"),
        (filters.multiplier(Multiplier.parse("1.00228")), "1.002280"),
        (filters.multiplier(Multiplier.parse("1.00228"), 18), "1.002280000000000000"),
        (filters.usd(Money.parse("1234.5")), "$1,234.50"),
        (filters.usd(Money.parse("0.000001")), "$0.000001"),
        (filters.usd(Money(-1_500_000)), "\u2212$1.50"),
        (filters.coin(Money.parse("1234.56"), "USDC"), "1,234.56 USDC"),
        (filters.per_share(PricePerShare.parse("231.4")), "$231.40 per share"),
        (filters.per_token(PriceOfToken(231_930_000)), "$231.93 per token"),
        (filters.percent_down((Shares.parse("99996"), Shares.parse("100000"))), "99.99\u202f%"),
        (filters.percent_down((Shares.parse("2"), Shares.parse("3"))), "66.66\u202f%"),
        (filters.percent_down((Shares(1), Shares(0))), "\u2013"),
        (filters.percent_down(Ratio(1_004_199)), "100.41\u202f%"),
        (filters.percent_down(Bps(25)), "0.25\u202f%"),
        (filters.percent_down(None), "\u2013"),
        (filters.instant(instant("2024-06-03T20:00:00Z")), "2024-06-03T20:00:00Z"),
        (filters.minute(instant("2024-06-03T20:00:00Z")), "3 Jun 2024, 16:00 New York"),
        (filters.day(instant("2024-06-04T03:59:59Z")), "3 Jun 2024"),
        (filters.clock_time(instant("2024-06-03T20:00:05Z")), "16:00:05"),
        (filters.age(119), "119 s"),
        (filters.age(240), "4 min"),
        (filters.age(3 * 3_600), "3 h"),
        (filters.age(200_000), "2 days"),
        (filters.grouped("-1234567.125"), "\u22121,234,567.125"),
        (filters.trimmed("1412.50000000"), "1,412.5"),
        (filters.trimmed("23000.000000"), "23,000"),
        (filters.trimmed("5000"), "5,000"),
    ],
)
def test_a_value_reads_with_its_unit(read: str, says: str) -> None:
    assert read == says


@pytest.mark.parametrize("name", sorted(set(filters.FILTERS) - {"instant", "minute", "day", "clock_time", "age"}))
@pytest.mark.parametrize("value", [1, 1.5, True, object()])
def test_a_bare_number_is_refused_by_every_filter_of_an_amount(name: str, value: object) -> None:
    more = {"tokens": ("AAPLx",), "coin": ("USDC",)}.get(name, ())
    with pytest.raises(WrongValue):
        filters.FILTERS[name](value, *more)


@pytest.mark.parametrize("name", ["instant", "minute", "day", "clock_time", "age"])
@pytest.mark.parametrize("value", [1.5, True, "2024-06-03"])
def test_a_time_is_whole_seconds_and_nothing_else(name: str, value: object) -> None:
    with pytest.raises(WrongValue):
        filters.FILTERS[name](value)


def test_kinds_are_never_mixed() -> None:
    mistakes: tuple[Callable[[], str], ...] = (
        lambda: filters.shares(RawAmount(1)),
        lambda: filters.tokens(Shares(1), "AAPLx"),
        lambda: filters.usd(PricePerShare(1)),
        lambda: filters.per_token(PricePerShare(1)),
        lambda: filters.per_share(PriceOfToken(1)),
        lambda: filters.percent_down((Shares(1), RawAmount(1))),
    )
    for wrong in mistakes:
        with pytest.raises(WrongValue):
            wrong()


def test_templates_know_every_filter() -> None:
    environment = Environment(autoescape=True)
    filters.add_filters(environment)
    assert environment.from_string("{{ held | shares(2) }}").render(held=Shares.whole(3)) == "3.00 shares"
