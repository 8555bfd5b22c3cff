"""RPC methods about slots and blocks. A block is a slot in which something landed; every other slot counts as skipped.

The slot now is not told as a block: what comes in it next would be missing. It is there once the slot has passed.
"""

from collections.abc import Mapping
from typing import Any

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.rpc import (
    BLOCK_NOT_AVAILABLE,
    INVALID_PARAMS,
    NOT_REACHED,
    SLOT_SKIPPED,
    Method,
    RpcError,
)
from openscrip.issuance.nodes.solana.shapes import base58, options
from openscrip.issuance.nodes.solana.transaction_shapes import block_shape

BLOCKS_MAX = 500_000


def block_methods(bank: Bank) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def slot(asked: list[Any]) -> int:
        return slot_at(bank, options(asked, 0))

    def block_time(asked: list[Any]) -> int | None:
        number = _slot_number(asked[0])
        return bank.time_of(number) if number <= bank.slots.current() else None

    def block(asked: list[Any]) -> Any:
        number = _slot_number(asked[0])
        wanted = {"encoding": asked[1]} if len(asked) > 1 and isinstance(asked[1], str) else options(asked, 1)
        if number > slot_at(bank, _whole(wanted)):
            raise RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {number}")
        landed = bank.history.block(number)
        if not landed:
            text = f"Slot {number} was skipped, or missing due to ledger jump to recent snapshot"
            raise RpcError(SLOT_SKIPPED, text)
        parent = bank.history.block_before(number)
        hashes = base58(bank.slots.blockhash(number)), base58(bank.slots.blockhash(parent))
        return block_shape(landed, wanted, hashes, parent)

    def blocks(asked: list[Any]) -> list[int]:
        ends = len(asked) > 1 and isinstance(asked[1], int)
        first, complete = _slot_number(asked[0]), slot_at(bank, _whole(options(asked, 2 if ends else 1)))
        last = min(_slot_number(asked[1]), complete) if ends else complete
        if last - first > BLOCKS_MAX:
            raise RpcError(INVALID_PARAMS, f"Slot range too large; max {BLOCKS_MAX}")
        return bank.history.blocks(first, last)

    def blocks_with_limit(asked: list[Any]) -> list[int]:
        first, count = _slot_number(asked[0]), _slot_number(asked[1])
        if count > BLOCKS_MAX:
            raise RpcError(INVALID_PARAMS, f"Limit too large; max {BLOCKS_MAX}")
        complete = slot_at(bank, _whole(options(asked, 2)))
        return [number for number in bank.history.blocks_from(first, count) if number <= complete]

    return {
        "getSlot": slot,
        "getBlockHeight": slot,
        "getBlockTime": block_time,
        "getBlock": block,
        "getBlocks": blocks,
        "getBlocksWithLimit": blocks_with_limit,
        "getFirstAvailableBlock": lambda _: 0,
        "minimumLedgerSlot": lambda _: 0,
        "getBlockCommitment": lambda _: {"commitment": None, "totalStake": 0},
    }


def slot_at(bank: Bank, wanted: dict[str, Any]) -> int:
    """The slot now when `processed` is asked for, else the last one that is over: its block can be read whole."""
    now, commitment = bank.slots.current(), wanted.get("commitment")
    return now if commitment == "processed" else min(now - 1, now - bank.faults.wait(str(commitment)))


def _whole(wanted: dict[str, Any]) -> dict[str, Any]:
    """The options for reading blocks: one that is merely processed is not read."""
    return {"commitment": "confirmed"} if wanted.get("commitment") == "processed" else wanted


def in_time(bank: Bank, method: Method) -> Method:
    """The method, refused to whoever asks for a slot (`minContextSlot`) that the node has not reached."""

    def checked(asked: list[Any]) -> Any:
        now = bank.slots.current()
        if any(isinstance(given, dict) and (given.get("minContextSlot") or 0) > now for given in asked):
            raise RpcError(NOT_REACHED, "Minimum context slot has not been reached", {"contextSlot": now})
        return method(asked)

    return checked


def _slot_number(asked: Any) -> int:
    if type(asked) is not int or not 0 <= asked < 2**64:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {asked!r} was not a slot")
    return asked
