"""The index: transfers read, decoded and committed per second from the local node, and a snapshot of a million holders.

Run alone: `python -m bench.index`. What was indexed is compared with the contract's own supply and balances afterwards; a
rate of a wrong index is no rate. The snapshot is measured in a process of its own, with its peak memory.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.meter import CHAIN_ID, NODE_MODULES, Meter, key
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page
from openscrip.issuance.indexer.snapshot import tree_of
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.kernel.merkle_sum import check_proof
from openscrip.runtime.database import sqlite_url

TRANSFERS, AT_ONCE, RECEIVERS = 40_000, 2_000, 5_000
HOLDERS = 1_000_000
_CROWD = "0x" + "c7" * 20
# By hand, in the machine's own words: transfer(first + i, 1) of the token in word 0 for i = count ... 1; words 1 and 2.
_CROWD_CODE = (
    "0x63a9059cbb60e01b5f526001602452604035"  # memory: the selector of transfer(address,uint256), one atom; the count
    "5b80156035578060203501600452"  # while the count is not 0: the receiver
    "5f5f60445f5f5f355af1156037576001900360125"  # call, and count down
    "65b005b5f5ffd"  # the end, and the refusal
)


def crowded(meter: Meter, transfers: int) -> None:
    """That many transfers of one atom, in blocks of `AT_ONCE`."""
    meter.rpc.call("anvil_setCode", _CROWD, _CROWD_CODE)
    meter.token_gas("alice", "transfer", _CROWD, transfers)
    words = (int(meter.token, 16), None, AT_ONCE)
    for first in range(0, transfers, AT_ONCE):
        start = (1 << 80) + first % RECEIVERS
        data = b"".join((start if word is None else word).to_bytes(32, "big") for word in words)
        call = {
            "from": key("alice").address,
            "to": _CROWD,
            "data": "0x" + data.hex(),
            "gas": hex(190_000_000),
            "gasPrice": "0x0",
        }
        meter.rpc.call("eth_sendTransaction", call)
        meter.rpc.call("evm_mine")


def index_rates(folder: Path | None = None, runs: int = 3) -> list[float]:
    """Transfers a second, from the node's answer to the commit, over several runs."""
    with tempfile.TemporaryDirectory(dir=folder) as place, _node(Path(place) / "evm") as evm:
        meter = Meter(evm)
        evm.rest()
        meter.issuer_gas("report_and_mint", *meter.report(), *meter.voucher())
        crowded(meter, TRANSFERS)
        return [_run(meter, Path(place) / f"index-{number}.db") for number in range(runs)]


def _node(folder: Path) -> EvmNode:
    return EvmNode(folder, NODE_MODULES, chain_id=CHAIN_ID, start_at=1_717_400_000)


def _run(meter: Meter, path: Path) -> float:
    store = IndexStore.open(sqlite_url(path))
    store.follow("evm", [meter.token])
    began = time.perf_counter()
    Indexer(store, EvmHistory("evm", meter.rpc)).catch_up()
    taken = time.perf_counter() - began
    if store.supply("evm", meter.token).atoms != meter.standing()[0]:
        raise RuntimeError("bench: the index and the contract told another supply")
    for holder, atoms in store.holders("evm", meter.token).entries[::500]:
        if meter.node.read(own("StockToken"), meter.token, "balanceOf", holder)[0] != atoms:
            raise RuntimeError(f"bench: the index told another balance of {holder}")
    store.close()
    return TRANSFERS / taken


def snapshot_figures(folder: Path | None = None, runs: int = 3) -> dict[str, list[float]]:
    """Seconds and peak MiB of a snapshot of a million holders with its root, and ms of making and checking one proof."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        url = sqlite_url(Path(place) / "index.db")
        many_holders(url)
        for _ in range(runs):
            command = [sys.executable, "-m", "bench.index", "--snapshot", url]
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
            for name, value in json.loads(told).items():
                found.setdefault(name, []).append(value)
    return found


def many_holders(url: str) -> None:
    """An index of a million holders, each minted to once and a tenth of them twice."""
    store = IndexStore.open(url)
    store.follow("evm", ["token"])
    at_once = 50_000
    for number in range(HOLDERS * 11 // 10 // at_once):
        who = [(number * at_once + place) % HOLDERS for place in range(at_once)]
        moved = tuple(
            Moved("token", ALL, f"0x{each * 2_654_435_761 % 2**32:040x}", 10**18 + each, place, f"0x{each:064x}")
            for place, each in enumerate(who)
        )
        page = Page((Block(number, moved),), (number, f"hash {number}"), ())
        store.append("evm", store.cursors("evm"), page, number)
    store.close()


def _snapshot(url: str) -> dict[str, float]:
    """What this process, which does nothing else, needs for one snapshot of the newest block and one of an older."""
    store = IndexStore.open(url)
    newest = store.cursors("evm")[0].number
    began = time.perf_counter()
    tree = tree_of(store.holders("evm", "token", newest))
    figures = {"seconds": time.perf_counter() - began, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    if tree.count != HOLDERS or tree.total != store.supply("evm", "token").atoms:
        raise RuntimeError(f"bench: the snapshot was of {tree.count} holders with {tree.total}")
    began = time.perf_counter()
    proof = tree.proof(f"0x{777_777 * 2_654_435_761 % 2**32:040x}")
    figures["prove_ms"] = (time.perf_counter() - began) * 1_000
    began = time.perf_counter()
    check_proof(proof, tree.root, tree.total)
    figures["check_ms"] = (time.perf_counter() - began) * 1_000
    began = time.perf_counter()
    past = tree_of(store.holders("evm", "token", newest - 1))
    figures["past_seconds"] = time.perf_counter() - began
    if past.root == tree.root or past.count != HOLDERS:
        raise RuntimeError("bench: an older block had the same root")
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["--snapshot"]:
        print(json.dumps(_snapshot(sys.argv[2])))
    else:
        print(json.dumps({"rate": index_rates(), "snapshot": snapshot_figures()}))
