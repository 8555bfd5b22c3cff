"""The issuer's own inventory: shares in custody that stand behind no token, and what was paid for them."""

from openscrip.assets import accounts
from openscrip.assets.acquisition import SharesArrived
from openscrip.assets.stock import Lot, Stock
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer


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
