"""What a broker can do wrong over FIX, one switch at a time: every order is accounted for, every trade is booked once."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conformance.brokers import FixDesk, over_fix

from openscrip.assets.broker import (
    BrokerEvent,
    Fill,
    Order,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderState,
    PositionSplit,
    Settled,
    Side,
)
from openscrip.assets.paper import Switch, Switches
from openscrip.kernel.clock import instant
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares

pytestmark = pytest.mark.parts

EventT = TypeVar("EventT")
CLOSE = "2024-06-03T20:00:00Z"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FixDesk]:
    with over_fix(tmp_path) as made:
        yield made


def buy(case: str = "buy-1", quantity: str = "5", symbol: str = "TSLA", limit: str = "") -> Order:
    return Order(case, symbol, Side.BUY, Shares.parse(quantity), PricePerShare.parse(limit) if limit else None)


def turn(desk: FixDesk, *switches: Switch) -> None:
    desk.turn(Switches(7, switches))


def struck(desk: FixDesk) -> list[str]:
    return [switch for switch, _ in desk.office.struck()]


def told(desk: FixDesk, kind: type[EventT]) -> list[EventT]:
    events: Sequence[BrokerEvent] = desk.events(0, 1_000)
    return [each for each in events if isinstance(each, kind)]


def all_filled_once(desk: FixDesk, orders: int, quantity: str = "5") -> None:
    """Every order was accepted once, filled whole, and ended once; the broker agrees."""
    cases = [each.client_order_id for each in told(desk, OrderAccepted)]
    assert sorted(cases) == sorted({f"buy-{number}" for number in range(orders)})
    done = {each.client_order_id: str(each.filled) for each in told(desk, OrderDone)}
    assert done == {f"buy-{number}": quantity for number in range(orders)}
    assert len(told(desk, OrderDone)) == orders
    fills = told(desk, Fill)
    assert len({each.exec_id for each in fills}) == len(fills)
    assert sum(each.quantity.atoms for each in fills) == orders * Shares.parse(quantity).atoms
    assert desk.broker.troubles() == {}
    assert [each.seq for each in desk.events(0, 1_000)] == list(range(1, desk.broker.last_event() + 1))


@pytest.mark.parametrize(
    "name",
    [
        "no_ack", "late_ack", "lose_order", "duplicate_report", "reports_swapped", "possible_duplicate", "number_too_low",
        "gap", "garble", "disconnect",
    ],
)  # fmt: skip
def test_a_fault_on_the_way__whatever_it_is__costs_no_order_and_doubles_no_trade(desk: FixDesk, name: str) -> None:
    turn(desk, Switch(name, times=1 if name in {"gap", "garble"} else 3))
    for number in range(3):
        desk.place(buy(f"buy-{number}"))
    desk.advance_to(instant(CLOSE))
    all_filled_once(desk, 3)
    assert name in struck(desk)
    desk.advance_to(instant("2024-06-04T16:00:00Z"))
    assert len(told(desk, Settled)) == 3


def test_everything_at_random__over_many_orders__leaves_nothing_lost_and_nothing_doubled(desk: FixDesk) -> None:
    names = ("no_ack", "duplicate_report", "reports_swapped", "possible_duplicate", "disconnect", "lose_order")
    rare = tuple(Switch(name, times=2) for name in ("gap", "garble", "number_too_low"))
    turn(desk, *(Switch(name, 150) for name in names), *rare)
    for number in range(30):
        desk.broker.place(buy(f"buy-{number}"))
    desk.broker.catch_up()
    turn(desk, *(Switch(name, 150) for name in names[1:5]))
    desk.advance_to(instant(CLOSE))
    all_filled_once(desk, 30)
    assert len(set(struck(desk))) > 3


def test_a_refused_logon__is_tried_again(desk: FixDesk) -> None:
    turn(desk, Switch("refuse_logon", times=2), Switch("disconnect", times=1))
    desk.broker.place(buy("buy-0"))
    desk.broker.catch_up()
    desk.advance_to(instant(CLOSE))
    all_filled_once(desk, 1)
    assert struck(desk).count("refuse_logon") == 2


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "broker_option"), (1, "unknown_symbol"), (2, "exchange_closed"), (3, "exceeds_limit"), (4, "too_late"),
        (5, "unknown_order"), (6, "duplicate_order"), (8, "stale_order"),
    ],
)  # fmt: skip
def test_a_reject__by_each_code__says_why_and_is_final(desk: FixDesk, code: int, reason: str) -> None:
    turn(desk, Switch("reject_order", size=code))
    answer = desk.place(buy())
    desk.broker.catch_up()
    assert desk.broker.order("buy-1") is not None
    assert [each.reason for each in told(desk, OrderRejected)] == [reason]
    assert desk.place(buy()).status is OrderState.REJECTED
    desk.advance_to(instant(CLOSE))
    assert told(desk, Fill) == []
    assert answer.client_order_id == "buy-1"


@pytest.mark.parametrize("name", ["over_fill", "wrong_side", "through_limit"])
def test_a_trade_that_cannot_be_ours__is_answered_and_never_booked(desk: FixDesk, name: str) -> None:
    turn(desk, Switch(name, times=1))
    desk.place(buy(limit="200"))
    desk.advance_to(instant("2024-06-03T19:50:00Z"))
    assert [str(each.quantity) for each in told(desk, Fill)] == ["3"]
    # The broker looked, and took it back: nothing is open any more.
    assert desk.broker.troubles() == {}
    desk.advance_to(instant(CLOSE))
    assert [str(each.filled) for each in told(desk, OrderDone)] == ["5"]
    assert name in struck(desk)
    desk.advance_to(instant("2024-06-04T16:00:00Z"))
    assert [str(each.quantity) for each in told(desk, Settled)] == ["5"]


def test_a_fill_after_a_cancelled_order__is_answered_and_never_booked(desk: FixDesk) -> None:
    turn(desk, Switch("fill_after_cancel"))
    desk.place(buy())
    desk.cancel("buy-1")
    assert [(str(each.filled), each.reason) for each in told(desk, OrderDone)] == [("0", "cancelled")]
    assert told(desk, Fill) == []
    assert desk.broker.troubles() == {}
    assert struck(desk) == ["fill_after_cancel"]


def test_trades_and_a_split__read_in_one_leap__stand_in_the_order_in_which_they_happened(desk: FixDesk) -> None:
    desk.advance_to(instant("2024-06-07T14:00:00Z"))
    desk.place(buy("before", "1", "NVDA"))
    desk.advance_to(instant("2024-06-07T20:00:00Z"))
    desk.place(buy("after", "1", "NVDA"))
    desk.advance_to(instant("2024-06-12T16:00:00Z"))
    names = [
        getattr(each, "client_order_id", type(each).__name__)
        for each in desk.events(0, 1_000)
        if isinstance(each, Fill | PositionSplit)
    ]
    # The split ended the order that was waiting; only what was bought before it was filled.
    assert names == ["before", "PositionSplit"]
    desk.place(buy("again", "1", "NVDA"))
    desk.advance_to(instant("2024-06-14T16:00:00Z"))
    assert [(each.client_order_id, str(each.quantity), each.epoch) for each in told(desk, Settled)] == [
        ("before", "10", 1),
        ("again", "1", 1),
    ]


def test_an_order__past_its_hours_before_the_link_came_up__is_never_sent(tmp_path: Path) -> None:
    with over_fix(tmp_path) as desk:
        desk.broker.stop()
        desk.broker.place(buy())
        desk.office.advance_to(instant("2024-06-04T12:00:00Z"))
        desk.clock.advance_to(instant("2024-06-04T12:00:00Z"))
        desk.broker.start()
        desk.broker.catch_up()
        assert [each.reason for each in told(desk, OrderRejected)] == ["stale_order"]
        assert desk.office.standing().heard == 0
        fresh = desk.place(buy("buy-2"))
        assert fresh.status is OrderState.ACCEPTED
        desk.advance_to(instant("2024-06-04T20:00:00Z"))
        assert {each.trade_date for each in told(desk, Fill)} == {date(2024, 6, 4)}
