"""Rules that mutants of the contracts broke without another test noticing: what events name, edges, and what is set up."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import NOBODY, ONE, ROLES, Reverted, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import own

FIRST = b"\1" * 32
DAY = 86_400


def topic(value: object) -> str:
    """A value as an indexed field of an event."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return f"0x{value:064x}"
    return "0x" + str(account(value))[2:].lower().rjust(64, "0")


def only(receipt: dict[str, Any], contract: str, name: str, *indexed: object) -> dict[str, Any]:
    """The other fields of the only event called `name`, whose indexed fields must be these."""
    [(topics, fields)] = events(receipt, contract, name)
    assert topics == [topic(value) for value in indexed]
    return fields


# What events name


def test_mint__both_events_name_request_token_and_receiver(stage: Stage) -> None:
    voucher = stage.voucher(kind=2, origin=FIRST)
    receipt = stage.mint(voucher)
    assert only(receipt, "Issuer", "Minted", voucher["request"], stage.token, "alice")["kind"] == 2
    assert only(receipt, "StockToken", "Transfer", NOBODY, "alice") == {"value": 5 * ONE}


def test_redemption__every_event_names_request_token_and_holder(stage: Stage) -> None:
    escrowed = stage.escrow("alice", ONE, FIRST, kind=2)
    only(escrowed, "Issuer", "RedemptionRequested", FIRST, stage.token, "alice")
    assert only(escrowed, "StockToken", "Transfer", "alice", stage.at.issuer) == {"value": ONE}
    burnt = stage.send("issuer", "Issuer", "burn", account("alice"), FIRST)
    assert only(burnt, "Issuer", "RedemptionBurned", FIRST, stage.token, "alice")["kind"] == 2
    assert only(burnt, "StockToken", "Transfer", stage.at.issuer, NOBODY) == {"value": ONE}
    stage.escrow("bob", ONE, b"\2" * 32)
    refunded = stage.send("issuer", "Issuer", "refund", account("bob"), b"\2" * 32)
    assert only(refunded, "Issuer", "RedemptionRefunded", b"\2" * 32, stage.token, "bob") == {"rawAmount": ONE}


def test_multiplier__its_events_name_action_and_token(stage: Stage) -> None:
    change = stage.change()
    fields = only(stage.schedule(change), "CorporateActions", "MultiplierScheduled", change["action"], stage.token)
    assert fields == {
        "expected": ONE, "multiplier": 10 * ONE, "effectiveAt": change["effective_at"], "epochAfter": 1,
    }  # fmt: skip
    cancelled = stage.cancel(change["action"])
    assert only(cancelled, "CorporateActions", "MultiplierCancelled", change["action"], stage.token) == {}


def test_report__both_events_name_the_round_and_the_token(fresh: Stage) -> None:
    receipt = fresh.report(shares=12, allocation=5, sequence=7)
    only(receipt, "ReserveFeed", "AnswerUpdated", 12, 7)
    only(receipt, "ReserveFeed", "ReserveReported", fresh.token, 7)
    assert fresh.view("ReserveFeed", "epoch") == 0
    assert fresh.view("ReserveFeed", "sequence") == 7


def test_approval_and_pause__events_name_who(stage: Stage) -> None:
    approved = stage.send("alice", "StockToken", "approve", account("bob"), 3)
    assert only(approved, "StockToken", "Approval", "alice", "bob") == {"value": 3}
    paused = stage.send("guardian", "StockToken", "pause", 5)
    assert only(paused, "StockToken", "Paused", "guardian") == {"scope": 5}
    unpaused = stage.send(stage.at.timelock, "StockToken", "unpause", 4)
    assert only(unpaused, "StockToken", "Unpaused", stage.at.timelock) == {"scope": 4}


def test_policy__every_change_is_an_event(stage: Stage) -> None:
    timelock = stage.at.timelock
    only(stage.send("guardian", "Policy", "list_address", account("carol")), "Policy", "Listed", "carol")
    only(stage.send(timelock, "Policy", "unlist_address", account("carol")), "Policy", "Unlisted", "carol")
    assert stage.view("Policy", "isSanctioned", account("carol")) is False
    changed = stage.send(timelock, "Policy", "set_guardian", account("carol"))
    only(changed, "Policy", "GuardianChanged", "guardian", "carol")
    offered = stage.send(timelock, "Policy", "transferOwnership", account("dave"))
    only(offered, "Policy", "OwnershipTransferStarted", timelock, "dave")
    assert stage.view("Policy", "pendingOwner") == account("dave").lower()
    accepted = stage.send("dave", "Policy", "acceptOwnership")
    only(accepted, "Policy", "OwnershipTransferred", timelock, "dave")
    assert stage.view("Policy", "pendingOwner") == NOBODY


def test_policy__offered_ownership__can_be_taken_back(stage: Stage) -> None:
    for offered in ("dave", NOBODY):
        stage.send(stage.at.timelock, "Policy", "transferOwnership", account(offered))
    with reverts("policy: caller was not the pending owner"):
        stage.send("dave", "Policy", "acceptOwnership")


