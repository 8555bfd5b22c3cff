"""The end of a subscription: tokens delivered, the fee charged, unused money on its way back."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Pay, PaymentSent
from openscrip.issuance.subscription_row import Subscription, SubscriptionCompleted
from openscrip.issuance.terms import View
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command


def complete(row: Subscription, view: View) -> Decision:
    """Everything is delivered: charge the fee, and send back what is left."""
    fee = min(row.charged.fee_up(view.terms.fee), row.paid - row.charged)
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
    after = replace(row, state="refunding", payments=row.payments + 1, charged=row.paid)
    payment_id = f"{row.id}:refund:{after.payments}"
    held = Transfer(payment_id, accounts.client_payable(row.id), accounts.BANK, rest.atoms, row.id, Phase.PENDING)
    pay = Command(payment_id, "Subscription", row.id, Pay(payment_id, row.person, rest, row.id))
    return Decision(rows=(after,), transfers=(held,), commands=(pay,))


def paid_back(row: Subscription, event: PaymentSent) -> Decision:
    """The bank sent the money: the subscription ends."""
    payable = accounts.client_payable(row.id)
    posted = Transfer(
        f"{event.payment_id}:sent", payable, accounts.BANK, event.amount.atoms, row.id, Phase.POST, event.payment_id
    )
    if row.state != "refunding":
        return Decision(transfers=(posted,))
    end = "completed" if row.parcels else "refused"
    return Decision(rows=(replace(row, state=end),), transfers=(posted,))
