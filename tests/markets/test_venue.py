"""Orders at the venue: what they hold, what a fill costs, how they end; money in and out; and that it all comes again."""

import pytest
from tests.markets.venue_room import (
    AAPL_USD,
    ALICE,
    BOB,
    CAROL,
    MONEY,
    SECOND_US,
    TOKENS,
    TSLA,
    TSLA_USD,
    USD,
    Room,
    reference_venue,
    small_book,
)

from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.markets.accounts import HOUSE
from openscrip.markets.commands import (
    CancelAfter,
    Cause,
    Change,
    Clock,
    Credit,
    Enrol,
    GiveBack,
    Nonce,
    Open,
    PayOut,
    Place,
    Reserve,
    SetFees,
    Stop,
    Take,
    Tier,
)
from openscrip.markets.facts import Measured, Moved, OrderAmended, OrderDone, OrderNew, OrderTraded, Printed
from openscrip.markets.fees import DAY_US
from openscrip.markets.orders import ID_STEP_MAX, Iceberg, Limit, Market, SelfTrade, Side, StopLimit, TimeInForce, Trailing
from openscrip.markets.orders import Stop as StopOrder
from openscrip.markets.venue import Venue

BUY, SELL = Side.BUY, Side.SELL
LOT = 10_000
"""Units of 1e-8 token in a lot of 0.0001."""


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


# holds


def test_a_buy__resting__holds_its_value_and_the_highest_fee_a_lot_rounded_up() -> None:
    room = Room()
    room.limit(ALICE, BUY, 100, 34_567)
    # 345.67 x 0.01 = 3.456700; the fee of a lot, 34.567, rounds up to 35.
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 100 * (34_567 + 35))


def test_a_sell__resting__holds_its_tokens() -> None:
    room = Room()
    room.limit(ALICE, SELL, 100, 34_567)
    assert room.venue.balances(ALICE)[TSLA.number] == (TOKENS, 100 * LOT)


def test_a_buy__filled_below_its_limit__pays_the_makers_price_and_holds_nothing_more() -> None:
    room = Room()
    room.limit(BOB, SELL, 100, 10_000)
    room.limit(ALICE, BUY, 100, 10_500)
    assert room.venue.balances(ALICE) == {1: (MONEY - 1_000_000 - 1_000, 0), 2: (TOKENS + 100 * LOT, 0), 3: (TOKENS, 0)}
    assert room.venue.balances(BOB)[USD.number] == (MONEY + 1_000_000, 0)
    assert room.venue.balances(HOUSE) == {USD.number: (1_000, 0)}


def test_a_hold__order_cancelled__is_free_again() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    room.do(Take(ALICE, order))
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 0)
    assert room.ended() == [(order, "CANCELLED")]


@pytest.mark.parametrize(("side", "lots", "price"), [(BUY, 10_000_000, 10_000), (SELL, 10_000_001, 10_000)])
def test_an_order__beyond_what_is_free__is_refused_and_changes_nothing(side: Side, lots: int, price: int) -> None:
    room = Room()
    before, written = room.venue.state(), len(room.records)
    with pytest.raises(Refused) as refused:
        room.limit(ALICE, side, lots, price)
    assert code_of(refused) == "order.funds"
    assert (room.venue.state(), len(room.records), room.venue.told()) == (before, written, [])


def test_a_waiting_buy__the_price_jumps_over_it__pays_no_more_than_its_hold() -> None:
    room = Room()
    room.limit(BOB, SELL, 1, 10_000)
    room.limit(CAROL, BUY, 1, 10_000)
    order = room.do(Place(ALICE, 1, BUY, 100, StopOrder(10_100, 50))).order
    assert room.venue.balances(ALICE)[USD.number][1] == 100 * (10_150 + 11)
    room.limit(BOB, SELL, 1, 10_900)
    room.limit(BOB, SELL, 1_000, 10_950)
    room.limit(CAROL, BUY, 1, 10_900)
    assert (order, "IMMEDIATE") in room.ended()
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 0)


