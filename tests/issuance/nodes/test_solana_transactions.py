"""What the node tells of transactions and blocks has the shape and the digits that a validator's clients expect."""

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import (
    AdvanceNonceAccountParams,
    CreateAccountParams,
    InitializeNonceAccountParams,
    advance_nonce_account,
    create_account,
    initialize_nonce_account,
)
from solders.transaction import VersionedTransaction
from tests.issuance.nodes.solana_stage import (
    DECIMALS,
    MEMO,
    SOL,
    START_AT,
    InProcess,
    OurMint,
    our_mint,
    payment,
    rich,
    send,
)

from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.rpc import RpcError

PARSED = {"encoding": "jsonParsed", "maxSupportedTransactionVersion": 0}


@pytest.fixture
def rpc(tmp_path: Path) -> Iterator[InProcess]:
    node = InProcess(tmp_path)
    yield node
    node.close()


@pytest.fixture
def mint(rpc: InProcess) -> OurMint:
    return our_mint(rpc)


def test_a_transfer__is_told_with_parsed_instructions_and_raw_token_balances(rpc: InProcess, mint: OurMint) -> None:
    alice, bob = rich(rpc), Keypair().pubkey()
    mint.give(rpc, alice.pubkey(), 500)
    mint.multiply(rpc, "3", 0)
    mine, his = mint.account(alice.pubkey()), mint.account(bob)
    signature = send(
        rpc,
        alice,
        token.create_associated_account(alice.pubkey(), bob, mint.key),
        token.transfer_checked(mine, mint.key, his, Authority(alice.pubkey()), 120, DECIMALS),
        Instruction(MEMO, "für Bob".encode(), []),
    )
    told = rpc.call("getTransaction", signature, PARSED)
    meta, message = told["meta"], told["transaction"]["message"]
    create, moved, memo = message["instructions"]
    assert create["parsed"] == {
        "type": "createIdempotent",
        "info": {
            "source": str(alice.pubkey()),
            "account": str(his),
            "wallet": str(bob),
            "mint": str(mint.key),
            "systemProgram": "1" * 32,
            "tokenProgram": str(token.TOKEN_2022),
        },
    }
    assert moved == {
        "program": "spl-token",
        "programId": str(token.TOKEN_2022),
        "stackHeight": 1,
        "parsed": {
            "type": "transferChecked",
            "info": {
                "source": str(mine),
                "mint": str(mint.key),
                "destination": str(his),
                "authority": str(alice.pubkey()),
                "tokenAmount": {"amount": "120", "decimals": 8, "uiAmount": 0.0000012, "uiAmountString": "0.0000012"},
            },
        },
    }
    assert (memo["program"], memo["parsed"]) == ("spl-memo", "für Bob")
    inner = meta["innerInstructions"]
    assert [one["index"] for one in inner] == [0]
    kinds = [(one["parsed"]["type"], one["stackHeight"]) for one in inner[0]["instructions"]]
    assert kinds[0] == ("getAccountDataSize", 2)
    assert kinds[-2:] == [("initializeImmutableOwner", 2), ("initializeAccount3", 2)]
    names = [one["pubkey"] for one in message["accountKeys"]]
    before = {names[one["accountIndex"]]: one for one in meta["preTokenBalances"]}
    after = {names[one["accountIndex"]]: one for one in meta["postTokenBalances"]}
    assert set(before) == {str(mine)}
    assert after[str(his)] == {
        "accountIndex": names.index(str(his)),
        "mint": str(mint.key),
        "owner": str(bob),
        "programId": str(token.TOKEN_2022),
        "uiTokenAmount": {"amount": "120", "decimals": 8, "uiAmount": 0.0000012, "uiAmountString": "0.0000012"},
    }
    assert (before[str(mine)]["uiTokenAmount"]["amount"], after[str(mine)]["uiTokenAmount"]["amount"]) == ("500", "380")
    assert "loadedAddresses" not in meta
    plain = rpc.call("getTransaction", signature, {"encoding": "json", "maxSupportedTransactionVersion": 0})
    assert plain["meta"]["loadedAddresses"] == {"writable": [], "readonly": []}
    assert plain["version"] == "legacy"
    assert plain["meta"]["innerInstructions"][0]["instructions"][0]["programIdIndex"] == names.index(str(token.TOKEN_2022))


