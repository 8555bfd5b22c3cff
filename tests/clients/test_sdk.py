"""python-kraken-sdk, unmodified: REST and WebSocket v2, every call by a URL alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from kraken.exceptions import (
    KrakenCostMinimumNotMetError,
    KrakenInsufficientFundsError,
    KrakenInvalidSignatureError,
    KrakenUnknownAssetError,
    KrakenUnknownOrderError,
)
from kraken.spot import Market, SpotWSClient, Trade, User
from tests.clients.connections import PAIR, pointed_at, until
from tests.clients.venue_server import ALICE, BOB, RunningVenue

pytestmark = pytest.mark.parts

NO_ORDER = "OAAAAA-AAAAA-AAAZZZ"


class Sdk:
    """The SDK's three REST clients of one account, with a key."""

    def __init__(self, venue: RunningVenue, account: int) -> None:
        self.key, url = venue.key(account), venue.addresses.rest
        self.trade = Trade(key=self.key.key, secret=self.key.secret_text, url=url)
        self.user = User(key=self.key.key, secret=self.key.secret_text, url=url)
        self.market = Market(url=url)

    def buy(self, volume: str, price: str, **more: Any) -> str:
        """A limit order; its id."""
        placed = self.trade.create_order(
            ordertype="limit", side="buy", pair="TSLAxUSD", volume=volume, price=price, timeinforce="GTC", **more
        )
        return str(placed["txid"][0])


@pytest.fixture(scope="module")
def alice(venue: RunningVenue) -> Sdk:
    return Sdk(venue, ALICE)


@pytest.fixture(scope="module")
def bob(venue: RunningVenue) -> Sdk:
    return Sdk(venue, BOB)


def test_the_market__is_answered_under_the_spelling_that_was_asked_for(alice: Sdk) -> None:
    told = alice.market.get_asset_pairs(pair=PAIR)
    assert list(told) == [PAIR]
    assert (told[PAIR]["pair_decimals"], told[PAIR]["lot_decimals"], told[PAIR]["status"]) == (2, 4, "online")
    assert {"TSLAx", "ZUSD"} <= set(alice.market.get_assets())
    assert alice.market.get_system_status()["status"] == "online"


def test_an_order__placed_amended_edited_read_back_and_cancelled(alice: Sdk) -> None:
    order = alice.buy("1.5", "300.00")
    alice.trade.amend_order(extra_params={"txid": order, "limit_price": "300.50"})
    assert alice.user.get_open_orders()["open"][order]["descr"]["price"] == "300.50"
    assert alice.user.get_order_amends(order_id=order)["count"] == 2
    edited = alice.trade.edit_order(txid=order, pair="TSLAxUSD", volume="1.2", price="300.10")
    assert (edited["originaltxid"], edited["orders_cancelled"]) == (order, 1)
    read = alice.user.get_orders_info(txid=edited["txid"])[edited["txid"]]
    assert (read["status"], read["vol"], read["descr"]["price"]) == ("open", "1.2000", "300.10")
    assert alice.trade.cancel_order(txid=edited["txid"]) == {"count": 1}
    assert alice.user.get_orders_info(txid=edited["txid"])[edited["txid"]]["status"] == "canceled"


def test_an_amount__too_finely_written__is_truncated_by_the_sdk_with_our_decimals(alice: Sdk, venue: RunningVenue) -> None:
    # `create_order(truncate=True)` of this version asks for the class of a price without telling it, and finds no stock.
    stock = {"pair": "TSLAxUSD", "asset_class": "tokenized_asset"}
    with pointed_at(venue.addresses):  # the `Market` that `Trade` makes takes no address
        assert alice.trade.truncate(amount="1.50009", amount_type="volume", **stock) == "1.5000"
        assert alice.trade.truncate(amount="299.009", amount_type="price", **stock) == "299.00"


def test_orders_in_a_batch__are_placed_and_cancelled_together(alice: Sdk) -> None:
    orders = [
        {"ordertype": "limit", "type": "buy", "price": 290, "volume": 1, "userref": 5, "timeinforce": "GTC"},
        {"ordertype": "limit", "type": "buy", "price": 291, "volume": 1},
    ]
    placed = [each["txid"] for each in alice.trade.create_order_batch(orders=orders, pair="TSLAxUSD")["orders"]]
    assert list(alice.user.get_open_orders(userref=5)["open"]) == placed[:1]
    assert alice.trade.cancel_order_batch(orders=placed) == {"count": 2}
    assert alice.trade.cancel_all_orders() == {"count": 0}


