"""A subscription from the request to the delivered token.

    awaiting_payment > buying > minting > refunding > completed          refused, held
            |                                |
            +> cancelled or expired >--------+> refused

The shares are bought first (I2): each part that the custodian has confirmed in segregated custody becomes a parcel, and
each parcel is minted once, on the evidence of its receipts. Fractions of a share come from the issuer's own inventory.
Instant issuance takes all of them there: set aside when it is promised, charged when it is paid.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition import AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving, acquire
from openscrip.assets.actions import (
    Acknowledged,
    CancelAsked,
    CashReceived,
    PaymentFailed,
    PaymentSent,
    Rescaled,
    Resumed,
    Wake,
    Woken,
)
from openscrip.assets.inventory import missing
from openscrip.assets.stock import Lot
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import CoinsReceived
from openscrip.issuance.subscription_mint import minting, posted, sign, voided
from openscrip.issuance.subscription_promise import cancel, charge_promised, expire, is_late, kept, promise, wake_at_end
from openscrip.issuance.subscription_refund import (
    coins_went_back,
    complete,
    not_paid_back,
    paid_back,
    pay_back,
    pay_back_anew,
    try_again,
)
from openscrip.issuance.subscription_row import (
    Parcel,
    Subscription,
    SubscriptionCompleted,
    SubscriptionEvent,
    SubscriptionMinted,
    with_parcel,
)
from openscrip.issuance.terms import Hours, View
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

__all__ = (
    "Parcel",
    "Subscription",
    "SubscriptionCompleted",
    "SubscriptionEvent",
    "SubscriptionMinted",
    "decide",
    "subscribe",
)

TRANSIENT = (
    "epoch.differs",
    "statement.stale",
    "multiplier.differs",
    "covered.epoch",
    "feed.stale",
    "solana.expired",
    "voucher.expired",
    "issuer.voucher_was_expired",
    "issuer.feed_was_stale",
    "reconciliation.break",
    "compliance.held",
)
"""Refusals of a mint that pass by themselves: asked again later."""


def subscribe(asked: Subscription, view: View) -> Decision:
    """Accept a screened request. Raises `Refused` for a size, stock or chain that is not offered."""
    view.terms.check_size(asked.shares)
    view.stock.token(asked.chain)
    refuse_unless(
        not asked.at_once or asked.shares <= view.stock.free,
        "inventory.short",
        f"subscription: {asked.shares} shares at once were asked, {view.stock.free} were in inventory; ask without at-once",
    )
    row = replace(asked, epoch=view.stock.epoch)
    return (promise(row, view) if row.at_once else Decision(rows=(row,))) + wake_at_end(row)


def decide(row: Subscription, event: SubscriptionEvent, view: View) -> Decision:  # noqa: C901, PLR0912  # one case an event
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case CashReceived():
            return _paid(row, event, view)
        case SharesMoving():
            return _moving(row, event)
        case MoveFailed():
            return _move_failed(row, event)
        case SharesArrived():
            return _arrived(row, event, view)
        case AcquisitionFailed():
            return _buying_failed(row, event)
        case CoinsReceived():
            return _paid_in_coins(row, event, view)
        case Woken():
            return _woken(row, view)
        case Landed():
            return coins_went_back(row, event, view) or _minted(row, event, view)
        case Rejected():
            return coins_went_back(row, event, view) or _mint_refused(row, event, view)
        case PaymentSent():
            return paid_back(row, event)
        case PaymentFailed():
            return not_paid_back(row, event)
        case Acknowledged():
            return Decision()
        case Rescaled():
            return _rescaled(row, event)
        case Resumed():
            return _resumed(row, view)
        case CancelAsked():
            return cancel(row, view)
        case _:
            assert_never(event)


# paid > ordered


def _paid(row: Subscription, event: CashReceived, view: View) -> Decision:
    return _received(row, event.payment_id, accounts.BANK, event.amount, view)


def _paid_in_coins(row: Subscription, event: CoinsReceived, view: View) -> Decision:
    coins = accounts.stable(row.funding, row.pay_chain)
    return _received(replace(row, deposit_id=event.deposit_id), event.deposit_id, coins, event.amount, view)


def _received(row: Subscription, key: str, account: str, amount: Money, view: View) -> Decision:
    """Money came: what is complete and in time is served, what is late goes back."""
    if key in row.receipts:
        return Decision()
    paid = replace(row, paid=row.paid + amount, receipts=(*row.receipts, key))
    payable = accounts.client_payable(row.id)
    booked = Decision((paid,), (Transfer(f"paid:{key}", account, payable, amount.atoms, row.id),))
    if row.state in ("completed", "refused", "refunding", "refund_waits"):
        return booked + pay_back(replace(paid, state="refunding", reason=row.reason or "payment: came late"))
    if row.state != "awaiting_payment":
        return booked
    if is_late(row, view):
        return booked + expire(paid, view)
    if paid.paid < row.deposit:
        return booked
    if row.at_once:
        return booked + _serve_from_inventory(paid, view)
    return booked + _buy(paid, view)


def _woken(row: Subscription, view: View) -> Decision:
    if row.state == "awaiting_payment":
        return expire(row, view) if is_late(row, view) else Decision(rows=(row,))
    if row.state == "refund_waits":
        return try_again(row)
    return _mint_what_is_ready(row, view)


def _buy(row: Subscription, view: View) -> Decision:
    """Order the whole shares; a fraction comes from inventory, or with one whole share more that leaves the rest there."""
    whole = row.shares.whole_down()
    fraction = row.shares - whole
    decision = Decision(rows=(replace(row, state="buying"),))
    if fraction and fraction <= view.stock.free:
        decision = _allot_inventory(replace(row, state="buying"), fraction, view)
    elif fraction:
        whole = row.shares.whole_up()
    if whole:
        decision += acquire(f"{row.id}:buy", view.stock, row.id, whole, row.limit, Hours(row.rates.hours).session)
    return decision


def _allot_inventory(row: Subscription, shares: Shares, view: View) -> Decision:
    """Take settled shares of the issuer's inventory, at the quoted price and spread, as a parcel of this subscription."""
    stock, lots = view.stock.taking(shares)
    cost = min(row.price.plus_up(row.rates.spread).cost_up(shares), row.paid - row.charged)
    after = with_parcel(replace(row, charged=row.charged + cost), shares, lots, "in_custody")
    key = f"{row.id}:inventory:{after.parcels[-1].number}"
    booked = Decision(
        rows=(stock,),
        transfers=(
            Transfer(key, f"{row.stock}/inventory", f"{row.stock}/bought", shares.atoms, row.id),
            Transfer(key + ":cost", accounts.client_payable(row.id), accounts.CAPITAL, cost.atoms, row.id),
        ),
    )
    return booked + _mint_what_is_ready(after, replace(view, stock=stock))


