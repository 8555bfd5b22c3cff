"""The platform over real parts: store, chains, broker, custodian, watch, books, worker. Any process may build one."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from sqlalchemy import Engine

from openscrip.assets.accounts import CHART
from openscrip.assets.acquisition import Acquisition, AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import Instruct, Pay, PlaceOrder, Wake
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.compliance.sanctions import SanctionsLists, demonstration_lists
from openscrip.assets.compliance.screening import DEMONSTRATION_POLICY, Policy
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.desk import Desk
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places, Wiring
from openscrip.bootstrap.reconciling import build_reconciler
from openscrip.issuance.actions import Burn, Finish, Mint, Refund, Report, Schedule, Verify
from openscrip.issuance.attestor import WatchClient
from openscrip.issuance.break_row import Break, BreakClosed, BreakOpened
from openscrip.issuance.bridge_row import (
    Crossing,
    CrossingArrived,
    CrossingDeparted,
    CrossingRefused,
    CrossingRestored,
)
from openscrip.issuance.calls import Calls, SentCalls, Verification
from openscrip.issuance.chain import Attestor, Chain
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.clients import Client, ClientWallet, SpentToday, address_screening, screening
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.distribution import (
    Distribution,
    MultiplierChanged,
    StockFrozen,
    StockResumed,
    StockSplit,
)
from openscrip.issuance.news import ChainName, EarlyNotice, News, UnplacedCash, UnplacedEscrow
from openscrip.issuance.primary_market import PrimaryMarket, RequestRefused
from openscrip.issuance.reconciler import Reconciler
from openscrip.issuance.redemption import ClaimArose, Redemption, RedemptionCompleted, TokensRestored
from openscrip.issuance.releases import TwoKeyReleases
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.subscription import Subscription, SubscriptionCompleted, SubscriptionMinted
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import Clock, instant
from openscrip.kernel.errors import Refused
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.decision import Books
from openscrip.runtime.feed import Feed
from openscrip.runtime.keys import KeyKind, Keystore, passphrase_from
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Unit
from openscrip.runtime.worker import Retries, Worker, no_probe

REGISTERED = (
    Stock, Acquisition, Disposal, Subscription, Redemption, Distribution, SentCalls, ChainName, EarlyNotice,
    Client, ClientWallet, SpentToday,
    PlaceOrder, Instruct, Pay, Wake, Mint, Burn, Refund, Schedule, Finish, Verify,
    SharesMoving, MoveFailed, SharesArrived, AcquisitionFailed, SharesReleased, SharesSold, DisposalFailed,
    SubscriptionMinted, SubscriptionCompleted, ClaimArose, RedemptionCompleted, TokensRestored, RequestRefused,
    StockFrozen, StockSplit, StockResumed, MultiplierChanged, UnplacedCash, UnplacedEscrow,
    Break, BreakOpened, BreakClosed,
    Crossing, Report, CrossingDeparted, CrossingArrived, CrossingRestored, CrossingRefused,
)  # fmt: skip
"""Every row, action and fact that the store keeps."""
EVENTS_AT_ONCE = 200
ROLES = ("issuer", "corporate-action", "guardian", "lister")


class CommandRefused(Exception):
    """The outside refused what the books asked for, and no row can decide about it: the command waits for a person."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything wired. `close` ends its connections; it owns no process."""

    settings: Settings
    places: Places
    wiring: Wiring
    clock: Clock
    calendar: Calendar
    engine: Engine
    store: SqlStore
    chains: dict[str, Chain]
    evm: EvmChain
    evm_node: Node
    solana: SolanaChain
    broker: PaperBrokerClient
    custodian: PaperCustodianClient
    watch: WatchClient
    keys: Keystore
    terms: Terms
    books: Books
    news: News
    market: PrimaryMarket
    reconciler: Reconciler
    evm_nodes: Mapping[str, Node]
    crossings: Crossings

    def worker(self, name: str = "worker", probe: Callable[[str], None] = no_probe) -> Worker:
        """A worker on this platform's store. No two live ones may share a name."""
        calls = Calls(self.store, self.chains, _publisher(self.places.evidence), probe)
        check = Verification(self.chains, self._tokens, self._epoch)
        desk = Desk(self.broker, self.custodian, TwoKeyReleases(treasury_key(self.keys), self.watch))
        perform = {
            PlaceOrder: desk.place_order,
            Instruct: desk.instruct,
            Pay: desk.pay,
            Wake: desk.wake,
            Mint: calls.perform,
            Burn: calls.perform,
            Refund: calls.perform,
            Report: calls.perform,
            Schedule: calls.perform,
            Finish: calls.perform,
            Verify: check.perform,
        }
        work = self.settings.work
        return Worker(
            self.store,
            self.clock,
            perform,
            self._apply,
            probe=probe,
            threads=work.threads,
            feeds=self._feeds(),
            name=name,
            retries=Retries(limit=work.attempts_max),
            lease_s=work.lease_s,
        )

    def stocks(self) -> list[Stock]:
        """All listed stocks."""
        with self.store.view() as view:
            return view.rows(Stock)

    def stock(self, symbol: str) -> Stock:
        """One listed stock. Raises `Refused("symbol.unknown")`."""
        with self.store.view() as view:
            found = view.row(Stock, symbol)
        if found is None:
            raise Refused("symbol.unknown", f"symbol: {symbol!r:.40} was not listed")
        return found

    def close(self) -> None:
        """Close the connections."""
        for node in self.evm_nodes.values():
            node.rpc.close()
        for part in (self.broker, self.custodian, self.watch, self.solana.cluster, self.reconciler, self.store):
            part.close()

    def _tokens(self, symbol: str) -> dict[str, str]:
        return dict(self.stock(symbol).tokens)

    def _epoch(self, symbol: str) -> int:
        return self.custodian.latest_statement(self.stock(symbol).isin).epoch

    def _apply(self, unit: Unit, command: Command, answer: Any) -> None:
        if isinstance(answer, Refused):
            raise CommandRefused(f"{command.key} was refused ({answer.code}): {answer.text}")
        self.books.tell(unit, command.row_kind, command.row_id, answer)

    def _feeds(self) -> tuple[Feed, ...]:
        def numbered(events: Callable[[int, int], Any]) -> Callable[[str], tuple[Any, str]]:
            def poll(cursor: str) -> tuple[Any, str]:
                now = self.clock.now()
                # While market time is being pushed from part to part, news from ahead of our own clock waits.
                found = [event for event in events(int(cursor or 0), EVENTS_AT_ONCE) if event.at <= now]
                return found, str(found[-1].seq) if found else cursor

            return poll

        broker = Feed("broker", numbered(self.broker.events), self.news.from_broker)
        custodian = Feed("custodian", numbered(self.custodian.events), self.news.from_custodian)
        chains = (Feed(f"chain:{name}", chain.events, self.news.from_chain) for name, chain in self.chains.items())
        return (broker, custodian, *chains, self.reconciler.feed())


