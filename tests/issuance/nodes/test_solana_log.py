"""SIGKILL loses nothing that was answered: the log is replayed, and a damaged one is not believed."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from openscrip.issuance.nodes.solana.log import Kind, Log, LogBroken, Record
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.nodes.solana.running import Progress
from openscrip.issuance.rpc import JsonRpc

SOL, LEAVES_S = 10**9, 60.0


def payment(rpc: JsonRpc, payer: Keypair, lamports: int) -> str:
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    gift = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=Pubkey(bytes([7] * 32)), lamports=lamports))
    message = Message.new_with_blockhash([gift], payer.pubkey(), blockhash)
    return base64.b64encode(bytes(Transaction([payer], message, blockhash))).decode()


@pytest.mark.crash
def test_a_killed_node_stands_where_it_stood(own_node: SolanaNode, own_rpc: JsonRpc) -> None:
    rpc, alice = own_rpc, Keypair()
    rpc.call("requestAirdrop", str(alice.pubkey()), 10 * SOL)
    rpc.call("openscrip_setClock", 1_717_500_000)
    kept = payment(rpc, alice, SOL)
    signature = rpc.call("sendTransaction", kept, {"encoding": "base64"})
    rpc.call("openscrip_skipSlots", 7)
    latest = rpc.call("getLatestBlockhash")["value"]["blockhash"]
    signed_before = payment(rpc, alice, 2 * SOL)
    status, slot = rpc.call("getSignatureStatuses", [signature])["value"], rpc.call("getSlot")
    landed = rpc.call("getTransaction", signature, {"encoding": "base64"})

    own_node.kill()
    own_node.start()

    assert rpc.call("openscrip_getClock") == 1_717_500_000
    assert rpc.call("getSlot") >= slot
    assert rpc.call("getSignatureStatuses", [signature])["value"] == status
    assert rpc.call("getTransaction", signature, {"encoding": "base64"}) == landed
    assert rpc.call("getBalance", str(alice.pubkey()))["value"] == 9 * SOL - 5000
    assert rpc.call("isBlockhashValid", latest)["value"], "hashes given out before the kill still serve"
    assert rpc.call("sendTransaction", signed_before, {"encoding": "base64"})
    assert rpc.call("sendTransaction", kept, {"encoding": "base64"}) == signature
    assert rpc.call("getBalance", str(alice.pubkey()))["value"] == 7 * SOL - 10_000


def records(path: Path) -> list[Record]:
    log = Log(path)
    try:
        return list(log.replay())
    finally:
        log.close()


def written(path: Path, count: int) -> list[Record]:
    log = Log(path)
    assert list(log.replay()) == []
    kept = [Record(Kind.TRANSACTION, slot, 1_717_000_000 + slot, bytes([slot] * 50)) for slot in range(count)]
    for record in kept:
        log.append(record)
    log.close()
    return kept


def test_a_record_cut_off_at_the_end_is_dropped_and_the_log_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    kept = written(path, 3)
    whole = path.read_bytes()
    for cut in range(1, len(whole) // 3):
        path.write_bytes(whole[:-cut])
        assert records(path) == kept[:2]
    log = Log(path)
    list(log.replay())
    log.append(kept[2])
    log.close()
    assert records(path) == kept


def test_a_damaged_record_before_the_end_stops_the_node(tmp_path: Path) -> None:
    path = tmp_path / "log"
    written(path, 3)
    damaged = bytearray(path.read_bytes())
    damaged[40] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(LogBroken, match="damaged"):
        records(path)


def test_a_long_replay__says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress(10, 100)
    assert capsys.readouterr().err == "", "not in the first second"
    progress.next_s = 0
    progress(37, 100)
    assert capsys.readouterr().err == "solana node: replayed 37 % of the log\n"


def test_a_data_folder_serves_one_node_at_a_time(tmp_path: Path) -> None:
    first = Log(tmp_path / "log")
    with pytest.raises(LogBroken, match="in use"):
        Log(tmp_path / "log")
    first.close()


PARENT = """
import sys
from pathlib import Path
from openscrip.issuance.nodes.solana.process import SolanaNode
node = SolanaNode(Path(sys.argv[1]))
node.start()
print(node.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.crash
def test_a_node_leaves_when_its_parent_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    node = int(parent.stdout.readline())
    parent.kill()
    parent.wait(60)
    ends = time.monotonic() + LEAVES_S
    while time.monotonic() < ends:
        try:
            log = Log(tmp_path / "transactions.log")
        except LogBroken:
            threading.Event().wait(0.02)
            continue
        log.close()
        break
    else:
        os.kill(node, signal.SIGKILL)
        pytest.fail(f"the node outlived its parent by {LEAVES_S} s")
    parent.stdout.close()
    parent.stdin.close()


def test_a_node_that_is_asked_to_stop_leaves_with_status_zero(own_node: SolanaNode) -> None:
    process = own_node._process
    assert process is not None
    own_node.stop()
    assert process.returncode == 0
