"""A subscription from the request to the delivered token.

    awaiting_payment > buying > minting > refunding > completed          refused, held

The shares are bought first (I2): each part that the custodian has confirmed in segregated custody becomes a parcel, and
each parcel is minted once, on the evidence of its receipts. Fractions of a share come from the issuer's own inventory.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition import AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving, acquire
from openscrip.assets.actions import Acknowledged, CashReceived, PaymentFailed, PaymentSent, Rescaled, Wake, Woken
from openscrip.assets.stock import Lot
from openscrip.issuance.actions import Landed, Mint, Rejected
from openscrip.issuance.subscription_refund import complete, paid_back, pay_back
from openscrip.issuance.subscription_row import (
    Parcel,
    Subscription,
    SubscriptionCompleted,
    SubscriptionEvent,
    SubscriptionMinted,
)
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, canonical, evidence_hash
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
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
    return Decision(rows=(replace(asked, epoch=view.stock.epoch),))


def decide(row: Subscription, event: SubscriptionEvent, view: View) -> Decision:
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
            return _buying_failed(row, event, view)
        case Woken():
            return _mint_what_is_ready(row, view)
        case Landed():
            return _minted(row, event, view)
        case Rejected():
            return _mint_refused(row, event, view)
        case PaymentSent():
            return paid_back(row, event)
        case PaymentFailed():
            return Decision(rows=(replace(row, state="held", reason=event.reason),))
        case Acknowledged():
            return Decision()
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


# paid > ordered


def _paid(row: Subscription, event: CashReceived, view: View) -> Decision:
    if event.payment_id in row.receipts:
        return Decision()
    paid = replace(row, paid=row.paid + event.amount, receipts=(*row.receipts, event.payment_id))
    payable = accounts.client_payable(row.id)
    booked = Decision((paid,), (Transfer(f"paid:{event.payment_id}", accounts.BANK, payable, event.amount.atoms, row.id),))
    if row.state in ("completed", "refused", "refunding"):
        return booked + pay_back(replace(paid, state="refunding", reason=row.reason or "payment: came late"))
    if row.state != "awaiting_payment" or paid.paid < row.deposit:
        return booked
    if row.at_once:
        return booked + _serve_from_inventory(paid, view)
    return booked + _buy(paid, view)


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
        decision += acquire(f"{row.id}:buy", view.stock, row.id, whole)
    return decision


def _allot_inventory(row: Subscription, shares: Shares, view: View) -> Decision:
    """Take settled shares of the issuer's inventory, at the quoted price and spread, as a parcel of this subscription."""
    stock, lots = view.stock.taking(shares)
    cost = min(row.price.plus_up(view.terms.spread).cost_up(shares), row.paid - row.charged)
    after = _with_parcel(replace(row, charged=row.charged + cost), shares, lots, "in_custody")
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
    """Mint at once from inventory and order its replenishment; if others were served meanwhile, buy as usual."""
    if row.shares > view.stock.free:
        return _buy(row, view)
    served = _allot_inventory(replace(row, state="buying"), row.shares, view)
    return served + acquire(f"{row.id}:replenish", view.stock, "inventory", row.shares.whole_up())


# in segregated custody > minted


def _buying_failed(row: Subscription, event: AcquisitionFailed, view: View) -> Decision:
    """The broker will not buy more: what inventory gave and what was executed stays, the rest of the money goes back."""
    if row.state not in ("buying", "minting") or row.shares == row.allotted:
        return Decision()
    less = replace(row, shares=min(row.shares, row.allotted + event.coming), reason=event.reason)
    if not less.shares:
        return pay_back(replace(less, state="refunding"))
    return complete(less, view) if _all_minted(less) else Decision(rows=(less,))


def _all_minted(row: Subscription) -> bool:
    return row.allotted == row.shares and all(p.state == "minted" or not p.shares for p in row.parcels)


def _moving(row: Subscription, event: SharesMoving) -> Decision:
    """Note the parcel that is on its way; what exceeds the request will stay in inventory."""
    if _parcel_of(row, event.receipt) is not None:
        return Decision()
    wanted = min(event.shares, row.shares - row.allotted)
    return Decision(rows=(_with_parcel(row, wanted, (Lot(event.receipt, wanted),), "moving"),))


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


def _with_parcel(row: Subscription, shares: Shares, receipts: tuple[Lot, ...], state: str) -> Subscription:
    number = max((p.number for p in row.parcels), default=0) + 1
    parcel = Parcel(number, shares, receipts, state=state)
    return replace(row, allotted=row.allotted + shares, parcels=(*row.parcels, parcel))


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
    if view.stock.frozen_by or not is_of_one_epoch(row, view):
        return decision
    for parcel in row.parcels:
        if _is_unminted(parcel) and is_settled(parcel):
            step = _mint if view.stock.multiplier.to_raw_down(parcel.shares) else _sweep
            row, minting = step(row, parcel, view)
            decision += minting
    return decision


def _sweep(row: Subscription, parcel: Parcel, view: View) -> tuple[Subscription, Decision]:
    """A parcel too small for the finest raw amount is not minted: it is the rounding's."""
    after = replace(row, parcels=tuple(replace(p, state="minted") if p is parcel else p for p in row.parcels))
    key, bought = f"{row.mint_id(parcel)}:dust", f"{row.stock}/bought"
    swept = Transfer(key, bought, f"{row.stock}/rounding", parcel.shares.atoms, row.id)
    booked = Decision((after,), (swept,))
    return after, booked + complete(after, view) if _all_minted(after) else booked


