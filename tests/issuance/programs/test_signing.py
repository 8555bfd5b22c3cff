"""Who must sign each instruction: nobody else, nobody twice, and no key of another role in their place."""

from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.every import (
    A0,
    A1,
    A2,
    ACTION,
    BY_ACTION,
    BY_GUARDIAN,
    BY_MEMBER,
    BY_TWO,
    C0,
    I0,
    I1,
    LANE,
    OPERATION,
    TWO,
    Build,
    G,
    ready_for_every,
)
from tests.issuance.programs.world import KEYS, Issuer, World, with_accounts

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.program_parts import Role


def unsigned(instruction: Instruction, key: Pubkey) -> Instruction:
    """The key stands there, but does not sign."""
    metas = [AccountMeta(m.pubkey, m.is_signer and m.pubkey != key, m.is_writable) for m in instruction.accounts]
    return Instruction(instruction.program_id, bytes(instruction.data), metas)


@pytest.fixture(scope="module")
def ready(stock_so: bytes) -> Issuer:
    return ready_for_every(stock_so)


ISSUER_WRONG, ATTESTOR_WRONG = "issuer: issuer signature was wrong", "issuer: attestor signature was wrong"
ACTOR_WRONG = "actions: corporate action signature was wrong"


@pytest.mark.parametrize("build", BY_TWO.values(), ids=BY_TWO)
@pytest.mark.parametrize("signers", [TWO, [I1, A1, A2], [A2, A0, I0], [I0, I1, A0, A1, A2, C0, G]])
def test_by_issuer_and_attestors__enough_of_both__is_taken(ready: Issuer, build: Build, signers: list[Pubkey]) -> None:
    assert ready.takes(build(ready, signers))


@pytest.mark.parametrize("build", BY_TWO.values(), ids=BY_TWO)
@pytest.mark.parametrize(
    ("signers", "words"),
    [
        ([], ISSUER_WRONG),
        ([A0, A1, A2], ISSUER_WRONG),
        ([C0, G, A0, A1], ISSUER_WRONG),
        ([I0], ATTESTOR_WRONG),
        ([I0, I1], ATTESTOR_WRONG),
        ([I0, A0], ATTESTOR_WRONG),
        ([I0, A0, A0], ATTESTOR_WRONG),
        ([I0, A0, I1, C0, G], ATTESTOR_WRONG),
    ],
)
def test_by_issuer_and_attestors__missing_wrong_or_twice__is_refused(
    ready: Issuer, build: Build, signers: list[Pubkey], words: str
) -> None:
    assert ready.refusal(build(ready, signers)) == words


@pytest.mark.parametrize("build", [*BY_TWO.values(), *BY_ACTION.values()], ids=[*BY_TWO, *BY_ACTION])
def test_by_two_roles__key_named_but_not_signing__is_refused(ready: Issuer, build: Build) -> None:
    by = TWO if build in BY_TWO.values() else ACTION
    first = ISSUER_WRONG if build in BY_TWO.values() else None
    for key in by:
        said = ready.refusal(unsigned(build(ready, by), key))
        if key != by[0]:
            assert said == ATTESTOR_WRONG
        elif first:
            assert said == first
        else:
            assert said == ACTOR_WRONG


@pytest.mark.parametrize("build", BY_ACTION.values(), ids=BY_ACTION)
def test_by_corporate_action_and_attestors__is_taken_only_from_both(ready: Issuer, build: Build) -> None:
    assert ready.takes(build(ready, ACTION))
    assert ready.takes(build(ready, [A2, A1, C0]))
    for signers in ([], TWO, [G, A0, A1, A2]):
        said = ready.refusal(build(ready, signers))
        assert said in (ACTOR_WRONG, ATTESTOR_WRONG)
        assert (said == ACTOR_WRONG) == bool(set(signers) & {A0})
    for signers in ([C0], [C0, A0], [C0, A1, A1], [C0, I0, I1, A2]):
        assert ready.refusal(build(ready, signers)) == ATTESTOR_WRONG


@pytest.mark.parametrize("build", BY_MEMBER.values(), ids=BY_MEMBER)
def test_by_a_member_of_the_issuers__any_one__is_taken_and_nobody_else(ready: Issuer, build: Build) -> None:
    assert ready.takes(build(ready, [I0]))
    assert ready.takes(build(ready, [I1]))
    for signers in ([], [A0, A1, A2], [C0, G], [KEYS.stranger]):
        assert ready.refusal(build(ready, signers)) == "issuer: caller was not the issuer"
    assert ready.refusal(unsigned(build(ready, [I0]), I0)) == "issuer: caller was not the issuer"


