"""Selling: released by the custodian first, then sold, and paid when every execution is settled."""

from openscrip.assets import accounts
from openscrip.assets.actions import (
    Busted,
    Corrected,
    Filled,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    OrderDone,
    PlaceOrder,
    Rescaled,
    TradeSettled,
)
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold, decide, dispose
from openscrip.assets.stock import Stock
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),))
FIVE = Shares.whole(5)
RELEASED = InstructionSettled("red-1:sell:r", FIVE)
FILL = Filled("red-1:sell:o1", "x1", FIVE, Money(990))
SETTLED = TradeSettled("red-1:sell:o1", ("x1",), FIVE)


def after(*events: object) -> Disposal:
    """A disposal of five shares that heard `events`."""
    row = next(row for row in dispose("red-1:sell", STOCK, "red-1", FIVE).rows if isinstance(row, Disposal))
    for event in events:
        decided = [row for row in decide(row, event).rows if isinstance(row, Disposal)]  # type: ignore[arg-type]  # of the union
        row = decided[-1] if decided else row
    return row


def orders(decision: Decision) -> list[str]:
    """Ids of the orders in a decision."""
    return [command.action.order_id for command in decision.commands if isinstance(command.action, PlaceOrder)]


def test_shares_are_released_before_anything_is_sold() -> None:
    decision = dispose("red-1:sell", STOCK, "red-1", FIVE)
    assert [c.action.instruction_id for c in decision.commands if isinstance(c.action, Instruct)] == ["red-1:sell:r"]
    assert orders(decision) == []


def test_a_release_turns_the_claim_into_a_sale() -> None:
    decision = decide(after(), RELEASED)
    assert decision.facts == (SharesReleased("red-1", FIVE),)
    assert orders(decision) == ["red-1:sell:o1"]
    assert ("AAPL/redemption_claim", "AAPL/selling") in {(t.debit, t.credit) for t in decision.transfers}


def test_a_release_that_is_told_twice_sells_once() -> None:
    assert decide(after(RELEASED), RELEASED) == Decision()


def test_a_release_that_failed_for_good_leaves_the_shares_in_custody() -> None:
    failed = InstructionFailed("red-1:sell:r", "REFU", final=True)
    decision = decide(after(), failed)
    assert decision.facts == (DisposalFailed("red-1", "REFU"),)
    assert {(t.debit, t.credit) for t in decision.transfers} == {("AAPL/custody", "AAPL/delivering")}
    assert decide(after(failed), failed) == Decision()


def test_proceeds_are_owed_to_the_client_of_the_redemption() -> None:
    transfers = {(t.debit, t.credit, t.amount) for t in decide(after(RELEASED), FILL).transfers}
    assert (accounts.BROKER_RECEIVABLE, "USD/client_payable:red-1", 990) in transfers


def test_a_bust_takes_the_proceeds_back_and_sells_again() -> None:
    decision = decide(after(RELEASED, FILL, OrderDone("red-1:sell:o1", FIVE)), Busted("red-1:sell:o1", "x1"))
    assert orders(decision) == ["red-1:sell:o2"]
    assert ("USD/client_payable:red-1", accounts.BROKER_RECEIVABLE) in {(t.debit, t.credit) for t in decision.transfers}


def test_a_correction_replaces_the_proceeds_and_sells_only_what_is_left() -> None:
    done = after(RELEASED, FILL, OrderDone("red-1:sell:o1", FIVE))
    same = decide(done, Corrected("red-1:sell:o1", "x1", "x1c", FIVE, Money(900)))
    assert orders(same) == []
    assert [t.amount for t in same.transfers if t.id.endswith(":brought")][-1] == 900
    fewer = decide(done, Corrected("red-1:sell:o1", "x1", "x1c", Shares.whole(4), Money(700)))
    assert orders(fewer) == ["red-1:sell:o2"]


def test_the_sale_is_told_once_when_all_of_it_is_settled() -> None:
    decision = decide(after(RELEASED, FILL), SETTLED)
    assert decision.facts == (SharesSold("red-1", FIVE, Money(990)),)
    assert decide(after(RELEASED, FILL, SETTLED), SETTLED) == Decision()


def test_a_split_counts_what_is_for_sale_anew_once() -> None:
    row = after(RELEASED, FILL, Rescaled(1, 3, 1), Rescaled(1, 3, 1))
    assert (row.shares, row.sold) == (Shares.whole(15), Shares.whole(15))
