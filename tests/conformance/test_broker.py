"""What every broker adapter must do. Cases are numbered; who can do what stands in `tests/conformance/brokers.py`."""

from datetime import date

import pytest
from tests.conformance.broker_steps import buy, held, told
from tests.conformance.brokers import AnyBroker, needs
from tests.conformance.paper_parties import NVDA, TSLA, switch

from openscrip.assets.broker import (
    ActionAnnounced,
    Bust,
    Fill,
    Order,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    PositionDividend,
    PositionSplit,
    Settled,
    SettlementFailed,
    Side,
)
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.paper import CashIn, Transfer
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Conflict, Malformed
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares


def test_c01_an_order_is_accepted_and_said_so_once(broker: AnyBroker) -> None:
    answer = broker.place(buy())
    assert answer.status is OrderState.ACCEPTED
    (accepted,) = told(broker, OrderAccepted)
    assert (accepted.client_order_id, accepted.order_id) == ("buy-1", answer.order_id)


@needs("numbers")
def test_c02_the_same_order_twice_is_executed_once(broker: AnyBroker) -> None:
    first, second = broker.place(buy()), broker.place(buy())
    broker.advance_to(instant("2024-06-04T20:00:00Z"))
    assert broker.place(buy()) == first == second
    assert held(broker, "TSLA") == "5"
    assert len(told(broker, OrderDone)) == 1


@needs("conflicts")
def test_c03_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(broker: AnyBroker) -> None:
    broker.place(buy())
    with pytest.raises(Conflict) as refusal:
        broker.place(buy(quantity="6"))
    assert refusal.value.code == "order.conflict"
    progress = broker.order("buy-1")
    assert progress is not None
    assert progress.quantity == Shares.whole(5)
    assert broker.order("buy-2") is None


@needs("numbers")
@pytest.mark.parametrize(("symbol", "reason"), [("XXXX", "unknown_symbol"), ("CRCL", "not_trading")])
def test_c04_what_cannot_be_traded_is_rejected_for_good(broker: AnyBroker, symbol: str, reason: str) -> None:
    answer = broker.place(buy(symbol=symbol))
    assert (answer.status, answer.reason) == (OrderState.REJECTED, reason)
    assert [each.reason for each in told(broker, OrderRejected)] == [reason]


@needs("numbers")
def test_c05_an_order_fills_in_parts_at_the_close_of_its_session(broker: AnyBroker) -> None:
    broker.turn(switch("fill_pieces", size=3))
    broker.place(buy(quantity="5.5"))
    broker.advance_to(instant("2024-06-03T19:49:59Z"))
    assert told(broker, Fill) == []
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    fills = told(broker, Fill)
    assert [(str(each.quantity), str(each.price), str(each.fee)) for each in fills] == [
        ("2", "176.29", "0.035258"),
        ("2", "176.29", "0.035258"),
        ("1.5", "176.29", "0.026444"),
    ]
    assert iso(fills[0].at) == "2024-06-03T19:50:00Z"
    assert {each.trade_date for each in fills} == {date(2024, 6, 3)}
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("5.5", "")]


@needs("numbers")
@pytest.mark.parametrize(
    ("placed_at", "trade_date"),
    [
        ("2024-06-03T19:59:00Z", "2024-06-03"),
        ("2024-06-03T20:00:00Z", "2024-06-04"),
        ("2024-06-08T15:00:00Z", "2024-06-10"),
        ("2024-06-19T15:00:00Z", "2024-06-20"),
        ("2024-07-03T16:59:00Z", "2024-07-03"),
        ("2024-07-03T17:00:00Z", "2024-07-05"),
    ],
)
def test_c06_an_order_belongs_to_the_session_that_is_open_or_comes_next(
    broker: AnyBroker, placed_at: str, trade_date: str
) -> None:
    broker.advance_to(instant(placed_at))
    broker.place(buy())
    broker.advance_to(instant(placed_at) + 5 * 86400)
    assert {each.trade_date.isoformat() for each in told(broker, Fill)} == {trade_date}


@needs("numbers", "settlement")
def test_c07_a_trade_settles_on_the_next_settlement_day_at_noon(broker: AnyBroker) -> None:
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T15:59:59Z"))
    position = broker.positions()["TSLA"]
    assert (str(position.settled), str(position.pending_in)) == ("0", "5")
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    (settled,) = told(broker, Settled)
    assert (str(settled.quantity), str(settled.amount), settled.epoch) == ("5", "881.538145", 0)
    assert settled.exec_ids == tuple(each.exec_id for each in told(broker, Fill))
    assert held(broker, "TSLA") == "5"
    progress = broker.order("buy-1")
    assert progress is not None
    assert (progress.status, progress.settled) == (OrderState.DONE, Shares.whole(5))


