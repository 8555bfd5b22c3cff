"""What Solana's RPC answers look like: contexts, accounts, amounts, landed transactions."""

import base64
import json
import math
import struct
from typing import Any

from solders.account import Account
from solders.message import Message
from solders.token.state import Mint
from solders.transaction_metadata import TransactionMetadata

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.history import Landed
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, UNSUPPORTED_VERSION, RpcError

VERSION = "2.3.0"
"""The version of the RPC interface whose shapes these are; clients look at it to choose their own."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SCALED_UI_AMOUNT, _SCALED_LENGTH, _MINT_BASE, _ENTRIES_AT = 25, 56, 82, 166


def options(parameters: list[Any], place: int) -> dict[str, Any]:
    """The options object at `place`, or an empty one."""
    given = parameters[place] if len(parameters) > place else None
    if given is not None and not isinstance(given, dict):
        raise RpcError(INVALID_PARAMS, f"Invalid params: parameter {place} was not an object")
    return given or {}


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
        number = number * 58 + _BASE58.index(character)
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes(len(text) - len(text.lstrip("1"))) + body


def account_shape(account: Account | None, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """An account. Without `encoding` the data is bare base58, with it a pair; `jsonParsed` falls back to base64."""
    if account is None:
        return None
    data = bytes(account.data)
    if (piece := wanted.get("dataSlice")) is not None:
        data = data[piece["offset"] : piece["offset"] + piece["length"]]
    encoding = wanted.get("encoding")
    return {
        "lamports": account.lamports,
        "owner": str(account.owner),
        "data": base58(data) if encoding is None else encode_bytes(data, encoding),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def token_amount(grains: int, mint: bytes) -> dict[str, Any]:
    """A token amount as people read it, for the mint account whose bytes are given. No multiplier, exact digits."""
    decimals = Mint.from_bytes(mint[:_MINT_BASE]).decimals
    return _amount_shape(grains, decimals, plain_decimal(grains, decimals))


def scaled_token_amount(grains: int, mint: bytes, now: int) -> dict[str, Any]:
    """`token_amount`, times the multiplier in force when the cluster clock shows `now`.

    As the program does it: multiplied as f64, truncated, divided as f64, printed with the mint's decimals.
    """
    multiplier = multiplier_in_force(mint, now)
    if multiplier is None:
        return token_amount(grains, mint)
    decimals = Mint.from_bytes(mint[:_MINT_BASE]).decimals
    shown = math.trunc(float(grains) * multiplier) / 10**decimals
    return _amount_shape(grains, decimals, _trimmed(f"{shown:.{decimals}f}"))


def multiplier_in_force(mint: bytes, now: int) -> float | None:
    """The f64 of a ScaledUiAmount mint (entry 25: authority 32, current f64, from i64, new f64), else None."""
    at = _ENTRIES_AT
    while at + 4 <= len(mint):
        kind, length = struct.unpack_from("<HH", mint, at)
        if kind == 0:
            return None
        if kind == _SCALED_UI_AMOUNT and length == _SCALED_LENGTH:
            current, effective_at, new = struct.unpack_from("<dqd", mint, at + 36)
            return float(new if now >= effective_at else current)
        at += 4 + length
    return None


def plain_decimal(units: int, decimals: int) -> str:
    """`units` x 10^-decimals without trailing zeros."""
    digits = str(units).rjust(decimals + 1, "0")
    return _trimmed(f"{digits[:-decimals]}.{digits[-decimals:]}") if decimals else digits


def transaction_shape(landed: Landed, wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer of getTransaction: slot, time, the transaction in the wanted encoding, and its meta."""
    transaction = landed.transaction
    legacy = isinstance(transaction.message, Message)
    if not legacy and wanted.get("maxSupportedTransactionVersion") is None:
        raise RpcError(UNSUPPORTED_VERSION, "Transaction version (0) is not supported by the requesting client")
    encoding = wanted.get("encoding", "json")
    encoded: Any
    if encoding in ("json", "jsonParsed"):
        encoded = {
            "signatures": [str(signature) for signature in transaction.signatures],
            "message": _message_shape(transaction.message),
        }
    else:
        encoded = encode_bytes(landed.raw, encoding)
    shape = {"slot": landed.slot, "blockTime": landed.at, "transaction": encoded, "meta": _meta_shape(landed)}
    if wanted.get("maxSupportedTransactionVersion") is not None:
        shape["version"] = "legacy" if legacy else 0
    return shape


def status_of(error: object) -> dict[str, Any]:
    """The older spelling of success and failure that some answers still carry."""
    return {"Ok": None} if error is None else {"Err": error}


def return_data(meta: TransactionMetadata) -> dict[str, Any]:
    """The returnData entry, or nothing when the program returned nothing."""
    returned = meta.return_data()
    if not returned.data:
        return {}
    return {"returnData": {"programId": str(returned.program_id), "data": encode_bytes(bytes(returned.data), "base64")}}


def base58(data: bytes) -> str:
    """Base58 with Bitcoin's alphabet, as Solana writes keys and data."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _trimmed(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def _amount_shape(grains: int, decimals: int, text: str) -> dict[str, Any]:
    return {"amount": str(grains), "decimals": decimals, "uiAmount": float(text), "uiAmountString": text}


def _message_shape(message: Any) -> dict[str, Any]:
    header = message.header
    shape: dict[str, Any] = {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_instruction_shape(instruction, None) for instruction in message.instructions],
    }
    if not isinstance(message, Message):
        shape["addressTableLookups"] = [json.loads(lookup.to_json()) for lookup in message.address_table_lookups]
    return shape


def _instruction_shape(instruction: Any, stack_height: int | None) -> dict[str, Any]:
    return {
        "programIdIndex": instruction.program_id_index,
        "accounts": list(instruction.accounts),
        "data": base58(bytes(instruction.data)),
        "stackHeight": stack_height,
    }


def _meta_shape(landed: Landed) -> dict[str, Any]:
    meta = landed.meta
    inner = [
        {"index": index, "instructions": [_instruction_shape(i.instruction(), i.stack_height()) for i in calls]}
        for index, calls in enumerate(meta.inner_instructions())
        if calls
    ]
    return {
        "err": landed.error,
        "status": status_of(landed.error),
        "fee": meta.fee(),
        "preBalances": list(landed.balances_before),
        "postBalances": list(landed.balances_after),
        "innerInstructions": inner,
        "logMessages": meta.logs(),
        "rewards": [],
        "loadedAddresses": {"writable": [], "readonly": []},
        "computeUnitsConsumed": meta.compute_units_consumed(),
        **return_data(meta),
    }
