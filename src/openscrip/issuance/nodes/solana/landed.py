"""A transaction that landed, with its outcome."""

from dataclasses import dataclass

from solders.account import Account
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


@dataclass(frozen=True, slots=True)
class Executed:
    """What landed, the accounts that it may have changed as they are now, and those that a failure touches as they were.

    `renews_blockhash`: a nonce was made or used, so the chain's own blockhash has to move on before the next.
    """

    landed: Landed
    changed: dict[Pubkey, Account | None]
    touched_by_failure: dict[Pubkey, Account]
    renews_blockhash: bool

    @property
    def cost_its_fee(self) -> bool:
        """Whether a validator would put it in a block: what cannot pay its fee or name its accounts never gets there."""
        return self.landed.error is None or self.landed.balances_after[0] != self.landed.balances_before[0]
