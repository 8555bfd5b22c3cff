"""solana-py reads strictly: every method of its AsyncClient is answered in the shape it parses, and its socket confirms."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.models import TokenAccountOpts
from solana.rpc.websocket_api import SolanaWsClient
from solders.account_decoder import ParsedAccount
from solders.keypair import Keypair
from solders.rpc.config import RpcTransactionLogsFilter
from solders.rpc.responses import AccountNotification, SignatureNotification, SlotNotification
from solders.signature import Signature
from tests.issuance.nodes.solana_stage import SOL, our_mint, payment, rich, send, signed

from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts


def test_solana_py__reads_tokens_blocks_and_the_cluster(node: SolanaNode, rpc: JsonRpc) -> None:
    mint, holder = our_mint(rpc), Keypair().pubkey()
    account = mint.account(holder)
    sent = Signature.from_string(mint.give(rpc, holder, 125_000_000))
    slot = rpc.call("getSignatureStatuses", [str(sent)])["value"][0]["slot"]
    rpc.call("openscrip_skipSlots", 1)

    async def scenario() -> None:
        async with AsyncClient(node.url, commitment=Confirmed) as client:
            balance = (await client.get_token_account_balance(account)).value
            assert (balance.ui_amount_string, balance.amount, balance.decimals) == ("1.25", "125000000", 8)
            assert (await client.get_token_supply(mint.key)).value.ui_amount == 1.25
            assert (await client.get_token_largest_accounts(mint.key)).value[0].address == account
            held = (await client.get_token_accounts_by_owner(holder, TokenAccountOpts(mint=mint.key))).value
            assert [one.pubkey for one in held] == [account]
            parsed = (await client.get_token_accounts_by_owner_json_parsed(holder, TokenAccountOpts(mint=mint.key))).value
            assert '"uiAmountString":"1.25"' in parsed[0].account.data.to_json()
            read = (await client.get_account_info_json_parsed(mint.key)).value
            assert read is not None
            assert isinstance(read.data, ParsedAccount)
            assert '"supply":"125000000"' in read.data.to_json()
            found = (await client.get_transaction(sent, "jsonParsed", max_supported_transaction_version=0)).value
            assert found is not None
            assert found.transaction.meta is not None
            assert found.transaction.meta.post_token_balances
            assert (await client.get_blocks(slot, slot)).value == [slot]
            block = (await client.get_block(slot, "json", max_supported_transaction_version=0)).value
            assert block is not None
            assert block.parent_slot < slot
            assert (await client.get_block(slot, "jsonParsed", max_supported_transaction_version=0)).value is not None
            assert len((await client.get_program_accounts(mint.owner.pubkey())).value) == 0
            await reads_the_cluster(client, mint.key)

    asyncio.run(scenario())


async def reads_the_cluster(client: AsyncClient, mint: Any) -> None:
    asked: list[Awaitable[Any]] = [
        client.get_cluster_nodes(),
        client.get_epoch_schedule(),
        client.get_first_available_block(),
        client.get_identity(),
        client.get_inflation_governor(),
        client.get_inflation_rate(),
        client.get_inflation_reward([mint]),
        client.get_largest_accounts(),
        client.get_leader_schedule(),
        client.get_minimum_ledger_slot(),
        client.get_recent_performance_samples(),
        client.get_recent_prioritization_fees(),
        client.get_slot_leader(),
        client.get_slot_leaders(1, 3),
        client.get_supply(),
        client.get_transaction_count(),
        client.get_vote_accounts(),
        client.get_block_commitment(1),
    ]
    for one in asked:
        assert await one is not None


def test_solana_py__confirms_and_follows_by_its_socket(node: SolanaNode, rpc: JsonRpc) -> None:
    payer, receiver = rich(rpc), Keypair().pubkey()

    async def scenario() -> None:
        async with SolanaWsClient(node.socket_url) as ws:
            await ws.account_subscribe(pubkey=receiver, commitment=Confirmed, encoding="base64")
            slots = await ws.slot_subscribe()
            assert isinstance(await ws.recv(), SlotNotification)
            await ws.unsubscribe(slots)
            sent = Signature.from_string(send(rpc, payer, payment(payer, receiver, SOL)))
            await ws.signature_subscribe(signature=sent, commitment=Confirmed)
            heard = [await ws.recv(), await ws.recv()]
            accounts = [one.result.value for one in heard if isinstance(one, AccountNotification)]
            errors = [one.result.value.err for one in heard if isinstance(one, SignatureNotification)]
            assert [one.lamports for one in accounts] == [SOL]
            assert errors == [None]
            logs = await ws.logs_subscribe(filter_=RpcTransactionLogsFilter.All)
            await asyncio.to_thread(send, rpc, payer, payment(payer, receiver, SOL + 1))
            assert await ws.recv() is not None
            await ws.unsubscribe(logs)

    asyncio.run(scenario())


def test_a_lost_transaction__is_answered_and_never_lands(own_node: SolanaNode, own_rpc: JsonRpc) -> None:
    rpc, receiver = own_rpc, Keypair().pubkey()
    payer = rich(rpc)
    assert rpc.call("openscrip_setFaults", {"dropEvery": 2, "blockhashSlots": 10})["dropEvery"] == 2
    raws = [signed(rpc, payer, payment(payer, receiver, SOL + number)) for number in range(4)]
    sent = [rpc.call("sendTransaction", raw, {"encoding": "base64"}) for raw in raws]
    statuses = rpc.call("getSignatureStatuses", sent)["value"]
    assert [status is not None for status in statuses] == [True, False, True, False]
    assert rpc.call("getBalance", str(receiver))["value"] == 2 * SOL + 2
    latest = rpc.call("getLatestBlockhash")["value"]
    assert rpc.call("isBlockhashValid", latest["blockhash"])["value"]
    rpc.call("openscrip_skipSlots", 10)
    assert not rpc.call("isBlockhashValid", latest["blockhash"])["value"]
    own_node.kill()
    own_node.start()
    assert rpc.call("isBlockhashValid", latest["blockhash"])["value"], "faults are the process's, not the chain's"
