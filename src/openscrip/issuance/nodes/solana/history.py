"""What landed: every transaction with its outcome, by signature, by slot, and by the accounts that it names.

Only the indexes are in memory; the transactions themselves are read back from the file of effects.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from solders.pubkey import Pubkey
from solders.signature import Signature

from openscrip.issuance.nodes.solana.effects import Effects, Remembered
from openscrip.issuance.nodes.solana.landed import Executed, Landed

RECENT_MAX = 1_024


class History:
    """Every landed transaction, oldest first. A block is a slot in which something landed."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._starts = array("Q")
        self._place: dict[Signature, int] = {}
        self._by_address: dict[bytes, array[int]] = {}
        self._block_slots: list[int] = []
        self._block_starts: list[int] = []
        self._recent: dict[int, Landed] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, executed: Executed, log_end: int) -> None:
        """Write down what landed; its record in the log ends at `log_end`. Slots never go back."""
        landed, place = executed.landed, len(self._starts)
        start = self._effects.append(executed, log_end)
        self._note(landed.signature, landed.slot, map(bytes, dict.fromkeys(landed.keys.all)), start)
        self._recent[place] = landed
        if len(self._recent) > RECENT_MAX:
            del self._recent[next(iter(self._recent))]

    def recall(self, start: int, entry: Remembered) -> None:
        """Note a transaction that is written down already."""
        self._note(entry.signature, entry.slot, dict.fromkeys(entry.keys), start)

    def find(self, signature: Signature) -> Landed | None:
        """The landed transaction, or None."""
        place = self._place.get(signature)
        return None if place is None else self._at(place)

    def has(self, signature: Signature) -> bool:
        """Whether it landed."""
        return signature in self._place

    def naming(self, address: Pubkey, before: Signature | None, until: Signature | None) -> Iterator[Landed]:
        """Transactions that name `address`, newest first: older than `before`, newer than `until`."""
        newest = len(self._starts) if before is None else self._place.get(before, 0)
        oldest = -1 if until is None else self._place.get(until, -1)
        places = self._by_address.get(bytes(address), array("I"))
        for index in range(bisect_left(places, newest) - 1, -1, -1):
            if places[index] <= oldest:
                return
            yield self._at(places[index])

    def blocks(self, first: int, last: int) -> list[int]:
        """The slots from `first` to `last` in which something landed."""
        return self._block_slots[bisect_left(self._block_slots, first) : bisect_right(self._block_slots, last)]

    def blocks_from(self, first: int, count: int) -> list[int]:
        """The next `count` such slots from `first` on."""
        start = bisect_left(self._block_slots, first)
        return self._block_slots[start : start + count]

    def block(self, slot: int) -> Sequence[Landed]:
        """What landed in `slot`, in order; nothing if it was empty."""
        index = bisect_left(self._block_slots, slot)
        if index == len(self._block_slots) or self._block_slots[index] != slot:
            return ()
        last = index + 1 == len(self._block_slots)
        end = len(self._starts) if last else self._block_starts[index + 1]
        return [self._at(place) for place in range(self._block_starts[index], end)]

    def block_before(self, slot: int) -> int:
        """The last slot below `slot` in which something landed, or 0."""
        index = bisect_left(self._block_slots, slot)
        return self._block_slots[index - 1] if index else 0

    def close(self) -> None:
        """Let go of the file."""
        self._effects.close()

    def _note(self, signature: Signature, slot: int, addresses: Iterator[bytes] | dict[bytes, None], start: int) -> None:
        place = len(self._starts)
        self._starts.append(start)
        self._place[signature] = place
        for address in addresses:
            places = self._by_address.get(address)
            if places is None:
                places = self._by_address[address] = array("I")
            places.append(place)
        if not self._block_slots or self._block_slots[-1] != slot:
            self._block_slots.append(slot)
            self._block_starts.append(place)

    def _at(self, place: int) -> Landed:
        recent = self._recent.get(place)
        return recent if recent is not None else self._effects.read(self._starts[place])
