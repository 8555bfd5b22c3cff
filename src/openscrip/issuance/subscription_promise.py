"""What is promised until it is paid: settled shares set aside at a fixed price, and the time within which money must come."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Wake
from openscrip.issuance.cancelling import REASON, RULE, refuse_unless_cancellable
from openscrip.issuance.quote import Quote
from openscrip.issuance.subscription_refund import pay_back
from openscrip.issuance.subscription_row import Parcel, Subscription, with_parcel
from openscrip.issuance.terms import View
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command


def priced(row: Subscription, quote: Quote) -> Subscription:
    """The subscription at what its quote promised: price, rates, what to pay in, and the most that a share may cost."""
    limit = None if row.at_once else quote.unit_price
    return replace(row, price=quote.price, rates=quote.rates, deposit=quote.amount, limit=limit)


def promise(row: Subscription, view: View) -> Decision:
    """Set settled shares aside for this request alone: inventory is never below what was promised."""
    stock, lots = view.stock.taking(row.shares)
    cost = row.price.plus_up(row.rates.spread).cost_up(row.shares)
    after = replace(with_parcel(row, row.shares, lots, "promised"), promised=cost)
    moved = Transfer(f"{row.id}:promise", f"{row.stock}/inventory", f"{row.stock}/bought", row.shares.atoms, row.id)
    return Decision((after, stock), (moved,))


def charge_promised(row: Subscription) -> tuple[Transfer, ...]:
    """The promised price is paid for."""
    key = f"{row.id}:promise:cost"
    return (Transfer(key, accounts.client_payable(row.id), accounts.CAPITAL, row.promised.atoms, row.id),)


def kept(row: Subscription) -> tuple[Parcel, ...]:
    """The parcels with what was promised now the subscriber's."""
    return tuple(replace(p, state="in_custody") if p.state == "promised" else p for p in row.parcels)


def wake_at_end(row: Subscription) -> Decision:
    """Look again when the time to pay is over, where there is one."""
    if not row.expires_at:
        return Decision()
    return Decision(commands=(Command(f"{row.id}:expiry", "Subscription", row.id, Wake("expiry"), row.expires_at + 1),))


def is_late(row: Subscription, view: View) -> bool:
    """The time to pay is over."""
    return bool(row.expires_at) and view.now > row.expires_at


def expire(row: Subscription, view: View) -> Decision:
    """Nothing, too little or too late was paid: what was set aside is inventory again, what was paid goes back."""
    text = f"payment: {row.deposit} USD did not come until {row.expires_at}"
    return _ended(row, view, "payment.expired", text)


def cancel(row: Subscription, view: View) -> Decision:
    """The client takes back what is not paid in full: as if its time were over. Raises `Refused("order.under_way")`."""
    if row.rule == RULE:
        return Decision()
    refuse_unless_cancellable(row)
    return _ended(row, view, RULE, REASON)


def _ended(row: Subscription, view: View, rule: str, reason: str) -> Decision:
    mine = tuple(parcel for parcel in row.parcels if parcel.state == "promised")
    lots = tuple(lot for parcel in mine for lot in parcel.receipts)
    back = sum(parcel.shares.atoms for parcel in mine)
    moved = Transfer(f"{row.id}:promise:back", f"{row.stock}/bought", f"{row.stock}/inventory", back, row.id)
    released = Decision((view.stock.adding(lots),), (moved,)) if back else Decision()
    ended = replace(row, state="refunding", rule=rule, reason=reason, parcels=(), allotted=type(row.shares)(0))
    return released + pay_back(ended)
