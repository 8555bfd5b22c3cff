"""What an order book tells: rows of eight integers, the same from the reference book and from the native one."""

from enum import IntEnum
from operator import mul
from typing import NamedTuple


class Kind(IntEnum):
    """What happened."""

    ACCEPTED = 1
    REJECTED = 2
    TRADED = 3
    REFILLED = 4
    RESTED = 5
    DONE = 6
    CANCELLED = 7
    TRIGGERED = 8
    AMENDED = 9
    CANCEL_REJECTED = 10
    AMEND_REJECTED = 11
    PHASE = 12
    UNCROSSED = 13


class Reason(IntEnum):
    """Why something was refused or cancelled."""

    NONE = 0
    ID = 1
    """The id was used before, or is too far ahead of the last."""
    QUANTITY = 2
    PRICE = 3
    PHASE = 4
    """The book takes no such order in this phase."""
    POST_ONLY = 5
    NOT_FILLED = 6
    """Fill or kill, and it could not be filled."""
    IMMEDIATE = 7
    """What was not filled at once."""
    NO_LIQUIDITY = 8
    SELF_TRADE = 9
    BY_OWNER = 10
    EXPIRED = 11
    UNKNOWN = 12
    """No such order is open."""
    FILLED_MORE = 13
    """Amended below what was executed."""
    CROSSED = 14
    """The book is crossed and must be uncrossed."""
    FULL = 15
    """The book holds as many orders as it has room for."""


class Event(NamedTuple):
    """One row. What is not named here is 0.

    ACCEPTED      order, side, price, lots
    REJECTED      order, reason
    TRADED        order (taker), other (maker), side of the taker, price, lots, left of the taker, detail: left of the maker
    REFILLED      order, side, price, lots that show now, left, detail: 1 if it kept its place (in an auction)
    RESTED        order, side, price, lots that show, left
    DONE          order
    CANCELLED     order, side, price, left, reason
    TRIGGERED     order, side, price that fired it
    AMENDED       order, side, price, lots that show now (0 until it rests again, and while it waits), left,
                  detail: 1 if it kept its place
    PHASE         detail: the phase
    UNCROSSED     side of the surplus, price, lots traded, left: the surplus
    """

    kind: Kind
    order: int = 0
    other: int = 0
    side: int = 0
    price: int = 0
    lots: int = 0
    left: int = 0
    detail: int = 0


HASH_START = 0xCBF29CE484222325
HASH_PRIME = 0x100000001B3
HASH_TURN = 23
HASH_FACTORS = (
    0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
    0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3,
)  # fmt: skip
"""Odd numbers, one a column: the products are independent, so that a processor works them out side by side."""
_MASK = 2**64 - 1


def folded(digest: int, event: Event) -> int:
    """The running hash after `event`: (digest turned by 23 bits, xor the sum of column x factor) x prime, in 64 bits."""
    total: int = sum(map(mul, event, HASH_FACTORS))
    turned = ((digest << HASH_TURN) | (digest >> (64 - HASH_TURN))) & _MASK
    return ((turned ^ (total & _MASK)) * HASH_PRIME) & _MASK
