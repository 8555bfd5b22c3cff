"""What Solana's RPC answers look like: contexts, bytes, accounts, token amounts."""

import base64
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, INVALID_REQUEST, RpcError
from openscrip.issuance.nodes.solana.token_accounts import decimals_of, extensions

VERSION = "2.3.0"
"""The version of the RPC interface whose shapes these are; clients look at it to choose their own."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: digit for digit, character in enumerate(_BASE58)}
_BASE58_BYTES_MAX = 128
_SCALED_UI_AMOUNT, _SCALED_LENGTH = 25, 56
_DECIMALS_MAX = 19
Parser = Callable[[Pubkey, Account], dict[str, Any] | None]
"""Reads an account for `jsonParsed`: `{"program", "parsed", "space"}`, or None where Solana has no reading of it."""


def options(parameters: list[Any], place: int) -> dict[str, Any]:
    """What the options object at `place` says; an option that is null is not said."""
    given = parameters[place] if len(parameters) > place else None
    if given is not None and not isinstance(given, dict):
        raise RpcError(INVALID_PARAMS, f"Invalid params: parameter {place} was not an object")
    return {name: value for name, value in (given or {}).items() if value is not None}


def with_context(bank: Bank, value: Any) -> dict[str, Any]:
    """An answer that says at which slot it was true."""
    return {"context": {"slot": bank.slots.current(), "apiVersion": VERSION}, "value": value}


def encode_bytes(data: bytes, encoding: str) -> list[str]:
    """`[text, encoding]`."""
    if encoding == "base58":
        return [base58(data), "base58"]
    if encoding in ("base64", "jsonParsed"):
        return [base64.b64encode(data).decode(), "base64"]
    raise RpcError(INVALID_PARAMS, f"Invalid params: encoding {encoding!r} was not supported")


def decode_bytes(text: str | list[int], encoding: str) -> bytes:
    """The bytes of a parameter in base64, in base58, or as a list of numbers. Raises `ValueError`."""
    if isinstance(text, list):
        return bytes(text)
    if encoding == "base64":
        return base64.b64decode(text, validate=True)
    number = 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            raise ValueError(f"{character!r} was not a base58 digit")
        number = number * 58 + digit
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes(len(text) - len(text.lstrip("1"))) + body


def account_shape(
    key: Pubkey, account: Account | None, wanted: dict[str, Any], parse: Parser | None = None
) -> dict[str, Any] | None:
    """An account. Without `encoding` the data is bare base58, with it a pair; what `jsonParsed` cannot read is base64."""
    if account is None:
        return None
    encoding = wanted.get("encoding")
    parsed = parse(key, account) if encoding == "jsonParsed" and parse is not None else None
    return {
        "lamports": account.lamports,
        "owner": str(account.owner),
        "data": parsed if parsed is not None else _data_shape(bytes(account.data), encoding, wanted.get("dataSlice")),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def token_amount(grains: int, decimals: int) -> dict[str, Any]:
    """A token amount as people read it. No multiplier, exact digits."""
    number = float(grains) / float(10**decimals) if decimals <= _DECIMALS_MAX else None
    return _amount_shape(grains, decimals, plain_decimal(grains, decimals), number)


def scaled_token_amount(grains: int, mint: bytes, now: int) -> dict[str, Any]:
    """`token_amount` for the mint whose bytes are given, times the multiplier in force when the clock shows `now`.

    As the program does it: multiplied as f64, truncated, divided as f64, printed with the mint's decimals.
    """
    decimals = decimals_of(mint)
    multiplier = multiplier_in_force(mint, now)
    if multiplier is None:
        return token_amount(grains, decimals)
    product = float(grains) * multiplier
    if math.isinf(product):
        return _amount_shape(grains, decimals, "inf", None)
    text = _trimmed(f"{math.trunc(product) / 10**decimals:.{decimals}f}")
    return _amount_shape(grains, decimals, text, float(text))


def multiplier_in_force(mint: bytes, now: int) -> float | None:
    """The f64 of a ScaledUiAmount mint (entry 25: authority 32, current f64, from i64, new f64), else None."""
    for kind, entry in extensions(mint):
        if kind == _SCALED_UI_AMOUNT and len(entry) == _SCALED_LENGTH:
            current, effective_at, new = struct.unpack_from("<dqd", entry, 32)
            return float(new if now >= effective_at else current)
    return None


def plain_decimal(units: int, decimals: int) -> str:
    """`units` x 10^-decimals without trailing zeros."""
    digits = str(units).rjust(decimals + 1, "0")
    return _trimmed(f"{digits[:-decimals]}.{digits[-decimals:]}") if decimals else digits


def printed_f64(number: float) -> str:
    """An f64 as Rust prints it: the shortest digits that give it back, never an exponent."""
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - only NaN differs from itself
        return {"nan": "NaN", "inf": "inf", "-inf": "-inf"}[repr(number)]
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def status_of(error: object) -> dict[str, Any]:
    """The older spelling of success and failure that some answers still carry."""
    return {"Ok": None} if error is None else {"Err": error}


def base58(data: bytes) -> str:
    """Base58 with Bitcoin's alphabet, as Solana writes keys and data."""
    if len(data) == 32:
        return str(Pubkey(data))
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _data_shape(data: bytes, encoding: str | None, piece: dict[str, Any] | None) -> str | list[str]:
    if piece is not None:
        data = data[int(piece["offset"]) : int(piece["offset"]) + int(piece["length"])]
    if encoding in (None, "base58", "binary") and len(data) > _BASE58_BYTES_MAX:
        text = "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
        raise RpcError(INVALID_REQUEST, text)
    return base58(data) if encoding in (None, "binary") else encode_bytes(data, encoding)


def _trimmed(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def _amount_shape(grains: int, decimals: int, text: str, number: float | None) -> dict[str, Any]:
    return {"amount": str(grains), "decimals": decimals, "uiAmount": number, "uiAmountString": text}
