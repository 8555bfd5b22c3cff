"""What the conformance cases of the chain port stand on: one bench per adapter, and the table of what differs."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from math import gcd
from time import monotonic, sleep

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from tests.issuance.solana.conftest import TSLA, Keys, WillingAttestor, chain_of, found
from tests.issuance.test_evm_chain import KEYS, Scene, SigningAttestor

from openscrip.issuance.bridge_row import destination_hash
from openscrip.issuance.chain import AnyChainEvent, Call, Chain, Landing, Outcome, SignedCall
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.governance import Lane, setting_lane
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import DELAY_S
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_operations import lane as lane_operation
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import (
    NO_HASH,
    AnnouncedAction,
    MintKind,
    MintVoucher,
    MultiplierChange,
    RedemptionKind,
    evidence_hash,
)
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Refused
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

START_AT = 1_717_416_000
RAW = RawAmount.parse


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Where adapters may differ. Everything else in the suite holds on every chain in the same words."""

    outside_process: bool
    """A node of its own can be unreachable."""
    counts_nonces: bool
    """Signed calls take consecutive nonces of the issuer's account."""
    calls_die: bool
    """A signed call that was not sent in time, or whose nonce another took, is known to be dead."""
    notice_s_min: int
    """How long before its second a multiplier must be scheduled."""
    multiplier_is_f64: bool
    """A multiplier is stored as the f64 next below; else exactly."""
    keeps_actions: bool
    """Corporate actions have a state on chain, and are declared final there."""


CAPABILITIES = {
    "memory": Capabilities(
        outside_process=False,
        counts_nonces=False,
        calls_die=False,
        notice_s_min=1,
        multiplier_is_f64=False,
        keeps_actions=False,
    ),
    "evm": Capabilities(
        outside_process=True,
        counts_nonces=True,
        calls_die=True,
        notice_s_min=600,
        multiplier_is_f64=False,
        keeps_actions=True,
    ),
    "solana": Capabilities(
        outside_process=True,
        counts_nonces=False,
        calls_die=True,
        notice_s_min=600,
        multiplier_is_f64=True,
        keeps_actions=True,
    ),
}


def capability_rows() -> list[str]:
    """The table as lines of Markdown, one per capability."""

    def spelled(value: object) -> str:
        return ("no", "yes")[value] if isinstance(value, bool) else str(value)

    return [
        f"| `{each.name}` | {' | '.join(spelled(getattr(can, each.name)) for can in CAPABILITIES.values())} |"
        for each in fields(Capabilities)
    ]


