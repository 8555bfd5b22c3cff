"""Buying: order, fills, settlement, transfer, arrival; each told once, and nothing counts before custody confirms it."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.acquisition import (
    Acquisition,
    AcquisitionFailed,
    MoveFailed,
    SharesArrived,
    SharesMoving,
    acquire,
    decide,
)
from openscrip.assets.actions import (
    Busted,
    Corrected,
    Filled,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    OrderDone,
    OrderRejected,
    PlaceOrder,
    Rescaled,
    TradeSettled,
)
from openscrip.assets.stock import Stock
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),))
TEN, SIX, FOUR = Shares.whole(10), Shares.whole(6), Shares.whole(4)
FILL = Filled("a:o1", "x1", SIX, Money(600))
REST = Filled("a:o1", "x2", FOUR, Money(400))
SETTLED = TradeSettled("a:o1", ("x1", "x2"), TEN)
ARRIVED = InstructionSettled("a:t1", TEN)


def row_of(decision: Decision) -> Acquisition:
    """The acquisition as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, Acquisition))


def after(*events: object) -> Acquisition:
    """An acquisition of ten shares that heard `events`."""
    row = row_of(acquire("a", STOCK, "sub-1", TEN))
    for event in events:
        decision = decide(row, event, STOCK)  # type: ignore[arg-type]  # each is one of the union
        row = row_of(decision) if decision.rows else row
    return row


def placed(decision: Decision) -> list[tuple[str, str]]:
    """Orders in a decision, by id and size."""
    return [(c.action.order_id, str(c.action.shares)) for c in decision.commands if isinstance(c.action, PlaceOrder)]


def test_an_acquisition_starts_with_one_order() -> None:
    assert placed(acquire("a", STOCK, "sub-1", TEN)) == [("a:o1", "10")]


def test_a_fill_is_pending_at_the_broker_and_owed() -> None:
    transfers = {t.id: (t.debit, t.credit, t.amount) for t in decide(after(), FILL, STOCK).transfers}
    assert transfers["a:fill:x1"] == ("AAPL/pending_receipt", "AAPL/bought", SIX.atoms)
    assert transfers["a:fill:x1:cost"] == (accounts.ACQUISITIONS, accounts.BROKER_PAYABLE, 600)


def test_a_fill_that_is_told_twice_counts_once() -> None:
    assert decide(after(FILL), FILL, STOCK) == Decision()


def test_what_an_order_leaves_unfilled_is_ordered_again() -> None:
    assert placed(decide(after(FILL), OrderDone("a:o1", SIX), STOCK)) == [("a:o2", "4")]


def test_an_order_that_ended_twice_orders_nothing_more() -> None:
    done = OrderDone("a:o1", SIX)
    assert decide(after(FILL, done), done, STOCK) == Decision()


def test_a_bust_is_taken_back_and_ordered_again() -> None:
    decision = decide(after(FILL, REST, OrderDone("a:o1", TEN)), Busted("a:o1", "x1"), STOCK)
    assert placed(decision) == [("a:o2", "6")]
    assert {(t.debit, t.credit, t.amount) for t in decision.transfers} == {
        ("AAPL/bought", "AAPL/pending_receipt", SIX.atoms),
        (accounts.BROKER_PAYABLE, accounts.ACQUISITIONS, 600),
    }


def test_a_corrected_price_is_booked_as_one_change_and_orders_nothing() -> None:
    done = after(FILL, REST, OrderDone("a:o1", TEN))
    decision = decide(done, Corrected("a:o1", "x1", "x1c", SIX, Money(594)), STOCK)
    assert placed(decision) == []
    assert [(t.debit, t.credit, t.amount) for t in decision.transfers] == [
        ("AAPL/bought", "AAPL/pending_receipt", SIX.atoms),
        (accounts.BROKER_PAYABLE, accounts.ACQUISITIONS, 600),
        ("AAPL/pending_receipt", "AAPL/bought", SIX.atoms),
        (accounts.ACQUISITIONS, accounts.BROKER_PAYABLE, 594),
    ]
    again = decide(row_of(decision), Corrected("a:o1", "x1", "x1c", SIX, Money(594)), STOCK)
    assert again == Decision()


def test_a_corrected_quantity_orders_what_is_missing_then() -> None:
    done = after(FILL, REST, OrderDone("a:o1", TEN))
    assert placed(decide(done, Corrected("a:o1", "x1", "x1c", FOUR, Money(400)), STOCK)) == [("a:o2", "2")]


def test_a_correction_after_settlement_waits_for_a_person() -> None:
    assert after(FILL, REST, SETTLED, Corrected("a:o1", "x1", "x1c", FOUR, Money(400))).state == "held"


def test_a_bust_after_settlement_waits_for_a_person() -> None:
    assert after(FILL, REST, SETTLED, Busted("a:o1", "x1")).state == "held"


def test_settled_shares_are_instructed_into_custody_and_count_for_nothing_yet() -> None:
    decision = decide(after(FILL, REST), SETTLED, STOCK)
    assert [c.action.instruction_id for c in decision.commands if isinstance(c.action, Instruct)] == ["a:t1"]
    assert decision.facts == (SharesMoving("AAPL", "sub-1", "a:t1", TEN),)


def test_a_settlement_that_is_told_twice_moves_once() -> None:
    assert decide(after(FILL, REST, SETTLED), SETTLED, STOCK) == Decision()


