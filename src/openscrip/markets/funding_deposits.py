"""Deposits at the venue: what is final on a chain or at the bank is credited to who sent it, or waits for a person.

    crediting > credited        suspense > crediting (assigned)        suspense > returning > returned        suspense > kept

One address on each chain and one account a currency take what all customers bring. On a chain the sender says whose it is,
who must be a registered wallet; at the bank the reference does, and the sender must be registered to that customer. Nothing
goes back by itself: an exchange's hot wallet would not know what to do with it.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets.actions import Acknowledged, PaymentFailed, PaymentSent, Wake, Woken
from openscrip.issuance.actions import Landed, Rejected
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.markets import money_chart
from openscrip.markets.funding import CreditCustomer, FundingTerms, FundingView, Holding, Told, Unsent, short_id
from openscrip.markets.funding_payout import Payment
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

KIND = "VenueDeposit"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something final reached a holding. `source` names it for ever: chain, transaction and place, or the bank's reference.

    `dust_atoms` is what was below the venue's unit.
    """

    source: str
    asset: str
    place: str
    sender: str
    amount: int
    tx_id: str
    block: int
    dust_atoms: int = 0


@dataclass(frozen=True, slots=True)
class VenueDeposit:
    """Row: what arrived. `account` is whose it is, 0 while nobody's; `rule` why it waits; `by` and `why` who decided."""

    id: str
    source: str
    asset: str
    place: str
    sender: str
    amount: int
    tx_id: str
    block: int
    seen_at: int
    account: int = 0
    rule: str = ""
    reason: str = ""
    by: str = ""
    why: str = ""
    tries: int = 0
    round: int = 1
    paid_by: str = ""
    stock: str = ""
    state: str = "suspense"


@dataclass(frozen=True, slots=True)
class MoneyArrived:
    """Fact: a deposit is in its customer's balance."""

    id: str
    account: int
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class MoneyInSuspense:
    """Fact: a deposit waits for an operator; `rule` says why."""

    id: str
    asset: str
    place: str
    sender: str
    amount: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class MoneyReturned:
    """Fact: a deposit went back to its sender."""

    id: str
    amount: int
    tx_id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """An operator's word on a deposit that waits: `assign` it to `account`, `return` it, or `keep` it where it is."""

    decision: str
    by: str
    why: str
    account: int = 0


DepositEvent = Settled | Told | Landed | Rejected | Unsent | PaymentSent | PaymentFailed | Woken | Acknowledged


def deposit_id(source: str) -> str:
    """The name of a deposit, also at the venue."""
    return short_id("D", source)


def received(seen: Arrival, account: int, now: int, terms: FundingTerms, refusal: Refused | None) -> Decision:
    """What arrived: `account`'s, or nobody's (0, or any that `refusal` speaks against)."""
    holding = terms.holding(seen.asset, seen.place)
    row = VenueDeposit(
        deposit_id(seen.source), seen.source, seen.asset, seen.place, seen.sender, seen.amount, seen.tx_id, seen.block, now
    )
    if refusal is None and account:
        row = replace(row, account=account, state="crediting", stock=str(account), tries=1)
        owed = money_chart.transit(row.asset, row.id)
        return Decision((row,), (_came(row, holding, owed),), commands=(_credit(row),))
    text = refusal or Refused(
        "deposit.sender", f"deposit: {seen.sender!a:.80} was no registered customer's; assign or return it"
    )
    row = replace(row, rule=text.code, reason=text.text)
    came = _came(row, holding, money_chart.suspense(row.asset, row.id))
    fact = MoneyInSuspense(row.id, row.asset, row.place, row.sender, row.amount, row.rule, row.reason)
    return Decision((row,), (came,), (fact,))


def decide(row: VenueDeposit, event: DepositEvent, view: FundingView) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Settled():
            return _settled(row, event, view)
        case Told():
            if row.state != "crediting" or event.command != _credit(row).key:
                return Decision()
            return Decision(
                (replace(row, state="credited"),), facts=(MoneyArrived(row.id, row.account, row.asset, row.amount),)
            )
        case Landed():
            return _returned(row, event.tx_id, view) if _payment(row, view.terms).is_attempt(event.command) else Decision()
        case PaymentSent():
            return _returned(row, event.payment_id, view) if event.payment_id == _payment(row, view.terms).id else Decision()
        case Rejected() | Unsent():
            return _rejected(row, event, view)
        case PaymentFailed():
            return _failed(row, event, view)
        case Woken():
            if row.state != "return_waits":
                return Decision()
            return _return(replace(row, tries=row.tries + 1), view.terms)
        case Acknowledged():
            return Decision()
        case _:
            assert_never(event)


