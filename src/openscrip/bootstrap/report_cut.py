"""Where chains were at an instant, and who held what then: the one cut of a reserve report."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.reconciling import index_url
from openscrip.issuance.indexer.store import Holders, IndexStore
from openscrip.issuance.rpc import RpcError
from openscrip.kernel.errors import Refused, Unavailable

INDEX_S_MAX = 30.0
"""How long the index may take to read up to the cut."""
_POLL_S = 0.02


def blocks_at(platform: Platform, at: int) -> dict[str, int]:
    """The last final block of each chain whose time is not after `at` (UTC seconds); its head where `at` is now."""
    now = at >= platform.clock.now()
    found = {}
    for name, chain in platform.chains.items():
        head = chain.head().number
        found[name] = head if now else last_block(head, at, time_of(platform, name))
    return found


def last_block(head: int, at: int, time_of: Callable[[int], int | None]) -> int:
    """The last block of 0 to `head` whose time is at most `at`; 0 where there is none. Blocks without a time count below."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        told = time_of(middle)
        if told is None or told <= at:
            low = middle
        else:
            high = middle - 1
    return low


def holders_at(platform: Platform, blocks: Mapping[str, int]) -> dict[str, list[Holders]]:
    """Whoever held a stock's tokens at these blocks, by stock. Waits for the index; raises `Unavailable` in the end."""
    index = IndexStore.open(index_url(platform.settings))
    try:
        return {
            stock.id: [_holders(index, name, token, blocks[name]) for name, token in stock.tokens]
            for stock in platform.stocks()
        }
    finally:
        index.close()


def holders_again(url: str, cuts: list[Mapping[str, Any]]) -> list[Holders]:
    """The same holders out of the index once more, by the cuts that a report names."""
    index = IndexStore.open(url)
    try:
        return [index.holders(str(each["chain"]), str(each["token"]), int(each["block"])) for each in cuts]
    finally:
        index.close()


def _holders(index: IndexStore, chain: str, token: str, block: int) -> Holders:
    ends = time.monotonic() + INDEX_S_MAX
    while True:
        try:
            return index.holders(chain, token, block)
        except Refused as refusal:
            if refusal.code not in {"index.behind", "index.unknown"} or time.monotonic() > ends:
                raise Unavailable(f"report: {refusal.text}") from refusal
        time.sleep(_POLL_S)


def time_of(platform: Platform, name: str) -> Callable[[int], int | None]:
    """Tells the time of a chain's blocks, or None for one that is not there."""
    if name in platform.evm_nodes:
        rpc = platform.evm_nodes[name].rpc

        def evm(number: int) -> int | None:
            block = rpc.call("eth_getBlockByNumber", hex(number), False)
            return int(block["timestamp"], 16) if block else None

        return evm
    solana = platform.solana.cluster.rpc

    def slot(number: int) -> int | None:
        try:
            told = solana.call("getBlockTime", number)
        except RpcError:
            return None  # a slot that was skipped
        return None if told is None else int(told)

    return slot
