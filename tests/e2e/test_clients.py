"""Wallets, clients and tools of others, unmodified, against the two chains of `openscrip up`."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from tests.e2e.stack import Up, eventually
from tests.issuance.nodes.evm_crowd import children_of
from tests.issuance.nodes.solana_stage import run_client
from tests.thirdparty.solidity import node as node_js

from openscrip.bootstrap.places import Places
from openscrip.issuance.chains.solana import token_program
from openscrip.issuance.rpc import JsonRpc
from openscrip.runtime.keys import KeyKind, Keystore

pytestmark = pytest.mark.parts
WALLET = Path(__file__).parents[1] / "issuance" / "nodes" / "evm_wallet.mjs"
RECEIVER = "0x" + "2c" * 20
TWO = 2 * 10**18


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    for chain in ("evm", "solana"):
        running.told_by("subscribe", "TSLA", "2", "--client", "alice", "--chain", chain, "--paper", "--wait")
    yield running
    running.stop(signal.SIGKILL)


@pytest.fixture
def rpc(up: Up) -> Iterator[JsonRpc]:
    asked = JsonRpc(up.doors["evm_rpc"])
    yield asked
    asked.close()


def token(up: Up) -> str:
    (listed,) = [each for each in up.told_by("tokenlist")["tokens"] if each["chainId"] == 31337]
    return str(listed["address"])


def test_a_holders_browser_wallet_reads_and_moves_the_token(up: Up) -> None:
    key = Keystore(Places(up.data).wallets).load("alice-evm", KeyKind.SECP256K1)
    done = subprocess.run(
        [node_js(), str(WALLET), up.doors["evm_rpc"], "0x" + key.secret.hex(), RECEIVER, token(up)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    saw = json.loads(done.stdout)
    assert (saw["unknownChain"], saw["changes"], saw["chainId"]) == (4902, ["0x7a69"], 31337)
    assert [name for name in ("message", "typed", "inBlock", "reverted", "sameReceipt") if not saw[name]] == []
    assert saw["heard"] == {"logs": saw["logs"], "head": True, "pending": True}
    assert saw["token"] == {
        "symbol": "TSLAx", "multiplier": str(10**18), "held": str(TWO), "moved": [str(10**15)], "received": str(10**15),
        "tooMuch": "token: balance was too small",
    }  # fmt: skip
    assert up.told_by("status")["stocks"][0]["raw_supply"]["evm"] == "2"


def test_plain_calls_as_cast_makes_them_read_the_token_and_are_refused_in_its_words(up: Up, rpc: JsonRpc) -> None:
    """The bodies of `cast call TOKEN "totalSupply()"` and of a transfer that its sender cannot afford."""
    stock = token(up)
    assert int(rpc.call("eth_call", {"to": stock, "data": "0x18160ddd"}, "latest"), 16) == TWO
    transfer = "0xa9059cbb" + RECEIVER[2:].zfill(64) + f"{10**30:064x}"
    call = {"from": RECEIVER, "to": stock, "data": transfer}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_estimateGas", "params": [call]}
    answer: dict[str, Any] = up.http.post(up.doors["evm_rpc"], json=asked).json()
    assert answer["error"]["code"] == 3
    assert bytes.fromhex(answer["error"]["data"][2:])[68:].startswith(b"token: balance was too small")


def test_the_stack_goes_on_when_its_chain_is_killed_under_it(up: Up, rpc: JsonRpc) -> None:
    before = rpc.call("eth_getBlockByNumber", "latest", True)
    (face,) = [pid for pid in up.children() if b"openscrip.issuance.nodes.evm" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    (anvil,) = children_of(face)
    os.kill(anvil, signal.SIGKILL)
    assert rpc.call("eth_getBlockByNumber", before["number"], True) == before
    up.told_by("subscribe", "TSLA", "1", "--client", "alice", "--chain", "evm", "--paper", "--wait")
    assert eventually(lambda: up.told_by("status")["stocks"][0]["raw_supply"]["evm"] == "3")


@pytest.fixture
def mint(up: Up) -> str:
    return str(up.told_by("status")["stocks"][0]["tokens"]["solana"])


@pytest.fixture
def holder(up: Up) -> Keypair:
    return Keypair.from_seed(Keystore(Places(up.data).wallets).load("alice-solana", KeyKind.ED25519).secret)


def test_web3_js_spl_token_and_kit_read_and_move_the_token(up: Up, mint: str, holder: Keypair) -> None:
    address = up.doors["solana_rpc"]
    saw = run_client("holder.mjs", address, address.replace("http:", "ws:"), mint, bytes(holder.secret()).hex())
    friend = saw.pop("friend")
    assert saw == {
        "symbol": "TSLAx", "decimals": 8, "multiplier": 1, "paused": False, "hasOneAuthority": True, "held": "2",
        "received": "25000000", "left": "1.7",
    }  # fmt: skip
    assert up.told_by("status")["stocks"][0]["raw_supply"]["solana"] == "2"
    held = eventually(lambda: friend in json.dumps(up.told_by("holders", "TSLA", "--chain", "solana")))
    assert held, "the indexer saw who received it"


def test_solana_py_reads_and_moves_the_token(up: Up, mint: str, holder: Keypair) -> None:
    friend, key = Keypair().pubkey(), Pubkey.from_string(mint)
    mine, his = (token_program.associated_account(owner, key) for owner in (holder.pubkey(), friend))

    async def scenario() -> None:
        async with AsyncClient(up.doors["solana_rpc"], commitment=Confirmed) as client:
            dropped = await client.request_airdrop(holder.pubkey(), 10**9)
            await client.confirm_transaction(dropped.value, sleep_seconds=0.01)
            before = (await client.get_token_account_balance(mine)).value
            latest = (await client.get_latest_blockhash()).value
            authority = token_program.Authority(holder.pubkey())
            steps = [
                token_program.create_associated_account(holder.pubkey(), friend, key),
                token_program.transfer_checked(mine, key, his, authority, 10_000_000, 8),
            ]
            message = MessageV0.try_compile(holder.pubkey(), steps, [], latest.blockhash)
            sent = (await client.send_transaction(VersionedTransaction(message, [holder]))).value
            done = await client.confirm_transaction(
                sent, sleep_seconds=0.01, last_valid_block_height=latest.last_valid_block_height
            )
            assert done.value[0] is not None
            assert done.value[0].err is None
            after = (await client.get_token_account_balance(mine)).value
            assert int(before.amount) - int(after.amount) == 10_000_000
            assert (await client.get_token_account_balance(his)).value.ui_amount_string == "0.1"

    asyncio.run(scenario())
