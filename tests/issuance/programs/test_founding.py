"""How an issuer comes into being, once, and how a token does: wholly in the program's hands, or not at all."""

from dataclasses import replace
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import (
    AGE_S_MAX,
    DAY_CAP,
    DELAY_S,
    EPOCH,
    HOUR_CAP,
    KEYS,
    ONE,
    SUPPLY_CAP,
    VERSION,
    Issuer,
    World,
    f64_of,
    hashed,
    key_of,
    with_accounts,
    with_data,
)

from openscrip.issuance.chains.solana.program_accounts import IssuerAccount
from openscrip.issuance.chains.solana.program_parts import LOADER, Role
from openscrip.issuance.chains.solana.token_program import TOKEN_2022

NEW = key_of("mint NEW").pubkey()
MANY = [key_of(f"many {number}").pubkey() for number in range(8)]
NOT_AUTHORITY = "program: caller was not the upgrade authority"


@pytest.fixture
def world(stock_so: bytes) -> World:
    return World(stock_so)


def founding(world: World, **changed: Any) -> Instruction:
    named = {
        "payer": KEYS.payer, "guardian": KEYS.guardian, "delay_s": DELAY_S, "roles": KEYS.roles,
        "signers": [KEYS.deployer], **changed,
    }  # fmt: skip
    return world.program.found(**named)


# Found


def test_found__by_the_upgrade_authority__keeps_keys_delay_and_guardian(world: World) -> None:
    world.send(founding(world))
    read = IssuerAccount.read(world.data(world.program.issuer()))
    _, bump = Pubkey.find_program_address([b"issuer"], world.program.program_id)
    assert read == IssuerAccount(bump, 1, DELAY_S, KEYS.guardian, *KEYS.roles)


def test_found__again__is_refused(world: World) -> None:
    world.send(founding(world))
    assert world.refusal(founding(world, delay_s=1)) == "program: issuer was founded"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"guardian": Pubkey.default()}, "policy: guardian was zero"),
        ({"delay_s": 30 * 86_400 + 1}, "timelock: delay was out of bounds"),
        ({"roles": (replace(KEYS.roles[0], threshold=0), *KEYS.roles[1:])}, "signers: threshold was zero"),
        ({"roles": (replace(KEYS.roles[0], threshold=3), *KEYS.roles[1:])}, "signers: threshold was above the members"),
        ({"roles": (Role(1, ()), *KEYS.roles[1:])}, "signers: threshold was above the members"),
        ({"roles": (*KEYS.roles[:2], Role.of(8, *MANY))}, "signers: members were too many"),
        ({"roles": (Role(1, KEYS.issuers[::-1]), *KEYS.roles[1:])}, "signers: members were not ascending"),
        ({"roles": (Role(1, (KEYS.issuers[0],) * 2), *KEYS.roles[1:])}, "signers: members were not ascending"),
        ({"roles": (Role(1, (Pubkey.default(),)), *KEYS.roles[1:])}, "signers: members were not ascending"),
        ({"roles": (KEYS.roles[1], *KEYS.roles[1:])}, "signers: attestor was no second key"),
        ({"roles": (*KEYS.roles[:2], Role(1, KEYS.attestors[2:]))}, "signers: attestor was no second key"),
        ({"roles": (Role.of(1, *MANY[:6], KEYS.attestors[2]), *KEYS.roles[1:])}, "signers: attestor was no second key"),
    ],
)
def test_found__against_a_rule__is_refused_with_its_words(world: World, changed: dict[str, Any], words: str) -> None:
    assert world.refusal(founding(world, **changed)) == words


def test_found__with_the_most_members_and_the_longest_delay__is_taken(world: World) -> None:
    most = (Role.of(7, *MANY[:7]), KEYS.roles[1], Role.of(7, *MANY[:7]))
    world.send(founding(world, delay_s=30 * 86_400, roles=most))
    read = IssuerAccount.read(world.data(world.program.issuer()))
    assert (read.issuer, read.corporate_action) == (most[0], most[2])


