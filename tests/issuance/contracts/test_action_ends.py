"""Mergers, changes of symbol and delistings: how a token comes to its end, or does not."""

import pytest
from tests.issuance.contracts.corporate import (
    APPLIED,
    CANCELLED,
    CORRECTED,
    DAY,
    FINAL,
    HORIZON,
    META,
    NOTICE,
    SPLIT,
    STAGED,
    change_by,
    delisting,
    deploy_coin,
    merger,
    open_now,
    put,
    state_of,
    window,
)
from tests.issuance.contracts.stage import NOBODY, NOTHING, Stage, events, reverts

from openscrip.issuance.chains.evm.deployment import ListedToken

# What ends a token


def test_open__merger__tells_closes_and_ends_at_its_time(stage: Stage) -> None:
    into = stage.list_stock(META).token
    action = merger(stage, into)
    stage.announce(action)
    at = stage.now() + DAY
    assert stage.view("CorporateActions", "ended", stage.token) is False
    assert stage.view("CorporateActions", "successor_of", stage.token) == NOBODY
    receipt = stage.open_conversion(action["id"], at)
    [(topics, said)] = events(receipt, "CorporateActions", "ConversionOpened")
    assert topics[0] == "0x" + action["id"].hex()
    assert topics[1][-40:] == stage.token[2:].lower()
    assert said == {"into": into.lower(), "effectiveAt": at}
    assert stage.view("CorporateActions", "effective_at", action["id"]) == at
    assert stage.view("CorporateActions", "ended", stage.token) is True
    assert stage.view("CorporateActions", "opening_of", stage.token) == action["id"]
    assert stage.view("CorporateActions", "successor_of", stage.token) == into.lower()
    assert stage.view("CorporateActions", "ended", into) is False
    assert stage.view("Issuer", "limits_of", stage.token) == (0, 0, 0)
    with reverts("issuer: token was closed"):
        stage.mint()
    stage.pass_time(DAY - 1)
    assert window(stage) == (0, 0, False)
    assert state_of(stage, action["id"]) == STAGED
    stage.pass_time(1)
    assert window(stage) == (0, 0, True)
    assert state_of(stage, action["id"]) == APPLIED
    stage.finish(action["id"])
    assert window(stage) == (0, 0, True)
    assert stage.view("CorporateActions", "ended", stage.token) is True
    assert stage.view("CorporateActions", "successor_of", stage.token) == into.lower()


def test_open__delisting__has_no_successor(fresh: Stage) -> None:
    action = delisting(fresh, deploy_coin(fresh))
    open_now(fresh, action)
    assert fresh.view("CorporateActions", "ended", fresh.token) is True
    assert fresh.view("CorporateActions", "successor_of", fresh.token) == NOBODY


def test_open__notice_and_horizon__hold_to_the_second(fresh: Stage, other: ListedToken) -> None:
    action = merger(fresh, other.token)
    fresh.announce(action)
    with reverts("actions: notice was too short"):
        fresh.open_conversion(action["id"], fresh.now() + NOTICE - 1)
    with reverts("actions: effective time was too far ahead"):
        fresh.open_conversion(action["id"], fresh.now() + HORIZON + 1)
    snapshot = fresh.rpc.call("evm_snapshot")
    fresh.open_conversion(action["id"], fresh.now() + HORIZON)
    fresh.rpc.call("evm_revert", snapshot)
    fresh.open_conversion(action["id"], fresh.now() + NOTICE)


