"""A subscription: paid, bought, settled in custody, minted on evidence of its own, and the rest paid back."""

import json
from dataclasses import replace

import pytest

from openscrip.assets.acquisition import Acquisition, AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import CashReceived, Pay, PaymentFailed, PaymentSent, PlaceOrder, Rescaled, Resumed, Wake, Woken
from openscrip.assets.stock import Lot, SplitRatio, Stock
from openscrip.issuance.actions import Landed, Mint, Rejected
from openscrip.issuance.subscription import Subscription, SubscriptionCompleted, SubscriptionMinted, decide, subscribe
from openscrip.issuance.terms import Terms, View
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),), price=PricePerShare.parse("200"))
VIEW = View(1_000, STOCK, Terms())
TEN = Shares.whole(10)
DEPOSIT = VIEW.terms.deposit_up(TEN, STOCK.price)
ASKED = Subscription("sub-1", "AAPL", "ann", "evm", "0xa", TEN, STOCK.price, DEPOSIT, at_once=False, asked_at=1_000)
PAID = CashReceived("p1", DEPOSIT)
MOVING = SharesMoving("AAPL", "sub-1", "sub-1:buy:t1", TEN)
ARRIVED = SharesArrived("AAPL", "sub-1", "sub-1:buy:t1", TEN, Money.parse("2000"))
LANDED = Landed("sub-1/1:mint:1", "0xtx", 7)


