"""The reference book, rule by rule, drawn where a drawing says more."""

import pytest
from tests.markets.books import BUY, SELL, Market, draw

from openscrip.markets.events import Event, Kind, Reason
from openscrip.markets.orders import (
    Amend,
    Cancel,
    Enter,
    Expire,
    Iceberg,
    Index,
    Limit,
    New,
    Phase,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
    Uncross,
)
from openscrip.markets.orders import Market as AtMarket


@pytest.fixture
def market() -> Market:
    """An empty book in continuous trading."""
    return Market()


def test_better_prices_trade_first_and_at_one_price_the_oldest(market: Market) -> None:
    first, second, better = market.place(SELL, 5, 101), market.place(SELL, 5, 101), market.place(SELL, 2, 100)
    taker = market.place(BUY, 9, 101)
    assert market.trades() == [(taker, better, 100, 2), (taker, first, 101, 5), (taker, second, 101, 2)]
    assert draw(market.book) == "         | 101 | 3"


def test_the_rest_of_a_limit_order_waits_at_its_price(market: Market) -> None:
    market.place(SELL, 3, 100)
    market.place(BUY, 5, 100)
    market.place(BUY, 4, 100)
    assert draw(market.book) == "     2 4 | 100 |"


def test_what_is_immediate_never_rests(market: Market) -> None:
    market.place(SELL, 3, 100)
    market.place(BUY, 5, Limit(100, TimeInForce.IOC))
    assert [(e.left, e.detail) for e in market.told(Kind.CANCELLED)] == [(2, Reason.IMMEDIATE)]
    assert draw(market.book) == ""


def test_fill_or_kill_takes_all_or_touches_nothing(market: Market) -> None:
    market.place(SELL, 3, 100)
    market.place(SELL, 9, Iceberg(101, 1))
    market.place(BUY, 13, Limit(101, TimeInForce.FOK))
    assert [e.detail for e in market.events] == [Reason.NOT_FILLED]
    market.place(BUY, 12, Limit(101, TimeInForce.FOK))
    assert sum(lots for *_, lots in market.trades()) == 12


def test_fill_or_kill_does_not_count_on_its_own_owner(market: Market) -> None:
    market.place(SELL, 5, 100)
    market.place(SELL, 5, 100, owner=7)
    market.place(SELL, 5, 100)
    for mode, fills in ((SelfTrade.CANCEL_NEWEST, False), (SelfTrade.CANCEL_BOTH, False), (SelfTrade.CANCEL_OLDEST, True)):
        market.place(BUY, 10, Limit(100, TimeInForce.FOK), owner=7, self_trade=mode)
        assert bool(market.trades()) is fills


def test_a_market_order_stops_at_its_collar_and_never_rests(market: Market) -> None:
    market.place(SELL, 3, 100)
    market.place(SELL, 3, 110)
    market.place(BUY, 6, AtMarket(worst=105))
    assert [e.left for e in market.told(Kind.CANCELLED)] == [3]
    assert draw(market.book) == "         | 110 | 3"


def test_a_market_order_without_a_counterpart_is_told_so(market: Market) -> None:
    market.place(BUY, 1, AtMarket(worst=100))
    assert [e.detail for e in market.told(Kind.CANCELLED)] == [Reason.NO_LIQUIDITY]


def test_a_budget_buys_whole_lots_and_is_never_passed(market: Market) -> None:
    market.place(SELL, 3, 100)
    market.place(SELL, 30, 101)
    market.place(BUY, 100, AtMarket(worst=200, budget=1_000))
    spent = sum(price * lots for _, _, price, lots in market.trades())
    assert (spent, sum(lots for *_, lots in market.trades())) == (300 + 6 * 101, 9)


def test_post_only_is_refused_whole_where_it_would_take(market: Market) -> None:
    market.place(SELL, 1, 100)
    market.place(BUY, 5, Limit(100, post_only=True))
    assert [e.detail for e in market.events] == [Reason.POST_ONLY]
    market.place(BUY, 5, Limit(99, post_only=True))
    assert draw(market.book) == "         | 100 | 1\n       5 | 99 |"


