"""A person's word on an order that is on hold: what could not be done is tried again, by the books' own rules.

An order is held where the bank refused a payment, or a chain or the attestor a call for good. Nothing of it is lost and nothing
happens by itself: money and shares stay where they are, in the client's name, until somebody has put the cause right. Who did,
and why, is for the audit chain: the row's own reason is read by the client.
"""

from typing import Any

from openscrip.assets.actions import Resumed
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Unit

HELD_KINDS = (Subscription, Redemption, InKindCreation, InKindRedemption)


def resume(unit: Unit, books: Books, kind: type[Any], order_id: str, by: str, reason: str) -> None:
    """Let a held order try again what was refused.

    Raises `Malformed("order.unknown")`, `Refused("order.state")` for what is not held, and `Refused("order.stuck")` where the
    books know of nothing that could be tried again.
    """
    row = unit.row(kind, order_id) if kind in HELD_KINDS else None
    if row is None:
        raise Malformed("order.unknown", f"order: {order_id!a:.80} is none")
    refuse_unless(row.state == "held", "order.state", f"order: {order_id} was {row.state}, not held")
    refuse_unless(bool(by.strip() and reason.strip()), "order.reason", "order: it goes on by a name and for a reason")
    books.tell(unit, kind, order_id, Resumed(by, reason))
    after = unit.row(kind, order_id)
    refuse_unless(
        after is not None and after.state != "held",
        "order.stuck",
        f"order: nothing of {order_id} could be tried again; see what held it ({row.reason})",
    )
