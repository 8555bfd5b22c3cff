"""What every broker adapter must do with limits, hours, corrections and margin. Cases go on from `test_broker`."""

import pytest
from tests.conformance.broker_steps import buy, held, limited, sell, told
from tests.conformance.brokers import AnyBroker, needs
from tests.conformance.paper_parties import TSLA, switch

from openscrip.assets.broker import (
    Bust,
    Correction,
    Fill,
    LoanCharged,
    MarginCall,
    Order,
    OrderDone,
    OrderState,
    PledgeReleased,
    PledgeSold,
    ReleaseRefused,
    Settled,
    SettlementFailed,
    Side,
    TimeInForce,
)
from openscrip.assets.paper import CashIn, Switch, Switches, Transfer
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares


@needs("limits", "numbers")
@pytest.mark.parametrize(("limit", "filled", "reason"), [("176.29", "5", ""), ("176.28", "0", "day_ended")])
def test_c22_a_purchase_never_pays_more_than_its_limit(broker: AnyBroker, limit: str, filled: str, reason: str) -> None:
    broker.place(limited(limit))
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [(filled, reason)]
    assert all(str(each.price) == "176.29" for each in told(broker, Fill))


@needs("limits", "numbers", "transfers")
@pytest.mark.parametrize(("limit", "filled"), [("176.29", "5"), ("176.3", "0")])
def test_c23_a_sale_never_brings_less_than_its_limit(broker: AnyBroker, limit: str, filled: str) -> None:
    broker.place(sell(limit=PricePerShare.parse(limit)))
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [str(each.filled) for each in told(broker, OrderDone)] == [filled]


@needs("sessions")
def test_c24_a_market_order_outside_regular_hours_is_refused(broker: AnyBroker) -> None:
    for session in (TradingSession.EXTENDED, TradingSession.OVERNIGHT):
        with pytest.raises(Refused) as refusal:
            broker.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(1), session=session))
        assert refusal.value.code == "order.session"
    assert broker.order("buy-1") is None


@needs("sessions", "numbers")
@pytest.mark.parametrize(
    ("session", "placed_at", "filled_at", "trade_date", "price"),
    [
        ("extended", "2024-06-03T12:00:00Z", "2024-06-03T12:00:00Z", "2024-06-03", "178.08"),
        ("extended", "2024-06-03T14:00:00Z", "2024-06-03T20:00:00Z", "2024-06-03", "176.29"),
        ("overnight", "2024-06-04T01:00:00Z", "2024-06-04T01:00:00Z", "2024-06-04", "176.29"),
        ("overnight", "2024-06-08T15:00:00Z", "2024-06-10T00:00:00Z", "2024-06-10", "177.48"),
    ],
)
def test_c25_other_hours_trade_at_the_last_close_under_their_own_date(
    broker: AnyBroker, session: str, placed_at: str, filled_at: str, trade_date: str, price: str
) -> None:
    broker.advance_to(instant(placed_at))
    broker.place(limited("200", session=TradingSession(session)))
    broker.advance_to(instant(placed_at) + 3 * 86_400)
    fills = told(broker, Fill)
    assert {(iso(each.at), each.trade_date.isoformat(), str(each.price)) for each in fills} == {(filled_at, trade_date, price)}


@needs("sessions", "limits", "numbers")
def test_c26_what_other_hours_do_not_fill_ends_with_them(broker: AnyBroker) -> None:
    broker.place(limited("100", session=TradingSession.EXTENDED))
    broker.advance_to(instant("2024-06-03T13:29:59Z"))
    assert told(broker, OrderDone) == []
    broker.advance_to(instant("2024-06-03T13:30:00Z"))
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("0", "session_ended")]


@needs("limits", "numbers")
def test_c27_an_order_at_once_fills_what_it_can_and_leaves_nothing_open(broker: AnyBroker) -> None:
    broker.advance_to(instant("2024-06-03T14:00:00Z"))
    broker.turn(switch("unfilled_rest"))
    broker.place(limited("180", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL))
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("3", "ioc_rest")]
    assert iso(told(broker, OrderDone)[0].at) == "2024-06-03T14:00:00Z"


@needs("numbers")
def test_c28_an_order_at_once_is_rejected_while_its_hours_are_closed(broker: AnyBroker) -> None:
    answer = broker.place(limited("180", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL))
    assert (answer.status, answer.reason) == (OrderState.REJECTED, "exchange_closed")


@needs("cancels")
def test_c29_what_is_cancelled_ends_with_what_was_filled(broker: AnyBroker) -> None:
    broker.place(buy())
    broker.advance_to(instant("2024-06-03T19:50:00Z"))
    broker.cancel("buy-1")
    broker.cancel("buy-1")
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("3", "cancelled")]
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [str(each.quantity) for each in told(broker, Fill)] == ["3"]


@needs("cancels")
def test_c30_a_cancellation_that_comes_too_late_changes_nothing(broker: AnyBroker) -> None:
    broker.place(buy())
    broker.turn(switch("cancel_too_late"))
    broker.cancel("buy-1")
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("5", "")]
    broker.cancel("buy-1")
    assert len(told(broker, OrderDone)) == 1


@needs("cancels")
def test_c31_what_was_never_placed_cannot_be_cancelled(broker: AnyBroker) -> None:
    with pytest.raises(Refused) as refusal:
        broker.cancel("nothing")
    assert refusal.value.code == "order.unknown"


