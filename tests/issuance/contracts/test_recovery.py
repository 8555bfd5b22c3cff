"""Recovery: the timelock, and nobody else, moves tokens off a frozen account, for a case, with a reason."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import NOBODY, ONE, Stage, account, events, reverts

CASE = b"\x0c" * 32
COURT = 2


@pytest.fixture
def frozen(stage: Stage) -> Stage:
    """As `stage`, with alice frozen."""
    stage.send("guardian", "StockToken", "freeze", account("alice"), COURT)
    return stage


def recover(stage: Stage, sender: str = "", **changes: Any) -> dict[str, Any]:
    """Move 10 tokens from alice to carol as the timelock, with changes."""
    fields = {"account": account("alice"), "to": account("carol"), "amount": 10 * ONE, "case": CASE, "reason": COURT}
    return stage.send(sender or stage.at.timelock, "StockToken", "recover", *(fields | changes).values())


def test_recover__from_a_frozen_account__moves_and_says_for_which_case(frozen: Stage) -> None:
    receipt = recover(frozen)
    [(topics, fields)] = events(receipt, "StockToken", "Recovered")
    assert topics[0] == "0x" + CASE.hex()
    assert [topic[-40:] for topic in topics[1:]] == [account(name)[2:].lower() for name in ("alice", "carol")]
    assert fields == {"amount": 10 * ONE, "reason": COURT}
    assert events(receipt, "StockToken", "Transfer")[0][1] == {"value": 10 * ONE}
    assert frozen.token_view("balanceOf", "alice") == 90 * ONE
    assert frozen.token_view("balanceOf", "carol") == 10 * ONE
    assert frozen.token_view("totalSupply") == 150 * ONE


def test_recover__from_a_free_account__reverts(stage: Stage) -> None:
    with reverts("token: account was not frozen"):
        recover(stage)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "approver", "lister", "alice", "carol"])
def test_recover__by_another__reverts(frozen: Stage, caller: str) -> None:
    with reverts("token: caller was not the owner"):
        recover(frozen, caller)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 100 * ONE + 1}, "token: balance was too small"),
        ({"amount": 0}, "token: amount was zero"),
        ({"to": NOBODY}, "token: receiver was zero"),
        ({"case": b"\0" * 32}, "token: case was zero"),
        ({"reason": 0}, "token: reason was unknown"),
        ({"reason": 6}, "token: reason was unknown"),
        ({"to": account("alice")}, "token: receiver was frozen"),
    ],
)
def test_recover__senseless__reverts(frozen: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        recover(frozen, **changes)


def test_recover__to_a_listed_account__reverts__and_from_one_works(frozen: Stage) -> None:
    frozen.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: receiver was listed"):
        recover(frozen)
    frozen.send("guardian", "Policy", "list_address", account("alice"))
    recover(frozen, to=account("bob"))


def test_recover__frees_nobody__the_account_stays_frozen_and_a_rest_stays_there(frozen: Stage) -> None:
    recover(frozen, amount=100 * ONE)
    assert frozen.token_view("balanceOf", "alice") == 0
    assert frozen.token_view("freeze_reason", "alice") == COURT
    with reverts("token: balance was too small"):
        recover(frozen, amount=1)


def test_recover__while_paused__works(frozen: Stage) -> None:
    frozen.send("guardian", "StockToken", "pause")
    recover(frozen)


def test_recover__from_the_escrow__is_out_of_reach(stage: Stage) -> None:
    stage.escrow("alice", 20 * ONE, b"\1" * 32)
    with reverts("token: account was not frozen"):
        recover(stage, account=stage.at.issuer)
