"""Market data over REST, field by field against Kraken's documented and recorded shapes."""

import re
from pathlib import Path
from typing import Any

from tests.api.kraken.rest_room import ALICE, BOB, PAIR, START_US, Room, run

from openscrip.markets.commands import Enter, State

MINUTE_US = 60_000_000

# What the reference documents and the installed clients carry in their docstrings as recorded answers.
ASSET = {
    "aclass": "currency",
    "altname": "USD",
    "decimals": 4,
    "display_decimals": 2,
    "collateral_value": 1.0,
    "status": "enabled",
}
PAIR_SAMPLE = {
    "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT", "aclass_quote": "currency",
    "quote": "ZUSD", "lot": "unit", "cost_decimals": 5, "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1,
    "leverage_buy": [2, 3], "leverage_sell": [2, 3],
    "fees": [[0, 0.26], [50000, 0.24]], "fees_maker": [[0, 0.16], [50000, 0.14]],
    "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40, "ordermin": "0.0001", "costmin": "0.5",
    "tick_size": "0.1", "status": "online",
}  # fmt: skip
TICKER = {
    "a": ["28044.70000", "1", "1.000"], "b": ["28044.60000", "12", "12.000"], "c": ["28044.60000", "0.00125000"],
    "v": ["2014.38", "3013.64"], "p": ["27919.6", "28037.9"], "t": [20241, 33321], "l": ["27728.8", "27728.8"],
    "h": ["28499.9", "28549.9"], "o": "28150.30000",
}  # fmt: skip
ONLY_KRAKEN_S = {"collateral_value", "leverage", "execution_venue", "long_position_limit", "short_position_limit"}


