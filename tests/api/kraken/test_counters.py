"""Rate limits: Kraken's costs by age, counters that fall with time, and cancels that are never refused."""

import pytest

from openscrip.api.kraken.counters import PLACE, TIERS, Counters, amend_cost, batch_cost, cancel_cost, edit_cost
from openscrip.kernel.errors import Refused

SECOND = 1_000_000
STARTER = TIERS["starter"]


@pytest.mark.parametrize(
    ("age_s", "amend", "edit", "cancel"),
    [
        (0, 4, 7, 8),
        (4, 4, 7, 8),
        (5, 3, 6, 6),
        (10, 2, 5, 5),
        (15, 1, 3, 4),
        (45, 1, 2, 2),
        (90, 1, 1, 1),
        (299, 1, 1, 1),
        (300, 1, 1, 0),
    ],
)
def test_costs_fall_with_the_age_of_the_order(age_s: int, amend: int, edit: int, cancel: int) -> None:
    age_us = age_s * SECOND
    assert (amend_cost(age_us), edit_cost(age_us), cancel_cost(age_us)) == (amend, edit, cancel)


def test_a_batch_costs_one_and_half_an_order_each() -> None:
    assert batch_cost(15) == 8.5


def test_calls__above_the_limit__are_refused_until_the_counter_fell() -> None:
    counters = Counters()
    for _ in range(15):
        counters.call(1, STARTER, 1, 0.0)
    with pytest.raises(Refused) as refused:
        counters.call(1, STARTER, 1, 0.0)
    assert refused.value.code == "api.rate"
    counters.call(2, STARTER, 1, 0.0)
    with pytest.raises(Refused):
        counters.call(1, STARTER, 1, 3.0)
    counters.call(1, STARTER, 1, 3.1)


def test_orders__above_the_limit_of_their_pair__are_refused_in_that_pair_alone() -> None:
    counters = Counters()
    for _ in range(60):
        counters.trade(1, 1, STARTER, PLACE, 0.0)
    with pytest.raises(Refused) as refused:
        counters.trade(1, 1, STARTER, PLACE, 0.0)
    assert refused.value.code == "order.rate"
    counters.trade(1, 2, STARTER, PLACE, 0.0)
    counters.trade(2, 1, STARTER, PLACE, 0.0)
    counters.trade(1, 1, STARTER, PLACE, 1.0)


def test_cancels__at_the_limit__still_serve_and_count_no_further() -> None:
    counters = Counters()
    for _ in range(100):
        counters.cancelled(1, 1, STARTER, 0, 0.0)
    assert counters.engine(1, 1, STARTER, 0.0) == 60.0
    assert counters.engine(1, 1, STARTER, 10.0) == 50.0
