"""The index and the reconciler over real parts, and who asks them: operators, `openscrip holders`, Prometheus."""

from collections.abc import Mapping
from pathlib import Path

from openscrip.assets.custody import Custodian
from openscrip.issuance.chain import Chain
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.reconciler import ReadReserve, Reconciler
from openscrip.issuance.reconciliation import ReportedReserve
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.decision import Books
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Store

NOTHING_REPORTED = "feed.nothing_was_reported"


def index_url(settings: Settings) -> str:
    """Where the index lies: beside the books on SQLite, so that neither waits for the other; with them elsewhere."""
    if settings.database_url.startswith("sqlite"):
        return sqlite_url(Path(settings.data) / "platform" / "index.db")
    return settings.database_url


def build_reconciler(
    settings: Settings,
    store: Store,
    books: Books,
    clock: Clock,
    chains: Mapping[str, Chain],
    custodian: Custodian,
    nodes: Mapping[str, Node],
) -> Reconciler:
    """The reconciler of all `chains`, with their histories. `nodes` are those of the EVM chains, by name."""
    index = IndexStore.open(index_url(settings))
    indexers, reserves = [], {}
    for name, chain in chains.items():
        if isinstance(chain, SolanaChain):
            indexers.append(Indexer(index, SolanaHistory(name, chain.cluster.rpc)))
            reserves[name] = solana_reserve(chain)
        else:
            node = nodes[name]
            indexers.append(Indexer(index, EvmHistory(name, node.rpc, node.finality)))
            reserves[name] = evm_reserve(node)
    return Reconciler(store, books, chains, custodian, clock, indexers=indexers, reserves=reserves)


def evm_reserve(node: Node) -> ReadReserve:
    """Reads the reserve feed that the issuer contract of a token asks."""
    feeds: dict[str, str] = {}

    def read(token: str) -> ReportedReserve | None:
        if token not in feeds:
            issuer = node.read(own("StockToken"), token, "issuer")[0]
            feeds[token] = str(node.read(own("Issuer"), issuer, "feed_of", token)[0])
        try:
            shares, allocation, epoch, as_of, *_ = node.read(own("ReserveFeed"), feeds[token], "reserve")[0]
        except Refused as refusal:
            if refusal.code == NOTHING_REPORTED:
                return None
            raise
        return ReportedReserve(Shares(shares), Shares(allocation), epoch, as_of)

    return read


def solana_reserve(chain: SolanaChain) -> ReadReserve:
    """Reads what the program keeps of the newest report."""

    def read(token: str) -> ReportedReserve | None:
        kept = chain.stock_account(token)
        if not kept.sequence:
            return None
        return ReportedReserve(Shares(kept.shares), Shares(kept.allocation), kept.reserve_epoch, kept.as_of)

    return read
