"""A crowd before a durable EVM chain: some send, one reads blocks, and each remembers what it was told."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees, SignedTransaction, Transaction, sign_transaction
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.keys import KeyKind, LocalKey

NODE_MODULES = Path(__file__).parents[3] / "node_modules"
NOON, CHAIN_ID = 1_717_416_000, 31337
SENDERS = [EvmAccount(LocalKey(KeyKind.SECP256K1, bytes([number]) * 32)) for number in (17, 18, 19)]
SINK = "0x" + "22" * 20
GAS = 21_000
_PAUSE_S = 0.001
"""So that the log stays short enough to be replayed twenty times."""


def payment(sender: EvmAccount, nonce: int, to: str = SINK, gas: int = GAS) -> SignedTransaction:
    return sign_transaction(Transaction(to, b"", gas), sender, nonce, CHAIN_ID, Fees())


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "the chain did not get there in time"
        time.sleep(0.005)


def children_of(pid: int) -> list[int]:
    """The processes that `pid` started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if parent == str(pid) and state != "Z":
                found.append(int(status.parent.name))
    return found


@dataclass
class Told:
    """What was answered, by sender: the ids of its transactions in the order of their nonces; and blocks by number."""

    sent: dict[str, list[str]] = field(default_factory=lambda: {sender.address: [] for sender in SENDERS})
    blocks: dict[int, tuple[str, str]] = field(default_factory=dict)
    clocks: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Crowd:
    """Senders and a reader, each with a connection of its own, until `stop`."""

    def __init__(self, node: EvmNode) -> None:
        self.told, self._node, self._stopped = Told(), node, threading.Event()
        work = [lambda sender=sender: self._send(sender) for sender in SENDERS]
        self._threads = [threading.Thread(target=each, daemon=True) for each in (*work, self._read, self._move_time)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Told:
        self._stopped.set()
        for thread in self._threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self._threads), "somebody still waits for an answer"
        return self.told

    def _ask(self, rpc: JsonRpc, method: str, *params: object) -> object:
        """Ask until it is answered."""
        while True:
            try:
                return rpc.call(method, *params)
            except Unavailable:
                if self._stopped.is_set():
                    return None
                time.sleep(0.005)

    def _send(self, sender: EvmAccount) -> None:
        rpc, answered = JsonRpc(self._node.url), self.told.sent[sender.address]
        while not self._stopped.is_set():
            signed = payment(sender, len(answered))
            try:
                if self._ask(rpc, "eth_sendRawTransaction", "0x" + signed.raw.hex()) is None:
                    break
            except RpcError as refused:  # it got there before its answer was lost
                if refused.message not in {"transaction already imported", "nonce too low"}:
                    self.told.wrong.append(refused.message)
                    break
            answered.append(signed.tx_id)
            self._stopped.wait(_PAUSE_S)
        rpc.close()

    def _read(self) -> None:
        rpc = JsonRpc(self._node.url)
        while not self._stopped.is_set():
            block = self._ask(rpc, "eth_getBlockByNumber", "latest", False)
            if isinstance(block, dict):
                number, seen = int(block["number"], 16), (block["hash"], block["timestamp"])
                if self.told.blocks.setdefault(number, seen) != seen:
                    self.told.wrong.append(f"block {number} was {self.told.blocks[number]} and then {seen}")
            self._stopped.wait(_PAUSE_S)
        rpc.close()

    def _move_time(self) -> None:
        rpc = JsonRpc(self._node.url)
        while not self._stopped.is_set():
            reached = self._ask(rpc, "openscrip_setClock", NOON + 60 * (1 + len(self.told.clocks)))
            if isinstance(reached, int):
                self.told.clocks.append(reached)
            self._stopped.wait(0.05)
        rpc.close()


def kill(node: EvmNode, whom: str) -> None:
    """SIGKILL to anvil, the face, both (anvil first), or the face's whole group; what was killed is started again."""
    face = node.pid
    for child in children_of(face) if whom in {"anvil", "both"} else []:
        os.kill(child, signal.SIGKILL)
    if whom == "group":
        os.killpg(face, signal.SIGKILL)
    if whom != "anvil":
        node.kill()
        node.start()
