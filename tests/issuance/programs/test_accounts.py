"""What every instruction and operation takes as its accounts and its data, and nothing else.

Each is first seen to be taken as it is. Then each of its accounts is another one, forged, or missing, and its data longer
or shorter, one at a time. `SCENES` has a letter for each account, and `KINDS` what each letter stands for.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from tests.issuance.programs.world import (
    DAY_CAP,
    DELAY_S,
    HOUR_CAP,
    HOUR_S,
    KEYS,
    SUPPLY_CAP,
    Issuer,
    hashed,
    key_of,
    with_accounts,
    with_data,
)  # fmt: skip

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.program_parts import LOADER, Operation, Role, Tag
from openscrip.issuance.chains.solana.token_program import SYSTEM, TOKEN_2022

Build: TypeAlias = Callable[["Stand"], Instruction]
ACCOUNTS_MAX = 32
THERE, NEW_LANE = hashed("chain:there"), hashed("chain:new lane")
CODE_AT = 37


@dataclass(frozen=True)
class Kind:
    """How a wrong account of a kind is refused, and the seeds of a right one of ours."""

    words: str
    ours: bool = False


KINDS = {
    "I": Kind("program: issuer account was another", ours=True),
    "S": Kind("program: token account was another", ours=True),
    "M": Kind("program: mint was another"),
    "E": Kind("program: escrow account was another"),
    "R": Kind("issuer: request was not in escrow", ours=True),
    "A": Kind("actions: action was not announced", ours=True),
    "L": Kind("issuer: lane was closed", ours=True),
    "F": Kind("token: escrow account was not the program's alone"),
    "C": Kind("actions: corrected action was not the token's", ours=True),
    "N": Kind("program: account was not at its address"),
    "O": Kind("timelock: operation was not queued"),
    "X": Kind("timelock: account was not the operation's"),
}
"""I issuer, S token, M mint, E escrow, F that of a new token, R redemption, A action, C one that is corrected, L lane,
O operation, N what is created, X what an operation names; T Token-2022, Y the system program, P who pays, ? anything else,
whose own tests are elsewhere."""

SCENES: dict[str, tuple[str, Build]] = {
    "open": ("PIN?FY", lambda s: s.world.opening(s.unopened)),
    "report": ("IS", lambda s: s.world.reporting(epoch=s.world.stock().epoch_at(s.world.now))),
    "mint": ("PISM?NN?TY", lambda s: s.world.minting("here")),
    "arrival": ("PISM?NNNTY", lambda s: s.world.minting("here", kind=2, origin=hashed("origin"))),
    "void": ("PINY", lambda s: s.world.program.void(payer=KEYS.payer, request=hashed("void"), signers=[KEYS.issuers[0]])),
    "escrow": ("PSMH?ENTY", lambda s: s.world.escrowing("here", raw=3)),
    "depart": ("PSMH?LNTY", lambda s: s.world.departing("here", raw=3, destination=THERE)),
    "burn": ("ISMERT", lambda s: s.world.burning("held")),
    "refund": ("ISMER?T", lambda s: s.world.refunding("held")),
    "pause": ("ISMT", lambda s: s.world.program.pause(mint=s.world.mint, scope=1, signers=[KEYS.guardian])),
    "freeze": (
        "ISM?T",
        lambda s: s.world.program.freeze(mint=s.world.mint, account=s.world.account, reason=1, signers=[KEYS.guardian]),
    ),
    "lower limits": (
        "IS",
        lambda s: s.world.program.lower_limits(
            mint=s.world.mint, supply_cap=SUPPLY_CAP, day_cap=DAY_CAP, hour_cap=HOUR_CAP - 1, signers=[KEYS.guardian]
        ),
    ),
    "lower lane": (
        "ISL",
        lambda s: s.world.program.lower_lane(mint=s.world.mint, destination=THERE, hour_cap=1, signers=[KEYS.guardian]),
    ),
    "announce": ("PISMN?TY", lambda s: s.world.announcing("here")),
    "correct": ("PISMNCTY", lambda s: s.world.announcing("here", corrects=hashed("split"))),
    "stage": ("ISMAT", lambda s: s.world.staging("split")),
    "cancel": (
        "ISMAT",
        lambda s: s.world.program.cancel(mint=s.world.mint, action=hashed("split"), reason=hashed("why"), signers=KEYS.acting),
    ),
    "finish": (
        "ISA",
        lambda s: s.world.program.finish(mint=s.world.mint, action=hashed("done"), evidence=hashed("why"), signers=KEYS.acting),
    ),
    "end": (
        "ISA",
        lambda s: s.world.program.end(
            mint=s.world.mint, action=hashed("merger"), effective_at=s.world.now + 600, signers=KEYS.acting
        ),
    ),
    "queue": ("PINY", lambda s: s.world.queueing(operations.delay(salt=b"one more", delay_s=9))),
    "call off": ("IO", lambda s: s.world.program.call_off(operation_hash=s.ready["delay"].hash, signers=[KEYS.guardian])),
    "resume": ("PIOSMT", lambda s: s.world.executing(s.ready["resume"])),
    "thaw": ("PIOSMXT", lambda s: s.world.executing(s.ready["thaw"])),
    "recover": ("PIOSMXXT", lambda s: s.world.executing(s.ready["recover"])),
    "signers": ("PIO", lambda s: s.world.executing(s.ready["signers"])),
    "guardian": ("PIO", lambda s: s.world.executing(s.ready["guardian"])),
    "delay": ("PIO", lambda s: s.world.executing(s.ready["delay"])),
    "limits": ("PIOS", lambda s: s.world.executing(s.ready["limits"])),
    "new lane": ("PIOSNY", lambda s: s.world.executing(s.ready["lane"])),
    "upgrade": ("PIOX?XX???", lambda s: s.world.executing(s.ready["upgrade"])),
}
# Of one length: the others have a set of keys in them.
OF_ONE_LENGTH = sorted(SCENES.keys() - {"signers"})


class Stand:
    """A state in which every scene is taken, and what is put in the place of its accounts."""

    world: Issuer
    unopened: Pubkey
    ready: dict[str, Operation]

    def __init__(self, code: bytes, base: LiteSVM | None = None) -> None:
        self.code = code
        self.world = world = Issuer(code, base=base)
        self.unopened = key_of("mint NEW").pubkey()
        self.second = world.token("MSFT")
        self.there = world.account_of(KEYS.holder, self.second)
        self.to = world.account_of(KEYS.stranger, self.second)
        world.open_lane(THERE)
        world.open_lane(THERE, mint=self.second)
        world.send(world.announcing("done"))
        world.send(world.staging("done"))
        world.after(HOUR_S)
        world.send(world.announcing("split"), world.announcing("merger", kind=b"MRGR", into=hashed("acquirer")))
        self.buffer = self.buffer_of(code)
        self.ready = self.queued()
        world.after(DELAY_S)
        world.send(world.reporting(epoch=world.stock().epoch_at(world.now)))
        world.send(world.minting("held", raw=1000), world.escrowing("held", raw=10))
        world.send(*world.birth(self.unopened))
        self.fill_second()
        world.place(world.program, code, authority=world.program.issuer())
        self.forged = dict(self.forgeries())

    def buffer_of(self, code: bytes) -> Pubkey:
        """A buffer of the loader that the issuer's account may deploy from."""
        place = key_of("buffer").pubkey()
        self.world.put(place, b"\1\0\0\0\1" + bytes(self.world.program.issuer()) + code, LOADER)
        return place

    def queued(self) -> dict[str, Operation]:
        """One operation of each kind, waiting."""
        world, program, second = self.world, self.world.program, self.second
        code = hashlib.sha256(world.data(self.buffer)[CODE_AT:]).digest()
        found = {
            "resume": operations.resume(program, salt=b"resume..", mint=second, scope=2),
            "thaw": operations.thaw(program, salt=b"thaw....", mint=second, account=self.there, reason=1),
            "recover": operations.recover(
                program, salt=b"recover.", mint=second, account=self.there, to=self.to, amount=5, case=hashed("case"), reason=1
            ),
            "signers": operations.signers(salt=b"signers.", role=1, keys=Role(1, (key_of("only issuer").pubkey(),))),
            "guardian": operations.guardian(salt=b"guardian", key=KEYS.stranger),
            "delay": operations.delay(salt=b"delay...", delay_s=8),
            "limits": operations.limits(
                program, salt=b"limits..", mint=world.mint, supply_cap=SUPPLY_CAP, day_cap=DAY_CAP, hour_cap=7
            ),
            "lane": operations.lane(
                program, salt=b"lane....", mint=world.mint, destination=NEW_LANE, hour_cap=9, life_s=HOUR_S
            ),
            "upgrade": operations.upgrade(program, salt=b"upgrade.", buffer=self.buffer, spill=KEYS.stranger, code=code),
        }
        world.send(*(world.queueing(operation) for operation in found.values()))
        return found

    def fill_second(self) -> None:
        """Another token with a supply, paused in part, and a frozen account."""
        world, second = self.world, self.second
        world.send(world.reporting(mint=second))
        world.send(world.minting("second", mint=second, destination=self.there))
        world.send(world.escrowing("second", mint=second, source=self.there, raw=9))
        world.send(world.announcing("second", mint=second))
        world.send(world.program.pause(mint=second, scope=2, signers=[KEYS.guardian]))
        world.send(world.program.freeze(mint=second, account=self.there, reason=1, signers=[KEYS.guardian]))

    def genuine(self, letter: str) -> Pubkey:
        """The right account of a kind of ours."""
        world, program = self.world, self.world.program
        return {
            "I": program.issuer(), "S": program.stock(world.mint), "L": program.lane(world.mint, THERE),
            "R": program.redemption(KEYS.holder, hashed("redeem held")), "A": program.action(hashed("split")),
            "C": program.action(hashed("split")),
        }[letter]  # fmt: skip

    def of_the_other_token(self, letter: str) -> Pubkey:
        """An account of the same kind that belongs to the other token."""
        program, second = self.world.program, self.second
        return {
            "M": second, "E": program.escrow_account(second), "F": program.escrow_account(second),
            "L": program.lane(second, THERE), "C": program.action(hashed("second")),
            "R": program.redemption(KEYS.holder, hashed("redeem second")), "A": program.action(hashed("second")),
        }[letter]  # fmt: skip

    def forgeries(self) -> Iterator[tuple[tuple[str, str], Pubkey]]:
        """Copies of each account of ours with one thing wrong, at places of their own."""
        world, number = self.world, count()
        for letter in "ISRACL":
            data = world.data(self.genuine(letter))
            wrong = {
                "of another program": (data, SYSTEM), "of Token-2022": (data, TOKEN_2022),
                "too short": (data[:-8], world.program.program_id), "too long": (data + bytes(8), world.program.program_id),
                "of another tag": (bytes([data[0] + 1]) + data[1:], world.program.program_id),
                "of no tag": (bytes(1) + data[1:], world.program.program_id),
            }  # fmt: skip
            for name, (copy, owner) in wrong.items():
                place = key_of(f"forged {next(number)}").pubkey()
                world.put(place, copy, owner)
                yield (letter, name), place