def build_platform(
    settings: Settings, places: Places, wiring: Wiring, *, lists: SanctionsLists | None = None
) -> Platform:
    """Connect to the parts that `wiring` names and wire the books. Opens the store, bringing it up to date."""
    places.data.mkdir(parents=True, exist_ok=True)
    (places.data / "platform").mkdir(exist_ok=True)
    clock = clock_of(settings.market.clock, places.clock, instant(settings.market.start))
    engine = open_database(settings.database_url)
    upgrade(engine)
    store = SqlStore(engine, CHART, REGISTERED, clock.now)
    keys, watch = Keystore(places.keys, passphrase_from(os.environ)), WatchClient(wiring.watch)
    finality = settings.evm.confirmations or settings.evm.finality
    nodes = {name: Node(JsonRpc(at.rpc), at.chain_id, Fees(), finality) for name, at in wiring.evm_chains.items()}
    signers = evm_signer(keys, "issuer"), evm_signer(keys, "corporate-action")
    evms = {
        name: EvmChain(name, nodes[name], at.contracts, *signers, watch) for name, at in wiring.evm_chains.items()
    }
    solana = solana_chain(Cluster(wiring.solana_rpc), keys, wiring.watch_solana_key, watch)
    terms, calendar = terms_of(settings), new_york_calendar()
    books = build_books(terms, clock.now)
    policy = policy_of(settings)
    lists = lists or demonstration_lists()
    screen = screening(policy, lists, clock.now)
    chains: dict[str, Chain] = {**evms, "solana": solana}
    crossings = Crossings(books, chains, address_screening(lists))
    custodian = PaperCustodianClient(wiring.custodian)
    platform = Platform(
        settings, places, wiring, clock, calendar, engine, store, chains, evms["evm"], nodes["evm"], solana,
        PaperBrokerClient(wiring.broker), custodian, watch, keys, terms, books,
        News(books, calendar, crossings), PrimaryMarket(store, books, screen, terms, clock.now),
        build_reconciler(settings, store, books, clock, chains, custodian, nodes),
        nodes, crossings,
    )  # fmt: skip
    for stock in platform.stocks():
        solana.watch_token(stock.token("solana"))
    return platform


def terms_of(settings: Settings) -> Terms:
    """The primary market's terms as set."""
    fees, limits = settings.fees, settings.limits
    return Terms(
        fees.fee_bps,
        fees.spread_bps,
        fees.cushion_bps,
        limits.shares_min,
        limits.shares_max,
        settings.ages.voucher_life_s,
    )


def policy_of(settings: Settings) -> Policy:
    """Compliance's policy with the limits as set."""
    base = DEMONSTRATION_POLICY
    return Policy(base.version, base.refused_countries, settings.limits.order_usd_max, settings.limits.daily_usd_max)


def evm_signer(keys: Keystore, role: str) -> EvmAccount:
    """The EVM account of a role, made if it is not there."""
    return EvmAccount(keys.ensure(role, KeyKind.SECP256K1))


def solana_key(keys: Keystore, role: str = "issuer") -> Keypair:
    """The Solana key of a role, made if it is not there."""
    return Keypair.from_seed(keys.ensure(f"{role}-solana", KeyKind.ED25519).secret)


def solana_chain(cluster: Cluster, keys: Keystore, attestor_key: str, attestor: Attestor) -> SolanaChain:
    """The local cluster as this platform commands it: the program of every local node, and our keys."""
    issuer, corporate_action = solana_key(keys), solana_key(keys, "corporate-action")
    return SolanaChain(cluster, local_program(), issuer, corporate_action, attestor_key, attestor)


def treasury_key(keys: Keystore) -> Any:
    """The treasury's key for what leaves custody or the bank, made if it is not there."""
    return keys.ensure("treasury", KeyKind.ED25519)


def _publisher(folder: Path) -> Callable[[str], None]:
    """Appends evidence to the public file before its mint is sent; a line too many after a crash is harmless."""
    lock = threading.Lock()

    def publish(evidence: str) -> None:
        document = json.loads(evidence)
        line = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "evidence.jsonl").open("a", encoding="utf-8") as file:
            with lock:
                file.write(line)
                file.flush()
            os.fsync(file.fileno())  # outside the lock, so that waiting threads share one write to the disk

    return publish
