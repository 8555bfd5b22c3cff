"""ERC-8056 on the token: one change at a time, in force from the first block at its time; no balance moves."""

from typing import Any

import pytest
from tests.issuance.contracts.direct import DAY, schedule, take_back
from tests.issuance.contracts.stage import ONE, Stage, account, events, reverts

ACTION = b"\5" * 32
# Where the corporate actions contract has rules of its own, the token is asked as that contract asks it.


def shown(stage: Stage) -> tuple[int, int, int, int, int, int]:
    """In force, next, effective at, epoch, next epoch, version."""
    names = ("uiMultiplier", "newUIMultiplier", "effectiveAt", "epoch", "newEpoch", "multiplierVersion")
    values = tuple(stage.token_view(name) for name in names)
    assert values == stage.token_view("standing")[1:]
    return values


def test_schedule__emits_the_three_argument_event_once_and_shows_as_pending(stage: Stage) -> None:
    at = stage.now() + DAY
    receipt = schedule(stage, at=at)
    [log] = receipt["logs"]
    assert log["topics"] == ["0x2205df4534432b2f60654a3fdb48737ffdaf3e9edb1a498bd985bc026b15b055"]
    [(_, fields)] = events(receipt, "StockToken", "UIMultiplierUpdated")
    assert fields == {"oldMultiplier": ONE, "newMultiplier": 10 * ONE, "effectiveAtTimestamp": at}
    assert shown(stage) == (ONE, 10 * ONE, at, 0, 1, 0)


def test_schedule__through_the_corporate_actions_contract__does_the_same(stage: Stage) -> None:
    change = stage.change()
    receipt = stage.schedule(change)
    [(_, fields)] = events(receipt, "StockToken", "UIMultiplierUpdated")
    assert fields == {
        "oldMultiplier": ONE, "newMultiplier": 10 * ONE, "effectiveAtTimestamp": change["effective_at"],
    }  # fmt: skip
    stage.cancel(change["action"])
    assert shown(stage) == (ONE, ONE, 0, 0, 0, 0)


def test_change__takes_effect_at_its_second__not_one_before(stage: Stage) -> None:
    at = stage.now() + DAY
    schedule(stage, at=at)
    stage.pass_time(DAY - 1)
    assert shown(stage) == (ONE, 10 * ONE, at, 0, 1, 0)
    stage.pass_time(1)
    assert shown(stage) == (10 * ONE, 10 * ONE, 0, 1, 1, 1)
    stage.pass_time(1)
    assert shown(stage) == (10 * ONE, 10 * ONE, 0, 1, 1, 1)


def test_change__of_value_alone__keeps_the_epoch_and_raises_the_version(stage: Stage) -> None:
    schedule(stage, multiplier=ONE + 1, epoch=0)
    stage.pass_time(DAY)
    assert shown(stage) == (ONE + 1, ONE + 1, 0, 0, 0, 1)


def test_schedule__in_the_very_second_of_activation__builds_on_the_new_value(stage: Stage) -> None:
    schedule(stage)
    stage.pass_time(DAY)
    with reverts("token: expected multiplier was not in force"):
        schedule(stage, expected=ONE, multiplier=3 * ONE)
    schedule(stage, multiplier=20 * ONE)
    assert shown(stage)[:2] == (10 * ONE, 20 * ONE)
    stage.pass_time(DAY)
    assert shown(stage) == (20 * ONE, 20 * ONE, 0, 2, 2, 2)


def test_schedule__while_another_is_pending__reverts_up_to_the_second_before(stage: Stage) -> None:
    schedule(stage)
    with reverts("token: another change was pending"):
        schedule(stage)
    stage.pass_time(DAY - 1)
    with reverts("token: another change was pending"):
        schedule(stage)
    stage.pass_time(1)
    schedule(stage, multiplier=20 * ONE)


def test_cancel__pending_change__leaves_the_old_value_for_ever(stage: Stage) -> None:
    at = stage.now() + DAY
    schedule(stage, action=ACTION, at=at)
    receipt = take_back(stage, ACTION)
    assert [log["topics"][0][:10] for log in receipt["logs"]] == ["0x88385633", "0x2205df45"]
    assert events(receipt, "StockToken", "UIMultiplierUpdateCancelled")[0][1] == {
        "cancelledMultiplier": 10 * ONE, "cancelledEffectiveAt": at,
    }  # fmt: skip
    assert events(receipt, "StockToken", "UIMultiplierUpdated")[0][1] == {
        "oldMultiplier": ONE, "newMultiplier": ONE, "effectiveAtTimestamp": stage.now(),
    }  # fmt: skip
    stage.pass_time(2 * DAY)
    assert shown(stage) == (ONE, ONE, 0, 0, 0, 0)
    schedule(stage)


