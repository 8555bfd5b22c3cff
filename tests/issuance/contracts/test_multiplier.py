"""ERC-8056: one scheduled change at a time, in force from the first block at its time, without touching a balance."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.stage import ONE, Stage, events, reverts

DAY = 86_400


def shown(stage: Stage) -> tuple[int, int, int, int, int, int]:
    """In force, next, effective at, epoch, next epoch, version."""
    names = ("uiMultiplier", "newUIMultiplier", "effectiveAt", "epoch", "newEpoch", "multiplierVersion")
    values = tuple(stage.token_view(name) for name in names)
    assert values == stage.token_view("standing")[1:]
    return values


def test_schedule__emits_the_three_argument_event_and_shows_as_pending(stage: Stage) -> None:
    at = stage.now() + DAY
    receipt = stage.schedule(stage.change(effective_at=at))
    [(topics, fields)] = events(receipt, "StockToken", "UIMultiplierUpdated")
    assert topics == []
    assert fields == {"oldMultiplier": ONE, "newMultiplier": 10 * ONE, "effectiveAtTimestamp": at}
    assert len(events(receipt, "Issuer", "MultiplierScheduled")) == 1
    assert receipt["logs"][-1]["topics"][0] == "0x2205df4534432b2f60654a3fdb48737ffdaf3e9edb1a498bd985bc026b15b055"
    assert shown(stage) == (ONE, 10 * ONE, at, 0, 1, 0)


def test_change__takes_effect_at_its_second__not_one_before(stage: Stage) -> None:
    at = stage.now() + DAY
    stage.schedule(stage.change(effective_at=at))
    stage.pass_time(DAY - 1)
    assert shown(stage) == (ONE, 10 * ONE, at, 0, 1, 0)
    stage.pass_time(1)
    assert shown(stage) == (10 * ONE, 10 * ONE, 0, 1, 1, 1)
    stage.pass_time(1)
    assert shown(stage) == (10 * ONE, 10 * ONE, 0, 1, 1, 1)


def test_schedule__in_the_very_second_of_activation__builds_on_the_new_value(stage: Stage) -> None:
    stage.schedule()
    stage.pass_time(DAY)
    with reverts("token: expected multiplier was not in force"):
        stage.schedule(stage.change(expected=ONE, multiplier=3 * ONE))
    stage.schedule(stage.change(multiplier=20 * ONE))
    assert shown(stage)[:2] == (10 * ONE, 20 * ONE)
    stage.pass_time(DAY)
    assert shown(stage) == (20 * ONE, 20 * ONE, 0, 2, 2, 2)


def test_schedule__while_another_is_pending__reverts(stage: Stage) -> None:
    stage.schedule()
    with reverts("token: another change was pending"):
        stage.schedule()
    stage.pass_time(DAY - 1)
    with reverts("token: another change was pending"):
        stage.schedule()


def test_cancel__pending_change__leaves_the_old_value_for_ever(stage: Stage) -> None:
    change = stage.change()
    stage.schedule(change)
    receipt = stage.cancel(change["action"])
    assert events(receipt, "StockToken", "UIMultiplierUpdateCancelled")[0][1] == {
        "cancelledMultiplier": 10 * ONE, "cancelledEffectiveAt": change["effective_at"],
    }  # fmt: skip
    assert events(receipt, "StockToken", "UIMultiplierUpdated")[0][1] == {
        "oldMultiplier": ONE, "newMultiplier": ONE, "effectiveAtTimestamp": stage.now(),
    }  # fmt: skip
    stage.pass_time(2 * DAY)
    assert shown(stage) == (ONE, ONE, 0, 0, 0, 0)
    with reverts("issuer: action was used"):
        stage.schedule(change | {"effective_at": stage.now() + DAY})
    stage.schedule()


def test_cancel__matured_wrong_or_nothing__reverts(stage: Stage) -> None:
    change = stage.change()
    with reverts("token: no change was pending"):
        stage.cancel(change["action"])
    stage.schedule(change)
    with reverts("token: another action was pending"):
        stage.cancel(b"\5" * 32)
    stage.pass_time(DAY)
    with reverts("token: no change was pending"):
        stage.cancel(change["action"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expected": 2 * ONE}, "token: expected multiplier was not in force"),
        ({"multiplier": ONE}, "token: multiplier was unchanged"),
        ({"multiplier": 0}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**12 - 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**24 + 1}, "token: multiplier was out of bounds"),
        ({"epoch_after": 2}, "token: epoch was not the next"),
        ({"ahead": 10 * 60 - 1}, "token: notice was too short"),
        ({"ahead": -1}, "token: notice was too short"),
        ({"ahead": 60 * DAY + 1}, "token: effective time was too far ahead"),
    ],
)
def test_schedule__out_of_its_rules__reverts(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    ahead = changes.pop("ahead", DAY)
    with reverts(reason):
        stage.schedule(stage.change(**changes, effective_at=stage.now() + ahead))


@pytest.mark.parametrize("change", [{"multiplier": 10**12}, {"multiplier": 10**24}, {"epoch_after": 0}], ids=str)
def test_schedule__at_the_edge_of_its_rules__is_accepted(stage: Stage, change: dict[str, Any]) -> None:
    stage.schedule(stage.change(**change, effective_at=stage.now() + 10 * 60))


def test_schedule__longest_horizon__is_accepted(stage: Stage) -> None:
    stage.schedule(stage.change(effective_at=stage.now() + 60 * DAY))


def test_schedule__same_action_again__reverts(stage: Stage) -> None:
    change = stage.change()
    stage.schedule(change)
    stage.pass_time(DAY)
    again = stage.change(multiplier=100 * ONE, action=change["action"])
    with reverts("issuer: action was used"):
        stage.schedule(again)


@pytest.mark.parametrize(
    ("signers", "reason"),
    [
        (("attestor", "attestor"), "issuer: corporate action signature was wrong"),
        (("corporate_action", "corporate_action"), "issuer: attestor signature was wrong"),
        (("issuer", "attestor"), "issuer: corporate action signature was wrong"),
        (("corporate_action", "issuer"), "issuer: attestor signature was wrong"),
    ],
)
def test_schedule_and_cancel__not_by_the_two_keys__reverts(
    stage: Stage, signers: tuple[str, str], reason: str
) -> None:
    with reverts(reason):
        stage.schedule(signers=signers)
    change = stage.change()
    stage.schedule(change)
    with reverts(reason):
        stage.cancel(change["action"], signers=signers)


def test_change__leaves_raw_balances_and_supply_alone(stage: Stage) -> None:
    before = [stage.token_view("balanceOf", "alice"), stage.token_view("balanceOf", "bob")]
    stage.schedule()
    stage.pass_time(DAY)
    assert [stage.token_view("balanceOf", "alice"), stage.token_view("balanceOf", "bob")] == before
    assert stage.token_view("totalSupply") == 150 * ONE
    assert stage.token_view("balanceOfUI", "alice") == 1_000 * ONE
    assert stage.token_view("totalSupplyUI") == 1_500 * ONE


amounts = st.integers(0, 2**128 - 1)


@given(data=st.data())
def test_conversions__never_inflate(deployed: Stage, data: st.DataObject) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    multiplier = data.draw(st.integers(10**12, 10**24).filter(lambda value: value != ONE))
    deployed.schedule(deployed.change(multiplier=multiplier))
    deployed.pass_time(DAY)
    first, second = data.draw(amounts), data.draw(amounts)
    ui = deployed.token_view("toUIAmount", first)
    assert ui == first * multiplier // ONE
    assert deployed.token_view("fromUIAmount", ui) <= first
    assert deployed.token_view("fromUIAmount", second) == second * ONE // multiplier
    other, together = (deployed.token_view("toUIAmount", raw) for raw in (second, first + second))
    assert ui + other <= together
    deployed.rpc.call("evm_revert", snapshot)
