"""RPC methods that read accounts: balances, data, programs' accounts, token balances and supplies."""

from collections.abc import Callable, Iterable, Mapping
from heapq import nlargest
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, Method, RpcError
from openscrip.issuance.nodes.solana.shapes import (
    account_shape,
    decode_bytes,
    options,
    scaled_token_amount,
    with_context,
)
from openscrip.issuance.nodes.solana.token_accounts import (
    MULTISIG_BYTES,
    TOKEN_PROGRAMS,
    grains_of,
    is_mint,
    is_token_account,
    supply_of,
)
from openscrip.issuance.nodes.solana.token_parsing import TokenParser

ACCOUNTS_MAX, FILTERS_MAX, LARGEST = 100, 4, 20
Filter = Callable[[bytes], bool]


def account_methods(bank: Bank, parse: TokenParser) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def balance(asked: list[Any]) -> Any:
        account = bank.account(key_of(asked[0]))
        return with_context(bank, account.lamports if account else 0)

    def account_info(asked: list[Any]) -> Any:
        key = key_of(asked[0])
        return with_context(bank, account_shape(key, bank.account(key), options(asked, 1), parse))

    def multiple_accounts(asked: list[Any]) -> Any:
        if len(asked[0]) > ACCOUNTS_MAX:
            raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {ACCOUNTS_MAX}")
        wanted, keys = options(asked, 1), [key_of(text) for text in asked[0]]
        return with_context(bank, [account_shape(key, bank.account(key), wanted, parse) for key in keys])

    def program_accounts(asked: list[Any]) -> Any:
        program, wanted = key_of(asked[0]), options(asked, 1)
        filters = wanted.get("filters") or []
        tests = read_filters(filters)
        found = bank.accounts(_candidates(bank, program, filters))
        shapes = [
            {"pubkey": str(key), "account": account_shape(key, account, wanted, parse)}
            for key, account in found
            if account.owner == program and passes(tests, account)
        ]
        return with_context(bank, shapes) if wanted.get("withContext") else shapes

    def largest_accounts(_: list[Any]) -> Any:
        richest = nlargest(LARGEST, bank.accounts(bank.index.everybody()), key=lambda one: one[1].lamports)
        return with_context(bank, [{"address": str(key), "lamports": account.lamports} for key, account in richest])

    return {
        "getBalance": balance,
        "getLargestAccounts": largest_accounts,
        "getAccountInfo": account_info,
        "getMultipleAccounts": multiple_accounts,
        "getProgramAccounts": program_accounts,
        **_token_methods(bank, parse),
    }


def _token_methods(bank: Bank, parse: TokenParser) -> Mapping[str, Method]:
    def token_account_balance(asked: list[Any]) -> Any:
        data = _token_data(bank, asked[0], is_token_account, "account")
        mint = _token_data(bank, str(Pubkey(data[:32])), is_mint, "mint")
        return with_context(bank, scaled_token_amount(grains_of(data), mint, bank.now()))

    def token_supply(asked: list[Any]) -> Any:
        mint = _token_data(bank, asked[0], is_mint, "mint")
        return with_context(bank, scaled_token_amount(supply_of(mint), mint, bank.now()))

    def largest(asked: list[Any]) -> Any:
        mint, key = _token_data(bank, asked[0], is_mint, "mint"), key_of(asked[0])
        held = [(grains_of(bytes(account.data)), key) for key, account in bank.accounts(bank.index.of_mint(key))]
        first = sorted(held, key=lambda one: (-one[0], bytes(one[1])))[:LARGEST]
        return with_context(
            bank, [{"address": str(key), **scaled_token_amount(grains, mint, bank.now())} for grains, key in first]
        )

    def listed(keys: Callable[[Pubkey], list[Pubkey]]) -> Method:
        def method(asked: list[Any]) -> Any:
            found = bank.accounts(keys(key_of(asked[0])))
            belongs, wanted = _scope(bank, asked[1]), options(asked, 2)
            return with_context(
                bank,
                [
                    {"pubkey": str(key), "account": account_shape(key, account, wanted, parse)}
                    for key, account in found
                    if belongs(account)
                ],
            )

        return method

    return {
        "getTokenAccountBalance": token_account_balance,
        "getTokenSupply": token_supply,
        "getTokenLargestAccounts": largest,
        "getTokenAccountsByOwner": listed(bank.index.held_by),
        "getTokenAccountsByDelegate": listed(bank.index.delegated_to),
    }


def key_of(text: str) -> Pubkey:
    """A key from a parameter. Raises `RpcError` as a validator does."""
    try:
        return Pubkey.from_string(text)
    except (ValueError, TypeError):
        raise RpcError(INVALID_PARAMS, f"Invalid param: {text!r} was not a key") from None


def read_filters(filters: list[dict[str, Any]]) -> list[Filter]:
    """What the `filters` of a request ask of an account's data."""
    if len(filters) > FILTERS_MAX:
        raise RpcError(INVALID_PARAMS, f"Too many filters provided; max {FILTERS_MAX}")
    return [_filter(one) for one in filters]


def passes(tests: Iterable[Filter], account: Account) -> bool:
    """Whether the account's data pass every filter."""
    data = bytes(account.data)
    return all(test(data) for test in tests)


def _filter(asked: dict[str, Any]) -> Filter:
    if "tokenAccountState" in asked:
        return is_token_account
    if "dataSize" in asked:
        size = int(asked["dataSize"])
        return lambda data: len(data) == size
    offset, expected = _compared(asked["memcmp"])
    return lambda data: data[offset : offset + len(expected)] == expected


def _compared(compare: dict[str, Any]) -> tuple[int, bytes]:
    offset = int(compare["offset"])
    if offset < 0:
        raise RpcError(INVALID_PARAMS, f"Invalid params: offset {offset} was negative")
    return offset, decode_bytes(compare["bytes"], compare.get("encoding", "base58"))


def _candidates(bank: Bank, program: Pubkey, filters: list[dict[str, Any]]) -> list[Pubkey]:
    """Token accounts of one holder or mint come from the index, as on a validator; else all that the program owns."""
    sizes = [int(one["dataSize"]) for one in filters if "dataSize" in one]
    if program in TOKEN_PROGRAMS and sizes and sizes[0] != MULTISIG_BYTES:
        for one in filters:
            offset, expected = _compared(one["memcmp"]) if "memcmp" in one else (-1, b"")
            if len(expected) == 32 and offset in (0, 32):
                by = bank.index.of_mint if offset == 0 else bank.index.held_by
                return by(Pubkey(expected))
    return bank.index.owned_by(program)


def _scope(bank: Bank, asked: dict[str, Any]) -> Callable[[Account], bool]:
    if "mint" in asked:
        key = key_of(asked["mint"])
        _token_data(bank, asked["mint"], is_mint, "mint")
        return lambda account: bytes(account.data).startswith(bytes(key))
    program = key_of(asked["programId"])
    if program not in TOKEN_PROGRAMS:
        raise RpcError(INVALID_PARAMS, "Invalid param: unrecognized Token program id")
    return lambda account: account.owner == program


def _token_data(bank: Bank, address: str, is_one: Filter, what: str) -> bytes:
    account = bank.account(key_of(address))
    if account is None:
        raise RpcError(INVALID_PARAMS, f"Invalid param: could not find {what}")
    data = bytes(account.data)
    if account.owner not in TOKEN_PROGRAMS or not is_one(data):
        raise RpcError(INVALID_PARAMS, f"Invalid param: not a Token {what}")
    return data
