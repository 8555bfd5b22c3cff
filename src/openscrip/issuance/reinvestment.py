"""A cash dividend, net of tax, turned into shares behind the tokens: entitlement, purchase, reinvestment, and its cash."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.acquisition import SharesArrived, acquire
from openscrip.assets.actions import Rescaled
from openscrip.assets.corporate_actions import CashDividend, after_reinvestment, net_dividend_down
from openscrip.assets.stock import Lot
from openscrip.issuance.distribution_row import ActionView, Distribution, DividendReceived
from openscrip.issuance.staging import finish, resume, schedule
from openscrip.kernel.money import Bps, shares_bought_down
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer

CUSHION = Bps(1_000)
"""Shares ordered above the estimate at the last close; what is not needed stays in the issuer's inventory."""


def buy(row: Distribution, action: CashDividend, view: ActionView) -> Decision:
    """Book the entitlement net of tax and buy its shares from working capital.

    With nothing outstanding there is nothing to do.
    """
    multiplier = view.stock.multiplier
    net = net_dividend_down(action, multiplier.to_shares_down(view.raw))
    entitled = replace(
        row, eligible=multiplier.to_shares_up(view.raw), net=net, before=multiplier, after=multiplier, awaits=""
    )
    if not net:
        return resume(replace(entitled, state="final"), view)
    estimate = shares_bought_down(net, view.stock.price)
    wanted = Shares(estimate.atoms * (10_000 + CUSHION.count) // 10_000).whole_up()
    booked = Transfer(f"{row.id}:due", accounts.DIVIDEND_RECEIVABLE, accounts.DIVIDEND_PAYABLE, net.atoms, row.id)
    buying = replace(entitled, wanted=wanted, epoch=view.stock.epoch, state="buying")
    return Decision((buying,), (booked,)) + acquire(f"{row.id}:buy", view.stock, row.id, wanted)


def arrived(row: Distribution, event: SharesArrived, view: ActionView) -> Decision:
    """The shares join the inventory, which pays for them; when all are there, their part goes behind the tokens."""
    if event.receipt in row.receipts:
        return Decision()
    receipts = (*row.receipts, event.receipt)
    row = replace(row, arrived=row.arrived + event.shares, cost=row.cost + event.cost, receipts=receipts)
    stock = view.stock.adding((Lot(event.receipt, event.shares),))
    key = event.receipt
    transfers = (
        Transfer(f"{key}:own", accounts.CAPITAL, accounts.ACQUISITIONS, event.cost.atoms, row.id),
        Transfer(f"{key}:inventory", f"{row.stock}/bought", f"{row.stock}/inventory", event.shares.atoms, row.id),
    )
    booked = Decision((stock, row), transfers)
    if row.state != "buying" or row.arrived < row.wanted:
        return booked
    return booked + _reinvest(row, replace(view, stock=stock))


def _reinvest(row: Distribution, view: ActionView) -> Decision:
    """Q = net / average price, rounded down; the multiplier rises by (eligible + Q) / eligible (reference 5.2)."""
    bought = min(Shares(row.net.atoms * row.arrived.atoms // row.cost.atoms), view.stock.free)
    stock, _lots = view.stock.taking(bought)
    after = replace(
        row,
        bought=bought,
        before=stock.multiplier,
        after=after_reinvestment(stock.multiplier, row.eligible, bought),
        effective_at=0,
        epoch_after=stock.chain_epoch,
        state="staging",
    )
    transfers = (
        Transfer(f"{row.id}:reinvested", f"{row.stock}/inventory", f"{row.stock}/outstanding", bought.atoms, row.id),
        Transfer(f"{row.id}:paid", accounts.DIVIDEND_PAYABLE, accounts.CAPITAL, row.net.atoms, row.id),
    )
    booked = tuple(transfer for transfer in transfers if transfer.amount)
    return Decision((stock,), booked) + schedule(after, replace(view, stock=stock))


def rescaled(row: Distribution, event: Rescaled) -> Decision:
    """A split while the shares are bought: count them, and who is entitled, anew."""
    if row.epoch >= event.epoch or row.state != "buying":
        return Decision()
    eligible = row.eligible.times_up(event.new, event.old)
    wanted, here = (shares.times_down(event.new, event.old) for shares in (row.wanted, row.arrived))
    return Decision(rows=(replace(row, eligible=eligible, wanted=wanted, arrived=here, epoch=event.epoch),))


def received(row: Distribution, event: DividendReceived, view: ActionView) -> Decision:
    """The cash: what was due closes the receivable; the rest is the dividend on the issuer's own inventory."""
    if row.cash or not event.net:
        return Decision()
    due = min(row.net, event.net)
    own = event.net - due
    short = row.net - due
    transfers = (
        Transfer(f"{row.id}:cash", accounts.BANK, accounts.DIVIDEND_RECEIVABLE, due.atoms, row.id),
        Transfer(f"{row.id}:cash:own", accounts.BANK, accounts.CAPITAL, own.atoms, row.id),
        Transfer(f"{row.id}:cash:short", accounts.CAPITAL, accounts.DIVIDEND_RECEIVABLE, short.atoms, row.id),
    )
    after = replace(row, cash=event.net, state="final" if row.state == "resumed" else row.state)
    booked = Decision(rows=(after,), transfers=tuple(t for t in transfers if t.amount))
    return booked + finish(after, view)