def test_open__an_action_that_ends_no_token__reverts(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    with reverts("actions: action ended no token"):
        fresh.open_conversion(action["id"], fresh.now() + DAY)


def test_open__second_end_of_a_token__reverts(fresh: Stage, other: ListedToken) -> None:
    open_now(fresh, merger(fresh, other.token), wait=False)
    again = delisting(fresh, deploy_coin(fresh))
    fresh.announce(again)
    with reverts("actions: token was ended"):
        fresh.open_conversion(again["id"], fresh.now() + DAY)


def test_open__into_a_token_that_ended__reverts(fresh: Stage, other: ListedToken) -> None:
    back = merger(fresh, fresh.token, token=other.token)
    fresh.announce(back)
    open_now(fresh, merger(fresh, other.token), wait=False)
    with reverts("actions: successor was ended"):
        fresh.open_conversion(back["id"], fresh.now() + DAY)


def test_open__while_a_change_is_pending__only_at_or_after_it(fresh: Stage, other: ListedToken) -> None:
    split, end = fresh.action(**SPLIT), merger(fresh, other.token)
    at = put(fresh, split, STAGED)["effective_at"]
    fresh.announce(end)
    with reverts("actions: a change was pending beyond the end"):
        fresh.open_conversion(end["id"], at - 1)
    fresh.open_conversion(end["id"], at)
    fresh.pass_time(DAY)
    assert (state_of(fresh, split["id"]), state_of(fresh, end["id"])) == (APPLIED, APPLIED)


def test_stage__on_a_token_that_ends__only_up_to_its_end(fresh: Stage, other: ListedToken) -> None:
    end, split = merger(fresh, other.token), fresh.action(**SPLIT)
    put(fresh, end, STAGED)
    fresh.announce(split)
    good = change_by(fresh, split, 3, 2)
    with reverts("actions: token ended before"):
        fresh.stage_change(good | {"effective_at": good["effective_at"] + 1})
    fresh.stage_change(good)
    assert state_of(fresh, split["id"]) == STAGED


@pytest.mark.parametrize("by", ["cancel", "correct"])
def test_open__taken_back_in_time__the_token_lives_on(stage: Stage, by: str) -> None:
    into = stage.list_stock(META).token
    action = merger(stage, into)
    open_now(stage, action, wait=False)
    stage.pass_time(NOTICE - 1)
    again = merger(stage, into, corrects=action["id"] if by == "correct" else NOTHING)
    if by == "cancel":
        receipt = stage.cancel(action["id"])
        assert len(events(receipt, "CorporateActions", "ActionCancelled")) == 1
    else:
        receipt = stage.announce(again)
    assert events(receipt, "CorporateActions", "MultiplierCancelled") == []
    assert state_of(stage, action["id"]) == (CANCELLED if by == "cancel" else CORRECTED)
    assert stage.view("CorporateActions", "ended", stage.token) is False
    assert stage.view("CorporateActions", "opening_of", stage.token) == NOTHING
    with reverts("issuer: token was closed"):
        stage.mint()
    stage.send(stage.at.timelock, "Issuer", "set_limits", stage.token, 10**24, 10**24, 10**24)
    stage.mint()
    stage.pass_time(DAY)
    assert window(stage) == (0, 0, False)
    if by == "cancel":
        stage.announce(again)
    stage.open_conversion(again["id"], stage.now() + NOTICE)
    assert stage.view("CorporateActions", "opening_of", stage.token) == again["id"]


def test_open__again_on_a_token_that_stayed_closed__is_accepted(fresh: Stage, other: ListedToken) -> None:
    first, again = merger(fresh, other.token), merger(fresh, other.token)
    open_now(fresh, first, wait=False)
    fresh.cancel(first["id"])
    open_now(fresh, again)
    assert fresh.view("Issuer", "limits_of", fresh.token) == (0, 0, 0)
    assert state_of(fresh, again["id"]) == APPLIED


@pytest.mark.parametrize("state", [APPLIED, FINAL])
def test_correct__a_conversion_in_force__reverts(fresh: Stage, other: ListedToken, state: int) -> None:
    action = merger(fresh, other.token)
    put(fresh, action, state)
    with reverts("actions: conversion was in force"):
        fresh.announce(merger(fresh, other.token, corrects=action["id"]))
    assert state_of(fresh, action["id"]) == state