def test_only_the_custodian_makes_shares_arrive() -> None:
    decision = decide(after(FILL, REST, SETTLED), ARRIVED, STOCK)
    assert decision.facts == (SharesArrived("AAPL", "sub-1", "a:t1", TEN, Money(1_000)),)
    assert row_of(decision).state == "arrived"


def test_an_arrival_that_is_told_twice_counts_once() -> None:
    assert decide(after(FILL, REST, SETTLED, ARRIVED), ARRIVED, STOCK) == Decision()


def test_a_transfer_that_failed_for_good_is_instructed_anew() -> None:
    moving = after(FILL, REST, SETTLED)
    assert decide(moving, InstructionFailed("a:t1", "OTHR", final=False), STOCK) == Decision()
    decision = decide(moving, InstructionFailed("a:t1", "REFU", final=True), STOCK)
    assert MoveFailed("AAPL", "sub-1", "a:t1") in decision.facts
    assert [c.key for c in decision.commands] == ["a:t2"]
    assert decide(row_of(decision), ARRIVED, STOCK) == Decision()


def test_a_refused_order_fails_the_acquisition() -> None:
    decision = decide(after(), OrderRejected("a:o1", "not_trading"), STOCK)
    assert row_of(decision).state == "failed"
    assert decision.facts == (AcquisitionFailed("AAPL", "sub-1", "not_trading"),)


def test_what_was_filled_before_a_refusal_still_comes() -> None:
    decision = decide(after(FILL, OrderDone("a:o1", SIX)), OrderRejected("a:o2", "broker_option"), STOCK)
    assert decision.facts == (AcquisitionFailed("AAPL", "sub-1", "broker_option", SIX),)
    arrived = after(
        FILL,
        OrderDone("a:o1", SIX),
        OrderRejected("a:o2", "broker_option"),
        TradeSettled("a:o1", ("x1",), SIX),
        InstructionSettled("a:t1", SIX),
    )
    assert (arrived.state, arrived.arrived) == ("arrived", SIX)


def test_a_part_costs_what_its_own_executions_cost_whatever_a_bust_brings_later() -> None:
    own, cheap = Filled("a:o1", "x1", SIX, Money(60)), Filled("a:o2", "x3", FOUR, Money(4))
    first = decide(after(own, REST), TradeSettled("a:o1", ("x1",), SIX), STOCK)
    assert row_of(first).moves[0].cost == Money(60)
    busted = after(own, REST, TradeSettled("a:o1", ("x1",), SIX), OrderDone("a:o1", TEN), Busted("a:o1", "x2"), cheap)
    assert row_of(decide(busted, TradeSettled("a:o2", ("x3",), FOUR), STOCK)).moves[1].cost == Money(4)


def test_costs_of_parts_add_up_to_what_was_spent() -> None:
    odd = replace(REST, amount=Money(401))
    row = after(FILL, odd, TradeSettled("a:o1", ("x1",), SIX), TradeSettled("a:o1", ("x2",), FOUR))
    assert sum(move.cost.atoms for move in row.moves) == 1_001


def test_a_split_counts_everything_anew_once() -> None:
    split = Rescaled(1, 2, 1)
    row = after(FILL, split, split)
    assert (row.shares, row.filled, row.working[0].shares) == (Shares.whole(20), Shares.whole(12), Shares.whole(20))


def test_a_split_that_leaves_a_fraction_waits_for_a_person() -> None:
    assert after(Rescaled(1, 1, 3)).state == "held"


PART = InstructionSettled("a:t1", SIX, "a:t1/1")
LAST = InstructionSettled("a:t1", FOUR, "a:t1/2")


def test_each_part_that_arrives_is_a_receipt_of_its_own_and_the_parts_add_up() -> None:
    row = after(FILL, REST, SETTLED, PART)
    assert [(move.instruction_id, str(move.shares), move.state) for move in row.moves] == [
        ("a:t1/1", "6", "arrived"),
        ("a:t1", "4", "moving"),
    ]
    assert (str(row.arrived), row.state) == ("6", "moving")
    row = after(FILL, REST, SETTLED, PART, LAST)
    assert [(move.instruction_id, move.state) for move in row.moves] == [("a:t1/1", "arrived"), ("a:t1/2", "arrived")]
    assert sum(move.cost.atoms for move in row.moves) == 1_000
    assert row.state == "arrived"


def test_whoever_waits_for_a_part_hears_what_is_here_and_what_is_still_coming() -> None:
    decision = decide(after(FILL, REST, SETTLED), PART, STOCK)
    assert decision.facts == (
        MoveFailed("AAPL", "sub-1", "a:t1"),
        SharesMoving("AAPL", "sub-1", "a:t1/1", SIX),
        SharesMoving("AAPL", "sub-1", "a:t1", FOUR),
        SharesArrived("AAPL", "sub-1", "a:t1/1", SIX, Money(600)),
    )
    assert [(each.id, each.amount) for each in decision.transfers] == [("a:t1/1:arrived", SIX.atoms)]


def test_a_part_that_is_told_twice_counts_once() -> None:
    row = after(FILL, REST, SETTLED, PART)
    assert decide(row, PART, STOCK) == Decision()


def test_the_rest_of_a_transfer_that_failed_for_good_is_instructed_anew() -> None:
    decision = decide(after(FILL, REST, SETTLED, PART), InstructionFailed("a:t1", "REFU", True), STOCK)
    asked = [each.action for each in decision.commands if isinstance(each.action, Instruct)]
    assert [(each.instruction_id, str(each.shares)) for each in asked] == [("a:t3", "4")]