FORGED = ("of another program", "of Token-2022", "too short", "too long", "of another tag", "of no tag")
SCENE_PLACES = [(name, place, letter) for name, (letters, _) in SCENES.items() for place, letter in enumerate(letters)]


def ids(case: object) -> str:
    return str(case).replace(" ", "-")


@pytest.fixture(scope="module")
def stand(stock_so: bytes) -> Stand:
    return Stand(stock_so)


def refused(stand: Stand, instruction: Instruction) -> str:
    return stand.world.refusal(instruction)


@pytest.mark.parametrize("name", SCENES, ids=ids)
def test_instruction__as_it_is__is_taken(stand: Stand, name: str) -> None:
    assert stand.world.rehearses(SCENES[name][1](stand)) is None
    assert len(SCENES[name][1](stand).accounts) >= len(SCENES[name][0])


@pytest.mark.parametrize(("name", "place", "letter"), [case for case in SCENE_PLACES if case[2] in KINDS], ids=ids)
def test_account__that_stands_nowhere__is_refused(stand: Stand, name: str, place: int, letter: str) -> None:
    empty = with_accounts(SCENES[name][1](stand), **{f"a{place}": key_of("nobody").pubkey()})
    assert refused(stand, empty) == KINDS[letter].words


@pytest.mark.parametrize("fault", FORGED, ids=ids)
@pytest.mark.parametrize(
    ("name", "place", "letter"), [case for case in SCENE_PLACES if case[2] in KINDS and KINDS[case[2]].ours], ids=ids
)
def test_account_of_ours__forged__is_refused(stand: Stand, name: str, place: int, letter: str, fault: str) -> None:
    forged = with_accounts(SCENES[name][1](stand), **{f"a{place}": stand.forged[letter, fault]})
    assert refused(stand, forged) == KINDS[letter].words


