"""The issuer's own inventory: shares in custody that stand behind no token, and what was paid for them."""

from dataclasses import dataclass

from openscrip.assets import accounts
from openscrip.assets.acquisition import SharesArrived
from openscrip.assets.stock import Lot, Stock
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer


@dataclass(frozen=True, slots=True)
class Level:
    """How much settled inventory of one stock is wanted: below `reorder` as much is ordered as is missing from `target`."""

    stock: str
    reorder: Shares
    target: Shares


def keep(event: SharesArrived, stock: Stock) -> Decision:
    """Shares that were bought for inventory arrived: capital pays, and the lot is free."""
    key = event.receipt
    return Decision(
        rows=(stock.adding((Lot(event.receipt, event.shares),)),),
        transfers=(
            Transfer(f"{key}:own", accounts.CAPITAL, accounts.ACQUISITIONS, event.cost.atoms, key),
            Transfer(f"{key}:inventory", f"{stock.id}/bought", f"{stock.id}/inventory", event.shares.atoms, key),
        ),
    )


def missing(free: Shares, on_order: Shares, level: Level | None, taken: Shares) -> Shares:
    """How many whole shares to order after `taken` went: as many, or under the reorder level what misses from the target."""
    if level is None:
        return taken.whole_up()
    there = free + on_order
    return Shares(max(0, level.target.atoms - there.atoms)).whole_up() if there < level.reorder else Shares(0)
