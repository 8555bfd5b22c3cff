"""States of a market: what each takes, how one follows the other, auctions, halts, stale prices, calendars."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.markets.venue_room import ALICE, BOB, CAROL, MONEY, TSLA_USD, USD, Room

from openscrip.kernel.clock import NEW_YORK
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Cause, Change, Enter, List, Place, Quote, State, Take
from openscrip.markets.facts import Entered, Indicated, OrderDone, OrderTraded, Printed
from openscrip.markets.hours import FOLLOWERS, due_state, is_open
from openscrip.markets.instruments import MINUTE_US, Hours
from openscrip.markets.orders import Limit, Market, Side, Stop, TimeInForce
from openscrip.markets.sessions import CAUSE_STEP

BUY, SELL = Side.BUY, Side.SELL
SPANS = replace(TSLA_USD, pre_open_us=MINUTE_US, call_us=MINUTE_US)


def state_of(room: Room) -> State:
    return room.venue.state_of(1)


def refusal(room: Room, place: Place | Change) -> str:
    with pytest.raises(Refused) as refused:
        room.do(place)
    return refused.value.code


# the day


def test_a_market__new__is_closed_and_opens_through_pre_open_and_call() -> None:
    room = Room(SPANS, is_open=False)
    seen = [state_of(room).name]
    for _ in range(4):
        room.tick(61)
        seen.append(state_of(room).name)
    assert seen == ["CLOSED", "PRE_OPEN", "CALL", "OPEN", "OPEN"]


def test_before_the_opening__only_limit_orders_gather_and_nothing_trades() -> None:
    room = Room(SPANS, is_open=False)
    assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(10_000))) == "market.cancel_only"
    for _ in range(2):
        room.tick(61)
        assert refusal(room, Place(ALICE, 1, BUY, 100, Market(0))) == "market.limit_only"
        assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(10_000, TimeInForce.IOC))) == "market.limit_only"
        room.limit(ALICE, BUY, 100, 10_000)
        room.limit(BOB, SELL, 50, 9_990)
    assert room.told(OrderTraded) == []


def test_the_opening_auction__trades_at_one_price_and_charges_nobody_as_a_taker() -> None:
    room = Room(SPANS, is_open=False)
    room.tick(61)
    room.limit(ALICE, BUY, 100, 10_100)
    room.limit(BOB, SELL, 60, 9_900)
    room.limit(CAROL, SELL, 10, 10_000)
    room.tick(61)
    told = [(each.price, each.lots, each.surplus) for each in room.told(Indicated) if isinstance(each, Indicated)]
    assert told == [(10_100, 70, 30)]
    room.tick(61)
    facts = room.told(Printed, OrderTraded)
    assert {(fact.price, fact.in_auction) for fact in facts if isinstance(fact, Printed)} == {(10_100, True)}
    assert {(fact.fee, fact.is_maker) for fact in facts if isinstance(fact, OrderTraded)} == {(0, True)}
    assert room.venue.balances(ALICE)[USD.number] == (MONEY - 70 * 10_100, 30 * (10_100 + 11))


def test_a_post_only_order__that_would_take_in_the_auction__is_cancelled() -> None:
    room = Room(SPANS, is_open=False)
    room.tick(61)
    room.limit(BOB, SELL, 100, 10_000)
    order = room.limit(ALICE, BUY, 100, 10_100, post_only=True)
    room.tick(61)
    room.tick(61)
    assert room.ended() == [(order, "POST_ONLY")]


def test_orders__of_a_day__are_still_there_when_the_market_opens_again() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    room.do(Enter(1, State.CLOSED))
    assert refusal(room, Change(ALICE, order, lots=200)) == "market.cancel_only"
    room.do(Change(ALICE, order, lots=50))
    room.tick()
    assert state_of(room) is State.OPEN
    assert room.venue.order(order) is not None


@pytest.mark.parametrize(
    ("hours", "at", "wanted"),
    [
        (Hours.ALWAYS, "2026-07-04T03:00", True),
        (Hours.WEEKDAYS, "2026-07-05T19:59", False),
        (Hours.WEEKDAYS, "2026-07-05T20:00", True),
        (Hours.WEEKDAYS, "2026-07-10T19:59", True),
        (Hours.WEEKDAYS, "2026-07-10T20:00", False),
        (Hours.WEEKDAYS, "2026-07-11T12:00", False),
        (Hours.EXCHANGE, "2026-07-02T09:29", False),
        (Hours.EXCHANGE, "2026-07-02T09:30", True),
        (Hours.EXCHANGE, "2026-07-02T16:00", False),
        (Hours.EXCHANGE, "2026-11-27T13:00", False),
        (Hours.EXCHANGE, "2026-07-03T12:00", False),
        (Hours.EXCHANGE, "2055-07-02T12:00", False),
    ],
)
def test_hours__by_new_yorks_clock__are_those_of_their_calendar(hours: Hours, at: str, wanted: bool) -> None:
    seconds = int(datetime.fromisoformat(at).replace(tzinfo=NEW_YORK).timestamp())
    assert is_open(hours, seconds * 1_000_000) is wanted


def test_an_exchange_day__opens_its_call_early_enough_to_trade_at_the_bell() -> None:
    instrument = replace(SPANS, hours=Hours.EXCHANGE)
    bell = int(datetime(2026, 7, 2, 9, 30, tzinfo=NEW_YORK).timestamp()) * 1_000_000
    assert due_state(instrument, State.CLOSED, 0, 0, bell - 3 * MINUTE_US) is None
    assert due_state(instrument, State.CLOSED, 0, 0, bell - 2 * MINUTE_US) is State.PRE_OPEN
    assert due_state(instrument, State.PRE_OPEN, bell - 2 * MINUTE_US, 0, bell - MINUTE_US) is State.CALL
    assert due_state(instrument, State.CALL, bell - MINUTE_US, 0, bell - 1) is None
    assert due_state(instrument, State.CALL, bell - MINUTE_US, 0, bell) is State.OPEN
    assert due_state(instrument, State.OPEN, bell, 0, bell + 390 * MINUTE_US) is State.CLOSED


# states by the operator


@pytest.mark.parametrize("state", State)
def test_a_state__that_does_not_follow__is_refused(state: State) -> None:
    room = Room()
    if state in FOLLOWERS[State.OPEN]:
        room.do(Enter(1, state))
        assert state_of(room) is state
    else:
        with pytest.raises(Refused) as refused:
            room.do(Enter(1, state))
        assert refused.value.code == "market.state"


def test_states_and_causes__fit_the_number_that_records_them() -> None:
    assert max(State) < CAUSE_STEP
    assert set(FOLLOWERS) == set(State)


def test_post_only__by_the_operator__takes_orders_that_make() -> None:
    room = Room()
    order = room.limit(BOB, SELL, 100, 10_000)
    room.do(Enter(1, State.POST_ONLY))
    assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(9_000))) == "market.post_only"
    assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(10_000, post_only=True))) == "order.post_only"
    mine = room.limit(ALICE, BUY, 100, 9_900, post_only=True)
    assert refusal(room, Change(ALICE, mine, price=10_000)) == "order.post_only"
    room.do(Take(BOB, order))


def test_reduce_only__by_the_operator__takes_sells_and_smaller_buys() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    room.do(Enter(1, State.REDUCE_ONLY))
    assert refusal(room, Place(BOB, 1, BUY, 100, Limit(10_000))) == "market.reduce_only"
    assert refusal(room, Change(ALICE, order, lots=200)) == "market.reduce_only"
    room.do(Change(ALICE, order, lots=50))
    room.limit(BOB, SELL, 50, 10_000)
    assert room.venue.order(order) is None


def test_a_corporate_action__stops_the_market_and_opens_it_through_a_call_with_its_orders() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    room.do(Enter(1, State.CORP_ACTION, Cause.CORPORATE_ACTION))
    assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(10_000))) == "market.cancel_only"
    room.tick(3_600)
    assert state_of(room) is State.CORP_ACTION
    room.do(List(replace(TSLA_USD, multiplier=(2, 1))))
    room.do(Enter(1, State.PRE_OPEN))
    room.tick()
    assert state_of(room) is State.OPEN
    assert room.venue.order(order) is not None
    assert room.venue.instruments.instruments[1].multiplier == (2, 1)


def test_a_merger__takes_every_order_of_the_instrument_out() -> None:
    room = Room()
    room.limit(ALICE, BUY, 100, 10_000)
    room.limit(BOB, SELL, 100, 10_100)
    assert room.do(Take(0, instrument=1, cause=Cause.CORPORATE_ACTION)).count == 2
    assert {fact.cause for fact in room.told(OrderDone) if isinstance(fact, OrderDone)} == {Cause.CORPORATE_ACTION}


def test_a_delisting__takes_every_order_out_and_is_for_ever() -> None:
    room = Room()
    room.limit(ALICE, BUY, 100, 10_000)
    assert room.do(Enter(1, State.DELISTED)).count == 1
    for state in State:
        with pytest.raises(Refused):
            room.do(Enter(1, state))
    room.tick(10**6)
    assert state_of(room) is State.DELISTED


# halts


def traded_at(price: int, room: Room) -> None:
    room.limit(BOB, SELL, 1, price)
    room.limit(CAROL, BUY, 1, price)


def test_a_trade__outside_the_band__does_not_print_and_the_market_meets_again_in_an_auction() -> None:
    room = Room(replace(TSLA_USD, call_us=MINUTE_US, reasonable_bps=0))
    room.tick(61)
    traded_at(10_000, room)
    room.tick(301)
    room.limit(BOB, SELL, 100, 10_900)
    room.limit(BOB, SELL, 100, 11_100)
    room.told()
    order = room.limit(ALICE, BUY, 150, 11_200)
    facts = room.told(OrderTraded, Entered)
    assert {fact.price for fact in facts if isinstance(fact, OrderTraded)} == {10_900}
    assert [(fact.state, fact.cause) for fact in facts if isinstance(fact, Entered)] == [(State.HALTED, Cause.VOLATILITY)]
    found = room.venue.order(order)
    assert found is not None
    assert (found.price, found.left) == (11_000, 50)
    room.tick(299)
    assert state_of(room) is State.HALTED
    room.tick(2)
    assert state_of(room) is State.CALL
    room.do(Change(ALICE, order, price=11_200))
    room.tick(61)
    assert state_of(room) is State.OPEN
    assert room.venue.last_of(1) in (11_100, 11_200)


def test_a_cascade_of_stops__past_the_band__halts_after_its_print() -> None:
    room = Room(replace(TSLA_USD, reasonable_bps=0))
    traded_at(10_000, room)
    room.tick(301)
    room.do(Place(ALICE, 1, SELL, 100, Stop(9_500, 2_000)))
    room.limit(BOB, BUY, 1, 9_500)
    room.limit(BOB, BUY, 1_000, 8_900)
    room.limit(CAROL, SELL, 1, 9_500)
    assert state_of(room) is State.HALTED


def test_a_limit__that_rests_beyond_the_band__is_taken_as_it_is() -> None:
    room = Room(replace(TSLA_USD, reasonable_bps=0))
    traded_at(10_000, room)
    room.tick(301)
    order = room.limit(BOB, SELL, 100, 15_000)
    found = room.venue.order(order)
    assert found is not None
    assert found.price == 15_000
    assert state_of(room) is State.OPEN


def test_a_post_only_order__that_would_take_beyond_the_band__is_refused_and_halts_nothing() -> None:
    room = Room(replace(TSLA_USD, reasonable_bps=0))
    traded_at(10_000, room)
    room.tick(301)
    room.limit(BOB, SELL, 100, 11_500)
    assert refusal(room, Place(ALICE, 1, BUY, 100, Limit(11_500, post_only=True))) == "order.post_only"
    assert state_of(room) is State.OPEN


# reference prices


def test_a_reference__grown_old__lets_orders_only_make_then_halts_and_a_new_one_reopens() -> None:
    room = Room()
    room.do(Quote(1, 10_000, room.now_us))
    room.tick(299)
    assert state_of(room) is State.OPEN
    room.tick(2)
    assert state_of(room) is State.POST_ONLY
    room.do(Quote(1, 10_010, room.now_us))
    assert state_of(room) is State.OPEN
    room.tick(301)
    room.tick(1_500)
    assert state_of(room) is State.HALTED
    room.do(Quote(1, 10_020, room.now_us))
    assert state_of(room) is State.CALL
    room.tick()
    assert state_of(room) is State.OPEN


def test_a_halt__by_the_operator__is_not_ended_by_a_price() -> None:
    room = Room()
    room.do(Enter(1, State.HALTED))
    room.do(Quote(1, 10_000, room.now_us))
    room.tick(3_600)
    assert state_of(room) is State.HALTED


def test_the_collar__stands_around_the_fresh_reference__else_around_the_last_trade() -> None:
    room = Room(replace(TSLA_USD, stale_halt_us=0))
    traded_at(10_000, room)
    room.do(Quote(1, 10_400, room.now_us))
    assert room.venue.reference_of(1) == 10_400
    room.tick(301)
    assert room.venue.reference_of(1) == 10_000


def test_a_reference__older_than_the_last_or_from_the_future__is_refused() -> None:
    room = Room()
    room.do(Quote(1, 10_000, room.now_us))
    for at_us in (room.now_us - 10, room.now_us + 10**9):
        with pytest.raises(Refused) as refused:
            room.do(Quote(1, 10_000, at_us))
        assert refused.value.code == "quote.time"


def test_an_order_good_till_a_time__expires_at_the_first_clock_after_it() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000, time_in_force=TimeInForce.GTD, expires_at=room.now_us + 2_000_000)
    room.tick()
    assert room.ended() == []
    room.tick()
    assert room.ended() == [(order, "EXPIRED")]
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 0)
