"""A frozen account gives, takes and spends nothing of one token; the guardian freezes at once, the timelock undoes it."""

import pytest
from tests.issuance.contracts.direct import end
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, ONE, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.typed_data import PERMIT, digest

REQUEST = b"\7" * 32
THEFT = 3


def freeze(stage: Stage, name: str) -> None:
    """The guardian freezes whoever is called `name`."""
    stage.send("guardian", "StockToken", "freeze", account(name), THEFT)


def permit(stage: Stage) -> None:
    """Alice allows bob 7 atoms by signature."""
    values = (account("alice"), account("bob"), 7, 0, stage.now() + 60)
    signature = key("alice").sign_digest(digest("Tesla (Openscrip)", CHAIN_ID, stage.token, PERMIT, values))
    parts = (signature[64], signature[:32], signature[32:64])
    stage.send("relayer", "StockToken", "permit", *values[:3], values[4], *parts)


def test_freeze__by_the_guardian__says_who_and_why(stage: Stage) -> None:
    receipt = stage.send("guardian", "StockToken", "freeze", account("alice"), THEFT)
    [(topics, fields)] = events(receipt, "StockToken", "Frozen")
    assert topics[0][-40:] == account("alice")[2:].lower()
    assert int(topics[1], 16) == THEFT
    assert fields == {}
    assert stage.token_view("isFrozen", "alice") is True
    assert stage.token_view("freeze_reason", "alice") == THEFT
    assert stage.token_view("isFrozen", "bob") is False


@pytest.mark.parametrize("caller", ["issuer", "attestor", "approver", "lister", "alice", "timelock"])
def test_freeze__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("token: caller was not the guardian"):
        stage.send(stage.at.timelock if caller == "timelock" else caller, "StockToken", "freeze", account("bob"), 1)


def test_freeze__of_nobody_the_exit_or_a_frozen_account__reverts(stage: Stage) -> None:
    freeze(stage, "alice")
    for who, reason in (
        (account("alice"), "token: account was frozen"),
        (NOBODY, "token: account was zero"),
        (stage.at.issuer, "token: account was the issuer contract"),
    ):
        with reverts(reason):
            stage.send("guardian", "StockToken", "freeze", who, THEFT)


@pytest.mark.parametrize("reason", [0, 6, 255])
def test_freeze_and_unfreeze__unknown_reason__reverts(stage: Stage, reason: int) -> None:
    with reverts("token: reason was unknown"):
        stage.send("guardian", "StockToken", "freeze", account("alice"), reason)
    freeze(stage, "alice")
    with reverts("token: reason was unknown"):
        stage.send(stage.at.timelock, "StockToken", "unfreeze", account("alice"), reason)


@pytest.mark.parametrize("reason", [1, 5])
def test_freeze__first_and_last_reason__is_accepted(stage: Stage, reason: int) -> None:
    stage.send("guardian", "StockToken", "freeze", account("alice"), reason)
    assert stage.token_view("freeze_reason", "alice") == reason


def test_unfreeze__by_the_timelock__lets_the_account_move_again(stage: Stage) -> None:
    freeze(stage, "alice")
    receipt = stage.send(stage.at.timelock, "StockToken", "unfreeze", account("alice"), 5)
    [(topics, _)] = events(receipt, "StockToken", "Unfrozen")
    assert topics[0][-40:] == account("alice")[2:].lower()
    assert int(topics[1], 16) == 5
    assert stage.token_view("freeze_reason", "alice") == 0
    stage.send("alice", "StockToken", "transfer", account("bob"), ONE)
    with reverts("token: account was not frozen"):
        stage.send(stage.at.timelock, "StockToken", "unfreeze", account("alice"), 5)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "approver", "alice"])
def test_unfreeze__by_another__reverts(stage: Stage, caller: str) -> None:
    freeze(stage, "alice")
    with reverts("token: caller was not the owner"):
        stage.send(caller, "StockToken", "unfreeze", account("alice"), 1)


def test_frozen_account__gives_takes_and_spends_nothing(stage: Stage) -> None:
    for holder in ("alice", "bob"):
        stage.send(holder, "StockToken", "approve", account("carol"), ONE)
    freeze(stage, "alice")
    with reverts("token: sender was frozen"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 1)
    with reverts("token: receiver was frozen"):
        stage.send("bob", "StockToken", "transfer", account("alice"), 1)
    with reverts("token: sender was frozen"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("bob"), 1)
    with reverts("token: receiver was frozen"):
        stage.mint()
    freeze(stage, "carol")
    with reverts("token: spender was frozen"):
        stage.send("carol", "StockToken", "transferFrom", account("bob"), account("dave"), 1)
    assert stage.token_view("balanceOf", "alice") == 100 * ONE


def test_frozen_spender_who_is_also_a_party__is_named_as_the_party(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), ONE)
    freeze(stage, "carol")
    with reverts("token: receiver was frozen"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("carol"), 1)
    assert stage.token_view("allowance", "alice", "carol") == ONE


def test_frozen_account__others_and_other_receivers__are_not_disturbed(stage: Stage) -> None:
    freeze(stage, "alice")
    stage.send("bob", "StockToken", "transfer", account("carol"), ONE)
    stage.mint(stage.voucher(receiver=account("bob")))


@pytest.mark.parametrize(("who", "reason"), [("alice", "token: owner was frozen"), ("bob", "token: spender was frozen")])
def test_permit__of_a_frozen_owner_or_spender__reverts(stage: Stage, who: str, reason: str) -> None:
    freeze(stage, who)
    with reverts(reason):
        permit(stage)
    assert stage.token_view("nonces", "alice") == 0
    stage.send(stage.at.timelock, "StockToken", "unfreeze", account(who), 5)
    permit(stage)
    assert stage.token_view("allowance", "alice", "bob") == 7


def test_frozen_holder__cannot_escrow_nor_be_refunded_until_unfrozen(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    freeze(stage, "alice")
    with reverts("token: sender was frozen"):
        stage.escrow("alice", ONE, b"\x08" * 32)
    with reverts("token: receiver was frozen"):
        end(stage, "refund", "alice", REQUEST)
    stage.send(stage.at.timelock, "StockToken", "unfreeze", account("alice"), 5)
    end(stage, "refund", "alice", REQUEST)
    assert stage.token_view("balanceOf", "alice") == 100 * ONE


def test_frozen_holder__burn_of_its_escrow__still_works(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    freeze(stage, "alice")
    end(stage, "burn", "alice", REQUEST)


def test_errors__pause_before_list_before_freeze_before_balance(stage: Stage) -> None:
    freeze(stage, "alice")
    stage.send("guardian", "Policy", "list_address", account("alice"))
    stage.send("guardian", "StockToken", "pause")
    call = ("alice", "StockToken", "transfer", account("bob"), 10**30)
    with reverts("token: was paused"):
        stage.send(*call)
    stage.send(stage.at.timelock, "StockToken", "unpause")
    with reverts("policy: sender was listed"):
        stage.send(*call)
    stage.send(stage.at.timelock, "Policy", "unlist_address", account("alice"))
    with reverts("token: sender was frozen"):
        stage.send(*call)
    stage.send(stage.at.timelock, "StockToken", "unfreeze", account("alice"), 5)
    with reverts("token: balance was too small"):
        stage.send(*call)
