"""What the accounts of both token programs hold, read straight from their bytes.

An account is 165 bytes: mint 32, holder 32, amount u64 at 64, delegate option at 72, state at 108, native option at 109,
delegated amount u64 at 121, close authority option at 129. A mint is 82: authority option, supply u64 at 36, decimals at
44, initialised at 45, freeze authority option at 46. Token-2022 pads either to 165 bytes, puts its kind in byte 165 and
extensions from 166 on; a multisig is 355 bytes. An option is u32 0 or 1, then 32 bytes (8 where it is a number).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from solders.account import Account
from solders.pubkey import Pubkey

TOKEN = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
TOKEN_PROGRAMS = (TOKEN, TOKEN_2022)
NATIVE_MINT = Pubkey.from_string("So11111111111111111111111111111111111111112")
ACCOUNT_BYTES, MINT_BYTES, MULTISIG_BYTES = 165, 82, 355
ENTRIES_AT = 166
_KIND_MINT, _KIND_ACCOUNT = 1, 2
_STATE_AT, _INITIALIZED_AT = 108, 45


@dataclass(frozen=True, slots=True)
class TokenBalance:
    """What an account of a transaction held, `place` being the account's number in the message. Raw amounts, never
    multiplied, as ledger data always are.
    """

    place: int
    mint: Pubkey
    holder: Pubkey
    program: Pubkey
    grains: int
    decimals: int


def is_token_account(data: bytes) -> bool:
    """Whether the bytes of a token program's account are an initialised balance (and not a mint or a multisig)."""
    return _is_kind(data, ACCOUNT_BYTES, _KIND_ACCOUNT) and data[_STATE_AT] != 0


def is_mint(data: bytes) -> bool:
    """Whether the bytes of a token program's account are an initialised mint."""
    return _is_kind(data, MINT_BYTES, _KIND_MINT) and data[_INITIALIZED_AT] == 1


def decimals_of(mint: bytes) -> int:
    """How many decimals the mint's amounts have."""
    return mint[44]


def supply_of(mint: bytes) -> int:
    """The raw supply."""
    return int.from_bytes(mint[36:44], "little")


def grains_of(account: bytes) -> int:
    """The raw amount in the account."""
    return int.from_bytes(account[64:72], "little")


def delegate_of(account: bytes) -> bytes | None:
    """Who else may move a part of it."""
    return option_at(account, 72)


def option_at(data: bytes, at: int) -> bytes | None:
    """The key of an option, or None."""
    return data[at + 4 : at + 36] if data[at : at + 4] == b"\1\0\0\0" else None


def extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each extension of a Token-2022 account or mint: its number, and its bytes."""
    at = ENTRIES_AT
    while at + 4 <= len(data):
        kind, length = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        if kind == 0 or at + 4 + length > len(data):
            return
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def token_balance(
    place: int,
    account: Account | None,
    find: Callable[[Pubkey], Account | None],
    known: dict[Pubkey, int | None],
) -> TokenBalance | None:
    """The balance that `account` is, or None if it is something else or its mint is gone. `known` keeps decimals."""
    if account is None or account.owner not in TOKEN_PROGRAMS:
        return None
    data = bytes(account.data)
    if not is_token_account(data):
        return None
    mint = Pubkey(data[:32])
    if mint not in known:
        known[mint] = mint_decimals(mint, find)
    decimals = known[mint]
    if decimals is None:
        return None
    return TokenBalance(place, mint, Pubkey(data[32:64]), account.owner, grains_of(data), decimals)


def mint_decimals(mint: Pubkey, find: Callable[[Pubkey], Account | None]) -> int | None:
    """The decimals of a mint that exists."""
    if mint == NATIVE_MINT:
        return 9
    account = find(mint)
    if account is None or account.owner not in TOKEN_PROGRAMS:
        return None
    data = bytes(account.data)
    return decimals_of(data) if is_mint(data) else None


def uses_tokens(keys: Sequence[Pubkey]) -> bool:
    """Whether a transaction names a token program; only then are balances of tokens told with it."""
    return TOKEN in keys or TOKEN_2022 in keys


def _is_kind(data: bytes, plain_length: int, kind: int) -> bool:
    tagged = len(data) > ACCOUNT_BYTES and len(data) != MULTISIG_BYTES and data[ACCOUNT_BYTES] == kind
    return len(data) == plain_length or tagged