@pytest.mark.parametrize(("name", "place", "letter"), [case for case in SCENE_PLACES if case[2] in "MEFLRAC"], ids=ids)
def test_account__of_another_token__is_refused(stand: Stand, name: str, place: int, letter: str) -> None:
    asked = SCENES[name][1](stand)
    other = stand.world.mint if asked.accounts[place].pubkey == stand.second else stand.of_the_other_token(letter)
    assert refused(stand, with_accounts(asked, **{f"a{place}": other})) == KINDS[letter].words


@pytest.mark.parametrize(("name", "place"), [case[:2] for case in SCENE_PLACES if case[2] == "N"], ids=ids)
def test_account__created_at_a_funded_place_of_somebodys__is_refused(stand: Stand, name: str, place: int) -> None:
    elsewhere = with_accounts(SCENES[name][1](stand), **{f"a{place}": KEYS.holder})
    assert refused(stand, elsewhere) == KINDS["N"].words


@pytest.mark.parametrize("name", SCENES, ids=ids)
def test_instruction__one_account_too_few__is_refused(stand: Stand, name: str) -> None:
    asked, wanted = SCENES[name][1](stand), len(SCENES[name][0])
    own = list(asked.accounts)[: wanted - 1]
    if bytes(asked.data)[0] == Tag.EXECUTE:  # the operation's own are only counted once an issuer signed
        own[0] = AccountMeta(KEYS.issuers[0], is_signer=True, is_writable=True)
    assert refused(stand, Instruction(asked.program_id, bytes(asked.data), own)) == "program: account was missing"


