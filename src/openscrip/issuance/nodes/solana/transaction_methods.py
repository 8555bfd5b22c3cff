"""RPC methods that send, rehearse and look up transactions."""

import binascii
from collections.abc import Mapping
from itertools import islice
from typing import Any

from solders.hash import Hash
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from openscrip.issuance.nodes.solana.bank import Bank, NotAccepted, transaction_error
from openscrip.issuance.nodes.solana.history import Landed
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, PREFLIGHT_FAILED, Method, RpcError
from openscrip.issuance.nodes.solana.shapes import (
    account_shape,
    decode_bytes,
    options,
    return_data,
    status_of,
    transaction_shape,
    with_context,
)

TRANSACTION_BYTES_MAX = 1232
STATUSES_MAX, SIGNATURES_MAX = 256, 1000
_SENTENCES = {
    "BlockhashNotFound": "Blockhash not found",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "SignatureFailure": "Transaction did not pass signature verification",
}


def transaction_methods(bank: Bank) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def send(asked: list[Any]) -> str:
        wanted = options(asked, 1)
        raw = _transaction_bytes(asked[0], wanted.get("encoding", "base58"))
        try:
            return str(bank.accept(raw, preflight=not wanted.get("skipPreflight", False)))
        except NotAccepted as refusal:
            raise RpcError(PREFLIGHT_FAILED, _sentence(refusal), _rehearsal(refusal)) from None

    def simulate(asked: list[Any]) -> Any:
        return with_context(bank, _simulation(bank, asked[0], options(asked, 1)))

    def airdrop(asked: list[Any]) -> str:
        try:
            return str(bank.airdrop(Pubkey.from_string(asked[0]), int(asked[1])))
        except NotAccepted as refusal:
            raise RpcError(PREFLIGHT_FAILED, _sentence(refusal), _rehearsal(refusal)) from None

    def statuses(asked: list[Any]) -> Any:
        if len(asked[0]) > STATUSES_MAX:
            raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {STATUSES_MAX}")
        found = [bank.history.find(Signature.from_string(text)) for text in asked[0]]
        return with_context(bank, [_status(landed) for landed in found])

    def signatures_for(asked: list[Any]) -> Any:
        wanted = options(asked, 1)
        limit = int(wanted.get("limit") or SIGNATURES_MAX)
        if not 1 <= limit <= SIGNATURES_MAX:
            raise RpcError(INVALID_PARAMS, f"Invalid limit; max {SIGNATURES_MAX}")
        before, until = _signature(wanted.get("before")), _signature(wanted.get("until"))
        newest_first = bank.history.naming(Pubkey.from_string(asked[0]), before, until)
        return [_mention(landed) for landed in islice(newest_first, limit)]

    def transaction(asked: list[Any]) -> Any:
        wanted = {"encoding": asked[1]} if len(asked) > 1 and isinstance(asked[1], str) else options(asked, 1)
        landed = bank.history.find(Signature.from_string(asked[0]))
        return None if landed is None else transaction_shape(landed, wanted)

    return {
        "sendTransaction": send,
        "simulateTransaction": simulate,
        "requestAirdrop": airdrop,
        "getSignatureStatuses": statuses,
        "getSignaturesForAddress": signatures_for,
        "getTransaction": transaction,
    }


def _simulation(bank: Bank, text: str, wanted: dict[str, Any]) -> dict[str, Any]:
    given = VersionedTransaction.from_bytes(_transaction_bytes(text, wanted.get("encoding", "base58")))
    replaced = bool(wanted.get("replaceRecentBlockhash"))
    if replaced:
        if not isinstance(given.message, Message | MessageV0):
            raise RpcError(INVALID_PARAMS, "Invalid params: the message version was not supported")
        fresh = _with_blockhash(given.message, bank.latest_blockhash())
        given = VersionedTransaction.populate(fresh, given.signatures)
    elif bank.slots.issued_at(bytes(given.message.recent_blockhash)) is None:
        return _rehearsal(NotAccepted("BlockhashNotFound", []))
    outcome = bank.simulate(given, verify=bool(wanted.get("sigVerify")) and not replaced)
    meta = outcome.meta()
    error = transaction_error(outcome) if isinstance(outcome, FailedTransactionMetadata) else None
    shape = {
        "err": error,
        "logs": meta.logs(),
        "accounts": None,
        "unitsConsumed": meta.compute_units_consumed(),
        **return_data(meta),
    }
    if (accounts := wanted.get("accounts")) is not None and not isinstance(outcome, FailedTransactionMetadata):
        after = dict(outcome.post_accounts())
        keys = [Pubkey.from_string(key) for key in accounts["addresses"]]
        shape["accounts"] = [
            account_shape(after[key] if key in after else bank.account(key), {"encoding": "base64"}) for key in keys
        ]
    return shape


def _with_blockhash(message: Message | MessageV0, blockhash: Hash) -> Message | MessageV0:
    header, keys, instructions = message.header, message.account_keys, message.instructions
    if isinstance(message, MessageV0):
        return MessageV0(header, keys, blockhash, instructions, message.address_table_lookups)
    return Message.new_with_compiled_instructions(
        header.num_required_signatures,
        header.num_readonly_signed_accounts,
        header.num_readonly_unsigned_accounts,
        keys,
        blockhash,
        instructions,
    )


def _transaction_bytes(text: str, encoding: str) -> bytes:
    if len(text) > 2 * TRANSACTION_BYTES_MAX:
        raise RpcError(INVALID_PARAMS, f"{encoding} encoded transaction was too large")
    try:
        raw = decode_bytes(text, encoding)
        canonical = bytes(VersionedTransaction.from_bytes(raw))
    except (ValueError, binascii.Error):
        raise RpcError(INVALID_PARAMS, "failed to deserialize solana transaction") from None
    if len(raw) > TRANSACTION_BYTES_MAX or canonical != raw:
        raise RpcError(INVALID_PARAMS, f"transaction of {len(raw)} bytes was not canonical or was too large")
    return raw


def _rehearsal(refusal: NotAccepted) -> dict[str, Any]:
    return {"err": refusal.error, "logs": refusal.logs, "accounts": None, "unitsConsumed": refusal.units}


def _sentence(refusal: NotAccepted) -> str:
    error = refusal.error
    if isinstance(error, dict) and "InstructionError" in error:
        index, inner = error["InstructionError"]
        known = isinstance(inner, dict) and "Custom" in inner
        what = f"custom program error: {inner['Custom']:#x}" if known else str(inner)
        detail = f"Error processing Instruction {index}: {what}"
    else:
        detail = _SENTENCES.get(str(error), str(error))
    return f"Transaction simulation failed: {detail}"


def _status(landed: Landed | None) -> dict[str, Any] | None:
    if landed is None:
        return None
    return {
        "slot": landed.slot,
        "confirmations": None,
        "err": landed.error,
        "status": status_of(landed.error),
        "confirmationStatus": "finalized",
    }


def _mention(landed: Landed) -> dict[str, Any]:
    return {
        "signature": str(landed.signature),
        "slot": landed.slot,
        "err": landed.error,
        "memo": landed.memo,
        "blockTime": landed.at,
        "confirmationStatus": "finalized",
    }


def _signature(text: str | None) -> Signature | None:
    return None if text is None else Signature.from_string(text)