def test_an_iceberg_shows_a_part_and_each_new_part_goes_to_the_end(market: Market) -> None:
    iceberg, plain = market.place(SELL, 10, Iceberg(100, 3)), market.place(SELL, 5, 100)
    taker = market.place(BUY, 9, 100)
    assert market.trades() == [(taker, iceberg, 100, 3), (taker, plain, 100, 5), (taker, iceberg, 100, 1)]
    assert draw(market.book) == "         | 100 | 2"
    assert market.book.resting[iceberg].left == 6


def test_an_owner_never_trades_with_itself(market: Market) -> None:
    own, other = market.place(SELL, 5, 100, owner=7), market.place(SELL, 5, 100)
    newest = market.place(BUY, 8, 100, owner=7)
    assert [(e.order, e.left) for e in market.told(Kind.CANCELLED)] == [(newest, 8)]
    oldest = market.place(BUY, 3, 100, owner=7, self_trade=SelfTrade.CANCEL_OLDEST)
    assert [e.order for e in market.told(Kind.CANCELLED)] == [own]
    assert market.trades() == [(oldest, other, 100, 3)]
    own = market.place(BUY, 4, 90, owner=8)
    both = market.place(SELL, 4, 90, owner=8, self_trade=SelfTrade.CANCEL_BOTH)
    assert [e.order for e in market.told(Kind.CANCELLED)] == [own, both]
    assert all(e.detail is Reason.SELF_TRADE for e in market.told(Kind.CANCELLED))


def test_an_id_serves_once_even_after_it_was_refused(market: Market) -> None:
    market.does(New(5, 1, BUY, 0, Limit(100)))
    assert market.events == [Event(Kind.REJECTED, 5, detail=Reason.QUANTITY)]
    market.does(New(5, 1, BUY, 1, Limit(100)))
    assert market.events == [Event(Kind.REJECTED, 5, detail=Reason.ID)]


@pytest.mark.parametrize("terms", [
    Limit(0), Limit(100, TimeInForce.GTD), Limit(100, expires_at=5), Limit(100, TimeInForce.IOC, post_only=True),
    Iceberg(100, 1, expires_at=-1), AtMarket(0), AtMarket(1, -1), Stop(0, 1), Stop(1, -1), StopLimit(1, 0),
    TakeProfit(0, 0), TakeProfitLimit(0, 5), Trailing(0, 1), Trailing(1, -1), TrailingLimit(0, 0),
], ids=str)  # fmt: skip
def test_numbers_that_cannot_be__are_refused_and_change_nothing(market: Market, terms: Terms) -> None:
    market.place(SELL, 1, terms)
    assert [e.detail for e in market.events] == [Reason.PRICE]
    assert not market.book.resting
    assert not market.book.armed


def test_a_full_book_takes_no_more_and_one_that_leaves_makes_room() -> None:
    market = Market(orders_max=2)
    first = market.place(BUY, 1, 100)
    market.place(SELL, 1, StopLimit(90, 80))
    market.place(BUY, 1, 99)
    assert [e.detail for e in market.events] == [Reason.FULL]
    market.does(Cancel(first))
    market.place(BUY, 1, 99)
    assert draw(market.book) == "       1 | 99 |"


# cancel, expire, amend


def test_what_is_cancelled_is_gone_and_the_unknown_is_told(market: Market) -> None:
    order = market.place(BUY, 5, 100)
    market.does(Cancel(order))
    assert [(e.kind, e.left, e.detail) for e in market.events] == [(Kind.CANCELLED, 5, Reason.BY_OWNER)]
    market.does(Cancel(order))
    assert market.events == [Event(Kind.CANCEL_REJECTED, order, detail=Reason.UNKNOWN)]


def test_time_ends_what_had_its_time(market: Market) -> None:
    resting = market.place(BUY, 5, Limit(100, TimeInForce.GTD, 50))
    waiting = market.place(BUY, 5, StopLimit(200, 210, expires_at=60))
    kept = market.place(BUY, 5, 100)
    assert [e.order for e in market.does(Expire(49))] == []
    assert [e.order for e in market.does(Expire(60))] == [resting, waiting]
    assert list(market.book.resting) == [kept]


