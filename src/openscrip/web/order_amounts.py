"""The money of one order as the ledger has it: what came, what was charged, what went back, each with its time."""

from collections.abc import Iterable
from dataclasses import dataclass

from openscrip.kernel.money import Money
from openscrip.runtime.history import Movement
from openscrip.runtime.ledger import Phase


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement of a client's money. `came` is towards the client's account with us, else out of it."""

    at: int
    id: str
    words: str
    amount: Money
    came: bool


def amounts_of(order_id: str, movements: Iterable[Movement]) -> list[Moved]:
    """What moved the account of an order, oldest first; what was set aside and then voided is left out."""
    return [
        Moved(each.at, each.id, _words(order_id, each), Money(each.posted), not each.is_debit)
        for each in movements
        if each.phase in (Phase.POSTED, Phase.POST) and each.posted
    ]


def _words(order_id: str, moved: Movement) -> str:
    name = moved.id
    if name.startswith("paid:"):
        return "Your payment arrived"
    if name.endswith(":charge"):
        return "Shares, the broker's fee included"
    if name == f"{order_id}:promise:cost" or name.startswith(f"{order_id}:inventory:"):
        return "Shares from stock"
    if name == f"{order_id}:fee":
        return "Our fee"
    if name.startswith(f"{order_id}:refund:"):
        return "Sent back to you"
    if name.startswith(f"{order_id}:pay") and name.endswith(":sent"):
        return "Paid to you"
    if name == f"{order_id}:fraction:price":
        return "The fraction of a share, bought from you"
    if name.endswith(":brought"):
        return "Shares sold, the broker's fee deducted"
    if name == f"{order_id}:payout":
        return "Bond paid out"
    return "Correction" if not moved.is_debit else "Charge"
