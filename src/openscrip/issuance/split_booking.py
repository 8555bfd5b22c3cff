"""A split in the books: every share account is counted anew, once, when custodian or broker first tells of it."""

from collections.abc import Mapping
from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Rescaled
from openscrip.assets.corporate_actions import ForwardSplit, ReverseSplit, StockDividend
from openscrip.assets.stock import Lot, SplitRatio, Stock
from openscrip.issuance.distribution_row import ActionView, Distribution, HoldingSplit, StockSplit
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Balance, Transfer


def holding_split(row: Distribution, event: HoldingSplit, view: ActionView) -> Decision:
    """Assets and claims by the ratio, the remainder of rounding in inventory; cash for a lost fraction is capital's."""
    action, stock = row.action, view.stock
    key = f"{row.id}:in-lieu:{event.payer}" if event.payer else f"{row.id}:in-lieu"
    in_lieu = Transfer(key, accounts.BANK, accounts.CAPITAL, event.cash_in_lieu.atoms, row.id)
    cash = (in_lieu,) if event.cash_in_lieu else ()
    if not isinstance(action, ForwardSplit | ReverseSplit | StockDividend) or stock.epoch >= event.epoch:
        return Decision(transfers=cash)
    ratio = SplitRatio(event.epoch, action.new, action.old)
    lots = tuple(Lot(lot.receipt, lot.shares.times_down(action.new, action.old)) for lot in stock.inventory)
    price = PricePerShare(stock.price.micros * action.old // action.new)
    after = replace(stock, epoch=event.epoch, splits=(*stock.splits, ratio), inventory=lots, price=price)
    transfers, lost = _scaled_accounts(row, stock, action.new, action.old, view.balances)
    after, _ = after.taking(min(lost, after.free))
    return Decision((after,), (*transfers, *cash), (StockSplit(row.stock, event.epoch, action.new, action.old),))


def _scaled_accounts(
    row: Distribution, stock: Stock, new: int, old: int, balances: Mapping[str, Balance]
) -> tuple[tuple[Transfer, ...], Shares]:
    """Transfers against `market` that bring each account to its new count, and what the inventory loses beside the ratio.

    Custody keeps whole shares only; what is outstanding rounds up and what is claimed down; inventory takes the rest.
    """
    changes: dict[str, int] = {}
    for name in (*accounts.SHARE_ASSETS, *accounts.SHARE_CLAIMS):
        balance = balances.get(f"{stock.id}/{name}", Balance())
        held = Shares(balance.debit if name in accounts.SHARE_ASSETS else balance.credit)
        scaled = held.times_up(new, old) if name == "outstanding" else held.times_down(new, old)
        changes[name] = scaled.atoms - held.atoms
    in_custody = sum(balances.get(f"{stock.id}/{n}", Balance()).debit + changes[n] for n in accounts.SHARES_IN_CUSTODY)
    changes["custody"] -= in_custody - Shares(in_custody).whole_down().atoms
    assets = sum(changes[name] for name in accounts.SHARE_ASSETS)
    rest = assets - sum(changes[name] for name in accounts.SHARE_CLAIMS)
    changes["inventory"] += rest
    transfers = []
    for name, change in changes.items():
        account, market = f"{stock.id}/{name}", f"{stock.id}/market"
        grows = (change > 0) == (name in accounts.SHARE_ASSETS)
        debit, credit = (account, market) if grows else (market, account)
        if change:
            transfers.append(Transfer(f"{row.id}:scaled:{name}", debit, credit, abs(change), row.id))
    return tuple(transfers), Shares(max(0, -rest))


def heard_split(fact: StockSplit) -> Rescaled:
    """What open rows hear of a split."""
    return Rescaled(fact.epoch, fact.new, fact.old)
