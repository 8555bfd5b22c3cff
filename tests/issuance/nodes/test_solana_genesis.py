"""Programs that stand on a chain from its start: they run, their authority upgrades them, and a replay keeps them."""

import base64
import struct
from pathlib import Path

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.sysvar import CLOCK, RENT
from solders.transaction import Transaction

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.genesis import LOADER, Genesis, ProgramAtGenesis
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Malformed

SOL = 10**9
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
ASSOCIATED_TOKEN = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")


def bundled(program: Pubkey) -> bytes:
    """The bytes of a real program, as LiteSVM brings it."""
    account = LiteSVM().get_account(program)
    assert account is not None
    return bytes(account.data)


def send(rpc: JsonRpc, payer: Keypair, *instructions: Instruction, signers: tuple[Keypair, ...] = ()) -> str:
    blockhash = Hash.from_string(rpc.call("getLatestBlockhash")["value"]["blockhash"])
    message = Message.new_with_blockhash(list(instructions), payer.pubkey(), blockhash)
    raw = bytes(Transaction([payer, *signers], message, blockhash))
    return str(rpc.call("sendTransaction", base64.b64encode(raw).decode(), {"encoding": "base64"}))


def says(rpc: JsonRpc, signature: str) -> list[str]:
    logs: list[str] = rpc.call("getTransaction", signature, {"encoding": "json"})["meta"]["logMessages"]
    return logs


@pytest.mark.crash
def test_a_program_at_genesis__killed_and_given_another_package__is_the_one_it_was_born_with(tmp_path: Path) -> None:
    program, payer = Keypair().pubkey(), Keypair()
    node = SolanaNode(tmp_path, programs=[ProgramAtGenesis(program, bundled(MEMO))])
    with node:
        rpc = JsonRpc(node.url)
        rpc.call("requestAirdrop", str(payer.pubkey()), SOL)
        first = send(rpc, payer, Instruction(program, b"first", []))
        assert "Program log: first" in says(rpc, first)
        born = rpc.call("getGenesisHash")
        node.kill()
        again = SolanaNode(tmp_path, port=node.port, programs=[ProgramAtGenesis(program, bundled(ASSOCIATED_TOKEN))])
        with again:
            assert rpc.call("getGenesisHash") == born
            assert says(rpc, first)[0] == f"Program {program} invoke [1]"
            assert "Program log: second" in says(rpc, send(rpc, payer, Instruction(program, b"second", [])))
        rpc.close()


@pytest.mark.parts
def test_a_program_at_genesis__upgraded_by_its_authority__is_the_new_one(tmp_path: Path) -> None:
    program, authority, buffer = Keypair().pubkey(), Keypair(), Keypair()
    placed = ProgramAtGenesis(program, bundled(ASSOCIATED_TOKEN), authority.pubkey())
    upgrade = Instruction(
        LOADER,
        struct.pack("<I", 3),
        [
            AccountMeta(placed.data_address, is_signer=False, is_writable=True),
            AccountMeta(program, is_signer=False, is_writable=True),
            AccountMeta(buffer.pubkey(), is_signer=False, is_writable=True),
            AccountMeta(authority.pubkey(), is_signer=False, is_writable=True),
            AccountMeta(RENT, is_signer=False, is_writable=False),
            AccountMeta(CLOCK, is_signer=False, is_writable=False),
            AccountMeta(authority.pubkey(), is_signer=True, is_writable=False),
        ],
    )
    with SolanaNode(tmp_path, programs=[placed]) as node:
        rpc = JsonRpc(node.url)
        rpc.call("requestAirdrop", str(authority.pubkey()), 10 * SOL)
        write_buffer(rpc, authority, buffer, bundled(MEMO))
        with pytest.raises(RpcError):
            send(rpc, authority, Instruction(program, b"too soon", []))
        send(rpc, authority, upgrade)
        rpc.call("openscrip_skipSlots", 2)
        assert "Program log: later" in says(rpc, send(rpc, authority, Instruction(program, b"later", [])))
        rpc.close()


def write_buffer(rpc: JsonRpc, authority: Keypair, buffer: Keypair, elf: bytes) -> None:
    space = 37 + len(elf)
    lamports = rpc.call("getMinimumBalanceForRentExemption", space)
    create = create_account(
        CreateAccountParams(
            from_pubkey=authority.pubkey(), to_pubkey=buffer.pubkey(), lamports=lamports, space=space, owner=LOADER
        )
    )
    of_buffer = AccountMeta(buffer.pubkey(), is_signer=False, is_writable=True)
    signing = AccountMeta(authority.pubkey(), is_signer=True, is_writable=False)
    named = AccountMeta(authority.pubkey(), is_signer=False, is_writable=False)
    send(rpc, authority, create, Instruction(LOADER, struct.pack("<I", 0), [of_buffer, named]), signers=(buffer,))
    for at in range(0, len(elf), 900):
        piece = elf[at : at + 900]
        written = struct.pack("<IIQ", 1, at, len(piece)) + piece
        send(rpc, authority, Instruction(LOADER, written, [of_buffer, signing]))


def test_a_program_without_authority__is_stored_as_final(tmp_path: Path) -> None:
    final = ProgramAtGenesis(Keypair().pubkey(), bundled(MEMO))
    owned = ProgramAtGenesis(Keypair().pubkey(), bundled(MEMO), Keypair().pubkey())
    bank = Bank(tmp_path, live=False, start_at=1, slot_ms=400, programs=[final, owned])
    for program, named in ((final, bytes(33)), (owned, b"\1" + bytes(owned.upgrade_authority or b""))):
        data, account = bank.account(program.data_address), bank.account(program.program_id)
        assert data is not None
        assert account is not None
        assert bytes(data.data) == struct.pack("<IQ", 3, 0) + named + program.elf
        assert account.executable
        assert bytes(account.data) == struct.pack("<I", 2) + bytes(program.data_address)
    bank.close()


def test_the_genesis_record__gives_back_what_it_was_made_of() -> None:
    programs = [
        ProgramAtGenesis(Keypair().pubkey(), b"\x7fELF\0with\0zeros"),
        ProgramAtGenesis(Keypair().pubkey(), b"\x7fELF", Keypair().pubkey()),
    ]
    for born in (Genesis.new(400, programs), Genesis.new(10, [])):
        assert Genesis.decode(born.encode()) == born


@pytest.mark.parametrize("text", ["x", "x=y", "=", f"{MEMO}=", f"{MEMO}={__file__}", f"{MEMO}={__file__},notakey"])
def test_a_program_on_the_command_line__that_cannot_be_read__is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=r"^program: "):
        ProgramAtGenesis.parse(text)
