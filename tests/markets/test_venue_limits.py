"""What the venue refuses before a book sees it, each refusal beside what is taken."""

from dataclasses import replace
from typing import Any

import pytest
from tests.markets.venue_room import AAPL, ALICE, BOB, MONEY, TSLA, TSLA_USD, USD, Room

from openscrip.kernel.errors import Malformed, Refused
from openscrip.markets.commands import Change, List, Place, Quote
from openscrip.markets.facts import OrderNew
from openscrip.markets.instruments import Directory, Instrument, money, token
from openscrip.markets.orders import (
    LOTS_MAX,
    PRICE_MAX,
    Iceberg,
    Limit,
    Market,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
    Trailing,
    TrailingLimit,
)

BUY, SELL = Side.BUY, Side.SELL
COARSE = replace(TSLA_USD, tick=5, lots_min=10, cost_min=1_000_000, orders_max=3)
GOOD: dict[str, Any] = {"account": ALICE, "instrument": 1, "side": BUY, "lots": 200, "terms": Limit(10_000)}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"account": 99}, "account.unknown"),
        ({"account": 0}, "account.unknown"),
        ({"instrument": 9}, "query.pair"),
        ({"deadline_us": 1}, "deadline.elapsed"),
        ({"lots": 9}, "order.minimum"),
        ({"lots": 0}, "order.minimum"),
        ({"lots": -5}, "order.minimum"),
        ({"lots": 99}, "order.cost"),
        ({"lots": LOTS_MAX + 1}, "order.price"),
        ({"lots": LOTS_MAX}, "order.invalid"),
        ({"lots": 10**10}, "order.funds"),
        ({"side": SELL, "lots": 10**10}, "order.funds"),
        ({"terms": Limit(10_001)}, "order.tick"),
        ({"terms": Limit(0)}, "order.price"),
        ({"terms": Limit(-5)}, "order.price"),
        ({"terms": Limit(PRICE_MAX + 1)}, "order.price"),
        ({"terms": Limit(12_005)}, "order.price"),
        ({"terms": Limit(7_995), "side": SELL}, "order.price"),
        ({"terms": Limit(10_000, TimeInForce.GTD)}, "order.invalid"),
        ({"terms": Limit(10_000, TimeInForce.GTC, 5)}, "order.invalid"),
        ({"terms": Limit(10_000, TimeInForce.GTD, 5)}, "order.invalid"),
        ({"terms": Limit(10_000, TimeInForce.IOC, 0, post_only=True)}, "order.invalid"),
        ({"terms": Iceberg(10_000, 0)}, "order.invalid"),
        ({"terms": Iceberg(10_000, 201)}, "order.invalid"),
        ({"terms": Market(-1)}, "order.price"),
        ({"terms": Stop(10_001, 5)}, "order.tick"),
        ({"terms": Stop(10_000, -5)}, "order.price"),
        ({"terms": StopLimit(10_000, 0)}, "order.price"),
        ({"terms": StopLimit(10_000, 10_001)}, "order.tick"),
        ({"terms": Trailing(0, 5)}, "order.price"),
        ({"terms": Trailing(10, 5)}, "order.price"),
        ({"terms": TrailingLimit(10, -PRICE_MAX - 1)}, "order.price"),
        ({"client_id": "x" * 37}, "order.invalid"),
        ({"user_reference": 2**31}, "order.invalid"),
        ({"spend": 10**7}, "order.invalid"),
        ({"spend": 10**7, "lots": 0, "side": SELL, "terms": Market(0)}, "order.invalid"),
    ],
    ids=str,
)
def test_an_order__as_it_must_not_be__is_refused_by_its_rule(changed: dict[str, Any], code: str) -> None:
    room = Room(COARSE)
    room.do(Quote(1, 10_000, room.now_us))
    before = room.venue.state()
    with pytest.raises(Refused) as refused:
        room.do(Place(**{**GOOD, **changed}))
    assert refused.value.code == code
    assert room.venue.state() == before
    assert room.do(Place(**GOOD)).order


def test_a_limit__far_on_its_harmless_side__is_taken() -> None:
    room = Room(COARSE)
    room.do(Quote(1, 10_000, room.now_us))
    room.do(Place(ALICE, 1, BUY, 2_000, Limit(1_000)))
    room.do(Place(ALICE, 1, SELL, 200, Limit(30_000)))


