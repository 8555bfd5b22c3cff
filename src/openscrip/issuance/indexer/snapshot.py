"""A snapshot of a token's holders with one root: whoever is in it can be given a proof of what it held."""

from openscrip.issuance.indexer.store import Holders
from openscrip.kernel.merkle_sum import SumTree


def tree_of(holders: Holders) -> SumTree:
    """The Merkle-sum tree of a snapshot; its total is the supply of the token at that block, in atoms of 1e-18 raw."""
    return SumTree(about(holders), holders.entries)


def about(holders: Holders) -> str:
    """What the tree counts: `holders of TOKEN on CHAIN at block N, in 1e-18 raw`."""
    return f"holders of {holders.token} on {holders.chain} at block {holders.block}, in 1e-18 raw"
