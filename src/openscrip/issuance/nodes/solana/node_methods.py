"""RPC methods about the node, its slots and its blockhashes, and our own for market time."""

import base64
from collections.abc import Mapping
from typing import Any

from solders.hash import Hash
from solders.message import from_bytes_versioned

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, Method, RpcError
from openscrip.issuance.nodes.solana.shapes import VERSION, base58, with_context
from openscrip.issuance.nodes.solana.slots import WINDOW

SLOTS_PER_EPOCH = 432_000
LAMPORTS_PER_SIGNATURE = 5_000
SKIP_MAX = 10_000_000


def node_methods(bank: Bank) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def slot(_: list[Any]) -> int:
        return bank.slots.current()

    def latest_blockhash(_: list[Any]) -> Any:
        now = bank.slots.current()
        value = {"blockhash": base58(bank.slots.blockhash(now)), "lastValidBlockHeight": now + WINDOW - 1}
        return with_context(bank, value)

    def blockhash_valid(asked: list[Any]) -> Any:
        return with_context(bank, bank.slots.issued_at(bytes(Hash.from_string(asked[0]))) is not None)

    def fee(asked: list[Any]) -> Any:
        message = from_bytes_versioned(base64.b64decode(asked[0]))
        known = bank.slots.issued_at(bytes(message.recent_blockhash)) is not None
        count = message.header.num_required_signatures
        return with_context(bank, LAMPORTS_PER_SIGNATURE * count if known else None)

    def block_time(asked: list[Any]) -> int | None:
        return bank.now() if int(asked[0]) <= bank.slots.current() else None

    def epoch_info(_: list[Any]) -> Any:
        now = bank.slots.current()
        return {
            "absoluteSlot": now,
            "blockHeight": now,
            "epoch": now // SLOTS_PER_EPOCH,
            "slotIndex": now % SLOTS_PER_EPOCH,
            "slotsInEpoch": SLOTS_PER_EPOCH,
            "transactionCount": len(bank.history),
        }

    def set_clock(asked: list[Any]) -> int:
        if type(asked[0]) is not int or not 0 <= asked[0] < 2**40:
            raise RpcError(INVALID_PARAMS, f"clock: {asked[0]!r} was not a UTC second")
        bank.set_clock(asked[0])
        return bank.now()

    def skip_slots(asked: list[Any]) -> int:
        if type(asked[0]) is not int or not 0 < asked[0] <= SKIP_MAX:
            raise RpcError(INVALID_PARAMS, f"slots: {asked[0]!r} was not a count from 1 to {SKIP_MAX}")
        bank.skip_slots(asked[0])
        return bank.slots.current()

    return {
        "getHealth": lambda _: "ok",
        "getVersion": lambda _: {"solana-core": VERSION, "feature-set": 0},
        "getGenesisHash": lambda _: base58(bank.genesis),
        "getSlot": slot,
        "getBlockHeight": slot,
        "getBlockTime": block_time,
        "getEpochInfo": epoch_info,
        "getTransactionCount": lambda _: len(bank.history),
        "getLatestBlockhash": latest_blockhash,
        "isBlockhashValid": blockhash_valid,
        "getFeeForMessage": fee,
        "getRecentPrioritizationFees": lambda _: [],
        "getMinimumBalanceForRentExemption": lambda asked: bank.rent(int(asked[0])),
        "openscrip_setClock": set_clock,
        "openscrip_getClock": lambda _: bank.now(),
        "openscrip_skipSlots": skip_slots,
    }
