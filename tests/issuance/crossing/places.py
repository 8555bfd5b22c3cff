"""Chains that tokens cross between in the tests: real contracts on a local node, whose blocks are made and undone by hand."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

from eth_utils.crypto import keccak
from tests.issuance.reorg import HandMined
from tests.watch.stage import NODE_MODULES

from openscrip.issuance.chain import Attestor, Call, Chain, SignedCall
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.deployment import EvmRoles, ListedToken, TokenLimits, deploy_platform, list_token
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees, Transaction
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.instrument import Instrument
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, LocalKey

DEPTH = 2
"""So many blocks on top make a block final."""
HOLDERS = ("ann", "ben", "cat")
LIFE_S = 3 * 3_600
_GAS, _WORDS_MAX = 500_000, 6
_PLENTY = 2**255


@dataclass(frozen=True, slots=True)
class Leaving:
    """A holder's departure: `word` is the receiver in 32 bytes, `destination` the chain's hash."""

    holder: str
    raw: RawAmount
    destination: str
    word: str
    request: str


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a chain's own record at its final cut, read without the adapters: `key` names what left or what ended."""

    what: str
    key: str
    raw: int
    tx: str


class Place(ABC):
    """One chain with one token, holders, and somebody who mines."""

    name: str
    chain: Chain
    token: str
    halted: bool
    """The chain makes no blocks: nothing lands, and its time stands still."""

    @abstractmethod
    def replay(self, random: Random, count: int) -> list[str]:
        """Mints that were asked for before, sent anew; the words with which each was refused."""

    @abstractmethod
    def connect(self, attestor: Attestor) -> None:
        """The product's adapter on this chain, with the attestor behind it."""

    @abstractmethod
    def wallet(self, holder: str) -> str:
        """A holder's address."""

    @abstractmethod
    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = LIFE_S) -> None:
        """The owner opens or changes the lane to another chain, by its CAIP-2 name."""

    @abstractmethod
    def depart(self, leaving: Sequence[Leaving]) -> list[str]:
        """Departures in one block, not final yet: for each the words with which it was refused, or nothing."""

    @abstractmethod
    def escrow(self, holder: str, raw: RawAmount, request_id: str) -> None:
        """A holder asks to redeem for cash."""

    @abstractmethod
    def balance(self, holder: str) -> int:
        """Raw on top of the newest block."""

    @abstractmethod
    def bury(self) -> None:
        """Let everything that landed become final."""

    @abstractmethod
    def reorganise(self, random: Random) -> int:
        """Undo blocks that are not final; how many transactions were undone. None where a chain has no such thing."""

    @abstractmethod
    def set_time(self, now: int) -> None:
        """Push market time, and make it final."""

    @abstractmethod
    def record(self) -> list[Told]:
        """What is new at the final cut."""

    @abstractmethod
    def supply(self) -> int:
        """Raw at the final cut, by the token itself."""

    @abstractmethod
    def close(self) -> None:
        """Let go."""


def account(name: str) -> EvmAccount:
    """A key of the tests."""
    return EvmAccount(LocalKey(KeyKind.SECP256K1, chain_hash(f"crossing {name}")))


