"""Real reorganisations on a local EVM node: blocks are taken off the chain and others stand in their place.

A node plays itself (`EvmNode`, not durable), mining by hand:

    by_hand = HandMined(node)             # from here on nothing is mined unasked
    block = by_hand.mine(raw, raw)        # one block of these signed transactions, in this order
    by_hand.bury(3)                       # three empty blocks on top
    undone = by_hand.reorganise(2)        # the two newest blocks are gone, three others are there

What stood in an undone block is forgotten by the node altogether: no receipt, no log, not in the pool, and the nonce is
free again. Send the same bytes once more and it may land elsewhere; or let `instead` take its nonce.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc


@dataclass(frozen=True, slots=True)
class Undone:
    """What a reorganisation took away: hashes of blocks, oldest first, and of their transactions in order."""

    first_block: int
    blocks: tuple[str, ...]
    transactions: tuple[str, ...]


class HandMined:
    """The blocks of one node, made and undone by whoever holds this. The node's own miner rests."""

    def __init__(self, node: EvmNode) -> None:
        node.rest()
        self._rpc = JsonRpc(node.url)
        self._branch = 0

    def head(self) -> int:
        """The number of the newest block."""
        return int(self._rpc.call("eth_blockNumber"), 16)

    def mine(self, *raws: bytes) -> int:
        """One block with these and whatever waits in the pool; its number. Fails if one of them did not get in."""
        sent = [self._rpc.call("eth_sendRawTransaction", "0x" + raw.hex()) for raw in raws]
        self._rpc.call("evm_mine")
        block = self._rpc.call("eth_getBlockByNumber", "latest", False)
        missing = set(sent) - set(block["transactions"])
        assert not missing, f"reorg: {missing} did not get into block {block['number']}"
        return int(block["number"], 16)

    def bury(self, depth: int) -> int:
        """So many more blocks; the number of the newest."""
        for _ in range(depth):
            self.mine()
        return self.head()

    def reorganise(self, depth: int, *instead: Sequence[bytes], longer_by: int = 1) -> Undone:
        """Undo the newest `depth` blocks and mine a branch that is longer by `longer_by` (below zero: shorter).

        Its first blocks hold the signed transactions of `instead`, one sequence a block; the rest are empty. No block of
        it has the hash of one that was undone, and market time does not go back.
        """
        head, now = self.head(), self._rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"]
        old = [self._rpc.call("eth_getBlockByNumber", hex(number), False) for number in range(head - depth + 1, head + 1)]
        assert len(instead) <= depth + longer_by, "reorg: the new branch is too short for what it is to hold"
        self._branch += 1
        self._rpc.call("anvil_rollback", depth)
        self._rpc.call("anvil_setCoinbase", f"0x{self._branch:040x}")  # so that even empty blocks are others
        self._rpc.call("evm_setNextBlockTimestamp", int(now, 16))
        for place in range(depth + longer_by):
            self.mine(*(instead[place] if place < len(instead) else ()))
        for each in old:
            here = self._rpc.call("eth_getBlockByNumber", each["number"], False)
            assert here is None or here["hash"] != each["hash"], "reorg: a block came back"
        gone = tuple(tx_id for each in old for tx_id in each["transactions"])
        return Undone(head - depth + 1, tuple(each["hash"] for each in old), gone)

    def close(self) -> None:
        """Let go of the connection; the miner goes on resting."""
        self._rpc.close()
