"""The face before the EVM chain: what wallets, tools and plain JSON-RPC find there, over HTTP and WebSocket."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.nodes.evm_crowd import CHAIN_ID, GAS, NODE_MODULES, NOON, SENDERS, SINK, children_of, payment, until
from tests.thirdparty.solidity import node as node_js
from websockets.sync.client import ClientConnection, connect

from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError

pytestmark = pytest.mark.parts
WALLET = Path(__file__).with_name("evm_wallet.mjs")
ALICE, BOB, CAROL = SENDERS
NOTHING_WAITS = {"pending": "0x0", "queued": "0x0"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=NOON, durable=True) as running:
        for sender in SENDERS:
            running.fund(sender.address)
        yield running


@pytest.fixture
def rpc(node: EvmNode) -> Iterator[JsonRpc]:
    asked = JsonRpc(node.url)
    yield asked
    until(lambda: bool(asked.call("txpool_status") == NOTHING_WAITS))
    asked.close()


@pytest.fixture
def resting(node: EvmNode) -> Iterator[None]:
    """No block comes by itself."""
    node.rest()
    yield
    node.rest(resting=False)


@pytest.fixture
def socket(node: EvmNode) -> Iterator[ClientConnection]:
    with connect(node.url.replace("http:", "ws:")) as connected:
        yield connected


def posted(node: EvmNode, body: bytes, method: str = "POST") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    headers = {"Content-Type": "application/json", "Origin": "https://wallet.example"}
    connection.request(method, "/", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def asked(node: EvmNode, document: object) -> Any:
    return json.loads(posted(node, json.dumps(document).encode())[2])


def call(method: str, *params: object, number: object = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def nonce(rpc: JsonRpc, account: str, tag: str = "pending") -> int:
    return int(rpc.call("eth_getTransactionCount", account, tag), 16)


def newest(rpc: JsonRpc) -> tuple[int, int]:
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    return int(block["number"], 16), int(block["timestamp"], 16)


def test_a_browsers_wallet_with_an_unmodified_ethers_works(node: EvmNode, rpc: JsonRpc) -> None:
    receiver = "0x" + "2b" * 20
    done = subprocess.run(
        [node_js(), str(WALLET), node.url, "0x" + bytes([17] * 32).hex(), receiver],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    saw = json.loads(done.stdout)
    logged = saw.pop("logged")
    assert saw == {
        "unknownChain": 4902, "changes": [hex(CHAIN_ID)], "ungranted": 0, "account": ALICE.address, "chainId": CHAIN_ID,
        "message": True, "typed": True, "paid": {"status": 1, "gas": GAS, "got": "5"}, "inBlock": True,
        "code": "0x3660095760006000fd5b3360005260206000a000", "logs": [logged], "reverted": True, "sameReceipt": True,
        "heard": {"logs": [logged], "head": True, "pending": True},
    }  # fmt: skip


def test_what_cast_asks_is_answered(node: EvmNode, rpc: JsonRpc) -> None:
    """As `cast` puts it: chain-id, block, gas-price, balance, nonce, estimate, publish, receipt, call, code, storage, rpc."""
    assert asked(node, call("eth_chainId", number="a")) == {"jsonrpc": "2.0", "id": "a", "result": hex(CHAIN_ID)}
    assert asked(node, call("net_version"))["result"] == str(CHAIN_ID)
    assert asked(node, call("web3_clientVersion"))["result"].startswith("anvil/")
    assert asked(node, call("eth_syncing"))["result"] is False
    assert asked(node, call("eth_getBlockByNumber", "latest", True))["result"]["baseFeePerGas"] == "0x0"
    assert int(asked(node, call("eth_gasPrice"))["result"], 16) >= 0
    assert "baseFeePerGas" in asked(node, call("eth_feeHistory", "0x1", "latest", [50]))["result"]
    assert int(asked(node, call("eth_getBalance", ALICE.address, "latest"))["result"], 16) > 10**23
    assert asked(node, call("eth_estimateGas", {"from": ALICE.address, "to": SINK}))["result"] == hex(GAS)
    signed = payment(ALICE, nonce(rpc, ALICE.address))
    assert asked(node, call("eth_sendRawTransaction", "0x" + signed.raw.hex()))["result"] == signed.tx_id
    until(lambda: asked(node, call("eth_getTransactionReceipt", signed.tx_id))["result"] is not None)
    assert asked(node, call("eth_call", {"to": SINK, "data": "0x"}, "latest"))["result"] == "0x"
    assert asked(node, call("eth_getStorageAt", SINK, "0x0", "latest"))["result"] == "0x" + "00" * 32
    assert asked(node, call("eth_getProof", SINK, [], "latest"))["result"]["address"].lower() == SINK


def test_errors_have_the_codes_that_wallets_expect(node: EvmNode, rpc: JsonRpc) -> None:
    def code(document: object) -> int:
        answer = asked(node, document)
        assert set(answer) == {"jsonrpc", "id", "error"}
        assert answer["error"]["message"]
        return int(answer["error"]["code"])

    assert json.loads(posted(node, b"{")[2])["error"]["code"] == -32700
    assert (code([]), code(7), code({"id": 1}), code({"id": 1, "method": 7})) == (-32600,) * 4
    assert (code(call("eth_nothing")), code(call("nothing_atAll"))) == (-32601,) * 2
    assert (code(call("eth_sendRawTransaction")), code(call("eth_sendRawTransaction", "0xzz"))) == (-32602,) * 2
    assert code(call("eth_sendRawTransaction", "0x02c0")) == -32602
    assert code({**call("evm_mine"), "params": {"timestamp": 1}}) == -32602
    land(rpc, BOB)
    with pytest.raises(RpcError, match="nonce too low"):
        rpc.call("eth_sendRawTransaction", "0x" + payment(BOB, 0).raw.hex())


def land(rpc: JsonRpc, sender: Any) -> str:
    """One payment more of a sender, in a block; its id."""
    signed = payment(sender, nonce(rpc, sender.address))
    rpc.call("eth_sendRawTransaction", "0x" + signed.raw.hex())
    until(lambda: rpc.call("eth_getTransactionReceipt", signed.tx_id) is not None)
    return signed.tx_id


def test_a_page_of_any_origin_may_ask(node: EvmNode) -> None:
    status, headers, _ = posted(node, b"", "OPTIONS")
    assert (status, headers["access-control-allow-origin"], headers["access-control-allow-headers"]) == (200, "*", "*")
    assert "POST" in headers["access-control-allow-methods"]
    status, headers, _ = posted(node, json.dumps(call("eth_chainId")).encode())
    assert (status, headers["access-control-allow-origin"], headers["content-type"]) == (200, "*", "application/json")
    assert posted(node, b"", "GET")[0] == 200
    assert posted(node, b" " * 16_000_001)[0] == 413


def test_a_batch_is_answered_in_its_order_whatever_it_holds(node: EvmNode, rpc: JsonRpc) -> None:
    first = nonce(rpc, ALICE.address)
    payments = [payment(ALICE, first + place) for place in range(20)]
    sends = [call("eth_sendRawTransaction", "0x" + each.raw.hex(), number=each.tx_id) for each in payments]
    answers = asked(node, [call("eth_chainId", number=0), *sends, call("nothing_atAll", number=1), call("evm_mine", number=2)])
    assert [answer["id"] for answer in answers] == [0, *(each.tx_id for each in payments), 1, 2]
    assert [answer.get("result") for answer in answers[1:-2]] == [each.tx_id for each in payments]
    assert (answers[-2]["error"]["code"], answers[-1]["result"]) == (-32601, "0x0")
    assert nonce(rpc, ALICE.address, "latest") == first + 20
    reads = asked(node, [call("eth_blockNumber", number=7), call("eth_chainId", number=8)])
    assert {answer["id"] for answer in reads} == {7, 8}


@pytest.mark.parametrize("method", [
    "evm_snapshot", "evm_revert", "anvil_reset", "anvil_rollback", "anvil_reorg", "anvil_loadState", "evm_setAutomine",
    "evm_setIntervalMining", "anvil_setIntervalMining", "anvil_setBlockTimestampInterval", "anvil_setChainId",
    "anvil_setNextBlockBaseFeePerGas", "hardhat_reset", "eth_sendRawTransactionSync", "eth_sendUnsignedTransaction",
])  # fmt: skip
@pytest.mark.usefixtures("resting")
def test_what_a_replay_could_not_make_again_is_refused(rpc: JsonRpc, method: str) -> None:
    before = newest(rpc)
    with pytest.raises(RpcError, match=f"not supported by a chain that keeps a log: {method}") as refused:
        rpc.call(method, "0x1", [])
    assert (refused.value.code, newest(rpc)) == (-32004, before)


@pytest.mark.usefixtures("resting")
def test_time_moves_when_it_is_told_to_and_never_back(rpc: JsonRpc) -> None:
    number, at = newest(rpc)
    assert rpc.call("openscrip_setClock", at + 60) == at + 60
    assert newest(rpc) == (number + 1, at + 60)
    assert rpc.call("openscrip_setClock", at) == rpc.call("openscrip_getClock") == at + 60
    rpc.call("evm_mine")
    rpc.call("evm_mine", at + 70)
    rpc.call("evm_increaseTime", 5)
    rpc.call("evm_mine", {"timestamp": None, "blocks": 2})
    assert newest(rpc) == (number + 5, at + 75)
    rpc.call("anvil_mine", "0x3", "0xa")
    assert newest(rpc) == (number + 8, at + 95)
    rpc.call("evm_setNextBlockTimestamp", hex(at + 100))
    assert newest(rpc) == (number + 8, at + 95)
    rpc.call("eth_sendRawTransaction", "0x" + payment(CAROL, nonce(rpc, CAROL.address)).raw.hex())
    rpc.call("evm_mine")
    assert newest(rpc) == (number + 9, at + 100)
    for wrong in (["evm_setNextBlockTimestamp", at], ["evm_increaseTime", -1], ["anvil_mine", 10_001], ["evm_mine", "x"]):
        with pytest.raises(RpcError) as refused:
            rpc.call(str(wrong[0]), wrong[1])
        assert refused.value.code == -32602
    assert newest(rpc) == (number + 9, at + 100)


def test_one_block_follows_the_last_transaction__and_no_more(node: EvmNode, rpc: JsonRpc) -> None:
    """Whoever begins to watch for blocks once a payment is in one still hears of a block."""
    hashed = land(rpc, ALICE)
    held = int(rpc.call("eth_getTransactionReceipt", hashed)["blockNumber"], 16)
    until(lambda: newest(rpc)[0] == held + 1)
    assert rpc.call("eth_getBlockByNumber", hex(held + 1), False)["transactions"] == []
    node.rest()
    assert newest(rpc)[0] == held + 1
    node.rest(resting=False)


def test_a_resting_chain_mines_when_it_is_asked_to(node: EvmNode, rpc: JsonRpc) -> None:
    node.rest()
    before, signed = newest(rpc)[0], payment(BOB, nonce(rpc, BOB.address))
    rpc.call("eth_sendRawTransaction", "0x" + signed.raw.hex())
    assert (rpc.call("eth_getTransactionReceipt", signed.tx_id), newest(rpc)[0]) == (None, before)
    rpc.call("evm_mine")
    assert int(rpc.call("eth_getTransactionReceipt", signed.tx_id)["blockNumber"], 16) == newest(rpc)[0] == before + 1
    node.rest(resting=False)
    land(rpc, BOB)


def told(socket: ClientConnection, method: str, *params: object, number: int = 1) -> Any:
    """The answer over WebSocket, past what is told meanwhile."""
    socket.send(json.dumps(call(method, *params, number=number)))
    while True:
        answer = json.loads(socket.recv(timeout=60))
        if answer.get("id") == number:
            return answer.get("result", answer.get("error"))


def heard(socket: ClientConnection, subscription: str) -> Any:
    """The next notification of a subscription."""
    while True:
        said = json.loads(socket.recv(timeout=60))
        if said.get("method") == "eth_subscription" and said["params"]["subscription"] == subscription:
            return said["params"]["result"]


def test_heads_pending_transactions_and_chosen_logs_are_told_over_websocket(
    node: EvmNode, rpc: JsonRpc, socket: ClientConnection
) -> None:
    logger = "0x" + "1099" * 10
    rpc.call("anvil_setCode", logger, "0x3360005260206000a000")
    heads, pending = told(socket, "eth_subscribe", "newHeads"), told(socket, "eth_subscribe", "newPendingTransactions")
    chosen, others = (told(socket, "eth_subscribe", "logs", {"address": place}) for place in (logger, SINK))
    signed = payment(ALICE, nonce(rpc, ALICE.address), logger, 60_000)
    assert told(socket, "eth_sendRawTransaction", "0x" + signed.raw.hex()) == signed.tx_id
    receipt: dict[str, Any] = {}

    def landed() -> bool:
        receipt.update(rpc.call("eth_getTransactionReceipt", signed.tx_id) or {})
        return bool(receipt)

    until(landed)
    log = heard(socket, chosen)
    assert (log["transactionHash"], log["blockHash"], log["removed"]) == (signed.tx_id, receipt["blockHash"], False)
    assert told(socket, "eth_unsubscribe", others) is True
    assert told(socket, "eth_unsubscribe", others) is False
    rpc.call("evm_mine")
    head = heard(socket, heads)
    block = rpc.call("eth_getBlockByNumber", head["number"], False)
    assert {name: block[name] for name in head} == head
    assert set(block) - set(head) <= {"transactions", "uncles", "withdrawals", "size", "totalDifficulty"}
    second = land(rpc, BOB)
    assert heard(socket, pending) == second
    assert told(socket, "eth_subscribe", "everything")["code"] == -32602
    assert told(socket, "eth_chainId") == hex(CHAIN_ID)


@pytest.mark.crash
def test_a_subscription_goes_on_when_anvil_is_made_anew(node: EvmNode, rpc: JsonRpc, socket: ClientConnection) -> None:
    heads = told(socket, "eth_subscribe", "newHeads")
    (anvil,) = children_of(node.pid)
    os.kill(anvil, signal.SIGKILL)
    sent = land(rpc, ALICE)
    held = rpc.call("eth_getTransactionReceipt", sent)["blockHash"]
    while heard(socket, heads)["hash"] != held:  # empty blocks may come before
        pass


def test_a_burst_is_mined_to_the_last_transaction(node: EvmNode, rpc: JsonRpc) -> None:
    first = nonce(rpc, ALICE.address)
    burst = [payment(ALICE, first + place) for place in range(300)]
    answers = rpc.batch([("eth_sendRawTransaction", ["0x" + each.raw.hex()]) for each in burst])
    assert answers == [each.tx_id for each in burst]
    until(lambda: nonce(rpc, ALICE.address, "latest") == first + 300)


def test_the_command_says_where_it_answers_and_leaves_well_when_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openscrip.cli", "evm-node", "--port", "0", "--data", str(tmp_path), "--json"]
    hashes = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen([*command, "--at", "2024-06-03T12:00:00Z"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 30)[0]
            ready = json.loads(process.stdout.readline())
            rpc = JsonRpc(ready["rpc"])
            rpc.call("openscrip_setClock", ready["at"] + 60)
            left = rpc.call("eth_getBlockByNumber", "latest", False)["hash"]
            hashes.append((ready["block"], ready["at"], ready["hash"], left))
            rpc.close()
            (anvil,) = children_of(process.pid)
            process.send_signal(number)
            assert process.wait(60) == 0
            assert not Path(f"/proc/{anvil}").exists()
    assert hashes[0][:2] == (0, NOON)
    assert hashes[1][:3] == (1, NOON + 60, hashes[0][3])


def test_a_live_chain_follows_the_wall_clock(tmp_path: Path) -> None:
    began = time.time()
    with EvmNode(tmp_path, NODE_MODULES, live=True, durable=True) as node:
        rpc = JsonRpc(node.url)
        node.fund(ALICE.address)
        land(rpc, ALICE)
        assert began - 5 < newest(rpc)[1] < time.time() + 5
        rpc.close()
