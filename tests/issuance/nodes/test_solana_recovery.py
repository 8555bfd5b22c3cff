"""A restart stands where the node stood, whether the effects of its transactions are at hand, damaged, or gone."""

import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import (
    CreateAccountParams,
    InitializeNonceAccountParams,
    create_account,
    initialize_nonce_account,
)
from solders.sysvar import CLOCK, RENT
from tests.issuance.nodes.solana_stage import SOL, START_AT, InProcess, our_mint, payment, rich, send, signed
from tests.issuance.nodes.test_solana_genesis import ASSOCIATED_TOKEN, MEMO, bundled, write_buffer

from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.token_program import Authority
from openscrip.issuance.nodes.solana.genesis import LOADER, ProgramAtGenesis
from openscrip.issuance.nodes.solana.log import LogFailed
from openscrip.issuance.rpc import RpcError

PROGRAM, AUTHORITY = Keypair.from_seed(bytes([1] * 32)).pubkey(), Keypair.from_seed(bytes([2] * 32))


def eventful(folder: Path) -> InProcess:
    """A chain on which accounts came and went, a program was upgraded, a nonce was made, and something failed."""
    rpc = InProcess(folder, programs=[ProgramAtGenesis(PROGRAM, bundled(ASSOCIATED_TOKEN), AUTHORITY.pubkey())])
    payer, nonce, short_lived = rich(rpc), Keypair(), rich(rpc, 1)
    mint, holder = our_mint(rpc), Keypair()
    mint.give(rpc, holder.pubkey(), 500)
    rpc.call("openscrip_setClock", START_AT + 100)
    mint.multiply(rpc, "1.25", START_AT + 50)
    send(rpc, short_lived, payment(short_lived, payer.pubkey(), SOL - 5000))
    rpc.call("openscrip_skipSlots", 3)
    lamports = rpc.call("getMinimumBalanceForRentExemption", 80)
    made = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(), to_pubkey=nonce.pubkey(), lamports=lamports, space=80, owner=Pubkey.default()
        )
    )
    begun = initialize_nonce_account(InitializeNonceAccountParams(nonce_pubkey=nonce.pubkey(), authority=payer.pubkey()))
    send(rpc, payer, made, begun, signers=(nonce,))
    too_much = token.transfer_checked(
        mint.account(holder.pubkey()), mint.key, mint.account(holder.pubkey()), Authority(holder.pubkey()), 900, 8
    )
    failing = signed(rpc, payer, too_much, signers=(holder,))
    rpc.call("sendTransaction", failing, {"encoding": "base64", "skipPreflight": True})
    upgrade(rpc)
    rpc.call("openscrip_skipSlots", 2)
    send(rpc, payer, Instruction(PROGRAM, b"upgraded", []))
    return rpc


def upgrade(rpc: InProcess) -> None:
    buffer, data = Keypair(), ProgramAtGenesis(PROGRAM, bundled(MEMO)).data_address
    rpc.call("requestAirdrop", str(AUTHORITY.pubkey()), 10 * SOL)
    write_buffer(rpc, AUTHORITY, buffer, bundled(MEMO))
    writable = [AccountMeta(key, False, True) for key in (data, PROGRAM, buffer.pubkey(), AUTHORITY.pubkey())]
    sysvars = [AccountMeta(key, False, False) for key in (RENT, CLOCK)]
    authority = AccountMeta(AUTHORITY.pubkey(), is_signer=True, is_writable=False)
    send(rpc, AUTHORITY, Instruction(LOADER, struct.pack("<I", 3), [*writable, *sysvars, authority]))