def test_a_failed_transfer__leaves_balances_as_they_were_but_for_the_fee(rpc: InProcess, mint: OurMint) -> None:
    alice = rich(rpc, 1)
    mint.give(rpc, alice.pubkey(), 10)
    mine = mint.account(alice.pubkey())
    too_much = token.transfer_checked(mine, mint.key, mine, Authority(alice.pubkey()), 11, DECIMALS)
    before = rpc.call("getBalance", str(alice.pubkey()))["value"]
    with pytest.raises(RpcError, match="custom program error: 0x1") as refused:
        send(rpc, alice, too_much)
    assert isinstance(refused.value.data, dict)
    assert refused.value.data["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert any("insufficient funds" in line for line in refused.value.data["logs"])
    assert rpc.call("getBalance", str(alice.pubkey()))["value"] == before, "preflight costs nothing"
    assert rpc.call("getTokenAccountBalance", str(mine))["value"]["amount"] == "10"


def test_blocks__are_slots_with_transactions_and_only_those_that_are_over(rpc: InProcess) -> None:
    payer = rich(rpc)
    first = rpc.call("getSlot", {"commitment": "processed"})
    one = send(rpc, payer, payment(payer, Keypair().pubkey(), SOL))
    with pytest.raises(RpcError) as early:
        rpc.call("getBlock", first)
    assert early.value.code == -32004
    assert rpc.call("getBlocks", 0) == []
    assert rpc.call("getSlot") == first - 1
    rpc.call("openscrip_skipSlots", 5)
    rpc.call("openscrip_setClock", START_AT + 9)
    two = send(rpc, payer, payment(payer, Keypair().pubkey(), SOL))
    rpc.call("openscrip_skipSlots", 1)
    assert rpc.call("getBlocks", 0) == [first, first + 5]
    assert rpc.call("getBlocks", first + 1, first + 4) == []
    assert rpc.call("getBlocksWithLimit", 0, 1) == [first]
    with pytest.raises(RpcError) as skipped:
        rpc.call("getBlock", first + 1)
    assert skipped.value.code == -32007
    older, newer = (rpc.call("getBlock", slot, PARSED) for slot in (first, first + 5))
    assert (newer["parentSlot"], newer["previousBlockhash"]) == (first, older["blockhash"])
    assert (older["blockTime"], newer["blockTime"]) == (START_AT, START_AT + 9)
    assert older["transactions"][-1]["transaction"]["signatures"] == [one]
    assert [each["transaction"]["signatures"][0] for each in newer["transactions"]] == [two]
    assert rpc.call("getBlock", first + 5, {"transactionDetails": "signatures", "rewards": False})["signatures"] == [two]
    bare = rpc.call("getBlock", first + 5, {"transactionDetails": "none", "rewards": False})
    assert "transactions" not in bare
    assert "rewards" not in bare
    listed = rpc.call("getBlock", first + 5, {**PARSED, "transactionDetails": "accounts"})["transactions"][0]
    assert listed["transaction"]["accountKeys"][0]["pubkey"] == str(payer.pubkey())
    assert rpc.call("getBlockTime", first + 2) == START_AT


def test_a_transaction_with_a_lookup_table__tells_what_it_loaded(rpc: InProcess) -> None:
    payer, receiver = rich(rpc), Keypair().pubkey()
    program = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
    slot = rpc.call("getSlot")
    table, bump = Pubkey.find_program_address([bytes(payer.pubkey()), struct.pack("<Q", slot)], program)
    of_table = [
        AccountMeta(table, is_signer=False, is_writable=True),
        AccountMeta(payer.pubkey(), is_signer=True, is_writable=False),
        AccountMeta(payer.pubkey(), is_signer=True, is_writable=True),
        AccountMeta(Pubkey.default(), is_signer=False, is_writable=False),
    ]
    history = rpc.bank._svm.get_slot_hashes()
    history.append((slot, Hash.default()))
    rpc.bank._svm.set_slot_hashes(history)
    send(rpc, payer, Instruction(program, struct.pack("<IQB", 0, slot, bump), of_table))
    extend = struct.pack("<IQ", 2, 1) + bytes(receiver)
    send(rpc, payer, Instruction(program, extend, of_table))
    rpc.call("openscrip_skipSlots", 1)
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    known = AddressLookupTableAccount(table, [receiver])
    message = MessageV0.try_compile(payer.pubkey(), [payment(payer, receiver, SOL)], [known], blockhash)
    raw = bytes(VersionedTransaction(message, [payer]))
    signature = rpc.call("sendTransaction", base64.b64encode(raw).decode(), {"encoding": "base64"})
    told = rpc.call("getTransaction", signature, {"encoding": "json", "maxSupportedTransactionVersion": 0})
    assert told["meta"]["loadedAddresses"] == {"writable": [str(receiver)], "readonly": []}
    assert told["meta"]["postBalances"][-1] == SOL
    assert rpc.call("getSignaturesForAddress", str(receiver))[0]["signature"] == signature
    keys = rpc.call("getTransaction", signature, PARSED)["transaction"]["message"]["accountKeys"]
    assert keys[-1] == {"pubkey": str(receiver), "signer": False, "source": "lookupTable", "writable": True}
    with pytest.raises(RpcError, match="maxSupportedTransactionVersion"):
        rpc.call("getTransaction", signature)


def test_a_durable_nonce__serves_once_and_long_after_blockhashes_expired(rpc: InProcess) -> None:
    payer, nonce, receiver = rich(rpc), Keypair(), Keypair().pubkey()
    lamports = rpc.call("getMinimumBalanceForRentExemption", 80)
    created = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(), to_pubkey=nonce.pubkey(), lamports=lamports, space=80, owner=Pubkey.default()
        )
    )
    begun = initialize_nonce_account(InitializeNonceAccountParams(nonce_pubkey=nonce.pubkey(), authority=payer.pubkey()))
    send(rpc, payer, created, begun, signers=(nonce,))

    def by_nonce(lamports: int) -> str:
        account = rpc.call("getAccountInfo", str(nonce.pubkey()), {"encoding": "base64"})["value"]
        value = Hash(base64.b64decode(account["data"][0])[40:72])
        advance = advance_nonce_account(
            AdvanceNonceAccountParams(nonce_pubkey=nonce.pubkey(), authorized_pubkey=payer.pubkey())
        )
        message = MessageV0.try_compile(payer.pubkey(), [advance, payment(payer, receiver, lamports)], [], value)
        return base64.b64encode(bytes(VersionedTransaction(message, [payer]))).decode()

    first, stale = by_nonce(SOL), by_nonce(2 * SOL)
    rpc.call("openscrip_skipSlots", 1000)
    rpc.call("sendTransaction", first, {"encoding": "base64"})
    with pytest.raises(RpcError, match="Blockhash not found"):
        rpc.call("sendTransaction", stale, {"encoding": "base64"})
    rpc.call("sendTransaction", by_nonce(SOL), {"encoding": "base64"})
    assert rpc.call("getBalance", str(receiver))["value"] == 2 * SOL
