"""The multiplier's history on chain: append-only, with every action's id and epoch, and what was in force when."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.direct import DAY, schedule, take_back
from tests.issuance.contracts.stage import ONE, Stage, reverts

NO_ACTION = b"\0" * 32
GENESIS = (ONE, ONE, 0, NO_ACTION, 0, False)


def history(stage: Stage) -> list[tuple[object, ...]]:
    """All entries."""
    return [stage.token_view("historyEntry", number) for number in range(stage.token_view("historyLength"))]


def entry(stage: Stage, action: bytes, old: int, new: int, epoch: int, *, cancelled: bool = False) -> int:
    """Schedule a change for tomorrow, take it back if `cancelled`, let the day pass; its time."""
    at = stage.now() + DAY
    schedule(stage, expected=old, multiplier=new, at=at, epoch=epoch, action=action)
    if cancelled:
        take_back(stage, action)
    stage.pass_time(at - stage.now())
    return at


def test_history__of_a_new_token__is_the_beginning(fresh: Stage) -> None:
    assert history(fresh) == [GENESIS]
    for time in (0, fresh.now(), 2**256 - 1):
        assert fresh.token_view("multiplierAt", time) == ONE


def test_history__of_changes__keeps_old_new_time_action_and_epoch(stage: Stage) -> None:
    first = entry(stage, b"\1" * 32, ONE, 10 * ONE, 1)
    second = entry(stage, b"\2" * 32, 10 * ONE, 11 * ONE, 1)
    assert history(stage) == [
        GENESIS,
        (ONE, 10 * ONE, first, b"\1" * 32, 1, False),
        (10 * ONE, 11 * ONE, second, b"\2" * 32, 1, False),
    ]


def test_history__pending_change__is_an_entry_and_future_times_show_it(stage: Stage) -> None:
    at = stage.now() + DAY
    schedule(stage, at=at)
    assert stage.token_view("historyLength") == 2
    assert [stage.token_view("multiplierAt", at + step) for step in (-1, 0, 1)] == [ONE, 10 * ONE, 10 * ONE]
    assert stage.token_view("multiplierAt", stage.now()) == stage.token_view("uiMultiplier") == ONE


def test_history__cancelled_change__stays_marked_and_was_never_in_force(stage: Stage) -> None:
    taken_back = entry(stage, b"\1" * 32, ONE, 10 * ONE, 1, cancelled=True)
    done = entry(stage, b"\2" * 32, ONE, 2 * ONE, 1)
    assert history(stage) == [
        GENESIS,
        (ONE, 10 * ONE, taken_back, b"\1" * 32, 1, True),
        (ONE, 2 * ONE, done, b"\2" * 32, 1, False),
    ]
    assert stage.token_view("multiplierAt", taken_back) == ONE
    assert stage.token_view("multiplierAt", done - 1) == ONE
    assert stage.token_view("multiplierAt", done) == 2 * ONE


def test_history__cancelled_change_of_a_later_time_than_the_next__does_not_disturb_the_order(stage: Stage) -> None:
    far = stage.now() + 50 * DAY
    schedule(stage, at=far, action=b"\1" * 32)
    take_back(stage, b"\1" * 32)
    near = entry(stage, b"\2" * 32, ONE, 2 * ONE, 1)
    assert stage.token_view("multiplierAt", near) == 2 * ONE
    assert stage.token_view("multiplierAt", far) == 2 * ONE


@pytest.mark.parametrize("number", [1, 2**256 - 1])
def test_history_entry__beyond_the_last__reverts(fresh: Stage, number: int) -> None:
    with reverts("token: history had no such entry"):
        fresh.token_view("historyEntry", number)


def test_history__refused_change__adds_nothing(stage: Stage) -> None:
    with reverts("token: expected multiplier was not in force"):
        schedule(stage, expected=2 * ONE)
    assert history(stage) == [GENESIS]


def test_history__of_two_tokens_upgraded_or_not__is_each_tokens_own(stage: Stage) -> None:
    entry(stage, b"\1" * 32, ONE, 10 * ONE, 1)
    assert stage.view("StockToken", "historyLength", to=stage.at.implementation) == 0
    with reverts("token: history had no such entry"):
        stage.view("StockToken", "historyEntry", 0, to=stage.at.implementation)


@given(cancelled=st.lists(st.booleans(), min_size=1, max_size=9))
def test_multiplier_at__any_history__is_what_the_list_of_changes_says(deployed: Stage, cancelled: list[bool]) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    times, values = [0], [ONE]
    for number, back in enumerate(cancelled, start=2):
        at = entry(deployed, bytes([number]) * 32, values[-1], number * ONE, 0, cancelled=back)
        if not back:
            times.append(at)
            values.append(number * ONE)
    for time in {edge + step for edge in times[1:] for step in (-1, 0, 1)} | {0, deployed.now()}:
        assert deployed.token_view("multiplierAt", time) == values[bisect_right(times, time) - 1]
    deployed.rpc.call("evm_revert", snapshot)