def _serve_from_inventory(row: Subscription, view: View) -> Decision:
    """Mint at once what was set aside, or what inventory has now, and order more; else buy as usual."""
    if row.promised:
        served = Decision(transfers=charge_promised(row))
        after = replace(row, state="buying", charged=row.charged + row.promised, parcels=kept(row))
        served += _mint_what_is_ready(after, view)
        left = view.stock
    elif row.shares > view.stock.free:
        return _buy(row, view)
    else:
        served = _allot_inventory(replace(row, state="buying"), row.shares, view)
        left = view.stock.taking(row.shares)[0]
    more = missing(left.free, view.on_order, view.terms.level(row.stock), row.shares)
    return served + acquire(f"{row.id}:replenish", view.stock, "inventory", more) if more else served


# in segregated custody > minted


def _buying_failed(row: Subscription, event: AcquisitionFailed) -> Decision:
    """The broker will not buy more: what inventory gave and what was executed stays, the rest of the money goes back."""
    if row.state not in ("buying", "minting") or row.shares == row.allotted:
        return Decision()
    less = replace(row, shares=min(row.shares, row.allotted + event.coming), reason=event.reason)
    if not less.shares:
        return pay_back(replace(less, state="refunding"))
    return complete(less) if _all_minted(less) else Decision(rows=(less,))


def _all_minted(row: Subscription) -> bool:
    return row.allotted == row.shares and all(p.state == "minted" or not p.shares for p in row.parcels)


def _moving(row: Subscription, event: SharesMoving) -> Decision:
    """Note the parcel that is on its way; what exceeds the request will stay in inventory."""
    if _parcel_of(row, event.receipt) is not None:
        return Decision()
    wanted = min(event.shares, row.shares - row.allotted)
    return Decision(rows=(with_parcel(row, wanted, (Lot(event.receipt, wanted),), "moving"),))


def _move_failed(row: Subscription, event: MoveFailed) -> Decision:
    parcel = _parcel_of(row, event.receipt)
    if parcel is None or parcel.state != "moving":
        return Decision()
    left = tuple(p for p in row.parcels if p is not parcel)
    return Decision(rows=(replace(row, parcels=left, allotted=row.allotted - parcel.shares),))


def _parcel_of(row: Subscription, receipt: str) -> Parcel | None:
    return next((p for p in row.parcels if any(lot.receipt == receipt for lot in p.receipts)), None)


def is_unused(parcel: Parcel) -> bool:
    """Nothing was counted, charged or minted on this parcel's receipt yet: a receipt proves one arrival (I2)."""
    return parcel.state == "moving"


def _arrived(row: Subscription, event: SharesArrived, view: View) -> Decision:
    """Charge what arrived, keep what exceeds the request in inventory, and mint the rest."""
    parcel = _parcel_of(row, event.receipt)
    if parcel is None or not is_unused(parcel):
        return Decision()
    surplus = event.shares - parcel.shares
    cost = event.cost.share_down(parcel.shares.atoms, event.shares.atoms)
    charge = min(cost, row.paid - row.charged)
    stock = view.stock.adding((Lot(event.receipt, surplus),))
    transfers = (
        Transfer(f"{event.receipt}:charge", accounts.client_payable(row.id), accounts.ACQUISITIONS, charge.atoms, row.id),
        Transfer(f"{event.receipt}:own", accounts.CAPITAL, accounts.ACQUISITIONS, event.cost.atoms - charge.atoms, row.id),
        Transfer(f"{event.receipt}:surplus", f"{row.stock}/bought", f"{row.stock}/inventory", surplus.atoms, row.id),
    )
    booked = Decision(rows=(stock,) if surplus else (), transfers=tuple(t for t in transfers if t.amount))
    here = tuple(replace(p, state="in_custody") if p is parcel else p for p in row.parcels)
    after = replace(row, charged=row.charged + charge, parcels=here)
    return booked + _mint_what_is_ready(after, replace(view, stock=stock))


