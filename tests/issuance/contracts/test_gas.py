"""What calls cost: within the goals, and no dearer with time or with a change that nobody rolled."""

import pytest
from bench.gas import GOALS, gas_table

pytestmark = pytest.mark.parts


def test_gas__every_call__stays_within_its_goal_and_does_not_grow_with_time() -> None:
    table = {row["name"]: row["gas"] for row in gas_table()}
    for name, (goal, _) in GOALS.items():
        settings = [gas for row, gas in table.items() if row.startswith(name)]
        assert len(settings) == 3
        assert goal == 0 or max(settings) <= goal, f"{name}: {max(settings)} was above {goal}"
        assert max(settings) - min(settings) <= 1_000, f"{name}: the cost grew: {settings}"
