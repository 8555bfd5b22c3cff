"""SIGKILL at any moment under load: no answered or notified transaction is lost, none counts twice, the state is equal."""

import json
import random
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from tests.issuance.nodes.solana_stage import SOL, payment, rich, signed
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable

pytestmark = [pytest.mark.crash, pytest.mark.parts]
KILLS, LANES, PAGE = 20, 3, 200
FEE = 5_000


class Load:
    """Lanes that pay one receiver, each by amounts of its own, and a listener that notes what it is notified of."""

    def __init__(self, url: str, socket_url: str) -> None:
        self.url, self.socket_url = url, socket_url
        self.answered: dict[str, int] = {}
        self.notified: list[str] = []
        self.receiver = Keypair().pubkey()
        self._amount = 1_000_000
        self._lock = threading.Lock()

    def round(self, payers: list[Keypair]) -> list[threading.Thread]:
        """Start everybody; each ends when the node is gone."""
        work = [threading.Thread(target=self._pay, args=(payer,)) for payer in payers]
        work.append(threading.Thread(target=self._listen))
        for one in work:
            one.start()
        return work

    def _pay(self, payer: Keypair) -> None:
        rpc = JsonRpc(self.url, timeout_s=30)
        with suppress(Unavailable, RpcError):
            while True:
                with self._lock:
                    self._amount += 1
                    lamports = self._amount
                raw = signed(rpc, payer, payment(payer, self.receiver, lamports))
                sent = rpc.call("sendTransaction", raw, {"encoding": "base64"})
                self.answered[sent] = lamports
        rpc.close()

    def _listen(self) -> None:
        with suppress(ConnectionClosed, InvalidHandshake, OSError), connect(self.socket_url, close_timeout=0.1) as ws:
            ws.send(json.dumps({"id": 1, "method": "logsSubscribe", "params": [{"mentions": [str(self.receiver)]}]}))
            while True:
                told = json.loads(ws.recv())
                if told.get("method") == "logsNotification":
                    self.notified.append(told["params"]["result"]["value"]["signature"])


def everything_paid(rpc: JsonRpc, receiver: str) -> dict[str, int]:
    """Every payment by the chain's own records: signature and lamports."""
    found: dict[str, int] = {}
    options: dict[str, Any] = {"limit": PAGE}
    while page := rpc.call("getSignaturesForAddress", receiver, options):
        calls = [("getTransaction", (one["signature"], {"encoding": "json"})) for one in page]
        for landed in rpc.batch(calls):
            keys = landed["transaction"]["message"]["accountKeys"]
            place = keys.index(receiver)
            signature = landed["transaction"]["signatures"][0]
            assert signature not in found
            assert landed["meta"]["err"] is None
            found[signature] = landed["meta"]["postBalances"][place] - landed["meta"]["preBalances"][place]
        options["before"] = page[-1]["signature"]
    return found


def killed_while_starting(node: SolanaNode, folder: Path, after_s: float) -> None:
    command = [sys.executable, "-m", "openscrip.issuance.nodes.solana", "--port", str(node.port), "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    threading.Event().wait(after_s)
    process.kill()
    process.wait(60)


def test_a_node_killed_at_any_moment__loses_nothing_it_told_and_counts_nothing_twice(tmp_path: Path) -> None:
    chance, folder = random.Random(4), tmp_path / "solana"
    node = SolanaNode(folder)
    node.start()
    rpc = JsonRpc(node.url)
    payers = [rich(rpc, 1000) for _ in range(LANES)]
    load = Load(node.url, node.socket_url)
    for kill in range(KILLS):
        before = len(load.answered)
        work = load.round(payers)
        while len(load.answered) < before + 5:
            threading.Event().wait(0.002)
        threading.Event().wait(chance.random() * 0.1)
        node.kill()
        for one in work:
            one.join(10)
        if kill % 4 == 3:
            killed_while_starting(node, folder, chance.random() * 0.6)
        if kill % 7 == 6:
            (folder / "effects.log").unlink()
        node.start()
    paid = everything_paid(rpc, str(load.receiver))
    assert {sent: paid.get(sent) for sent in load.answered} == load.answered
    assert set(load.notified) <= set(paid)
    assert len(load.notified) == len(set(load.notified)) > 0
    assert rpc.call("getBalance", str(load.receiver))["value"] == sum(paid.values())
    held = sum(rpc.call("getBalance", str(payer.pubkey()))["value"] for payer in payers)
    assert held == LANES * 1000 * SOL - sum(paid.values()) - FEE * len(paid)
    rpc.close()
    node.stop()