def _mint(row: Subscription, parcel: Parcel, view: View) -> tuple[Subscription, Decision]:
    """Sign for one parcel: reserve its shares, bind its evidence to this mint for ever, and ask the chain."""
    stock, mint_id = view.stock, row.mint_id(parcel)
    raw = stock.multiplier.to_raw_down(parcel.shares)
    evidence = {
        "kind": "issuance",
        "mint_id": mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.epoch,
        "receipts": [{"receipt": lot.receipt, "shares": str(lot.shares)} for lot in parcel.receipts],
    }
    digest = evidence_hash(evidence)
    deadline = view.now + view.terms.voucher_life_s
    voucher = MintVoucher(
        row.chain, row.stock, stock.token(row.chain), row.wallet, raw, MintKind.ISSUANCE, mint_id, digest, stock.epoch,
        stock.multiplier, deadline,
    )  # fmt: skip
    minting = replace(parcel, raw=raw, attempts=parcel.attempts + 1, state="minting")
    after = replace(row, state="minting", parcels=tuple(minting if p is parcel else p for p in row.parcels))
    key = f"{mint_id}:mint:{minting.attempts}"
    backing = stock.multiplier.to_shares_up(raw).atoms
    held = (
        Transfer(key, f"{row.stock}/bought", f"{row.stock}/outstanding", backing, row.id, Phase.PENDING),
        Transfer(key + ":raw", *_raw(row), raw.grains, row.id, Phase.PENDING),
    )
    command = Command(key, "Subscription", row.id, Mint(voucher, canonical(evidence).decode()))
    return after, Decision((after,), held, commands=(command,), uses=(("evidence", digest, mint_id),))


def _raw(row: Subscription) -> tuple[str, str]:
    return accounts.raw_issuer(row.stock, row.chain), accounts.raw_supply(row.stock, row.chain)


def _minting(row: Subscription, command: str) -> Parcel | None:
    return next(
        (p for p in row.parcels if p.state == "minting" and command == f"{row.mint_id(p)}:mint:{p.attempts}"), None
    )


def _voided(row: Subscription, parcel: Parcel) -> tuple[Transfer, ...]:
    """What was reserved for a mint that will not be."""
    key = f"{row.mint_id(parcel)}:mint:{parcel.attempts}"
    bought, outstanding = f"{row.stock}/bought", f"{row.stock}/outstanding"
    return (
        Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key),
        Transfer(f"{key}:raw:void", *_raw(row), 0, row.id, Phase.VOID, key + ":raw"),
    )


def _posted(row: Subscription, parcel: Parcel, view: View) -> tuple[Transfer, ...]:
    """The mint is final: its backing stands behind tokens, the dust of rounding is swept.

    A split since it was signed has changed the count: then the reserved backing is voided and booked anew.
    """
    stock, key = view.stock, f"{row.mint_id(parcel)}:mint:{parcel.attempts}"
    bought, outstanding = f"{row.stock}/bought", f"{row.stock}/outstanding"
    signed = stock.multiplier.to_shares_up(parcel.raw)
    backing = min(stock.scaled(signed, stock.chain_epoch), parcel.shares)
    dust = parcel.shares - backing
    shares: tuple[Transfer, ...]
    if backing == signed:
        shares = (Transfer(f"{key}:post", bought, outstanding, backing.atoms, row.id, Phase.POST, key),)
    else:
        voided = Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key)
        shares = (voided, Transfer(f"{key}:anew", bought, outstanding, backing.atoms, row.id))
    raw = Transfer(f"{key}:raw:post", *_raw(row), parcel.raw.grains, row.id, Phase.POST, key + ":raw")
    swept = Transfer(f"{row.mint_id(parcel)}:dust", bought, f"{row.stock}/rounding", dust.atoms, row.id)
    return (*shares, raw, swept) if dust else (*shares, raw)


def _minted(row: Subscription, event: Landed, view: View) -> Decision:
    parcel = _minting(row, event.command)
    if parcel is None:
        return Decision()
    after = replace(row, parcels=tuple(replace(p, state="minted") if p is parcel else p for p in row.parcels))
    booked = Decision(
        rows=(after,),
        transfers=_posted(row, parcel, view),
        facts=(SubscriptionMinted(row.id, row.stock, row.chain, parcel.shares, parcel.raw, event.tx_id),),
    )
    return booked + complete(after, view) if _all_minted(after) else booked


def _mint_refused(row: Subscription, event: Rejected, view: View) -> Decision:
    """Release what was reserved; ask again later where the refusal passes by itself, else hold for a person."""
    parcel = _minting(row, event.command)
    if parcel is None:
        return Decision()
    waiting = replace(row, parcels=tuple(replace(p, state="in_custody") if p is parcel else p for p in row.parcels))
    voided = Decision(transfers=_voided(row, parcel))
    if event.code not in TRANSIENT:
        held = replace(parcel, state="held")
        parcels = tuple(held if p is parcel else p for p in row.parcels)
        return voided + Decision(rows=(replace(row, state="held", reason=event.text, parcels=parcels),))
    again = Command(f"{event.command}:again", "Subscription", row.id, Wake(event.code), view.now + view.terms.retry_s)
    return voided + Decision(rows=(replace(waiting, reason=event.text),), commands=(again,))


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
        rows=(
            replace(row, shares=scaled(row.shares), allotted=scaled(row.allotted), parcels=parcels, epoch=event.epoch),
        )
    )
