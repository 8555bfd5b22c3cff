"""Corporate actions as a closed union with exact arithmetic, and the agreement of their sources.

Adding a case to `CorporateAction` makes the type checker list every place that must handle it.
Worked example (reference 5.2, vector B): 1,000 shares, 0.26 USD gross, 30 % withheld, bought at 199.37 give 0.912875558
shares and the multiplier 1.000912875558.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from openscrip.assets.notice import ActionEvent, Notice
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

WITHHOLDING = Bps(3_000)
"""The statutory rate on US dividends paid abroad."""


@dataclass(frozen=True, slots=True)
class ForwardSplit:
    """SPLF: `new` shares for `old`, from the start of trading on the ex-date."""

    event_id: str
    stock: str
    ex_date: date
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class ReverseSplit:
    """SPLR: `new` shares for `old`, fewer than before; fractions are paid in cash."""

    event_id: str
    stock: str
    ex_date: date
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class CashDividend:
    """DVCA: `gross` USD a share, paid on the pay date, if that is known yet, to who held before the ex-date."""

    event_id: str
    stock: str
    ex_date: date
    pay_date: date | None
    gross: PricePerShare


CorporateAction = ForwardSplit | ReverseSplit | CashDividend


def action_of(notice: Notice) -> CorporateAction:
    """The action that a notice describes. Raises `Refused("notice.terms")` if its terms are missing."""
    match notice.event:
        case ActionEvent.FORWARD_SPLIT | ActionEvent.REVERSE_SPLIT:
            if notice.ratio is None:
                raise Refused("notice.terms", f"notice: {notice.event_id} had no ratio")
            kind = ForwardSplit if notice.event is ActionEvent.FORWARD_SPLIT else ReverseSplit
            return kind(notice.event_id, notice.symbol, notice.ex_date, *notice.ratio)
        case ActionEvent.CASH_DIVIDEND:
            if notice.cash_usd is None:
                raise Refused("notice.terms", f"notice: {notice.event_id} had no amount")
            return CashDividend(notice.event_id, notice.symbol, notice.ex_date, notice.pay_date, notice.cash_usd)
        case _:
            assert_never(notice.event)


def code_of(action: CorporateAction) -> str:
    """The CAEV code of an action."""
    match action:
        case ForwardSplit():
            return "SPLF"
        case ReverseSplit():
            return "SPLR"
        case CashDividend():
            return "DVCA"
        case _:
            assert_never(action)


def sources_agree(notices: Sequence[Notice]) -> bool | None:
    """None with fewer than two sources; otherwise whether type, terms and ex-date are equal.

    Record and pay date may be absent in one source but must not conflict.
    """
    if len({notice.source for notice in notices}) < 2:
        return None
    terms = {replace(notice, source="", announced_on=date.min, record_date=None, pay_date=None) for notice in notices}
    records = {notice.record_date for notice in notices} - {None}
    pays = {notice.pay_date for notice in notices} - {None}
    return len(terms) == 1 and len(records) <= 1 and len(pays) <= 1


def net_dividend_down(action: CashDividend, eligible: Shares) -> Money:
    """The dividend on `eligible` shares after withholding, rounded down to 1e-6 USD."""
    return Money(action.gross.micros * eligible.atoms * (10_000 - WITHHOLDING.count) // (10_000 * ATOMS_PER_SHARE))


def after_split(multiplier: Multiplier, action: ForwardSplit | ReverseSplit) -> Multiplier:
    """multiplier x new / old, floored once to 1e-18."""
    return multiplier.times_down(action.new, action.old)


def after_reinvestment(multiplier: Multiplier, eligible: Shares, bought: Shares) -> Multiplier:
    """multiplier x (eligible + bought) / eligible, floored once to 1e-18."""
    return multiplier.times_down(eligible.atoms + bought.atoms, eligible.atoms)