def test_a_trailing_buy__holds_its_first_trigger__and_less_when_it_rests() -> None:
    room = Room()
    with pytest.raises(Refused) as refused:
        room.do(Place(ALICE, 1, BUY, 100, Trailing(50, 10)))
    assert code_of(refused) == "order.price"
    room.limit(BOB, SELL, 1, 10_000)
    room.limit(CAROL, BUY, 1, 10_000)
    room.do(Place(ALICE, 1, BUY, 100, Trailing(50, 10)))
    assert room.venue.balances(ALICE)[USD.number][1] == 100 * (10_060 + 11)


# fees


def test_fees__by_schedule__are_rounded_up_and_rebates_down() -> None:
    room = Room()
    room.do(SetFees(0, ((0, 1_000, -333),)))
    room.limit(BOB, SELL, 100, 10_001)
    room.limit(ALICE, BUY, 100, 10_001)
    # 1.000100: 0.10 % is 1000.1 up, 0.0333 % is 333.0333 down.
    assert [fee for *_rest, fee in room.traded()] == [1_001, -333]
    assert room.venue.balances(HOUSE) == {USD.number: (668, 0)}


def test_a_rebate__above_the_lowest_takers_rate__is_refused() -> None:
    room = Room()
    with pytest.raises(Malformed) as refused:
        room.do(SetFees(1, ((0, 100, -200),)))
    assert code_of(refused) == "fees.rebate"


def test_a_tier__reached_by_volume__counts_from_midnight() -> None:
    room = Room()
    room.do(SetFees(0, ((0, 1_000, 0), (500_000, 500, 0))))
    for _ in range(2):
        room.limit(BOB, SELL, 100, 10_000)
        room.limit(ALICE, BUY, 100, 10_000)
    assert room.venue.volume_30d(ALICE) == 2_000_000
    assert room.venue.rates_of(ALICE, 1) == (1_000, 0)
    room.tick(DAY_US // SECOND_US)
    assert room.venue.rates_of(ALICE, 1) == (500, 0)
    room.tick(30 * DAY_US // SECOND_US)
    assert room.venue.volume_30d(ALICE) == 0
    assert room.venue.rates_of(ALICE, 1) == (1_000, 0)


def test_an_order__its_owners_tier_raised_since__pays_what_it_was_held_for() -> None:
    room = Room()
    room.do(SetFees(1, ((0, 4_000, 4_000),)))
    room.limit(ALICE, BUY, 100, 10_000)
    room.do(Tier(ALICE, 1))
    room.limit(BOB, SELL, 100, 10_000)
    assert {fact.fee for fact in room.told(OrderTraded) if isinstance(fact, OrderTraded) and fact.account == ALICE} == {1_000}


def test_a_maker__obligation_kept_over_the_day__is_paid_from_the_fees() -> None:
    room = Room()
    room.do(Enrol(BOB, 1, 100, 50, 9_000, 400))
    room.limit(BOB, BUY, 50, 9_990)
    room.limit(BOB, SELL, 150, 10_010)
    room.limit(ALICE, BUY, 100, 10_010)
    for _ in range(9):
        room.tick()
    room.do(Take(BOB))
    room.tick()
    before = room.venue.balances(BOB)[USD.number][0]
    room.told()
    room.now_us += DAY_US
    room.do(Clock(room.now_us))
    told = room.told(Measured, Moved)
    # Nine samples of eleven kept would not do, had there been eleven: the tick at midnight samples as well.
    measured = next(fact for fact in told if isinstance(fact, Measured))
    assert (measured.samples, measured.kept, measured.value) == (11, 9, 1_001_000)
    assert measured.paid == 0
    assert room.venue.balances(BOB)[USD.number][0] == before
    room.limit(BOB, BUY, 50, 9_990)
    room.limit(BOB, SELL, 150, 10_010)
    room.limit(ALICE, BUY, 100, 10_010)
    room.told()
    room.now_us += DAY_US
    room.do(Clock(room.now_us))
    moved = [(fact.account, fact.amount) for fact in room.told(Moved) if isinstance(fact, Moved)]
    assert moved == [(HOUSE, -400), (BOB, 400)]


# orders


def test_a_market_order__without_a_limit__gets_the_collar_rounded_toward_the_reference() -> None:
    room = Room()
    room.limit(BOB, SELL, 1, 10_001)
    room.limit(ALICE, BUY, 1, 10_001)
    room.told()
    room.limit(BOB, SELL, 100, 10_501)
    room.do(Place(ALICE, 1, BUY, 100, Market(0)))
    new = [fact for fact in room.told(OrderNew) if isinstance(fact, OrderNew)][-1]
    # 100.01 + 5 % = 105.0105: one tick short of the offer.
    assert new.terms == Market(10_501)
    room.do(Place(ALICE, 1, SELL, 100, Market(0)))
    sold = [fact for fact in room.told(OrderNew) if isinstance(fact, OrderNew)][-1]
    assert sold.terms == Market(9_976)


def test_a_market_buy__for_a_sum__spends_no_more_than_it() -> None:
    room = Room()
    room.limit(BOB, SELL, 100, 10_000)
    room.limit(BOB, SELL, 1_000, 10_010)
    room.do(Place(ALICE, 1, BUY, 0, Market(0), spend=1_505_000))
    done = [fact for fact in room.told(OrderDone) if isinstance(fact, OrderDone)][-1]
    assert (done.filled, done.cost) == (150, 1_000_000 + 50 * 10_010)
    assert room.venue.balances(ALICE)[USD.number] == (MONEY - done.cost - done.fees, 0)


def test_reduce_only__more_than_is_free__is_clipped_and_a_buy_is_refused() -> None:
    room = Room()
    room.limit(ALICE, SELL, 9_999_000, 10_000)
    order = room.limit(ALICE, SELL, 5_000, 10_000, reduce_only=True)
    assert room.venue.order(order).lots == 1_000  # type: ignore[union-attr]  # it is open
    for side in (BUY, SELL):
        with pytest.raises(Refused) as refused:
            room.limit(ALICE, side, 10, 10_000, reduce_only=True)
        assert code_of(refused) == "order.reduce_only"


def test_a_client_id__of_an_open_order__is_refused_until_that_ends() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000, client_id="mine")
    assert room.venue.order_of_client(ALICE, "mine") == order
    with pytest.raises(Refused) as refused:
        room.limit(ALICE, BUY, 100, 10_000, client_id="mine")
    assert code_of(refused) == "client_id.used"
    room.limit(BOB, BUY, 100, 10_000, client_id="mine")
    room.do(Take(ALICE, order))
    assert room.limit(ALICE, BUY, 100, 10_000, client_id="mine") > order


def test_fill_or_kill__not_fillable__ends_at_once_and_holds_nothing() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000, time_in_force=TimeInForce.FOK)
    assert room.ended() == [(order, "NOT_FILLED")]
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 0)


