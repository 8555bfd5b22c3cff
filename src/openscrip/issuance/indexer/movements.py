"""What a block did to the holders of tokens. Pure: balances and a block in, balances out; amounts are raw, to the atom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ALL = ""
"""Stands where a holder does: for whoever is not there at a mint or a burn, and as the name of the supply."""

Holder = tuple[str, str]
"""A token and a holder of it; with `ALL`, the token's supply."""


class IndexBroken(Exception):
    """What a node told does not add up: the index must be read anew, from a node that can be believed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`atoms` of 1e-18 raw went from `sender` to `receiver`; `ALL` for the sender of a mint and the receiver of a burn.

    `place` orders what happened in a block, and names it.
    """

    token: str
    sender: str
    receiver: str
    atoms: int
    place: int
    tx_id: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block or slot, what it moved, in order, and when: `at` in UTC seconds as the chain tells it."""

    number: int
    moved: tuple[Moved, ...] = ()
    at: int = 0


def touched(blocks: Iterable[Block]) -> set[Holder]:
    """Whose balances blocks change, and the supplies beside them."""
    found: set[Holder] = set()
    for block in blocks:
        for one in block.moved:
            found.update(((one.token, one.sender), (one.token, one.receiver), (one.token, ALL)))
    return found


def after(block: Block, held: Mapping[Holder, int]) -> dict[Holder, int]:
    """What everybody whose balance the block changed has behind it.

    Raises `IndexBroken` for whoever spent what it had not, and for what came twice or out of order.
    """
    found: dict[Holder, int] = {}
    before = -1

    def add(who: Holder, atoms: int) -> None:
        found[who] = (found[who] if who in found else held.get(who, 0)) + atoms

    for one in block.moved:
        if one.atoms < 0 or one.place <= before:
            raise IndexBroken(f"index: block {block.number} moved {one.atoms} atoms at {one.place} after {before}")
        before = one.place
        for party, atoms in ((one.sender, -one.atoms), (one.receiver, one.atoms)):
            if party == ALL:
                add((one.token, ALL), -atoms)  # what nobody gave came into being
            else:
                add((one.token, party), atoms)
    for (token, holder), atoms in found.items():
        if atoms < 0:
            raise IndexBroken(f"index: {holder or 'the supply'} of {token} was {atoms} atoms after block {block.number}")
    return {who: atoms for who, atoms in found.items() if atoms != held.get(who, 0)}
