"""RPC methods that read accounts: balances, data, programs' accounts, token balances and supplies."""

from collections.abc import Callable, Mapping
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import Mint, TokenAccount

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, Method, RpcError
from openscrip.issuance.nodes.solana.shapes import (
    account_shape,
    decode_bytes,
    options,
    scaled_token_amount,
    with_context,
)

TOKEN_PROGRAMS = (
    Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
    Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
)
ACCOUNTS_MAX = 100
_TOKEN_ACCOUNT, _MINT, _MULTISIG = 165, 82, 355
_KIND_MINT, _KIND_ACCOUNT = 1, 2


def account_methods(bank: Bank) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def balance(asked: list[Any]) -> Any:
        account = bank.account(_key(asked[0]))
        return with_context(bank, account.lamports if account else 0)

    def account_info(asked: list[Any]) -> Any:
        return with_context(bank, account_shape(bank.account(_key(asked[0])), options(asked, 1)))

    def multiple_accounts(asked: list[Any]) -> Any:
        if len(asked[0]) > ACCOUNTS_MAX:
            raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {ACCOUNTS_MAX}")
        wanted = options(asked, 1)
        return with_context(bank, [account_shape(bank.account(_key(key)), wanted) for key in asked[0]])

    def program_accounts(asked: list[Any]) -> Any:
        wanted = options(asked, 1)
        tests = [_filter(one) for one in wanted.get("filters") or []]
        found = _keyed(bank.owned_by(_key(asked[0])), wanted, lambda data: all(test(data) for test in tests))
        return with_context(bank, found) if wanted.get("withContext") else found

    def token_account_balance(asked: list[Any]) -> Any:
        data = _token_data(bank, asked[0], _TOKEN_ACCOUNT, _KIND_ACCOUNT, "account")
        held = TokenAccount.from_bytes(data[:_TOKEN_ACCOUNT])
        mint = _token_data(bank, str(held.mint), _MINT, _KIND_MINT, "mint")
        return with_context(bank, scaled_token_amount(held.amount, mint, bank.now()))

    def token_supply(asked: list[Any]) -> Any:
        mint = _token_data(bank, asked[0], _MINT, _KIND_MINT, "mint")
        return with_context(bank, scaled_token_amount(Mint.from_bytes(mint[:_MINT]).supply, mint, bank.now()))

    def token_accounts_by_owner(asked: list[Any]) -> Any:
        owner, scope, wanted = bytes(_key(asked[0])), asked[1], options(asked, 2)
        programs = (_key(scope["programId"]),) if "programId" in scope else TOKEN_PROGRAMS
        mint = bytes(_key(scope["mint"])) if "mint" in scope else b""
        accounts = [account for program in programs for account in bank.owned_by(program)]

        def belongs(data: bytes) -> bool:
            return is_token_account(data) and data[32:64] == owner and data.startswith(mint)

        return with_context(bank, _keyed(accounts, wanted, belongs))

    return {
        "getBalance": balance,
        "getAccountInfo": account_info,
        "getMultipleAccounts": multiple_accounts,
        "getProgramAccounts": program_accounts,
        "getTokenAccountBalance": token_account_balance,
        "getTokenSupply": token_supply,
        "getTokenAccountsByOwner": token_accounts_by_owner,
    }


def is_token_account(data: bytes) -> bool:
    """Whether the bytes of a token program's account are a balance (and not a mint or a multisig)."""
    return _is_kind(data, _TOKEN_ACCOUNT, _KIND_ACCOUNT)


def _is_kind(data: bytes, plain_length: int, kind: int) -> bool:
    tagged = len(data) > _TOKEN_ACCOUNT and len(data) != _MULTISIG and data[_TOKEN_ACCOUNT] == kind
    return len(data) == plain_length or tagged


def _keyed(
    accounts: list[tuple[Pubkey, Account]], wanted: dict[str, Any], passes: Callable[[bytes], bool]
) -> list[dict[str, Any]]:
    return [
        {"pubkey": str(key), "account": account_shape(account, wanted)}
        for key, account in accounts
        if passes(bytes(account.data))
    ]


def _filter(asked: dict[str, Any]) -> Callable[[bytes], bool]:
    if "dataSize" in asked:
        size = int(asked["dataSize"])
        return lambda data: len(data) == size
    compare = asked["memcmp"]
    offset = int(compare["offset"])
    expected = decode_bytes(compare["bytes"], compare.get("encoding", "base58"))
    return lambda data: data[offset : offset + len(expected)] == expected


def _token_data(bank: Bank, address: str, plain_length: int, kind: int, what: str) -> bytes:
    account = bank.account(_key(address))
    if account is None:
        raise RpcError(INVALID_PARAMS, "Invalid param: could not find " + what)
    data = bytes(account.data)
    if account.owner not in TOKEN_PROGRAMS or not _is_kind(data, plain_length, kind):
        raise RpcError(INVALID_PARAMS, "Invalid param: not a Token " + what)
    return data


def _key(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except (ValueError, TypeError):
        raise RpcError(INVALID_PARAMS, f"Invalid param: {text!r} was not a key") from None