def _payment(row: VenueDeposit, terms: FundingTerms) -> Payment:
    holding, owed = terms.holding(row.asset, row.place), money_chart.suspense(row.asset, row.id)
    return Payment(KIND, row.id, holding, row.sender, row.amount, owed, row.round)


def _came(row: VenueDeposit, holding: Holding, owed: str) -> Transfer:
    return Transfer(f"{row.id}:in", holding.ledger, owed, row.amount, row.id)


def _credit(row: VenueDeposit) -> Command:
    action = CreditCustomer(row.account, row.asset, row.amount, row.id)
    return Command(f"{row.id}:credit:{row.tries}", KIND, row.id, action)


def _settled(row: VenueDeposit, event: Settled, view: FundingView) -> Decision:
    """Raises `Refused` with `deposit.state`, `deposit.sanctioned`, `account.unknown`, `deposit.sender` or `treasury.short`."""
    refuse_unless(row.state in ("suspense", "kept"), "deposit.state", f"deposit: {row.id} was {row.state}, not in suspense")
    after = replace(row, by=event.by, why=event.why)
    if event.decision == "keep":
        return Decision((replace(after, state="kept"),))
    listed = row.rule.startswith("compliance.sanctioned")
    text = f"deposit: {row.id} came from a listed address; what is blocked is kept, and moves only by an authority's word"
    refuse_unless(not listed, "deposit.sanctioned", text)
    if event.decision == "assign":
        refuse_unless(event.account > 0, "account.unknown", f"deposit: {row.id} was assigned to no account; name one")
        after = replace(after, account=event.account, stock=str(event.account), state="crediting", tries=row.tries + 1)
        owed, transit = money_chart.suspense(row.asset, row.id), money_chart.transit(row.asset, row.id)
        moved = Transfer(f"{row.id}:assigned:{after.tries}", owed, transit, row.amount, row.id)
        return Decision((after,), (moved,), commands=(_credit(after),))
    refuse_unless(bool(row.sender), "deposit.sender", f"deposit: {row.id} had no sender to return it to; assign or keep it")
    text = f"deposit: {row.place} held {view.free} free units of {row.asset}, less than came; return it later"
    refuse_unless(view.free >= row.amount, "treasury.short", text)
    return Decision(transfers=(_payment(row, view.terms).held(),)) + _return(replace(after, tries=row.tries + 1), view.terms)


def _return(row: VenueDeposit, terms: FundingTerms) -> Decision:
    return Decision((replace(row, state="returning"),), commands=(_payment(row, terms).command(row.tries),))


def _returned(row: VenueDeposit, paid_by: str, view: FundingView) -> Decision:
    if row.state not in ("returning", "return_waits"):
        return Decision()
    after, posted = replace(row, state="returned", paid_by=paid_by), _payment(row, view.terms).sent()
    return Decision((after,), (posted,), (MoneyReturned(row.id, row.amount, paid_by),))


def _rejected(row: VenueDeposit, event: Rejected | Unsent, view: FundingView) -> Decision:
    """The venue would not credit it, or the chain would not return it; a chain that says it has paid has paid."""
    payment = _payment(row, view.terms)
    if row.state == "crediting" and event.command == _credit(row).key:
        return _uncredited(row, event)
    if payment.was_made(event):
        return _returned(row, "", view)
    if row.state != "returning" or event.command != payment.command(row.tries).key:
        return Decision()
    again = Command(f"{event.command}:again", KIND, row.id, Wake(event.code), view.now + view.terms.retry_s)
    return Decision((replace(row, state="return_waits", reason=event.text),), commands=(again,))


def _uncredited(row: VenueDeposit, event: Rejected | Unsent) -> Decision:
    suspense, transit = money_chart.suspense(row.asset, row.id), money_chart.transit(row.asset, row.id)
    moved = Transfer(f"{row.id}:uncredited:{row.tries}", transit, suspense, row.amount, row.id)
    fact = MoneyInSuspense(row.id, row.asset, row.place, row.sender, row.amount, event.code, event.text)
    after = replace(row, account=0, stock="", state="suspense", rule=event.code, reason=event.text)
    return Decision((after,), (moved,), (fact,))


def _failed(row: VenueDeposit, event: PaymentFailed, view: FundingView) -> Decision:
    """A bank's payment that failed for good: its id is spent, and the deposit waits for another word."""
    payment = _payment(row, view.terms)
    if row.state != "returning" or event.payment_id != payment.id:
        return Decision()
    text = f"deposit: the bank could not return it: {event.reason}"
    after = replace(row, state="kept", rule="bank.failed", reason=text, round=row.round + 1)
    return Decision((after,), (payment.kept(),))