def test_cancel__in_the_last_second_before__works__and_at_its_second_reverts(stage: Stage) -> None:
    schedule(stage, action=ACTION)
    stage.pass_time(DAY - 1)
    take_back(stage, ACTION)
    schedule(stage, action=ACTION)
    stage.pass_time(DAY)
    with reverts("token: no change was pending"):
        take_back(stage, ACTION)


def test_cancel__wrong_or_nothing__reverts(stage: Stage) -> None:
    with reverts("token: no change was pending"):
        take_back(stage, ACTION)
    schedule(stage, action=ACTION)
    for other in (b"\4" * 32, b"\6" * 32, b"\0" * 32):
        with reverts("token: another action was pending"):
            take_back(stage, other)
    take_back(stage, ACTION)
    with reverts("token: no change was pending"):
        take_back(stage, ACTION)


def test_change_nobody_rolled__never_locks_anything__however_long_ago(stage: Stage) -> None:
    """Whether a change is pending is told by the time alone: no flag can be left behind."""
    schedule(stage)
    stage.pass_time(3_650 * DAY)
    assert shown(stage) == (10 * ONE, 10 * ONE, 0, 1, 1, 1)
    stage.send(stage.at.timelock, "StockToken", "set_terms", "terms of ten years later")
    stage.send("alice", "StockToken", "transfer", account("bob"), 1)
    schedule(stage, multiplier=20 * ONE)
    assert shown(stage)[1] == 20 * ONE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expected": 2 * ONE}, "token: expected multiplier was not in force"),
        ({"expected": ONE - 1}, "token: expected multiplier was not in force"),
        ({"expected": ONE + 1}, "token: expected multiplier was not in force"),
        ({"multiplier": ONE}, "token: multiplier was unchanged"),
        ({"multiplier": 0}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**12 - 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**24 + 1}, "token: multiplier was out of bounds"),
        ({"epoch": 2}, "token: epoch was not the next"),
        ({"ahead": 10 * 60 - 1}, "token: notice was too short"),
        ({"ahead": 0}, "token: notice was too short"),
        ({"ahead": -1}, "token: notice was too short"),
        ({"ahead": 60 * DAY + 1}, "token: effective time was too far ahead"),
    ],
    ids=str,
)
def test_schedule__out_of_its_rules__reverts_and_leaves_no_trace(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    fields = {"at": stage.now() + changes.get("ahead", DAY)} | {k: v for k, v in changes.items() if k != "ahead"}
    with reverts(reason):
        schedule(stage, **fields)
    assert shown(stage) == (ONE, ONE, 0, 0, 0, 0)
    assert stage.token_view("historyLength") == 1


@pytest.mark.parametrize(
    "changes", [{"multiplier": 10**12}, {"multiplier": 10**24}, {"epoch": 0}, {"multiplier": ONE - 1}], ids=str
)
@pytest.mark.parametrize("ahead", [10 * 60, 60 * DAY])
def test_schedule__at_the_edge_of_its_rules__is_accepted(stage: Stage, changes: dict[str, Any], ahead: int) -> None:
    schedule(stage, at=stage.now() + ahead, **changes)


def test_schedule__epoch_never_goes_back(stage: Stage) -> None:
    schedule(stage)
    stage.pass_time(DAY)
    with reverts("token: epoch was not the next"):
        schedule(stage, multiplier=20 * ONE, epoch=0)


def test_change__leaves_raw_balances_and_supply_alone(stage: Stage) -> None:
    before = [stage.token_view("balanceOf", "alice"), stage.token_view("balanceOf", "bob")]
    schedule(stage)
    stage.pass_time(DAY)
    assert [stage.token_view("balanceOf", "alice"), stage.token_view("balanceOf", "bob")] == before
    assert stage.token_view("totalSupply") == 150 * ONE
    assert stage.token_view("balanceOfUI", "alice") == 1_000 * ONE
    assert stage.token_view("totalSupplyUI") == 1_500 * ONE
