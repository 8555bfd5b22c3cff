"""One transaction through LiteSVM, and what is to be known of it afterwards: balances, tokens, accounts that changed."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from solders.account import Account
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.sysvar import RECENT_BLOCKHASHES
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from openscrip.issuance.nodes.solana.landed import Executed, Landed
from openscrip.issuance.nodes.solana.log import Record
from openscrip.issuance.nodes.solana.message_keys import MessageKeys, keys_of
from openscrip.issuance.nodes.solana.token_accounts import TokenBalance, token_balance, uses_tokens

Find = Callable[[Pubkey], Account | None]
_ADVANCE_NONCE = (4).to_bytes(4, "little")
_NONCE_BYTES, _NONCE_STATE_AT, _NONCE_AT = 80, 4, 40


def execute(svm: LiteSVM, record: Record, transaction: VersionedTransaction) -> Executed:
    """Run the transaction of `record`. LiteSVM has changed afterwards, by the fee alone if it failed."""
    message = transaction.message
    keys = keys_of(message, svm.get_account)
    everyone = keys.all
    balances = tuple(svm.get_balance(key) or 0 for key in everyone)
    called = {instruction.program_id_index for instruction in message.instructions}
    places = [place for place in range(len(everyone)) if place not in called] if uses_tokens(everyone) else []
    tokens = _tokens(everyone, places, svm.get_account)
    touched = {key: account for key in _touched_by_failure(message, keys) if (account := svm.get_account(key))}

    result = svm.send_transaction(transaction)

    if isinstance(result, FailedTransactionMetadata):
        failed, error, meta = True, transaction_error(result), result.meta()
    else:
        failed, error, meta = False, None, result
    changed = {key: existing(svm, key) for place, key in enumerate(everyone) if keys.may_write(place)}
    after = tuple(_lamports(changed[key]) if key in changed else before for key, before in zip(everyone, balances, strict=True))
    tokens_after = tokens if failed else _tokens_after(everyone, places, tokens, changed, svm.get_account)
    # A nonce advances only to another hash than LiteSVM's newest. This follows from what landed, so a replay does it too.
    renews = RECENT_BLOCKHASHES in everyone and not failed
    if renews:
        svm.expire_blockhash()
    landed = Landed(
        transaction.signatures[0],
        record.slot,
        record.market_at,
        record.payload,
        error,
        meta,
        keys,
        balances,
        after,
        tokens,
        tokens_after,
    )
    return Executed(landed, changed, touched, renews)


def transaction_error(failure: FailedTransactionMetadata) -> Any:
    """Solana's JSON for a failure: a bare name, or `{"InstructionError": [index, ...]}`."""
    return json.loads(failure.to_json())["err"]


def existing(svm: LiteSVM, key: Pubkey) -> Account | None:
    """The account; one without lamports does not exist."""
    account = svm.get_account(key)
    return account if account is not None and account.lamports else None


def lives_by_nonce(message: Any, svm: LiteSVM) -> bool:
    """Whether the message's blockhash is the value of the durable nonce that its first instruction advances."""
    nonce = _nonce_key(message)
    account = svm.get_account(nonce) if nonce is not None else None
    if account is None or account.owner != SYSTEM or len(account.data) != _NONCE_BYTES:
        return False
    data = bytes(account.data)
    return data[_NONCE_STATE_AT] == 1 and data[_NONCE_AT : _NONCE_AT + 32] == bytes(message.recent_blockhash)


def _nonce_key(message: Any) -> Pubkey | None:
    if not message.instructions:
        return None
    first, named = message.instructions[0], message.account_keys
    accounts = bytes(first.accounts)
    if bytes(first.data) != _ADVANCE_NONCE or not accounts or accounts[0] >= len(named):
        return None
    called = named[first.program_id_index] if first.program_id_index < len(named) else None
    nonce: Pubkey = named[accounts[0]]
    return nonce if called == SYSTEM else None


def _touched_by_failure(message: Any, keys: MessageKeys) -> list[Pubkey]:
    nonce = _nonce_key(message)
    return [keys.named[0]] + ([nonce] if nonce is not None else [])


def _tokens(everyone: Sequence[Pubkey], places: Sequence[int], find: Find) -> tuple[TokenBalance, ...]:
    known: dict[Pubkey, int | None] = {}
    found = (token_balance(place, find(everyone[place]), find, known) for place in places)
    return tuple(balance for balance in found if balance is not None)


def _tokens_after(
    everyone: Sequence[Pubkey],
    places: Sequence[int],
    before: tuple[TokenBalance, ...],
    changed: dict[Pubkey, Account | None],
    find: Find,
) -> tuple[TokenBalance, ...]:
    """What could not be written is as it was."""
    written = _tokens(
        everyone,
        [place for place in places if everyone[place] in changed],
        lambda key: changed[key] if key in changed else find(key),
    )
    unwritten = tuple(balance for balance in before if everyone[balance.place] not in changed)
    return tuple(sorted(written + unwritten, key=lambda balance: balance.place))


def _lamports(account: Account | None) -> int:
    return account.lamports if account is not None else 0