def test_an_order__meeting_one_of_its_owner__is_cancelled_as_it_says() -> None:
    room = Room()
    resting = room.limit(ALICE, SELL, 100, 10_000)
    newest = room.limit(ALICE, BUY, 100, 10_000)
    assert room.ended() == [(newest, "SELF_TRADE")]
    both = room.limit(ALICE, BUY, 100, 10_000, self_trade=SelfTrade.CANCEL_BOTH)
    assert room.ended() == [(resting, "SELF_TRADE"), (both, "SELF_TRADE")]
    assert room.venue.balances(ALICE) == {1: (MONEY, 0), 2: (TOKENS, 0), 3: (TOKENS, 0)}


def test_another_accounts_order__cancelled_or_amended__is_unknown() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    for command in (Take(BOB, order), Change(BOB, order, lots=10)):
        with pytest.raises(Refused) as refused:
            room.do(command)
        assert code_of(refused) == "order.unknown"
    assert room.do(Take(0, order, cause=Cause.BY_OPERATOR)).count == 1


def test_an_amendment__holds_what_the_order_needs_then() -> None:
    room = Room()
    order = room.limit(ALICE, BUY, 100, 10_000)
    room.do(Change(ALICE, order, lots=50))
    assert room.venue.balances(ALICE)[USD.number][1] == 50 * 10_010
    room.do(Change(ALICE, order, lots=200, price=10_100))
    assert room.venue.balances(ALICE)[USD.number][1] == 200 * (10_100 + 11)
    told = [fact for fact in room.told(OrderAmended) if isinstance(fact, OrderAmended)]
    assert [(each.lots, each.price, each.kept_place) for each in told] == [(50, 10_000, True), (200, 10_100, False)]
    with pytest.raises(Refused) as refused:
        room.do(Change(ALICE, order, lots=20_000_000))
    assert code_of(refused) == "order.funds"