class Bench(ABC):
    """One token on one chain, a holder `alice`, and another wallet `bob`."""

    chain: Chain
    token: str
    alice: str
    bob: str

    @property
    def can(self) -> Capabilities:
        """What this chain's adapter declares."""
        return CAPABILITIES[self.chain.name]

    @abstractmethod
    def set_time(self, now: int) -> None:
        """Push market time through the node's own clock."""

    @abstractmethod
    def escrow(self, raw: RawAmount, request_id: str, kind: RedemptionKind = RedemptionKind.CASH) -> None:
        """Alice puts tokens into escrow, as a holder does. Raises `Refused`."""

    @abstractmethod
    def pass_block(self) -> None:
        """Let a block pass where equal calls of one block are one call, so that the next is another."""

    @abstractmethod
    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = 3_600) -> None:
        """The owner opens the lane to another chain, by its CAIP-2 name."""

    @abstractmethod
    def depart(self, raw: RawAmount, destination: str, request_id: str, word: str = "ab" * 32) -> None:
        """Alice's tokens leave for another chain. Raises `Refused`."""

    @abstractmethod
    def reopened(self) -> Chain:
        """The chain as a platform sees it that was started anew."""

    @abstractmethod
    def unreachable(self) -> Chain:
        """The same chain behind an address at which nobody answers."""

    @abstractmethod
    def outdate(self, signed: SignedCall) -> None:
        """Let happen what makes a signed and unsent call die here, if calls die."""

    @abstractmethod
    def close(self) -> None:
        """Close what this bench opened."""

    def voucher(
        self,
        mint_id: str,
        raw: str = "5",
        *,
        evidence: str = "",
        epoch: int = 0,
        multiplier: Multiplier = Multiplier.one(),
        deadline: int | None = None,
        kind: MintKind = MintKind.ISSUANCE,
        origin: str = NO_HASH,
    ) -> MintVoucher:
        """A voucher for Alice, valid for an hour."""
        hashed = evidence_hash({"evidence": evidence or mint_id})
        until = self.chain.head().at + 3_600 if deadline is None else deadline
        return MintVoucher(
            self.chain.name, "TSLAx", self.token, self.alice, RAW(raw), kind, mint_id, hashed, epoch,
            multiplier, until, origin,
        )  # fmt: skip

    def prepared(self, voucher: MintVoucher) -> tuple[Call, ...]:
        """The calls of a mint."""
        return self.chain.prepare_mint(voucher, {"mint_id": voucher.mint_id})

    def signed(self, calls: tuple[Call, ...]) -> list[SignedCall]:
        """Signed at the next nonces, unsent."""
        nonce = self.chain.next_nonce()
        return [self.chain.sign(call, nonce + place) for place, call in enumerate(calls)]

    def land(self, calls: tuple[Call, ...]) -> Outcome:
        """Sign, submit and wait; the outcome of the last."""
        signed = self.signed(calls)
        for each in signed:
            self.chain.submit(each)
        return self.settle(signed[-1])

    def settle(self, signed: SignedCall) -> Outcome:
        """The outcome of a submitted call, within the port's own limit."""
        end = monotonic() + self.chain.finality_s_max
        while (outcome := self.chain.outcomes([signed])[0]).landing in {Landing.PENDING, Landing.UNKNOWN}:
            assert monotonic() < end, "the call did not land in time"
            sleep(0.005)
        return outcome

    def mint(self, mint_id: str, raw: str = "5") -> None:
        """A mint for Alice that must land."""
        assert self.land(self.prepared(self.voucher(mint_id, raw))) == Outcome(Landing.FINAL)

    def change(self, expected: Multiplier, new: Multiplier, at: int, action_id: str, epoch_after: int = 1) -> Outcome:
        """Schedule a multiplier; the outcome. Raises `Refused` where the adapter refuses before signing."""
        whole = gcd(new.value, expected.value)
        ratio, dividend = (new.value // whole, expected.value // whole), epoch_after == self.chain.multiplier(self.token).epoch
        terms: tuple[str, tuple[int, int], int] = ("DVCA", (0, 0), 1) if dividend else ("SPLF", ratio, 0)
        action = AnnouncedAction(
            action_id, terms[0], date(2024, 6, 10), None, None, *terms[1], terms[2], "11" * 32
        )  # fmt: skip
        change = MultiplierChange(
            self.chain.name, "TSLAx", self.token, expected, new, at, epoch_after, action, *ratio, at
        )  # fmt: skip
        return self.land(self.chain.prepare_multiplier(change, {"event_id": action_id}))

    def told(self, cursor: str = "") -> list[AnyChainEvent]:
        """The events after a cursor."""
        return self.chain.events(cursor)[0]

    def place(self, event: AnyChainEvent) -> tuple[str, str, str, int, int]:
        """The fields that an event of this bench's token begins with."""
        return self.chain.name, self.token, event.tx_id, event.block, event.seen_at

    def refusal(self, act: Callable[[], Outcome]) -> str:
        """The words with which `act` was refused, when prepared or landing as reverted; the supply is unchanged."""
        self.pass_block()
        before = self.chain.supply(self.token)
        try:
            outcome = act()
        except Refused as refused:
            words = refused.text
        else:
            assert outcome.landing is Landing.REVERTED
            words = outcome.reason
        assert words
        assert self.chain.supply(self.token) == before
        return words


class MemoryBench(Bench):
    """The chain in memory: it has no outside, so it is reopened as itself."""

    def __init__(self) -> None:
        self.clock = SteppedClock(START_AT)
        self.memory = MemoryChain(self.clock.now)
        self.chain, self.token = self.memory, self.memory.create("TSLAx")
        self.alice, self.bob = "alice", "bob"

    def set_time(self, now: int) -> None:
        self.clock.advance_to(now)

    def pass_block(self) -> None:
        pass

    def escrow(self, raw: RawAmount, request_id: str, kind: RedemptionKind = RedemptionKind.CASH) -> None:
        self.memory.escrow(self.token, self.alice, raw, kind, request_id)

    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = 3_600) -> None:
        self.memory.set_lane(self.token, destination_hash(destination), hour_cap, life_s)

    def depart(self, raw: RawAmount, destination: str, request_id: str, word: str = "ab" * 32) -> None:
        self.memory.depart(self.token, self.alice, raw, destination_hash(destination), word, request_id)

    def reopened(self) -> Chain:
        return self.memory

    def unreachable(self) -> Chain:
        return self.memory

    def outdate(self, signed: SignedCall) -> None:
        pass

    def close(self) -> None:
        pass


