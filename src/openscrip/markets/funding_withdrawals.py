"""Withdrawals from the venue: reserved in the customer's balance first, paid under two keys, gone from the balance last.

    reserving > paying > leaving > done        reserving > refused
    reserving > review > paying | giving_back        paying > pay_waits > paying        paying > giving_back > given_back
    pay_waits > voiding > giving_back        voiding > void_waits > voiding

Money goes only to an address that its customer listed and that has waited its delay. What was signed by both keys and sent
is not given back on a chain's word that one attempt failed: whoever has seen the signatures might still bring them. It is
tried again under its one payment id, and given back only after the chain has been told never to make it (`voiding`).
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets.actions import Acknowledged, PaymentFailed, PaymentSent, Wake, Woken
from openscrip.issuance.actions import Landed, Rejected
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.markets import money_chart
from openscrip.markets.funding import (
    FundingTerms,
    FundingView,
    GiveBackFunds,
    Nature,
    PayAddress,
    PayOutFunds,
    ReserveFunds,
    Told,
    Unsent,
    VenueAction,
    short_id,
)
from openscrip.markets.funding_payout import Payment
from openscrip.runtime.decision import Decision
from openscrip.runtime.store import Command

KIND = "VenueWithdrawal"
SHORT = "treasury.short"


@dataclass(frozen=True, slots=True)
class VenueWithdrawal:
    """Row: what a customer asked to have out. `was_sent` once anything that both keys had signed may be known outside."""

    id: str
    request: str
    account: int
    asset: str
    place: str
    to: str
    amount: int
    asked_at: int
    tries: int = 0
    was_sent: bool = False
    paid_by: str = ""
    rule: str = ""
    reason: str = ""
    by: str = ""
    why: str = ""
    stock: str = ""
    state: str = "reserving"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An operator's word on a withdrawal under review: pay it or not."""

    pay: bool
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class MoneyLeft:
    """Fact: a withdrawal is paid, and gone from the balance."""

    id: str
    account: int
    asset: str
    amount: int
    paid_by: str


@dataclass(frozen=True, slots=True)
class MoneyGivenBack:
    """Fact: a withdrawal will not be paid; the balance is free again, or was never reserved."""

    id: str
    account: int
    asset: str
    amount: int
    rule: str
    text: str


WithdrawalEvent = Reviewed | Told | Landed | Rejected | Unsent | PaymentSent | PaymentFailed | Woken | Acknowledged


def withdrawal_id(account: int, request: str) -> str:
    """The name of a withdrawal, also at the venue."""
    return short_id("W", account, request)


def ask(row: VenueWithdrawal, listed: PayAddress | None, view: FundingView) -> Decision:
    """Accept a withdrawal.

    Raises `Refused` with `funding.unknown`, `withdrawal.minimum`, `withdrawal.address`, `withdrawal.delay`,
    `treasury.short` or `withdrawal.limit`.
    """
    holding = view.terms.holding(row.asset, row.place)
    text = f"withdrawal: {row.amount} units of {row.asset} were less than {holding.withdraw_min}; ask for more"
    refuse_unless(row.amount >= holding.withdraw_min, "withdrawal.minimum", text)
    text = f"withdrawal: {row.to!a:.80} was not on the list of account {row.account}; list it first"
    if listed is None or listed.state != "listed":
        raise Refused("withdrawal.address", text)
    text = f"withdrawal: {row.to!a:.80} is usable from {listed.usable_at} on; it is {view.now}"
    refuse_unless(view.now >= listed.usable_at, "withdrawal.delay", text)
    text = f"withdrawal: {row.place} held {view.free} free units of {row.asset}; ask for less, or at another place"
    refuse_unless(view.free >= row.amount, SHORT, text)
    counts = []
    for before, most, whose in ((view.mine, holding.customer_day_max, "one customer"), (view.everyone, holding.day_max, "all")):
        if before is None:
            raise LookupError(f"withdrawal: {row.id} was asked without its day's counts")
        total = before.amount + row.amount
        text = f"withdrawal: {total} units of {row.asset} in a day, {most} may leave for {whose}; ask tomorrow"
        refuse_unless(total <= most, "withdrawal.limit", text)
        counts.append(replace(before, amount=total))
    reserve = _tell(row, "reserve", ReserveFunds(row.account, row.asset, row.amount, row.id))
    return Decision((row, *counts), commands=(reserve,))


def decide(row: VenueWithdrawal, event: WithdrawalEvent, view: FundingView) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Told():
            return _told(row, event, view)
        case Reviewed():
            return _reviewed(row, event, view)
        case Landed():
            if row.state == "voiding" and _payment(row, view.terms).is_void(event.command):
                return _give_back(row, row.rule, row.reason, view)
            return _landed(row, event.tx_id, view) if _payment(row, view.terms).is_attempt(event.command) else Decision()
        case PaymentSent():
            return _landed(row, event.payment_id, view) if event.payment_id == _payment(row, view.terms).id else Decision()
        case Rejected() | Unsent():
            return _rejected(row, event, view)
        case PaymentFailed():
            if row.state != "paying" or event.payment_id != _payment(row, view.terms).id:
                return Decision()
            return _give_back(row, "bank.failed", f"withdrawal: the bank could not pay: {event.reason}", view)
        case Woken():
            if row.state == "void_waits":
                return _void(row, view.terms)
            if row.state != "pay_waits":
                return Decision()
            if row.was_sent and row.tries >= view.terms.sent_tries_max and _can_void(row, view.terms):
                return _void(row, view.terms)
            return _pay(row, view.terms)
        case Acknowledged():
            return Decision()
        case _:
            assert_never(event)


