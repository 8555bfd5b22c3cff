"""What calls cost: within the goals, below the best peer, and no dearer with time or with a change that nobody rolled."""

import pytest
from bench.gas import GOALS, SETTINGS, gas_table

pytestmark = pytest.mark.parts
# What differs between settings: a warm store, and the write that rolls a matured change.
SPREAD, ROLLING = 1_000, "announce and schedule a dividend"
# A first approval is one cold store; behind a beacon, the call costs the difference to the peer's proxy.
APPROVE = "first approve"


@pytest.fixture(scope="module")
def settings_of() -> dict[str, list[int]]:
    """The cost of each call in each setting."""
    table = {row["name"]: row["gas"] for row in gas_table()}
    assert len(table) == len(GOALS) * len(SETTINGS)
    return {name: [table[name + setting] for setting in SETTINGS] for name in GOALS}


def test_gas__every_call__stays_within_its_goal(settings_of: dict[str, list[int]]) -> None:
    goals = {name: goal for name, (goal, _) in GOALS.items() if goal}
    assert len(goals) == 6
    assert {name: max(settings_of[name]) for name in goals if max(settings_of[name]) > goals[name]} == {}


def test_gas__transfer_and_mint__cost_less_than_the_best_peers(settings_of: dict[str, list[int]]) -> None:
    peers = {name: peer for name, (_, peer) in GOALS.items() if peer}
    assert {name for name, peer in peers.items() if max(settings_of[name]) >= peer} == {APPROVE}
    assert max(settings_of[APPROVE]) < peers[APPROVE] * 1.01


def test_gas__any_call__does_not_grow_with_time_or_an_unrolled_change(settings_of: dict[str, list[int]]) -> None:
    steady = {name: costs for name, costs in settings_of.items() if name != ROLLING}
    assert {name: costs for name, costs in steady.items() if max(costs) - min(costs) > SPREAD} == {}
    later = settings_of[ROLLING][2:]
    assert abs(later[0] - later[1]) <= SPREAD
