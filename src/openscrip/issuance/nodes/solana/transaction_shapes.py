"""Landed transactions and blocks as Solana's RPC tells them: `json`, `jsonParsed`, `base58`, `base64`, `accounts`."""

import json
from collections.abc import Sequence
from typing import Any

from solders.message import Message
from solders.transaction_metadata import TransactionMetadata

from openscrip.issuance.nodes.solana.instruction_parsing import parse_instruction
from openscrip.issuance.nodes.solana.instruction_reading import Call
from openscrip.issuance.nodes.solana.landed import Landed
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, UNSUPPORTED_VERSION, RpcError
from openscrip.issuance.nodes.solana.shapes import base58, encode_bytes, status_of, token_amount
from openscrip.issuance.nodes.solana.token_accounts import TokenBalance

_TOP = 1
"""Where a message's own instructions stand on the stack of calls."""
_NEED_VERSION = (
    "Transaction version (0) is not supported by the requesting client. Please try the request again with the "
    'following configuration parameter: "maxSupportedTransactionVersion": 0'
)


def transaction_shape(landed: Landed, wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer of getTransaction: slot, time, the transaction in the wanted encoding, and its meta."""
    return {"slot": landed.slot, "blockTime": landed.at, **_with_meta(landed, wanted, with_rewards=True)}


def block_shape(block: Sequence[Landed], wanted: dict[str, Any], hashes: tuple[str, str], parent: int) -> dict[str, Any]:
    """The answer of getBlock; `hashes` are the block's own and the one of the block before, in slot `parent`."""
    shape: dict[str, Any] = {
        "blockhash": hashes[0],
        "previousBlockhash": hashes[1],
        "parentSlot": parent,
        "blockHeight": block[0].slot,
        "blockTime": block[0].at,
    }
    details = wanted.get("transactionDetails", "full")
    if details == "full":
        with_rewards = wanted.get("rewards", True) is not False
        shape["transactions"] = [_with_meta(landed, wanted, with_rewards=with_rewards) for landed in block]
    elif details == "accounts":
        shape["transactions"] = [_accounts_alone(landed, wanted) for landed in block]
    elif details == "signatures":
        shape["signatures"] = [str(landed.signature) for landed in block]
    elif details != "none":
        raise RpcError(INVALID_PARAMS, f"Invalid params: transactionDetails {details!r} was not known")
    if wanted.get("rewards", True) is not False:
        shape["rewards"] = []
    return shape


def return_data(meta: TransactionMetadata) -> dict[str, Any]:
    """The returnData entry, or nothing when the program returned nothing."""
    returned = meta.return_data()
    if not returned.data:
        return {}
    return {"returnData": {"programId": str(returned.program_id), "data": encode_bytes(bytes(returned.data), "base64")}}


def calls_shape(calls: Sequence[Sequence[Any]], keys: Sequence[Any], *, parsed: bool) -> list[dict[str, Any]]:
    """Inner instructions, under the number of the instruction that made them."""
    return [
        {
            "index": index,
            "instructions": [
                _instruction_shape(inner.instruction(), inner.stack_height(), keys if parsed else None) for inner in made
            ],
        }
        for index, made in enumerate(calls)
        if made
    ]


def _with_meta(landed: Landed, wanted: dict[str, Any], *, with_rewards: bool) -> dict[str, Any]:
    transaction = landed.transaction
    version = _version(transaction.message, wanted)
    encoding = wanted.get("encoding") or "json"
    encoded: Any
    if encoding in ("json", "jsonParsed"):
        parsed = encoding == "jsonParsed"
        message = _parsed_message(landed, transaction.message) if parsed else _message_shape(transaction.message)
        encoded = {"signatures": [str(signature) for signature in transaction.signatures], "message": message}
    elif encoding == "binary":
        encoded = base58(landed.raw)
    else:
        encoded = encode_bytes(landed.raw, encoding)
    meta = _meta_shape(landed, with_rewards=with_rewards, parsed=encoding == "jsonParsed")
    return {"transaction": encoded, "meta": meta, **version}


def _accounts_alone(landed: Landed, wanted: dict[str, Any]) -> dict[str, Any]:
    transaction = landed.transaction
    kept = ("err", "status", "fee", "preBalances", "postBalances", "preTokenBalances", "postTokenBalances")
    meta = _meta_shape(landed, with_rewards=False, parsed=True)
    signatures = [str(signature) for signature in transaction.signatures]
    return {
        "transaction": {"signatures": signatures, "accountKeys": _parsed_keys(landed, transaction.message)},
        "meta": {name: meta[name] for name in kept},
        **_version(transaction.message, wanted),
    }


def _version(message: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    legacy = isinstance(message, Message)
    if wanted.get("maxSupportedTransactionVersion") is not None:
        return {"version": "legacy" if legacy else 0}
    if not legacy:
        raise RpcError(UNSUPPORTED_VERSION, _NEED_VERSION)
    return {}


def _message_shape(message: Any) -> dict[str, Any]:
    header = message.header
    return {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_instruction_shape(instruction, _TOP, None) for instruction in message.instructions],
        **_lookups(message),
    }


def _parsed_message(landed: Landed, message: Any) -> dict[str, Any]:
    keys = landed.keys.all
    return {
        "accountKeys": _parsed_keys(landed, message),
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [_instruction_shape(instruction, _TOP, keys) for instruction in message.instructions],
        **_lookups(message),
    }


def _parsed_keys(landed: Landed, message: Any) -> list[dict[str, Any]]:
    keys = landed.keys
    called = {instruction.program_id_index for instruction in message.instructions}
    return [
        {
            "pubkey": str(key),
            "signer": keys.is_signer(place),
            "source": "transaction" if place < len(keys.named) else "lookupTable",
            "writable": keys.may_write(place) and place not in called,
        }
        for place, key in enumerate(keys.all)
    ]


def _lookups(message: Any) -> dict[str, Any]:
    if isinstance(message, Message):
        return {}
    return {"addressTableLookups": [json.loads(lookup.to_json()) for lookup in message.address_table_lookups]}


def _instruction_shape(instruction: Any, height: int, parse_with: Sequence[Any] | None) -> dict[str, Any]:
    places, data = bytes(instruction.accounts), bytes(instruction.data)
    if parse_with is None:
        return {
            "programIdIndex": instruction.program_id_index,
            "accounts": list(places),
            "data": base58(data),
            "stackHeight": height,
        }
    program = parse_with[instruction.program_id_index]
    accounts = [str(parse_with[place]) for place in places if place < len(parse_with)]
    read = parse_instruction(Call(program, accounts, data))
    if read is not None:
        return {**read, "programId": str(program), "stackHeight": height}
    return {"programId": str(program), "accounts": accounts, "data": base58(data), "stackHeight": height}


def _meta_shape(landed: Landed, *, with_rewards: bool, parsed: bool) -> dict[str, Any]:
    meta, keys = landed.meta, landed.keys
    shape: dict[str, Any] = {
        "err": landed.error,
        "status": status_of(landed.error),
        "fee": meta.fee(),
        "preBalances": list(landed.balances_before),
        "postBalances": list(landed.balances_after),
        "innerInstructions": calls_shape(meta.inner_instructions(), keys.all, parsed=parsed),
        "logMessages": meta.logs(),
        "preTokenBalances": [_token_shape(balance) for balance in landed.tokens_before],
        "postTokenBalances": [_token_shape(balance) for balance in landed.tokens_after],
        "rewards": [] if with_rewards else None,
        "computeUnitsConsumed": meta.compute_units_consumed(),
        **return_data(meta),
    }
    if not parsed:
        shape["loadedAddresses"] = {
            "writable": [str(key) for key in keys.loaded_writable],
            "readonly": [str(key) for key in keys.loaded_readonly],
        }
    return shape


def _token_shape(balance: TokenBalance) -> dict[str, Any]:
    return {
        "accountIndex": balance.place,
        "mint": str(balance.mint),
        "owner": str(balance.holder),
        "programId": str(balance.program),
        "uiTokenAmount": token_amount(balance.grains, balance.decimals),
    }
