"""A cash dividend, net of tax, turned into shares behind the tokens: entitlement, purchase, reinvestment, and its cash."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.acquisition import SharesArrived, acquire
from openscrip.assets.actions import Rescaled
from openscrip.assets.corporate_actions import CashAction, after_reinvestment, net_dividend_down
from openscrip.assets.stock import Lot, Stock
from openscrip.issuance.distribution_row import ActionView, Distribution, DividendReceived
from openscrip.issuance.staging import finish, resume, schedule
from openscrip.kernel.money import Bps, Money, shares_bought_down
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer

CUSHION = Bps(1_000)
"""Shares ordered above the estimate at the last close; what is not needed stays in the issuer's inventory."""


def buy(row: Distribution, action: CashAction, view: ActionView) -> Decision:
    """Book the entitlement net of tax and buy its shares from working capital.

    With nothing outstanding there is nothing to do.
    """
    stock, multiplier = view.stock, view.stock.multiplier
    net = row.net or net_dividend_down(action, multiplier.to_shares_down(view.raw), view.stock.withheld)
    # The multiplier is the chains'. Custody may have booked a split that they do not show yet, and what is bought counts there.
    eligible = stock.scaled_up(multiplier.to_shares_up(view.raw), stock.chain_epoch)
    entitled = replace(
        row, eligible=eligible, net=net, before=multiplier, after=multiplier, awaits="", terms=row.standing, epoch=stock.epoch
    )
    if not net or not eligible:
        return resume(replace(entitled, state="final"), view)
    wanted = _wanted(net, view)
    buying = replace(entitled, wanted=wanted, state="buying")
    return Decision((buying,), _due(row, net)) + acquire(row.key("buy"), stock, row.id, wanted)


def _wanted(net: Money, view: ActionView) -> Shares:
    """Whole shares that `net` surely pays for no more than: the estimate at the last close, and the cushion above it."""
    estimate = shares_bought_down(net, view.stock.price)
    return Shares(estimate.atoms * (10_000 + CUSHION.count) // 10_000).whole_up()


def _due(row: Distribution, net: Money) -> tuple[Transfer, ...]:
    return (Transfer(row.key("due"), accounts.DIVIDEND_RECEIVABLE, accounts.DIVIDEND_PAYABLE, net.atoms, row.id),)


def not_due(row: Distribution) -> tuple[Transfer, ...]:
    """The entitlement of this round taken back from both sides."""
    back = Transfer(row.key("due:back"), accounts.DIVIDEND_PAYABLE, accounts.DIVIDEND_RECEIVABLE, row.net.atoms, row.id)
    return (back,) if row.net else ()


def entitle_anew(row: Distribution, action: CashAction, view: ActionView) -> Decision:
    """The terms were corrected before the effect: the same holders, another amount, and more shares if it needs them.

    `row` is in its new round; its old entitlement was taken back.
    """
    net = net_dividend_down(action, row.eligible, view.stock.withheld)
    wanted = max(_wanted(net, view), row.arrived)
    more = wanted - max(row.wanted, row.arrived)
    again = replace(row, net=net, wanted=max(wanted, row.wanted), state="buying", awaits="")
    booked = Decision((again,), _due(again, net))
    if more.atoms > 0:
        return booked + acquire(again.key("buy"), view.stock, row.id, more)
    if again.arrived < again.wanted:
        return booked
    return booked + _reinvest(again, view)


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
    stock, lots = view.stock.taking(bought)
    after = replace(
        row,
        bought=bought,
        lots=lots,
        before=stock.multiplier,
        after=after_reinvestment(stock.multiplier, row.eligible, bought),
        effective_at=0,
        epoch_after=stock.chain_epoch,
        state="staging",
    )
    transfers = (
        Transfer(row.key("reinvested"), f"{row.stock}/inventory", f"{row.stock}/outstanding", bought.atoms, row.id),
        Transfer(row.key("paid"), accounts.DIVIDEND_PAYABLE, accounts.CAPITAL, row.net.atoms, row.id),
    )
    booked = tuple(transfer for transfer in transfers if transfer.amount)
    return Decision((stock,), booked) + schedule(after, replace(view, stock=stock))


def give_back(row: Distribution, view: ActionView) -> tuple[Distribution, Stock, tuple[Transfer, ...]]:
    """What was put behind the tokens returns to the inventory, lot by lot, since no chain will show it."""
    stock = view.stock
    lots = tuple(Lot(lot.receipt, stock.scaled(lot.shares, row.epoch)) for lot in row.lots)
    shares = Shares(sum(lot.shares.atoms for lot in lots))
    transfers = (
        Transfer(row.key("reinvested:back"), f"{row.stock}/outstanding", f"{row.stock}/inventory", shares.atoms, row.id),
        Transfer(row.key("paid:back"), accounts.CAPITAL, accounts.DIVIDEND_PAYABLE, row.net.atoms, row.id),
    )
    after = replace(row, bought=Shares(0), lots=(), after=row.before)
    return after, stock.adding(lots), tuple(t for t in transfers if t.amount) if shares else ()


def rescaled(row: Distribution, event: Rescaled) -> Decision:
    """A split while the shares are bought: count them, and who is entitled, anew."""
    if row.epoch >= event.epoch or row.state != "buying":
        return Decision()
    eligible = row.eligible.times_up(event.new, event.old)
    wanted, here = (shares.times_down(event.new, event.old) for shares in (row.wanted, row.arrived))
    return Decision(rows=(replace(row, eligible=eligible, wanted=wanted, arrived=here, epoch=event.epoch),))


def received(row: Distribution, event: DividendReceived, view: ActionView) -> Decision:
    """The cash: what was due closes the receivable; the rest is the dividend on the issuer's own inventory.

    The custodian's posted net holds: what it falls short of ours is the issuer's loss.
    """
    if event.payer in row.payers or not event.net or (row.cash and not row.payers):
        return Decision()
    row = replace(row, payers=(*row.payers, event.payer))
    if row.cash:  # another custodian's part: what the first fell short by was booked as a loss, and comes back here
        more = Transfer(f"{row.id}:cash:{event.payer}", accounts.BANK, accounts.CAPITAL, event.net.atoms, row.id)
        return Decision((replace(row, cash=row.cash + event.net),), (more,))
    promised = row.net + row.extra
    due = min(promised, event.net)
    own = event.net - due
    short = promised - due
    transfers = (
        Transfer(f"{row.id}:cash", accounts.BANK, accounts.DIVIDEND_RECEIVABLE, due.atoms, row.id),
        Transfer(f"{row.id}:cash:own", accounts.BANK, accounts.CAPITAL, own.atoms, row.id),
        Transfer(f"{row.id}:cash:short", accounts.CAPITAL, accounts.DIVIDEND_RECEIVABLE, short.atoms, row.id),
    )
    after = replace(row, cash=event.net, state="final" if row.state == "resumed" else row.state)
    booked = Decision(rows=(after,), transfers=tuple(t for t in transfers if t.amount))
    return booked + finish(after, view)