def is_settled(parcel: Parcel) -> bool:
    """The custodian has confirmed the parcel's shares in segregated custody (I2)."""
    return parcel.state != "moving"


def _is_unminted(parcel: Parcel) -> bool:
    return parcel.state in ("moving", "in_custody") and bool(parcel.shares)


def is_of_one_epoch(row: Subscription, view: View) -> bool:
    """Request, books and chains count the same kind of share (I1)."""
    return row.epoch == view.stock.epoch == view.stock.chain_epoch


def _mint_what_is_ready(row: Subscription, view: View) -> Decision:
    decision = Decision(rows=(row,))
    if row.state == "held" or view.stock.frozen_by or not is_of_one_epoch(row, view):
        return decision
    for parcel in row.parcels:
        if _is_unminted(parcel) and is_settled(parcel):
            mintable = bool(view.stock.multiplier.to_raw_down(parcel.shares))
            row, step = sign(row, parcel, view) if mintable else _sweep(row, parcel)
            decision += step
    return decision


def _sweep(row: Subscription, parcel: Parcel) -> tuple[Subscription, Decision]:
    """A parcel too small for the finest raw amount is not minted: it is the rounding's."""
    after = replace(row, parcels=tuple(replace(p, state="minted") if p is parcel else p for p in row.parcels))
    key, bought = f"{row.mint_id(parcel)}:dust", f"{row.stock}/bought"
    swept = Transfer(key, bought, f"{row.stock}/rounding", parcel.shares.atoms, row.id)
    booked = Decision((after,), (swept,))
    return after, booked + complete(after) if _all_minted(after) else booked


def _minted(row: Subscription, event: Landed, view: View) -> Decision:
    parcel = minting(row, event.command)
    if parcel is None:
        return Decision()
    after = replace(row, parcels=tuple(replace(p, state="minted") if p is parcel else p for p in row.parcels))
    booked = Decision(
        rows=(after,),
        transfers=posted(row, parcel, view),
        facts=(SubscriptionMinted(row.id, row.stock, row.chain, parcel.shares, parcel.raw, event.tx_id),),
    )
    return booked + complete(after) if _all_minted(after) else booked


def _mint_refused(row: Subscription, event: Rejected, view: View) -> Decision:
    """Release what was reserved; ask again later where the refusal passes by itself, else hold for a person."""
    parcel = minting(row, event.command)
    if parcel is None:
        return Decision()
    waiting = replace(row, parcels=tuple(replace(p, state="in_custody") if p is parcel else p for p in row.parcels))
    undone = Decision(transfers=voided(row, parcel))
    if event.code not in TRANSIENT:
        held = replace(parcel, state="held")
        parcels = tuple(held if p is parcel else p for p in row.parcels)
        return undone + Decision(rows=(replace(row, state="held", reason=event.text, parcels=parcels),))
    again = Command(f"{event.command}:again", "Subscription", row.id, Wake(event.code), view.now + view.terms.retry_s)
    return undone + Decision(rows=(replace(waiting, reason=event.text),), commands=(again,))


# held


def _resumed(row: Subscription, view: View) -> Decision:
    """A person put right what held it: pay back what the bank refused, or ask anew for the mints that were refused for good.

    A mint id is minted once for ever, and what was refused has not landed: asking again cannot mint twice.
    """
    if row.state != "held":
        return Decision()
    if row.returning and not row.in_coins:
        return pay_back_anew(row)
    parcels = tuple(replace(p, state="in_custody") if p.state == "held" else p for p in row.parcels)
    if parcels == row.parcels:
        return Decision(rows=(row,))
    state = "minting" if row.allotted == row.shares else "buying"
    return _mint_what_is_ready(replace(row, parcels=parcels, state=state, reason=""), view)


# a split while it runs


def _rescaled(row: Subscription, event: Rescaled) -> Decision:
    """Count what is not minted in the new shares."""
    if row.epoch >= event.epoch or row.state in ("completed", "refused"):
        return Decision()

    def scaled(shares: Shares) -> Shares:
        return shares.times_down(event.new, event.old)

    parcels = tuple(
        replace(p, shares=scaled(p.shares), receipts=tuple(Lot(lot.receipt, scaled(lot.shares)) for lot in p.receipts))
        for p in row.parcels
    )
    return Decision(
        rows=(replace(row, shares=scaled(row.shares), allotted=scaled(row.allotted), parcels=parcels, epoch=event.epoch),)
    )