def test_a_trade__is_in_every_list_of_the_user(alice: Sdk, bob: Sdk) -> None:
    order = alice.buy("0.5", "305.00")
    bob.trade.create_order(ordertype="market", side="sell", pair="TSLAxUSD", volume="0.5")
    closed = alice.user.get_closed_orders()["closed"][order]
    assert (closed["status"], closed["vol_exec"], closed["price"]) == ("closed", "0.5000", "305.000000")
    trades = alice.user.get_trades_history()["trades"]
    (trade,) = [name for name, each in trades.items() if each["ordertxid"] == order]
    assert (trades[trade]["vol"], trades[trade]["price"], trades[trade]["maker"]) == ("0.5000", "305.00", True)
    assert alice.user.get_trades_info(txid=trade)[trade]["cost"] == "152.500000"
    rows = [each for each in alice.user.get_ledgers_info()["ledger"].values() if each["refid"] == trade]
    assert {(each["asset"], each["amount"]) for each in rows} == {("TSLAx", "0.50000000"), ("ZUSD", "-152.500000")}
    assert alice.user.get_balances()["TSLAx"]["hold_trade"] == "0.00000000"
    assert alice.market.get_recent_trades(pair="TSLAxUSD")["TSLAxUSD"][-1][:2] == ["305.00", "0.5000"]
    assert alice.market.get_ohlc(pair="TSLAxUSD")["TSLAxUSD"][-1][4] == "305.00"


REFUSALS: dict[str, tuple[Callable[[Sdk], object], type[Exception]]] = {
    "above the balance": (lambda sdk: sdk.buy("15000", "300.00"), KrakenInsufficientFundsError),
    "an order that is not there": (lambda sdk: sdk.trade.cancel_order(txid=NO_ORDER), KrakenUnknownOrderError),
    "a pair that is not listed": (lambda sdk: sdk.market.get_ticker(pair="XYZUSD"), KrakenUnknownAssetError),
    "worth too little": (lambda sdk: sdk.buy("0.0001", "300.00"), KrakenCostMinimumNotMetError),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_what_is_refused__comes_as_the_sdks_own_exception(alice: Sdk, case: str) -> None:
    do, exception = REFUSALS[case]
    with pytest.raises(exception):
        do(alice)


def test_a_wrong_signature__is_refused(alice: Sdk, venue: RunningVenue) -> None:
    forged = User(key=alice.key.key, secret="c2VjcmV0", url=venue.addresses.rest)
    with pytest.raises(KrakenInvalidSignatureError):
        forged.get_balances()


def test_the_socket__trades_and_tells_of_executions_and_balances(venue: RunningVenue, bob: Sdk) -> None:
    key, at = venue.key(ALICE), venue.addresses
    heard: list[dict[str, Any]] = []

    async def hear(message: dict[str, Any]) -> None:
        heard.append(message)

    def answers(number: int) -> list[dict[str, Any]]:
        return [each for each in heard if each.get("req_id") == number]

    def executions() -> list[tuple[str, str]]:
        told = [each for message in heard if message.get("channel") == "executions" for each in message["data"]]
        return [(each["exec_type"], each["symbol"]) for each in told]

    async def story() -> None:
        client = SpotWSClient(
            key=key.key, secret=key.secret_text, callback=hear, rest_url=at.rest, ws_url=at.public, auth_ws_url=at.private
        )
        async with client:
            for channel in ("executions", "balances"):
                await client.subscribe(params={"channel": channel})
            await client.subscribe(params={"channel": "ticker", "symbol": [PAIR]})
            subscribed = ("executions", "balances", "ticker")
            await until(lambda: {each.get("channel") for each in heard} >= set(subscribed))
            order = {"order_type": "limit", "side": "buy", "symbol": PAIR, "limit_price": 306.5, "order_qty": 1.5}
            await client.send_message({"method": "add_order", "params": {**order, "cl_ord_id": "sdk-1"}, "req_id": 7})
            await until(lambda: bool(answers(7)))
            changed = {"cl_ord_id": "sdk-1", "limit_price": 307.0, "order_qty": 1.0}
            await client.send_message({"method": "amend_order", "params": changed, "req_id": 8})
            await until(lambda: bool(answers(8)))
            await asyncio.to_thread(bob.trade.create_order, ordertype="market", side="sell", pair="TSLAxUSD", volume="0.25")
            await until(lambda: ("trade", PAIR) in executions())
            await client.send_message({"method": "cancel_order", "params": {"cl_ord_id": ["sdk-1"]}, "req_id": 9})
            await until(lambda: ("canceled", PAIR) in executions())

    asyncio.run(story())
    assert [answers(number)[0]["success"] for number in (7, 8, 9)] == [True, True, True]
    assert [kind for kind, _ in executions()] == ["pending_new", "new", "amended", "trade", "canceled"]
    balances = [each for each in heard if each.get("channel") == "balances" and each["type"] == "update"]
    assert {row["asset"] for message in balances for row in message["data"]} == {"USD", "TSLAx"}