@pytest.mark.parametrize("name", OF_ONE_LENGTH, ids=ids)
def test_instruction__data_longer_or_shorter__is_refused(stand: Stand, name: str) -> None:
    asked = SCENES[name][1](stand)
    data = bytes(asked.data)
    operation = data[0] == Tag.EXECUTE
    for wrong in (data + b"\0", data[:-1]):
        said = refused(stand, with_data(asked, wrong))
        # an operation's hash covers its bytes: other bytes were never queued
        assert said == ("program: account was not at its address" if operation else "program: data had another length")


@pytest.mark.parametrize("accounts", [ACCOUNTS_MAX, ACCOUNTS_MAX + 1])
def test_instruction__accounts__are_at_most_so_many(stand: Stand, accounts: int) -> None:
    asked = SCENES["report"][1](stand)
    more = [AccountMeta(SYSTEM, is_signer=False, is_writable=False)] * (accounts - len(asked.accounts))
    said = stand.world.rehearses(Instruction(asked.program_id, bytes(asked.data), [*asked.accounts, *more]))
    assert (said is None) == (accounts <= ACCOUNTS_MAX)
    assert said in (None, 203)


@pytest.mark.parametrize("tag", [*range(21, 32), 40, 128, 255])
def test_instruction__of_no_tag_that_is_known__is_refused(stand: Stand, tag: int) -> None:
    asked = SCENES["upgrade"][1](stand)
    said = {refused(stand, with_data(asked, bytes([tag]) + bytes(length))) for length in range(110)}
    assert said <= {"program: instruction was unknown", "program: data had another length", KINDS["S"].words}
    assert refused(stand, with_data(asked, b"")) == "program: data had another length"