def test_found__data_longer_or_shorter__is_refused(world: World) -> None:
    data = bytes(founding(world).data)
    assert world.refusal(with_data(founding(world), data + b"\0")) == "program: data had another length"
    assert not world.takes(with_data(founding(world), data[:-1]))
    assert world.refusal(with_data(founding(world), data[:-1])) == "program: data had another length"


def test_found__programdata_without_an_authority__is_refused(world: World, stock_so: bytes) -> None:
    world.place(world.program, stock_so, authority=None)
    assert world.refusal(founding(world)) == NOT_AUTHORITY


def test_found__programdata_that_names_an_authority_it_gave_up__is_refused(world: World) -> None:
    place = world.program.program_data()
    assert world.data(place)[12:45] == b"\1" + bytes(KEYS.deployer)
    world.patch(place, 12, b"\0")
    assert world.refusal(founding(world)) == NOT_AUTHORITY


def test_found__another_programs_accounts__is_refused(world: World, stock_so: bytes) -> None:
    """Somebody's own program, which they may upgrade, does not make them this one's deployer."""
    stranger = type(world.program)(key_of("stranger's program").pubkey())
    world.place(stranger, stock_so, authority=KEYS.stranger)
    named = founding(world, signers=[KEYS.stranger])
    both = with_accounts(named, a3=stranger.program_id, a4=stranger.program_data())
    assert world.refusal(both) == NOT_AUTHORITY
    assert world.refusal(with_accounts(named, a4=stranger.program_data())) == NOT_AUTHORITY
    forged = key_of("forged programdata").pubkey()
    world.put(forged, world.data(stranger.program_data()), LOADER)
    assert world.refusal(with_accounts(named, a4=forged)) == NOT_AUTHORITY


def test_found__at_another_address__is_refused(world: World) -> None:
    assert world.refusal(with_accounts(founding(world), a1=world.program.action(hashed("x")))) == (
        "program: account was not at its address"
    )


def test_found__somebody_sent_lamports_before__is_taken(world: World) -> None:
    world.chain.airdrop(world.program.issuer(), 10**9)
    world.send(founding(world))
    rent = world.chain.minimum_balance_for_rent_exemption(752)
    assert world.chain.get_balance(world.program.issuer()) == rent


# Open


@pytest.fixture(scope="module")
def born(stock_so: bytes) -> Issuer:
    """A mint that was never opened. Tests put back what they change."""
    issuer = Issuer(stock_so)
    issuer.send(*issuer.birth(NEW))
    return issuer


def test_open__in_order__keeps_limits_rate_and_accounts(born: Issuer) -> None:
    account = born.stock()
    assert (account.mint, account.escrow) == (born.mint, born.program.escrow_account(born.mint))
    assert (account.supply_cap, account.day_cap, account.hour_cap) == (SUPPLY_CAP, DAY_CAP, HOUR_CAP)
    assert account.age_s_max == AGE_S_MAX
    assert (account.base_multiplier, account.base_f64, account.base_epoch) == (ONE, f64_of(ONE), EPOCH)
    assert (account.next_multiplier, account.next_f64, account.next_epoch) == (ONE, f64_of(ONE), EPOCH)
    assert (account.base_version, account.next_at, account.pauses, account.opening_at) == (VERSION, 0, 0, 0)
    assert (account.day_at, account.hour_at, account.day_used, account.hour_used) == (born.now, born.now, 0, 0)
    assert account.bump == Pubkey.find_program_address([b"stock", bytes(born.mint)], born.program.program_id)[1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"supply_cap": 0}, "issuer: supply cap was zero"),
        ({"day_cap": 0}, "issuer: day cap was zero"),
        ({"age_s_max": 0}, "feed: age limit was zero"),
        ({"epoch": 2**32 + 1}, "token: epoch or version was out of bounds"),
        ({"version": 2**32 + 1}, "token: epoch or version was out of bounds"),
        ({"multiplier": 10**12 - 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**24 + 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 0, "f64": 0}, "token: multiplier was out of bounds"),
        ({"multiplier": 2**128 - 1, "f64": 0}, "token: multiplier was out of bounds"),
        ({"f64": f64_of(ONE) - 1}, "token: f64 was not the nearest below the multiplier"),
        ({"f64": f64_of(ONE) + 1}, "token: f64 was not the nearest below the multiplier"),
        ({"multiplier": 2 * ONE}, "token: mint showed another multiplier than the program's"),
    ],
)
def test_open__against_a_rule__is_refused_with_its_words(born: Issuer, changed: dict[str, Any], words: str) -> None:
    assert born.refusal(born.opening(NEW, **changed)) == words


