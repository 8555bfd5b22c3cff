"""ccxt.pro over WebSocket v2, unmodified: it trades on the socket and hears of everything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import ccxt
import pytest
from tests.clients.connections import HEARD_S, SYMBOL, ccxt_pro_of, until
from tests.clients.venue_server import ALICE, BOB, RunningVenue

pytestmark = pytest.mark.parts


@asynccontextmanager
async def two(venue: RunningVenue) -> AsyncIterator[tuple[Any, Any]]:
    alice, bob = ccxt_pro_of(venue, ALICE), ccxt_pro_of(venue, BOB)
    try:
        await alice.load_markets()
        await bob.load_markets()
        yield alice, bob
        await alice.cancel_all_orders_ws()
    finally:
        await alice.close()
        await bob.close()


async def soon(what: Awaitable[Any]) -> Any:
    async with asyncio.timeout(HEARD_S):
        return await what


def later(what: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    return asyncio.create_task(what)


def test_orders__placed_amended_and_cancelled_on_the_socket__are_watched(venue: RunningVenue) -> None:
    async def story() -> None:
        async with two(venue) as (alice, bob):
            first = later(alice.watch_orders(SYMBOL))
            await soon(alice.watch_balance())
            placed = await soon(alice.create_order_ws(SYMBOL, "limit", "buy", 1.5, 299.5))
            (seen,) = await soon(first)
            assert (seen["id"], seen["status"], seen["price"], seen["amount"]) == (placed["id"], "open", 299.5, 1.5)
            second = later(alice.watch_orders(SYMBOL))
            await soon(alice.edit_order_ws(placed["id"], SYMBOL, "limit", "buy", 1.0, 299.6))
            (seen,) = await soon(second)
            assert (seen["id"], seen["price"], seen["amount"]) == (placed["id"], 299.6, 1.0)
            trades, public = later(alice.watch_my_trades(SYMBOL)), later(bob.watch_trades(SYMBOL))
            await soon(bob.watch_order_book(SYMBOL))
            await soon(bob.create_order_ws(SYMBOL, "limit", "sell", 0.25, 299.6))
            (trade,) = await soon(trades)
            assert (trade["order"], trade["price"], trade["amount"]) == (placed["id"], 299.6, 0.25)
            assert (trade["takerOrMaker"], trade["side"]) == ("maker", "buy")
            assert (await soon(public))[-1]["price"] == 299.6
            third = later(alice.watch_orders(SYMBOL))
            await soon(alice.cancel_order_ws(placed["id"]))
            (seen,) = await soon(third)
            assert (seen["id"], seen["status"]) == (placed["id"], "canceled")

    asyncio.run(story())


def test_the_book__is_watched_from_its_snapshot_through_its_updates(venue: RunningVenue) -> None:
    async def story() -> None:
        async with two(venue) as (alice, bob):
            await soon(bob.watch_order_book(SYMBOL, 10))
            placed = await soon(alice.create_order_ws(SYMBOL, "limit", "buy", 2.0, 288.88))
            book = bob.orderbooks[SYMBOL]
            await until(lambda: [288.88, 2.0] in book["bids"])
            await soon(alice.cancel_order_ws(placed["id"]))
            await until(lambda: [288.88, 2.0] not in book["bids"])

    asyncio.run(story())


def test_ticker_and_candles__follow_a_trade(venue: RunningVenue) -> None:
    async def story() -> None:
        async with two(venue) as (alice, bob):
            candles = later(bob.watch_ohlcv(SYMBOL, "1m"))
            await soon(alice.create_order_ws(SYMBOL, "limit", "buy", 0.3, 302.0))
            await soon(bob.create_order_ws(SYMBOL, "market", "sell", 0.3))
            assert (await soon(bob.watch_ticker(SYMBOL)))["last"] == 302.0
            assert (await soon(candles))[-1][4] > 0

    asyncio.run(story())


def test_what_is_refused_on_the_socket__is_raised(venue: RunningVenue) -> None:
    async def story() -> None:
        async with two(venue) as (alice, _):
            with pytest.raises(ccxt.ExchangeError, match="EOrder:Insufficient funds"):
                await soon(alice.create_order_ws(SYMBOL, "limit", "buy", 9_000, 300))
            with pytest.raises(ccxt.ExchangeError, match="EOrder:Unknown order"):
                await soon(alice.cancel_order_ws("OAAAAA-AAAAA-AAAZZZ"))

    asyncio.run(story())