def everything(rpc: InProcess) -> dict[str, Any]:
    """Accounts, index and history as clients see them, and what the chain itself counts on."""
    bank = rpc.bank
    keys = sorted(bank.index._said, key=bytes)
    accounts = {str(key): rpc.call("getAccountInfo", str(key), {"encoding": "base64"})["value"] for key in keys}
    slots = bank.history.blocks(0, 2**63)
    wanted = {"encoding": "json", "maxSupportedTransactionVersion": 0}
    found = [rpc.call("getTransaction", str(landed.signature), wanted) for slot in slots for landed in bank.history.block(slot)]
    entries = {str(key): said for key, said in bank.index._said.items()}
    mentions = {key: rpc.call("getSignaturesForAddress", key) for key in accounts}
    times = [bank.time_of(slot) for slot in range(bank.slots.current() + 1)]
    chain = (str(bank._svm.latest_blockhash()), bank.now(), bank.slots.skipped, times, len(bank.history))
    return {"accounts": accounts, "found": found, "entries": entries, "mentions": mentions, "chain": chain}


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two documents differ. (A text of either would be too long to compare.)"""
    if type(one) is type(other) and isinstance(one, dict):
        return [d for key in one.keys() | other.keys() for d in differences(one.get(key), other.get(key), f"{where}/{key}")]
    if type(one) is type(other) and isinstance(one, list | tuple) and len(one) == len(other):
        return [d for place, pair in enumerate(zip(one, other, strict=True)) for d in differences(*pair, f"{where}/{place}")]
    return [] if one == other else [f"{where}: {one!s:.80} and {other!s:.80}"]


def gone(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def one_frame_garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(bytes(content))


def of_another_chain(path: Path) -> None:
    other = eventful(path.parent / "other")
    other.close()
    path.write_bytes((path.parent / "other" / "effects.log").read_bytes())


def with_more_than_the_log(path: Path) -> None:
    log = path.parent / "transactions.log"
    log.write_bytes(log.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [None, gone, cut_short, one_frame_garbled, of_another_chain])
def test_a_restart__with_effects_whole_damaged_or_gone__stands_where_it_stood(
    tmp_path: Path, damage: Callable[[Path], None] | None
) -> None:
    before = eventful(tmp_path)
    stood = everything(before)
    before.close()
    if damage is not None:
        damage(tmp_path / "effects.log")
    after = InProcess(tmp_path)
    assert differences(everything(after), stood) == []
    payer = rich(after)
    said = after.call("getTransaction", send(after, payer, Instruction(PROGRAM, b"again", [])))
    assert "Program log: again" in said["meta"]["logMessages"]
    stood = everything(after)
    after.close()
    third = InProcess(tmp_path)
    assert differences(everything(third), stood) == []
    third.close()


def test_effects_that_the_log_does_not_know__are_forgotten(tmp_path: Path) -> None:
    before = InProcess(tmp_path)
    receiver = Keypair().pubkey()
    first = before.call("requestAirdrop", str(receiver), SOL)
    lost = before.call("requestAirdrop", str(receiver), SOL)
    before.close()
    with_more_than_the_log(tmp_path / "effects.log")
    after = InProcess(tmp_path)
    assert after.call("getBalance", str(receiver))["value"] == SOL
    assert [one["signature"] for one in after.call("getSignaturesForAddress", str(receiver))] == [first]
    assert after.call("getSignatureStatuses", [lost])["value"] == [None]
    after.close()


def test_a_restart_with_whole_effects__executes_nothing(tmp_path: Path) -> None:
    before = eventful(tmp_path)
    count, log = len(before.bank.history), before.bank.log
    before.close()
    again = InProcess(tmp_path)
    assert len(again.bank.history._recent) == 0, "nothing was added, all was recalled"
    assert len(again.bank.history) == count
    assert again.bank.log.end == log.end
    again.close()


def test_any_history__is_recovered_whatever_is_cut_from_its_effects(tmp_path: Path) -> None:
    chance = random.Random(20_26)
    rpc = InProcess(tmp_path)
    keys = [rich(rpc, 5) for _ in range(4)]
    for _ in range(8):
        for _ in range(chance.randrange(1, 25)):
            sender, receiver = chance.sample(keys, 2)
            amount = chance.choice((SOL // 7, 6 * SOL, 1)) + chance.randrange(1000)
            raw = signed(rpc, sender, payment(sender, receiver.pubkey(), amount))
            with suppress(RpcError):
                rpc.call("sendTransaction", raw, {"encoding": "base64", "skipPreflight": chance.random() < 0.5})
        stood = everything(rpc)
        rpc.close()
        effects = tmp_path / "effects.log"
        content = effects.read_bytes()
        effects.write_bytes(content[: chance.randrange(len(content) + 1)])
        rpc = InProcess(tmp_path)
        assert differences(everything(rpc), stood) == []
    rpc.close()


def test_a_disk_that_takes_nothing_more__ends_the_node_instead_of_an_answer(tmp_path: Path) -> None:
    rpc = InProcess(tmp_path)
    rpc.close()
    with pytest.raises(LogFailed):
        rpc.call("requestAirdrop", str(Keypair().pubkey()), SOL)
