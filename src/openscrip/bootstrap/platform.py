"""The platform over real parts: store, chains, broker, custodian, watch, books, worker. Any process may build one."""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from openscrip.assets.accounts import CHART
from openscrip.assets.acquisition import Acquisition, AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import Instruct, Pay, PlaceOrder, Wake
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.assets.custodians.iso import IsoCustodian
from openscrip.assets.desk import Desk
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold
from openscrip.assets.keeping import Keeper, Keeping, Lodging
from openscrip.assets.networks.alpaca import AlpacaNetwork
from openscrip.assets.stock import PriceMoved, Stock
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.broker_line import RunningBroker, build_broker
from openscrip.bootstrap.coin_parts import COIN_REGISTERED, CoinParts, build_coins
from openscrip.bootstrap.compliance import COMPLIANCE_ROWS, build_compliance, contract_calls
from openscrip.bootstrap.custody_line import build_custodian, parts_of
from openscrip.bootstrap.financing_books import FINANCING_REGISTERED, credit_of
from openscrip.bootstrap.in_kind_books import IN_KIND_REGISTERED
from openscrip.bootstrap.itn_parts import build_in_kind, build_network, network_performs, unplaced
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.market_terms import pinned, terms_of
from openscrip.bootstrap.places import Places, Wiring
from openscrip.bootstrap.reconciling import build_reconciler
from openscrip.bootstrap.records_parts import RECORDS_REGISTERED
from openscrip.bootstrap.signer import keystore_of
from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.actions import Burn, Cancel, Finish, Mint, Refund, Report, Schedule, Verify
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
from openscrip.issuance.chains.solana.cosigned import SolanaAccount
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.coins import PayCoins
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.conversion import Convert
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.deposits import owner_of_wallet
from openscrip.issuance.distribution import (
    Distribution,
    MultiplierChanged,
    QuestionClosed,
    QuestionOpened,
    StockFrozen,
    StockMatured,
    StockResumed,
    StockSplit,
)
from openscrip.issuance.holding_back import held_back
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.news import ChainName, EarlyNotice, News, UnplacedCash, UnplacedEscrow
from openscrip.issuance.primary_market import PrimaryMarket, RequestRefused
from openscrip.issuance.proving import Proving, ReserveProof
from openscrip.issuance.quote import Quote
from openscrip.issuance.reconciler import Reconciler
from openscrip.issuance.redemption import ClaimArose, Redemption, RedemptionCompleted, TokensRestored
from openscrip.issuance.releases import TwoKeyReleases
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.subscription import Subscription, SubscriptionCompleted, SubscriptionMinted
from openscrip.issuance.terms import Terms, TermsVersion, hours_at
from openscrip.issuance.travel_payouts import told_first
from openscrip.kernel.clock import Clock, instant
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.decision import Books
from openscrip.runtime.feed import Feed
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.runtime.leases import Leases, machine_clock
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Unit
from openscrip.runtime.tenure import Tenure
from openscrip.runtime.worker import Retries, Worker, no_probe
from openscrip.web.shell.rows import SHELL_ROWS

