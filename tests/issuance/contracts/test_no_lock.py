"""No setter, with whatever it accepts, locks the token: the exit works afterwards, and whoever set it can set it again."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.issuance.contracts.direct import DAY, end, name_pool, schedule, take_back
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Stage, account, reverts
from tests.issuance.contracts.test_policy_sources import BLAMES_ALL, WAYS, Source

pytestmark = pytest.mark.slow

LARGEST = 2**128 - 1
ACTION = b"\5" * 32


def owner(stage: Stage, contract: str, function: str, *arguments: object) -> dict[str, Any]:
    """An act of the timelock."""
    return stage.send(stage.at.timelock, contract, function, *arguments)


def guardian(stage: Stage, contract: str, function: str, *arguments: object) -> dict[str, Any]:
    """An act of the guardian."""
    return stage.send("guardian", contract, function, *arguments)


def bad_source(stage: Stage, way: int) -> None:
    """A source that answered well until it was named."""
    source = Source(stage)
    source.use()
    source.act("be", way)
    if way == BLAMES_ALL:
        stage.send("mallory", "Policy", "sync", [stage.at.issuer, stage.token, stage.at.policy, stage.at.timelock])


def cancelled(stage: Stage) -> None:
    """A change that was taken back."""
    schedule(stage, action=ACTION)
    take_back(stage, ACTION)


SETTINGS: dict[str, Callable[[Stage], object]] = {
    "everything paused": lambda stage: guardian(stage, "StockToken", "pause"),
    "the issuer contract listed": lambda stage: guardian(stage, "Policy", "list_address", stage.at.issuer),
    "the token listed": lambda stage: guardian(stage, "Policy", "list_address", stage.token),
    "the owner listed and frozen": lambda stage: (
        guardian(stage, "Policy", "list_address", stage.at.timelock),
        guardian(stage, "StockToken", "freeze", stage.at.timelock, 1),
    ),
    "the guardian frozen by itself": lambda stage: guardian(stage, "StockToken", "freeze", account("guardian"), 1),
    "nobody named guardian": lambda stage: owner(stage, "Policy", "set_guardian", stage.token),
    "a mirror of one second": lambda stage: owner(stage, "Policy", "set_mirror", account("keeper"), 1),
    "a mirror of thirty days without a word": lambda stage: owner(stage, "Policy", "set_mirror", account("keeper"), 30 * DAY),
    "a keeper that lists the issuer contract": lambda stage: (
        owner(stage, "Policy", "set_mirror", account("keeper"), 1),
        stage.send("keeper", "Policy", "mirror", [stage.at.issuer], stage.now()),
    ),
    "a source that reverts": lambda stage: bad_source(stage, WAYS["reverts"]),
    "a source that burns all gas": lambda stage: bad_source(stage, WAYS["burns all gas"]),
    "a source that blames all": lambda stage: bad_source(stage, BLAMES_ALL),
    "the largest pool": lambda stage: name_pool(stage, capacity=LARGEST, refill=LARGEST),
    "the smallest pool": lambda stage: name_pool(stage, capacity=1, refill=1),
    "the token as its own pool": lambda stage: name_pool(stage, stage.token),
    "a holder as a pool": lambda stage: name_pool(stage, "alice"),
    "the longest terms": lambda stage: owner(stage, "StockToken", "set_terms", "z" * 512),
    "the longest contract URI": lambda stage: owner(stage, "StockToken", "set_contract_uri", "z" * 512),
    "the token named for CCIP": lambda stage: owner(stage, "Policy", "set_ccip_admin", stage.token),
    "ownership offered to a contract that cannot accept": lambda stage: owner(
        stage, "Policy", "transferOwnership", stage.token
    ),
    "the lowest multiplier": lambda stage: schedule(stage, multiplier=10**12),
    "the highest multiplier": lambda stage: schedule(stage, multiplier=10**24, epoch=0),
    "the farthest change": lambda stage: schedule(stage, at=stage.now() + 60 * DAY),
    "a change that was taken back": cancelled,
}


def put_right(stage: Stage) -> None:
    """The owner's way out of any setting; what needs no undoing is left."""
    if stage.token_view("paused"):
        owner(stage, "StockToken", "unpause")
    for each in (stage.at.issuer, stage.token, stage.at.timelock):
        if stage.view("Policy", "lists_of", each) & 3:
            owner(stage, "Policy", "unlist_address", each)
    if stage.view("Policy", "keeper") != NOBODY:
        owner(stage, "Policy", "set_mirror", NOBODY, 0)
    if stage.view("Policy", "source") != NOBODY:
        owner(stage, "Policy", "set_source", NOBODY)
        stage.send("stranger", "Policy", "sync", [stage.at.issuer, stage.token, stage.at.policy, stage.at.timelock])


@pytest.mark.parametrize("days", [0, 3_650])
@pytest.mark.parametrize("setting", SETTINGS)
def test_setting__however_extreme__leaves_the_exit_open_and_can_be_undone(stage: Stage, setting: str, days: int) -> None:
    stage.escrow("bob", ONE, b"\1" * 32)
    SETTINGS[setting](stage)
    stage.pass_time(days * DAY)
    stage.escrow("alice", ONE, b"\2" * 32)
    end(stage, "refund", "bob", b"\1" * 32)
    end(stage, "burn", "alice", b"\2" * 32)
    put_right(stage)
    stage.send("alice", "StockToken", "transfer", account("bob"), ONE)
    assert [stage.token_view("balanceOf", name) for name in ("alice", "bob")] == [98 * ONE, 51 * ONE]
    stage.report(shares=10**18, allocation=10**18)
    stage.mint()
    if days:
        schedule(stage, multiplier=2 * ONE)
    owner(stage, "Policy", "set_guardian", account("carol"))
    stage.send("carol", "StockToken", "freeze", account("bob"), 3)
    owner(stage, "StockToken", "recover", account("bob"), account("carol"), ONE, ACTION, 3)


def test_list__that_nobody_keeps__is_an_explicit_state_in_which_everyone_moves(fresh: Stage) -> None:
    """No mirror and no source is how a policy starts: it stops nobody, and says so."""
    assert [fresh.view("Policy", each) for each in ("keeper", "source")] == [NOBODY, NOBODY]
    assert fresh.view("Policy", "mirror_is_fresh") is True
    fresh.send(fresh.at.issuer, "StockToken", "mint", account("alice"), GRAIN)
    fresh.send("alice", "StockToken", "transfer", account("bob"), GRAIN)


def test_stopped_accounts__of_the_guardian_alone__are_the_most_it_can_lock(stage: Stage) -> None:
    """The guardian stops a holder at once, and only the timelock frees it: no key of ours moves what it holds."""
    guardian(stage, "StockToken", "freeze", account("alice"), 3)
    with reverts("token: caller was not the owner"):
        stage.send("guardian", "StockToken", "unfreeze", account("alice"), 3)
    with reverts("token: caller was not the owner"):
        stage.send("guardian", "StockToken", "recover", account("alice"), account("bob"), 1, ACTION, 3)
    owner(stage, "StockToken", "unfreeze", account("alice"), 3)
    stage.send("alice", "StockToken", "transfer", account("bob"), 1)
