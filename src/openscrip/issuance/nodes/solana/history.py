"""What landed: every transaction with its outcome, by signature, by slot, and by the accounts that it names."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from openscrip.issuance.nodes.solana.message_keys import MessageKeys
from openscrip.issuance.nodes.solana.token_accounts import TokenBalance

MEMO_PROGRAMS = frozenset(
    map(
        Pubkey.from_string,
        ("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
    )
)


@dataclass(frozen=True, slots=True)
class Landed:
    """A transaction that was executed. `error` is in the JSON shape of Solana's RPC, None for success."""

    signature: Signature
    slot: int
    at: int
    raw: bytes
    error: object
    meta: TransactionMetadata
    keys: MessageKeys
    balances_before: tuple[int, ...]
    balances_after: tuple[int, ...]
    tokens_before: tuple[TokenBalance, ...]
    tokens_after: tuple[TokenBalance, ...]

    @property
    def transaction(self) -> VersionedTransaction:
        """The transaction, decoded."""
        return VersionedTransaction.from_bytes(self.raw)

    @property
    def memo(self) -> str | None:
        """All memos in Solana's spelling, `[length] text` joined by `; `, or None."""
        message = self.transaction.message
        keys = message.account_keys
        memos = [
            f"[{len(instruction.data)}] {bytes(instruction.data).decode(errors='replace')}"
            for instruction in message.instructions
            if keys[instruction.program_id_index] in MEMO_PROGRAMS
        ]
        return "; ".join(memos) or None


@dataclass(slots=True)
class History:
    """Every landed transaction, oldest first. A block is a slot in which something landed."""

    _landed: list[Landed] = field(default_factory=list)
    _place: dict[Signature, int] = field(default_factory=dict)
    _by_address: dict[Pubkey, list[int]] = field(default_factory=dict)
    _block_slots: list[int] = field(default_factory=list)
    _block_starts: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._landed)

    def add(self, landed: Landed) -> None:
        """Record what landed, under every account that it names. Slots never go back."""
        place = len(self._landed)
        self._landed.append(landed)
        self._place[landed.signature] = place
        for address in dict.fromkeys(landed.keys.all):
            self._by_address.setdefault(address, []).append(place)
        if not self._block_slots or self._block_slots[-1] != landed.slot:
            self._block_slots.append(landed.slot)
            self._block_starts.append(place)

    def find(self, signature: Signature) -> Landed | None:
        """The landed transaction, or None."""
        place = self._place.get(signature)
        return None if place is None else self._landed[place]

    def naming(self, address: Pubkey, before: Signature | None, until: Signature | None) -> Iterator[Landed]:
        """Transactions that name `address`, newest first: older than `before`, newer than `until`."""
        newest = len(self._landed) if before is None else self._place.get(before, 0)
        oldest = -1 if until is None else self._place.get(until, -1)
        places = self._by_address.get(address, [])
        for index in range(bisect_left(places, newest) - 1, -1, -1):
            if places[index] <= oldest:
                return
            yield self._landed[places[index]]

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
        return self._landed[self._block_starts[index] : None if last else self._block_starts[index + 1]]

    def block_before(self, slot: int) -> int:
        """The last slot below `slot` in which something landed, or 0."""
        index = bisect_left(self._block_slots, slot)
        return self._block_slots[index - 1] if index else 0