def shape(value: Any) -> Any:
    """The types of an answer: a decimal text is another type than a word."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items() if name not in ONLY_KRAKEN_S}
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, str):
        return "decimal" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else "word"
    return type(value).__name__


def test_assets_have_kraken_s_fields(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        told = (await its.stranger().public("Assets"))["result"]
        assert list(told) == ["ZUSD", "ZEUR", "TSLAx", "AAPLx"]
        assert shape(told["ZUSD"]) == shape(ASSET)
        assert told["TSLAx"] == {
            "aclass": "tokenized_asset", "altname": "TSLAx", "decimals": 8, "display_decimals": 4, "status": "enabled",
        }  # fmt: skip
        stranger = its.stranger()
        assert list((await stranger.public("Assets", asset="usd,TSLAX"))["result"]) == ["ZUSD", "TSLAx"]
        assert list((await stranger.public("Assets", aclass="tokenized_asset"))["result"]) == ["TSLAx", "AAPLx"]
        assert (await stranger.public("Assets", aclass="forex"))["error"] == ["EGeneral:Invalid arguments"]
        assert (await stranger.public("Assets", asset="DOGE"))["error"] == ["EQuery:Unknown asset"]

    run(work, tmp_path)


def test_pairs_have_kraken_s_fields_and_are_all_listed_without_a_class(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        stranger = its.stranger()
        told = (await stranger.public("AssetPairs"))["result"]
        assert list(told) == ["TSLAxUSD", "AAPLxEUR"]
        found, wanted = shape(told["TSLAxUSD"]), shape(PAIR_SAMPLE)
        assert found.pop("multiplier") == "word"
        assert set(found) == set(wanted)
        for name in set(wanted) - {"leverage_buy", "leverage_sell", "fees", "fees_maker"}:
            assert found[name] == wanted[name], name
        assert told["TSLAxUSD"] | {"fees": [], "fees_maker": []} == {
            "altname": "TSLAxUSD", "wsname": "TSLAx/USD", "aclass_base": "tokenized_asset", "base": "TSLAx",
            "aclass_quote": "currency", "quote": "ZUSD", "lot": "unit", "cost_decimals": 6, "pair_decimals": 2,
            "lot_decimals": 4, "lot_multiplier": 1, "leverage_buy": [], "leverage_sell": [], "fees": [], "fees_maker": [],
            "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40, "ordermin": "0.0001", "costmin": "1",
            "tick_size": "0.01", "status": "online", "multiplier": "3/2",
        }  # fmt: skip
        assert told["TSLAxUSD"]["fees"] == [[0, 0.4], [50000, 0.2]]
        assert told["TSLAxUSD"]["fees_maker"] == [[0, 0.25], [50000, 0.1]]

    run(work, tmp_path)


def test_a_pair__asked_for_by_any_spelling__is_keyed_by_that_spelling(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        stranger = its.stranger()
        for spelling in ("TSLAx/USD", "TSLAXUSD", "tslax/usd", "TSLAxUSD"):
            for name in ("AssetPairs", "Ticker", "Depth", "Trades", "OHLC", "Spread"):
                told = await stranger.public(name, pair=spelling, asset_class="tokenized_asset")
                assert spelling in told["result"], (name, told)
                assert (await stranger.public(name, pair=spelling + "x"))["error"] == ["EQuery:Unknown asset pair"]
        assert list((await stranger.public("Ticker", pair="TSLAx/USD,AAPLxEUR"))["result"]) == ["TSLAx/USD", "AAPLxEUR"]
        for name in ("Depth", "Trades", "OHLC", "Spread", "Ticker"):
            told = await stranger.public(name, pair="TSLAxUSD", asset_class="currency")
            assert told["error"] == ["EQuery:Unknown asset pair"]
        assert (await stranger.public("Depth"))["error"] == ["EGeneral:Invalid arguments:pair"]
        assert (await stranger.public("AssetPairs", aclass_base="currency"))["result"] == {}
        assert (await stranger.public("AssetPairs", aclass_base="x"))["error"] == ["EGeneral:Invalid arguments"]
        fees = (await stranger.public("AssetPairs", pair="TSLAxUSD", info="fees"))["result"]["TSLAxUSD"]
        assert sorted(fees) == ["fee_volume_currency", "fees", "fees_maker"]
        assert (await stranger.public("AssetPairs", info="all"))["error"] == ["EGeneral:Invalid arguments:info"]

    run(work, tmp_path)


def test_what_trades__shows_in_ticker_depth_trades_candles_and_spread(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob, stranger = its.client(ALICE), its.client(BOB), its.stranger()
        await alice.order("sell", "2", "301")
        await alice.order("sell", "1", "300.5")
        await alice.order("sell", "1", "300.5")
        await bob.order("buy", "1.5", "299")
        its.time.at_us = START_US + 5 * MINUTE_US
        await bob.order("buy", "0.5", "300.5")
        its.time.at_us = START_US + 6 * MINUTE_US
        await bob.result("AddOrder", pair="TSLAxUSD", type="buy", ordertype="market", volume="0.25")
        told = (await stranger.public("Ticker", pair="TSLAxUSD"))["result"]["TSLAxUSD"]
        assert shape(told) == shape(TICKER)
        assert told == {
            "a": ["300.50", "1", "1.2500"], "b": ["299.00", "1", "1.5000"], "c": ["300.50", "0.2500"],
            "v": ["0.7500", "0.7500"], "p": ["300.50", "300.50"], "t": [2, 2], "l": ["300.50", "300.50"],
            "h": ["300.50", "300.50"], "o": "300.50",
        }  # fmt: skip
        depth = (await stranger.public("Depth", pair="TSLAxUSD", count="1"))["result"]["TSLAxUSD"]
        at_s = (START_US + 6 * MINUTE_US) // 1_000_000
        assert depth == {"asks": [["300.50", "1.2500", at_s]], "bids": [["299.00", "1.5000", at_s]]}
        assert len((await stranger.public("Depth", pair="TSLAxUSD"))["result"]["TSLAxUSD"]["asks"]) == 2
        for count in ("0", "501", "x"):
            assert (await stranger.public("Depth", pair="TSLAxUSD", count=count))["error"] == [
                "EGeneral:Invalid arguments:count"
            ]
        await bob.result("Balance")
        trades = (await stranger.public("Trades", pair="TSLAxUSD"))["result"]
        first, second = trades["TSLAxUSD"]
        assert [first[:2], first[3:]] == [["300.50", "0.5000"], ["b", "l", "", 1]]
        assert [second[:2], second[3:]] == [["300.50", "0.2500"], ["b", "m", "", 2]]
        assert isinstance(first[2], float)
        assert (await stranger.public("Trades", pair="TSLAxUSD", since=trades["last"]))["result"]["TSLAxUSD"] == []
        newer = await stranger.public("Trades", pair="TSLAxUSD", since=str(int(trades["last"]) - 1))
        assert newer["result"]["TSLAxUSD"] == [second]
        older = await stranger.public("Trades", pair="TSLAxUSD", since=str(START_US // 1_000_000), count="1")
        assert older["result"]["TSLAxUSD"] == [first]
        candles = (await stranger.public("OHLC", pair="TSLAxUSD", interval="1"))["result"]
        begin = START_US // MINUTE_US * 60
        assert candles["TSLAxUSD"] == [
            [begin + 300, "300.50", "300.50", "300.50", "300.50", "300.50", "0.5000", 1],
            [begin + 360, "300.50", "300.50", "300.50", "300.50", "300.50", "0.2500", 1],
        ]
        assert candles["last"] == begin + 300
        polled = (await stranger.public("OHLC", pair="TSLAxUSD", since=candles["last"]))["result"]
        assert [row[0] for row in polled["TSLAxUSD"]] == [begin + 360]
        assert "error" in await stranger.public("OHLC", pair="TSLAxUSD", interval="7")
        spread = (await stranger.public("Spread", pair="TSLAxUSD"))["result"]
        assert set(spread) == {"TSLAxUSD", "last"}
        assert all(shape(row) == ["int", "decimal", "decimal"] for row in spread["TSLAxUSD"])

    run(work, tmp_path)


def test_time_and_status_are_kraken_s(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        stranger = its.stranger()
        assert (await stranger.public("Time"))["result"] == {
            "unixtime": 1_767_625_200, "rfc1123": "Mon,  5 Jan 26 15:00:00 +0000",
        }  # fmt: skip
        status = (await stranger.public("SystemStatus"))["result"]
        assert status == {"status": "online", "timestamp": "2026-01-05T15:00:00Z"}

    run(work, tmp_path)


def test_a_market__in_another_state__says_so_and_refuses_with_kraken_s_words(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, stranger = its.client(), its.stranger()
        for state, status, error in (
            (State.POST_ONLY, "post_only", "EService:Market in post_only mode"),
            (State.CANCEL_ONLY, "cancel_only", "EService:Market in cancel_only mode"),
        ):
            its.sequencer.submit(Enter(PAIR.number, state))
            told = await stranger.public("AssetPairs", pair="TSLAxUSD")
            assert told["result"]["TSLAxUSD"]["status"] == status
            order = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "limit", "volume": "1", "price": "290"}
            assert await alice.error("AddOrder", **order) == error
            making = await alice.ask("AddOrder", oflags="post", **order)
            assert (making["error"] == []) == (state is State.POST_ONLY)
        market = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "market", "volume": "1"}
        assert (await alice.error("AddOrder", **market)).startswith("EService:Market in")

    run(work, tmp_path)


def test_public_calls__by_get_or_post_form_or_json__are_the_same(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        stranger = its.stranger()
        got = await stranger.raw(b"GET /0/public/Depth?pair=TSLAx%2FUSD HTTP/1.1\r\nHost: x\r\n\r\n")
        bodies = ((b"pair=TSLAx%2FUSD", b"application/x-www-form-urlencoded"), (b'{"pair":"TSLAx/USD"}', b"application/json"))
        for body, kind in bodies:
            head = b"POST /0/public/Depth HTTP/1.1\r\nHost: x\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
            assert await stranger.raw(head % (kind, len(body)) + body) == got
        twice = b"POST /0/public/Depth?pair=a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\npair=b"
        assert (await stranger.raw(twice))[1] == b'{"error":["EGeneral:Invalid arguments"]}'

    run(work, tmp_path)
