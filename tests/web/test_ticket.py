"""The order ticket: what the venue is told, what can come of it, and what is wrong with it before it is sent."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, tuples

from openscrip.web.pages.trade_estimate import Estimate, Walk, estimate_of, walk
from openscrip.web.pages.trade_ticket import KINDS, OrderAsked, errors_of, told_to_venue, worst_of
from openscrip.web.trading import BookNow, MarketNow, TradedPair, fixed, multiplier_of, rate_millionths

PAIR = TradedPair("TSLAxUSD", "TSLAx/USD", "TSLAx", "USD", 2, 4, rate_millionths("0.1"), multiplier_of("3/2"))
FIELDS = {
    "price": "311.21",
    "trigger": "310.00",
    "offset": "2%",
    "limit_offset": "-0.50",
    "shown": "1",
}
BOOK = BookNow(bids=[(31_098, 40_000), (31_050, 60_000)], asks=[(31_101, 30_000), (31_110, 50_000), (32_900, 500_000)])
"""Three for 311.01, five for 311.10, fifty for 329.00; the middle is 310.995."""
NOW = MarketNow(PAIR, "open", 31_100, 31_100, None, collar_buy=32_655, collar_sell=29_545)


def asked(kind: str, **more: str) -> OrderAsked:
    return OrderAsked.model_validate({"side": "buy", "kind": kind, "quantity": "10", **FIELDS, **more})


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("market", {}),
        ("limit", {"price": "311.21"}),
        ("iceberg", {"price": "311.21", "displayvol": "1"}),
        ("stop-loss", {"price": "310.00", "trigger": "last"}),
        ("stop-loss-limit", {"price": "310.00", "trigger": "last", "price2": "311.21"}),
        ("take-profit", {"price": "310.00", "trigger": "last"}),
        ("take-profit-limit", {"price": "310.00", "trigger": "last", "price2": "311.21"}),
        ("trailing-stop", {"price": "+2%", "trigger": "last"}),
        ("trailing-stop-limit", {"price": "+2%", "trigger": "last", "price2": "-0.50"}),
    ],
)
def test_each_kind_is_told_with_the_prices_that_are_its_own(kind: str, told: dict[str, str]) -> None:
    found = dict(told_to_venue(asked(kind), PAIR, "web-1"))
    common = {"pair": "TSLAxUSD", "type": "buy", "ordertype": kind, "volume": "10", "stptype": "cancel-newest"}
    assert len(found.pop("cl_ord_id")) == 36
    time = {} if kind == "market" else {"timeinforce": "GTC"}
    assert found == common | told | time
    assert errors_of(asked(kind), PAIR) == {}


def test_every_kind_of_the_list_can_be_asked_for() -> None:
    assert {kind for kind, _ in KINDS} == set(get_args(OrderAsked.model_fields["kind"].annotation))


def test_the_same_form_is_the_same_order_and_another_form_another() -> None:
    one, again, other = (told_to_venue(asked("limit"), PAIR, name)["cl_ord_id"] for name in ("web-1", "web-1", "web-2"))
    assert one == again != other


def test_a_buyer_is_told_the_most_with_the_fee_and_a_seller_the_least() -> None:
    bought, sold = worst_of(asked("limit"), PAIR), worst_of(asked("limit", side="sell"), PAIR)
    assert (bought.words, bought.value, bought.fee) == ("You pay at most", "3,115.22", "3.12")
    assert (sold.words, sold.value, sold.fee) == ("You get at least", "3,108.98", "3.12")
    assert worst_of(asked("market"), PAIR).value == ""


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("limit", {"quantity": "0"}, "quantity"),
        ("limit", {"quantity": ""}, "quantity"),
        ("limit", {"quantity": "1.00001"}, "quantity"),
        ("limit", {"price": "311.211"}, "price"),
        ("limit", {"price": ""}, "price"),
        ("stop-loss", {"trigger": ""}, "trigger"),
        ("trailing-stop", {"offset": ""}, "offset"),
        ("trailing-stop-limit", {"limit_offset": "%"}, "limit_offset"),
        ("iceberg", {"shown": "0"}, "shown"),
        ("limit", {"time": "GTD"}, "until_minutes"),
        ("limit", {"time": "GTD", "until_minutes": "43201"}, "until_minutes"),
        ("iceberg", {"time": "FOK"}, "time"),
        ("market", {"post": "post"}, "post"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_before_the_venue_is_asked(kind: str, wrong: dict[str, str], field: str) -> None:
    assert list(errors_of(asked(kind, **wrong), PAIR)) == [field]


def test_an_order_that_ends_says_when_in_seconds() -> None:
    told = told_to_venue(asked("limit", time="GTD", until_minutes="90"), PAIR, "web-1")
    assert (told["timeinforce"], told["expiretm"]) == ("GTD", "+5400")


@pytest.mark.parametrize(
    ("last", "reference", "words"),
    [
        (10_025, 10_000, "+0.25\u202f%"),
        (9_999, 10_000, "\u22120.01\u202f%"),
        (10_000, 10_000, "0.00\u202f%"),
        (0, 10_000, "\u2013"),
    ],
)
def test_a_premium_has_a_sign_and_is_rounded_down(last: int, reference: int, words: str) -> None:
    assert MarketNow(PAIR, "open", last, reference, None).premium_words == words


def test_prices_and_quantities_have_all_decimals_of_their_pair() -> None:
    assert (PAIR.price(3_112_100), PAIR.quantity(15_000), fixed(-5, 2)) == ("31,121.00", "1.5000", "\u22120.05")


def estimated(kind: str, book: BookNow = BOOK, now: MarketNow = NOW, **more: str) -> Estimate:
    told = estimate_of(asked(kind, **more), now, book)
    assert told is not None
    return told


def test_a_market_order_to_buy_is_estimated_level_by_level_and_rounded_against_who_pays() -> None:
    # 3 at 311.01 and 1 at 311.10 come to 1,244.13: 311.0325 on average, 0.012058 % above the middle, a fee of 1.24413.
    assert estimated("market", quantity="4") == Estimate("", "311.0325", "311.10", "0.02\u202f%", "1.25", "1,245.38")


def test_a_market_order_to_sell_is_estimated_down() -> None:
    # 4 at 310.98 and 2 at 310.50 come to 1,864.92: 310.82 on average, 0.05627 % below the middle, a fee of 1.86492.
    assert estimated("market", side="sell", quantity="6") == Estimate(
        "", "310.8200", "310.50", "0.06\u202f%", "1.87", "1,863.05"
    )


def test_an_average_that_does_not_come_out_even_is_rounded_up_for_a_buyer_and_down_for_a_seller() -> None:
    thin = BookNow(bids=[(10_000, 1), (9_999, 2)], asks=[(10_001, 1), (10_002, 2)])
    bought = estimated("market", thin, quantity="0.0003")
    sold = estimated("market", thin, now=MarketNow(PAIR, "open", 0, 0, None), side="sell", quantity="0.0003")
    assert (bought.average, sold.average) == ("100.0167", "99.9933")


def test_a_market_order_beyond_the_collar_says_how_much_it_gets_and_that_the_rest_is_cancelled() -> None:
    told = estimated("market", quantity="10")
    assert told.worst == "311.10"
    assert told.sentence == (
        "Not all can be filled: 8.0000 of 10.0000 TSLAx stand within the venue's collar, up to 326.55. "
        "The rest would be cancelled."
    )


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "Not all can be filled at once: 8.0000 of 10.0000 TSLAx stand up to 311.21. "
             "2.0000 TSLAx would stand in the book at the limit."),
        ({"time": "IOC"}, "Not all can be filled: 8.0000 of 10.0000 TSLAx stand up to 311.21. The rest would be cancelled."),
        ({"time": "FOK"}, "Not all can be filled: 8.0000 of 10.0000 TSLAx stand up to 311.21. "
                          "Whole or not at all: nothing would trade."),
        ({"side": "sell", "price": "310.98"}, "Not all can be filled at once: 4.0000 of 10.0000 TSLAx stand down to 310.98. "
                                              "6.0000 TSLAx would stand in the book at the limit."),
        ({"price": "300.00"}, "Nothing would trade at once: the order would stand in the book at its limit."),
        ({"quantity": "8"}, ""),
    ],
)  # fmt: skip
def test_what_a_limit_cannot_have_filled_is_said_in_words(more: dict[str, str], sentence: str) -> None:
    told = estimate_of(asked("limit", **more), NOW, BOOK)
    assert told is not None
    assert told.sentence == sentence
    assert (told.average == "") == (sentence.startswith("Nothing"))


def test_a_book_that_may_go_on_below_says_how_much_of_it_was_seen() -> None:
    told = estimated("market", BookNow(BOOK.bids, BOOK.asks, is_whole=False), quantity="10")
    assert "8.0000 of 10.0000 TSLAx stand among the best 3 prices within" in told.sentence


def test_an_empty_side_leaves_nothing_to_tell_slippage_by_and_an_empty_book_nothing_to_fill() -> None:
    one_sided = estimated("market", BookNow([], BOOK.asks), quantity="1")
    assert (one_sided.average, one_sided.slippage) == ("311.0100", "")
    nothing = estimated("market", BookNow([], []), quantity="1")
    assert nothing.average == ""
    assert nothing.sentence.startswith("Not all can be filled: 0.0000 of 1.0000")


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in KINDS} - {"market", "limit", "iceberg"}))
def test_what_waits_for_its_trigger_has_no_estimate(kind: str) -> None:
    assert estimate_of(asked(kind), NOW, BOOK) is None


@pytest.mark.parametrize("state", ["call", "pre_open", "post_only", "halted", "closed"])
def test_there_is_no_estimate_while_the_book_does_not_trade(state: str) -> None:
    assert estimate_of(asked("market"), MarketNow(PAIR, state, 31_100, 31_100, None), BOOK) is None


def test_an_order_that_only_makes_has_no_estimate() -> None:
    assert estimate_of(asked("limit", post="post"), NOW, BOOK) is None


@given(
    levels=lists(tuples(integers(1, 10**9), integers(1, 10**9)), max_size=8, unique_by=lambda each: each[0]),
    lots=integers(1, 10**10),
    edge=integers(0, 10**9),
    is_buy=booleans(),
)
def test_a_walk_takes_the_same_as_lot_by_lot_arithmetic(
    levels: list[tuple[int, int]], lots: int, edge: int, is_buy: bool
) -> None:
    levels.sort(reverse=not is_buy)
    within = [(ticks, offered) for ticks, offered in levels if not edge or (ticks <= edge if is_buy else ticks >= edge)]
    found = walk(levels, lots, edge, is_buy=is_buy)
    assert found.lots == min(lots, sum(offered for _, offered in within))
    left = found.lots
    value = 0
    for ticks, offered in within:
        value += ticks * max(0, min(left, offered))
        left -= offered
    assert found.value == value
    assert (found == Walk(0, 0, 0)) == (not within)
