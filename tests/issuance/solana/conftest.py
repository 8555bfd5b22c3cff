"""A founded token on a node of its own process, with an attestor that signs whatever it is asked, and wallets."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from openscrip.issuance.chain import Call, Landing, Outcome, SignedCall
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import Listing, SolanaRoles, found_program
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import StockAccount
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.voucher import (
    ActionCancel,
    ActionFinish,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    evidence_hash,
)
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

START_AT = 1_717_400_000
TSLA = Listing("TSLAx", "Openscrip TSLA", "US88160R1014", "https://example.org/tslax.json")
DEPLOYER = Keypair.from_seed(hashlib.sha256(b"deployer").digest())
"""May upgrade every program of the test nodes until it is founded."""
_DEPLOYMENTS = 48


def deployments() -> Iterator[Program]:
    """Deployments of the program that a test node carries: one issuer each, so that benches share the node."""
    for number in range(_DEPLOYMENTS):
        yield Program(Keypair.from_seed(hashlib.sha256(f"stock program {number}".encode()).digest()).pubkey())


def at_genesis(elf: bytes) -> list[ProgramAtGenesis]:
    """All of them, as a node is told."""
    return [ProgramAtGenesis(each.program_id, elf, DEPLOYER.pubkey()) for each in deployments()]


@dataclass
class WillingAttestor:
    """Signs every transaction with its own key: what the chain itself refuses is then the chain's doing."""

    cluster: Cluster
    program: Program
    key: Keypair = field(default_factory=Keypair)
    shares: Shares = Shares.whole(1_000_000)
    """What its reports say that is held."""

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        if transaction is None:
            return {"signature": "", "report": self.report(voucher.token)}
        return {"signature": self._signature(transaction)}

    def attest_report(self, chain: str, stock: str, transaction: bytes | None) -> Mapping[str, object]:
        if transaction is None:
            raise AssertionError("these tests report with their mints")
        return {"report": None, "signature": self._signature(transaction)}

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        return {"signature": self._signature(transaction or b"")}

    def attest_finish(self, finish: ActionFinish, transaction: bytes | None = None) -> str:
        return self._signature(transaction or b"")

    def attest_cancel(self, cancel: ActionCancel, transaction: bytes | None = None) -> str:
        return self._signature(transaction or b"")

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        return {"signature": self._signature(transaction)}

    def report(self, token: str) -> Mapping[str, object]:
        """A report of now, the next in sequence, of the token's epoch."""
        now = self.cluster.clock()[1]
        data = self.cluster.account(self.program.stock(Pubkey.from_string(token)))
        stock, held = StockAccount.read(data or b""), str(self.shares)
        figures = {"shares": held, "encumbered": "0", "in_transit": "0", "allocation": held}
        return figures | {"epoch": stock.epoch_at(now), "as_of": now, "sequence": stock.sequence + 1}

    def _signature(self, transaction: bytes) -> str:
        return str(self.key.sign_message(bytes(Transaction.from_bytes(transaction).message)))


@dataclass
class Keys:
    """The keys of one issuer, but for the attestor's."""

    issuer: Keypair = field(default_factory=Keypair)
    corporate_action: Keypair = field(default_factory=Keypair)
    guardian: Keypair = field(default_factory=Keypair)


def found(node: SolanaNode, cluster: Cluster, program: Program, keys: Keys, attestor: WillingAttestor) -> SolanaChain:
    """The chain of an issuer whose program stands and whose keys can pay; no token yet."""
    for key in (DEPLOYER, keys.issuer, keys.guardian):
        node.fund(str(key.pubkey()))
    public = (keys.issuer.pubkey(), attestor.key.pubkey(), keys.corporate_action.pubkey(), keys.guardian.pubkey())
    found_program(cluster, program, DEPLOYER, SolanaRoles.single(*public))
    return chain_of(cluster, program, keys, attestor)


def chain_of(cluster: Cluster, program: Program, keys: Keys, attestor: WillingAttestor) -> SolanaChain:
    """The chain as one platform sees it."""
    return SolanaChain(cluster, program, keys.issuer, keys.corporate_action, str(attestor.key.pubkey()), attestor)


@dataclass
class Desk:
    """The issuer's side of one chain, with its token, for tests."""

    node: SolanaNode
    chain: SolanaChain
    keys: Keys
    attestor: WillingAttestor
    token: str
    minted: int = 0

    def voucher(self, receiver: str, raw: str, mint_id: str) -> tuple[MintVoucher, Evidence]:
        evidence = {"kind": "issuance", "mint_id": mint_id, "stock": "TSLAx"}
        voucher = MintVoucher(
            self.chain.name,
            "TSLAx",
            self.token,
            receiver,
            RawAmount.parse(raw),
            MintKind.ISSUANCE,
            mint_id,
            evidence_hash(evidence),
            0,
            Multiplier.one(),
            self.chain.head().at + 3_600,
        )
        return voucher, evidence

    def do(self, calls: tuple[Call, ...]) -> Outcome:
        (signed,) = self.signed(calls)
        self.chain.submit(signed)
        (outcome,) = self.chain.outcomes([signed])
        return outcome

    def signed(self, calls: tuple[Call, ...]) -> list[SignedCall]:
        return [self.chain.sign(call, 0) for call in calls]

    def mint(self, receiver: str, raw: str) -> str:
        self.minted += 1
        mint_id = f"sub-{self.minted}/1"
        outcome = self.do(self.chain.prepare_mint(*self.voucher(receiver, raw, mint_id)))
        assert outcome == Outcome(Landing.FINAL)
        return mint_id

    def wallet(self) -> SolanaWallet:
        key = Keypair()
        self.node.fund(str(key.pubkey()))
        return SolanaWallet(self.chain.cluster, self.chain.program, key)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, stock_so: bytes) -> Iterator[SolanaNode]:
    folder = tmp_path_factory.mktemp("solana")
    with SolanaNode(folder, start_at=START_AT, programs=at_genesis(stock_so)) as running:
        yield running


@pytest.fixture(scope="module")
def unused() -> Iterator[Program]:
    """The module's deployments, each to be taken once."""
    return deployments()


@pytest.fixture
def desk(node: SolanaNode, unused: Iterator[Program]) -> Iterator[Desk]:
    """Keys, a program and a token of the test's own, on the module's node."""
    cluster, program, keys = Cluster(node.url), next(unused), Keys()
    attestor = WillingAttestor(cluster, program)
    chain = found(node, cluster, program, keys, attestor)
    yield Desk(node, chain, keys, attestor, chain.list_token(TSLA))
    cluster.close()