# What is set up


def deployed_at(stage: Stage, contract: str, *arguments: object) -> str:
    """Where another contract of ours stands."""
    receipt = stage.send_data("lister", None, own(contract).creation(*arguments))
    return str(receipt["contractAddress"])


def test_policy__without_owner_or_guardian__cannot_be_made(fresh: Stage) -> None:
    for arguments in ((NOBODY, ROLES.guardian), (ROLES.issuer, NOBODY)):
        with pytest.raises(Reverted):
            deployed_at(fresh, "Policy", *arguments)
    made = own("Policy").creation(ROLES.issuer, ROLES.guardian)
    receipt = fresh.send_data("lister", None, made)
    only(receipt, "Policy", "OwnershipTransferred", NOBODY, "issuer")
    only(receipt, "Policy", "GuardianChanged", NOBODY, "guardian")


@pytest.mark.parametrize("place", range(5))
def test_issuer__without_a_part__cannot_be_made(fresh: Stage, place: int) -> None:
    parts = [fresh.at.policy, fresh.at.signers, fresh.at.registry, fresh.at.actions, fresh.at.conversion]
    deployed_at(fresh, "Issuer", *parts)
    parts[place] = NOBODY
    with pytest.raises(Reverted, match="issuer: part was zero"):
        deployed_at(fresh, "Issuer", *parts)


def test_feed__tells_its_token_issuer_signers_and_age_limit(fresh: Stage) -> None:
    feed = deployed_at(fresh, "ReserveFeed", fresh.token, fresh.at.issuer, fresh.at.signers, 1)
    names = ("token", "issuer", "signers", "age_s_max", "version")
    told = [fresh.view("ReserveFeed", name, to=feed) for name in names]
    assert told == [fresh.token.lower(), fresh.at.issuer.lower(), fresh.at.signers.lower(), 1, 1]


def test_token__names_its_policy_and_issuer(fresh: Stage) -> None:
    assert fresh.token_view("policy") == fresh.at.policy.lower()
    assert fresh.token_view("issuer") == fresh.at.issuer.lower()


# Edges


def test_mint__multiplier_or_epoch_on_either_side__reverts(stage: Stage) -> None:
    stage.schedule()
    stage.pass_time(DAY)
    stage.report(epoch=1, shares=10**13, allocation=10**13)
    for multiplier in (10 * ONE - 1, 10 * ONE + 1):
        with reverts("issuer: multiplier was not the token's"):
            stage.mint(stage.voucher(multiplier=multiplier))
    for epoch in (0, 2):
        with reverts("issuer: epoch was not the token's"):
            stage.mint(stage.voucher(epoch=epoch))
    stage.report(epoch=2, shares=10**13, allocation=10**13)
    with reverts("issuer: feed carried another epoch"):
        stage.mint()


def test_schedule__expectation_on_either_side__reverts(stage: Stage) -> None:
    for expected in (ONE - 1, ONE + 1):
        with reverts("token: expected multiplier was not in force"):
            stage.send(stage.at.actions, "StockToken", "schedule", expected, 10 * ONE, stage.now() + DAY, 1, FIRST)


def test_schedule__epoch_never_goes_back(stage: Stage) -> None:
    stage.schedule()
    stage.pass_time(DAY)
    with reverts("token: epoch was not the next"):
        stage.send(stage.at.actions, "StockToken", "schedule", 10 * ONE, 20 * ONE, stage.now() + DAY, 0, FIRST)


def test_cancel__action_on_either_side__reverts(stage: Stage) -> None:
    stage.schedule(stage.change(action=b"\5" * 32))
    for action in (b"\4" * 32, b"\6" * 32):
        with reverts("token: another action was pending"):
            stage.send(stage.at.actions, "StockToken", "cancel", action)


def test_report__the_same_statement_again__is_accepted(stage: Stage) -> None:
    stage.report(as_of=stage.now())
    stage.report(as_of=stage.now())


def test_transfer_and_approve__answer_true(stage: Stage) -> None:
    asked = [("transfer", account("bob"), ONE), ("approve", account("bob"), ONE)]
    for function, *arguments in asked:
        call = {"from": account("alice"), "to": stage.token, "data": "0x" + own("StockToken").call(function, *arguments).hex()}
        assert int(stage.rpc.call("eth_call", call, "latest"), 16) == 1
    stage.send("alice", "StockToken", "approve", account("carol"), ONE)
    data = own("StockToken").call("transferFrom", account("alice"), account("bob"), ONE)
    call = {"from": account("carol"), "to": stage.token, "data": "0x" + data.hex()}
    assert int(stage.rpc.call("eth_call", call, "latest"), 16) == 1


def test_transfer_from__whole_allowance_and_whole_balance__passes(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), 100 * ONE)
    stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 100 * ONE)
    assert stage.token_view("allowance", "alice", "carol") == 0
    assert stage.token_view("balanceOf", "alice") == 0
