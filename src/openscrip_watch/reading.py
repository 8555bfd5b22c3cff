"""One look at everything outside: custodian first, so that a delivery is never seen before its burn."""

from collections.abc import Collection, Mapping

import httpx

from openscrip_watch.broker import Sales
from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.evm import EvmReader
from openscrip_watch.chains.facts import ChainBook, Standing
from openscrip_watch.chains.rpc import Rpc
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.config import StockConfig, WatchConfig
from openscrip_watch.custodian import HttpSource
from openscrip_watch.custodians import Custodians
from openscrip_watch.refusal import Refusal

IDLE_S = 2.0
"""Connections are given up before any server would close them under a request."""


def http_client() -> httpx.Client:
    """What all readers share: kept-alive connections, no proxy from the environment."""
    return httpx.Client(trust_env=False, limits=httpx.Limits(keepalive_expiry=IDLE_S))


class Sources:
    """The readers of one configuration, with what they know so far."""

    def __init__(
        self, config: WatchConfig, client: httpx.Client, books: Mapping[str, ChainBook], *, keep: bool = False
    ) -> None:
        self.config = config
        self.client = client
        self.books = books
        self.custodians = Custodians(config, client, keep=keep)
        self.broker = HttpSource("broker", config.broker, client) if config.broker else None
        self.sales = Sales()
        self.evms: dict[str, EvmReader] = {}
        self.solana: SolanaReader | None = None
        self._genesis = ""
        self._connect()

    @property
    def evm(self) -> EvmReader | None:
        """The reader of the first EVM chain."""
        return self.evms.get("evm")

    def extend(self, config: WatchConfig) -> None:
        """Go on with a configuration that added stocks or moved an address."""
        self.config = config
        self.custodians.extend(config)
        self.broker = HttpSource("broker", config.broker, self.client) if config.broker else None
        self._connect()

    def chain(self, name: str) -> EvmReader | SolanaReader:
        """The reader of a chain. Raises `chain.unknown`."""
        reader = self.solana if name == "solana" else self.evms.get(name)
        if reader is None:
            raise Refusal("chain.unknown", f"chain: {name:.20} was not configured")
        return reader

    def lent(self, loan: str) -> int:
        """What the broker says that it lent and charged for a loan, in 1e-6 dollars; 0 while no broker is read."""
        if self.broker:
            self.sales.update(self.broker)
        return self.sales.loans.get(loan, 0)

    def need_solana(self) -> SolanaReader:
        """The Solana reader. Raises `chain.unknown`."""
        if self.solana is None:
            raise Refusal("chain.unknown", "chain: solana was not configured")
        return self.solana

    def destinations(self) -> dict[str, str]:
        """The chains by what departures call them: SHA-256 of `openscrip:chain:` and the CAIP-2 name, hex."""
        names = {name: f"eip155:{reader.chain_id}" for name, reader in self.evms.items()}
        if self.solana:
            self._genesis = self._genesis or str(self.solana.rpc.call("getGenesisHash", []))
            names["solana"] = f"solana:{self._genesis[:32]}"
        return {request_hash(f"chain:{caip2}"): name for name, caip2 in names.items()}

    def read_custodian(self, stocks: Collection[StockConfig]) -> None:
        """The newest statements of these stocks, verified."""
        for isin in dict.fromkeys(stock.isin for stock in stocks):
            self.custodians.read(isin)

    def read_chains(self, stocks: Collection[StockConfig]) -> dict[tuple[str, str], Standing]:
        """The standing of each token by (chain, symbol), and into the books what happened up to it."""
        standings: dict[tuple[str, str], Standing] = {}
        on_solana = [stock for stock in stocks if stock.mint]
        for name, reader in self.evms.items():
            here = {stock.symbol: stock for stock in stocks if name in stock.tokens}
            if here:
                read = reader.read(self.books[name], {each.address(name): each.feed_on(name) for each in here.values()})
                standings |= {(name, symbol): read[each.address(name)] for symbol, each in here.items()}
        if self.solana and on_solana:
            read = self.solana.read(self.books["solana"], [stock.mint for stock in on_solana])
            standings |= {("solana", stock.symbol): read[stock.mint] for stock in on_solana if stock.mint in read}
        return standings

    def _connect(self) -> None:
        for name, evm in self.config.evm_chains.items():
            if name not in self.evms or self.evms[name].rpc.url != evm.rpc:
                reader = EvmReader(Rpc(evm.rpc, self.client), evm.chain_id, evm.issuer_contract, evm.depth, name)
                self.evms[name] = reader
        solana = self.config.solana
        if solana and (self.solana is None or self.solana.rpc.url != solana.rpc):
            self.solana = SolanaReader(Rpc(solana.rpc, self.client), solana.program, solana.commitment)