@needs("busts", "settlement")
def test_c08_a_busted_fill_never_settles(broker: AnyBroker) -> None:
    broker.turn(switch("bust_fill", only="buy-1/2"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    (bust,) = told(broker, Bust)
    assert bust.ref_exec_id == told(broker, Fill)[1].exec_id
    assert str(bust.quantity) == "2"
    (settled,) = told(broker, Settled)
    assert str(settled.quantity) == "3"
    assert told(broker, OrderDone)[0].seq < bust.seq
    progress = broker.order("buy-1")
    assert progress is not None
    assert str(progress.filled) == "3"


@needs("numbers")
def test_c09_a_rest_that_does_not_fill_ends_with_the_day(broker: AnyBroker) -> None:
    broker.turn(switch("unfilled_rest"))
    broker.place(buy())
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    assert [(str(each.filled), each.reason) for each in told(broker, OrderDone)] == [("3", "day_ended")]


@needs("numbers")
def test_c10_a_rejected_order_is_never_filled(broker: AnyBroker) -> None:
    broker.turn(switch("reject_order", times=1))
    assert broker.place(buy()).status is OrderState.REJECTED
    assert broker.place(buy("buy-2")).status is OrderState.ACCEPTED
    broker.advance_to(instant("2024-06-04T20:00:00Z"))
    assert held(broker, "TSLA") == "5"


@needs("settlement", "failed_settlement")
def test_c11_a_failed_settlement_is_tried_again_on_the_next_settlement_day(broker: AnyBroker) -> None:
    broker.advance_to(instant("2024-06-06T14:00:00Z"))
    broker.turn(switch("fail_settlement", times=1))
    broker.place(buy())
    broker.advance_to(instant("2024-06-07T20:00:00Z"))
    (failed,) = told(broker, SettlementFailed)
    assert (str(failed.quantity), failed.retry_on) == ("5", date(2024, 6, 10))
    assert told(broker, Settled) == []
    broker.advance_to(instant("2024-06-10T16:00:00Z"))
    assert [str(each.quantity) for each in told(broker, Settled)] == ["5"]


@needs("transfers")
def test_c12_only_settled_whole_shares_leave_and_each_transfer_once(broker: AnyBroker) -> None:
    broker.place(buy())
    early = broker.deliver(Transfer("t-1", TSLA, Shares.whole(5)))
    assert (early.done, early.reason) == (False, "LACK")
    broker.advance_to(instant("2024-06-04T16:00:00Z"))
    assert broker.deliver(Transfer("t-1", TSLA, Shares.whole(5))) == early
    assert broker.deliver(Transfer("t-2", TSLA, Shares.parse("1.5"))).reason == "DQUA"
    assert [broker.deliver(Transfer("t-3", TSLA, Shares.whole(4))).done for _ in range(2)] == [True, True]
    assert held(broker, "TSLA") == "1"
    with pytest.raises(Conflict):
        broker.deliver(Transfer("t-3", TSLA, Shares.whole(1)))
    with pytest.raises(Conflict):
        broker.receive(Transfer("t-3", TSLA, Shares.whole(4)))
    assert broker.receive(Transfer("t-4", TSLA, Shares.whole(2))).done
    assert held(broker, "TSLA") == "3"


@needs("transfers", "settlement", "failed_settlement")
def test_c13_a_sale_settles_only_once_the_shares_are_there(broker: AnyBroker) -> None:
    broker.place(Order("sell-1", "TSLA", Side.SELL, Shares.whole(5)))
    broker.advance_to(instant("2024-06-04T17:00:00Z"))
    assert [each.reason for each in told(broker, SettlementFailed)] == ["LACK"]
    broker.receive(Transfer("t-1", TSLA, Shares.whole(5)))
    broker.advance_to(instant("2024-06-05T16:00:00Z"))
    (settled,) = told(broker, Settled)
    assert (settled.side, str(settled.amount)) == (Side.SELL, "881.361855")
    assert held(broker, "TSLA") == "0"


@needs("actions")
def test_c14_a_split_rescales_positions_and_open_settlements_and_ends_open_orders(broker: AnyBroker) -> None:
    broker.place(buy("settled", "NVDA", "3"))
    broker.advance_to(instant("2024-06-07T15:00:00Z"))
    broker.place(buy("unsettled", "NVDA", "2"))
    broker.advance_to(instant("2024-06-08T15:00:00Z"))
    broker.place(buy("waiting", "NVDA", "1"))
    broker.advance_to(instant("2024-06-10T09:59:59Z"))
    assert told(broker, PositionSplit) == []
    broker.advance_to(instant("2024-06-10T16:00:00Z"))
    (split,) = told(broker, PositionSplit)
    assert (split.isin, str(split.before), str(split.after), split.epoch) == (NVDA, "3", "30", 1)
    assert iso(split.at) == "2024-06-10T10:00:00Z"
    assert [(str(each.quantity), each.epoch) for each in told(broker, Settled)] == [("3", 0), ("20", 1)]
    assert [str(each.filled) for each in told(broker, OrderDone) if each.client_order_id == "waiting"] == ["0"]
    assert held(broker, "NVDA") == "50"


@needs("actions")
def test_c15_a_dividend_is_paid_on_what_was_bought_before_the_ex_date(broker: AnyBroker) -> None:
    broker.advance_to(instant("2024-08-09T15:00:00Z"))
    broker.place(buy("before", "AAPL", "200"))
    broker.advance_to(instant("2024-08-12T15:00:00Z"))
    broker.place(buy("after", "AAPL", "100"))
    broker.advance_to(instant("2024-08-15T16:00:00Z"))
    (paid,) = [each for each in told(broker, PositionDividend) if each.symbol == "AAPL"]
    assert [str(each) for each in (paid.eligible, paid.gross, paid.net, paid.withheld)] == ["200", "50", "35", "15"]


@needs("numbers")
def test_c16_events_are_numbered_without_a_gap_and_read_in_pages(broker: AnyBroker) -> None:
    for number in range(5):
        broker.place(buy(f"buy-{number}"))
    broker.advance_to(instant("2024-06-05T12:00:00Z"))
    everything = list(broker.events(0, 1000))
    assert [each.seq for each in everything] == list(range(1, len(everything) + 1))
    assert [each.at for each in everything] == sorted(each.at for each in everything)
    assert list(broker.events(3, 4)) == everything[3:7]
    assert list(broker.events(len(everything), 10)) == []


@needs("numbers")
def test_c17_time_never_goes_back(broker: AnyBroker) -> None:
    broker.place(buy())
    broker.advance_to(instant("2024-06-03T20:00:00Z"))
    before = list(broker.events(0, 1000))
    broker.advance_to(instant("2024-06-03T13:00:00Z"))
    broker.place(buy("buy-2"))
    assert list(broker.events(0, len(before))) == before
    assert told(broker, OrderAccepted)[-1].at == instant("2024-06-03T20:00:00Z")


@needs("actions")
def test_c18_known_actions_are_announced_and_new_ones_can_be(broker: AnyBroker) -> None:
    assert "NVDA.SPLF.2024-06-10" in {each.notice.event_id for each in told(broker, ActionAnnounced)}
    day = date(2024, 6, 3)
    notice = Notice(
        "TSLA.SPLR", "TSLA", TSLA, ActionEvent.REVERSE_SPLIT, day, date(2024, 6, 6), None, None, 1, 2, None, "broker"
    )
    broker.announce(notice)
    broker.announce(notice)
    broker.place(buy(quantity="5"))
    broker.advance_to(instant("2024-06-06T12:00:00Z"))
    assert [each.notice for each in told(broker, ActionAnnounced) if each.notice.symbol == "TSLA"] == [notice]
    assert held(broker, "TSLA") == "2.5"


@needs("transfers")
def test_c19_money_paid_in_counts_once(broker: AnyBroker) -> None:
    cash = CashIn("pay-1", Money.parse("100"))
    assert broker.pay_in(cash) == broker.pay_in(cash)
    with pytest.raises(Conflict):
        broker.pay_in(CashIn("pay-1", Money.parse("101")))


def test_c20_an_order_without_quantity_is_malformed(broker: AnyBroker) -> None:
    with pytest.raises(Malformed):
        broker.place(buy(quantity="0"))
    assert told(broker, OrderAccepted) == []


@needs("numbers")
def test_c21_what_is_due_next_is_known(broker: AnyBroker) -> None:
    broker.place(buy())
    due_at = broker.next_due()
    assert due_at is not None
    broker.advance_to(due_at)
    assert broker.next_due() != due_at