def _payment(row: VenueWithdrawal, terms: FundingTerms) -> Payment:
    holding = terms.holding(row.asset, row.place)
    return Payment(KIND, row.id, holding, row.to, row.amount, money_chart.transit(row.asset, row.id))


def _tell(row: VenueWithdrawal, what: str, action: VenueAction) -> Command:
    return Command(f"{row.id}:{what}", KIND, row.id, action)


def _told(row: VenueWithdrawal, event: Told, view: FundingView) -> Decision:
    state, what = row.state, event.command.removeprefix(f"{row.id}:")
    if (state, what) == ("reserving", "reserve"):
        if row.amount > view.terms.holding(row.asset, row.place).review_above:
            return Decision((replace(row, state="review"),))
        return _first_pay(row, view)
    if (state, what) == ("leaving", "paid"):
        fact = MoneyLeft(row.id, row.account, row.asset, row.amount, row.paid_by)
        return Decision((replace(row, state="done"),), facts=(fact,))
    if (state, what) == ("giving_back", "give_back"):
        return _ended(row, "given_back", row.rule, row.reason, view)
    return Decision()


def _reviewed(row: VenueWithdrawal, event: Reviewed, view: FundingView) -> Decision:
    """Raises `Refused("withdrawal.state")` for what is not under review."""
    refuse_unless(row.state == "review", "withdrawal.state", f"withdrawal: {row.id} was {row.state}, not under review")
    after = replace(row, by=event.by, why=event.why)
    if not event.pay:
        return _giving_back(after, "withdrawal.review", f"withdrawal: {event.by} refused it: {event.why}")
    return _first_pay(after, view)


def _first_pay(row: VenueWithdrawal, view: FundingView) -> Decision:
    """An asset may lie on several chains: what its customers have together need not be on this one."""
    if view.free < row.amount:
        return _giving_back(
            row, SHORT, f"withdrawal: {row.place} held {view.free} free units of {row.asset}; ask at another place"
        )
    return Decision(transfers=(_payment(row, view.terms).held(),)) + _pay(row, view.terms)


def _pay(row: VenueWithdrawal, terms: FundingTerms) -> Decision:
    after = replace(row, state="paying", tries=row.tries + 1)
    return Decision((after,), commands=(_payment(row, terms).command(after.tries),))


def _can_void(row: VenueWithdrawal, terms: FundingTerms) -> bool:
    """A bank's payment ends by the bank's word alone."""
    return terms.holding(row.asset, row.place).nature is not Nature.CASH


def _void(row: VenueWithdrawal, terms: FundingTerms) -> Decision:
    after = replace(row, state="voiding", tries=row.tries + 1)
    return Decision((after,), commands=(_payment(row, terms).void(after.tries),))


def _landed(row: VenueWithdrawal, paid_by: str, view: FundingView) -> Decision:
    if row.state not in ("paying", "pay_waits", "voiding", "void_waits"):
        return Decision()
    after = replace(row, state="leaving", paid_by=paid_by, rule="", reason="")
    told = _tell(row, "paid", PayOutFunds(row.id))
    return Decision((after,), (_payment(row, view.terms).sent(),), commands=(told,))


def _rejected(row: VenueWithdrawal, event: Rejected | Unsent, view: FundingView) -> Decision:
    """The venue would not reserve, or the payout was refused; a chain that says it has paid has paid."""
    payment = _payment(row, view.terms)
    if row.state == "reserving" and event.command == f"{row.id}:reserve":
        return _ended(row, "refused", event.code, event.text, view)
    if payment.was_made(event):
        return _landed(row, "", view)
    if row.state == "voiding" and event.command == payment.void(row.tries).key:
        return _wait(row, "void_waits", event, view)
    if row.state != "paying" or event.command != payment.command(row.tries).key:
        return Decision()
    row = replace(row, was_sent=row.was_sent or isinstance(event, Rejected), rule=event.code, reason=event.text)
    if not row.was_sent and (event.code != SHORT or row.tries >= view.terms.short_tries_max):
        return _give_back(row, event.code, event.text, view)
    return _wait(row, "pay_waits", event, view)


def _wait(row: VenueWithdrawal, state: str, event: Rejected | Unsent, view: FundingView) -> Decision:
    again = Command(f"{event.command}:again", KIND, row.id, Wake(event.code), view.now + view.terms.retry_s)
    return Decision((replace(row, state=state),), commands=(again,))


def _give_back(row: VenueWithdrawal, rule: str, text: str, view: FundingView) -> Decision:
    """Nothing is on its way and nothing will be."""
    return Decision(transfers=(_payment(row, view.terms).kept(),)) + _giving_back(row, rule, text)


def _giving_back(row: VenueWithdrawal, rule: str, text: str) -> Decision:
    after = replace(row, state="giving_back", rule=rule, reason=text)
    return Decision((after,), commands=(_tell(row, "give_back", GiveBackFunds(row.id)),))


def _ended(row: VenueWithdrawal, state: str, rule: str, text: str, view: FundingView) -> Decision:
    """Not paid: it does not count on its day."""
    counts = tuple(replace(each, amount=each.amount - row.amount) for each in (view.mine, view.everyone) if each is not None)
    fact = MoneyGivenBack(row.id, row.account, row.asset, row.amount, rule, text)
    return Decision((replace(row, state=state, rule=rule, reason=text), *counts), facts=(fact,))
