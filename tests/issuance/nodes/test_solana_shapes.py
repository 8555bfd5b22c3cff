"""What the node tells of accounts and tokens has the shape and the digits that a validator's clients expect."""

import base64
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import (
    CreateAccountParams,
    create_account,
)
from tests.issuance.nodes.solana_stage import (
    DECIMALS,
    START_AT,
    InProcess,
    OurMint,
    our_mint,
    rich,
    send,
)

from openscrip.issuance.chains.solana import extensions
from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.rpc import RpcError


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