class EvmBench(Bench):
    """Contracts of the bench's own on a node that benches share."""

    def __init__(self, evm: EvmNode, dead_url: str) -> None:
        self.scene = Scene(evm)
        self.chain, self.token, self.dead_url = self.scene.chain, self.scene.token, dead_url
        self.alice, self.bob = KEYS["alice"].address, KEYS["bob"].address

    def set_time(self, now: int) -> None:
        self.scene.evm.set_time(now)

    def pass_block(self) -> None:
        pass

    def escrow(self, raw: RawAmount, request_id: str, kind: RedemptionKind = RedemptionKind.CASH) -> None:
        self.scene.wallet("alice").escrow(self.token, raw, kind, request_id)

    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = 3_600) -> None:
        """As the timelock, whose day of waiting is another test's."""
        owner, rpc = self.scene.deployment.timelock, self.scene.node.rpc
        lane = setting_lane(self.scene.deployment, self.token, Lane(destination, hour_cap, life_s))
        for method, *params in (("anvil_impersonateAccount", owner), ("anvil_setBalance", owner, hex(10**20))):
            rpc.call(method, *params)
        sent = {"from": owner, "to": lane.contract, "data": "0x" + lane.data.hex(), "gas": hex(500_000)}
        tx_id = rpc.call("eth_sendTransaction", sent)
        end = monotonic() + 60
        while (receipt := rpc.call("eth_getTransactionReceipt", tx_id)) is None:
            assert monotonic() < end, "the lane was not opened in time"
            sleep(0.005)
        assert int(receipt["status"], 16) == 1

    def depart(self, raw: RawAmount, destination: str, request_id: str, word: str = "ab" * 32) -> None:
        self.scene.wallet("alice").depart(self.token, raw, destination, word, request_id)

    def reopened(self) -> Chain:
        return self._chain(self.scene.node)

    def unreachable(self) -> Chain:
        return self._chain(Node(JsonRpc(self.dead_url), self.scene.node.chain_id, Fees()))

    def outdate(self, signed: SignedCall) -> None:
        """Another call takes the nonce."""
        self.mint(f"instead-of-{signed.tx_id}", "1")

    def close(self) -> None:
        self.scene.node.rpc.close()

    def _chain(self, node: Node) -> Chain:
        attestor = SigningAttestor(node)
        return EvmChain("evm", node, self.scene.deployment, KEYS["issuer"], KEYS["corporate_action"], attestor)


class SolanaBench(Bench):
    """A token, keys and a deployment of the program of the bench's own on a node that benches share."""

    def __init__(self, node: SolanaNode, program: Program, dead_url: str) -> None:
        self.node, self.dead_url = node, dead_url
        self.cluster, self.program, self.keys, holder = Cluster(node.url), program, Keys(), Keypair()
        self.attestor = WillingAttestor(self.cluster, program)
        node.fund(str(holder.pubkey()))
        self.solana = found(node, self.cluster, program, self.keys, self.attestor)
        self.chain, self.token = self.solana, self.solana.list_token(TSLA)
        self.wallet = SolanaWallet(self.cluster, program, holder)
        self.alice, self.bob = self.wallet.address, str(Keypair().pubkey())

    def set_time(self, now: int) -> None:
        self.node.set_time(now)
        self.pass_block()

    def pass_block(self) -> None:
        self.cluster.rpc.call("openscrip_skipSlots", 1)

    def escrow(self, raw: RawAmount, request_id: str, kind: RedemptionKind = RedemptionKind.CASH) -> None:
        self.pass_block()
        self.wallet.redeem(self.token, request_id, raw, kind)

    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = 3_600) -> None:
        attestor = str(self.attestor.key.pubkey()), self.attestor
        lock = SolanaTimelock(self.cluster, self.program, self.keys.issuer, *attestor)
        mint, there = Pubkey.from_string(self.token), bytes.fromhex(destination_hash(destination))
        lane = lane_operation(
            self.program, salt=b"one lane", mint=mint, destination=there, hour_cap=hour_cap.grains, life_s=life_s
        )
        lock.propose(lane)
        self.set_time(self.chain.head().at + DELAY_S)
        lock.execute(lane)

    def depart(self, raw: RawAmount, destination: str, request_id: str, word: str = "ab" * 32) -> None:
        self.pass_block()
        self.wallet.depart(self.token, raw, destination, word, request_id)

    def reopened(self) -> Chain:
        chain = self._chain(self.cluster)
        chain.watch_token(self.token)
        return chain

    def unreachable(self) -> Chain:
        chain = self._chain(Cluster(self.dead_url))
        chain.watch_token(self.token)
        return chain

    def outdate(self, signed: SignedCall) -> None:
        """The last block height at which the call may land passes."""
        self.cluster.rpc.call("openscrip_skipSlots", 151)

    def close(self) -> None:
        self.cluster.close()

    def _chain(self, cluster: Cluster) -> SolanaChain:
        return chain_of(cluster, self.program, self.keys, self.attestor)
