"""Slots and blockhashes. A slot passes every `slot_ms` of machine time, also while the node is down, so nothing of
this needs the log; market time is another clock and only programs see it.

The hash of a slot is SHA-256 of the genesis hash and the slot, so a restarted node knows the hashes it gave out.
"""

import hashlib
import time
from dataclasses import dataclass, field

WINDOW = 150
"""A transaction may land while its blockhash is among the last 150."""


FIRST = 2


@dataclass(slots=True)
class Slots:
    """Counts from slot 2 at machine second `born_at`, plus the slots that were `skipped` on request.

    Slot 1 is the genesis: so at every moment there is a slot that is over.
    """

    genesis: bytes
    born_at: float
    slot_ms: int
    skipped: int = 0
    window: int = WINDOW
    _last: int = FIRST
    _hashes: dict[str, int] = field(default_factory=dict)
    _hashed_upto: int = 0

    def current(self) -> int:
        """The slot now. It never goes back, even when the machine's clock does."""
        passed = int((machine_second() - self.born_at) * 1000) // self.slot_ms
        self._last = max(self._last, FIRST + passed + self.skipped)
        return self._last

    def reached(self, slot: int) -> None:
        """The log shows that `slot` was reached once."""
        self._last = max(self._last, slot)

    def blockhash(self, slot: int) -> bytes:
        """The 32 bytes that stand for `slot`."""
        return hashlib.sha256(self.genesis + slot.to_bytes(8, "little")).digest()

    def last_valid(self) -> int:
        """The last slot in which the hash of the slot now may serve."""
        return self.current() + self.window - 1

    def issued_at(self, blockhash: bytes) -> int | None:
        """The slot of a hash that is still in the window, else None."""
        slot = self.current()
        first = max(1, slot - self.window + 1)
        for fresh in range(max(first, self._hashed_upto + 1), slot + 1):
            self._hashes[self.blockhash(fresh).hex()] = fresh
        self._hashed_upto = slot
        if len(self._hashes) > 4 * self.window:
            self._hashes = {known: at for known, at in self._hashes.items() if at >= first}
        issued = self._hashes.get(blockhash.hex())
        return issued if issued is not None and issued >= first else None


def machine_second() -> float:
    """The machine's clock, which slots are counted by: it goes on while the node is down."""
    return time.time()