class RememberingChain(EvmChain):
    """The product's adapter, which keeps what it signed, for whoever replays it."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.calls: list[Call] = []

    def sign(self, call: Call, nonce: int) -> SignedCall:
        self.calls.append(call)
        return super().sign(call, nonce)


class EvmPlace(Place):
    """Our contracts on an anvil of its own, which mines when it is asked."""

    def __init__(self, name: str, folder: Path, chain_id: int, start_at: int, run: str) -> None:
        self.name, self.run = name, run
        self.evm = EvmNode(folder, NODE_MODULES, chain_id=chain_id, start_at=start_at)
        self.evm.start()
        self.rpc = JsonRpc(self.evm.url)
        self.node = Node(self.rpc, chain_id, Fees(), DEPTH)
        self.holders = {name: account(name) for name in HOLDERS}
        self.seen = 0
        self.halted = False
        self.mining = Lock()

    def found(self, attestor_key: str, instrument: Instrument) -> None:
        """Deploy, list, and let every holder approve the issuer contract."""
        keys = {name: account(f"{name} {self.run}") for name in ("issuer", "corporate action", "guardian", "lister")}
        for key in (*keys.values(), *self.holders.values()):
            self.evm.fund(key.address)
        latest = Node(self.rpc, self.node.chain_id, Fees())
        guardian = keys["guardian"].address
        roles = EvmRoles(
            keys["issuer"].address, attestor_key, keys["corporate action"].address, guardian, guardian, keys["lister"].address
        )
        self.keys = keys
        self.deployment = deploy_platform(latest, keys["lister"], roles, NODE_MODULES)
        limits = TokenLimits(arrival_hour=RawAmount.parse("2000"))
        self.listed: ListedToken = list_token(latest, keys["lister"], self.deployment, instrument, NODE_MODULES, limits=limits)
        self.token = self.listed.token
        self.blocks = HandMined(self.evm)
        approve = own("StockToken").call("approve", self.deployment.issuer, _PLENTY)
        self.blocks.mine(*(self._sign(name, self.token, approve, 0) for name in HOLDERS))
        self.bury()

    @property
    def caip2(self) -> str:
        """The chain's name among all chains, known before anything is connected."""
        return f"eip155:{self.node.chain_id}"

    def config(self) -> dict[str, Any]:
        """This chain in the watch's configuration."""
        issuer = self.deployment.issuer
        return {"rpc": self.evm.url, "chain_id": self.node.chain_id, "issuer_contract": issuer, "depth": DEPTH}

    def connect(self, attestor: Attestor) -> None:
        self.chain = self.remembering = RememberingChain(
            self.name, self.node, self.deployment, self.keys["issuer"], self.keys["corporate action"], attestor,
            finality_s_max=0.1,
        )  # fmt: skip

    def wallet(self, holder: str) -> str:
        return self.holders[holder].address

    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = LIFE_S) -> None:
        """As the timelock, whose day of waiting is another test's."""
        words = (self.token, chain_hash(f"chain:{destination}"), hour_cap.atoms, life_s)
        self._as_owner(self.deployment.issuer, own("Issuer").call("set_lane", *words))

    def _as_owner(self, contract: str, data: bytes) -> None:
        owner = self.deployment.timelock
        self.rpc.call("anvil_impersonateAccount", owner)
        self.rpc.call("anvil_setBalance", owner, hex(10**20))
        tx = {"from": owner, "to": contract, "data": "0x" + data.hex(), "gas": hex(_GAS)}
        tx_id = self.rpc.call("eth_sendTransaction", tx)
        self.rpc.call("anvil_mine", hex(DEPTH + 1))
        assert int(self.rpc.call("eth_getTransactionReceipt", tx_id)["status"], 16) == 1, "the owner was refused"

    def depart(self, leaving: Sequence[Leaving]) -> list[str]:
        counts = dict(zip(HOLDERS, self.node.batch([
            ("eth_getTransactionCount", [self.wallet(name), "latest"]) for name in HOLDERS
        ]), strict=True))  # fmt: skip
        nonces = {name: int(count, 16) for name, count in counts.items()}
        sent = []
        for each in leaving:
            words = (bytes.fromhex(each.destination), bytes.fromhex(each.word), chain_hash(each.request))
            data = own("Issuer").call("depart", self.token, each.raw.atoms, *words)
            raw = self._sign(each.holder, self.deployment.issuer, data, nonces[each.holder])
            nonces[each.holder] += 1
            sent.append(raw)
        ids = self.node.batch([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in sent])
        self.rpc.call("evm_mine")
        receipts = self.node.receipts(ids)
        assert all(receipts), "a departure did not get into the block"
        return self._words(ids, receipts)

    def _words(self, ids: Sequence[str], receipts: Sequence[Mapping[str, Any] | None]) -> list[str]:
        """Why each failed, nothing for what did not; a few are asked for their words, since a node takes its time to tell."""
        words, asked = [], 0
        for tx_id, receipt in zip(ids, receipts, strict=True):
            failed = receipt is None or not int(receipt["status"], 16)
            told = self.node.revert_reason(tx_id) if failed and asked < _WORDS_MAX else ""
            asked += failed
            words.append((told or "refused") if failed else "")
        return words

    def _sign(self, holder: str, to: str, data: bytes, nonce: int) -> bytes:
        return self.node.sign(Transaction(to, data, _GAS), self.holders[holder], nonce).raw

    def escrow(self, holder: str, raw: RawAmount, request_id: str) -> None:
        data = own("Issuer").call("escrow", self.token, raw.atoms, int(RedemptionKind.CASH), chain_hash(request_id))
        nonce = self.node.nonce(self.wallet(holder), "latest")
        self.blocks.mine(self._sign(holder, self.deployment.issuer, data, nonce))
        self.bury()

    def balance(self, holder: str) -> int:
        return self._view("balanceOf", self.wallet(holder), tag="latest")

    def supply(self) -> int:
        return self._view("totalSupply", tag=self.node.finality)

    def _view(self, function: str, *arguments: object, tag: str) -> int:
        data = "0x" + own("StockToken").call(function, *arguments).hex()
        return int(self.rpc.call("eth_call", {"to": self.token, "data": data}, tag), 16)

    def bury(self) -> None:
        with self.mining:
            if not self.halted:
                self.rpc.call("anvil_mine", hex(DEPTH + 1))

    def reorganise(self, random: Random) -> int:
        with self.mining:
            return 0 if self.halted else self._reorganise(random)

    def replay(self, random: Random, count: int) -> list[str]:
        """Mints that were asked for before, under new transactions of the issuer; the words with which each was refused."""
        called = [call for call in self.remembering.calls if call.label.startswith("mint")]
        again = random.sample(called, min(count, len(called)))
        if self.halted or not again:
            return []
        nonce = self.node.nonce(self.keys["issuer"].address, "latest")
        raws = [EvmChain.sign(self.remembering, call, nonce + place).raw for place, call in enumerate(again)]
        ids = self.node.batch([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws])
        self.bury()
        return self._words(ids, self.node.receipts(ids))

    def _reorganise(self, random: Random) -> int:
        depth = random.randint(1, DEPTH)
        return len(self.blocks.reorganise(depth, longer_by=random.randint(1, 2)).transactions)

    def set_time(self, now: int) -> None:
        if not self.halted:
            self.evm.set_time(now)
            self.bury()

    def record(self) -> list[Told]:
        final = int(self.node.finality, 16)
        span = {"fromBlock": hex(self.seen), "toBlock": hex(final), "address": self.deployment.issuer}
        names = {own("Issuer").topic(name): name for name in ("Minted", "Departed", "RedemptionBurned")}
        logs = self.rpc.call("eth_getLogs", {**span, "topics": [list(names)]}) if final >= self.seen else []
        self.seen = final + 1
        told = []
        for log in logs:
            name, data = names[log["topics"][0]], bytes.fromhex(log["data"][2:])
            raw = int.from_bytes(data[:32])
            request = log["topics"][1][2:]
            if name == "Departed":  # its key is of holder and request, as anybody may compute it
                holder = bytes.fromhex(log["topics"][3][2:])
                request = own_key(holder, bytes.fromhex(request))
            told.append(Told(name, request, raw, log["transactionHash"]))
        return told

    def close(self) -> None:
        self.blocks.close()
        self.rpc.close()
        self.evm.kill()


def own_key(holder: bytes, request: bytes) -> str:
    """keccak256(abi_encode(holder, request)), hex."""
    return keccak(holder.rjust(32, b"\0") + request).hex()
