"""Corporate actions as a closed union with exact arithmetic, and the agreement of their sources.

Adding a case to `CorporateAction` makes the type checker list every place that must handle it.
Worked example (reference 5.2, vector B): 1,000 shares, 0.26 USD gross, 30 % withheld, bought at 199.37 give 0.912875558
shares and the multiplier 1.000912875558.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import gcd
from typing import assert_never

from openscrip.assets.notice import ActionEvent, Notice, NoticeFunction
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

WITHHOLDING = Bps(3_000)
"""The statutory rate on US dividends paid abroad, where neither a source nor the product names another."""
LARGE = Bps(100)
"""A multiplier that moves by more than this within 24 hours takes the long path."""
LARGE_WITHIN_S = 86_400


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
class StockDividend:
    """DVSE, BONU: `new` shares in total for `old`; to holders the same as a split, with another name (`code`)."""

    event_id: str
    stock: str
    ex_date: date
    new: int
    old: int
    code: str


@dataclass(frozen=True, slots=True)
class CashDividend:
    """DVCA: `gross` USD a share to who held before the ex-date, paid on the pay date, if that is known yet.

    `capital` of it is a return of capital, from which nothing is withheld.
    """

    event_id: str
    stock: str
    ex_date: date
    pay_date: date | None
    gross: PricePerShare
    capital: PricePerShare = PricePerShare(0)
    withheld: Bps | None = None


@dataclass(frozen=True, slots=True)
class CapitalReturn:
    """CAPD: `gross` USD a share out of capital: no income, so nothing is withheld."""

    event_id: str
    stock: str
    ex_date: date
    pay_date: date | None
    gross: PricePerShare


@dataclass(frozen=True, slots=True)
class Coupon:
    """INTR: `gross` USD of interest a unit of a bond."""

    event_id: str
    stock: str
    ex_date: date
    pay_date: date | None
    gross: PricePerShare
    withheld: Bps | None = None


@dataclass(frozen=True, slots=True)
class Maturity:
    """REDM: a bond ends; `price` USD a unit are paid out on the pay date and the units are gone."""

    event_id: str
    stock: str
    ex_date: date
    pay_date: date | None
    price: PricePerShare


@dataclass(frozen=True, slots=True)
class ManualAction:
    """An event that only an operator can carry out, such as a merger, a spin-off or a delisting (`code`)."""

    event_id: str
    stock: str
    ex_date: date
    code: str


RatioAction = ForwardSplit | ReverseSplit | StockDividend
CashAction = CashDividend | CapitalReturn | Coupon
CorporateAction = RatioAction | CashAction | Maturity | ManualAction


def action_of(notice: Notice) -> CorporateAction:
    """The action that a notice describes. Raises `Refused("notice.terms")` if its terms are missing."""
    head = notice.event_id, notice.symbol, notice.ex_date
    match notice.event:
        case ActionEvent.FORWARD_SPLIT:
            return ForwardSplit(*head, *_ratio(notice))
        case ActionEvent.REVERSE_SPLIT:
            return ReverseSplit(*head, *_ratio(notice))
        case ActionEvent.STOCK_DIVIDEND | ActionEvent.BONUS:
            return StockDividend(*head, *_ratio(notice), str(notice.event))
        case ActionEvent.CASH_DIVIDEND:
            capital = notice.capital_usd or PricePerShare(0)
            return CashDividend(*head, notice.pay_date, _cash(notice), capital, _withheld(notice))
        case ActionEvent.CAPITAL_RETURN:
            return CapitalReturn(*head, notice.pay_date, _cash(notice))
        case ActionEvent.COUPON:
            return Coupon(*head, notice.pay_date, _cash(notice), _withheld(notice))
        case ActionEvent.MATURITY:
            return Maturity(*head, notice.pay_date, _cash(notice))
        case (
            ActionEvent.SPIN_OFF
            | ActionEvent.MERGER
            | ActionEvent.TENDER
            | ActionEvent.EXCHANGE
            | ActionEvent.RIGHTS
            | ActionEvent.RIGHTS_DISTRIBUTION
            | ActionEvent.CHANGE
            | ActionEvent.LIQUIDATION
            | ActionEvent.DELISTING
            | ActionEvent.WORTHLESS
        ):
            return ManualAction(*head, str(notice.event))
        case _:
            assert_never(notice.event)


def _ratio(notice: Notice) -> tuple[int, int]:
    if notice.ratio is None:
        raise Refused("notice.terms", f"notice: {notice.event_id} had no ratio; its source must complete it")
    return notice.ratio


def _cash(notice: Notice) -> PricePerShare:
    if notice.cash_usd is None:
        raise Refused("notice.terms", f"notice: {notice.event_id} had no amount; its source must complete it")
    return notice.cash_usd


def _withheld(notice: Notice) -> Bps | None:
    return None if notice.withheld_bps is None else Bps(notice.withheld_bps)


def code_of(action: CorporateAction) -> str:
    """The CAEV code of an action."""
    match action:
        case ForwardSplit():
            return "SPLF"
        case ReverseSplit():
            return "SPLR"
        case CashDividend():
            return "DVCA"
        case CapitalReturn():
            return "CAPD"
        case Coupon():
            return "INTR"
        case Maturity():
            return "REDM"
        case StockDividend() | ManualAction():
            return action.code
        case _:
            assert_never(action)


def chain_code_of(action: CorporateAction) -> str:
    """The code under which chains know the action: all cash is DVCA there, and what adds shares DVSE."""
    match action:
        case CashDividend() | CapitalReturn() | Coupon():
            return "DVCA"
        case StockDividend():
            return "DVSE"
        case ForwardSplit() | ReverseSplit() | Maturity() | ManualAction():
            return code_of(action)
        case _:
            assert_never(action)


def same_terms(one: Notice, other: Notice) -> bool:
    """Whether two notices say the same: type, terms, currency and ex-date are equal; what one leaves out does not differ."""
    exact = ("event_id", "symbol", "isin", "event", "ex_date", "ratio_new", "ratio_old", "cash_usd", "currency")
    if any(getattr(one, name) != getattr(other, name) for name in exact) or one.is_withdrawn != other.is_withdrawn:
        return False
    told = ((getattr(one, name), getattr(other, name)) for name in ("record_date", "pay_date", "withheld_bps", "capital_usd"))
    return all(left is None or right is None or left == right for left, right in told)


def sources_agree(notices: Sequence[Notice]) -> bool | None:
    """None with fewer than two sound sources; otherwise whether type, terms, currency and ex-date are equal.

    Record and pay date, tax and the part that is capital may be absent in one source but must not conflict.
    """
    sound = [notice for notice in notices if notice.is_sound]
    if len({notice.source for notice in sound}) < 2:
        return None
    return all(same_terms(one, other) for place, one in enumerate(sound) for other in sound[place + 1 :])


def merged(notices: Sequence[Notice]) -> Notice:
    """One notice with what each of several that agree leaves out taken from the others; the first one's words otherwise."""
    first = notices[0]
    for other in notices[1:]:
        gaps = {
            name: getattr(other, name)
            for name in ("record_date", "pay_date", "withheld_bps", "capital_usd")
            if getattr(first, name) is None
        }
        first = replace(first, **gaps)
    return first