def test_open_orders__as_many_as_the_instrument_allows__and_no_more() -> None:
    room = Room(COARSE)
    for _ in range(3):
        room.do(Place(**GOOD))
    with pytest.raises(Refused) as refused:
        room.do(Place(**GOOD))
    assert refused.value.code == "order.limit"
    room.do(Place(**{**GOOD, "account": BOB}))


def test_a_client_id__of_thirty_six_bytes__comes_back_in_the_facts() -> None:
    room = Room()
    name, reference = "ä" * 18, -(2**31)
    room.do(Place(**GOOD, client_id=name, user_reference=reference))
    (new,) = [fact for fact in room.told(OrderNew) if isinstance(fact, OrderNew)]
    assert (new.client_id, new.user_reference) == (name, reference)


def test_a_waiting_market_order__without_slippage__gets_the_collars() -> None:
    room = Room()
    room.do(Place(ALICE, 1, SELL, 100, Stop(10_000, 0)))
    (new,) = [fact for fact in room.told(OrderNew) if isinstance(fact, OrderNew)]
    assert new.terms == Stop(10_000, 500)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"lots": -1}, "order.invalid"),
        ({"price": 10_001}, "order.price"),
        ({"price": 12_005}, "order.price"),
        ({"display": 5}, "order.invalid"),
        ({"trigger": 5}, "order.price"),
        ({"lots": LOTS_MAX}, "order.funds"),
        ({"deadline_us": 1}, "deadline.elapsed"),
    ],
    ids=str,
)
def test_an_amendment__as_it_must_not_be__is_refused_by_its_rule(changed: dict[str, int], code: str) -> None:
    room = Room(COARSE)
    room.do(Quote(1, 10_000, room.now_us))
    order = room.do(Place(**GOOD)).order
    with pytest.raises(Refused) as refused:
        room.do(Change(ALICE, order, **changed))
    assert refused.value.code == code
    assert room.venue.balances(ALICE)[USD.number] == (MONEY, 200 * 10_010)


def test_an_amendment__of_what_waits__changes_trigger_and_limit_with_the_hold() -> None:
    room = Room()
    order = room.do(Place(ALICE, 1, BUY, 100, StopLimit(10_100, 10_200))).order
    room.do(Change(ALICE, order, lots=50, price=10_300, trigger=10_150))
    found = room.venue.order(order)
    assert found is not None
    assert (found.trigger, found.price, found.left, found.held) == (10_150, 10_300, 50, 50 * (10_300 + 11))
    assert found.terms == StopLimit(10_150, 10_300)


# instruments


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 0}, {"quote": TSLA}, {"price_decimals": -1}, {"lot_decimals": 9}, {"price_decimals": 3}, {"tick": 0},
        {"multiplier": (1, 0)}, {"collar_bps": 0}, {"band_bps": 10_000}, {"halt_us": -1}, {"fees": -1},
    ],
    ids=str,
)  # fmt: skip
def test_an_instrument__whose_sums_would_not_be_exact_or_bounded__is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        replace(TSLA_USD, **changed)


def test_a_value__in_ticks_and_lots__is_exact_in_the_quote() -> None:
    assert TSLA_USD.value(34_567, 12_500) == 432_087_500
    assert replace(TSLA_USD, price_decimals=1, lot_decimals=2).value(3_456, 125) == 432_000_000
    assert (TSLA_USD.symbol, TSLA_USD.name, TSLA_USD.lot_units) == ("TSLAx/USD", "TSLAxUSD", 10_000)


def test_the_directory__by_any_name_in_either_case__finds_one() -> None:
    directory = Directory()
    for asset in (USD, TSLA, AAPL):
        directory.admit(asset)
    directory.list(TSLA_USD)
    for name in ("TSLAxUSD", "tslax/usd", "TSLAX/USD"):
        assert directory.find(name) is TSLA_USD
    assert directory.find_asset("usd") is directory.find_asset("ZUSD") is USD
    assert directory.find("AAPLxUSD") is None


def test_a_listing__under_a_name_or_number_of_another__is_refused() -> None:
    room = Room()
    other = Instrument(2, TSLA, USD)
    finer = replace(TSLA_USD, price_decimals=1, lot_decimals=5)
    for instrument in (other, finer, Instrument(3, token(9, "MSFTx"), USD), replace(TSLA_USD, fees=4)):
        with pytest.raises(Refused):
            room.do(List(instrument))
    directory = room.venue.instruments
    for asset in (token(9, "tslaX"), money(2, "EUR"), replace(USD, decimals=4)):
        with pytest.raises(Refused):
            directory.admit(asset)
