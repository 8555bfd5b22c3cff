"""What reached a treasury, out of a chain's history: final blocks alone, each transfer once, in order."""

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from openscrip.issuance.coins import CoinsSeen
from openscrip.issuance.indexer.movements import Block, Moved
from openscrip.issuance.indexer.reading import History, Undone
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money

PAGES_AT_ONCE = 8
REST_S = 0.5
SeenT = TypeVar("SeenT")


class ArrivalFeed(Generic[SeenT]):
    """What a feed reads: `poll(cursor)` gives what arrived after the cursor `block:hash`, and the cursor behind it.

    `treasuries` are the tokens that are accepted, each with who receives it; `told` makes of a transfer to its receiver what
    the books hear, or None for what they do not. The history's final block must be one that is never undone. While nobody is
    `expected` to send anything the chain is asked twice a second, else whenever the feed is read. With `until`, what came after
    that block is for others to read.
    """

    def __init__(
        self, history: History, treasuries: Mapping[str, str], told: Callable[[Block, Moved], SeenT | None], first: int = 0, *,
        until: int | None = None, expected: Callable[[], bool] = lambda: True, machine: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._until = until
        self._history = history
        self._treasury = {token: treasury.lower() for token, treasury in treasuries.items()}
        self._told = told
        self._first = first
        self._expected = expected
        self._machine = machine
        self._rests_until = 0.0

    def poll(self, cursor: str) -> tuple[list[SeenT], str]:
        """Arrivals in final blocks that were not read yet. Raises `Unavailable` where the chain changed under its own word."""
        if self._machine() < self._rests_until and not self._expected():
            return [], cursor
        self._rests_until = self._machine() + REST_S
        number, _, hashed = cursor.partition(":")
        read = (int(number), hashed) if number else (self._first - 1, "")
        if self._until is not None and read[0] >= self._until:
            return [], cursor
        _, final = self._history.heads()
        final = final if self._until is None else min(final, self._until)
        found: list[SeenT] = []
        for _ in range(PAGES_AT_ONCE):
            if read[0] >= final:
                break
            try:
                page = self._history.page(list(self._treasury), read, final, final)
            except Undone as undone:
                text = f"deposits: {self._history.name} took back block {read[0]}, which it had called final"
                raise Unavailable(text) from undone
            for block in page.blocks:
                here = (one for one in block.moved if one.receiver.lower() == self._treasury[one.token])
                found += [seen for one in here if (seen := self._told(block, one)) is not None]
            read = page.end
        return found, f"{read[0]}:{read[1]}" if read[0] >= 0 else ""


class DepositFeed(ArrivalFeed[CoinsSeen]):
    """Coins for the primary market; `atoms_per_unit` is how many of the history's atoms make the coin's smallest unit."""

    def __init__(
        self, history: History, tokens: Mapping[str, str], atoms_per_unit: int = 1, first: int = 0, *,
        expected: Callable[[], bool] = lambda: True, machine: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        def told(block: Block, one: Moved) -> CoinsSeen | None:
            if one.atoms < atoms_per_unit:
                return None
            amount = Money(one.atoms // atoms_per_unit)
            return CoinsSeen(history.name, one.token, one.sender, amount, one.tx_id, one.place, block.number)

        super().__init__(history, tokens, told, first, expected=expected, machine=machine)
