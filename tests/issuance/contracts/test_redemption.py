"""Redemption: into escrow by the holder, out of it by the issuer, once, counted by request and never by balance."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account, events, reverts

FIRST, SECOND = b"\1" * 32, b"\2" * 32


def test_escrow__holds_the_tokens_and_says_for_whom(stage: Stage) -> None:
    receipt = stage.escrow("alice", 10 * ONE, FIRST, kind=2)
    [(topics, fields)] = events(receipt, "Issuer", "RedemptionRequested")
    assert topics[0] == "0x" + FIRST.hex()
    assert topics[2][-40:] == account("alice")[2:].lower()
    assert fields == {"rawAmount": 10 * ONE, "kind": 2}
    assert stage.token_view("balanceOf", stage.at.issuer) == 10 * ONE
    assert stage.token_view("totalSupply") == 150 * ONE


def test_burn__takes_the_escrow_off_the_supply_with_epoch_and_multiplier(stage: Stage) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.schedule()
    stage.pass_time(86_400)
    receipt = stage.send("issuer", "Issuer", "burn", FIRST)
    [(_, fields)] = events(receipt, "Issuer", "RedemptionBurned")
    assert fields == {"rawAmount": 10 * ONE, "kind": 1, "epoch": 1, "multiplier": 10 * ONE}
    assert stage.token_view("totalSupply") == 140 * ONE
    assert stage.token_view("balanceOf", stage.at.issuer) == 0


def test_refund__gives_the_escrow_back(stage: Stage) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    receipt = stage.send("issuer", "Issuer", "refund", FIRST)
    assert events(receipt, "Issuer", "RedemptionRefunded")[0][1] == {"rawAmount": 10 * ONE}
    assert stage.token_view("balanceOf", "alice") == 100 * ONE


@pytest.mark.parametrize("first", ["burn", "refund"])
@pytest.mark.parametrize("second", ["burn", "refund"])
def test_burn_and_refund__after_either__reverts(stage: Stage, first: str, second: str) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.escrow("bob", 10 * ONE, SECOND)
    stage.send("issuer", "Issuer", first, FIRST)
    with reverts("issuer: request was not in escrow"):
        stage.send("issuer", "Issuer", second, FIRST)


@pytest.mark.parametrize("function", ["burn", "refund"])
def test_burn_and_refund__unknown_request_or_wrong_caller__reverts(stage: Stage, function: str) -> None:
    with reverts("issuer: request was not in escrow"):
        stage.send("issuer", "Issuer", function, FIRST)
    stage.escrow("alice", 10 * ONE, FIRST)
    for caller in ("alice", "attestor", "guardian", "stranger"):
        with reverts("issuer: caller was not the issuer"):
            stage.send(caller, "Issuer", function, FIRST)


def test_escrow__same_request_again__reverts_even_after_its_end(stage: Stage) -> None:
    stage.escrow("alice", ONE, FIRST)
    with reverts("issuer: request was used"):
        stage.escrow("bob", ONE, FIRST)
    stage.send("issuer", "Issuer", "refund", FIRST)
    with reverts("issuer: request was used"):
        stage.escrow("alice", ONE, FIRST)


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (0, 1, "issuer: amount was zero"),
        (GRAIN - 1, 1, "issuer: amount was finer than 1e-8"),
        (ONE, 0, "issuer: kind of redemption was unknown"),
        (ONE, 3, "issuer: kind of redemption was unknown"),
        (100 * ONE + GRAIN, 1, "token: balance was too small"),
    ],
)
def test_escrow__senseless__reverts(stage: Stage, raw: int, kind: int, reason: str) -> None:
    with reverts(reason):
        stage.escrow("alice", raw, FIRST, kind)


def test_escrow__without_allowance_or_of_a_strange_token__reverts(stage: Stage) -> None:
    with reverts("token: allowance was too small"):
        stage.send("alice", "Issuer", "escrow", stage.token, ONE, 1, FIRST)
    with reverts("issuer: token was not registered"):
        stage.send("alice", "Issuer", "escrow", stage.feed, ONE, 1, FIRST)


def test_donation__to_the_issuer_contract__redeems_nothing_and_disturbs_nothing(stage: Stage) -> None:
    stage.send("bob", "StockToken", "transfer", stage.at.issuer, 7 * ONE)
    assert stage.token_view("totalSupply") == 150 * ONE
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.send("issuer", "Issuer", "burn", FIRST)
    assert stage.token_view("balanceOf", stage.at.issuer) == 7 * ONE
    with reverts("issuer: request was not in escrow"):
        stage.send("issuer", "Issuer", "burn", SECOND)


def test_exit__stale_feed_and_shortfall__burn_still_works(stage: Stage) -> None:
    stage.pass_time(10 * 86_400)
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.send("issuer", "Issuer", "burn", FIRST)


def _roles(**changes: Any) -> list[str]:
    seats = {"issuer": "issuer", "attestor": "attestor", "corporate_action": "corporate_action", "lister": "lister"}
    return [account(name) for name in (seats | changes).values()]


def test_set_roles__by_the_owner__voids_what_the_old_keys_signed(stage: Stage) -> None:
    stage.send(stage.at.timelock, "Issuer", "set_roles", *_roles(attestor="new attestor"))
    with reverts("issuer: attestor signature was wrong"):
        stage.mint()
    stage.report(signer="new attestor")
    stage.mint(signers=("issuer", "new attestor"))


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "lister", "approver"])
def test_set_roles__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("issuer: caller was not the owner"):
        stage.send(caller, "Issuer", "set_roles", *_roles())


@pytest.mark.parametrize("seat", ["issuer", "corporate_action", "lister"])
def test_set_roles__attestor_in_a_second_seat__reverts(stage: Stage, seat: str) -> None:
    with reverts("issuer: attestor was no second key"):
        stage.send(stage.at.timelock, "Issuer", "set_roles", *_roles(**{seat: "attestor"}))
    with reverts("issuer: role was zero"):
        stage.send(stage.at.timelock, "Issuer", "set_roles", *_roles(**{seat: "0x" + "00" * 20}))


def test_register__only_by_the_lister__with_its_own_feed__and_once(stage: Stage) -> None:
    for caller in ("issuer", "guardian", "stranger", stage.at.timelock):
        with reverts("issuer: caller was not the lister"):
            stage.send(caller, "Issuer", "register", stage.token, stage.feed)
    with reverts("issuer: token was registered"):
        stage.send("lister", "Issuer", "register", stage.token, stage.feed)
    with reverts("issuer: feed was for another token"):
        stage.send("lister", "Issuer", "register", account("stranger"), stage.feed)