@pytest.mark.parametrize("number", [0, 10, 11, 200, 255])
def test_operation__of_no_number_that_is_known__is_refused(stand: Stand, number: int) -> None:
    world = Issuer(stand.code)
    unknown = Operation(b"unknown." + bytes([number]) + bytes(32 + 32), ())
    world.send(world.queueing(unknown))
    world.after(DELAY_S)
    assert world.refusal(world.executing(unknown)) == "program: instruction was unknown"


@pytest.mark.parametrize("length", [0, 8, 9, 40])
def test_operation__shorter_than_its_head__is_refused(stand: Stand, length: int) -> None:
    asked = SCENES["delay"][1](stand)
    assert refused(stand, with_data(asked, bytes(asked.data)[: 1 + length])) == "program: data had another length"


BY_ONE_MEMBER = (
    "report", "void", "burn", "refund", "resume", "thaw", "recover", "signers", "guardian", "delay", "limits", "new lane",
    "upgrade",
)  # fmt: skip
BY_ENOUGH_ISSUERS = ("open", "mint", "arrival", "queue")
THRESHOLD_AT = 56


def test_issuers__two_of_two_needed__one_member_still_does_what_a_member_may(stock_so: bytes) -> None:
    stand = Stand(stock_so)
    stand.world.patch(stand.world.program.issuer(), THRESHOLD_AT, b"\2")
    said = {name: stand.world.rehearses(build(stand)) for name, (_, build) in SCENES.items()}
    assert [name for name in BY_ONE_MEMBER if said[name] is not None] == []
    assert {said[name] for name in BY_ENOUGH_ISSUERS} == {206}


EXECUTED = [name for name, (letters, _) in SCENES.items() if letters.startswith("PIO")]


@pytest.mark.parametrize("name", EXECUTED, ids=ids)
def test_operation__executed_by_a_member_who_pays__needs_no_further_account(stand: Stand, name: str) -> None:
    asked = SCENES[name][1](stand)
    payer = AccountMeta(KEYS.issuers[0], is_signer=True, is_writable=True)
    stand.world.put(KEYS.issuers[0], b"", SYSTEM, lamports=10**10)
    alone = Instruction(asked.program_id, bytes(asked.data), [payer, *asked.accounts[1 : len(SCENES[name][0])]])
    assert stand.world.rehearses(alone) is None


@pytest.mark.parametrize("at", range(0, 32, 3))
def test_hash__with_a_single_byte_that_is_not_zero__is_not_zero(stand: Stand, at: int) -> None:
    def cancelled(reason: bytes) -> Instruction:
        mint, action = stand.world.mint, hashed("split")
        return stand.world.program.cancel(mint=mint, action=action, reason=reason, signers=KEYS.acting)

    assert stand.world.rehearses(cancelled(bytes(at) + b"\1" + bytes(31 - at))) is None
    assert stand.world.refusal(cancelled(bytes(32))) == "actions: reason was zero"


@pytest.mark.parametrize("at", range(0, 32, 3))
def test_key__that_differs_in_a_single_byte__is_another(stand: Stand, at: int) -> None:
    asked = SCENES["pause"][1](stand)
    mint = bytearray(bytes(asked.accounts[2].pubkey))
    mint[at] ^= 1
    assert refused(stand, with_accounts(asked, a2=Pubkey(bytes(mint)))) == KINDS["M"].words