def test_fewer_lots_keep_the_place_and_anything_else_loses_it(market: Market) -> None:
    first, second = market.place(BUY, 5, 100), market.place(BUY, 6, 100)
    market.does(Amend(first, lots=4))
    assert draw(market.book) == "     4 6 | 100 |"
    market.does(Amend(first, lots=7))
    assert draw(market.book) == "     6 7 | 100 |"
    market.does(Amend(second, price=99))
    assert draw(market.book) == "       7 | 100 |\n       6 | 99 |"


def test_an_amended_price_may_trade(market: Market) -> None:
    ask, bid = market.place(SELL, 3, 105), market.place(BUY, 5, 100)
    market.does(Amend(bid, price=105))
    assert market.trades() == [(bid, ask, 105, 3)]
    assert draw(market.book) == "       2 | 105 |"


def test_amending_below_what_was_executed_closes(market: Market) -> None:
    order = market.place(BUY, 5, 100)
    market.place(SELL, 3, 100)
    market.does(Amend(order, lots=3))
    assert [(e.left, e.detail) for e in market.told(Kind.CANCELLED)] == [(2, Reason.FILLED_MORE)]


def test_a_post_only_order_cannot_be_amended_into_taking(market: Market) -> None:
    market.place(SELL, 1, 101)
    order = market.place(BUY, 5, Limit(100, post_only=True))
    market.does(Amend(order, price=101))
    assert market.events == [Event(Kind.AMEND_REJECTED, order, detail=Reason.POST_ONLY)]
    assert draw(market.book) == "         | 101 | 1\n       5 | 100 |"


# orders that wait


def trade_at(market: Market, price: int) -> None:
    """Let two strangers print `price`."""
    market.place(SELL, 1, price)
    market.place(BUY, 1, price)


def test_stops_fire_in_the_order_in_which_the_price_came_past_them(market: Market) -> None:
    trade_at(market, 100)
    far, near = market.place(SELL, 1, StopLimit(90, 200)), market.place(SELL, 1, StopLimit(95, 201))
    trade_at(market, 80)
    assert [(e.order, e.price) for e in market.told(Kind.TRIGGERED)] == [(near, 80), (far, 80)]


@pytest.mark.parametrize(("side", "terms", "at"), [
    (SELL, Stop(90, 0), 90), (BUY, Stop(110, 0), 110), (SELL, TakeProfit(110, 0), 110), (BUY, TakeProfit(90, 0), 90),
    (SELL, TakeProfitLimit(110, 300), 110), (BUY, StopLimit(110, 1), 110),
], ids=str)  # fmt: skip
def test_each_kind_fires_where_it_says_and_one_tick_before_it_waits(market: Market, side: Side, terms: Terms, at: int) -> None:
    trade_at(market, 100)
    order = market.place(side, 1, terms)
    trade_at(market, at + 1 if at < 100 else at - 1)
    assert order in market.book.armed
    trade_at(market, at)
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [order]


def test_a_trigger_that_is_met_already_fires_at_once(market: Market) -> None:
    trade_at(market, 100)
    order = market.place(SELL, 1, StopLimit(100, 120))
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [order]
    assert draw(market.book) == "         | 120 | 1"


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back(market: Market) -> None:
    trade_at(market, 100)
    order = market.place(SELL, 1, TrailingLimit(5, 10))
    for price in (104, 110, 106):
        trade_at(market, price)
    assert market.book.armed[order].trigger == 105
    trade_at(market, 105)
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [order]
    assert draw(market.book) == "         | 115 | 1"


def test_a_fired_stop_may_fire_the_next(market: Market) -> None:
    trade_at(market, 100)
    market.place(BUY, 1, 90)
    market.place(BUY, 1, 80)
    first, second = market.place(SELL, 1, Stop(95, 50)), market.place(SELL, 1, Stop(90, 50))
    trade_at(market, 95)
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [first, second]
    assert [trade[2] for trade in market.trades()] == [95, 90, 80]


def test_an_index_fires_only_what_waits_for_it(market: Market) -> None:
    trade_at(market, 100)
    by_last = market.place(SELL, 1, StopLimit(95, 200))
    by_index = market.place(SELL, 1, StopLimit(95, 200, Reference.INDEX))
    market.does(Index(95))
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [by_index]
    assert by_last in market.book.armed


