"""SIGKILL of anvil, of the face before it, of both: what was answered stands, once, in the blocks that were seen."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.issuance.nodes.evm_crowd import (
    CHAIN_ID,
    GAS,
    NODE_MODULES,
    NOON,
    SENDERS,
    SINK,
    Crowd,
    Told,
    children_of,
    kill,
    payment,
    until,
)

from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.evm.log import Kind, Log, Record
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Unavailable

pytestmark = [pytest.mark.parts, pytest.mark.crash]
KILLS = ("anvil", "face", "both", "group")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EvmNode]:
    made = EvmNode(tmp_path, NODE_MODULES, start_at=NOON, durable=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def rpc(node: EvmNode) -> Iterator[JsonRpc]:
    asked = JsonRpc(node.url)
    yield asked
    asked.close()


def blocks_of(rpc: JsonRpc) -> list[dict[str, Any]]:
    head = int(rpc.call("eth_blockNumber"), 16)
    found: list[dict[str, Any]] = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(head + 1)])
    return found


def check(rpc: JsonRpc, told: Told) -> None:
    """Every answer holds on the chain that is there now, and nothing is there twice."""
    assert told.wrong == []
    blocks = blocks_of(rpc)
    landed = [tx_id for block in blocks for tx_id in block["transactions"]]
    assert len(landed) == len(set(landed))
    assert {tx_id for sent in told.sent.values() for tx_id in sent} - set(landed) == set()
    for sender in SENDERS:
        sent = told.sent[sender.address]
        mined = int(rpc.call("eth_getTransactionCount", sender.address, "latest"), 16)
        assert mined in {len(sent), len(sent) + 1}  # the last may have got there, its answer not
        assert len(sent) > 5
    now = {number: (blocks[number]["hash"], blocks[number]["timestamp"]) for number in told.blocks}
    assert now == told.blocks
    times = [int(block["timestamp"], 16) for block in blocks]
    assert times == sorted(times)
    assert set(told.clocks) - set(times) == set()
    assert [block["parentHash"] for block in blocks[1:]] == [block["hash"] for block in blocks[:-1]]


def test_under_load_no_answer_is_lost_and_nothing_lands_twice(node: EvmNode, rpc: JsonRpc) -> None:
    """Twenty-four kills at moments of chance, while three send, one reads and one moves time."""
    for sender in SENDERS:
        node.fund(sender.address)
    chance, crowd = Random(24), Crowd(node)
    for number in range(24):
        time.sleep(chance.random() * 0.05)
        kill(node, KILLS[number % len(KILLS)])
        counts = {each: len(sent) for each, sent in crowd.told.sent.items()}
        until(lambda counts=counts: all(len(sent) > counts[each] for each, sent in crowd.told.sent.items()))  # type: ignore[misc]  # counts is bound to this round
    told = crowd.stop()
    print(f"{sum(map(len, told.sent.values()))} transactions, {len(told.blocks)} blocks read")
    until(lambda: rpc.call("txpool_status") == {"pending": "0x0", "queued": "0x0"})
    check(rpc, told)
    before = blocks_of(rpc)
    node.stop()
    node.start()
    assert blocks_of(rpc) == before
    check(rpc, told)


def test_receipts_logs_and_state_are_the_same_after_a_kill(node: EvmNode, rpc: JsonRpc) -> None:
    sender = SENDERS[0]
    node.fund(sender.address)
    sent = [payment(sender, nonce) for nonce in range(5)]
    for each in sent:
        rpc.call("eth_sendRawTransaction", "0x" + each.raw.hex())
    until(lambda: rpc.call("eth_getTransactionReceipt", sent[-1].tx_id) is not None)
    questions: list[tuple[str, Sequence[object]]] = [
        ("eth_getTransactionReceipt", [each.tx_id]) for each in sent
    ] + [
        ("eth_getBalance", [sender.address, "latest"]), ("eth_getBlockByNumber", ["latest", True]),
        ("eth_getLogs", [{"fromBlock": "0x0"}]), ("eth_getTransactionCount", [sender.address, "latest"]),
        ("eth_getBalance", [sender.address, "0x1"]),
    ]  # fmt: skip
    before = rpc.batch(questions)
    for whom in KILLS:
        kill(node, whom)
        assert rpc.batch(questions) == before


def test_what_waits_in_the_pool_is_there_after_a_kill(node: EvmNode, rpc: JsonRpc) -> None:
    sender = SENDERS[0]
    node.fund(sender.address)
    node.rest()
    ready, gapped = payment(sender, 0), payment(sender, 2)
    for each in (ready, gapped):
        rpc.call("eth_sendRawTransaction", "0x" + each.raw.hex())
    rpc.call("evm_setNextBlockTimestamp", NOON + 77)
    kill(node, "face")
    until(lambda: rpc.call("eth_getTransactionReceipt", ready.tx_id) is not None)
    assert int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16) == NOON + 77
    assert rpc.call("txpool_status") == {"pending": "0x0", "queued": "0x1"}
    rpc.call("eth_sendRawTransaction", "0x" + payment(sender, 1).raw.hex())
    until(lambda: rpc.call("eth_getTransactionReceipt", gapped.tx_id) is not None)


def test_settings_and_transactions_of_borrowed_accounts_are_made_again(node: EvmNode, rpc: JsonRpc) -> None:
    whale, code, slot = "0x" + "77" * 20, "0x6001", "0x" + "00" * 31 + "05"
    node.fund(whale)
    rpc.call("anvil_impersonateAccount", whale)
    rpc.call("anvil_setCode", SINK, code)
    rpc.call("anvil_setStorageAt", SINK, "0x0", slot)
    tx_id = rpc.call("eth_sendTransaction", {"from": whale, "to": "0x" + "33" * 20, "value": "0x5"})
    until(lambda: rpc.call("eth_getTransactionReceipt", tx_id) is not None)
    receipt = rpc.call("eth_getTransactionReceipt", tx_id)
    for whom in ("anvil", "face", "stop"):
        if whom == "stop":
            node.stop()
            node.start()
        else:
            kill(node, whom)
        assert rpc.call("eth_getTransactionReceipt", tx_id) == receipt
        assert (rpc.call("eth_getCode", SINK, "latest"), rpc.call("eth_getStorageAt", SINK, "0x0", "latest")) == (code, slot)
        assert rpc.call("eth_getBalance", "0x" + "33" * 20, "latest") == "0x5"
    again = rpc.call("eth_sendTransaction", {"from": whale, "to": SINK, "value": "0x0", "gas": hex(3 * GAS)})
    until(lambda: rpc.call("eth_getTransactionReceipt", again) is not None)


def test_anvil_is_made_anew_unasked_and_whoever_asks_meanwhile_waits(node: EvmNode, rpc: JsonRpc) -> None:
    (anvil,) = children_of(node.pid)
    os.kill(anvil, signal.SIGKILL)
    assert rpc.call("eth_chainId") == hex(CHAIN_ID)
    (other,) = children_of(node.pid)
    assert other != anvil
    os.kill(other, signal.SIGKILL)
    until(lambda: len(children_of(node.pid)) == 1 and children_of(node.pid) != [other])


def test_anvil_ends_with_its_face(node: EvmNode) -> None:
    (anvil,) = children_of(node.pid)
    node.kill()
    until(lambda: not Path(f"/proc/{anvil}").exists() or " Z " in Path(f"/proc/{anvil}/stat").read_text())
    node.start()


def test_a_log_that_another_chain_would_follow_from_is_not_believed(tmp_path: Path) -> None:
    node = EvmNode(tmp_path, NODE_MODULES, start_at=NOON, durable=True)
    node.start()
    node.set_time(NOON + 60)
    node.kill()
    log = Log(tmp_path / "log-000001.bin")
    assert [record.kind for record in log.replay()] == [Kind.GENESIS, Kind.MINE]
    log.append(Record.mine(NOON + 120, 1, "0x" + "ab" * 32))
    log.close()
    with pytest.raises(Unavailable, match="was not ready"):
        node.start()