@pytest.mark.parametrize("changed", [{"hour_cap": 0}, {"epoch": 2**32}, {"version": 2**32}, {"age_s_max": 1}, {"epoch": 0}])
def test_open__at_the_edge__is_taken(born: Issuer, changed: dict[str, Any]) -> None:
    assert born.takes(born.opening(NEW, **changed))


@pytest.mark.parametrize("multiplier", [10**12, 10**24, 3 * ONE // 7])
def test_open__multiplier_at_its_bounds__is_taken(born: Issuer, multiplier: int) -> None:
    mint = key_of(f"mint {multiplier}").pubkey()
    born.send(*born.birth(mint, multiplier))
    assert born.takes(born.opening(mint, multiplier=multiplier))


def test_open__again__is_refused(born: Issuer) -> None:
    assert born.refusal(born.opening(born.mint)) == "issuer: token was registered"


NOT_FIT = "token: mint was not wholly the program's"
EXTENSION = "token: extension was not known or not the program's"
ESCROW = "token: escrow account was not the program's alone"
MINT_CHANGES = {
    "mint authority given up": (0, bytes(4)),
    "mint authority of another": (4, b"x"),
    "mint authority that ends differently": (35, b"x"),
    "a supply": (36, b"\1"),
    "a great supply": (43, b"\1"),
    "nine decimals": (44, b"\x09"),
    "freeze authority given up": (46, bytes(4)),
    "freeze authority of another": (50, b"x"),
    "freeze authority that ends differently": (81, b"x"),
    "type of a token account": (165, b"\2"),
    "keys of a multisig": (1, b"\1"),
}


@pytest.mark.parametrize("change", MINT_CHANGES.values(), ids=MINT_CHANGES)
def test_open__mint_not_wholly_the_programs__is_refused(born: Issuer, change: tuple[int, bytes]) -> None:
    at, value = change
    before = born.data(NEW)
    born.patch(NEW, at, value)
    assert born.refusal(born.opening(NEW)) == NOT_FIT
    born.patch(NEW, 0, before)
    assert born.takes(born.opening(NEW))


def test_open__mint_of_another_program__is_refused(born: Issuer) -> None:
    account = born.chain.get_account(NEW)
    assert account is not None
    born.put(NEW, bytes(account.data), KEYS.stranger)
    assert born.refusal(born.opening(NEW)) == NOT_FIT
    born.put(NEW, bytes(account.data), account.owner)
    assert born.takes(born.opening(NEW))


def extension_at(data: bytes, kind: int) -> int:
    """Where an extension begins, with its kind and length."""
    at = 166
    while int.from_bytes(data[at : at + 2], "little") != kind:
        at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
    return at


EXTENSION_CHANGES = {
    **{f"{kind} of another authority": (kind, 4, b"x") for kind in (4, 12, 14, 18, 25, 26)},
    **{f"{kind} of another authority at its end": (kind, 35, b"x") for kind in (4, 12, 14, 18, 25, 26)},
    "hook with a program": (14, 36, b"x"),
    "hook with a program at its end": (14, 67, b"x"),
    "paused": (26, 36, b"\1"),
    "confidential accounts without approval": (4, 36, b"\1"),
    "accounts that open frozen": (6, 4, b"\2"),
    **{f"unknown extension {kind}": (18, 0, bytes([kind])) for kind in (1, 3, 5, 9, 10, 16, 20, 28, 31, 63, 64, 82, 89)},
    "unknown extension beyond a byte": (18, 1, b"\1"),
}


@pytest.mark.parametrize("change", EXTENSION_CHANGES.values(), ids=EXTENSION_CHANGES)
def test_open__extension_unknown_or_another_s__is_refused(born: Issuer, change: tuple[int, int, bytes]) -> None:
    kind, step, value = change
    before = born.data(NEW)
    born.patch(NEW, extension_at(before, kind) + step, value)
    assert born.refusal(born.opening(NEW)) == EXTENSION
    born.patch(NEW, 0, before)
    assert born.takes(born.opening(NEW))


@pytest.mark.parametrize("kind", [12, 25, 26])
def test_open__needed_extension_missing__is_refused(born: Issuer, kind: int) -> None:
    """Another that is known stands in its place, so that nothing else is wrong."""
    before = born.data(NEW)
    stand_in = {12: 18, 25: 12, 26: 18}[kind]
    born.patch(NEW, extension_at(before, kind), bytes([stand_in]))
    assert born.refusal(born.opening(NEW)) == EXTENSION
    born.patch(NEW, 0, before)
    assert born.takes(born.opening(NEW))


def test_open__mint_with_metadata__is_taken(born: Issuer) -> None:
    """Token metadata stands behind the rest and belongs to whoever writes its text."""
    before = born.data(NEW)
    born.put(NEW, before + b"\x13\x00\x50\x00" + bytes(80), TOKEN_2022)
    assert born.takes(born.opening(NEW))
    born.put(NEW, before, TOKEN_2022)


ESCROW_CHANGES = {
    "of another mint": (0, b"x"),
    "of another mint at its end": (31, b"x"),
    "of another owner": (32, b"x"),
    "of another owner at its end": (63, b"x"),
    "with a delegate": (72, b"\1"),
    "frozen": (108, b"\2"),
    "not initialised": (108, b"\0"),
    "with somebody who may close it": (129, b"\1"),
}


@pytest.mark.parametrize("change", ESCROW_CHANGES.values(), ids=ESCROW_CHANGES)
def test_open__escrow_account_not_the_programs_alone__is_refused(born: Issuer, change: tuple[int, bytes]) -> None:
    address = born.program.escrow_account(NEW)
    before = born.data(address)
    born.patch(address, *change)
    assert born.refusal(born.opening(NEW)) == ESCROW
    born.patch(address, 0, before)
    assert born.takes(born.opening(NEW))


def test_open__escrow_account_of_another_program__is_refused(born: Issuer) -> None:
    forged = key_of("forged escrow").pubkey()
    born.put(forged, born.data(born.program.escrow_account(NEW)), KEYS.stranger)
    assert born.refusal(born.opening(NEW, escrow=forged)) == ESCROW


def test_open__mint_without_extensions__is_refused(born: Issuer) -> None:
    before = born.chain.get_account(NEW)
    assert before is not None
    born.put(NEW, bytes(before.data)[:82], before.owner)
    assert born.refusal(born.opening(NEW)) == NOT_FIT
    born.put(NEW, bytes(before.data)[:170], before.owner)
    assert not born.takes(born.opening(NEW))
    born.put(NEW, bytes(before.data), before.owner)


def test_open__somebody_sent_lamports_before__is_taken(born: Issuer) -> None:
    mint = key_of("mint FUNDED").pubkey()
    born.send(*born.birth(mint))
    born.chain.airdrop(born.program.stock(mint), 10**9)
    born.send(born.opening(mint))
    assert born.chain.get_balance(born.program.stock(mint)) == born.chain.minimum_balance_for_rent_exemption(424)
