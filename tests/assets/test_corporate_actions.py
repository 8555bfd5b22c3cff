"""Corporate actions: exact terms, two sources that agree, and arithmetic that is floored once."""

from dataclasses import replace
from datetime import date

import pytest

from openscrip.assets.corporate_actions import (
    CashDividend,
    ForwardSplit,
    ReverseSplit,
    action_of,
    after_reinvestment,
    after_split,
    code_of,
    net_dividend_down,
    sources_agree,
)
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.kernel.money import Money, PricePerShare, shares_bought_down
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Shares

EX_DATE = date(2024, 8, 12)
DIVIDEND = Notice(
    "AAPL.DVCA.2024-08-12", "AAPL", "US0378331005", ActionEvent.CASH_DIVIDEND, date(2024, 8, 1), EX_DATE, EX_DATE,
    date(2024, 8, 15), None, None, PricePerShare.parse("0.26"), "custodian",
)  # fmt: skip
SPLIT = replace(DIVIDEND, event=ActionEvent.FORWARD_SPLIT, ratio_new=10, ratio_old=1, cash_usd=None)


def test_a_notice_becomes_the_action_that_it_describes() -> None:
    dividend = CashDividend(DIVIDEND.event_id, "AAPL", EX_DATE, date(2024, 8, 15), PricePerShare.parse("0.26"))
    assert action_of(DIVIDEND) == dividend
    assert action_of(SPLIT) == ForwardSplit(SPLIT.event_id, "AAPL", EX_DATE, 10, 1)
    reverse = replace(SPLIT, event=ActionEvent.REVERSE_SPLIT, ratio_new=1, ratio_old=8)
    assert action_of(reverse) == ReverseSplit(SPLIT.event_id, "AAPL", EX_DATE, 1, 8)


@pytest.mark.parametrize(("notice", "code"), [(DIVIDEND, "DVCA"), (SPLIT, "SPLF")])
def test_actions_carry_the_iso_code(notice: Notice, code: str) -> None:
    assert code_of(action_of(notice)) == code


def test_a_dividend_without_a_pay_date_is_known_all_the_same() -> None:
    action = action_of(replace(DIVIDEND, pay_date=None))
    assert isinstance(action, CashDividend)
    assert action.pay_date is None


def test_one_source_is_news_and_never_agreement() -> None:
    assert sources_agree([DIVIDEND]) is None
    assert sources_agree([DIVIDEND, DIVIDEND]) is None


def test_sources_agree_where_one_leaves_dates_out() -> None:
    other = replace(DIVIDEND, source="broker", announced_on=date(2024, 8, 2), record_date=None, pay_date=None)
    assert sources_agree([DIVIDEND, other]) is True


@pytest.mark.parametrize(
    "change",
    [
        {"cash_usd": PricePerShare.parse("0.25")},
        {"ex_date": date(2024, 8, 13)},
        {"pay_date": date(2024, 8, 16)},
        {"record_date": date(2024, 8, 13)},
    ],
)
def test_sources_differ_in_any_term(change: dict[str, object]) -> None:
    assert sources_agree([DIVIDEND, replace(DIVIDEND, source="broker", **change)]) is False  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("price", "bought", "multiplier"),
    [("200", "0.91", "1.00091"), ("199.37", "0.912875558", "1.000912875558")],
)
def test_a_reinvested_dividend_is_the_worked_example(price: str, bought: str, multiplier: str) -> None:
    eligible = Shares.whole(1_000)
    action = action_of(DIVIDEND)
    assert isinstance(action, CashDividend)
    net = net_dividend_down(action, eligible)
    shares = shares_bought_down(net, PricePerShare.parse(price))
    assert net == Money.parse("182")
    assert str(shares) == bought
    assert str(after_reinvestment(Multiplier.one(), eligible, shares)) == multiplier


def test_a_split_multiplies_exactly_and_raises_the_version() -> None:
    action = action_of(SPLIT)
    assert isinstance(action, ForwardSplit)
    assert after_split(Multiplier.parse("1.000912875558", 1), action) == Multiplier(10_009_128_755_580_000_000, 2)
