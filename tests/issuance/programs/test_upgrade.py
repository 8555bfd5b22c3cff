"""The program replaces itself only through its own timelock, and only by the code whose hash waited."""

import hashlib
import struct
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DELAY_S, KEYS, Issuer, key_of, with_accounts

from openscrip.issuance.chains.solana.program_operations import signers, upgrade
from openscrip.issuance.chains.solana.program_parts import LOADER, Operation, Role

BUFFER, SPILL = key_of("buffer").pubkey(), key_of("spill").pubkey()
OTHER = "timelock: account was not the operation's"


@pytest.fixture
def handed(issuer: Issuer) -> Issuer:
    """The program's upgrade authority is its own issuer account, as the loader's SetAuthority makes it."""
    metas = [
        AccountMeta(issuer.program.program_data(), is_signer=False, is_writable=True),
        AccountMeta(KEYS.deployer, is_signer=True, is_writable=False),
        AccountMeta(issuer.program.issuer(), is_signer=False, is_writable=False),
    ]
    issuer.send(Instruction(LOADER, struct.pack("<I", 4), metas))
    return issuer


def buffer(issuer: Issuer, code: bytes, authority: Pubkey | None = None) -> bytes:
    """The code in a buffer, whose authority nobody but the program can use; the code's hash."""
    head = struct.pack("<IB", 1, 1) + bytes(authority or issuer.program.issuer())
    issuer.put(BUFFER, head + code, LOADER)
    return hashlib.sha256(code).digest()


def grown(code: bytes) -> bytes:
    """The same program with bytes behind it that the loader does not read."""
    return code + bytes(8)


def waiting(issuer: Issuer, code: bytes, **changed: Any) -> Operation:
    named = {"buffer": BUFFER, "spill": SPILL, "code": hashlib.sha256(code).digest(), **changed}
    made = upgrade(issuer.program, salt=issuer.salt(), **named)
    issuer.send(issuer.queueing(made))
    issuer.after(DELAY_S)
    return made


def test_upgrade__to_the_code_that_waited__replaces_it_and_goes_on(handed: Issuer, stock_so: bytes) -> None:
    handed.roomier(stock_so)
    made = waiting(handed, grown(stock_so))
    buffer(handed, grown(stock_so))
    handed.send(handed.executing(made))
    assert [bytes(call.instruction().data) for call in handed.inner_calls()] == [struct.pack("<I", 3)]
    place = handed.program.program_data()
    assert handed.data(place)[45 : 45 + len(stock_so) + 8] == grown(stock_so)
    assert handed.data(place)[12:45] == b"\1" + bytes(handed.program.issuer())
    assert handed.lamports(SPILL) > 0
    handed.after(1)
    handed.send(handed.reporting(), handed.minting())
    assert handed.supply() == 1000


def test_upgrade__buffer_written_after_it_was_queued__is_refused(handed: Issuer, stock_so: bytes) -> None:
    handed.roomier(stock_so)
    made = waiting(handed, stock_so)
    for code in (stock_so[:-1] + bytes([stock_so[-1] ^ 1]), grown(stock_so), stock_so[:-1]):
        buffer(handed, code)
        assert handed.refusal(handed.executing(made)) == "timelock: buffer held other code"
    buffer(handed, stock_so)
    assert handed.takes(handed.executing(made))


def test_upgrade__buffer_too_short_for_its_head__is_refused(handed: Issuer, stock_so: bytes) -> None:
    made = waiting(handed, stock_so)
    handed.put(BUFFER, bytes(36), LOADER)
    assert not handed.takes(handed.executing(made))


def test_upgrade__other_accounts_than_it_names__is_refused(handed: Issuer, stock_so: bytes) -> None:
    handed.roomier(stock_so)
    made = waiting(handed, stock_so)
    buffer(handed, stock_so)
    right = handed.executing(made)
    assert handed.takes(right)
    twin = key_of("twin buffer").pubkey()
    handed.put(twin, handed.data(BUFFER), LOADER)
    assert handed.refusal(with_accounts(right, a5=twin)) == OTHER
    assert handed.refusal(with_accounts(right, a6=KEYS.stranger)) == OTHER


def test_upgrade__of_another_program_whose_authority_is_this_one__is_refused(handed: Issuer, stock_so: bytes) -> None:
    other = type(handed.program)(key_of("other program").pubkey())
    handed.place(other, stock_so + bytes(1000), authority=handed.program.issuer())
    handed.roomier(stock_so)
    made = waiting(handed, stock_so)
    buffer(handed, stock_so)
    wrong = with_accounts(handed.executing(made), a3=other.program_id, a4=other.program_data())
    assert handed.refusal(wrong) == OTHER


def test_upgrade__by_whoever_deployed_it__is_refused_once_handed_over(handed: Issuer, stock_so: bytes) -> None:
    handed.roomier(stock_so)
    buffer(handed, stock_so, authority=KEYS.deployer)
    place = handed.program.program_data()
    metas = [
        *(AccountMeta(key, is_signer=False, is_writable=True) for key in (place, handed.program.program_id, BUFFER, SPILL)),
        *(AccountMeta(meta.pubkey, False, False) for meta in waiting(handed, stock_so).accounts[4:6]),
        AccountMeta(KEYS.deployer, is_signer=True, is_writable=False),
    ]
    assert not handed.takes(Instruction(LOADER, struct.pack("<I", 3), metas))


def test_found__after_the_hand_over__nobody_can(handed: Issuer) -> None:
    """Not even the deployer, and the issuer's account signs nothing that the program did not ask it to."""
    assert handed.refusal(handed.founding()) == "program: caller was not the upgrade authority"


def test_upgrade__by_one_issuer_of_two_who_pays__needs_no_account_or_signature_more(handed: Issuer, stock_so: bytes) -> None:
    payer = KEYS.issuers[0]
    handed.chain.airdrop(payer, 10**12)
    handed.roomier(stock_so)
    handed.passes(signers(salt=handed.salt(), role=1, keys=Role(2, KEYS.issuers)))
    made = upgrade(handed.program, salt=handed.salt(), buffer=BUFFER, spill=SPILL, code=buffer(handed, stock_so))
    handed.send(handed.queueing(made, signers=[*KEYS.issuers, *KEYS.attestors]))
    handed.after(DELAY_S)
    alone = handed.executing(made, payer=payer, signers=[])
    assert len(alone.accounts) == 10
    assert handed.takes(alone)
    assert not handed.takes(handed.executing(made, signers=[]))
