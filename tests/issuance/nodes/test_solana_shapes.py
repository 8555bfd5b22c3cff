"""What the node tells of tokens, transactions and blocks has the shape and the digits that a validator's clients expect."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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

from openscrip.issuance.chains.solana import extensions
from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.nodes.solana.instruction_parsing import parse_instruction
from openscrip.issuance.nodes.solana.instruction_reading import Call
from openscrip.issuance.nodes.solana.rpc import answer
from openscrip.issuance.nodes.solana.shapes import base58, decode_bytes, plain_decimal, printed_f64
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


def parsed_account(rpc: InProcess, key: Pubkey) -> Any:
    return rpc.call("getAccountInfo", str(key), {"encoding": "jsonParsed"})["value"]["data"]


def test_our_mint_in_json_parsed__reads_as_agave_reads_it(rpc: InProcess, mint: OurMint) -> None:
    owner = str(mint.owner.pubkey())
    mint.give(rpc, Keypair().pubkey(), 250)
    mint.multiply(rpc, "1.5", START_AT + 60)
    data = parsed_account(rpc, mint.key)
    states = [
        ("metadataPointer", {"authority": owner, "metadataAddress": str(mint.key)}),
        ("pausableConfig", {"authority": owner, "paused": False}),
        ("permanentDelegate", {"delegate": owner}),
        ("transferHook", {"authority": owner, "programId": None}),
        ("defaultAccountState", {"accountState": "initialized"}),
        (
            "confidentialTransferMint",
            {"authority": owner, "autoApproveNewAccounts": False, "auditorElgamalPubkey": None},
        ),
        (
            "scaledUiAmountConfig",
            {
                "authority": owner,
                "multiplier": "1",
                "newMultiplier": "1.5",
                "newMultiplierEffectiveTimestamp": START_AT + 60,
            },
        ),
        (
            "tokenMetadata",
            {
                "updateAuthority": owner,
                "mint": str(mint.key),
                "name": "Tesla scrip",
                "symbol": "TSLAo",
                "uri": "https://example.test/TSLA.json",
                "additionalMetadata": [["isin", "US88160R1014"]],
            },
        ),
    ]
    assert data["program"] == "spl-token-2022"
    assert data["parsed"] == {
        "type": "mint",
        "info": {
            "decimals": 8,
            "freezeAuthority": owner,
            "isInitialized": True,
            "mintAuthority": owner,
            "supply": "250",
            "extensions": [{"extension": name, "state": state} for name, state in states],
        },
    }


def test_a_balance_of_our_mint__is_shown_by_the_multiplier_in_force(rpc: InProcess, mint: OurMint) -> None:
    holder = Keypair().pubkey()
    mint.give(rpc, holder, 100_000_001)
    mint.multiply(rpc, "0.5", START_AT + 60)
    account = mint.account(holder)

    def shown() -> list[str]:
        held = rpc.call("getTokenAccountsByOwner", str(holder), {"mint": str(mint.key)}, {"encoding": "jsonParsed"})
        amounts = (
            rpc.call("getTokenAccountBalance", str(account))["value"],
            rpc.call("getTokenSupply", str(mint.key))["value"],
            rpc.call("getTokenLargestAccounts", str(mint.key))["value"][0],
            held["value"][0]["account"]["data"]["parsed"]["info"]["tokenAmount"],
        )
        assert {amount["amount"] for amount in amounts} == {"100000001"}
        return [amount["uiAmountString"] for amount in amounts]

    assert shown() == ["1.00000001"] * 4
    rpc.call("openscrip_setClock", START_AT + 60)
    assert shown() == ["0.5"] * 4
    assert parsed_account(rpc, account) == {
        "program": "spl-token-2022",
        "space": 179,
        "parsed": {
            "type": "account",
            "info": {
                "isNative": False,
                "mint": str(mint.key),
                "owner": str(holder),
                "state": "initialized",
                "tokenAmount": {"amount": "100000001", "decimals": 8, "uiAmount": 0.5, "uiAmountString": "0.5"},
                "extensions": [
                    {"extension": "immutableOwner"},
                    {"extension": "pausableAccount"},
                    {"extension": "transferHookAccount", "state": {"transferring": False}},
                ],
            },
        },
    }


def test_a_frozen_and_delegated_account_and_a_paused_mint__say_so(rpc: InProcess, mint: OurMint) -> None:
    mine, authority = mint.account(mint.owner.pubkey()), Authority(mint.owner.pubkey())
    mint.give(rpc, mint.owner.pubkey(), 1000)
    delegate = Keypair().pubkey()
    approve = Instruction(
        token.TOKEN_2022,
        b"\x0d" + struct.pack("<QB", 400, DECIMALS),
        [
            AccountMeta(mine, is_signer=False, is_writable=True),
            AccountMeta(mint.key, is_signer=False, is_writable=False),
            AccountMeta(delegate, is_signer=False, is_writable=False),
            *authority.metas(),
        ],
    )
    send(rpc, mint.owner, approve, token.freeze_account(mine, mint.key, authority), extensions.pause(mint.key, authority))
    info = parsed_account(rpc, mine)["parsed"]["info"]
    assert (info["state"], info["delegate"]) == ("frozen", str(delegate))
    assert info["delegatedAmount"]["uiAmountString"] == "0.000004"
    states = {one["extension"]: one.get("state") for one in parsed_account(rpc, mint.key)["parsed"]["info"]["extensions"]}
    assert states["pausableConfig"] == {"authority": str(mint.owner.pubkey()), "paused": True}
    found = rpc.call("getTokenAccountsByDelegate", str(delegate), {"mint": str(mint.key)}, {"encoding": "base64"})
    assert [one["pubkey"] for one in found["value"]] == [str(mine)]


def test_a_multisig_in_json_parsed__lists_its_signers(rpc: InProcess) -> None:
    payer, made, signers = rich(rpc), Keypair(), [Keypair().pubkey() for _ in range(3)]
    space = token.MULTISIG_SPACE
    lamports = rpc.call("getMinimumBalanceForRentExemption", space)
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(), to_pubkey=made.pubkey(), lamports=lamports, space=space, owner=token.TOKEN_2022
        )
    )
    begin = Instruction(
        token.TOKEN_2022,
        bytes([19, 2]),
        [
            AccountMeta(made.pubkey(), is_signer=False, is_writable=True),
            *(AccountMeta(key, is_signer=False, is_writable=False) for key in signers),
        ],
    )
    send(rpc, payer, create, begin, signers=(made,))
    assert parsed_account(rpc, made.pubkey())["parsed"] == {
        "type": "multisig",
        "info": {
            "numRequiredSigners": 2,
            "numValidSigners": 3,
            "isInitialized": True,
            "signers": [str(key) for key in signers],
        },
    }


def test_what_no_token_program_owns__is_told_in_base64(rpc: InProcess) -> None:
    payer = rich(rpc)
    assert parsed_account(rpc, payer.pubkey()) == ["", "base64"]


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


def test_program_accounts__are_found_by_size_and_bytes(rpc: InProcess, mint: OurMint) -> None:
    holders = [Keypair().pubkey() for _ in range(3)]
    for holder in holders:
        mint.give(rpc, holder, 7)

    def found(*filters: object) -> set[str]:
        asked = {"encoding": "base64", "filters": filters, "dataSlice": {"offset": 0, "length": 0}}
        return {one["pubkey"] for one in rpc.call("getProgramAccounts", str(token.TOKEN_2022), asked)}

    accounts = {str(mint.account(holder)) for holder in holders}
    of_mint = {"memcmp": {"offset": 0, "bytes": str(mint.key)}}
    of_holder = {"memcmp": {"offset": 32, "bytes": base64.b64encode(bytes(holders[1])).decode(), "encoding": "base64"}}
    assert found(of_mint) == accounts
    assert found({"dataSize": 179}, of_mint) == accounts
    assert found({"dataSize": 179}, of_holder) == found(of_holder) == {str(mint.account(holders[1]))}
    assert found({"dataSize": 165}, of_mint) == set()
    assert found() == accounts | {str(mint.key)}
    with pytest.raises(RpcError, match="Too many filters"):
        found(*[of_mint] * 5)


@pytest.mark.parametrize(
    ("method", "parameters", "code", "text"),
    [
        ("getTokenAccountBalance", [str(MEMO)], -32602, "not a Token account"),
        ("getTokenSupply", [str(Pubkey([9] * 32))], -32602, "could not find mint"),
        ("getTokenAccountsByOwner", [str(MEMO), {"programId": str(MEMO)}], -32602, "unrecognized Token program id"),
        ("getAccountInfo", [str(MEMO)], -32600, "base 58"),
        ("getAccountInfo", [str(MEMO), {"minContextSlot": 10**9}], -32016, "Minimum context slot"),
        ("getBlock", [-1], -32602, "was not a slot"),
        ("getBlock", ["2"], -32602, "was not a slot"),
        ("getBlocks", [0, 10**7], -32602, "Slot range too large"),
        ("getSlotLeaders", [0, 10**9], -32602, "was not a number"),
        ("getSignaturesForAddress", [str(MEMO), {"limit": 1001}], -32602, "max 1000"),
        ("openscrip_setFaults", [{"dropAll": 1}], -32602, "were not among"),
        ("blockSubscribe", ["all"], -32601, "Method not found"),
    ],
)
def test_what_cannot_be_answered__is_refused_as_a_validator_refuses(
    rpc: InProcess, method: str, parameters: list[object], code: int, text: str
) -> None:
    if method == "getBlocks":
        rpc.call("openscrip_skipSlots", 10**6)
    with pytest.raises(RpcError, match=text) as refused:
        rpc.call(method, *parameters)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("program", "data", "accounts"),
    [
        (token.TOKEN_2022, b"", 4),
        (token.TOKEN_2022, b"\x0c\x01", 4),
        (token.TOKEN_2022, b"\x0c" + bytes(9), 2),
        (token.TOKEN_2022, b"\x06\xff\x00", 2),
        (token.TOKEN_2022, b"\x1c\x00\x07", 1),
        (token.TOKEN_2022, b"\x15\xff\xff", 1),
        (token.TOKEN_2022, bytes([221, 233, 49, 45, 181, 202, 220, 200, 3, 255, 255, 255, 255]), 2),
        (token.ASSOCIATED_TOKEN, b"\x07", 6),
        (MEMO, b"\xff\xfe", 0),
        (Pubkey.default(), b"\xff\xff\xff\xff", 2),
    ],
)
def test_an_instruction_that_does_not_read__stays_in_bytes(program: Pubkey, data: bytes, accounts: int) -> None:
    assert parse_instruction(Call(program, [str(Pubkey.default())] * accounts, data)) is None


@given(data=st.binary(max_size=80), accounts=st.integers(0, 8))
def test_no_instruction_data__breaks_the_reader(data: bytes, accounts: int) -> None:
    for program in (token.TOKEN_2022, token.ASSOCIATED_TOKEN, MEMO, Pubkey.default()):
        read = parse_instruction(Call(program, [str(MEMO)] * accounts, data))
        assert read is None or set(read) == {"program", "parsed"}


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([str(MEMO), str(token.TOKEN_2022), "1" * 64, "jsonParsed", "AQ=="]),
)
NAMES = (
    *("encoding", "filters", "dataSlice", "mint", "programId", "limit", "before", "accounts", "commitment", "memcmp"),
    *("offset", "bytes", "dataSize", "minContextSlot", "transactionDetails", "addresses", "confirmSlots"),
)
OPTIONS = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2)),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_parameters__escape_as_anything_but_an_answer(rpc: InProcess, data: st.DataObject) -> None:
    methods = sorted(set(rpc.face.methods) - {"openscrip_setClock"})
    method = data.draw(st.sampled_from(methods))
    parameters = data.draw(st.lists(PLAIN | OPTIONS | st.lists(PLAIN, max_size=3), max_size=3))
    told = json.loads(answer(json.dumps({"id": 1, "method": method, "params": parameters}).encode(), rpc.face.methods))
    assert ("result" in told) != ("error" in told)


@given(st.binary(max_size=100))
def test_base58__gives_back_what_it_was_made_of(data: bytes) -> None:
    assert decode_bytes(base58(data), "base58") == data


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1.0023, "1.0023"), (1e-7, "0.0000001"), (1e21, "1" + "0" * 21), (float("inf"), "inf")],
)
def test_an_f64__is_printed_as_rust_prints_it(number: float, text: str) -> None:
    assert printed_f64(number) == text


@given(units=st.integers(0, 2**64 - 1), decimals=st.integers(0, 30))
def test_a_decimal__is_exact(units: int, decimals: int) -> None:
    whole, _, part = plain_decimal(units, decimals).partition(".")
    assert int(whole + part.ljust(decimals, "0")) == units
    assert not part.endswith("0")
