"""ccxt over REST, unmodified: it loads the market, trades, reads everything back, and raises its own errors."""

from collections.abc import Callable, Iterator
from typing import Any

import ccxt
import pytest
from tests.clients.connections import SYMBOL, ccxt_of
from tests.clients.venue_server import ALICE, BOB, RunningVenue

from openscrip.api.kraken.keys import Permission

NO_ORDER = "OAAAAA-AAAAA-AAAZZZ"


@pytest.fixture(scope="module")
def alice(venue: RunningVenue) -> Any:
    return ccxt_of(venue, ALICE)


@pytest.fixture(scope="module")
def bob(venue: RunningVenue) -> Any:
    return ccxt_of(venue, BOB)


@pytest.fixture(autouse=True)
def _empty_book(alice: Any, bob: Any) -> Iterator[None]:
    yield
    for client in (alice, bob):
        client.cancel_all_orders()


def test_load_markets__finds_the_stock_without_any_parameter(alice: Any) -> None:
    market = alice.load_markets()[SYMBOL]
    assert (market["id"], market["active"], market["spot"]) == ("TSLAxUSD", True, True)
    assert market["precision"] == {"amount": 0.0001, "price": 0.01}
    assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (0.0001, 1.0)
    assert (market["taker"], market["maker"]) == (0.001, 0.0)


