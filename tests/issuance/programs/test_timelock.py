"""What two roles decide waits in sight of everybody, is called off by either side, and is executed once."""

import struct
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DELAY_S, KEYS, Issuer, World, hashed, key_of, with_accounts, with_data

from openscrip.issuance.chains.solana.program_accounts import IssuerAccount, OperationAccount
from openscrip.issuance.chains.solana.program_operations import (
    delay,
    guardian,
    lane,
    limits,
    recover,
    resume,
    signers,
    thaw,
)
from openscrip.issuance.chains.solana.program_parts import Operation, Role

NEXT = key_of("next guardian").pubkey()
NOT_QUEUED, NOT_READY = "timelock: operation was not queued", "timelock: operation was not ready"
MANY = [key_of(f"many {number}").pubkey() for number in range(8)]


def calling_off(issuer: Issuer, operation: Operation) -> Instruction:
    return issuer.program.call_off(operation_hash=operation.hash, signers=[KEYS.guardian])


def ready_at(issuer: Issuer, operation: Operation) -> int:
    return OperationAccount.read(issuer.data(issuer.program.operation(operation.data))).ready_at


def powers(issuer: Issuer) -> IssuerAccount:
    return IssuerAccount.read(issuer.data(issuer.program.issuer()))


@pytest.fixture
def operation(issuer: Issuer) -> Operation:
    """A new guardian, queued."""
    made = guardian(salt=issuer.salt(), key=NEXT)
    issuer.send(issuer.queueing(made))
    return made


def test_operation__waits_its_delay_to_the_second__and_is_executed_once(issuer: Issuer, operation: Operation) -> None:
    assert ready_at(issuer, operation) == issuer.now + DELAY_S
    execution = issuer.executing(operation)
    assert issuer.refusal(execution) == NOT_READY
    issuer.after(DELAY_S - 1)
    assert issuer.refusal(execution) == NOT_READY
    issuer.after(1)
    issuer.send(execution)
    assert (powers(issuer).guardian, ready_at(issuer, operation)) == (NEXT, -1)
    assert issuer.refusal(execution) == NOT_QUEUED
    assert issuer.refusal(issuer.queueing(operation)) == "timelock: operation was queued"


def test_operation__twice_in_one_transaction__is_refused_as_a_whole(issuer: Issuer) -> None:
    made = limits(issuer.program, salt=issuer.salt(), mint=issuer.mint, supply_cap=7, day_cap=7, hour_cap=7)
    issuer.send(issuer.queueing(made))
    issuer.after(DELAY_S)
    assert not issuer.takes(issuer.executing(made), issuer.executing(made))
    assert issuer.takes(issuer.executing(made))


def test_operation__never_queued__is_refused(issuer: Issuer) -> None:
    made = guardian(salt=b"no queue", key=NEXT)
    assert issuer.refusal(issuer.executing(made)) == NOT_QUEUED
    assert issuer.refusal(calling_off(issuer, made)) == NOT_QUEUED


def test_operation__queued_while_it_waits__is_refused(issuer: Issuer, operation: Operation) -> None:
    assert issuer.refusal(issuer.queueing(operation)) == "timelock: operation was queued"


def test_operation__called_off__is_not_executed_and_may_be_queued_again(issuer: Issuer, operation: Operation) -> None:
    issuer.send(calling_off(issuer, operation))
    assert ready_at(issuer, operation) == 0
    assert issuer.refusal(calling_off(issuer, operation)) == NOT_QUEUED
    issuer.after(DELAY_S)
    assert issuer.refusal(issuer.executing(operation)) == NOT_QUEUED
    issuer.send(issuer.queueing(operation))
    assert ready_at(issuer, operation) == issuer.now + DELAY_S
    assert issuer.refusal(issuer.executing(operation)) == NOT_READY


def test_operation__called_off_by_both_roles__is_not_executed(issuer: Issuer, operation: Operation) -> None:
    issuer.send(issuer.program.call_off(operation_hash=operation.hash, signers=KEYS.two))
    assert ready_at(issuer, operation) == 0


def test_operation__executed__is_not_called_off(issuer: Issuer, operation: Operation) -> None:
    issuer.after(DELAY_S)
    issuer.send(issuer.executing(operation))
    assert issuer.refusal(issuer.program.call_off(operation_hash=operation.hash, signers=KEYS.two)) == NOT_QUEUED
    assert ready_at(issuer, operation) == -1