def row_of(decision: Decision) -> Subscription:
    """The subscription as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, Subscription))


def after(*events: object, asked: Subscription = ASKED, view: View = VIEW) -> Subscription:
    """A subscription that heard `events`."""
    row = asked
    for event in events:
        decision = decide(row, event, view)  # type: ignore[arg-type]  # each is one of the union
        row = row_of(decision) if any(isinstance(r, Subscription) for r in decision.rows) else row
    return row


def mints(decision: Decision) -> list[Mint]:
    """The mints that a decision asks for."""
    return [command.action for command in decision.commands if isinstance(command.action, Mint)]


def with_stock(**changes: object) -> View:
    """The view with another stock."""
    return replace(VIEW, stock=replace(STOCK, **changes))  # type: ignore[arg-type]  # any field


def test_a_size_outside_the_terms_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        subscribe(replace(ASKED, shares=Shares(1)), VIEW)
    assert refused.value.code == "amount.size"


def test_a_chain_without_a_token_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        subscribe(replace(ASKED, chain="solana"), VIEW)
    assert refused.value.code == "chain.unknown"


def test_more_at_once_than_inventory_holds_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        subscribe(replace(ASKED, at_once=True), VIEW)
    assert refused.value.code == "inventory.short"


def test_nothing_is_ordered_before_all_is_paid() -> None:
    half = CashReceived("p1", Money(DEPOSIT.atoms // 2))
    assert decide(ASKED, half, VIEW).commands == ()
    rest = CashReceived("p2", DEPOSIT - half.amount)
    bought = [c.action for c in decide(after(half), rest, VIEW).commands]
    assert [(order.shares, order.symbol) for order in bought if isinstance(order, PlaceOrder)] == [(TEN, "AAPL")]


def test_a_payment_that_is_told_twice_counts_once() -> None:
    assert decide(after(PAID), PAID, VIEW) == Decision()


def test_nothing_is_minted_before_custody_confirms() -> None:
    assert mints(decide(after(PAID), MOVING, VIEW)) == []
    assert mints(decide(after(PAID, MOVING), Woken("resumed"), VIEW)) == []


def test_arrived_shares_are_minted_on_evidence_of_their_receipt() -> None:
    decision = decide(after(PAID, MOVING), ARRIVED, VIEW)
    (mint,) = mints(decision)
    assert (mint.voucher.mint_id, str(mint.voucher.raw), mint.voucher.receiver) == ("sub-1/1", "10", "0xa")
    assert json.loads(mint.evidence)["receipts"] == [{"receipt": "sub-1:buy:t1", "shares": "10"}]
    assert decision.uses == (("evidence", mint.voucher.evidence_hash, "sub-1/1"),)


def test_one_receipt_serves_one_mint() -> None:
    assert decide(after(PAID, MOVING, ARRIVED), ARRIVED, VIEW) == Decision()
    assert mints(decide(after(PAID, MOVING, ARRIVED), Woken("spurious"), VIEW)) == []


def test_a_parcel_whose_transfer_failed_is_never_minted() -> None:
    row = after(PAID, MOVING, MoveFailed("AAPL", "sub-1", "sub-1:buy:t1"))
    assert row.parcels == ()
    assert decide(row, ARRIVED, VIEW) == Decision()


@pytest.mark.parametrize("view", [with_stock(epoch=1), with_stock(chain_epoch=1), with_stock(frozen_by=("x",))])
def test_nothing_is_minted_while_epochs_differ_or_an_action_holds_the_market(view: View) -> None:
    waiting = decide(after(PAID, MOVING), ARRIVED, view)
    assert mints(waiting) == []
    assert len(mints(decide(row_of(waiting), Woken("resumed"), VIEW))) == 1


def test_a_mint_reserves_its_backing_until_it_is_final() -> None:
    decision = decide(after(PAID, MOVING), ARRIVED, VIEW)
    held = [t for t in decision.transfers if t.phase is Phase.PENDING]
    assert {(t.debit, t.amount) for t in held} == {("AAPL/bought", TEN.atoms), ("AAPL.evm/issuer", 10**9)}
    posted = decide(row_of(decision), LANDED, VIEW)
    assert {t.pending_id for t in posted.transfers if t.phase is Phase.POST} == {t.id for t in held}


def test_the_dust_of_rounding_is_swept_to_the_rounding_account() -> None:
    view = with_stock(multiplier=Multiplier.parse("1.000912875558"))
    posted = decide(after(PAID, MOVING, ARRIVED, view=view), LANDED, view)
    assert ("AAPL/rounding", 0) not in {(t.credit, t.amount) for t in posted.transfers}
    backing = sum(t.amount for t in posted.transfers if t.debit == "AAPL/bought")
    assert backing == TEN.atoms


def test_a_final_mint_completes_and_pays_the_rest_back() -> None:
    decision = decide(after(PAID, MOVING, ARRIVED), LANDED, VIEW)
    assert [type(fact) for fact in decision.facts] == [SubscriptionMinted, SubscriptionCompleted]
    (pay,) = [c.action for c in decision.commands if isinstance(c.action, Pay)]
    fee = Money.parse("10")
    assert pay.amount == DEPOSIT - ARRIVED.cost - fee
    assert decide(row_of(decision), LANDED, VIEW) == Decision()
    assert after(PAID, MOVING, ARRIVED, LANDED, PaymentSent("sub-1:refund:1", pay.amount)).state == "completed"


def test_a_split_while_a_mint_is_in_flight_books_its_backing_anew() -> None:
    row = after(PAID, MOVING, ARRIVED, Rescaled(1, 2, 1))
    posted = decide(row, LANDED, with_stock(epoch=1, splits=(SplitRatio(1, 2, 1),)))
    amounts = {(t.phase, t.amount) for t in posted.transfers if t.debit == "AAPL/bought"}
    assert amounts == {(Phase.VOID, 0), (Phase.POSTED, 2 * TEN.atoms)}


def test_a_refusal_that_passes_by_itself_is_asked_again() -> None:
    decision = decide(after(PAID, MOVING, ARRIVED), Rejected("sub-1/1:mint:1", "statement.stale", "old"), VIEW)
    assert [type(c.action) for c in decision.commands] == [Wake]
    assert {t.phase for t in decision.transfers} == {Phase.VOID}
    again = decide(row_of(decision), Woken("statement.stale"), VIEW)
    assert [c.key for c in again.commands] == ["sub-1/1:mint:2"]


def test_any_other_refusal_waits_for_a_person() -> None:
    row = after(PAID, MOVING, ARRIVED, Rejected("sub-1/1:mint:1", "covered.shortfall", "short"))
    assert (row.state, row.reason) == ("held", "short")


def test_a_held_mint__resumed_by_a_person__is_asked_anew_on_the_same_evidence() -> None:
    held = after(PAID, MOVING, ARRIVED, Rejected("sub-1/1:mint:1", "covered.shortfall", "short"))
    first = mints(decide(after(PAID, MOVING), ARRIVED, VIEW))
    decision = decide(held, Resumed("ada", "custody has confirmed the rest"), VIEW)
    again = mints(decision)
    assert [(each.voucher.mint_id, each.voucher.evidence_hash) for each in again] == [
        (each.voucher.mint_id, each.voucher.evidence_hash) for each in first
    ]
    assert [c.key for c in decision.commands] == ["sub-1/1:mint:2"]
    assert row_of(decision).state == "minting"
    assert decide(row_of(decision), Resumed("ada", "again"), VIEW) == Decision()


def test_a_held_mint__is_not_asked_for_before_a_person_resumes_it() -> None:
    held = after(PAID, MOVING, ARRIVED, Rejected("sub-1/1:mint:1", "covered.shortfall", "short"))
    woken = decide(held, Woken("resumed"), VIEW)
    assert (row_of(woken).state, woken.commands) == ("held", ())


def test_a_held_mint__resumed_while_the_stock_is_frozen__waits_and_goes_on_with_the_stock() -> None:
    held = after(PAID, MOVING, ARRIVED, Rejected("sub-1/1:mint:1", "covered.shortfall", "short"))
    frozen = decide(held, Resumed("ada", "may go on"), with_stock(frozen_by=("AAPL.SPLF.2024-06-10",)))
    assert (row_of(frozen).state, frozen.commands) == ("minting", ())
    assert [c.key for c in decide(row_of(frozen), Woken("resumed"), VIEW).commands] == ["sub-1/1:mint:2"]


def test_a_refund_that_the_bank_refused__resumed__is_paid_once_under_a_new_id_with_what_came_since() -> None:
    refunding = after(PAID, AcquisitionFailed("AAPL", "sub-1", "not_trading"))
    held = after(PaymentFailed("sub-1:refund:1", "account closed"), CashReceived("p2", Money.parse("5")), asked=refunding)
    assert held.state == "held"
    decision = decide(held, Resumed("ada", "a new account"), VIEW)
    assert [(t.phase, t.pending_id) for t in decision.transfers] == [(Phase.VOID, "sub-1:refund:1"), (Phase.PENDING, "")]
    paid = [c.action for c in decision.commands if isinstance(c.action, Pay)]
    assert [(each.payment_id, each.amount) for each in paid] == [("sub-1:refund:2", DEPOSIT + Money.parse("5"))]
    ended = decide(row_of(decision), PaymentSent("sub-1:refund:2", paid[0].amount), VIEW)
    assert (row_of(ended).state, row_of(ended).returning) == ("refused", Money(0))


def test_an_older_refund_that_the_bank_refused__while_a_newer_one_is_on_its_way__is_no_reason_to_pay_that_again() -> None:
    refunding = after(PAID, AcquisitionFailed("AAPL", "sub-1", "not_trading"))
    held = after(CashReceived("p2", Money.parse("5")), PaymentFailed("sub-1:refund:1", "account closed"), asked=refunding)
    assert (held.state, held.payments) == ("held", 2)
    decision = decide(held, Resumed("ada", "a new account"), VIEW)
    assert (decision.transfers, decision.commands) == ((), ())
    assert row_of(decision).state == "held", "by hand: what the newest pays is not known yet"


def test_what_the_broker_will_not_buy_is_paid_back_in_full() -> None:
    decision = decide(after(PAID), AcquisitionFailed("AAPL", "sub-1", "not_trading"), VIEW)
    assert [c.action.amount for c in decision.commands if isinstance(c.action, Pay)] == [DEPOSIT]
    row = after(PAID, AcquisitionFailed("AAPL", "sub-1", "not_trading"), PaymentSent("sub-1:refund:1", DEPOSIT))
    assert row.state == "refused"


def test_what_was_executed_before_the_refusal_is_still_waited_for() -> None:
    row = after(PAID, AcquisitionFailed("AAPL", "sub-1", "broker_option", Shares.whole(6)))
    assert (row.shares, row.state) == (Shares.whole(6), "buying")


def test_money_that_comes_after_the_end_is_paid_back() -> None:
    failed = AcquisitionFailed("AAPL", "sub-1", "not_trading")
    row = after(PAID, failed, PaymentSent("sub-1:refund:1", DEPOSIT))
    decision = decide(row, CashReceived("p2", Money(5)), VIEW)
    assert [c.action.amount for c in decision.commands if isinstance(c.action, Pay)] == [Money(5)]


def test_a_fraction_comes_from_inventory_or_leaves_the_rest_there() -> None:
    fraction = replace(ASKED, shares=Shares.parse("10.5"), deposit=Money(1))
    stocked = with_stock(inventory=(Lot("r0", Shares.whole(1)),))
    decision = decide(fraction, PAID, stocked)
    assert [row.shares for row in decision.rows if isinstance(row, Acquisition)] == [TEN]
    assert [str(mint.voucher.raw) for mint in mints(decision)] == ["0.5"]
    without = decide(fraction, PAID, VIEW)
    assert [row.shares for row in without.rows if isinstance(row, Acquisition)] == [Shares.whole(11)]
    eleven = Shares.whole(11)
    row = after(PAID, replace(MOVING, shares=eleven), asked=fraction)
    arrived = decide(row, replace(ARRIVED, shares=eleven), VIEW)
    assert [row.free for row in arrived.rows if isinstance(row, Stock)] == [Shares.parse("0.5")]


def test_at_once_is_served_from_settled_inventory_and_replenished() -> None:
    stocked = with_stock(inventory=(Lot("r0", Shares.whole(12)),))
    decision = decide(replace(ASKED, at_once=True), PAID, stocked)
    assert [str(mint.voucher.raw) for mint in mints(decision)] == ["10"]
    assert [row.wanted_by for row in decision.rows if isinstance(row, Acquisition)] == ["inventory"]


def test_a_split_counts_what_is_not_minted_anew_once() -> None:
    row = after(PAID, MOVING, Rescaled(1, 10, 1), Rescaled(1, 10, 1))
    assert (row.shares, row.parcels[0].shares, row.epoch) == (Shares.whole(100), Shares.whole(100), 1)


def test_a_fraction_too_small_to_mint_is_swept_and_the_rest_completes() -> None:
    tiny = replace(ASKED, shares=TEN + Shares(9))
    stocked = with_stock(inventory=(Lot("r0", Shares.whole(1)),))
    paid = decide(tiny, PAID, stocked)
    assert mints(paid) == []
    assert ("AAPL/rounding", 9) in {(t.credit, t.amount) for t in paid.transfers}
    arrived = replace(MOVING, receipt="t"), replace(ARRIVED, receipt="t")
    row = after(*arrived, Landed("sub-1/2:mint:1", "0xtx", 7), asked=row_of(paid), view=stocked)
    assert row.state == "refunding"
