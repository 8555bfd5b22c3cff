"""A client takes an order back while nothing was bought for it and nothing of it was burned.

What had come goes back as it came. What comes after the end goes back, too: dollars by the subscription, coins to their
sender as a deposit that no request waits for, tokens out of escrow by the redemption. So nobody has to know whether a payment
is on its way.
"""

from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.errors import refuse_unless

RULE = "order.cancelled"
"""Why a request ended that its client took back."""
REASON = "order: its client cancelled it"


def is_cancellable(row: Subscription | Redemption) -> bool:
    """An order can be cancelled until it is paid in full, or until its tokens are about to be burned.

    Where a network hands the shares over, the network's own request stands beside it and goes on: such a one cannot.
    """
    if isinstance(row, Subscription):
        return row.state == "awaiting_payment"
    return row.state in ("requested", "escrowed") and not row.via


def is_cancelled_unsent(row: Redemption) -> bool:
    """The client took the redemption back before any tokens came: what comes still goes back by itself."""
    return row.state == "refused" and row.rule == RULE and not row.escrowed


def refuse_unless_cancellable(row: Subscription | Redemption) -> None:
    """Raise `Refused("order.under_way")` for what cannot be undone any more."""
    after = "it was paid" if isinstance(row, Subscription) else "its tokens were taken"
    text = f"order: {row.id} was {row.state}; it could be cancelled until {after}, now follow it to its end"
    refuse_unless(is_cancellable(row), "order.under_way", text)