@pytest.mark.parametrize("build", BY_GUARDIAN.values(), ids=BY_GUARDIAN)
def test_by_the_guardian__alone__is_taken_and_from_nobody_else(ready: Issuer, build: Build) -> None:
    assert ready.takes(build(ready, [G]))
    for signers in ([], [I0, I1, A0, A1, A2, C0], [KEYS.stranger]):
        assert ready.refusal(build(ready, signers)) == "token: caller was not the guardian"
    assert ready.refusal(unsigned(build(ready, [G]), G)) == "token: caller was not the guardian"


def test_report__an_issuer_hands_in_what_the_attestors_signed(ready: Issuer) -> None:
    assert ready.takes(ready.reporting(signers=[I1, A0, A2], epoch=9))
    for signers in ([I0, A0], [I0, I1], [I0, A1, A1]):
        assert ready.refusal(ready.reporting(signers=signers)) == ATTESTOR_WRONG
    for signers in ([A0, A1], [A0, A1, C0, G]):
        assert ready.refusal(ready.reporting(signers=signers)) == "issuer: caller was not the issuer"


def test_call_off__by_the_guardian_or_by_two_roles(ready: Issuer) -> None:
    def calling(signers: list[Pubkey]) -> Instruction:
        return ready.program.call_off(operation_hash=OPERATION.hash, signers=signers)

    assert ready.takes(calling([G]))
    assert ready.takes(calling(TWO))
    for signers, words in (
        ([], ISSUER_WRONG),
        ([A0, A1], ISSUER_WRONG),
        ([I0, A1], ATTESTOR_WRONG),
        ([C0, I0], ATTESTOR_WRONG),
    ):
        assert ready.refusal(calling(signers)) == words
    assert ready.refusal(unsigned(calling([G]), G)) == ISSUER_WRONG


def test_open__mint_does_not_sign__is_refused(ready: Issuer) -> None:
    opening = BY_TWO["open"](ready, TWO)
    assert ready.refusal(with_accounts(opening, unsign=3)) == "token: mint did not sign"


@pytest.mark.parametrize("name", ["escrow", "depart"])
def test_holder__who_does_not_sign__is_refused(ready: Issuer, name: str) -> None:
    asked = ready.escrowing("new", raw=5) if name == "escrow" else ready.departing("new", destination=LANE)
    assert ready.takes(asked)
    assert ready.refusal(with_accounts(asked, unsign=3)) == "issuer: holder did not sign"


@pytest.mark.parametrize("name", ["escrow", "depart"])
def test_holder__another_who_signs__cannot_take_the_holders_tokens(ready: Issuer, name: str) -> None:
    changed: dict[str, Any] = {"holder": KEYS.stranger, "source": ready.account, "raw": 5}
    asked = ready.escrowing("new", **changed) if name == "escrow" else ready.departing("new", destination=LANE, **changed)
    assert ready.refusal(asked) == "4"


@pytest.mark.parametrize("name", ["escrow", "depart"])
def test_holder__the_tokens_own_account_in_its_place__cannot_take_anybodys_tokens(ready: Issuer, name: str) -> None:
    """It is the mint's permanent delegate, and the program would sign for it."""
    stock = ready.program.stock(ready.mint)
    changed: dict[str, Any] = {"holder": stock, "source": ready.account, "raw": 5}
    asked = ready.escrowing("new", **changed) if name == "escrow" else ready.departing("new", destination=LANE, **changed)
    assert ready.refusal(with_accounts(asked, unsign=3)) == "issuer: holder did not sign"


def test_found__by_anybody_but_the_upgrade_authority__is_refused(stock_so: bytes) -> None:
    world = World(stock_so)
    named: dict[str, Any] = {"payer": KEYS.payer, "guardian": G, "delay_s": 60, "roles": KEYS.roles}
    for signers in ([], [KEYS.stranger], [G], TWO):
        said = world.refusal(world.program.found(**named, signers=signers))
        assert said == "program: caller was not the upgrade authority"
    founding = world.program.found(**named, signers=[KEYS.deployer])
    assert world.refusal(unsigned(founding, KEYS.deployer)) == "program: caller was not the upgrade authority"
    assert world.takes(founding)


def test_member__one_of_two_who_must_both_sign_a_mint__does_alone_what_a_member_may(stock_so: bytes) -> None:
    world = ready_for_every(stock_so)
    made = operations.signers(salt=b"both now", role=1, keys=Role(2, KEYS.issuers))
    world.send(world.queueing(made))
    world.after(2 * 86_400)
    world.send(world.executing(made))
    world.send(world.reporting(epoch=9, signers=[I0, A0, A1]))
    for name, build in BY_MEMBER.items():
        assert world.takes(build(world, [I1])), name
    for name, build in BY_TWO.items():
        assert world.refusal(build(world, [I1, A0, A1])) == ISSUER_WRONG, name
    assert world.takes(BY_TWO["queue"](world, [I0, I1, A0, A1]))
    for name, build in (BY_GUARDIAN | BY_ACTION).items():
        assert world.takes(build(world, [G, C0, A0, A1])), name
