"""The steps of a split or a dividend: staged exactly, applied by time, finished, taken back or corrected."""

from typing import Any

import pytest
from tests.issuance.contracts.corporate import (
    ANNOUNCED,
    APPLIED,
    BOTH,
    CANCELLED,
    CASH_DIVIDEND,
    CORRECTED,
    DAY,
    EVIDENCE,
    FINAL,
    HORIZON,
    NOTICE,
    REASON,
    REVERSE,
    SPLIT,
    STAGED,
    STOCK_DIVIDEND,
    UNKNOWN,
    change_by,
    dividend,
    looking_at,
    merger,
    put,
    relay,
    state_of,
    window,
)
from tests.issuance.contracts.stage import NOTHING, ONE, Stage, events, reverts

from openscrip.issuance.chains.evm.deployment import ListedToken

# What is staged


def test_stage__announced_split__schedules_the_token_and_tells(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    change = change_by(fresh, action, 3, 2)
    change["paused_from"] = change["effective_at"] - 3_600
    receipt = fresh.stage_change(change)
    [(topics, said)] = events(receipt, "CorporateActions", "MultiplierScheduled")
    assert topics[0] == "0x" + action["id"].hex()
    assert topics[1][-40:] == fresh.token[2:].lower()
    at = change["effective_at"]
    assert said == {"expected": ONE, "multiplier": 3 * ONE // 2, "effectiveAt": at, "epochAfter": 1}
    assert fresh.view("CorporateActions", "change_of", action["id"]) == (fresh.token.lower(), *tuple(change.values())[1:])
    assert fresh.view("CorporateActions", "effective_at", action["id"]) == at
    assert fresh.token_view("newUIMultiplier") == 3 * ONE // 2
    assert fresh.token_view("effectiveAt") == at
    assert fresh.token_view("newEpoch") == 1
    assert fresh.token_view("historyEntry", 1) == (ONE, 3 * ONE // 2, at, action["id"], 1, False)
    assert window(fresh) == (at - 3_600, at, False)


@pytest.mark.parametrize(
    ("facts", "ratio", "epochs"),
    [
        (SPLIT, (3, 2), 1),
        (REVERSE, (2, 7), 1),
        (STOCK_DIVIDEND, (21, 20), 1),
        (CASH_DIVIDEND, (10**12 + 912_875_558, 10**12), 0),
    ],
    ids=["SPLF", "SPLR", "DVSE", "DVCA"],
)
def test_stage__each_kind__floors_its_ratio_once_and_moves_its_epoch(
    fresh: Stage, facts: dict[str, Any], ratio: tuple[int, int], epochs: int
) -> None:
    expected = ONE
    for turn in range(1, 3):
        action = fresh.action(**facts)
        fresh.announce(action)
        good = change_by(fresh, action, *ratio)
        for wrong in (good["multiplier"] - 1, good["multiplier"] + 1):
            with reverts("actions: multiplier was not the ratio's"):
                fresh.stage_change(good | {"multiplier": wrong})
        for epoch in {turn * epochs + 1, max(turn * epochs - 1, 0)} - {turn * epochs}:
            with reverts("actions: epoch was not of its kind"):
                fresh.stage_change(good | {"epoch_after": epoch})
        fresh.stage_change(good)
        fresh.pass_time(DAY)
        expected = expected * ratio[0] // ratio[1]
        assert fresh.token_view("uiMultiplier") == expected
        assert fresh.token_view("epoch") == turn * epochs
        assert fresh.token_view("multiplierVersion") == turn


def test_stage__other_ratio_than_announced__reverts(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    for new, old in ((6, 4), (3, 1), (4, 2)):
        with reverts("actions: ratio was not the announced"):
            fresh.stage_change(change_by(fresh, action, new, old))


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        (2**128, 1, "actions: ratio was out of bounds"),
        (2, 0, "actions: ratio was out of bounds"),
        (2**128 + 1, 2**128, "actions: ratio was out of bounds"),
        (0, 1, "actions: ratio was out of bounds"),
        (1, 1, "actions: dividend did not raise the multiplier"),
        (1, 2, "actions: dividend did not raise the multiplier"),
    ],
)
def test_stage__dividend_of_no_usable_ratio__reverts(fresh: Stage, new: int, old: int, reason: str) -> None:
    action = dividend(fresh)
    fresh.announce(action)
    change = change_by(fresh, action, new, old or 1)
    with reverts(reason):
        fresh.stage_change(change | {"ratio_old": old})


def test_stage__dividend_with_the_largest_parts__is_accepted(fresh: Stage) -> None:
    action = dividend(fresh)
    fresh.announce(action)
    new, old = 2**128 - 1, 2**128 - 2**127
    fresh.stage_change(change_by(fresh, action, new, old))
    fresh.pass_time(DAY)
    assert fresh.token_view("uiMultiplier") == ONE * new // old


def test_stage__dividend_too_small_to_show__is_refused_by_the_token(fresh: Stage) -> None:
    action = dividend(fresh)
    fresh.announce(action)
    with reverts("token: multiplier was unchanged"):
        fresh.stage_change(change_by(fresh, action, 10**18 * 2 + 1, 10**18 * 2))


def test_stage__what_the_token_refuses__reverts_with_its_words(fresh: Stage) -> None:
    action, later = fresh.action(**SPLIT), fresh.action(**SPLIT)
    for each in (action, later):
        fresh.announce(each)
    good = change_by(fresh, action, 3, 2)
    for changes, words in (
        ({"expected": ONE + 1}, "token: expected multiplier was not in force"),
        ({"effective_at": fresh.now() + NOTICE - 1, "paused_from": fresh.now()}, "token: notice was too short"),
        ({"effective_at": fresh.now() + HORIZON + 1}, "token: effective time was too far ahead"),
    ):
        with reverts(words):
            fresh.stage_change(good | changes)
    fresh.stage_change(good | {"effective_at": fresh.now() + NOTICE, "paused_from": fresh.now()})
    with reverts("token: another change was pending"):
        fresh.stage_change(change_by(fresh, later, 3, 2))
    assert state_of(fresh, later["id"]) == ANNOUNCED


def test_stage__for_another_token__reverts(fresh: Stage, other: ListedToken) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    with reverts("actions: action was another token's"):
        fresh.stage_change(change_by(fresh, action, 3, 2, token=other.token))


def test_stage__an_action_that_ends_a_token__reverts(fresh: Stage, other: ListedToken) -> None:
    action = merger(fresh, other.token, ratio_new=3, ratio_old=2)
    fresh.announce(action)
    with reverts("actions: action moved no multiplier"):
        fresh.stage_change(change_by(fresh, action, 3, 2))


def test_stage__window__begins_within_a_week_and_before_it_ends(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    good = change_by(fresh, action, 3, 2)
    with reverts("actions: window ended before it began"):
        fresh.stage_change(good | {"paused_from": good["effective_at"] + 1})
    with reverts("actions: window began too long ago"):
        fresh.stage_change(good | {"paused_from": fresh.now() - 7 * DAY - 1})
    fresh.stage_change(good | {"paused_from": fresh.now() - 7 * DAY})
    assert window(fresh) == (fresh.now() - 7 * DAY, good["effective_at"], False)


def test_stage__window_that_ends_as_it_begins__is_accepted(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    change = change_by(fresh, action, 3, 2)
    fresh.stage_change(change)
    assert window(fresh) == (change["effective_at"], change["effective_at"], False)


# States


def test_applied__follows_from_time_alone(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.schedule(change_by(fresh, action, 3, 2), BOTH, action)
    fresh.pass_time(DAY - 1)
    assert state_of(fresh, action["id"]) == STAGED
    with reverts("actions: action was not applied"):
        fresh.finish(action["id"])
    fresh.pass_time(1)
    assert state_of(fresh, action["id"]) == APPLIED
    with reverts("actions: action was not pending"):
        fresh.cancel(action["id"])
    fresh.pass_time(1)
    assert state_of(fresh, action["id"]) == APPLIED


@pytest.mark.parametrize("state", [UNKNOWN, ANNOUNCED, STAGED, APPLIED, FINAL, CANCELLED, CORRECTED])
@pytest.mark.parametrize("ends", [False, True], ids=["split", "merger"])
def test_steps__in_each_state__only_those_that_lead_on(fresh: Stage, other: ListedToken, state: int, ends: bool) -> None:
    action = merger(fresh, other.token) if ends else fresh.action(**SPLIT)
    put(fresh, action, state)
    opening = {"action": action["id"], "effective_at": fresh.now() + DAY}
    steps: list[tuple[str, dict[str, Any], set[int], str]] = [
        ("announce", action, {UNKNOWN}, "actions: id was used"),
        ("cancel", {"action": action["id"], "reason": REASON}, {ANNOUNCED, STAGED}, "actions: action was not pending"),
        ("finish", {"action": action["id"], "evidence": EVIDENCE}, {APPLIED}, "actions: action was not applied"),
    ]
    if ends:
        steps.append(("open_conversion", opening, {ANNOUNCED}, "actions: action was not announced"))
    else:
        change = change_by(fresh, action, 3, 2)
        steps.append(("stage", change, {ANNOUNCED}, "actions: action was not announced"))
    for function, fields, allowed, words in steps:
        snapshot = fresh.rpc.call("evm_snapshot")
        if state in allowed:
            relay(fresh, function, fields)
            assert state_of(fresh, action["id"]) != state
        else:
            with reverts(words):
                relay(fresh, function, fields)
            assert state_of(fresh, action["id"]) == state
        fresh.rpc.call("evm_revert", snapshot)


def test_finish__applied__tells_the_evidence_and_stays_final(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    put(fresh, action, APPLIED)
    with reverts("actions: evidence was zero"):
        fresh.finish(action["id"], evidence=NOTHING)
    receipt = fresh.finish(action["id"], evidence=EVIDENCE)
    assert events(receipt, "CorporateActions", "ActionFinished") == [(["0x" + action["id"].hex()], {"evidence": EVIDENCE})]
    fresh.pass_time(DAY)
    assert state_of(fresh, action["id"]) == FINAL


# Cancellation


def test_cancel__announced__only_tells(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    fresh.announce(action)
    with reverts("actions: reason was zero"):
        fresh.cancel(action["id"], reason=NOTHING)
    receipt = fresh.cancel(action["id"], reason=REASON)
    assert events(receipt, "CorporateActions", "ActionCancelled") == [(["0x" + action["id"].hex()], {"reason": REASON})]
    assert events(receipt, "CorporateActions", "MultiplierCancelled") == []
    assert fresh.token_view("historyLength") == 1


def test_cancel__staged__takes_the_change_back_and_frees_the_price(fresh: Stage) -> None:
    action = fresh.action(**SPLIT)
    put(fresh, action, STAGED)
    fresh.pass_time(DAY - 1)
    receipt = fresh.cancel(action["id"])
    [(topics, _)] = events(receipt, "CorporateActions", "MultiplierCancelled")
    assert topics[0] == "0x" + action["id"].hex()
    assert topics[1][-40:] == fresh.token[2:].lower()
    assert fresh.token_view("effectiveAt") == 0
    assert window(fresh) == (0, 0, False)
    fresh.pass_time(DAY)
    assert state_of(fresh, action["id"]) == CANCELLED
    assert fresh.token_view("uiMultiplier") == ONE
    assert fresh.token_view("historyEntry", 1)[5] is True


def test_cancel__second_change__brings_the_window_of_the_first_back(fresh: Stage) -> None:
    first = fresh.action(**SPLIT)
    put(fresh, first, STAGED)
    stood = window(fresh)
    fresh.pass_time(DAY)
    for _ in range(2):
        second = dividend(fresh)
        fresh.announce(second)
        change = change_by(fresh, second, 101, 100)
        fresh.stage_change(change)
        assert window(fresh) == (change["paused_from"], change["effective_at"], False)
        fresh.cancel(second["id"])
        assert window(fresh) == stood


def test_windows__of_two_stocks__are_their_own(fresh: Stage, other: ListedToken) -> None:
    here, there = fresh.action(**SPLIT), fresh.action(**REVERSE, token=other.token)
    put(fresh, here, STAGED)
    stood = window(fresh)
    assert window(fresh, other.token) == (0, 0, False)
    with looking_at(fresh, other):
        fresh.pass_time(60)
        change = put(fresh, there, STAGED)
        assert window(fresh) == (change["paused_from"], change["effective_at"], False)
        fresh.cancel(there["id"])
        assert window(fresh) == (0, 0, False)
    assert window(fresh) == stood


# Correction


@pytest.mark.parametrize("state", [ANNOUNCED, STAGED, APPLIED, FINAL])
def test_correct__what_stands__marks_it_and_takes_only_a_pending_change_back(fresh: Stage, state: int) -> None:
    wrong = fresh.action(**SPLIT)
    put(fresh, wrong, state)
    right = fresh.action(corrects=wrong["id"])
    receipt = fresh.announce(right)
    assert events(receipt, "CorporateActions", "ActionCorrected") == [
        (["0x" + wrong["id"].hex(), "0x" + right["id"].hex()], {})
    ]
    assert len(events(receipt, "CorporateActions", "MultiplierCancelled")) == (state == STAGED)
    assert events(receipt, "CorporateActions", "ActionAnnounced")[0][1]["corrects"] == wrong["id"]
    assert state_of(fresh, wrong["id"]) == CORRECTED
    assert state_of(fresh, right["id"]) == ANNOUNCED
    fresh.pass_time(DAY)
    in_force = 3 * ONE // 2 if state in (APPLIED, FINAL) else ONE
    assert fresh.token_view("uiMultiplier") == in_force
    assert (window(fresh)[1] > 0) == (state in (APPLIED, FINAL))
    fresh.stage_change(change_by(fresh, right, 10, 1))
    fresh.pass_time(DAY)
    assert fresh.token_view("uiMultiplier") == 10 * in_force


def test_correct__and_stage_in_one_transaction__replaces_the_pending_change(fresh: Stage) -> None:
    wrong = fresh.action(**SPLIT)
    put(fresh, wrong, STAGED)
    right = fresh.action(corrects=wrong["id"])
    fresh.schedule(change_by(fresh, right, 10, 1), BOTH, right)
    fresh.pass_time(DAY)
    assert fresh.token_view("uiMultiplier") == 10 * ONE
    assert (state_of(fresh, wrong["id"]), state_of(fresh, right["id"])) == (CORRECTED, APPLIED)


def test_correct__unknown_itself_or_another_tokens__reverts(fresh: Stage, other: ListedToken) -> None:
    elsewhere = fresh.action(token=other.token)
    fresh.announce(elsewhere)
    itself = fresh.unique("action")
    for action in (
        fresh.action(corrects=b"\7" * 32),
        fresh.action(corrects=elsewhere["id"]),
        fresh.action(id=itself, corrects=itself),
    ):
        with reverts("actions: corrected action was not the token's"):
            fresh.announce(action)
    assert state_of(fresh, elsewhere["id"]) == ANNOUNCED


@pytest.mark.parametrize("state", [CANCELLED, CORRECTED])
def test_correct__what_no_longer_stands__reverts(fresh: Stage, state: int) -> None:
    wrong = fresh.action(**SPLIT)
    put(fresh, wrong, state)
    with reverts("actions: corrected action did not stand"):
        fresh.announce(fresh.action(corrects=wrong["id"]))
