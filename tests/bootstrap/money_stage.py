"""The venue's money on real chains and the paper bank: treasuries of two keys, an approver of its own, customers."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from solders.keypair import Keypair
from tests.conformance.paper_parties import AnyBank, a_custodian
from tests.issuance.solana.conftest import START_AT, TSLA, Keys, WillingAttestor, at_genesis, deployments, found
from tests.issuance.solana.conftest import Desk as SolanaDesk
from tests.issuance.test_evm_chain import CHAIN_ID, KEYS, NODE_MODULES, NOON, Scene, SigningAttestor
from tests.markets.money_room import BookVenue

from openscrip.bootstrap.venue_approver import EvmSigning, SolanaSigning, VenueApprover
from openscrip.bootstrap.venue_approver_client import VenueApproverClient
from openscrip.bootstrap.venue_money import MoneyChain, VenueMoney, VenuePaymentKeys, arrivals, open_money_store
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.treasury import EvmCoins, EvmVoidingTreasury, deploy_dollar, deploy_treasury
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.treasury import SolanaCoins, SolanaTreasury, found_dollar, found_treasury
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_GRAIN, RawAmount
from openscrip.markets.funding import FundingTerms, Holding, Nature, VenueAction
from openscrip.markets.funding_approval import ApprovalTerms
from openscrip.markets.funding_check import differences, in_transit, owed
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_door import DONE_BEFORE, VenueDoor
from openscrip.markets.funding_withdrawals import VenueWithdrawal, withdrawal_id
from openscrip.runtime.keys import KeyKind, LocalKey
from openscrip.runtime.worker import Worker, no_probe

DAY_S = 86_400
TREASURY_KEY, APPROVER_KEY = LocalKey(KeyKind.ED25519, b"T" * 32), LocalKey(KeyKind.ED25519, b"A" * 32)
"""The bank's pair: what `tests.conformance.paper_parties` gives its paper banks."""
LISTED = "0x" + "66" * 20


def evm_key(name: str) -> EvmAccount:
    return EvmAccount(LocalKey(KeyKind.SECP256K1, chain_hash(f"venue {name}")))


def pair(name: str) -> Keypair:
    return Keypair.from_seed(chain_hash(f"venue {name}"))


@dataclass
class Place:
    """One chain: how the venue holds it, how a customer sends from it, and what a wallet has there."""

    name: str
    holdings: tuple[Holding, ...]
    money_chain: Callable[[VenueApprover | VenueApproverClient], MoneyChain]
    watch: Callable[[VenueApprover, FundingTerms], None]
    send: Callable[[str, str, int], str]
    wallets: Mapping[str, str]
    balance: Callable[[str, str], int]
    connections: ExitStack


def evm_place(scene: Scene, url: str, finality: str | int = "latest", second: str = "", *, looks_first: bool = True) -> Place:
    """The EVM chain of a scene, with a coin and a treasury of the venue; alice and bob have both assets."""
    minter, sender = KEYS["lister"], evm_key("sender")
    scene.evm.fund(sender.address)
    for name in ("alice", "bob", "stranger"):
        scene.evm.fund(KEYS[name].address)
    coin = deploy_dollar(scene.node, minter, minter.address)
    treasury = deploy_treasury(scene.node, minter, evm_key("treasurer").address, second or evm_key("approver").address)
    for name in ("alice", "bob", "stranger"):
        EvmCoins(scene.node, minter).mint(coin, KEYS[name].address, Money.parse("10000"))
        scene.mint(f"for-{name}/1", name, "50")
    connections = ExitStack()
    tokens = {"TSLAx": scene.token, "TUSD": coin}

    def rpc() -> JsonRpc:
        made = JsonRpc(url)
        connections.callback(made.close)
        return made

    def history() -> EvmHistory:
        return EvmHistory("evm", rpc(), finality, tail_blocks=0)

    def money_chain(approver: VenueApprover | VenueApproverClient) -> MoneyChain:
        node = Node(rpc(), CHAIN_ID, Fees(), finality)
        chain = EvmChain("evm", node, scene.deployment, sender, sender, SigningAttestor(node))
        desk = EvmVoidingTreasury("evm", node, treasury, evm_key("treasurer"), approver, tries_first=looks_first)
        return MoneyChain(chain, desk, history())

    def watch(approver: VenueApprover, terms: FundingTerms) -> None:
        signing = EvmSigning(evm_key("approver"), CHAIN_ID, treasury)
        approver.watch_chain("evm", signing, tokens, arrivals(terms, "evm", history(), treasury))

    def send(who: str, asset: str, units: int) -> str:
        if asset == "TUSD":
            return EvmCoins(scene.node, KEYS[who]).send(coin, treasury, Money(units))
        return scene.wallet(who).transfer(scene.token, treasury, RawAmount.from_grains(units))

    def balance(asset: str, wallet: str) -> int:
        held = scene.chain.balance(tokens[asset], wallet).atoms
        return held // ATOMS_PER_GRAIN if asset == "TSLAx" else held

    holdings = (
        Holding("TSLAx", "evm", Nature.TOKEN, scene.token, treasury, atoms_per_unit=ATOMS_PER_GRAIN),
        Holding("TUSD", "evm", Nature.COIN, coin, treasury),
    )
    wallets = {name: KEYS[name].address for name in ("alice", "bob", "stranger")}
    return Place("evm", holdings, money_chain, watch, send, wallets, balance, connections)


