"""The Alpaca broker's own cases: lost answers, adopted orders, streams that break off, and what only this vendor does.

The cases that all brokers share are in `test_broker.py` and `test_broker_orders.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.alpaca_parties import AlpacaDesk, an_alpaca, over_alpaca, patiently
from tests.conformance.broker_steps import buy, told

from openscrip.assets.broker import (
    ActionAnnounced,
    Bust,
    Fill,
    Order,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    Settled,
    Side,
    TimeInForce,
)
from openscrip.assets.paper import Switch, Switches
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.errors import Conflict, NotYet, Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AlpacaDesk]:
    with over_alpaca(tmp_path) as found:
        yield found


@pytest.mark.parametrize("fault", ["order_429", "order_500", "order_500_after", "order_lost"])
def test_an_order_is_placed_once_through_lost_and_late_answers(desk: AlpacaDesk, fault: str) -> None:
    desk.paper.faults = {fault: 2}
    answer = patiently(desk.broker, buy())
    assert (answer.status, desk.paper.posted) == (OrderState.ACCEPTED, 1)
    assert len(told(desk, OrderAccepted)) == 1


def test_a_wait_that_is_named_is_kept(desk: AlpacaDesk) -> None:
    desk.paper.faults = {"order_429": 1}
    with pytest.raises(NotYet) as wait:
        desk.broker.place(buy())
    assert wait.value.after_s == 2


def test_an_order_whose_answer_was_lost_and_that_is_not_found_yet_is_adopted_by_its_id(desk: AlpacaDesk) -> None:
    desk.paper.faults = {"order_lost": 1, "fresh_404": 2}
    assert patiently(desk.broker, buy()).status is OrderState.ACCEPTED
    assert desk.paper.posted == 1


def test_an_id_that_somebody_else_used_for_another_order_is_a_conflict(desk: AlpacaDesk, tmp_path: Path) -> None:
    desk.place(buy())
    url, clock = desk.broker._alpaca.url, SteppedClock(desk.clock.now())
    with an_alpaca(tmp_path / "other", url, clock) as (other, _, _), pytest.raises(Conflict):
        other.place(buy(quantity="6"))
    with an_alpaca(tmp_path / "third", url, clock) as (third, _, _):
        assert third.place(buy()).status is OrderState.ACCEPTED
    assert desk.paper.posted == 1


def test_a_stream_that_breaks_off_and_repeats_itself_books_everything_once(desk: AlpacaDesk) -> None:
    for log in (desk.paper.trades, desk.paper.activities):
        log.drop_after, log.overlap = 2, 3
    for number in range(4):
        desk.place(buy(f"buy-{number}"))
    desk.advance_to(instant("2024-06-04T16:00:00Z"))
    fills, accepted, done = told(desk, Fill), told(desk, OrderAccepted), told(desk, OrderDone)
    assert (len(fills), len(accepted), len(done)) == (8, 4, 4)
    assert len({each.exec_id for each in fills}) == 8
    assert desk.paper.trades.opened > 1
    events = list(desk.events(0, 1_000))
    assert [each.seq for each in events] == list(range(1, len(events) + 1))


def test_a_broker_that_was_away_goes_on_where_it_was(desk: AlpacaDesk, tmp_path: Path) -> None:
    desk.place(buy())
    before = list(desk.events(0, 100))
    desk.broker.close()
    desk.paper.advance_to(instant("2024-06-04T16:00:00Z"))
    clock = SteppedClock(instant("2024-06-04T16:00:00Z"))
    with an_alpaca(tmp_path, desk.broker._alpaca.url, clock) as (again, _, store):
        after = AlpacaDesk(again, desk.paper, clock, store)
        found = list(after.events(0, 100))
        assert found[: len(before)] == before
        assert sum(each.quantity.atoms for each in told(after, Settled)) == Shares.whole(5).atoms
        assert again.place(buy()).status is OrderState.ACCEPTED
    assert desk.paper.posted == 1


def test_numbers_are_read_as_they_stand_whether_text_or_not(desk: AlpacaDesk) -> None:
    desk.paper.faults = {"as_numbers": 100}
    desk.place(buy(quantity="1.000000001"))
    desk.advance_to(instant("2024-06-03T20:00:00Z"))
    assert sum(each.quantity.atoms for each in told(desk, Fill)) == 1_000_000_001


def test_a_trade_settles_at_noon_of_its_settlement_day_and_is_told_in_order_of_time(desk: AlpacaDesk) -> None:
    desk.place(buy())
    desk.advance_to(instant("2024-06-06T14:00:00Z"))
    (settled,) = told(desk, Settled)
    assert (settled.at, str(settled.quantity)) == (instant("2024-06-04T16:00:00Z"), "5")
    times = [each.at for each in desk.events(0, 1_000)]
    assert times == sorted(times)


def test_a_busted_execution_is_taken_back_with_its_fee(desk: AlpacaDesk) -> None:
    desk.turn(Switches(1, (Switch("bust_fill", only="buy-1/1"),)))
    desk.place(buy())
    desk.advance_to(instant("2024-06-03T22:00:00Z"))
    (bust,) = told(desk, Bust)
    wrong = next(each for each in told(desk, Fill) if each.exec_id == bust.ref_exec_id)
    assert (bust.fee, bust.quantity) == (wrong.fee, wrong.quantity)


def test_overnight_hours_are_refused_and_extended_ones_need_a_limit(desk: AlpacaDesk) -> None:
    limit = PricePerShare.parse("200")
    with pytest.raises(Refused) as refusal:
        desk.place(Order("o-1", "TSLA", Side.BUY, Shares.whole(1), limit, TradingSession.OVERNIGHT))
    assert refusal.value.code == "order.session"
    with pytest.raises(Refused):
        desk.place(Order("o-2", "TSLA", Side.BUY, Shares.whole(1), None, TradingSession.EXTENDED))
    assert desk.broker.order("o-1") is None
    answer = desk.place(Order("o-3", "TSLA", Side.BUY, Shares.whole(1), limit, TradingSession.EXTENDED, TimeInForce.DAY))
    assert answer.status is OrderState.ACCEPTED


@pytest.mark.parametrize(
    ("limit", "side", "sent"),
    [
        ("176.2999", Side.BUY, "176.29"), ("176.2901", Side.SELL, "176.3"), ("0.12345", Side.BUY, "0.1234"),
        ("0.12341", Side.SELL, "0.1235"), ("1", Side.BUY, "1"),
    ],
)  # fmt: skip
def test_a_limit_is_sent_in_the_steps_that_are_taken_and_never_worse_than_asked(
    desk: AlpacaDesk, limit: str, side: Side, sent: str
) -> None:
    desk.place(Order("o-1", "TSLA", side, Shares.whole(1), PricePerShare.parse(limit)))
    assert desk.paper.order_json("o-1")["limit_price"] == sent


def test_what_the_vendor_refuses_at_the_door_is_rejected_with_its_words(desk: AlpacaDesk) -> None:
    answer = desk.place(buy(symbol="XXXX"))
    assert (answer.status, answer.reason) == (OrderState.REJECTED, "unknown_symbol")
    assert [each.reason for each in told(desk, OrderRejected)] == ["unknown_symbol"]


def test_an_announcement_is_told_once_until_it_reads_otherwise(desk: AlpacaDesk) -> None:
    before = told(desk, ActionAnnounced)
    desk.broker.read_announcements()
    assert told(desk, ActionAnnounced) == before
    assert "NVDA.SPLF.2024-06-10" in {each.notice.event_id for each in before}


def test_what_another_program_trades_in_the_account_is_none_of_our_books(desk: AlpacaDesk, tmp_path: Path) -> None:
    with an_alpaca(tmp_path / "other", desk.broker._alpaca.url, SteppedClock(desk.clock.now())) as (other, _, _):
        other.place(buy("theirs"))
    desk.place(buy("ours"))
    desk.advance_to(instant("2024-06-03T20:00:00Z"))
    assert {each.client_order_id for each in told(desk, Fill)} == {"ours"}
