"""Rules that mutants of the contracts broke without another test noticing: what events name, edges, and what is set up."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import NOBODY, NODE_MODULES, ONE, ROLES, Reverted, Stage, account, events, reverts

from openscrip.issuance.chains.evm.typed_data import ISSUER, MULTIPLIER_CANCEL
from openscrip.issuance.contracts.artifact import openzeppelin, own

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
    voucher = stage.voucher(kind=4)
    receipt = stage.mint(voucher)
    assert only(receipt, "Issuer", "Minted", voucher["request"], stage.token, "alice")["kind"] == 4
    assert only(receipt, "StockToken", "Transfer", NOBODY, "alice") == {"value": 5 * ONE}


def test_redemption__every_event_names_request_token_and_holder(stage: Stage) -> None:
    escrowed = stage.escrow("alice", ONE, FIRST, kind=2)
    only(escrowed, "Issuer", "RedemptionRequested", FIRST, stage.token, "alice")
    assert only(escrowed, "StockToken", "Transfer", "alice", stage.at.issuer) == {"value": ONE}
    assert stage.view("Issuer", "redemptions", FIRST)[:4] == (
        account("alice").lower(), stage.token.lower(), ONE, 2,
    )  # fmt: skip
    burnt = stage.send("issuer", "Issuer", "burn", FIRST)
    assert only(burnt, "Issuer", "RedemptionBurned", FIRST, stage.token, "alice")["kind"] == 2
    assert only(burnt, "StockToken", "Transfer", stage.at.issuer, NOBODY) == {"value": ONE}
    stage.escrow("bob", ONE, b"\2" * 32)
    refunded = stage.send("issuer", "Issuer", "refund", b"\2" * 32)
    assert only(refunded, "Issuer", "RedemptionRefunded", b"\2" * 32, stage.token, "bob") == {"rawAmount": ONE}


def test_multiplier__the_issuers_events_name_action_and_token(stage: Stage) -> None:
    change = stage.change()
    fields = only(stage.schedule(change), "Issuer", "MultiplierScheduled", change["action"], stage.token)
    assert fields == {
        "expected": ONE, "multiplier": 10 * ONE, "effectiveAt": change["effective_at"], "epochAfter": 1,
    }  # fmt: skip
    cancelled = stage.cancel(change["action"])
    assert only(cancelled, "Issuer", "MultiplierCancelled", change["action"], stage.token) == {}


def test_report__both_events_name_the_round_and_the_token(fresh: Stage) -> None:
    receipt = fresh.report(shares=12, allocation=5, sequence=7)
    only(receipt, "ReserveFeed", "AnswerUpdated", 12, 7)
    only(receipt, "ReserveFeed", "ReserveReported", fresh.token, 7)
    assert fresh.view("ReserveFeed", "epoch") == 0
    assert fresh.view("ReserveFeed", "sequence") == 7


def test_approval_and_pause__events_name_who(stage: Stage) -> None:
    approved = stage.send("alice", "StockToken", "approve", account("bob"), 3)
    assert only(approved, "StockToken", "Approval", "alice", "bob") == {"value": 3}
    only(stage.send("guardian", "StockToken", "pause"), "StockToken", "Paused", "guardian")
    only(stage.send(stage.at.timelock, "StockToken", "unpause"), "StockToken", "Unpaused", stage.at.timelock)


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


def test_set_roles__is_an_event_and_seats_all_four(stage: Stage) -> None:
    seats = [account(name) for name in ("one", "two", "three", "four")]
    receipt = stage.send(stage.at.timelock, "Issuer", "set_roles", *seats)
    fields = only(receipt, "Issuer", "RolesChanged", *seats[:3])
    assert fields == {"lister": seats[3].lower()}
    names = ("issuer", "attestor", "corporate_action", "lister")
    assert [stage.view("Issuer", name) for name in names] == [seat.lower() for seat in seats]


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


def test_issuer__without_policy_or_a_second_key__cannot_be_made(fresh: Stage) -> None:
    seats = (ROLES.issuer, ROLES.attestor, ROLES.corporate_action, ROLES.lister)
    with pytest.raises(Reverted, match="issuer: policy was zero"):
        deployed_at(fresh, "Issuer", NOBODY, *seats)
    with pytest.raises(Reverted, match="issuer: attestor was no second key"):
        deployed_at(fresh, "Issuer", fresh.at.policy, ROLES.issuer, ROLES.issuer, *seats[2:])


def test_feed__tells_its_token_issuer_and_age_limit(fresh: Stage) -> None:
    feed = deployed_at(fresh, "ReserveFeed", fresh.token, fresh.at.issuer, 1)
    names = ("token", "issuer", "age_s_max", "version")
    told = [fresh.view("ReserveFeed", name, to=feed) for name in names]
    assert told == [fresh.token.lower(), fresh.at.issuer.lower(), 1, 1]


def test_register__feed_of_another_issuer__reverts(fresh: Stage) -> None:
    seats = (ROLES.issuer, ROLES.attestor, ROLES.corporate_action, ROLES.lister)
    other = deployed_at(fresh, "Issuer", fresh.at.policy, *seats)
    with reverts("issuer: feed was for another issuer"):
        fresh.send("lister", "Issuer", "register", fresh.token, fresh.feed, to=other)
    feed = deployed_at(fresh, "ReserveFeed", fresh.token, other, 60)
    receipt = fresh.send("lister", "Issuer", "register", fresh.token, feed, to=other)
    only(receipt, "Issuer", "TokenRegistered", fresh.token, feed)
    assert fresh.view("Issuer", "feed_of", fresh.token, to=other) == feed.lower()
    assert fresh.view("Issuer", "policy", to=other) == fresh.at.policy.lower()


@pytest.mark.parametrize(
    "identity", [("", "T", "US88160R1014"), ("T", "", "US88160R1014"), ("T", "T", "US88160R101"), ("T", "T", "")], ids=str
)
def test_initialize__anything_missing__reverts(fresh: Stage, identity: tuple[str, str, str]) -> None:
    proxy = openzeppelin("BeaconProxy", NODE_MODULES)
    with pytest.raises(Exception, match="token: identity was incomplete"):
        fresh.send_data(
            "lister", None, proxy.creation(fresh.at.beacon, own("StockToken").call("initialize", *identity, 0))
        )
    whole = own("StockToken").call("initialize", "T", "T", "US88160R1014", 0)
    fresh.send_data("lister", None, proxy.creation(fresh.at.beacon, whole))


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
            stage.schedule(stage.change(expected=expected))


def test_schedule__epoch_never_goes_back(stage: Stage) -> None:
    stage.schedule()
    stage.pass_time(DAY)
    with reverts("token: epoch was not the next"):
        stage.schedule(stage.change(multiplier=20 * ONE, epoch_after=0))


def test_cancel__action_on_either_side__reverts(stage: Stage) -> None:
    stage.schedule(stage.change(action=b"\5" * 32))
    for action in (b"\4" * 32, b"\6" * 32):
        with reverts("token: another action was pending"):
            stage.cancel(action)


def test_multiplier__of_a_strange_token__reverts(stage: Stage) -> None:
    with reverts("issuer: token was not registered"):
        stage.schedule(stage.change(token=account("stranger")))
    values = (account("stranger"), FIRST)
    signatures = (stage.signed(ISSUER, MULTIPLIER_CANCEL, values, name) for name in ("corporate_action", "attestor"))
    with reverts("issuer: token was not registered"):
        stage.send("stranger", "Issuer", "cancel_multiplier", values, *signatures)


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
