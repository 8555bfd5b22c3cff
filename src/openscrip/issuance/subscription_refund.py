"""The end of a subscription: tokens delivered, the fee charged, unused money on its way back, as it came."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Pay, PaymentFailed, PaymentSent, Wake
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import PayCoins, attempt_of, held, pay_coins, sent, was_paid
from openscrip.issuance.subscription_row import Subscription, SubscriptionCompleted
from openscrip.issuance.terms import View
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command


def complete(row: Subscription) -> Decision:
    """Everything is delivered: charge the fee, and send back what is left."""
    fee = min(row.rates.fee_up(row.charged), row.paid - row.charged)
    charged = Transfer(f"{row.id}:fee", accounts.client_payable(row.id), accounts.FEES_INCOME, fee.atoms, row.id)
    raw = RawAmount(sum(p.raw.atoms for p in row.parcels))
    after = replace(row, charged=row.charged + fee, reason="")
    booked = Decision(
        transfers=(charged,) if fee else (),
        facts=(SubscriptionCompleted(row.id, row.stock, row.chain, row.shares, raw),),
    )
    return booked + pay_back(after)


def pay_back(row: Subscription) -> Decision:
    """Send back what was paid and not charged; with nothing left the subscription ends."""
    rest = row.paid - row.charged
    end = "refused" if row.state == "refunding" and not row.parcels else "completed"
    if not rest:
        return Decision(rows=(replace(row, state=end),))
    after = replace(row, state="refunding", payments=row.payments + 1, charged=row.paid, returning=rest)
    payment_id, payable = f"{row.id}:refund:{after.payments}", accounts.client_payable(row.id)
    if row.in_coins:
        after = replace(after, tries=1)
        return Decision((after,), (held(payment_id, payable, _coins(after), row.id),), commands=(_pay_coins(after),))
    pending = Transfer(payment_id, payable, accounts.BANK, rest.atoms, row.id, Phase.PENDING)
    pay = Command(payment_id, "Subscription", row.id, Pay(payment_id, row.person, rest, row.id))
    return Decision(rows=(after,), transfers=(pending,), commands=(pay,))


def paid_back(row: Subscription, event: PaymentSent) -> Decision:
    """The bank sent the money: the subscription ends."""
    payable = accounts.client_payable(row.id)
    posted = Transfer(
        f"{event.payment_id}:sent", payable, accounts.BANK, event.amount.atoms, row.id, Phase.POST, event.payment_id
    )
    return _ended(replace(row, returning=Money(0)), posted)


def not_paid_back(row: Subscription, event: PaymentFailed) -> Decision:
    """The bank refused a refund: a person's. Only the newest is asked for again; beside an older one it may still be paid."""
    is_newest = event.payment_id == f"{row.id}:refund:{row.payments}"
    returning = row.returning if is_newest else Money(0)
    return Decision(rows=(replace(row, state="held", reason=event.reason, returning=returning),))


def pay_back_anew(row: Subscription) -> Decision:
    """Ask the bank again for what it refused to pay back, under a new payment id; with it what came in the meantime."""
    refused, payable = f"{row.id}:refund:{row.payments}", accounts.client_payable(row.id)
    voided = Transfer(f"{refused}:void", payable, accounts.BANK, 0, row.id, Phase.VOID, refused)
    owing = replace(row, state="refunding", charged=row.charged - row.returning)
    return Decision(transfers=(voided,)) + pay_back(owing)


def coins_went_back(row: Subscription, event: Landed | Rejected, view: View) -> Decision | None:
    """What follows from the answer to a refund in coins; None if the event is about something else.

    A refund that the chain or the approver refused is tried again later: the client's money is owed until it is paid.
    """
    payment_id = f"{row.id}:refund:{row.payments}"
    if not row.returning or not event.command.startswith(attempt_of(payment_id, 0)[:-1]):
        return None
    if isinstance(event, Rejected) and not was_paid(event):
        if event.command != attempt_of(payment_id, row.tries):
            return Decision()
        again = Command(f"{event.command}:again", "Subscription", row.id, Wake(event.code), view.now + view.terms.retry_s)
        return Decision(rows=(replace(row, state="refund_waits", reason=event.text),), commands=(again,))
    stable = accounts.stable(row.funding, row.pay_chain)
    posted = sent(payment_id, accounts.client_payable(row.id), stable, row.returning, row.id)
    return _ended(replace(row, returning=Money(0)), posted)


def try_again(row: Subscription) -> Decision:
    """Ask for a refund in coins that was refused again, under the same payment id."""
    after = replace(row, state="refunding", tries=row.tries + 1)
    return Decision(rows=(after,), commands=(_pay_coins(after),))


def _ended(row: Subscription, posted: Transfer) -> Decision:
    if row.state not in ("refunding", "refund_waits"):
        return Decision(rows=(row,), transfers=(posted,))
    end = "completed" if row.parcels else "refused"
    return Decision(rows=(replace(row, state=end),), transfers=(posted,))


def _coins(row: Subscription) -> PayCoins:
    payment_id = f"{row.id}:refund:{row.payments}"
    return PayCoins(row.pay_chain, row.funding, payment_id, row.pay_wallet, row.returning, row.deposit_id)


def _pay_coins(row: Subscription) -> Command:
    return pay_coins("Subscription", row.id, _coins(row), row.tries)
