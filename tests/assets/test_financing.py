"""Loans for purchases: nothing moves before the broker's release, the debt is repaid once, and what is lost is bought anew."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.acquisition import Acquisition, SharesPledged, acquire
from openscrip.assets.acquisition import decide as acquisition_decide
from openscrip.assets.actions import (
    Acknowledged,
    Busted,
    Filled,
    Instruct,
    LoanCharged,
    MarginCalled,
    OrderDone,
    OrderRejected,
    Pay,
    PaymentFailed,
    PaymentSent,
    PlaceOrder,
    PledgeLost,
    PledgeReleased,
    PledgeSold,
    ReleaseRefused,
    Rescaled,
    TradeSettled,
    Unpledged,
    Woken,
)
from openscrip.assets.financing import Credit, Loan, PledgeForfeited, SharesUnpledged, decide, lend
from openscrip.assets.stock import Stock
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),))
TEN, SIX, FOUR = Shares.whole(10), Shares.whole(6), Shares.whole(4)
LOAN = "a:o1/l1"
OWED = accounts.broker_loan(LOAN)
AGAIN_AT = 7_000
FINANCED = TradeSettled("a:o1", ("x1",), TEN, LOAN, Money(600))
PLEDGED = SharesPledged("AAPL", "a", LOAN, TEN, Money(1_000), Money(600))
PAID = PaymentSent(f"{LOAN}:p1", Money(600))
FREED = PledgeReleased("r1", TEN)


def bought(*events: object) -> Acquisition:
    """An acquisition of ten shares for 1 000 that were filled at once, after `events`."""
    row = acquired(acquire("a", STOCK, "sub-1", TEN))
    for event in (Filled("a:o1", "x1", TEN, Money(1_000)), OrderDone("a:o1", TEN), *events):
        decision = acquisition_decide(row, event, STOCK)  # type: ignore[arg-type]  # each is one of the union
        row = acquired(decision) if decision.rows else row
    return row


def acquired(decision: Decision) -> Acquisition:
    return next(row for row in reversed(decision.rows) if isinstance(row, Acquisition))


def loan(*events: object) -> Loan:
    """The loan of 600 for these shares, after `events`."""
    row = lent(lend(PLEDGED, 0))
    for event in events:
        decision = decide(row, event, AGAIN_AT)  # type: ignore[arg-type]  # each is one of the union
        row = lent(decision) if decision.rows else row
    return row


def lent(decision: Decision) -> Loan:
    return next(row for row in reversed(decision.rows) if isinstance(row, Loan))


def booked(decision: Decision) -> set[tuple[str, str, int]]:
    return {(each.debit, each.credit, each.amount) for each in decision.transfers}


def asked(decision: Decision) -> list[tuple[str, str, str, int]]:
    pays = [each.action for each in decision.commands if isinstance(each.action, Pay)]
    return [(each.payment_id, each.to, each.reference, each.amount.atoms) for each in pays]


def moved(decision: Decision) -> list[Shares]:
    return [each.action.shares for each in decision.commands if isinstance(each.action, Instruct)]


def ordered(decision: Decision) -> list[Shares]:
    return [each.action.shares for each in decision.commands if isinstance(each.action, PlaceOrder)]


def test_a_financed_settlement__pledges_its_shares_owes_the_loan_and_moves_nothing() -> None:
    decision = acquisition_decide(bought(), FINANCED, STOCK)
    assert booked(decision) == {
        ("AAPL/pledged", "AAPL/pending_receipt", TEN.atoms),
        (accounts.BROKER_PAYABLE, OWED, 600),
        (accounts.BROKER_PAYABLE, accounts.BROKER_CASH, 400),
    }
    assert decision.facts == (PLEDGED,)
    assert decision.commands == ()
    assert acquired(decision).state == "financed"


def test_a_financed_settlement__told_twice_pledges_once() -> None:
    assert acquisition_decide(bought(FINANCED), FINANCED, STOCK) == Decision()


def test_a_loan_above_the_cost__leaves_the_rest_in_cash_at_the_broker() -> None:
    decision = acquisition_decide(bought(), replace(FINANCED, lent=Money(1_050)), STOCK)
    assert (accounts.BROKER_PAYABLE, OWED, 1_000) in booked(decision)
    assert (accounts.BROKER_CASH, OWED, 50) in booked(decision)


def test_a_loan__is_repaid_at_once_to_the_broker_by_a_payment_under_two_keys() -> None:
    decision = lend(PLEDGED, 0)
    assert asked(decision) == [(f"{LOAN}:p1", "BROKER", LOAN, 600)]
    assert lent(decision).state == "repaying"
    assert decide(lent(decision), Acknowledged(), AGAIN_AT) == Decision()


def test_a_repayment__lowers_the_debt_once_and_frees_nothing() -> None:
    decision = decide(loan(), PAID, AGAIN_AT)
    assert booked(decision) == {(OWED, accounts.BANK, 600)}
    assert (lent(decision).state, lent(decision).shares, decision.facts) == ("repaid", TEN, ())
    assert decide(lent(decision), PAID, AGAIN_AT) == Decision()


def test_interest__is_the_issuers_cost_and_is_repaid_too() -> None:
    charge = LoanCharged("i1", Money(2))
    decision = decide(loan(), charge, AGAIN_AT)
    assert booked(decision) == {(accounts.CAPITAL, OWED, 2)}
    assert decide(lent(decision), charge, AGAIN_AT) == Decision()
    paid = decide(lent(decision), PAID, AGAIN_AT)
    assert asked(paid) == [(f"{LOAN}:p2", "BROKER", LOAN, 2)]
    assert decide(lent(paid), PaymentSent(f"{LOAN}:p2", Money(2)), AGAIN_AT).rows[-1].state == "repaid"


def test_a_charge_after_the_release__is_paid_and_ends_released_again() -> None:
    late = loan(PAID, FREED, LoanCharged("i1", Money(2)))
    assert late.state == "repaying"
    assert lent(decide(late, PaymentSent(f"{LOAN}:p2", Money(2)), AGAIN_AT)).state == "released"


def test_a_repayment_that_fails__is_asked_again_later_under_a_new_id() -> None:
    failed = PaymentFailed(f"{LOAN}:p1", "CASH")
    decision = decide(loan(), failed, AGAIN_AT)
    assert lent(decision).state == "financed"
    assert "CASH" in lent(decision).reason
    assert [each.due_at for each in decision.commands] == [AGAIN_AT]
    assert decide(lent(decision), failed, AGAIN_AT) == Decision()
    assert asked(decide(lent(decision), Woken("repay"), AGAIN_AT)) == [(f"{LOAN}:p2", "BROKER", LOAN, 600)]
    assert asked(decide(loan(), Woken("spurious"), AGAIN_AT)) == []


def test_a_margin_call__is_met_without_waiting() -> None:
    waiting = loan(PaymentFailed(f"{LOAN}:p1", "CASH"))
    assert asked(decide(waiting, MarginCalled(Money(600)), AGAIN_AT)) == [(f"{LOAN}:p2", "BROKER", LOAN, 600)]


def test_a_release__frees_the_shares_once_and_they_move_into_custody() -> None:
    decision = decide(loan(PAID), FREED, AGAIN_AT)
    assert booked(decision) == {("AAPL/at_broker", "AAPL/pledged", TEN.atoms)}
    assert decision.facts == (SharesUnpledged("a", "r1", TEN, Money(1_000)),)
    assert lent(decision).state == "released"
    assert decide(lent(decision), FREED, AGAIN_AT) == Decision()
    free = Unpledged("r1", TEN, Money(1_000))
    moving = acquisition_decide(bought(FINANCED), free, STOCK)
    assert moved(moving) == [TEN]
    assert acquisition_decide(acquired(moving), free, STOCK) == Decision()


def test_a_partial_release__moves_its_part_with_its_cost_and_the_rest_stays_pledged() -> None:
    decision = decide(loan(PAID), PledgeReleased("r1", FOUR), AGAIN_AT)
    assert decision.facts == (SharesUnpledged("a", "r1", FOUR, Money(400)),)
    assert (lent(decision).state, lent(decision).shares) == ("repaid", SIX)
    rest = decide(lent(decision), PledgeReleased("r2", SIX), AGAIN_AT)
    assert rest.facts == (SharesUnpledged("a", "r2", SIX, Money(600)),)


def test_a_release_that_is_refused__is_held_until_the_broker_releases() -> None:
    held = loan(PAID, ReleaseRefused("margin_department"))
    assert (held.state, held.shares) == ("held", TEN)
    assert "margin_department" in held.reason
    assert loan(PAID, ReleaseRefused("x"), Woken("spurious")).state == "held"
    freed = loan(PAID, ReleaseRefused("x"), FREED)
    assert (freed.state, freed.reason) == ("released", "")


def test_a_held_loan__is_repaid_all_the_same() -> None:
    held = loan(ReleaseRefused("x"), PaymentFailed(f"{LOAN}:p1", "CASH"))
    assert asked(decide(held, Woken("repay"), AGAIN_AT)) == [(f"{LOAN}:p2", "BROKER", LOAN, 600)]
    assert held.state == "held"


def test_more_released_or_sold_than_was_pledged__books_nothing_and_waits_for_a_person() -> None:
    for event in (PledgeReleased("r1", Shares.whole(11)), PledgeSold("s1", Shares.whole(11), Money(1))):
        decision = decide(loan(PAID), event, AGAIN_AT)
        assert (lent(decision).state, decision.transfers, decision.facts) == ("held", (), ())


def test_a_forced_sale__repays_with_its_proceeds_and_the_loss_is_capitals() -> None:
    sale = PledgeSold("s1", FOUR, Money(380))
    decision = decide(loan(), sale, AGAIN_AT)
    assert booked(decision) == {
        ("AAPL/bought", "AAPL/pledged", FOUR.atoms),
        (OWED, accounts.ACQUISITIONS, 380),
        (accounts.CAPITAL, accounts.ACQUISITIONS, 20),
    }
    assert decision.facts == (PledgeForfeited("a", "s1", FOUR, Money(400), Money(380)),)
    assert decide(lent(decision), sale, AGAIN_AT) == Decision()


def test_a_forced_sale__above_cost_is_capitals_gain_and_above_the_debt_our_cash_at_the_broker() -> None:
    decision = decide(loan(), PledgeSold("s1", TEN, Money(1_030)), AGAIN_AT)
    assert booked(decision) == {
        ("AAPL/bought", "AAPL/pledged", TEN.atoms),
        (OWED, accounts.ACQUISITIONS, 600),
        (accounts.BROKER_CASH, accounts.ACQUISITIONS, 430),
        (accounts.ACQUISITIONS, accounts.CAPITAL, 30),
    }


def test_a_repayment_that_crosses_a_forced_sale__stays_as_cash_at_the_broker() -> None:
    decision = decide(loan(PledgeSold("s1", FOUR, Money(380))), PAID, AGAIN_AT)
    assert booked(decision) == {(OWED, accounts.BANK, 220), (accounts.BROKER_CASH, accounts.BANK, 380)}
    assert lent(decision).state == "repaid"


def test_a_loan_whose_shares_were_all_sold__ends_sold() -> None:
    assert loan(PAID, PledgeSold("s1", TEN, Money(950))).state == "sold"


def test_shares_that_the_broker_sold__are_ordered_anew_once() -> None:
    lost = PledgeLost("s1", FOUR)
    decision = acquisition_decide(bought(FINANCED), lost, STOCK)
    assert ordered(decision) == [FOUR]
    assert acquisition_decide(acquired(decision), lost, STOCK) == Decision()
    rest = acquisition_decide(acquired(decision), Unpledged("r1", SIX, Money(600)), STOCK)
    assert moved(rest) == [SIX]


def test_shares_that_the_broker_sold_and_will_not_buy_again__fail_what_is_missing() -> None:
    row = bought(FINANCED, PledgeLost("s1", TEN))
    assert acquired(acquisition_decide(row, OrderRejected("a:o2", "halted"), STOCK)).state == "failed"


def test_a_bust_while_financed__holds_the_acquisition_and_its_release_moves_nothing() -> None:
    held = bought(FINANCED, Busted("a:o1", "x1"))
    assert held.state == "held"
    decision = acquisition_decide(held, Unpledged("r1", TEN, Money(1_000)), STOCK)
    assert (moved(decision), acquired(decision).state) == ([], "held")
    assert ordered(acquisition_decide(held, PledgeLost("s1", TEN), STOCK)) == []


def test_a_split_while_pledged__counts_loan_and_acquisition_in_the_new_shares() -> None:
    split = Rescaled(1, 3, 1)
    assert loan(split).shares == Shares.whole(30)
    assert loan(split, split).shares == Shares.whole(30)
    row = bought(FINANCED, PledgeLost("s1", FOUR), split)
    assert (row.shares, row.lost) == (Shares.whole(30), Shares.whole(12))


def test_a_fraction_that_is_released_after_a_split__waits_for_a_person() -> None:
    decision = acquisition_decide(bought(FINANCED), Unpledged("r1", Shares(TEN.atoms // 3), Money(1)), STOCK)
    assert (moved(decision), acquired(decision).state) == ([], "held")


def test_a_loan_beyond_what_was_agreed__is_held_for_a_person__and_repaid_all_the_same() -> None:
    agreed = Credit(Money(1_000), Bps(10))
    within, beyond = lend(PLEDGED, 0, agreed, Money(400)), lend(PLEDGED, 0, agreed, Money(401))
    unasked = lend(PLEDGED, 0, Credit(Money(0), Bps(0)))
    states = [row.state for each in (within, beyond, unasked) for row in each.rows if isinstance(row, Loan)]
    assert states == ["repaying", "held", "held"]
    for each in (within, beyond, unasked):
        [asked] = [command.action for command in each.commands]
        assert isinstance(asked, Pay)
        assert asked.amount == Money(600)


def test_interest_above_what_was_agreed__is_booked_and_held__until_the_broker_releases() -> None:
    [row] = lend(PLEDGED, 0, Credit(Money(1_000), Bps(100))).rows
    assert isinstance(row, Loan)
    for amount, state in ((6, "repaying"), (7, "held")):
        charged = decide(row, LoanCharged("i1", Money(amount)), AGAIN_AT)
        [after] = charged.rows
        assert isinstance(after, Loan)
        assert (after.state, after.owed) == (state, Money(600 + amount))
        assert [each.amount for each in charged.transfers] == [amount]
        [*_, freed] = decide(after, FREED, AGAIN_AT).rows
        assert isinstance(freed, Loan)
        assert freed.state == "repaying"
