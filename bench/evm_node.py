"""What the face before the EVM chain costs and bears: anvil plain, and with the log in front of it.

One client on a kept connection. `call` is an `eth_call`, `send` a signed transaction until it is accepted, `landed` until its
receipt is read; `rate` is transactions sent in batches of 100 until the last is in a block. `restart` is from the start of
the processes after a SIGKILL until the chain answers, with 4,000 steps in the log.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from openscrip.bootstrap.npm import node_modules
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees, SignedTransaction, Transaction, sign_transaction
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.runtime.keys import KeyKind, LocalKey

START, CHAIN_ID, SINK = 1_717_400_000, 31_337, "0x" + "22" * 20
SENDER = EvmAccount(LocalKey(KeyKind.SECP256K1, b"\x11" * 32))
CALLS, SENDS, LANDINGS, BATCH, BATCHES = 500, 200, 40, 100, 20
STEPS = 4_000


def evm_node_figures(runs: int) -> dict[str, list[float]]:
    """Each figure's values over the runs: `plain.` and `durable.` call, send and landed in ms, rate per second."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, durable in (("plain", False), ("durable", True)):
            with tempfile.TemporaryDirectory() as folder:
                node = EvmNode(Path(folder), node_modules(), start_at=START, chain_id=CHAIN_ID, durable=durable)
                with node:
                    for figure, value in _figures(node).items():
                        found.setdefault(f"{name}.{figure}", []).append(value)
    return found


def evm_restart_s() -> float:
    """Seconds until a killed chain with 4,000 steps in its log answers again."""
    with tempfile.TemporaryDirectory() as folder:
        node = EvmNode(Path(folder), node_modules(), start_at=START, chain_id=CHAIN_ID, durable=True)
        node.start()
        try:
            node.fund(SENDER.address)
            rpc = JsonRpc(node.url)
            _send_all(rpc, [_payment(nonce) for nonce in range(STEPS - STEPS // 4)])
            rpc.call("anvil_mine", STEPS // 4)
            rpc.close()
            node.kill()
            began = time.perf_counter()
            node.start()
            return time.perf_counter() - began
        finally:
            node.stop()


def _figures(node: EvmNode) -> dict[str, float]:
    node.fund(SENDER.address)
    rpc = JsonRpc(node.url)
    payments = [_payment(nonce) for nonce in range(SENDS + LANDINGS + BATCH * BATCHES)]
    calls = [_took(lambda: rpc.call("eth_call", {"to": SINK}, "latest")) for _ in range(CALLS)]
    landed = [_took(lambda each=each: _land(rpc, each)) for each in payments[:LANDINGS]]
    sends = [_took(lambda each=each: _send(rpc, each)) for each in payments[LANDINGS : LANDINGS + SENDS]]
    began = time.perf_counter()
    _send_all(rpc, payments[LANDINGS + SENDS :])
    rate = BATCH * BATCHES / (time.perf_counter() - began)
    rpc.close()
    medians = {"call": calls, "send": sends, "landed": landed}
    return {name: statistics.median(values) * 1_000 for name, values in medians.items()} | {"rate": rate}


def _send_all(rpc: JsonRpc, payments: list[SignedTransaction]) -> None:
    """Send in batches, and wait until the last is in a block."""
    for first in range(0, len(payments), BATCH):
        asked = [("eth_sendRawTransaction", ["0x" + each.raw.hex()]) for each in payments[first : first + BATCH]]
        answers = rpc.batch(asked)
        if answers != [each.tx_id for each in payments[first : first + BATCH]]:
            raise RuntimeError(f"bench: a payment was refused: {answers}")
    while rpc.call("eth_getTransactionReceipt", payments[-1].tx_id) is None:
        time.sleep(0.001)


def _land(rpc: JsonRpc, payment: SignedTransaction) -> None:
    _send(rpc, payment)
    while rpc.call("eth_getTransactionReceipt", payment.tx_id) is None:
        time.sleep(0.001)


def _send(rpc: JsonRpc, payment: SignedTransaction) -> None:
    rpc.call("eth_sendRawTransaction", "0x" + payment.raw.hex())


def _payment(nonce: int) -> SignedTransaction:
    return sign_transaction(Transaction(SINK, b"", 21_000), SENDER, nonce, CHAIN_ID, Fees())


def _took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
