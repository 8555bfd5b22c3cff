"""The embedded EVM chain: market time, bursts, its state on disk, and its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees, Transaction, sign_transaction
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import KeyKind, LocalKey

pytestmark = pytest.mark.parts
NODE_MODULES = Path(__file__).parents[2] / "node_modules"
NOON, SENDER = 1_717_416_000, EvmAccount(LocalKey(KeyKind.SECP256K1, b"\x11" * 32))


@pytest.fixture
def rpc_of() -> Iterator[Callable[[EvmNode], JsonRpc]]:
    made: list[JsonRpc] = []

    def make(node: EvmNode) -> JsonRpc:
        made.append(JsonRpc(node.url))
        return made[-1]

    yield make
    for each in made:
        each.close()


def head(rpc: JsonRpc) -> tuple[int, int]:
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    return int(block["number"], 16), int(block["timestamp"], 16)


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "the node did not get there in time"
        time.sleep(0.01)


def burst(node: EvmNode, rpc: JsonRpc, count: int) -> None:
    node.fund(SENDER.address)
    start = int(rpc.call("eth_getTransactionCount", SENDER.address, "latest"), 16)
    call = Transaction("0x" + "22" * 20, b"", 21_000)
    for nonce in range(start, start + count):
        raw = sign_transaction(call, SENDER, nonce, node.chain_id, Fees()).raw
        rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
    until(lambda: int(rpc.call("eth_getTransactionCount", SENDER.address, "latest"), 16) == start + count)


@pytest.mark.parametrize("durable", [False, True])
def test_every_block_carries_the_market_time_that_was_pushed(
    tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc], durable: bool
) -> None:
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON, durable=durable) as node:
        rpc = rpc_of(node)
        assert head(rpc) == (0, NOON)
        burst(node, rpc, 3)
        assert head(rpc)[1] == NOON
        node.set_time(NOON + 3_600)
        assert head(rpc)[1] == NOON + 3_600
        node.set_time(NOON)
        burst(node, rpc, 1)
        assert head(rpc)[1] == NOON + 3_600


def test_a_burst_is_mined_to_the_last_transaction(tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc]) -> None:
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON) as node:
        rpc = rpc_of(node)
        burst(node, rpc, 300)
        # A block counts before its transactions leave the pool.
        until(lambda: rpc.call("txpool_status") == {"pending": "0x0", "queued": "0x0"})


@pytest.mark.parametrize("durable", [False, True])
def test_state_and_time_survive_a_stop(tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc], durable: bool) -> None:
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON, durable=durable) as node:
        node.set_time(NOON + 60)
        burst(node, rpc_of(node), 2)
        before = head(rpc_of(node))
    with EvmNode(tmp_path, NODE_MODULES, durable=durable) as node:
        rpc = rpc_of(node)
        assert head(rpc) == before
        assert int(rpc.call("eth_getTransactionCount", SENDER.address, "latest"), 16) == 2
        burst(node, rpc, 1)
        assert head(rpc) == (before[0] + 1, NOON + 60)


def test_history_lies_in_the_chains_own_folder_and_goes_with_the_run(
    tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc]
) -> None:
    left = tmp_path / "history" / "left"
    left.mkdir(parents=True)
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON) as node:
        rpc = rpc_of(node)
        assert not left.exists()
        node.fund(SENDER.address)
        funded = head(rpc)[0]
        rpc.call("anvil_mine", hex(700))
        until(lambda: any((tmp_path / "history").rglob("*.json")))
        assert int(rpc.call("eth_getBalance", SENDER.address, hex(funded + 1)), 16) > 0
    assert not (tmp_path / "history").exists()


def test_a_state_file_that_was_cut_short_gives_way_to_the_one_before(
    tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc]
) -> None:
    for count in (1, 2):
        with EvmNode(tmp_path, NODE_MODULES, start_at=NOON) as node:
            burst(node, rpc_of(node), count)
    state = tmp_path / "state.json"
    state.write_bytes(state.read_bytes()[:-20])
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON) as node:
        assert int(rpc_of(node).call("eth_getTransactionCount", SENDER.address, "latest"), 16) == 1


def test_live_blocks_follow_the_wall_clock(tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc]) -> None:
    began = time.time()
    with EvmNode(tmp_path, NODE_MODULES, live=True) as node:
        rpc = rpc_of(node)
        burst(node, rpc, 1)
        assert began - 5 < head(rpc)[1] < time.time() + 5


@pytest.mark.parametrize("durable", [False, True])
def test_the_chain_ends_when_its_parent_is_killed(tmp_path: Path, durable: bool) -> None:
    program = (
        "import sys, time; from pathlib import Path; from openscrip.issuance.nodes.evm import EvmNode\n"
        "node = EvmNode(Path(sys.argv[1]), Path(sys.argv[2]), durable=bool(sys.argv[3:]))\n"
        "node.start(); print(node.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(NODE_MODULES), *(["durable"] if durable else [])]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        anvil = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait(60)
        until(lambda: not _runs(anvil))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("durable", [False, True])
def test_a_taken_port_or_a_missing_binary_is_an_error_in_words(tmp_path: Path, durable: bool) -> None:
    with pytest.raises(Refused, match="was not in node_modules"):
        EvmNode(tmp_path / "a", tmp_path, durable=durable).start()
    with EvmNode(tmp_path / "b", NODE_MODULES) as node:
        other = EvmNode(tmp_path / "c", NODE_MODULES, port=node.port, durable=durable)
        with pytest.raises(Refused, match="was taken by another program"):
            other.start()


def test_a_chain_that_need_not_recall__forgets_states_far_back_and_writes_none(
    tmp_path: Path, rpc_of: Callable[[EvmNode], JsonRpc]
) -> None:
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON, recalls=False) as node:
        rpc = rpc_of(node)
        node.fund(SENDER.address)
        funded = head(rpc)[0]
        rpc.call("anvil_mine", hex(700))
        assert int(rpc.call("eth_getBalance", SENDER.address, "latest"), 16) > 0
        with pytest.raises(RpcError):
            rpc.call("eth_getBalance", SENDER.address, hex(funded + 1))
        assert not (tmp_path / "history").exists()


def test_a_durable_chain__asked_to_forget__is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="durable chain recalls"):
        EvmNode(tmp_path, NODE_MODULES, durable=True, recalls=False)
