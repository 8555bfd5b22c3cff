"""Products and exchanges: what may be listed by configuration, which actions fit a kind, and London's days."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from openscrip.assets.bonds import DayCount
from openscrip.assets.corporate_actions import CapitalReturn, CashDividend, Coupon, ForwardSplit, ManualAction, Maturity
from openscrip.assets.exchanges import calendar_of, london_calendar
from openscrip.assets.listings import products, products_of
from openscrip.assets.products import Income, fits, product_in, products_from
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.instrument import InstrumentKind
from openscrip.kernel.money import Bps, PricePerShare

DAY, CENT = date(2025, 8, 11), PricePerShare.parse("0.01")
NEW_BOND: dict[str, Any] = {
    "name": "A note", "isin": "XD0000000261", "mic": "XNYS", "currency": "USD", "token_symbol": "bNOTE", "kind": "bond",
    "bond": {
        "nominal_usd": "100", "rate_ppm": 42_500, "coupons": 2, "issued_on": date(2025, 5, 15),
        "matures_on": date(2026, 5, 15), "day_count": "ACT/ACT",
    },
}  # fmt: skip


def test_the_btokens_line__is_listed_by_configuration() -> None:
    for symbol, token in (("IB01", "bIB01"), ("CSPX", "bCSPX")):
        product = products()[symbol]
        assert (product.instrument.token_symbol, product.income, product.withheld) == (token, Income.ACCUMULATING, Bps(0))
        assert product.instrument.kind is InstrumentKind.ETF
        assert calendar_of(product.instrument.mic) is london_calendar()
    assert (products()["SPY"].income, products()["SPY"].withheld) == (Income.DISTRIBUTING, Bps(3_000))


def test_an_operators_file__changes_products_and_adds_new_ones(tmp_path: Path) -> None:
    file = tmp_path / "products.toml"
    file.write_text(
        """
[products.SPY]
withheld_bps = 1500
tax_document = "treaty, article 10"
[products.CSPX]
price_usd = "640.10"
[products.NOTE27]
name = "A note"
isin = "XD0000000261"
mic = "XLON"
currency = "USD"
token_symbol = "bNOTE27"
kind = "bond"
[products.NOTE27.bond]
nominal_usd = "1000"
rate_ppm = 50000
coupons = 1
issued_on = 2026-01-15
matures_on = 2027-01-15
day_count = "30/360"
""",
        encoding="utf-8",
    )
    found = products_of(str(file))
    assert (found["SPY"].withheld, found["CSPX"].price) == (Bps(1_500), PricePerShare.parse("640.1"))
    bond = found["NOTE27"].bond
    assert bond is not None
    assert (bond.coupon, bond.day_count) == (PricePerShare.parse("50"), DayCount.THIRTY_360)
    assert products_of("") is products()
    with pytest.raises(Refused) as unknown:
        product_in(found, "NOPE")
    assert unknown.value.code == "symbol.unknown"


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ({"bond": None}, "product.bond"),
        ({"bond": NEW_BOND["bond"] | {"coupons": "2"}}, "product.bond"),
        ({"bond": NEW_BOND["bond"] | {"day_count": "30/365"}}, "product.bond"),
        ({"kind": "etf"}, "product.bond"),
        ({"kind": "option"}, "product.kind"),
        ({"income": "sometimes"}, "product.income"),
        ({"withheld_bps": -1}, "product.tax"),
        ({"withheld_bps": 1500}, "product.tax"),
        ({"withheld_bps": 10_001, "tax_document": "x"}, "product.tax"),
        ({"isin": "XD0000000262"}, "isin.check_digit"),
        ({"mic": "XPAR"}, "product.exchange"),
        ({"colour": "red"}, "product.entry"),
        ({"name": 5}, "product.entry"),
    ],
)
def test_a_product_that_cannot_be__is_refused_by_rule(entry: dict[str, Any], rule: str) -> None:
    with pytest.raises(Malformed) as malformed:
        products_from({}, {"products": {"NOTE": NEW_BOND | entry}})
    assert malformed.value.code == rule


def test_a_new_product__names_everything() -> None:
    with pytest.raises(Malformed, match="lacks name, mic"):
        products_from({}, {"products": {"NOTE": {k: v for k, v in NEW_BOND.items() if k not in ("name", "mic")}}})
    with pytest.raises(Malformed, match="was not a table"):
        products_from({}, {"products": {"NOTE": 5}})


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        (ForwardSplit("e", "s", DAY, 2, 1), {"equity", "etf", "reit"}),
        (CashDividend("e", "s", DAY, DAY, CENT), {"equity", "etf", "reit"}),
        (CashDividend("e", "s", DAY, DAY, CENT, capital=CENT), {"reit"}),
        (CapitalReturn("e", "s", DAY, DAY, CENT), {"equity", "etf", "reit"}),
        (Coupon("e", "s", DAY, DAY, CENT), {"bond"}),
        (Maturity("e", "s", DAY, DAY, CENT), {"bond"}),
        (ManualAction("e", "s", DAY, "MRGR"), {"equity", "etf", "bond", "reit"}),
    ],
)
def test_each_kind__has_its_own_actions(action: Any, kinds: set[str]) -> None:
    assert {str(kind) for kind in InstrumentKind if fits(kind, action)} == kinds


# exchange_calendars 4.13.2 calls a pandas accessor that pandas 3.1 has deprecated; the values are not affected.
@pytest.mark.filterwarnings("ignore:Series.values")
def test_the_shipped_london_sessions__equal_those_of_exchange_calendars() -> None:
    import exchange_calendars  # noqa: PLC0415 - 1.4 s and 88 MB that no other test should pay for

    theirs = exchange_calendars.get_calendar("XLON", start="2020-01-01", end="2027-12-31")
    opens, closes = theirs.opens.dt.tz_convert("UTC"), theirs.closes.dt.tz_convert("UTC")
    expected = [(day.date(), int(opens[day].timestamp()), int(closes[day].timestamp())) for day in theirs.sessions]
    ours = [(day, london_calendar().session(day)) for day in london_calendar().sessions()]
    assert [(day, each.open_at, each.close_at) for day, each in ours if each] == expected


def test_london__settles_on_the_second_session_and_knows_its_own_holidays() -> None:
    london = london_calendar()
    assert london.settle(date(2025, 8, 21)) == date(2025, 8, 26), "Monday the 25th is a bank holiday"
    assert (london.session(date(2025, 8, 25)), london.session(date(2025, 7, 4)) is not None) == (None, True)
    assert london.settlement_on_or_after(date(2025, 8, 23)) == date(2025, 8, 26)
    half = london.session(date(2025, 12, 24))
    assert half is not None
    assert half.half_day
    assert not london.is_settlement_day(date(2025, 12, 25))
