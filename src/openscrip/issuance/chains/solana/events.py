"""What a landed transaction did to a token of ours: a memo, believed only beside the movement it speaks of.

A transaction counts when it succeeded and has exactly one memo of ours and exactly one token movement, of the mint in
question, with the authority that such a movement must have. The holder of a redemption is who signed the transfer into
escrow. Anything else is no event: our own transactions never look like that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from openscrip.issuance.chain import AnyChainEvent, Burned, Minted, RedemptionEscrowed, Refunded
from openscrip.issuance.chains.solana.cluster import Mention
from openscrip.issuance.chains.solana.memo import (
    MEMO,
    BurnMemo,
    Memo,
    MintMemo,
    MultiplierMemo,
    RedeemMemo,
    RefundMemo,
    parse_memo,
)
from openscrip.issuance.chains.solana.token_program import ASSOCIATED_TOKEN, TOKEN_2022, associated_account
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.quantities import RawAmount

TRANSFER, MINT, BURN = 12, 14, 15
_MOVEMENT_LENGTH, _UPDATE_MULTIPLIER, _UPDATE_LENGTH = 10, b"\x2b\x01", 18


@dataclass(frozen=True, slots=True)
class TokenAddresses:
    """What belongs to one listed token: its mint, the multisig that commands it, and the multisig's escrow account."""

    mint: Pubkey
    multisig: Pubkey
    escrow: Pubkey

    @classmethod
    def of(cls, mint: Pubkey, multisig: Pubkey) -> "TokenAddresses":
        """The addresses of a mint under `multisig`."""
        return cls(mint, multisig, associated_account(multisig, mint))


@dataclass(frozen=True, slots=True)
class Movement:
    """A TransferChecked, MintToChecked or BurnChecked. `source` is None for a mint, `destination` for a burn."""

    tag: int
    mint: Pubkey
    source: Pubkey | None
    destination: Pubkey | None
    authority: Pubkey
    grains: int


@dataclass(frozen=True, slots=True)
class MultiplierSet:
    """A multiplier that the multisig set: its f64 bytes, when it takes effect, and what the memo says of it."""

    effective_at: int
    f64: bytes
    version: int
    epoch_after: int
    action: bytes


@dataclass(frozen=True, slots=True)
class _Step:
    program: Pubkey
    accounts: tuple[Pubkey, ...]
    data: bytes


def memo_of(transaction: VersionedTransaction) -> Memo | None:
    """The one memo of ours in a transaction, or None."""
    return _only_memo(_steps(transaction))


def read_event(
    chain: str, token: TokenAddresses, mention: Mention, transaction: VersionedTransaction
) -> AnyChainEvent | None:
    """The event in a transaction that succeeded, or None."""
    steps = _steps(transaction)
    memo, moved = _only_memo(steps), _only_movement(steps)
    if memo is None or moved is None or moved.mint != token.mint:
        return None
    place = (chain, str(token.mint), mention.signature, mention.slot, mention.at)
    raw = RawAmount.from_grains(moved.grains)
    by_multisig = moved.authority == token.multisig
    match memo:
        case MintMemo() if moved.tag == MINT and by_multisig:
            receiver = _owner(steps, token.mint, moved.destination)
            return Minted(*place, memo.request.hex(), receiver, raw) if receiver else None
        case RedeemMemo() if moved.tag == TRANSFER and moved.destination == token.escrow and not by_multisig:
            if memo.kind not in list(RedemptionKind) or not raw:
                return None
            holder = str(moved.authority)
            return RedemptionEscrowed(*place, memo.request.hex(), holder, raw, RedemptionKind(memo.kind))
        case BurnMemo() if moved.tag == BURN and moved.source == token.escrow and by_multisig:
            return Burned(*place, memo.request.hex(), raw)
        case RefundMemo() if moved.tag == TRANSFER and moved.source == token.escrow and by_multisig:
            holder = _owner(steps, token.mint, moved.destination)
            return Refunded(*place, memo.request.hex(), holder, raw) if holder else None
        case _:
            return None


def read_multiplier(token: TokenAddresses, transaction: VersionedTransaction) -> MultiplierSet | None:
    """The multiplier that a successful transaction set last, when the multisig did it and a memo numbers it."""
    steps = _steps(transaction)
    memo = _only_memo(steps)
    updates = [
        step
        for step in steps
        if step.program == TOKEN_2022 and step.data[:2] == _UPDATE_MULTIPLIER and len(step.data) == _UPDATE_LENGTH
    ]
    if not isinstance(memo, MultiplierMemo) or not updates:
        return None
    last = updates[-1]
    if any(step.accounts[:2] != (token.mint, token.multisig) for step in updates):
        return None
    effective_at = int.from_bytes(last.data[10:], "little", signed=True)
    return MultiplierSet(effective_at, last.data[2:10], memo.version, memo.epoch_after, memo.action)


def _steps(transaction: VersionedTransaction) -> list[_Step]:
    message = transaction.message
    keys = list(message.account_keys)
    return [
        _Step(keys[one.program_id_index], tuple(keys[place] for place in one.accounts), bytes(one.data))
        for one in message.instructions
        if all(place < len(keys) for place in one.accounts)
    ]


def _only_memo(steps: Sequence[_Step]) -> Memo | None:
    memos = [memo for step in steps if step.program == MEMO and (memo := parse_memo(step.data)) is not None]
    return memos[0] if len(memos) == 1 else None


def _only_movement(steps: Sequence[_Step]) -> Movement | None:
    moved = [movement for step in steps if (movement := _movement(step)) is not None]
    return moved[0] if len(moved) == 1 else None


def _movement(step: _Step) -> Movement | None:
    data, accounts = step.data, step.accounts
    if step.program != TOKEN_2022 or len(data) != _MOVEMENT_LENGTH:
        return None
    grains = int.from_bytes(data[1:9], "little")
    if data[0] == TRANSFER and len(accounts) >= 4:
        return Movement(TRANSFER, accounts[1], accounts[0], accounts[2], accounts[3], grains)
    if data[0] == MINT and len(accounts) >= 3:
        return Movement(MINT, accounts[0], None, accounts[1], accounts[2], grains)
    if data[0] == BURN and len(accounts) >= 3:
        return Movement(BURN, accounts[1], accounts[0], None, accounts[2], grains)
    return None


def _owner(steps: Sequence[_Step], mint: Pubkey, account: Pubkey | None) -> str:
    """Whose associated account `account` is, by the create instruction that stands in the same transaction."""
    for step in steps:
        if step.program == ASSOCIATED_TOKEN and len(step.accounts) >= 4 and step.accounts[1] == account:
            owner = step.accounts[2]
            if associated_account(owner, mint) == account:
                return str(owner)
    return ""
