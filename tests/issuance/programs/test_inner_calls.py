"""What the program asks of other programs, to the byte: nothing more than each act needs, and in this order."""

import struct

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DELAY_S, KEYS, Issuer, hashed

from openscrip.issuance.chains.solana.program_operations import recover, resume, thaw

PAUSE, RESUME, FREEZE, THAW = b"\x2c\x01", b"\x2c\x02", b"\x0a", b"\x0b"
TRANSFER, MINT_TO, BURN = b"\x0c", b"\x0e", b"\x0f"


@pytest.fixture
def held(issuer: Issuer) -> Issuer:
    issuer.send(issuer.minting("0", raw=1000))
    issuer.send(issuer.escrowing("0", raw=100))
    return issuer


def checked(tag: bytes, raw: int) -> bytes:
    """An amount and its decimals."""
    return tag + struct.pack("<QB", raw, 8)


def created(issuer: Issuer, size: int) -> bytes:
    """CreateAccount: 0 u32, lamports, size, owner."""
    rent = issuer.chain.minimum_balance_for_rent_exemption(size)
    return struct.pack("<IQQ", 0, rent, size) + bytes(issuer.program.program_id)


def asked(issuer: Issuer, *instructions: Instruction) -> list[bytes]:
    """What was asked of other programs, once these were taken."""
    issuer.send(*instructions)
    return [bytes(call.instruction().data) for call in issuer.inner_calls()]


def test_void__makes_one_account(held: Issuer) -> None:
    void = held.program.void(payer=KEYS.payer, request=hashed("void"), signers=[KEYS.issuers[0]])
    assert asked(held, void) == [created(held, 16)]


def test_void__on_an_address_with_lamports__first_gives_them_to_the_payer(held: Issuer) -> None:
    held.chain.airdrop(held.program.used(0, hashed("void")), 10**9)
    void = held.program.void(payer=KEYS.payer, request=hashed("void"), signers=[KEYS.issuers[0]])
    assert asked(held, void) == [struct.pack("<IQ", 2, 10**9), created(held, 16)]


def test_mint__makes_its_records_and_mints_once(held: Issuer) -> None:
    assert asked(held, held.minting("1", raw=5)) == [created(held, 16), created(held, 16), checked(MINT_TO, 5)]
    arrival = held.minting("2", raw=6, kind=2, origin=hashed("origin"))
    assert asked(held, arrival) == [created(held, 16)] * 3 + [checked(MINT_TO, 6)]


def test_exits__move_once_and_lift_a_pause_only_where_there_is_one(held: Issuer) -> None:
    assert asked(held, held.escrowing("1", raw=7)) == [created(held, 192), checked(TRANSFER, 7)]
    assert asked(held, held.refunding("1")) == [checked(TRANSFER, 7)]
    assert asked(held, held.program.pause(mint=held.mint, scope=7, signers=[KEYS.guardian])) == [PAUSE]
    assert asked(held, held.escrowing("2", raw=8)) == [created(held, 192), RESUME, checked(TRANSFER, 8), PAUSE]
    assert asked(held, held.refunding("2")) == [RESUME, checked(TRANSFER, 8), PAUSE]
    assert asked(held, held.burning("0")) == [RESUME, checked(BURN, 100), PAUSE]


def test_depart__burns_once(held: Issuer) -> None:
    held.open_lane(hashed("there"))
    departure = held.departing("1", raw=9, destination=hashed("there"))
    assert asked(held, departure) == [created(held, 192), checked(BURN, 9)]


@pytest.mark.parametrize("scope", [2, 4, 6])
def test_pause__of_what_token_2022_does_not_know__asks_nothing_of_it(held: Issuer, scope: int) -> None:
    assert asked(held, held.program.pause(mint=held.mint, scope=scope, signers=[KEYS.guardian])) == []


def test_freeze_thaw_and_recovery__ask_for_just_that(held: Issuer) -> None:
    to = held.account_of(KEYS.stranger)
    freezing = held.program.freeze(mint=held.mint, account=held.account, reason=1, signers=[KEYS.guardian])
    assert asked(held, freezing) == [FREEZE]
    named = {"mint": held.mint, "account": held.account}
    recovery = recover(held.program, salt=held.salt(), to=to, amount=10, case=hashed("case"), reason=1, **named)
    thawing = thaw(held.program, salt=held.salt(), reason=1, **named)
    resuming = resume(held.program, salt=held.salt(), mint=held.mint, scope=7)
    for operation in (recovery, thawing, resuming):
        assert asked(held, held.queueing(operation)) == [created(held, 16)]
    held.after(DELAY_S)
    assert asked(held, held.executing(recovery)) == [THAW, checked(TRANSFER, 10), FREEZE]
    assert asked(held, held.executing(thawing)) == [THAW]
    held.send(held.program.pause(mint=held.mint, scope=1, signers=[KEYS.guardian]))
    assert asked(held, held.executing(resuming)) == [RESUME]


def test_actions__announced_staged_and_cancelled__ask_for_just_that(held: Issuer) -> None:
    assert asked(held, held.announcing()) == [created(held, 320)]
    assert len(asked(held, held.staging())) == 2
    cancelling = held.program.cancel(mint=held.mint, action=hashed("split"), reason=hashed("why"), signers=KEYS.acting)
    one = struct.pack("<d", 1.0)
    assert asked(held, cancelling) == [b"\x2b\x01" + one + bytes(8)]


def test_open_and_report__ask_for_an_account_and_for_nothing(held: Issuer) -> None:
    mint = Pubkey(hashed("new mint"))
    held.send(*held.birth(mint))
    assert asked(held, held.opening(mint)) == [created(held, 424)]
    assert asked(held, held.reporting()) == []
