"""A purchase in parts: whole shares by weight, nothing lost, and each part settles, fails and comes again by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.assets.acquisition import Acquisition, acquire, decide
from openscrip.assets.actions import Filled, Instruct, InstructionFailed, InstructionSettled, OrderDone, TradeSettled
from openscrip.assets.custody_parts import Parts, split_whole
from openscrip.assets.stock import Stock
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),))
PARTS: Parts = (("custodian", 60), ("custodian-2", 40))
ELEVEN, SEVEN, FOUR = Shares.whole(11), Shares.whole(7), Shares.whole(4)
FIRST, SECOND, AGAIN = "a:t1", "a:t2", "a:t3"


@pytest.mark.parametrize(("count", "parts"), [(10, [6, 4]), (11, [7, 4]), (2, [1, 1]), (3, [2, 1])])
def test_whole_shares_by_weight__what_is_left_goes_to_the_largest_fractions(count: int, parts: list[int]) -> None:
    found = split_whole(Shares.whole(count), PARTS)
    assert found == tuple((name, Shares.whole(part)) for (name, _), part in zip(PARTS, parts, strict=True))


def test_what_one_would_get_whole__names_none() -> None:
    assert split_whole(Shares.whole(1), PARTS) == (("", Shares.whole(1)),)
    assert split_whole(ELEVEN, ()) == (("", ELEVEN),)


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10_000), min_size=1, max_size=4))
def test_no_part_is_a_share_away_from_its_weight_and_none_is_lost(count: int, weights: list[int]) -> None:
    parts = tuple((f"c{place}", weight) for place, weight in enumerate(weights))
    found = dict(split_whole(Shares.whole(count), parts))
    assert sum(each.atoms for each in found.values()) == Shares.whole(count).atoms
    for name, weight in parts if "" not in found else ():
        got = found.get(name, Shares(0)).atoms // 10**9
        assert abs(got * sum(weights) - count * weight) < sum(weights)


def last(decision: Decision) -> Acquisition:
    return next(row for row in reversed(decision.rows) if isinstance(row, Acquisition))


def settled() -> Decision:
    """Eleven shares for 1 100.01 that have settled at the broker."""
    row = last(acquire("a", STOCK, "sub-1", ELEVEN))
    for event in (Filled("a:o1", "x1", ELEVEN, Money(110_001)), OrderDone("a:o1", ELEVEN)):
        row = last(decide(row, event, STOCK, PARTS))
    return decide(row, TradeSettled("a:o1", ("x1",), ELEVEN), STOCK, PARTS)


def asked(decision: Decision) -> list[tuple[str, str, Shares]]:
    actions = [command.action for command in decision.commands]
    return [(each.instruction_id, each.custodian, each.shares) for each in actions if isinstance(each, Instruct)]


def test_a_settled_purchase__is_instructed_at_each_custodian_for_its_part() -> None:
    decision = settled()
    assert asked(decision) == [(FIRST, "custodian", SEVEN), (SECOND, "custodian-2", FOUR)]
    row = last(decision)
    assert [move.cost for move in row.moves] == [Money(70_000), Money(40_001)]
    assert sum(each.amount for each in decision.transfers if each.id in (FIRST, SECOND)) == ELEVEN.atoms


def test_one_part_settles_and_the_other_fails_for_good__the_other_goes_there_again() -> None:
    row = last(decide(last(settled()), InstructionSettled(FIRST, SEVEN), STOCK, PARTS))
    assert (row.state, row.arrived) == ("moving", SEVEN)
    failed = decide(row, InstructionFailed(SECOND, "LACK", final=True), STOCK, PARTS)
    assert asked(failed) == [(AGAIN, "custodian-2", FOUR)]
    assert decide(last(failed), InstructionSettled(SECOND, FOUR), STOCK, PARTS) == Decision(), "that one is over"
    whole = decide(last(failed), InstructionSettled(AGAIN, FOUR), STOCK, PARTS)
    assert (last(whole).state, last(whole).arrived) == ("arrived", ELEVEN)


def test_a_part_that_settles_partly__leaves_its_rest_at_its_custodian() -> None:
    row = last(decide(last(settled()), InstructionSettled(SECOND, Shares.whole(3), "a:t2/1"), STOCK, PARTS))
    assert [(move.custodian, str(move.shares), move.state) for move in row.moves] == [
        ("custodian", "7", "moving"),
        ("custodian-2", "3", "arrived"),
        ("custodian-2", "1", "moving"),
    ]
    for event in (InstructionSettled(SECOND, Shares.whole(1)), InstructionSettled(FIRST, SEVEN)):
        decision = decide(row, event, STOCK, PARTS)
        row = last(decision) if decision.rows else row
    assert (row.state, row.arrived) == ("arrived", ELEVEN)
