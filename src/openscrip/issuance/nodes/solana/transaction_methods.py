"""RPC methods that send, rehearse and look up transactions."""

import binascii
from collections.abc import Mapping
from itertools import islice
from typing import Any

from solders.hash import Hash
from solders.message import Message, MessageV0
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from openscrip.issuance.nodes.solana.account_methods import key_of
from openscrip.issuance.nodes.solana.bank import Bank, NotAccepted, transaction_error
from openscrip.issuance.nodes.solana.landed import Landed
from openscrip.issuance.nodes.solana.message_keys import keys_of
from openscrip.issuance.nodes.solana.rpc import (
    INVALID_PARAMS,
    PREFLIGHT_FAILED,
    SIGNATURE_FAILED,
    Method,
    RpcError,
)
from openscrip.issuance.nodes.solana.shapes import (
    account_shape,
    decode_bytes,
    options,
    status_of,
    with_context,
)
from openscrip.issuance.nodes.solana.token_parsing import TokenParser
from openscrip.issuance.nodes.solana.transaction_shapes import calls_shape, return_data, transaction_shape

TRANSACTION_BYTES_MAX = 1232
STATUSES_MAX, SIGNATURES_MAX = 256, 1000
_SENTENCES = {
    "BlockhashNotFound": "Blockhash not found",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "AlreadyProcessed": "This transaction has already been processed",
}
_NOTHING = dict.fromkeys(("accounts", "innerInstructions", "replacementBlockhash", "returnData"))


def transaction_methods(bank: Bank, parse: TokenParser) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def send(asked: list[Any]) -> str:
        wanted = options(asked, 1)
        raw = _transaction_bytes(asked[0], wanted.get("encoding", "base58"))
        try:
            return str(bank.accept(raw, preflight=not wanted.get("skipPreflight", False)))
        except NotAccepted as refusal:
            raise _refused(refusal) from None

    def simulate(asked: list[Any]) -> Any:
        return with_context(bank, _simulation(bank, parse, asked[0], options(asked, 1)))

    def airdrop(asked: list[Any]) -> str:
        try:
            return str(bank.airdrop(key_of(asked[0]), int(asked[1])))
        except NotAccepted as refusal:
            raise _refused(refusal) from None

    def statuses(asked: list[Any]) -> Any:
        if len(asked[0]) > STATUSES_MAX:
            raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {STATUSES_MAX}")
        found = [bank.history.find(Signature.from_string(text)) for text in asked[0]]
        return with_context(bank, [_status(bank, landed) for landed in found])

    def signatures_for(asked: list[Any]) -> Any:
        wanted = options(asked, 1)
        limit = int(wanted.get("limit") or SIGNATURES_MAX)
        if not 1 <= limit <= SIGNATURES_MAX:
            raise RpcError(INVALID_PARAMS, f"Invalid limit; max {SIGNATURES_MAX}")
        before, until = _signature(wanted.get("before")), _signature(wanted.get("until"))
        newest_first = bank.history.naming(key_of(asked[0]), before, until)
        reached = (landed for landed in newest_first if _has_reached(bank, landed, wanted))
        return [_mention(bank, landed) for landed in islice(reached, limit)]

    def transaction(asked: list[Any]) -> Any:
        wanted = {"encoding": asked[1]} if len(asked) > 1 and isinstance(asked[1], str) else options(asked, 1)
        landed = bank.history.find(Signature.from_string(asked[0]))
        return None if landed is None or not _has_reached(bank, landed, wanted) else transaction_shape(landed, wanted)

    return {
        "sendTransaction": send,
        "simulateTransaction": simulate,
        "requestAirdrop": airdrop,
        "getSignatureStatuses": statuses,
        "getSignaturesForAddress": signatures_for,
        "getTransaction": transaction,
    }


def _simulation(bank: Bank, parse: TokenParser, text: str, wanted: dict[str, Any]) -> dict[str, Any]:
    given = VersionedTransaction.from_bytes(_transaction_bytes(text, wanted.get("encoding", "base58")))
    verify, replace = bool(wanted.get("sigVerify")), bool(wanted.get("replaceRecentBlockhash"))
    if verify and replace:
        raise RpcError(INVALID_PARAMS, "sigVerify may not be used with replaceRecentBlockhash")
    replaced = None
    if replace:
        if not isinstance(given.message, Message | MessageV0):
            raise RpcError(INVALID_PARAMS, "Invalid params: the message version was not supported")
        fresh = bank.latest_blockhash()
        given = VersionedTransaction.populate(_with_blockhash(given.message, fresh), given.signatures)
        replaced = {"blockhash": str(fresh), "lastValidBlockHeight": bank.slots.last_valid()}
    elif not bank.is_fresh(given):
        return _rehearsal(NotAccepted("BlockhashNotFound", []))
    outcome = bank.simulate(given, verify=verify)
    meta = outcome.meta()
    error = transaction_error(outcome) if isinstance(outcome, FailedTransactionMetadata) else None
    if verify and error == "SignatureFailure":
        raise _refused(NotAccepted(error, []))
    shape = {
        **_NOTHING,
        "err": error,
        "logs": meta.logs(),
        "unitsConsumed": meta.compute_units_consumed(),
        "replacementBlockhash": replaced,
        **return_data(meta),
    }
    if wanted.get("innerInstructions"):
        keys = keys_of(given.message, bank.account).all
        shape["innerInstructions"] = calls_shape(meta.inner_instructions(), keys, parsed=True)
    if (accounts := wanted.get("accounts")) is not None:
        after = {} if isinstance(outcome, FailedTransactionMetadata) else dict(outcome.post_accounts())
        told = {"encoding": accounts.get("encoding", "base64")}
        keys = tuple(key_of(key) for key in accounts["addresses"])
        shape["accounts"] = [account_shape(key, after[key] if key in after else bank.account(key), told, parse) for key in keys]
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


def _refused(refusal: NotAccepted) -> RpcError:
    if refusal.error == "SignatureFailure":
        return RpcError(SIGNATURE_FAILED, "Transaction signature verification failure")
    return RpcError(PREFLIGHT_FAILED, _sentence(refusal), _rehearsal(refusal))


def _rehearsal(refusal: NotAccepted) -> dict[str, Any]:
    return {**_NOTHING, "err": refusal.error, "logs": refusal.logs, "unitsConsumed": refusal.units}


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


def _has_reached(bank: Bank, landed: Landed, wanted: dict[str, Any]) -> bool:
    return bank.faults.due(landed.slot, str(wanted.get("commitment"))) <= bank.slots.current()


def _status(bank: Bank, landed: Landed | None) -> dict[str, Any] | None:
    if landed is None:
        return None
    now = bank.slots.current()
    commitment = bank.faults.commitment(landed.slot, now)
    return {
        "slot": landed.slot,
        "confirmations": None if commitment == "finalized" else now - landed.slot,
        "err": landed.error,
        "status": status_of(landed.error),
        "confirmationStatus": commitment,
    }


def _mention(bank: Bank, landed: Landed) -> dict[str, Any]:
    return {
        "signature": str(landed.signature),
        "slot": landed.slot,
        "err": landed.error,
        "memo": landed.memo,
        "blockTime": landed.at,
        "confirmationStatus": bank.faults.commitment(landed.slot, bank.slots.current()),
    }


def _signature(text: str | None) -> Signature | None:
    return None if text is None else Signature.from_string(text)
