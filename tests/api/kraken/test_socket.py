"""Connections and public channels from a client's side: real sockets, a venue that trades."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.api.kraken.socket_room import PAIR, SYMBOL, Room, run
from websockets.exceptions import ConnectionClosed, InvalidStatus

from openscrip.api.kraken.socket.connection import Limits
from openscrip.markets.commands import Enter, State

pytestmark = pytest.mark.parts


def test_a_client__on_connecting__hears_the_status_first_and_gets_pongs(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        pong = await client.ask("ping", 7)
        assert (pong["method"], pong["req_id"]) == ("pong", 7)
        assert pong["time_in"].endswith("Z")
        assert pong["time_out"] >= pong["time_in"]
        await client.connection.send('{"method":"ping"}')
        assert "req_id" not in await client.hear()

    run(story, tmp_path)


def test_a_browser__from_another_page_than_ours__gets_no_connection_and_a_program_does(tmp_path: Path) -> None:
    ours = "http://localhost:8080"

    async def story(room: Room) -> None:
        for private in (False, True):
            await room.client(private=private)
            await room.client(private=private, origin=ours)
            for other in ("http://evil.example", "http://localhost:8081", "https://localhost:8080", "null"):
                with pytest.raises(InvalidStatus, match="403"):
                    await room.client(private=private, origin=other)

    run(story, tmp_path, pages=(ours,))


def test_subscribing_to_several_symbols__one_unknown__one_reply_for_each(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        frame = {"channel": "ticker", "symbol": [SYMBOL, "TSLAx/ABC", "tslaxusd"]}
        replies = [await client.ask("subscribe", 5, **frame), await client.reply(5), await client.reply(5)]
        assert [reply["success"] for reply in replies] == [True, False, True]
        assert replies[0]["result"] == {"channel": "ticker", "event_trigger": "trades", "snapshot": True, "symbol": SYMBOL}
        assert replies[1]["error"] == "Currency pair not supported TSLAx/ABC"
        assert replies[1]["symbol"] == "TSLAx/ABC"
        assert replies[2]["result"]["symbol"] == "tslaxusd"

    run(story, tmp_path)


def test_the_spelling_of_a_client__in_replies_and_data__is_its_own(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        upper, plain, trader = await room.client(private=False), await room.client(private=False), await room.client()
        await trader.subscribe("executions")
        for client, symbol in ((upper, "TSLAX/USD"), (plain, SYMBOL)):
            ack = await client.ask("subscribe", channel="book", symbol=[symbol])
            assert ack["result"]["symbol"] == symbol
            assert (await client.next("book", "snapshot"))["data"][0]["symbol"] == symbol
        await trader.order("buy", 1, 300, symbol="TSLAX/USD")
        assert (await upper.next("book", "update"))["data"][0]["symbol"] == "TSLAX/USD"
        assert (await plain.next("book", "update"))["data"][0]["symbol"] == SYMBOL
        assert {item["symbol"] for item in (await trader.next("executions", "update"))["data"]} == {"TSLAX/USD"}

    run(story, tmp_path)


def test_every_public_channel__after_a_trade__says_what_kraken_says(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client, maker, taker = await room.client(private=False), await room.client(1), await room.client(2)
        for channel, more in (("ticker", {}), ("trade", {"snapshot": True}), ("ohlc", {"interval": 5}), ("instrument", {})):
            named: dict[str, Any] = {} if channel == "instrument" else {"symbol": [SYMBOL]}
            assert (await client.ask("subscribe", channel=channel, **named, **more))["success"]
            assert (await client.next(channel))["type"] == "snapshot"
        await maker.order("sell", 2, 300.5)
        await taker.order("buy", 1.5, 301)
        trade = (await client.next("trade", "update"))["data"][0]
        assert {name: str(trade[name]) for name in ("symbol", "side", "price", "qty", "ord_type")} == {
            "symbol": SYMBOL, "side": "buy", "price": "300.50", "qty": "1.5000", "ord_type": "limit",
        }  # fmt: skip
        assert isinstance(trade["trade_id"], int)
        ticker = (await client.next("ticker", "update"))["data"][0]
        assert set(ticker) >= {
            "bid",
            "bid_qty",
            "ask",
            "ask_qty",
            "last",
            "volume",
            "vwap",
            "low",
            "high",
            "change",
            "change_pct",
        }
        assert [str(ticker[name]) for name in ("last", "volume", "ask", "ask_qty")] == ["300.50", "1.5000", "300.50", "0.5000"]
        candle = (await client.next("ohlc", "update"))["data"][0]
        assert [str(candle[name]) for name in ("open", "high", "low", "close", "volume")] == ["300.50"] * 4 + ["1.5000"]
        assert (candle["interval"], candle["trades"]) == (5, 1)

    run(story, tmp_path)


def test_the_instrument_channel__when_a_market_halts__says_so(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        await client.ask("subscribe", channel="instrument")
        told = (await client.next("instrument", "snapshot"))["data"]
        assert {asset["id"] for asset in told["assets"]} == {"USD", "TSLAx"}
        pair = told["pairs"][0]
        assert (pair["symbol"], pair["status"], pair["qty_precision"], pair["price_precision"]) == (SYMBOL, "online", 4, 2)
        assert pair["multiplier"] == "1/1"
        room.sequencer.submit(Enter(PAIR.number, State.HALTED))
        assert (await client.next("instrument", "update"))["data"]["pairs"][0]["status"] == "cancel_only"

    run(story, tmp_path)


def test_a_subscription__that_ended__is_heard_no_more(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client, trader = await room.client(private=False), await room.client()
        await client.ask("subscribe", channel="book", symbol=[SYMBOL])
        await client.next("book", "snapshot")
        assert (await client.ask("unsubscribe", channel="book", symbol=[SYMBOL]))["success"]
        again = await client.ask("unsubscribe", channel="book", symbol=[SYMBOL])
        assert again["error"] == "Subscription Not Found"
        await trader.order("buy", 1, 300)
        await asyncio.sleep(0.03)
        assert (await client.ask("ping"))["method"] == "pong"
        assert not [message for message in client.heard if message.get("channel") == "book"]

    run(story, tmp_path)


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"channel": "book", "depth": 11}, "EGeneral:Invalid arguments:depth"),
    ({"channel": "ohlc", "interval": 7}, "EGeneral:Invalid arguments:interval"),
    ({"channel": "ticker", "event_trigger": "x"}, "EGeneral:Invalid arguments:event_trigger"),
    ({"channel": "nothing"}, "EGeneral:Invalid arguments:channel"),
    ({"channel": "level3"}, "ESession:Invalid session"),
    ({"channel": "executions", "token": "x"}, "ESession:Invalid session"),
    ({"channel": "book", "symbol": []}, "EGeneral:Invalid arguments:symbol"),
)


def test_a_subscription__that_is_wrong__is_refused_in_krakens_words(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        for params, error in REFUSED:
            reply = await client.ask("subscribe", **({"symbol": [SYMBOL]} | params))
            assert (reply["success"], reply["error"]) == (False, error)

    run(story, tmp_path)


def test_bad_frames__of_every_kind__are_refused_and_the_connection_goes_on(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client()
        for frame in ("{", "[]", '"x"', '{"method":"nope"}', '{"method":"add_order","params":[]}', "\x00", "9" * 4_000):
            await client.connection.send(frame)
            told = await client.hear()
            assert told["success"] is False
            assert told["error"]
        assert (await client.ask("ping"))["method"] == "pong"

    run(story, tmp_path)


def test_a_message_in_several_frames__is_put_together(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        await client.connection.send(['{"method":"pi', 'ng","req', '_id":42}'])
        assert (await client.hear())["req_id"] == 42

    run(story, tmp_path)


def test_an_oversized_message__whole_or_in_parts__ends_the_connection(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        for message in ("x" * 70_000, ["y" * 40_000, "y" * 40_000], b"binary"):
            client = await room.client(private=False)
            await client.connection.send(message)
            with pytest.raises(ConnectionClosed):
                await client.hear()
        assert (await (await room.client()).ask("ping"))["method"] == "pong"

    run(story, tmp_path)


def test_a_flood__is_refused_and_then_cut_off__and_others_go_on(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        flooding, other = await room.client(), await room.client()
        for _ in range(120):
            await flooding.connection.send('{"method":"ping"}')
        refused = []
        with pytest.raises(ConnectionClosed):
            while True:
                refused.append((await flooding.hear()).get("error"))
        assert "EGeneral:Too many requests" in refused
        assert (await other.ask("ping"))["method"] == "pong"

    run(story, tmp_path, limits=Limits(strangers_frames_per_s=50))


def test_too_many_connections_or_another_path__are_turned_away(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.client()
        await room.client(private=False)
        with pytest.raises(InvalidStatus) as turned:
            await room.client()
        assert turned.value.response.status_code == 503

    run(story, tmp_path, limits=Limits(connections=2))


def test_a_silent_subscriber__hears_a_heartbeat(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(private=False)
        await client.ask("subscribe", channel="trade", symbol=[SYMBOL])
        assert json.loads(await asyncio.wait_for(client.connection.recv(), 60)) == {"channel": "heartbeat"}

    run(story, tmp_path)