def latest(notices: Sequence[Notice], told: Notice) -> tuple[Notice, ...]:
    """The notices with `told` in its source's place, if it is a later revision, or the first word of that source."""
    before = next((each for each in notices if each.source == told.source), None)
    if before is None:
        return (*notices, told)
    if told.revision <= before.revision:
        return tuple(notices)
    return tuple(told if each is before else each for each in notices)


def net_dividend_down(action: CashAction, eligible: Shares, rate: Bps = WITHHOLDING) -> Money:
    """The cash on `eligible` shares after withholding, rounded down to 1e-6 USD.

    The rate is the source's where it names one, else `rate`; a return of capital is not taxed.
    """
    match action:
        case CapitalReturn():
            taxed, free, withheld = 0, action.gross.micros, Bps(0)
        case CashDividend():
            taxed, free = action.gross.micros - action.capital.micros, action.capital.micros
            withheld = rate if action.withheld is None else action.withheld
        case Coupon():
            taxed, free = action.gross.micros, 0
            withheld = rate if action.withheld is None else action.withheld
        case _:
            assert_never(action)
    micros = taxed * (10_000 - withheld.count) + free * 10_000
    return Money(micros * eligible.atoms // (10_000 * ATOMS_PER_SHARE))


def after_split(multiplier: Multiplier, action: RatioAction) -> Multiplier:
    """multiplier x new / old, floored once to 1e-18."""
    return multiplier.times_down(action.new, action.old)


def after_reinvestment(multiplier: Multiplier, eligible: Shares, bought: Shares) -> Multiplier:
    """multiplier x (eligible + bought) / eligible, floored once to 1e-18."""
    return multiplier.times_down(eligible.atoms + bought.atoms, eligible.atoms)


def is_large(before: Multiplier, after: Multiplier) -> bool:
    """Whether a change from `before` to `after` is more than 1 %, and so takes the long path: two people approve it."""
    return abs(after.value - before.value) * 10_000 > before.value * LARGE.count


def correcting_ratio(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    """What brings a multiplier that moved by `before` (new, old) to where `after` would have brought it."""
    new, old = after[0] * before[1], after[1] * before[0]
    common = gcd(new, old)
    return new // common, old // common


def withdrawn(notice: Notice, revision: int) -> Notice:
    """The cancellation of what `notice` announced."""
    return replace(notice, function=NoticeFunction.CANCELLATION, revision=revision)
