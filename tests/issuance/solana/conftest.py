"""A founded token on a node of its own process, with an attestor that signs whatever it is asked, and wallets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from solders.keypair import Keypair
from solders.transaction import Transaction

from openscrip.issuance.chain import Call, Landing, Outcome, SignedCall
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import Listing
from openscrip.issuance.chains.solana.wallet import SolanaWallet
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
from openscrip.kernel.quantities import RawAmount

START_AT = 1_717_400_000
TSLA = Listing("TSLAx", "Openscrip TSLA", "US88160R1014", "https://example.org/tslax.json")


@dataclass
class WillingAttestor:
    """Signs every transaction with its own key: what the chain itself refuses is then the chain's doing."""

    key: Keypair = field(default_factory=Keypair)

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        return {"signature": self._signature(transaction or b""), "report": None}

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        return {"signature": self._signature(transaction or b"")}

    def attest_finish(self, finish: ActionFinish) -> str:
        raise AssertionError("a Solana chain asks for no signature under an action's end")

    def attest_cancel(self, cancel: ActionCancel) -> str:
        raise AssertionError("a Solana chain asks for no signature under a cancellation")

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        return {"signature": self._signature(transaction)}

    def _signature(self, transaction: bytes) -> str:
        return str(self.key.sign_message(bytes(Transaction.from_bytes(transaction).message)))


@dataclass
class Desk:
    """The issuer's side of one chain, with its token, for tests."""

    node: SolanaNode
    chain: SolanaChain
    issuer: Keypair
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
            2**40,
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
        assert self.do(self.chain.prepare_mint(*self.voucher(receiver, raw, mint_id))).landing is Landing.FINAL
        return mint_id

    def wallet(self) -> SolanaWallet:
        key = Keypair()
        self.node.fund(str(key.pubkey()))
        return SolanaWallet(self.chain.cluster, key)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SolanaNode]:
    with SolanaNode(tmp_path_factory.mktemp("solana"), start_at=START_AT) as running:
        yield running


@pytest.fixture
def desk(node: SolanaNode) -> Iterator[Desk]:
    """Keys and a token of the test's own, on the module's node."""
    issuer, attestor = Keypair(), WillingAttestor()
    node.fund(str(issuer.pubkey()))
    cluster = Cluster(node.url)
    chain = SolanaChain(cluster, issuer, str(attestor.key.pubkey()), attestor)
    yield Desk(node, chain, issuer, attestor, chain.list_token(TSLA))
    cluster.close()