def test_operation__other_bytes_than_were_queued__are_refused(issuer: Issuer, operation: Operation) -> None:
    issuer.after(DELAY_S)
    right = issuer.executing(operation)
    assert issuer.takes(right)
    for place in (1, 9, 10, 42, len(bytes(right.data)) - 1):
        data = bytearray(right.data)
        data[place] ^= 1
        assert issuer.refusal(with_data(right, bytes(data))) == "program: account was not at its address"


def test_operation__another_hash_than_its_account__is_refused(issuer: Issuer, operation: Operation) -> None:
    other = guardian(salt=b"other op", key=NEXT)
    issuer.send(issuer.queueing(other))
    wrong = with_accounts(calling_off(issuer, operation), a1=issuer.program.operation(other.data))
    assert issuer.refusal(wrong) == "program: account was not at its address"


def executed(issuer: Issuer, data: bytes, *accounts: Any) -> str | None:
    """What comes of the bytes of an operation, queued and waited for; none if it is taken."""
    made = Operation(data, tuple(accounts))
    issuer.send(issuer.queueing(made))
    issuer.after(DELAY_S)
    said = issuer.rehearses(issuer.executing(made))
    return None if said is None else issuer.refusal(issuer.executing(made))


HEAD = struct.Struct("<8sB32s")


@pytest.mark.parametrize("number", [0, 10, 11, 255])
def test_operation__number_that_is_none__is_refused(issuer: Issuer, number: int) -> None:
    assert executed(issuer, HEAD.pack(b"saltsalt", number, bytes(32)) + bytes(32)) == "program: instruction was unknown"


def test_operation__shorter_than_its_head__is_refused(issuer: Issuer) -> None:
    assert executed(issuer, b"saltsalt" + b"\6" + bytes(31)) == "program: data had another length"
    assert executed(issuer, b"") == "program: data had another length"


@pytest.mark.parametrize(("number", "length"), [(1, 1), (2, 33), (3, 105), (5, 32), (6, 8), (7, 24), (8, 48), (9, 96)])
@pytest.mark.parametrize("step", [-1, 1])
def test_operation__arguments_longer_or_shorter__are_refused(issuer: Issuer, number: int, length: int, step: int) -> None:
    data = HEAD.pack(b"saltsalt", number, bytes(issuer.mint)) + bytes(length + step)
    metas = issuer.escrowing().accounts[:1] * 8
    assert executed(issuer, data, *metas) == "program: data had another length"


@pytest.mark.parametrize(("number", "length", "accounts"), [(1, 1, 3), (2, 33, 4), (3, 105, 5), (8, 48, 3), (9, 96, 7)])
def test_operation__too_few_accounts__is_refused(issuer: Issuer, number: int, length: int, accounts: int) -> None:
    data = HEAD.pack(b"saltsalt", number, bytes(issuer.mint)) + bytes(length)
    made = Operation(data)
    issuer.send(issuer.queueing(made))
    issuer.after(DELAY_S)
    execution = issuer.executing(made)
    spare = issuer.escrowing().accounts[7]
    few = [*list(execution.accounts)[:3], *[spare] * (accounts - 2), execution.accounts[-1]]
    assert issuer.refusal(Instruction(execution.program_id, bytes(execution.data), few)) == "program: account was missing"


def test_operation__mint_that_is_not_the_accounts__is_refused(issuer: Issuer) -> None:
    other = issuer.token("OTHER")
    made = resume(issuer.program, salt=issuer.salt(), mint=issuer.mint, scope=1)
    issuer.send(issuer.program.pause(mint=other, scope=1, signers=[KEYS.guardian]))
    issuer.send(issuer.program.pause(mint=issuer.mint, scope=1, signers=[KEYS.guardian]), issuer.queueing(made))
    issuer.after(DELAY_S)
    right = issuer.executing(made)
    assert issuer.takes(right)
    wrong = with_accounts(right, a3=issuer.program.stock(other), a4=other)
    assert issuer.refusal(wrong) == "program: token account was another"


# Signers


def changing(issuer: Issuer, role: int, keys: Role) -> Operation:
    return signers(salt=issuer.salt(), role=role, keys=keys)