def solana_place(desk: SolanaDesk) -> Place:
    """The cluster of a founded token, with a coin and a multisig of the venue's two keys."""
    cluster, minter, payer = desk.chain.cluster, pair("minter"), pair("payer")
    wallets = {name: desk.wallet() for name in ("alice", "bob", "stranger")}
    for key in (minter, payer):
        desk.node.fund(str(key.pubkey()), 10)
    coin = found_dollar(cluster, minter, minter.pubkey())
    treasury = found_treasury(cluster, minter, pair("treasurer").pubkey(), pair("approver").pubkey())
    keys: dict[str, Keypair] = {name: wallet._key for name, wallet in wallets.items()}  # type: ignore[misc]  # a test's own key
    for wallet in wallets.values():
        SolanaCoins(cluster, minter).mint(coin, wallet.address, Money.parse("10000"))
        desk.mint(wallet.address, "50")
    tokens = {"TSLAx": desk.token, "TUSD": coin}
    approver_key = str(pair("approver").pubkey())
    connections = ExitStack()

    def there() -> Cluster:
        made = Cluster(desk.node.url)
        connections.callback(made.close)
        return made

    def history() -> SolanaHistory:
        rpc = JsonRpc(desk.node.url)
        connections.callback(rpc.close)
        return SolanaHistory("solana", rpc)

    def money_chain(approver: VenueApprover | VenueApproverClient) -> MoneyChain:
        chain = SolanaChain(there(), desk.chain.program, payer, payer, str(desk.attestor.key.pubkey()), desk.attestor)
        vault = SolanaTreasury(there(), treasury, payer.pubkey(), pair("treasurer"), approver_key, approver)
        return MoneyChain(chain, vault, history(), balance_is_units=True)

    def watch(approver: VenueApprover, terms: FundingTerms) -> None:
        signing = SolanaSigning(pair("approver"), there(), treasury, payer.pubkey(), pair("treasurer").pubkey())
        reading = arrivals(terms, "solana", history(), treasury)
        approver.watch_chain("solana", signing, tokens, reading)

    def send(who: str, asset: str, units: int) -> str:
        if asset == "TUSD":
            return SolanaCoins(cluster, keys[who]).send(coin, treasury, Money(units))
        return wallets[who].transfer(desk.token, treasury, RawAmount.from_grains(units))

    def balance(asset: str, wallet: str) -> int:
        if asset == "TUSD":
            name = next(each for each, found in wallets.items() if found.address == wallet)
            return SolanaCoins(cluster, keys[name]).balance(coin).atoms
        return desk.chain.balance(desk.token, wallet).grains

    holdings = (
        Holding("TSLAx", "solana", Nature.TOKEN, desk.token, treasury, atoms_per_unit=ATOMS_PER_GRAIN),
        Holding("TUSD", "solana", Nature.COIN, coin, treasury, atoms_per_unit=ATOMS_PER_GRAIN),
    )
    named = {name: wallet.address for name, wallet in wallets.items()}
    return Place("solana", holdings, money_chain, watch, send, named, balance, connections)


def screen(place: str, address: str) -> None:
    """A list with one entry."""
    if address == LISTED:
        raise Refused("compliance.sanctioned_address", f"compliance: {address} was on a list at {place}")


@dataclass
class TakingDoor:
    """The door as the sequencer's: what the venue has done is done."""

    venue: BookVenue
    probe: Callable[[str], None] = no_probe

    def tell(self, action: VenueAction) -> None:
        subject = f"{type(action).__name__} {action.reference}"
        self.probe(f"before venue: {subject}")
        try:
            self.venue.tell(action)
        except Refused as refusal:
            if refusal.code not in DONE_BEFORE:
                raise
        self.probe(f"after venue: {subject}")