def test_an_amendment__that_only_checks__does_nothing() -> None:
    room = Room()
    order, before = room.limit(ALICE, BUY, 100, 10_000), room.venue.digest
    room.venue.check(Change(ALICE, order, lots=50), room.now_us)
    room.venue.check(Place(ALICE, 1, BUY, 100, Limit(10_000)), room.now_us)
    with pytest.raises(Refused):
        room.venue.check(Place(ALICE, 1, BUY, 10**7, Limit(10_000)), room.now_us)
    assert room.venue.digest == before


def test_the_dead_mans_switch__not_renewed__takes_all_orders_out() -> None:
    room = Room(TSLA_USD, AAPL_USD)
    room.limit(ALICE, BUY, 100, 10_000)
    room.do(Place(ALICE, 2, BUY, 100, Limit(10_000)))
    room.do(CancelAfter(ALICE, room.now_us + 5 * SECOND_US))
    assert room.tick().count == 0
    room.do(CancelAfter(ALICE, room.now_us + 5 * SECOND_US))
    assert room.tick(4).count == 0
    assert room.tick(2).count == 2
    assert {fact.cause for fact in room.told(OrderDone) if isinstance(fact, OrderDone)} == {Cause.DEAD_MAN}


def test_a_lost_connection__cancels_what_its_account_had_open() -> None:
    room = Room()
    room.limit(ALICE, BUY, 100, 10_000)
    kept = room.limit(BOB, BUY, 100, 10_000)
    assert room.do(Take(ALICE, cause=Cause.DISCONNECTED)).count == 1
    assert list(room.venue.orders) == [kept]


@pytest.mark.parametrize("stopped", [ALICE, HOUSE])
def test_the_kill_switch__of_an_account_or_the_venue__takes_orders_out_and_lets_none_in(stopped: int) -> None:
    room = Room()
    room.limit(ALICE, BUY, 100, 10_000)
    assert room.do(Stop(stopped, on=True)).count == 1
    with pytest.raises(Refused) as refused:
        room.limit(ALICE, BUY, 100, 10_000)
    assert code_of(refused) == ("account.stopped" if stopped else "venue.stopped")
    room.do(Stop(stopped, on=False))
    assert room.limit(ALICE, BUY, 100, 10_000)


def test_an_iceberg__filled_past_what_shows__pays_for_every_part() -> None:
    room = Room()
    room.do(Place(BOB, 1, SELL, 100, Iceberg(10_000, 30)))
    room.limit(ALICE, BUY, 70, 10_000)
    assert [lots for _order, _price, lots, _fee in room.traded()] == [30, 30, 30, 30, 10, 10]
    assert room.venue.balances(BOB)[TSLA.number] == (TOKENS - 70 * LOT, 30 * LOT)


def test_a_stop_limit__fired__rests_with_its_own_hold() -> None:
    room = Room()
    order = room.do(Place(ALICE, 1, BUY, 100, StopLimit(10_050, 10_020))).order
    room.limit(BOB, SELL, 1, 10_060)
    room.limit(CAROL, BUY, 1, 10_060)
    found = room.venue.order(order)
    assert found is not None
    assert (found.price, found.is_waiting, found.held) == (10_020, False, 100 * (10_020 + 11))


def test_a_trade__is_told_to_both_and_to_everybody() -> None:
    room = Room()
    room.limit(BOB, SELL, 100, 10_000)
    room.limit(ALICE, BUY, 60, 10_000)
    taker, maker = (fact for fact in room.venue.facts if isinstance(fact, OrderTraded))
    assert (taker.is_maker, maker.is_maker, taker.trade, maker.trade) == (False, True, 1, 1)
    assert (taker.left, maker.left, maker.entry - taker.entry) == (0, 40, 2)
    printed = [fact for fact in room.told(Printed) if isinstance(fact, Printed)]
    assert [(each.side, each.price, each.lots, each.value) for each in printed] == [(BUY, 10_000, 60, 600_000)]


