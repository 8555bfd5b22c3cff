"""The index and the reconciler over real parts, and who asks them: operators, `openscrip holders`, Prometheus."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey

from openscrip.assets.custody import Custodian
from openscrip.issuance.chain import Chain, ChainMultiplier
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.adapter import SolanaChain, floor_f64
from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR, read_clock
from openscrip.issuance.chains.solana.program_accounts import StockAccount
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.coverage import GAP_S, GAP_S_PUSHED, CoverageKeeper
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.reconciler import Reader, Reconciler
from openscrip.issuance.reconciliation import ChainSeen, ReportedReserve
from openscrip.issuance.rpc import RpcError
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.decision import Books
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Store

NOTHING_REPORTED = "feed.nothing_was_reported"
_TOKENS_AT_ONCE = 49
"""Two accounts each beside the clock: what one request takes."""


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
    custodians: Mapping[str, Custodian],
    nodes: Mapping[str, Node],
) -> Reconciler:
    """The reconciler of all `chains`, with their histories. `nodes` are those of the EVM chains, by name."""
    index = IndexStore.open(index_url(settings))
    indexers: list[Indexer] = []
    readers: dict[str, Reader] = {}
    for name, chain in chains.items():
        if isinstance(chain, SolanaChain):
            indexers.append(Indexer(index, SolanaHistory(name, chain.cluster.rpc)))
            readers[name] = SolanaReader(chain)
        else:
            node = nodes[name]
            indexers.append(Indexer(index, EvmHistory(name, node.rpc, node.finality)))
            readers[name] = EvmReader(node)
    keeper = CoverageKeeper(GAP_S if settings.market.clock == "live" else GAP_S_PUSHED)
    return Reconciler(store, books, chains, custodians, clock, indexers=indexers, readers=readers, keeper=keeper)


class EvmReader:
    """Supply, multiplier and reserve of many tokens in the state of one final block: two requests."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._feeds: dict[str, str] = {}

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        """As `Reader.read`."""
        node = self._node
        for token in tokens:
            if token not in self._feeds:
                issuer = node.read(own("StockToken"), token, "issuer")[0]
                self._feeds[token] = str(node.read(own("Issuer"), issuer, "feed_of", token)[0])
        final = node.rpc.call("eth_getBlockByNumber", node.finality, False)
        asked = [(token, "StockToken", "standing") for token in tokens]
        asked += [(self._feeds[token], "ReserveFeed", "reserve") for token in tokens]
        calls = [("eth_call", [{"to": at, "data": _data(what, view)}, final["number"]]) for at, what, view in asked]
        answers = node.rpc.batch(calls)
        found = [self._answered(what, view, answer) for (_, what, view), answer in zip(asked, answers, strict=True)]
        shown, reserves = found[: len(tokens)], found[len(tokens) :]
        block = int(final["number"], 16)
        return {token: _evm_seen(block, *each) for token, *each in zip(tokens, shown, reserves, strict=True)}

    def _answered(self, contract: str, view: str, answer: Any) -> Any:
        """What a view answered; None where nothing was reported yet."""
        if not isinstance(answer, RpcError):
            return own(contract).result(view, bytes.fromhex(answer[2:]))[0]
        refusal = self._node.refused(answer)
        if isinstance(refusal, Refused) and refusal.code == NOTHING_REPORTED:
            return None
        raise refusal


def _data(contract: str, view: str) -> str:
    return "0x" + own(contract).call(view).hex()


def _evm_seen(block: int, standing: tuple[int, ...], reserve: tuple[int, ...] | None) -> ChainSeen:
    supply, current, new, effective_at, epoch, _, version = standing
    multiplier = ChainMultiplier(current, new if effective_at else 0, effective_at, epoch, version)
    reported = None
    if reserve is not None:
        shares, allocation, counted_at, as_of, *_ = reserve
        reported = ReportedReserve(Shares(shares), Shares(allocation), counted_at, as_of)
    return ChainSeen(block, RawAmount(supply), multiplier, reserve=reported)


class SolanaReader:
    """Supply, multiplier and reserve of many tokens at one slot: one request for each fifty."""

    def __init__(self, chain: SolanaChain) -> None:
        self._chain = chain

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        """As `Reader.read`."""
        found: dict[str, ChainSeen] = {}
        for first in range(0, len(tokens), _TOKENS_AT_ONCE):
            found |= self._read(tokens[first : first + _TOKENS_AT_ONCE])
        return found

    def _read(self, tokens: Sequence[str]) -> dict[str, ChainSeen]:
        mints = [Pubkey.from_string(token) for token in tokens]
        stocks = [self._chain.program.stock(mint) for mint in mints]
        clock, *accounts = self._chain.cluster.accounts([CLOCK_SYSVAR, *mints, *stocks])
        if clock is None or None in accounts:
            raise Unavailable("solana: a mint or its program account was not readable")
        shown, kept = accounts[: len(tokens)], accounts[len(tokens) :]
        slot, now = read_clock(clock)
        return {
            token: _solana_seen(slot, now, decode_mint(mint or b""), StockAccount.read(stock or b""))
            for token, mint, stock in zip(tokens, shown, kept, strict=True)
        }


def _solana_seen(slot: int, now: int, mint: MintAccount, stock: StockAccount) -> ChainSeen:
    scaled = mint.scaled
    waits = scaled.effective_at > now
    multiplier = ChainMultiplier(
        floor_f64(scaled.in_force(now)), floor_f64(scaled.pending) if waits else 0, scaled.effective_at if waits else 0,
        stock.epoch_at(now), stock.version_at(now),
    )  # fmt: skip
    reported = None
    if stock.sequence:
        reported = ReportedReserve(Shares(stock.shares), Shares(stock.allocation), stock.reserve_epoch, stock.as_of)
    return ChainSeen(slot, RawAmount.from_grains(mint.supply), multiplier, reserve=reported)