@dataclass
class MoneyStage:
    """A venue's money over some places and banks, in a folder: `reopen` is another life of the same."""

    folder: Path
    places: tuple[Place, ...]
    banks: Mapping[str, AnyBank]
    door: VenueDoor
    second: VenueApproverClient | None = None
    now: int = NOON
    day_max: int = 10**15
    probe: Callable[[str], None] = no_probe
    lives: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        cash = tuple(Holding(currency, "bank", Nature.CASH) for currency in self.banks)
        holdings = (*(each for place in self.places for each in place.holdings), *cash)
        self.terms = FundingTerms({each.id: each for each in holdings}, DAY_S, 60, 3, 2)
        self.approver = self.second or self._own_approver(holdings)
        self.open()

    def _own_approver(self, holdings: tuple[Holding, ...]) -> VenueApprover:
        """In this process, on keys of its own."""
        limits = ApprovalTerms({each.asset: self.day_max for each in holdings}, DAY_S)
        approver = VenueApprover(self.folder / "approver", limits, self.time, APPROVER_KEY, self.banks)
        for place in self.places:
            place.watch(approver, self.terms)
        return approver

    def time(self) -> int:
        return self.now

    def open(self) -> None:
        store = open_money_store(self.folder / "venue", self.time)
        chains = {place.name: place.money_chain(self.approver) for place in self.places}
        keys = VenuePaymentKeys(TREASURY_KEY, self.approver)
        clock = SimpleNamespace(now=self.time)
        self.money = VenueMoney(store, self.terms, chains, self.banks, keys, self.door, screen, clock)
        self.worker: Worker = self.money.worker(probe=self.probe, lease_s=60.0)

    def reopen(self) -> None:
        """The process died: everything is built again from the files."""
        self.money.close()
        self.open()

    def settle(self, is_so: Callable[[], bool], what: str, patience_s: float = 90.0) -> None:
        """Work until it is so."""
        ends = time.monotonic() + patience_s
        while not is_so():
            if not self.worker.step() and not is_so():
                time.sleep(0.02)
            assert time.monotonic() < ends, f"never: {what}; {self.worker.troubles()}; {self.money.store.waiting()}"

    def deposit(self, tx_id: str) -> VenueDeposit | None:
        with self.money.store.view() as view:
            return next((row for row in view.rows(VenueDeposit) if row.tx_id == tx_id), None)

    def deposited(self, tx_id: str, *states: str) -> VenueDeposit:
        """The deposit of a transaction once it stands there."""

        def row() -> VenueDeposit | None:
            found = self.deposit(tx_id)
            return found if found is not None and found.state in (states or ("credited", "suspense", "returned")) else None

        self.settle(lambda: row() is not None, f"deposit {tx_id}")
        found = row()
        assert found is not None
        return found

    def withdrawal(self, account: int, request: str) -> VenueWithdrawal:
        with self.money.store.view() as view:
            found = view.row(VenueWithdrawal, withdrawal_id(account, request))
        assert found is not None
        return found

    def withdrawn(self, account: int, request: str, *states: str) -> VenueWithdrawal:
        """The withdrawal once it has ended."""
        ends = states or ("done", "given_back", "refused")
        self.settle(lambda: self.withdrawal(account, request).state in ends, f"withdrawal {request}")
        return self.withdrawal(account, request)

    def allow(self, account: int, place: str, address: str) -> None:
        """List an address here and at the approver, and let its delay pass."""
        self.money.desk.list_address(account, place, address, "mine")
        self.approver.know(place, address)
        self.now += DAY_S

    def agree(self, venue: BookVenue | None = None) -> None:
        """Ledger and holdings are equal to the atom, and what the venue owes is what is held for customers."""
        held = self.money.held()
        with self.money.store.view() as view:
            assert differences(view, held, self.terms) == []
            for asset in {each.asset for each in self.terms.holdings.values()}:
                sums = owed(view, asset)
                assert sum(sums.values()) == 0
                if venue is not None:  # F's postings are not here: what came and went lies in transit
                    assert sum(in_transit(view, asset).values()) == venue.owed(asset)

    def close(self) -> None:
        self.money.close()
        self.approver.close()
        for place in self.places:
            place.connections.close()


@contextmanager
def paper_banks(folder: Path) -> Iterator[Mapping[str, AnyBank]]:
    """A bank account in dollars and one in euros."""
    with ExitStack() as stack:
        yield {currency: stack.enter_context(a_custodian("in process", folder / currency))[2] for currency in ("USD", "EUR")}


@contextmanager
def evm_scene(folder: Path) -> Iterator[tuple[EvmNode, Scene]]:
    """A node of its own with a listed token."""
    with EvmNode(folder, NODE_MODULES, start_at=NOON) as evm:
        scene = Scene(evm)
        yield evm, scene
        scene.node.rpc.close()


@contextmanager
def a_stage(folder: Path, stock_so: bytes, door: VenueDoor, finality: str | int = "latest") -> Iterator[MoneyStage]:
    """Both chains, both currencies, and two customers: 1 is alice and ANNA at the bank, 2 is bob."""
    with (
        evm_scene(folder / "evm") as (evm, scene),
        SolanaNode(folder / "solana", start_at=START_AT, programs=at_genesis(stock_so)) as node,
        paper_banks(folder) as banks,
    ):
        cluster, program, keys = Cluster(node.url), next(deployments()), Keys()
        attestor = WillingAttestor(cluster, program)
        chain = found(node, cluster, program, keys, attestor)
        desk = SolanaDesk(node, chain, keys, attestor, chain.list_token(TSLA))
        stage = MoneyStage(folder, (evm_place(scene, evm.url, finality), solana_place(desk)), banks, door)
        for place in stage.places:
            stage.money.desk.register_wallet(1, place.name, place.wallets["alice"], "signed")
            stage.money.desk.register_wallet(2, place.name, place.wallets["bob"], "signed")
        stage.money.desk.register_wallet(1, "bank", "ANNA", "statement")
        yield stage
        stage.close()
        cluster.close()
