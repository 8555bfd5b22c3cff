"""`openscrip solana-node` as a person runs it: it says where it answers, takes web3.js's default port, and ends well."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from tests.issuance.nodes.solana_stage import MEMO, SOL, START_AT, our_mint, run_client
from tests.issuance.nodes.test_solana_genesis import bundled

from openscrip.cli import main
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts
START_S = 90


@contextmanager
def command(folder: Path, *options: str, ends_by: signal.Signals = signal.SIGINT) -> Iterator[dict[str, Any]]:
    words = [sys.executable, "-m", "openscrip.cli", "solana-node", "--json", "--data", str(folder), *options]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], START_S)[0], "it did not become ready"
    try:
        yield json.loads(process.stdout.readline())
        process.send_signal(ends_by)
        assert process.wait(START_S) == 0
    finally:
        process.kill()
        process.wait(START_S)
        process.stdout.close()


def two_free_ports() -> int:
    """A free port whose next one is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def test_the_command__serves_web3_js_by_its_default_socket_and_goes_on_where_it_was(tmp_path: Path) -> None:
    port, receiver, program = two_free_ports(), str(Keypair().pubkey()), Keypair().pubkey()
    built = tmp_path / "program.so"
    built.write_bytes(bundled(MEMO))
    options = ("--port", str(port), "--at", "2024-06-03T12:00:00Z")
    with command(tmp_path, *options, "--program", f"{program}={built}") as told:
        assert told["rpc"] == f"http://127.0.0.1:{port}"
        assert told["ws"] == f"ws://127.0.0.1:{port + 1}"
        assert told["at"] == START_AT + 16_000
        rpc = JsonRpc(told["rpc"])
        mint, holder = our_mint(rpc), Keypair().pubkey()
        mint.give(rpc, holder, 100_050_000_000)
        assert run_client("web3.mjs", told["rpc"], "", str(mint.key), str(holder))["shown"] == "1000.5"
        rpc.call("requestAirdrop", receiver, SOL)
        assert rpc.call("getAccountInfo", str(program), {"encoding": "base64"})["value"]["executable"]
        count = rpc.call("getTransactionCount")
        rpc.close()
    with command(tmp_path, "--port", "0", ends_by=signal.SIGTERM) as again:
        assert (again["genesis"], again["transactions"]) == (told["genesis"], count)
        rpc = JsonRpc(again["rpc"])
        assert rpc.call("getBalance", receiver)["value"] == SOL
        assert rpc.call("getAccountInfo", str(program), {"encoding": "base64"})["value"]["executable"]
        rpc.close()


def test_a_bad_cluster__is_played_from_the_command_line(tmp_path: Path) -> None:
    options = ("--port", "0", "--confirm-slots", "100000", "--drop-every", "2", "--blockhash-slots", "3")
    with command(tmp_path, *options) as told:
        rpc = JsonRpc(told["rpc"])
        sent = rpc.call("requestAirdrop", str(Keypair().pubkey()), SOL)
        assert rpc.call("getSignatureStatuses", [sent])["value"][0]["confirmationStatus"] == "processed"
        faults = rpc.call("openscrip_setFaults", {})
        assert faults == {"confirmSlots": 100_000, "finalizeSlots": 0, "dropEvery": 2, "blockhashSlots": 3}
        rpc.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--port", "70000"], "was no port from 0 to 65535"),
        (["--port", "0", "--at", "soon"], "was not an instant"),
        (["--port", "0", "--program", "x=y"], "did not read ID=PATH"),
        (["--port", "0", "--drop-every", "-1"], "was no drop-every"),
    ],
)
def test_wrong_options__are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    assert main(["solana-node", "--data", str(tmp_path), *options]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_port_or_folder_that_is_taken__is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with command(tmp_path, "--port", "0") as told:
        port = told["rpc"].rsplit(":", 1)[1]
        assert main(["solana-node", "--data", str(tmp_path / "other"), "--port", port]) == 3
        assert "was taken" in capsys.readouterr().err
        assert main(["solana-node", "--data", str(tmp_path), "--port", "0"]) == 3
        assert "in use by another node" in capsys.readouterr().err
