"""Unmodified clients work against the node: solana-py's AsyncClient, and plain JSON-RPC."""

import asyncio
import base64
import http.client
import json
from typing import Any

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized
from solana.rpc.core import RPCException
from solana.rpc.models import TxOpts
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc, RpcError

pytestmark = pytest.mark.parts
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
SOL = 10**9


def pay(payer: Keypair, receiver: Pubkey, lamports: int, blockhash: Hash, memo: str = "") -> VersionedTransaction:
    gift = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=receiver, lamports=lamports))
    notes = [Instruction(MEMO, memo.encode(), [])] if memo else []
    message = Message.new_with_blockhash([gift, *notes], payer.pubkey(), blockhash)
    return VersionedTransaction(message, [payer])


def test_solana_py_airdrops_sends_confirms_and_reads_back(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            assert await client.is_connected()
            alice, bob = Keypair(), Keypair().pubkey()
            drop = await client.request_airdrop(alice.pubkey(), 2 * SOL)
            await client.confirm_transaction(drop.value, sleep_seconds=0.01)
            latest = (await client.get_latest_blockhash()).value
            sent = await client.send_transaction(pay(alice, bob, SOL, latest.blockhash, "rent"))
            confirmed = await client.confirm_transaction(
                sent.value, sleep_seconds=0.01, last_valid_block_height=latest.last_valid_block_height
            )
            assert confirmed.value[0] is not None
            assert confirmed.value[0].err is None
            assert (await client.get_balance(bob)).value == SOL
            assert (await client.get_balance(alice.pubkey())).value == SOL - 5000
            found = (await client.get_transaction(sent.value, "json")).value
            assert found is not None
            assert found.transaction.meta is not None
            assert found.transaction.meta.fee == 5000
            before, after = found.transaction.meta.pre_balances, found.transaction.meta.post_balances
            assert (before[0] - after[0], after[1] - before[1]) == (SOL + 5000, SOL)
            assert (await client.get_transaction(sent.value, "base64", max_supported_transaction_version=0)).value
            mentions = (await client.get_signatures_for_address(bob)).value
            assert [(m.signature, m.memo) for m in mentions] == [(sent.value, "[4] rent")]

    asyncio.run(scenario())


def test_solana_py_reads_node_fees_and_accounts(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Finalized) as client:
            someone = Keypair().pubkey()
            await client.request_airdrop(someone, SOL)
            assert (await client.get_version()).value.solana_core
            assert (await client.get_genesis_hash()).value != Hash.default()
            assert (await client.get_epoch_info()).value.absolute_slot >= 1
            slot = (await client.get_slot()).value
            assert (await client.get_block_height()).value >= slot
            assert (await client.get_block_time(slot)).value == 1_717_400_000
            assert (await client.get_minimum_balance_for_rent_exemption(355)).value == 3_361_680
            blockhash = (await client.get_latest_blockhash()).value.blockhash
            message = MessageV0.try_compile(someone, [], [], blockhash)
            assert (await client.get_fee_for_message(message)).value == 5000
            account = (await client.get_account_info(someone)).value
            assert account is not None
            assert account.lamports == SOL
            assert (await client.get_account_info(Keypair().pubkey())).value is None
            both = (await client.get_multiple_accounts([someone, Keypair().pubkey()])).value
            assert [a.lamports if a else None for a in both] == [SOL, None]

    asyncio.run(scenario())


def test_a_version_zero_transaction_lands_and_tells_its_version(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            alice = Keypair()
            await client.request_airdrop(alice.pubkey(), SOL)
            blockhash = (await client.get_latest_blockhash()).value.blockhash
            note = Instruction(MEMO, b"v0", [])
            message = MessageV0.try_compile(alice.pubkey(), [note], [], blockhash)
            sent = (await client.send_transaction(VersionedTransaction(message, [alice]))).value
            found = await client.get_transaction(sent, "json", max_supported_transaction_version=0)
            assert found.value is not None
            assert found.value.transaction.version == 0
            with pytest.raises(RPCException):
                await client.get_transaction(sent, "json")

    asyncio.run(scenario())


def test_a_failing_transaction_is_refused_by_preflight_and_lands_as_failed_without_it(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            alice = Keypair()
            await client.request_airdrop(alice.pubkey(), SOL)
            blockhash = (await client.get_latest_blockhash()).value.blockhash
            too_much = pay(alice, Keypair().pubkey(), 5 * SOL, blockhash)
            with pytest.raises(RPCException, match="custom program error: 0x1"):
                await client.send_transaction(too_much)
            assert (await client.get_signature_statuses([too_much.signatures[0]])).value == [None]
            sent = (await client.send_transaction(too_much, opts=TxOpts(skip_preflight=True))).value
            status = (await client.get_signature_statuses([sent])).value[0]
            assert status is not None
            assert "Custom(1)" in str(status.err)
            assert (await client.get_balance(alice.pubkey())).value == SOL - 5000

    asyncio.run(scenario())


def test_the_same_transaction_again_is_answered_with_its_signature_and_executed_once(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            alice, bob = Keypair(), Keypair().pubkey()
            await client.request_airdrop(alice.pubkey(), 5 * SOL)
            blockhash = (await client.get_latest_blockhash()).value.blockhash
            payment = pay(alice, bob, SOL, blockhash)
            answers = [(await client.send_transaction(payment)).value for _ in range(3)]
            assert set(answers) == {payment.signatures[0]}
            assert (await client.get_balance(bob)).value == SOL

    asyncio.run(scenario())


def test_two_equal_airdrops_are_two(rpc: JsonRpc) -> None:
    someone = str(Keypair().pubkey())
    first, second = (rpc.call("requestAirdrop", someone, SOL) for _ in range(2))
    assert first != second
    assert rpc.call("getBalance", someone)["value"] == 2 * SOL


def test_a_rehearsal_changes_nothing_and_shows_logs_and_accounts(node: SolanaNode) -> None:
    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            alice, bob = Keypair(), Keypair().pubkey()
            await client.request_airdrop(alice.pubkey(), 5 * SOL)
            blockhash = (await client.get_latest_blockhash()).value.blockhash
            payment = pay(alice, bob, SOL, blockhash)
            rehearsed = (await client.simulate_transaction(payment, sig_verify=True)).value
            assert rehearsed.err is None
            assert rehearsed.units_consumed == 150
            unsigned = VersionedTransaction.populate(payment.message, [Signature.default()])
            assert (await client.simulate_transaction(unsigned, sig_verify=False)).value.err is None
            for refused in (client.simulate_transaction(unsigned, sig_verify=True), client.send_transaction(unsigned)):
                with pytest.raises(RPCException, match="SignatureVerificationFailure"):
                    await refused
            assert (await client.get_balance(bob)).value == 0

    asyncio.run(scenario())


def post(node: SolanaNode, body: bytes) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    try:
        connection.request("POST", "/", body)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id":1,"method":"getNothing","params":[]}', -32601),
        (b'{"id":1,"method":"getBalance","params":{}}', -32602),
        (b'{"id":1,"method":"getBalance","params":["0OIl"]}', -32602),
        (b'{"id":1,"method":"getBalance","params":[null]}', -32602),
        (b'{"id":1,"method":"getBalance"}', -32602),
        (b'{"id":1,"method":"sendTransaction","params":["AAAA"]}', -32602),
        (b'{"id":1,"method":"sendTransaction","params":["AQ==",{"encoding":"base64"}]}', -32602),
        (b'{"id":1,"method":"sendTransaction","params":["AQ==",7]}', -32602),
        (b'{"id":1,"method":"getSignatureStatuses","params":[["x"]]}', -32602),
        (b'{"id":1,"method":"openscrip_setClock","params":["soon"]}', -32602),
        (b'{"id":1,"method":"openscrip_setClock","params":[-1]}', -32602),
    ],
)
def test_a_malformed_request_is_answered_with_its_error_code(node: SolanaNode, body: bytes, code: int) -> None:
    assert post(node, body)["error"]["code"] == code


def test_a_batch_is_answered_in_order_with_errors_in_their_places(node: SolanaNode) -> None:
    asked = [{"id": 1, "method": "getHealth"}, {"id": 2, "method": "none"}, {"id": 3, "method": "getSlot"}]
    answers = post(node, json.dumps(asked).encode())
    assert [a["id"] for a in answers] == [1, 2, 3]
    assert answers[0]["result"] == "ok"
    assert "error" in answers[1]
    assert answers[2]["result"] >= 1


def test_a_garbled_transaction_is_refused_and_the_node_lives(rpc: JsonRpc) -> None:
    alice = Keypair()
    rpc.call("requestAirdrop", str(alice.pubkey()), SOL)
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    raw = bytes(pay(alice, Keypair().pubkey(), SOL // 2, blockhash, "x" * 20))
    options = {"encoding": "base64", "skipPreflight": True}
    for place in range(len(raw)):
        garbled = raw[:place] + bytes([raw[place] ^ 0x41]) + raw[place + 1 :]
        with pytest.raises(RpcError):
            rpc.call("sendTransaction", _base64(garbled), options)
    assert rpc.call("sendTransaction", _base64(raw), options)


def test_a_blockhash_that_was_never_issued_is_refused(rpc: JsonRpc) -> None:
    alice = Keypair()
    rpc.call("requestAirdrop", str(alice.pubkey()), SOL)
    raw = bytes(pay(alice, Keypair().pubkey(), SOL // 2, Hash(bytes(32))))
    with pytest.raises(RpcError, match="Blockhash not found") as refusal:
        rpc.call("sendTransaction", _base64(raw), {"encoding": "base64"})
    assert refusal.value.code == -32002


def test_a_blockhash_serves_150_slots_and_no_longer(rpc: JsonRpc) -> None:
    alice = Keypair()
    rpc.call("requestAirdrop", str(alice.pubkey()), SOL)
    latest = rpc.call("getLatestBlockhash")["value"]
    payments = [pay(alice, Keypair().pubkey(), SOL // 10 + count, Hash.from_string(latest["blockhash"])) for count in range(2)]
    rpc.call("openscrip_skipSlots", 100)
    assert rpc.call("sendTransaction", _base64(bytes(payments[0])), {"encoding": "base64"})
    rpc.call("openscrip_skipSlots", 50)
    assert rpc.call("getBlockHeight", {"commitment": "processed"}) > latest["lastValidBlockHeight"]
    assert not rpc.call("isBlockhashValid", latest["blockhash"])["value"]
    with pytest.raises(RpcError, match="Blockhash not found"):
        rpc.call("sendTransaction", _base64(bytes(payments[1])), {"encoding": "base64"})
    assert rpc.call("sendTransaction", _base64(bytes(payments[0])), {"encoding": "base64"}), "it landed: answered"


def test_market_time_moves_only_when_told_and_never_back(rpc: JsonRpc) -> None:
    was = rpc.call("openscrip_getClock")
    assert rpc.call("openscrip_setClock", was + 3600) == was + 3600
    assert rpc.call("openscrip_setClock", was) == was + 3600
    sysvar = rpc.call("getAccountInfo", "SysvarC1ock11111111111111111111111111111111", {"encoding": "base64"})
    data = _unbase64(sysvar["value"]["data"][0])
    assert int.from_bytes(data[32:40], "little") == was + 3600
    assert rpc.call("getBlockTime", rpc.call("getSlot", {"commitment": "processed"})) == was + 3600


def test_history_is_paged_by_before_until_and_limit(rpc: JsonRpc) -> None:
    someone = str(Keypair().pubkey())
    oldest_first = [rpc.call("requestAirdrop", someone, SOL) for _ in range(5)]
    newest_first = oldest_first[::-1]

    def page(**options: object) -> list[str]:
        return [mention["signature"] for mention in rpc.call("getSignaturesForAddress", someone, options)]

    assert page() == newest_first
    assert page(limit=2) == newest_first[:2]
    assert page(before=newest_first[1]) == newest_first[2:]
    assert page(until=newest_first[3]) == newest_first[:3]
    assert page(before=newest_first[0], until=newest_first[3]) == newest_first[1:3]
    assert page(before=str(Signature.default())) == []


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text)