def test_a_book__idle_while_others_took_a_million_orders__is_led_to_the_venues_numbers() -> None:
    room = Room(TSLA_USD, AAPL_USD)
    room.venue.last_order = 3 * ID_STEP_MAX
    order = room.limit(ALICE, BUY, 100, 10_000)
    assert order == 3 * ID_STEP_MAX + 1
    assert room.venue.order(order) is not None


# money in and out


def test_a_credit__of_a_reference_used_before__is_refused() -> None:
    room = Room()
    room.do(Credit(ALICE, 1, 5, "deposit 1"))
    with pytest.raises(Conflict) as refused:
        room.do(Credit(ALICE, 1, 5, "deposit 1"))
    assert code_of(refused) == "credit.known"
    assert room.venue.balances(ALICE)[USD.number] == (MONEY + 5, 0)


def test_a_withdrawal__reserved__is_held_then_gone_or_free_again() -> None:
    room = Room()
    room.do(Reserve(ALICE, 1, 600, "out 1"))
    room.do(Reserve(ALICE, 1, 400, "out 2"))
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 1_000)
    room.do(PayOut("out 1"))
    assert room.venue.balances(ALICE)[USD.number] == (MONEY - 600, 400)
    room.do(GiveBack("out 2"))
    assert room.venue.balances(ALICE)[USD.number] == (MONEY - 600, 0)
    for command, code in ((GiveBack("out 1"), "withdrawal.paid"), (PayOut("out 2"), "withdrawal.given_back")):
        with pytest.raises(Refused) as refused:
            room.do(command)
        assert code_of(refused) == code


def test_a_withdrawal__of_what_orders_hold__is_refused() -> None:
    room = Room()
    room.limit(ALICE, BUY, 9_990_000, 9_990)
    with pytest.raises(Refused) as refused:
        room.do(Reserve(ALICE, 1, 10**9, "out"))
    assert code_of(refused) == "withdrawal.funds"


def test_an_account__opened_twice__is_refused() -> None:
    room = Room()
    for number, name in ((ALICE, "other"), (9, "alice")):
        with pytest.raises(Conflict):
            room.do(Open(number, name))


# again


def test_the_venue__from_its_records_or_its_state__is_the_same_again() -> None:
    room = Room(TSLA_USD, AAPL_USD)
    for number in range(50):
        room.limit(1 + number % 3, Side(number % 2), 10 + number, 10_000 + number % 7, client_id=f"client {number}")
        room.do(Place(1 + number % 2, 2, Side(number % 2), 10, Limit(10_000)))
    room.do(Nonce(7, 2**64 - 1))
    venue = room.venue
    for tell in (False, True):
        again = Venue(small_book)
        again.replay(room.rows(), tell=tell)
        assert (again.state(), again.digest, again.nonce(7)) == (venue.state(), venue.digest, 2**64 - 1)
        assert bool(again.told()) is tell
    loaded = reference_venue()
    loaded.load(venue.state())
    assert (loaded.state(), loaded.digest) == (venue.state(), venue.digest)
    order = loaded.order_of_client(1, "client 48")
    assert order == venue.order_of_client(1, "client 48")


def test_a_state__that_is_none__is_refused() -> None:
    for damaged in (b"", b"\xc1", b"\x93\x01\x02\x03"):
        with pytest.raises(ValueError, match="state"):
            Venue().load(damaged)


def test_the_digest__of_any_change__is_another() -> None:
    room, seen = Room(), set()
    for change in range(1, 6):
        room.do(Credit(ALICE, 1, change, f"deposit {change}"))
        seen.add(room.venue.digest)
        room.limit(BOB, BUY, 100, 9_000 + change)
        seen.add(room.venue.digest)
    assert len(seen) == 10
    assert max(seen) < 2**64