@needs("corrections", "settlement")
def test_c32_a_corrected_price_takes_the_place_of_the_wrong_one(broker: AnyBroker) -> None:
    broker.turn(switch("correct_price", only="buy-1/1"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    wrong, other = told(broker, Fill)
    (correction,) = told(broker, Correction)
    assert (str(wrong.price), str(other.price), str(correction.price)) == ("178.0529", "176.29", "176.29")
    assert (correction.ref_exec_id, correction.quantity) == (wrong.exec_id, wrong.quantity)
    (settled,) = told(broker, Settled)
    assert (set(settled.exec_ids), str(settled.amount)) == ({other.exec_id, correction.exec_id}, "881.538145")


@needs("corrections", "settlement")
def test_c33_a_corrected_quantity_is_what_settles(broker: AnyBroker) -> None:
    broker.turn(switch("correct_quantity", only="buy-1/1"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    assert [str(each.quantity) for each in told(broker, Correction)] == ["2"]
    assert [str(each.quantity) for each in told(broker, Settled)] == ["4"]
    progress = broker.order("buy-1")
    assert progress is not None
    assert (str(progress.filled), str(progress.settled)) == ("4", "4")


@needs("busts", "settlement")
def test_c34_a_trade_can_be_taken_back_after_it_settled(broker: AnyBroker) -> None:
    broker.turn(switch("bust_settled", only="buy-1/2"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T21:00:00Z"))
    (settled,), (bust,) = told(broker, Settled), told(broker, Bust)
    assert settled.seq < bust.seq
    assert bust.ref_exec_id in settled.exec_ids
    assert held(broker, "TSLA") == "3"


@needs("settlement", "failed_settlement")
def test_c35_a_settlement_in_parts_names_the_executions_of_each(broker: AnyBroker) -> None:
    broker.turn(switch("partial_settlement", times=1))
    broker.place(buy())
    broker.advance_to(instant("2024-06-05T16:00:00Z"))
    assert [(str(each.quantity), each.reason) for each in told(broker, SettlementFailed)] == [("2", "PART")]
    first, second = told(broker, Settled)
    assert (str(first.quantity), str(second.quantity)) == ("3", "2")
    assert (*first.exec_ids, *second.exec_ids) == tuple(each.exec_id for each in told(broker, Fill))


@needs("numbers")
def test_c36_a_fraction_of_a_share_is_filled_to_the_last_atom(broker: AnyBroker) -> None:
    broker.place(buy(quantity="1.000000001"))
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    assert [str(each.quantity) for each in told(broker, Fill)] == ["1.000000001"]
    assert held(broker, "TSLA") == "1.000000001"


@needs("numbers")
def test_c37_a_halted_line_fills_when_it_trades_again(broker: AnyBroker) -> None:
    broker.turn(switch("halt", only="TSLA", times=2))
    broker.place(buy())
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [iso(each.at) for each in told(broker, Fill)] == ["2024-06-03T19:55:00Z", "2024-06-03T19:58:20Z"]


@needs("cancels")
def test_c38_a_broker_may_end_an_order_by_itself(broker: AnyBroker) -> None:
    broker.turn(switch("cancel_unsolicited"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("3", "broker_cancelled")]


@needs("margin")
def test_c39_financed_shares_stay_until_the_loan_with_its_interest_is_repaid(broker: AnyBroker) -> None:
    broker.turn(Switches(7, (Switch("finance", size=60), Switch("partial_release"))))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    (settled,), (charged,) = told(broker, Settled), told(broker, LoanCharged)
    assert (settled.loan, charged.loan, settled.lent) == ("buy-1/l1", "buy-1/l1", settled.amount.share_down(60, 100))
    assert broker.positions()["TSLA"].pledged == settled.quantity
    assert broker.deliver(Transfer("t-1", TSLA, Shares.whole(1))).reason == "LACK"
    assert broker.pay_in(CashIn("p1", settled.lent, settled.loan)).done
    assert told(broker, PledgeReleased) == []
    assert broker.pay_in(CashIn("p2", charged.amount, settled.loan)).done
    assert [str(each.quantity) for each in told(broker, PledgeReleased)] == ["2"]
    assert broker.deliver(Transfer("t-2", TSLA, Shares.whole(3))).reason == "LACK"
    broker.advance_to(instant("2024-06-05T16:00:00Z"))
    assert [str(each.quantity) for each in told(broker, PledgeReleased)] == ["2", "3"]
    assert broker.deliver(Transfer("t-3", TSLA, Shares.whole(5))).done


@needs("margin")
def test_c40_a_forced_sale_takes_pledged_shares_and_a_refused_release_comes_later(broker: AnyBroker) -> None:
    broker.turn(Switches(7, (Switch("finance"), Switch("forced_sale"), Switch("refuse_release"))))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    (settled,), (called,), (sold,) = told(broker, Settled), told(broker, MarginCall), told(broker, PledgeSold)
    assert settled.seq < called.seq < sold.seq
    assert (held(broker, "TSLA"), str(sold.quantity), str(broker.positions()["TSLA"].pledged)) == ("3", "2", "3")
    owed = called.amount - sold.proceeds
    assert broker.pay_in(CashIn("p1", owed, settled.loan)).done
    assert [each.loan for each in told(broker, ReleaseRefused)] == [settled.loan]
    assert told(broker, PledgeReleased) == []
    broker.advance_to(instant("2024-06-05T16:00:00Z"))
    assert [str(each.quantity) for each in told(broker, PledgeReleased)] == ["3"]