@pytest.mark.parametrize("role", [1, 2, 3])
def test_signers__of_each_role__are_replaced_wholly_and_the_epoch_rises(issuer: Issuer, role: int) -> None:
    before = powers(issuer)
    new = Role.of(1, MANY[0])
    issuer.passes(changing(issuer, role, new))
    after = powers(issuer)
    assert after.signer_epoch == before.signer_epoch + 1
    roles = [before.issuer, before.attestor, before.corporate_action]
    roles[role - 1] = new
    assert [after.issuer, after.attestor, after.corporate_action] == roles
    at = 56 + 232 * (role - 1)
    assert issuer.data(issuer.program.issuer())[at : at + 232] == b"\1\1" + bytes(6) + bytes(MANY[0]) + bytes(6 * 32)


def test_signers__changed__void_the_vouchers_of_the_epoch_before(issuer: Issuer) -> None:
    issuer.passes(changing(issuer, 1, Role.of(1, *KEYS.issuers)))
    issuer.send(issuer.reporting())
    assert issuer.refusal(issuer.minting()) == "issuer: signer epoch was not in force"
    assert issuer.takes(issuer.minting(signer_epoch=2))


def test_signers__of_more_than_before__all_count(issuer: Issuer) -> None:
    most = Role.of(7, *MANY[:7])
    issuer.passes(changing(issuer, 1, most))
    issuer.send(issuer.reporting(signers=[MANY[3], *KEYS.attestors]))
    signed = [*most.keys, *KEYS.attestors]
    assert issuer.takes(issuer.minting(signer_epoch=2, signers=signed))
    for left_out in most.keys:
        fewer = [key for key in signed if key != left_out]
        said = issuer.refusal(issuer.minting(signer_epoch=2, signers=fewer))
        assert said == "issuer: issuer signature was wrong"


@pytest.mark.parametrize(
    ("role", "keys", "words"),
    [
        (0, Role.of(1, MANY[0]), "signers: role was unknown"),
        (4, Role.of(1, MANY[0]), "signers: role was unknown"),
        (255, Role.of(1, MANY[0]), "signers: role was unknown"),
        (1, Role.of(0, MANY[0]), "signers: threshold was zero"),
        (1, Role.of(2, MANY[0]), "signers: threshold was above the members"),
        (1, Role.of(8, *MANY), "signers: members were too many"),
        (1, Role(1, (MANY[0], MANY[0])), "signers: members were not ascending"),
        (1, Role(1, (Pubkey.default(), MANY[0])), "signers: members were not ascending"),
        (1, Role.of(1, MANY[0], KEYS.attestors[0]), "signers: attestor was no second key"),
        (2, Role.of(1, MANY[0], KEYS.issuers[1]), "signers: attestor was no second key"),
        (2, Role.of(1, *KEYS.actors), "signers: attestor was no second key"),
        (3, Role.of(1, *KEYS.attestors), "signers: attestor was no second key"),
    ],
)
def test_signers__against_a_rule__are_refused_with_its_words(issuer: Issuer, role: int, keys: Role, words: str) -> None:
    assert executed(issuer, changing(issuer, role, keys).data) == words


@pytest.mark.parametrize("step", [-1, 1])
def test_signers__data_longer_or_shorter_than_it_counts__is_refused(issuer: Issuer, step: int) -> None:
    data = changing(issuer, 1, Role.of(1, MANY[0])).data
    assert executed(issuer, data + b"\0" if step > 0 else data[:-1]) == "program: data had another length"


def test_signers__issuer_and_corporate_action_may_share_keys(issuer: Issuer) -> None:
    assert executed(issuer, changing(issuer, 3, Role.of(2, *KEYS.issuers)).data) is None


# Guardian and delay


@pytest.mark.parametrize(
    ("key", "words"), [(Pubkey.default(), "policy: guardian was zero"), (KEYS.guardian, "policy: guardian was unchanged")]
)
def test_guardian__against_a_rule__is_refused(issuer: Issuer, key: Pubkey, words: str) -> None:
    assert executed(issuer, guardian(salt=issuer.salt(), key=key).data) == words


