"""What landed: every transaction with its outcome, by signature and by the accounts that it names."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

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
    balances_before: tuple[int, ...]
    balances_after: tuple[int, ...]

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
    """Every landed transaction, oldest first."""

    _landed: list[Landed] = field(default_factory=list)
    _place: dict[Signature, int] = field(default_factory=dict)
    _by_address: dict[Pubkey, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._landed)

    def add(self, landed: Landed, addresses: list[Pubkey]) -> None:
        """Record what landed, under every account that it names."""
        place = len(self._landed)
        self._landed.append(landed)
        self._place[landed.signature] = place
        for address in dict.fromkeys(addresses):
            self._by_address.setdefault(address, []).append(place)

    def find(self, signature: Signature) -> Landed | None:
        """The landed transaction, or None."""
        place = self._place.get(signature)
        return None if place is None else self._landed[place]

    def naming(self, address: Pubkey, before: Signature | None, until: Signature | None) -> Iterator[Landed]:
        """Transactions that name `address`, newest first: older than `before`, newer than `until`."""
        newest = len(self._landed) if before is None else self._place.get(before, 0)
        oldest = -1 if until is None else self._place.get(until, -1)
        for place in reversed(self._by_address.get(address, [])):
            if place <= oldest:
                return
            if place < newest:
                yield self._landed[place]