REGISTERED = (
    Stock, Acquisition, Disposal, Subscription, Redemption, Distribution, SentCalls, ChainName, EarlyNotice,
    *COMPLIANCE_ROWS,
    Lodging, PlaceOrder, Instruct, Pay, Wake, Mint, Burn, Refund, Schedule, Finish, Verify,
    SharesMoving, MoveFailed, SharesArrived, AcquisitionFailed, SharesReleased, SharesSold, DisposalFailed,
    SubscriptionMinted, SubscriptionCompleted, ClaimArose, RedemptionCompleted, TokensRestored, RequestRefused,
    QueueItem, QuestionOpened, QuestionClosed, Cancel, StockMatured,
    StockFrozen, StockSplit, StockResumed, MultiplierChanged, PriceMoved, UnplacedCash, UnplacedEscrow,
    Break, BreakOpened, BreakClosed,
    Quote, TermsVersion,
    ReserveProof, Crossing, Report, CrossingDeparted, CrossingArrived, CrossingRestored, CrossingRefused,
    *IN_KIND_REGISTERED, *COIN_REGISTERED, *FINANCING_REGISTERED, *SHELL_ROWS, *RECORDS_REGISTERED,
)  # fmt: skip
"""Every row, action and fact that the store keeps."""
EVENTS_AT_ONCE = 200
LINE_BYTES_MAX = 2**20
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
    broker: RunningBroker
    keeping: Keeping
    custodians: Mapping[str, IsoCustodian]
    bank: PaperBankClient
    watch: WatchClient
    keys: Keystore
    terms: Terms
    books: Books
    news: News
    market: PrimaryMarket
    reconciler: Reconciler
    evm_nodes: Mapping[str, Node]
    crossings: Crossings
    compliance: Compliance
    compliance_room: ComplianceRoom
    coins: CoinParts
    in_kind: InKindMarket | None = None
    network: AlpacaNetwork | None = None

    def tenure(self, name: str = "worker") -> Tenure:
        """What a worker process of that name holds. Who drives accelerated time takes every feed; that is `worker`."""
        drives = name == "worker" and self.settings.market.clock == "accelerated"
        feeds = [feed.name for feed in self._feeds()]
        return Tenure(Leases(self.engine), self.store, name, feeds, force=drives)

    @property
    def custodian(self) -> IsoCustodian:
        """The first custodian, whose bank is ours."""
        return self.custodians["custodian"]

    def know_stocks(self) -> None:
        """Take into account what another process listed."""
        for stock in self.stocks():
            self.solana.watch_token(stock.token("solana"))

    def _informed(self, act: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """For a worker beside the process that lists stocks."""

        def informed(given: Any) -> Any:
            self.know_stocks()
            return act(given)

        return informed

    def worker(self, name: str = "worker", probe: Callable[[str], None] = no_probe, tenure: Tenure | None = None) -> Worker:
        """A worker on this platform's store. No two live ones may share a name; with a `tenure` others work beside it."""
        calls = Calls(self.store, self.chains, _publisher(self.places.evidence), probe, coins=self.coins.desk.prepare)
        check = Verification(self.chains, self._tokens, self._epoch)
        desk = Desk(self.broker, self.keeping, self.bank, TwoKeyReleases(treasury_key(self.keys), self.watch))
        perform: dict[type[Any], Callable[[Any], Any]] = {
            PlaceOrder: desk.place_order,
            Instruct: held_back(self.store, desk.instruct),
            Pay: held_back(self.store, desk.pay),
            Wake: desk.wake,
            Mint: calls.perform,
            Burn: calls.perform,
            Refund: calls.perform,
            Report: calls.perform,
            Schedule: calls.perform,
            Finish: calls.perform,
            Cancel: calls.perform,
            Verify: check.perform,
            PayCoins: held_back(self.store, told_first(self.store, self.compliance_room.travel, self.clock.now, calls.perform)),
            Convert: self.coins.converting,
            **network_performs(self.settings, self.network),
        }
        feeds = self._feeds()
        if tenure is not None and name != "worker":
            perform = {action: self._informed(act) for action, act in perform.items()}
            feeds = tuple(replace(feed, poll=self._informed(feed.poll)) for feed in feeds)
        work = self.settings.work
        return Worker(
            self.store,
            self.clock,
            perform,
            self._apply,
            probe=probe,
            threads=work.threads,
            feeds=feeds,
            name=name,
            retries=Retries(limit=work.attempts_max),
            lease_s=work.lease_s,
            machine=machine_clock(self.engine),
            tenure=tenure,
        )

    def stocks(self) -> list[Stock]:
        """All listed stocks."""
        with self.store.glance() as view:
            return view.rows(Stock)

    def stock(self, symbol: str) -> Stock:
        """One listed stock. Raises `Refused("symbol.unknown")`."""
        with self.store.glance() as view:
            found = view.row(Stock, symbol)
        if found is None:
            raise Refused("symbol.unknown", f"symbol: {symbol!r:.40} was not listed")
        return found

    def close(self) -> None:
        """Close the connections."""
        for node in self.evm_nodes.values():
            node.rpc.close()
        for custodian in self.custodians.values():
            custodian.close()
        parts = (self.broker, self.bank, self.watch, self.solana.cluster, self.reconciler, self.store, self.coins, self.keys)
        for part in parts:
            part.close()
        if self.network is not None:
            self.network.close()

    def _tokens(self, symbol: str) -> dict[str, str]:
        return dict(self.stock(symbol).tokens)

    def _epoch(self, symbol: str) -> int:
        return self.keeping.newest(self.stock(symbol).isin).epoch

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

        broker = Feed("broker", numbered(self.broker.events), self.news.from_broker, outside=True)
        custodians = (
            Feed(name, numbered(each.events), partial(self.news.from_custodian, by=name), outside=True)
            for name, each in self.custodians.items()
        )
        bank = Feed("bank", numbered(self.bank.events), self.news.from_bank, outside=True)
        chains = (Feed(f"chain:{name}", each.events, self.news.from_chain, outside=True) for name, each in self.chains.items())
        looks = (self.reconciler.feed(), self._proving().feed())
        return (broker, *custodians, bank, *chains, *self.coins.feeds, *looks, *self.compliance_room.feeds())

    def _proving(self) -> Proving:
        def held(stock: Stock) -> tuple[Shares, int]:
            stated = self.keeping.newest(stock.isin)
            return stated.available, stated.epoch

        told = self.settings.reports
        beat = (told.heartbeat_s, told.deviation_bps)
        return Proving(self.store, self.books, self.reconciler.readers, held, self.clock, *beat)


def build_platform(
    settings: Settings, places: Places, wiring: Wiring, *, lists: SanctionsLists | None = None, held: Keystore | None = None
) -> Platform:
    """Connect to the parts that `wiring` names and wire the books. Opens the store, bringing it up to date.

    `held` are the keys to sign with in place of those that the settings name; a process that signs nothing gives public halves.
    """
    (places.data / "platform").mkdir(parents=True, exist_ok=True)
    clock = clock_of(settings.market.clock, places.clock, instant(settings.market.start))
    engine = open_database(settings.database_url)
    upgrade(engine)
    store = SqlStore(engine, CHART, REGISTERED, clock.now)
    keys, watch = held or keystore_of(settings, places), WatchClient(wiring.watch)
    finality = settings.evm.confirmations or settings.evm.finality
    nodes = {name: Node(JsonRpc(at.rpc), at.chain_id, Fees(), finality) for name, at in wiring.evm_chains.items()}
    signers = evm_signer(keys, "issuer"), evm_signer(keys, "corporate-action")
    evms = {name: EvmChain(name, nodes[name], at.contracts, *signers, watch) for name, at in wiring.evm_chains.items()}
    solana = solana_chain(Cluster(wiring.solana_rpc), keys, wiring.watch_solana_key, watch)
    terms, calendar = pinned(store, terms_of(settings), clock.now()), new_york_calendar()
    books = build_books(terms, clock.now, credit=credit_of(settings), parts=parts_of(settings, wiring))
    room = replace(build_compliance(settings, store, clock.now, lists), contracts=contract_calls(nodes))
    compliance = room.compliance
    chains: dict[str, Chain] = {**evms, "solana": solana}
    crossings = Crossings(books, chains, compliance.screen_address)
    custodians = {
        name: build_custodian(settings, at.url, at.key, treasury_key(keys), clock, calendar, name)
        for name, at in wiring.custodians.items()
    }
    keepers = {name: Keeper(custodians[name], at.account) for name, at in wiring.custodians.items()}
    keeping = Keeping(keepers, store, clock.now, parts_of(settings, wiring))
    market = PrimaryMarket(
        store, books, compliance.screen, terms, clock.now, lambda at: hours_at(calendar, at), owner_of_wallet
    )
    in_kind = build_in_kind(settings, store, books, compliance.screen, terms, clock.now)
    place_escrow = in_kind.escrowed if in_kind else unplaced
    at_bank = PaperBankClient(wiring.custodian)
    coins = build_coins(
        settings, places, wiring, store, books, keys, nodes, solana, watch, compliance.screen_address, clock.now, at_bank,
        TwoKeyReleases(treasury_key(keys), watch), solana_key,
    )  # fmt: skip
    platform = Platform(
        settings, places, wiring, clock, calendar, engine, store, chains, evms["evm"], nodes["evm"], solana,
        build_broker(settings, places, wiring, engine, clock, calendar, trades=held is None), keeping, custodians, at_bank,
        watch, keys, terms, books, News(books, calendar, crossings, place_escrow), market,
        build_reconciler(settings, store, books, clock, chains, custodians, nodes),
        nodes, crossings, compliance, room, coins, in_kind, build_network(settings) if held is None else None,
    )  # fmt: skip
    platform.know_stocks()
    return platform


def evm_signer(keys: Keystore, role: str) -> EvmAccount:
    """The EVM account of a role, made if it is not there."""
    return EvmAccount(keys.ensure(role, KeyKind.SECP256K1))


def solana_key(keys: Keystore, role: str = "issuer") -> SolanaAccount:
    """The Solana account of a role, its key made if it is not there."""
    return SolanaAccount(keys.ensure(f"{role}-solana", KeyKind.ED25519))


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
        with (folder / "evidence.jsonl").open("a+b", buffering=0) as file:
            with lock:
                fcntl.flock(file, fcntl.LOCK_EX)  # other workers publish there, too
                try:
                    _cut_torn_line(file)
                    file.write(line.encode())
                finally:
                    fcntl.flock(file, fcntl.LOCK_UN)
            os.fsync(file.fileno())  # outside the lock, so that waiting threads share one write to the disk

    return publish


def _cut_torn_line(file: FileIO) -> None:
    """Take away what a process wrote that died in the middle of a line: its mint was never sent."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 1))
    if file.read(1) in {b"", b"\n"}:
        return
    file.seek(max(0, end - LINE_BYTES_MAX))
    tail = file.read()
    file.truncate(end - len(tail) + tail.rfind(b"\n") + 1)