def test_too_many_activations_halt_the_book_and_lose_no_order() -> None:
    market = Market(activations_max=20)
    trade_at(market, 100)
    for _ in range(25):
        market.place(SELL, 1, StopLimit(90, 200))
    trade_at(market, 90)
    assert market.book.phase is Phase.HALTED
    assert (len(market.book.armed), len(market.book.resting)) == (5, 20)


# phases and auctions


def test_a_halted_book_takes_nothing_and_lets_out(market: Market) -> None:
    order = market.place(BUY, 5, 100)
    market.does(Enter(Phase.HALTED))
    market.place(BUY, 1, 100)
    assert [e.detail for e in market.events] == [Reason.PHASE]
    market.does(Amend(order, lots=6))
    assert [e.detail for e in market.events] == [Reason.PHASE]
    market.does(Amend(order, lots=4))
    market.does(Cancel(order))
    assert [e.left for e in market.events] == [4]


def test_a_call_gathers_crossing_orders_and_trades_none(market: Market) -> None:
    market.does(Enter(Phase.CALL))
    market.place(BUY, 5, 105)
    market.place(SELL, 5, 95)
    assert market.trades() == []
    market.place(BUY, 5, AtMarket(200))
    assert [e.detail for e in market.events] == [Reason.PHASE]
    market.does(Enter(Phase.CONTINUOUS))
    assert [e.detail for e in market.events] == [Reason.CROSSED]


def uncrossed(orders: list[tuple[Side, int, int]], reference: int = 100) -> tuple[int, int]:
    """The price and volume of an auction over limit orders."""
    market = Market()
    market.does(Enter(Phase.CALL))
    for side, lots, price in orders:
        market.place(side, lots, price)
    market.does(Uncross(reference))
    [told] = market.told(Kind.UNCROSSED)
    assert all(trade[2] == told.price for trade in market.trades())
    assert sum(trade[3] for trade in market.trades()) == told.lots
    return told.price, told.lots


def test_an_auction_trades_the_most_it_can() -> None:
    assert uncrossed([(BUY, 10, 105), (BUY, 10, 101), (SELL, 10, 95), (SELL, 10, 101)]) == (101, 20)


def test_of_equal_volumes_the_least_surplus_decides() -> None:
    assert uncrossed([(BUY, 10, 105), (BUY, 5, 100), (SELL, 10, 98)], reference=99) == (105, 10)


def test_a_surplus_of_buyers_takes_the_highest_price_of_sellers_the_lowest() -> None:
    assert uncrossed([(BUY, 15, 105), (SELL, 10, 95)], reference=100) == (105, 10)
    assert uncrossed([(BUY, 10, 105), (SELL, 15, 95)], reference=100) == (95, 10)


def test_without_a_surplus_the_reference_decides() -> None:
    assert uncrossed([(BUY, 10, 105), (SELL, 10, 95)], reference=97) == (97, 10)
    assert uncrossed([(BUY, 10, 105), (SELL, 10, 95)], reference=300) == (105, 10)


def test_hidden_lots_trade_in_an_auction_and_waiting_orders_fire_after_it(market: Market) -> None:
    trade_at(market, 100)
    stop = market.place(SELL, 1, StopLimit(97, 130))
    market.does(Enter(Phase.CALL))
    market.place(SELL, 9, Iceberg(96, 2))
    market.place(BUY, 9, 97)
    market.does(Uncross(96))
    assert sum(trade[3] for trade in market.trades()) == 9
    assert [e.order for e in market.told(Kind.TRIGGERED)] == [stop]
    assert market.book.phase is Phase.CONTINUOUS


def test_post_only_orders_that_would_take_leave_before_an_auction(market: Market) -> None:
    market.does(Enter(Phase.CALL))
    maker = market.place(BUY, 5, Limit(105, post_only=True))
    market.place(BUY, 5, 101)
    market.place(SELL, 5, 100)
    market.does(Uncross(100))
    assert [e.order for e in market.told(Kind.CANCELLED)] == [maker]
    assert sum(trade[3] for trade in market.trades()) == 5
