"""RPC methods about the node, its epochs, its fees and its blockhashes, and our own for market time."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from solders.hash import Hash
from solders.message import from_bytes_versioned

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.block_methods import slot_at
from openscrip.issuance.nodes.solana.faucet import FAUCET_LAMPORTS
from openscrip.issuance.nodes.solana.rpc import INVALID_PARAMS, Method, RpcError
from openscrip.issuance.nodes.solana.shapes import VERSION, base58, options, with_context

SLOTS_PER_EPOCH = 432_000
LAMPORTS_PER_SIGNATURE = 5_000
SKIP_MAX = 10_000_000
LEADERS_MAX = 5_000
FAULTS = ("confirmSlots", "finalizeSlots", "dropEvery", "blockhashSlots")


def node_methods(bank: Bank) -> Mapping[str, Method]:
    """The methods by their names on the wire."""

    def latest_blockhash(_: list[Any]) -> Any:
        now = bank.slots.current()
        value = {"blockhash": base58(bank.slots.blockhash(now)), "lastValidBlockHeight": bank.slots.last_valid()}
        return with_context(bank, value)

    def blockhash_valid(asked: list[Any]) -> Any:
        return with_context(bank, bank.slots.issued_at(bytes(Hash.from_string(asked[0]))) is not None)

    def fee(asked: list[Any]) -> Any:
        message = from_bytes_versioned(base64.b64decode(asked[0]))
        known = bank.slots.issued_at(bytes(message.recent_blockhash)) is not None
        count = message.header.num_required_signatures
        return with_context(bank, LAMPORTS_PER_SIGNATURE * count if known else None)

    def rent(asked: list[Any]) -> int:
        return bank.rent(_count(asked[0], 2**32))

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

    def set_faults(asked: list[Any]) -> Any:
        wanted = options(asked, 0)
        if set(wanted) - set(FAULTS):
            raise RpcError(INVALID_PARAMS, f"faults: {sorted(wanted)} were not among {FAULTS}")
        given = {name: _count(wanted[name], SKIP_MAX) for name in wanted}
        faults = bank.faults
        faults.confirm_slots = given.get("confirmSlots", faults.confirm_slots)
        faults.finalize_slots = given.get("finalizeSlots", faults.finalize_slots)
        faults.drop_every = given.get("dropEvery", faults.drop_every)
        bank.slots.window = max(1, given.get("blockhashSlots", bank.slots.window))
        told = (faults.confirm_slots, faults.finalize_slots, faults.drop_every, bank.slots.window)
        return dict(zip(FAULTS, told, strict=True))

    return {
        "getHealth": lambda _: "ok",
        "getVersion": lambda _: {"solana-core": VERSION, "feature-set": 0},
        "getGenesisHash": lambda _: base58(bank.genesis),
        "getTransactionCount": lambda _: len(bank.history),
        "getLatestBlockhash": latest_blockhash,
        "isBlockhashValid": blockhash_valid,
        "getFeeForMessage": fee,
        "getRecentPrioritizationFees": lambda _: [],
        "getMinimumBalanceForRentExemption": rent,
        "openscrip_setClock": set_clock,
        "openscrip_getClock": lambda _: bank.now(),
        "openscrip_skipSlots": skip_slots,
        "openscrip_setFaults": set_faults,
        **_cluster_methods(bank),
    }


def _cluster_methods(bank: Bank) -> Mapping[str, Method]:
    """What a cluster of one has to say about epochs, leaders, votes and inflation. There is none of the last three."""
    identity = base58(hashlib.sha256(b"openscrip embedded node identity" + bank.genesis).digest())

    def epoch_info(asked: list[Any]) -> Any:
        now = slot_at(bank, options(asked, 0))
        return {
            "absoluteSlot": now,
            "blockHeight": now,
            "epoch": now // SLOTS_PER_EPOCH,
            "slotIndex": now % SLOTS_PER_EPOCH,
            "slotsInEpoch": SLOTS_PER_EPOCH,
            "transactionCount": len(bank.history),
        }

    def supply(_: list[Any]) -> Any:
        none: list[str] = []
        shape = {"circulating": FAUCET_LAMPORTS, "nonCirculating": 0, "nonCirculatingAccounts": none}
        return with_context(bank, {"total": FAUCET_LAMPORTS, **shape})

    def slot_leaders(asked: list[Any]) -> list[str]:
        return [identity] * _count(asked[1], LEADERS_MAX)

    def cluster_nodes(_: list[Any]) -> Any:
        nowhere = dict.fromkeys(("gossip", "tpu", "rpc", "pubsub"))
        return [{"pubkey": identity, "version": VERSION, "featureSet": 0, "shredVersion": 0, **nowhere}]

    schedule = {
        "slotsPerEpoch": SLOTS_PER_EPOCH,
        "leaderScheduleSlotOffset": SLOTS_PER_EPOCH,
        "warmup": False,
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
    }
    return {
        "getIdentity": lambda _: {"identity": identity},
        "getEpochInfo": epoch_info,
        "getEpochSchedule": lambda _: schedule,
        "getSlotLeader": lambda _: identity,
        "getSlotLeaders": slot_leaders,
        "getLeaderSchedule": lambda _: None,
        "getClusterNodes": cluster_nodes,
        "getVoteAccounts": lambda _: {"current": [], "delinquent": []},
        "getSupply": supply,
        "getInflationGovernor": lambda _: dict.fromkeys(("initial", "terminal", "taper", "foundation", "foundationTerm"), 0),
        "getInflationRate": lambda _: {**dict.fromkeys(("total", "validator", "foundation"), 0), "epoch": 0},
        "getInflationReward": lambda asked: [None for _ in asked[0]],
        "getRecentPerformanceSamples": lambda _: [],
        "getStakeMinimumDelegation": lambda _: with_context(bank, 1),
        "getMaxRetransmitSlot": lambda _: bank.slots.current(),
        "getMaxShredInsertSlot": lambda _: bank.slots.current(),
    }


def _count(asked: Any, most: int) -> int:
    if type(asked) is not int or not 0 <= asked <= most:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {asked!r} was not a number from 0 to {most}")
    return asked
