"""A chain in memory that grows and takes back, and what its blocks left, counted anew from the beginning."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page, Undone

TOKENS = ("red", "blue")
PEOPLE = ("ann", "ben", "cem", "dora")
BLOCK_S = 30_000
"""Between two blocks: about three of them make a day."""


@dataclass
class Fickle:
    """Blocks from 0 on, the newest `tail` of which may be undone; a page brings at most `at_once` of them."""

    tail: int = 8
    at_once: int = 3
    name: str = "fickle"
    moved: list[tuple[Moved, ...]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    count: int = 0

    def mine(self, *moved: Moved) -> None:
        self.count += 1
        self.moved.append(tuple(replace(one, place=place) for place, one in enumerate(moved)))
        self.hashes.append(f"hash {self.count}")

    def undo(self, depth: int) -> None:
        del self.moved[len(self.moved) - depth :], self.hashes[len(self.hashes) - depth :]

    def heads(self) -> tuple[int, int]:
        return len(self.moved) - 1, len(self.moved) - 1 - self.tail

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        if read[1] and (read[0] >= len(self.hashes) or self.hashes[read[0]] != read[1]):
            raise Undone
        first = max(0, read[0] + 1)
        end = min(last, first + self.at_once - 1)
        numbers = range(first, end + 1)
        blocks = [Block(n, tuple(m for m in self.moved[n] if m.token in tokens), n * BLOCK_S) for n in numbers]
        keep = tuple((number, self.hashes[number]) for number in numbers if number > final or number == end)
        return Page(tuple(block for block in blocks if block.moved), (end, self.hashes[end]), keep)

    def stands(self, number: int, hashed: str) -> bool:
        return number < len(self.hashes) and self.hashes[number] == hashed

    def held(self, token: str, block: int) -> dict[str, int]:
        """By holder, with the supply under `ALL`; nobody with nothing."""
        found: dict[str, int] = {}
        for moved in self.moved[: block + 1]:
            for one in moved:
                if one.token == token:
                    for party, atoms in ((one.sender, -one.atoms), (one.receiver, one.atoms)):
                        found[party] = found.get(party, 0) + (atoms if party != ALL else -atoms)
        return {who: atoms for who, atoms in found.items() if atoms}

    def busy_block(self, dice: random.Random) -> None:
        """A block of mints, burns and transfers that somebody could afford."""
        held = {token: self.held(token, len(self.moved)) for token in TOKENS}
        made: list[Moved] = []
        for _ in range(dice.randint(0, 4)):
            token = dice.choice(TOKENS)
            mine = held[token]
            sender = dice.choice([ALL, *(who for who in PEOPLE if mine.get(who))])
            receiver = dice.choice([*PEOPLE, *([ALL] if sender else [])])
            atoms = dice.randint(0, mine.get(sender, 0)) if sender else dice.randint(1, 2**100)
            for party, more in ((sender, -atoms), (receiver, atoms)):
                mine[party] = mine.get(party, 0) + more
            made.append(Moved(token, sender, receiver, atoms, 0, f"tx {self.count}.{len(made)}"))
        self.mine(*made)
