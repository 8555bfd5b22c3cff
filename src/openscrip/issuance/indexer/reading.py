"""The port of a chain's history: what happened, block after block, and whether it still stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.issuance.indexer.movements import Block


class Undone(Exception):
    """What was read before does not lead to the chain as it is now: some of it was undone."""


@dataclass(frozen=True, slots=True)
class Page:
    """Blocks in order, without those that moved nothing; `end` is the last block that was read, as (number, hash).

    `keep` are blocks by which it can be told later how far the chain still stands, oldest first, as (number, hash).
    """

    blocks: tuple[Block, ...]
    end: tuple[int, str]
    keep: tuple[tuple[int, str], ...]


class History(Protocol):
    """What a node tells of the past.

    Safe if: blocks up to the final one are never undone, and a block's hash is of no other block.
    Raises `Unavailable` when the node does not answer, or not all of it.
    """

    name: str

    def heads(self) -> tuple[int, int]:
        """The newest block that may be read, and the newest one that is never undone."""
        ...

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        """What `tokens` moved after the block `read`, up to `last` or less far; blocks after `final` may be undone.

        Raises `Undone` if `read` is not before them any more.
        """
        ...

    def stands(self, number: int, hashed: str) -> bool:
        """Whether the block that was kept is still there."""
        ...