def test_the_venue__is_online_and_has_the_time(alice: Any, venue: RunningVenue) -> None:
    assert alice.fetch_status()["status"] == "ok"
    assert abs(alice.fetch_time() - venue.clock_us() // 1_000) < 5_000


def test_an_order__placed_amended_read_back_and_cancelled(alice: Any) -> None:
    placed = alice.create_order(SYMBOL, "limit", "buy", 1.5, 300.0, {"clientOrderId": "my-1"})
    read = alice.fetch_order(placed["id"])
    assert (read["status"], read["side"], read["price"], read["amount"], read["filled"]) == ("open", "buy", 300.0, 1.5, 0.0)
    assert (read["symbol"], read["type"], read["clientOrderId"]) == (SYMBOL, "limit", "my-1")
    alice.edit_order(placed["id"], SYMBOL, "limit", "buy", 1.0, 301.0)
    (still,) = alice.fetch_open_orders(SYMBOL)
    assert (still["id"], still["price"], still["amount"]) == (placed["id"], 301.0, 1.0)
    assert alice.fetch_order_book(SYMBOL)["bids"][0][:2] == [301.0, 1.0]
    alice.cancel_order(placed["id"])
    assert alice.fetch_order(placed["id"])["status"] == "canceled"
    assert alice.fetch_open_orders(SYMBOL) == []


def test_a_trade__is_in_orders_trades_ledger_balance_and_candles(alice: Any, bob: Any) -> None:
    before = {name: alice.fetch_balance()[name]["total"] for name in ("USD", "TSLAX")}
    bid = alice.create_order(SYMBOL, "limit", "buy", 2.0, 300.0)
    sale = bob.create_order(SYMBOL, "market", "sell", 0.5)
    assert bob.fetch_order(sale["id"])["status"] == "closed"
    read = alice.fetch_order(bid["id"], SYMBOL, {"trades": True})
    assert (read["status"], read["filled"], read["average"], read["remaining"]) == ("open", 0.5, 300.0, 1.5)
    (trade,) = [each for each in alice.fetch_my_trades(SYMBOL) if each["order"] == bid["id"]]
    assert (trade["price"], trade["amount"], trade["cost"], trade["takerOrMaker"]) == (300.0, 0.5, 150.0, "maker")
    (taken,) = [each for each in bob.fetch_my_trades(SYMBOL) if each["order"] == sale["id"]]
    assert (taken["takerOrMaker"], taken["fee"]) == ("taker", {"cost": 0.15, "currency": "USD"})
    after = alice.fetch_balance()
    assert after["TSLAX"]["total"] == before["TSLAX"] + 0.5
    assert after["USD"]["total"] == pytest.approx(before["USD"] - 150.0)
    assert after["USD"]["used"] == 450.45  # what remains, and the highest fee it may cost
    row = alice.fetch_ledger("TSLAX")[-1]
    assert (row["direction"], row["amount"], row["type"]) == ("in", 0.5, "trade")
    assert alice.fetch_trades(SYMBOL)[-1]["price"] == 300.0
    assert alice.fetch_ohlcv(SYMBOL, "1m")[-1][4] == 300.0
    ticker = alice.fetch_ticker(SYMBOL)
    assert (ticker["last"], ticker["bid"], ticker["bidVolume"]) == (300.0, 300.0, 1.5)
    assert alice.fetch_tickers([SYMBOL])[SYMBOL]["last"] == 300.0


def test_a_filled_order__is_among_closed_orders(alice: Any, bob: Any) -> None:
    bid = alice.create_order(SYMBOL, "limit", "buy", 0.1, 310.0)
    bob.create_order(SYMBOL, "limit", "sell", 0.1, 310.0, {"timeInForce": "IOC"})
    found = {each["id"]: each for each in alice.fetch_closed_orders(SYMBOL)}[bid["id"]]
    assert (found["status"], found["filled"], found["cost"]) == ("closed", 0.1, 31.0)


def test_several_orders__placed_and_cancelled_together(alice: Any) -> None:
    asked = [{"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 1, "price": price} for price in (290, 291)]
    placed = [each["id"] for each in alice.create_orders(asked)]
    assert {each["id"] for each in alice.fetch_open_orders(SYMBOL)} == set(placed)
    alice.cancel_orders(placed, SYMBOL)
    assert alice.fetch_open_orders(SYMBOL) == []


def test_waiting_orders__of_every_kind__rest_until_they_are_cancelled(alice: Any, bob: Any) -> None:
    alice.create_order(SYMBOL, "limit", "buy", 0.1, 300.0)
    bob.create_order(SYMBOL, "market", "sell", 0.1)  # a last price, which triggers stand beside
    alice.create_order(SYMBOL, "limit", "sell", 1, 280, {"stopLossPrice": 285})
    alice.create_order(SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 285})
    alice.create_order(SYMBOL, "limit", "sell", 1, 330, {"takeProfitPrice": 325})
    alice.create_order(SYMBOL, "market", "sell", 1, None, {"trailingPercent": "5"})
    alice.create_order(SYMBOL, "market", "sell", 1, None, {"trailingAmount": "5"})
    orders = alice.fetch_open_orders(SYMBOL)
    kinds = sorted(each["info"]["descr"]["ordertype"] for each in orders)
    assert kinds == ["stop-loss", "stop-loss-limit", "take-profit-limit", "trailing-stop", "trailing-stop"]
    alice.cancel_all_orders()
    assert alice.fetch_open_orders(SYMBOL) == []


def test_the_dead_mans_switch__is_set_and_taken_off(alice: Any) -> None:
    assert alice.cancel_all_orders_after(60_000)["result"]["triggerTime"] > "2026"
    assert alice.cancel_all_orders_after(0)["result"]["triggerTime"] == "0"


def test_the_fee__is_what_the_schedule_says(alice: Any) -> None:
    fee = alice.fetch_trading_fee(SYMBOL)
    assert (fee["taker"], fee["maker"]) == (0.001, 0.0)


REFUSALS: dict[str, tuple[Callable[[Any], object], type[Exception], str]] = {
    "above the balance": (
        lambda client: client.create_order(SYMBOL, "limit", "buy", 9_000, 300),
        ccxt.InsufficientFunds, "EOrder:Insufficient funds",
    ),
    "too small": (
        lambda client: client.private_post_addorder(_order(volume="0.00001")),
        ccxt.BaseError, "EGeneral:Invalid arguments:volume",
    ),
    "worth too little": (
        lambda client: client.create_order(SYMBOL, "limit", "buy", 0.0001, 300),
        ccxt.ExchangeError, "EOrder:Cost minimum not met",
    ),
    "finer than a tick": (
        lambda client: client.private_post_addorder(_order(price="300.001")), ccxt.InvalidOrder, "price",
    ),
    "far from the market": (
        lambda client: client.create_order(SYMBOL, "limit", "buy", 1, 30_000), ccxt.InvalidOrder, "EOrder:Invalid price",
    ),
    "an order that is not there": (lambda client: client.cancel_order(NO_ORDER), ccxt.OrderNotFound, "EOrder:Unknown order"),
    "an amendment of none": (
        lambda client: client.edit_order(NO_ORDER, SYMBOL, "limit", "buy", 1, 300), ccxt.InvalidOrder, "EOrder:Unknown order",
    ),
    "a pair that is not listed": (
        lambda client: client.private_post_addorder(_order(pair="XYZUSD")), ccxt.ExchangeError, "EQuery:Unknown asset pair",
    ),
    "leverage": (
        lambda client: client.create_order(SYMBOL, "limit", "buy", 1, 300, {"leverage": 3}),
        ccxt.ExchangeError, "EGeneral:Invalid arguments",
    ),
    "a method that is not served": (
        lambda client: client.private_post_earn_strategies({}), ccxt.ExchangeError, "EGeneral:Unknown method",
    ),
}  # fmt: skip


def _order(**other: str) -> dict[str, str]:
    return {"pair": "TSLAxUSD", "type": "buy", "ordertype": "limit", "volume": "1", "price": "300.00"} | other


@pytest.mark.parametrize("case", list(REFUSALS))
def test_what_is_refused__comes_as_ccxts_own_exception(alice: Any, case: str) -> None:
    do, exception, text = REFUSALS[case]
    with pytest.raises(exception, match=text):
        do(alice)


def test_a_post_only_order_that_would_trade__is_refused(alice: Any, bob: Any) -> None:
    bob.create_order(SYMBOL, "limit", "sell", 1, 301)
    with pytest.raises(ccxt.ExchangeError, match="EOrder:Post only order"):
        alice.create_order(SYMBOL, "limit", "buy", 1, 301, {"postOnly": True})


def test_a_client_id__serves_once_among_open_orders(alice: Any) -> None:
    alice.create_order(SYMBOL, "limit", "buy", 1, 280, {"clientOrderId": "same"})
    with pytest.raises(ccxt.ExchangeError):
        alice.create_order(SYMBOL, "limit", "buy", 1, 280, {"clientOrderId": "same"})
    assert len(alice.fetch_open_orders(SYMBOL)) == 1


def test_keys__wrong_foreign_or_without_the_permission__are_refused(venue: RunningVenue) -> None:
    client = ccxt_of(venue, ALICE)
    client.secret = "c2VjcmV0"
    with pytest.raises(ccxt.ExchangeError, match="EAPI:Invalid signature"):
        client.fetch_balance()
    client.apiKey = "unknown"
    with pytest.raises(ccxt.AuthenticationError, match="EAPI:Invalid key"):
        client.fetch_balance()
    reader = ccxt_of(venue, ALICE)
    key = venue.key(ALICE, frozenset({Permission.FUNDS}))
    reader.apiKey, reader.secret = key.key, key.secret_text
    assert reader.fetch_balance()["USD"]["total"] > 0
    with pytest.raises(ccxt.PermissionDenied, match="EGeneral:Permission denied"):
        reader.create_order(SYMBOL, "limit", "buy", 1, 300)


def test_a_nonce__that_does_not_rise__is_refused(venue: RunningVenue) -> None:
    client = ccxt_of(venue, ALICE)
    client.fetch_balance()
    asked = client.sign("BalanceEx", ["private"], "POST", {})
    client.fetch(asked["url"], asked["method"], asked["headers"], asked["body"])
    with pytest.raises(ccxt.InvalidNonce, match="EAPI:Invalid nonce"):
        client.fetch(asked["url"], asked["method"], asked["headers"], asked["body"])


def test_another_accounts_order__can_be_neither_seen_nor_cancelled(alice: Any, bob: Any) -> None:
    placed = alice.create_order(SYMBOL, "limit", "buy", 1, 290)
    with pytest.raises(ccxt.OrderNotFound):
        bob.cancel_order(placed["id"])
    with pytest.raises(ccxt.BaseError):
        bob.fetch_order(placed["id"])
    assert bob.fetch_open_orders(SYMBOL) == []
    assert alice.fetch_order(placed["id"])["status"] == "open"