def test_guardian__replaced__is_obeyed_and_the_one_before_is_not(issuer: Issuer, operation: Operation) -> None:
    issuer.after(DELAY_S)
    issuer.send(issuer.executing(operation))
    assert issuer.takes(issuer.program.pause(mint=issuer.mint, scope=1, signers=[NEXT]))
    said = issuer.refusal(issuer.program.pause(mint=issuer.mint, scope=1, signers=[KEYS.guardian]))
    assert said == "token: caller was not the guardian"


@pytest.mark.parametrize(("delay_s", "taken"), [(0, True), (30 * 86_400, True), (30 * 86_400 + 1, False), (2**64 - 1, False)])
def test_delay__within_a_month__is_taken_and_longer_refused(issuer: Issuer, delay_s: int, taken: bool) -> None:
    said = executed(issuer, delay(salt=issuer.salt(), delay_s=delay_s).data)
    assert said == (None if taken else "timelock: delay was out of bounds")


def test_delay__changed__counts_for_what_is_queued_from_then_on(issuer: Issuer, operation: Operation) -> None:
    before = ready_at(issuer, operation)
    issuer.passes(delay(salt=issuer.salt(), delay_s=5))
    assert (powers(issuer).delay_s, ready_at(issuer, operation)) == (5, before)
    made = guardian(salt=issuer.salt(), key=key_of("third").pubkey())
    issuer.send(issuer.queueing(made))
    assert ready_at(issuer, made) == issuer.now + 5


def test_queue__somebody_sent_lamports_before__is_taken(issuer: Issuer) -> None:
    made = guardian(salt=b"lamports", key=NEXT)
    issuer.chain.airdrop(issuer.program.operation(made.data), 10**9)
    issuer.send(issuer.queueing(made))
    assert ready_at(issuer, made) == issuer.now + DELAY_S
    assert hashed("x") != made.hash


# Whoever pays may be the one who signs, so that nobody else stands behind the accounts.


def test_execute__by_one_issuer_of_two_who_pays__needs_no_account_or_signature_more(issuer: Issuer) -> None:
    payer = KEYS.issuers[0]
    issuer.chain.airdrop(payer, 10**12)
    issuer.send(issuer.minting(raw=1000))
    stranger = issuer.account_of(KEYS.stranger)
    named: dict[str, Any] = {"mint": issuer.mint}
    issuer.send(issuer.program.pause(scope=7, signers=[KEYS.guardian], **named))
    issuer.send(issuer.program.freeze(account=issuer.account, reason=1, signers=[KEYS.guardian], **named))
    taking: dict[str, Any] = {"to": stranger, "amount": 1, "case": hashed("case"), "reason": 1}
    made = [
        resume(issuer.program, salt=issuer.salt(), scope=1, **named),
        thaw(issuer.program, salt=issuer.salt(), account=issuer.account, reason=1, **named),
        recover(issuer.program, salt=issuer.salt(), account=issuer.account, **taking, **named),
        changing(issuer, 1, Role.of(1, MANY[0])),
        guardian(salt=issuer.salt(), key=NEXT),
        delay(salt=issuer.salt(), delay_s=1),
        limits(issuer.program, salt=issuer.salt(), supply_cap=1, day_cap=1, hour_cap=1, **named),
        lane(issuer.program, salt=issuer.salt(), destination=hashed("x"), hour_cap=1, life_s=600, **named),
    ]  # fmt: skip
    both = [*KEYS.issuers, *KEYS.attestors]
    issuer.passes(changing(issuer, 1, Role(2, KEYS.issuers)))
    for operation in made:
        assert not issuer.takes(issuer.queueing(operation))
        issuer.send(issuer.queueing(operation, signers=both))
    issuer.after(DELAY_S)
    for operation in made:
        alone = issuer.executing(operation, payer=payer, signers=[])
        assert len(alone.accounts) == 3 + len(operation.accounts)
        assert issuer.takes(alone), operation.data[8]


def test_void_and_found__by_whoever_pays__need_no_account_more(issuer: Issuer) -> None:
    payer = KEYS.issuers[0]
    issuer.chain.airdrop(payer, 10**12)
    void = issuer.program.void(payer=payer, request=hashed("void"), signers=[])
    assert len(void.accounts) == 4
    assert issuer.takes(void)
    new = World(issuer.code)
    founding = new.program.found(payer=KEYS.deployer, guardian=KEYS.guardian, delay_s=1, roles=KEYS.roles, signers=[])
    assert len(founding.accounts) == 5
    assert new.takes(founding)
