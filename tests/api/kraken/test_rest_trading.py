"""Trading over REST: placed, changed, cancelled and read back, and never on behalf of another."""

import json
from pathlib import Path

import pytest
from tests.api.kraken.rest_room import ALICE, BOB, START_US, TSLA, USD, Client, Room, run

from openscrip.api.kraken.keys import ALL, Permission
from openscrip.api.kraken.names import id_text

pytestmark = pytest.mark.parts

SECOND_US = 1_000_000


def test_an_order__placed__is_answered_with_its_sentence_and_id_and_is_open(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        told = await alice.result("AddOrder", pair="TSLAxUSD", type="buy", ordertype="limit", volume="1.0000", price="300.00")
        assert told == {"descr": {"order": "buy 1.0000 TSLAxUSD @ limit 300.00"}, "txid": ["OAAAAA-AAAAA-AAAAAB"]}
        opened = (await alice.result("OpenOrders"))["open"]
        assert opened == {
            "OAAAAA-AAAAA-AAAAAB": {
                "refid": None,
                "userref": None,
                "status": "open",
                "opentm": opened["OAAAAA-AAAAA-AAAAAB"]["opentm"],
                "starttm": 0,
                "expiretm": 0,
                "descr": {
                    "pair": "TSLAxUSD",
                    "type": "buy",
                    "ordertype": "limit",
                    "price": "300.00",
                    "price2": "0",
                    "leverage": "none",
                    "order": "buy 1.0000 TSLAxUSD @ limit 300.00",
                    "close": "",
                },
                "vol": "1.0000",
                "vol_exec": "0.0000",
                "cost": "0.000000",
                "fee": "0.000000",
                "price": "0.000000",
                "stopprice": "0.00",
                "limitprice": "0.00",
                "misc": "",
                "oflags": "fciq",
            }
        }

    run(work, tmp_path)


def test_an_order__that_trades__shows_in_every_list_alike(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        resting = await alice.order("sell", "2", "300", cl_ord_id="mine")
        taking = await bob.order("buy", "1.5", "301", userref=7)
        queried = await alice.result("QueryOrders", txid=f"{resting},{taking}", trades="True")
        assert list(queried) == [resting]
        own = queried[resting]
        assert (own["status"], own["vol_exec"], own["cost"], own["fee"], own["price"]) == (
            "open", "1.5000", "450.000000", "1.125000", "300.000000",
        )  # fmt: skip
        assert (own["cl_ord_id"], own["misc"]) == ("mine", "partial")
        closed = await bob.result("ClosedOrders", trades="true")
        assert closed["count"] == 1
        done = closed["closed"][taking]
        shown = [done[name] for name in ("status", "vol_exec", "cost", "fee", "price", "userref", "reason")]
        assert shown == ["closed", "1.5000", "450.000000", "1.800000", "300.000000", 7, None]
        assert done["closetm"] >= done["opentm"]
        history = await bob.result("TradesHistory")
        ((trade_id, trade),) = history["trades"].items()
        assert done["trades"] == [trade_id]
        assert trade == {
            "ordertxid": taking,
            "postxid": trade_id,
            "pair": "TSLAxUSD",
            "time": trade["time"],
            "type": "buy",
            "ordertype": "limit",
            "price": "300.00",
            "cost": "450.000000",
            "fee": "1.800000",
            "vol": "1.5000",
            "margin": "0.000000",
            "leverage": "0",
            "misc": "",
            "trade_id": 1,
            "maker": False,
        }
        assert await bob.result("QueryTrades", txid=trade_id) == {trade_id: trade}
        assert await alice.result("QueryTrades", txid=trade_id) == {}
        rows = (await bob.result("Ledgers"))["ledger"]
        trades = {row["asset"]: row for row in rows.values() if row["type"] == "trade"}
        assert trades["TSLAx"] | {"time": 0} == {
            "refid": trade_id, "time": 0, "type": "trade", "subtype": "", "aclass": "tokenized_asset", "asset": "TSLAx",
            "amount": "1.50000000", "fee": "0.00000000", "balance": "1001.50000000",
        }  # fmt: skip
        assert (trades["ZUSD"]["amount"], trades["ZUSD"]["fee"], trades["ZUSD"]["balance"]) == (
            "-450.000000", "1.800000", "999548.200000",
        )  # fmt: skip
        first = next(iter(rows))
        assert await bob.result("QueryLedgers", id=first) == {first: rows[first]}
        assert await alice.result("QueryLedgers", id=first) == {}
        balances = await bob.result("Balance")
        assert balances == {"ZUSD": "999548.200000", "TSLAx": "1001.50000000"}

    run(work, tmp_path)


def test_every_order_type__placed__reads_back_as_it_was_asked(tmp_path: Path) -> None:
    asked = {
        "stop-loss": ({"price": "310"}, "stop loss 310.00", ("310.00", "0")),
        "stop-loss-limit": ({"price": "310", "price2": "311"}, "stop loss 310.00 -> limit 311.00", ("310.00", "311.00")),
        "take-profit": ({"price": "290"}, "take profit 290.00", ("290.00", "0")),
        "take-profit-limit": ({"price": "290", "price2": "289"}, "take profit 290.00 -> limit 289.00", ("290.00", "289.00")),
        "trailing-stop": ({"price": "+5"}, "trailing stop +5.00", ("+5.00", "0")),
        "trailing-stop-limit": ({"price": "+5", "price2": "+1"}, "trailing stop +5.00 -> limit +1.00", ("+5.00", "+1.00")),
        "iceberg": ({"price": "280", "displayvol": "0.5"}, "limit 280.00", ("280.00", "0")),
        "limit": ({"price": "#5", "oflags": "post", "timeinforce": "GTD", "expiretm": "+60"}, "limit 295.00", ("295.00", "0")),
    }

    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        await alice.order("sell", "1", "300")
        await bob.order("buy", "1", "300")
        for kind, (more, words, prices) in asked.items():
            request = {"pair": "TSLAx/USD", "type": "buy", "ordertype": kind, "volume": "1"} | more
            told = await alice.result("AddOrder", **request)
            assert told["descr"] == {"order": f"buy 1.0000 TSLAxUSD @ {words}"}
            (text,) = told["txid"]
            shown = (await alice.result("QueryOrders", txid=text))[text]
            assert (shown["descr"]["order"], shown["descr"]["ordertype"]) == (told["descr"]["order"], kind)
            assert (shown["descr"]["price"], shown["descr"]["price2"]) == prices
            assert ("trigger" in shown) == (kind not in {"limit", "iceberg"})
            assert await alice.result("CancelOrder", txid=text) == {"count": 1}
            gone = (await alice.result("QueryOrders", txid=text))[text]
            assert gone["descr"] == shown["descr"]
            assert (gone["status"], gone["reason"]) == ("canceled", "User requested")
            assert set(gone) - {"closetm", "reason"} == set(shown) - {"trigger"}
        market = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "market", "volume": "1"}
        await bob.order("sell", "1", "300")
        told = await alice.result("AddOrder", **market)
        assert told["descr"] == {"order": "buy 1.0000 TSLAxUSD @ market"}
        await bob.order("sell", "1", "300")
        told = await alice.result("AddOrder", **market, oflags="viqc")
        assert told["descr"] == {"order": "buy 1.000000 TSLAxUSD @ market"}

    run(work, tmp_path)


def test_an_order__only_validated__is_checked_and_not_placed(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        order = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "limit", "price": "300", "validate": "true"}
        assert await alice.result("AddOrder", volume="1", **order) == {"descr": {"order": "buy 1.0000 TSLAxUSD @ limit 300.00"}}
        assert await alice.error("AddOrder", volume="99999", **order) == "EOrder:Insufficient funds"
        assert await alice.result("OpenOrders") == {"open": {}}

    run(work, tmp_path)


def test_orders__in_a_batch__are_answered_one_by_one(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        good = {"type": "buy", "ordertype": "limit", "volume": 1, "price": 299.5}
        dear = good | {"volume": "99999"}
        told = await alice.ask_json("AddOrderBatch", pair="TSLAxUSD", orders=[good, dear, good | {"cl_ord_id": "b"}])
        first, second, _ = told["result"]["orders"]
        assert first == {"descr": {"order": "buy 1.0000 TSLAxUSD @ limit 299.50"}, "txid": first["txid"]}
        assert second == {"error": "EOrder:Insufficient funds"}
        assert len((await alice.result("OpenOrders"))["open"]) == 2
        for orders in ([good], [good] * 16, {"0": good}, [good, "x"], "orders", None):
            told = await alice.ask_json("AddOrderBatch", pair="TSLAxUSD", orders=orders)
            assert told["error"] == ["EGeneral:Invalid arguments:orders"]
        told = await alice.ask_json("AddOrderBatch", pair="TSLAxUSD", orders=[good, good | {"ordertype": "none"}])
        assert told["error"] == ["EGeneral:Invalid arguments:ordertype"]
        told = await alice.ask_json("AddOrderBatch", pair="TSLAxUSD", orders=[good, dear], validate=True)
        assert told["result"]["orders"][1] == {"error": "EOrder:Insufficient funds"}
        assert len((await alice.result("OpenOrders"))["open"]) == 2
        told = await alice.ask_json("CancelOrderBatch", orders=[first["txid"], "OAAAAA-AAAAA-ZZZZZZ"], cl_ord_ids=["b"])
        assert told["result"] == {"count": 2}
        told = await alice.ask_json("CancelOrderBatch", orders=[first["txid"]])
        assert told["error"] == ["EOrder:Unknown order"]

    run(work, tmp_path)


def test_an_order__amended__keeps_its_id_and_its_history(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        text = await alice.order("buy", "2", "300", cl_ord_id="a")
        await bob.order("sell", "0.5", "300")
        first = (await alice.result("AmendOrder", txid=text, order_qty="1.5"))["amend_id"]
        second = (await alice.result("AmendOrder", cl_ord_id="a", limit_price="299", post_only="true"))["amend_id"]
        shown = (await alice.result("QueryOrders", txid=text))[text]
        assert (shown["vol"], shown["vol_exec"], shown["descr"]["price"]) == ("1.5000", "0.5000", "299.00")
        told = await alice.result("OrderAmends", order_id=text)
        assert told["count"] == 3
        assert [each["amend_type"] for each in told["amends"]] == ["original", "user", "user"]
        assert [each["amend_id"] for each in told["amends"][1:]] == [first, second]
        assert [(each["order_qty"], each["remaining_qty"], each["limit_price"]) for each in told["amends"]] == [
            ("2.0000", "2.0000", "300.00"), ("1.5000", "1.0000", "300.00"), ("1.5000", "1.0000", "299.00"),
        ]  # fmt: skip
        assert await bob.result("OrderAmends", order_id=text) == {"count": 0, "amends": []}
        ask = await bob.order("sell", "1", "305")
        assert await alice.error("AmendOrder", txid=text, limit_price="305", post_only="true") == "EOrder:Post only order"
        assert await alice.error("AmendOrder", txid=text, order_qty="9999999") == "EOrder:Insufficient funds"
        assert await alice.error("AmendOrder", txid=text) == "EGeneral:Invalid arguments:order_qty"
        assert await alice.error("AmendOrder", txid=ask, order_qty="0.5") == "EOrder:Unknown order"

    run(work, tmp_path)


def test_an_order__edited__is_another_order(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        text = await alice.order("buy", "2", "300", oflags="post", userref=5)
        told = await alice.result("EditOrder", pair="TSLAxUSD", txid=text, volume="1.25", price="299")
        new = told["txid"]
        assert told == {
            "status": "ok", "txid": new, "originaltxid": text, "volume": "1.2500", "price": "299", "orders_cancelled": 1,
            "descr": {"order": "buy 1.2500 TSLAxUSD @ limit 299.00"},
        }  # fmt: skip
        shown = (await alice.result("OpenOrders"))["open"]
        assert list(shown) == [new]
        assert (shown[new]["oflags"], shown[new]["userref"]) == ("fciq,post", 5)
        assert await bob.error("EditOrder", pair="TSLAxUSD", txid=new, volume="1") == "EOrder:Unknown order"
        assert await alice.error("EditOrder", pair="AAPLxEUR", txid=new, volume="1") == "EOrder:Unknown order"
        assert await alice.error("EditOrder", pair="TSLAxUSD", txid=new, volume="x") == "EGeneral:Invalid arguments:volume"
        assert list((await alice.result("OpenOrders"))["open"]) == [new]

    run(work, tmp_path)


def test_orders__cancelled_by_any_name__go(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        texts = [await alice.order(price=price) for price in ("290", "291")]
        for price in ("292", "293"):
            await alice.order(price=price, userref=42)
        await alice.order(price="294", cl_ord_id="mine")
        kept = [await bob.order(price="280", userref=42), await bob.order(price="281", cl_ord_id="mine")]
        assert await alice.result("CancelOrder", txid=texts[0]) == {"count": 1}
        assert await alice.error("CancelOrder", txid=texts[0]) == "EOrder:Unknown order"
        assert await alice.result("CancelOrder", txid="42") == {"count": 2}
        assert await alice.error("CancelOrder", txid="42") == "EOrder:Unknown order"
        assert await alice.result("CancelOrder", cl_ord_id="mine") == {"count": 1}
        assert await alice.error("CancelOrder", txid="garbage") == "EOrder:Unknown order"
        assert await alice.error("CancelOrder") == "EGeneral:Invalid arguments:txid"
        assert await alice.result("CancelAll") == {"count": 1}
        assert await alice.result("CancelAll") == {"count": 0}
        assert list((await bob.result("OpenOrders"))["open"]) == kept

    run(work, tmp_path)


def test_the_dead_man_s_switch__set_and_unset__says_when(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        its.time.at_us = START_US + SECOND_US
        told = await alice.result("CancelAllOrdersAfter", timeout="60")
        assert told == {"currentTime": "2026-01-05T15:00:01Z", "triggerTime": "2026-01-05T15:01:01Z"}
        assert its.venue.accounts[ALICE].dead_man_us > START_US + 61 * SECOND_US
        assert (await alice.result("CancelAllOrdersAfter", timeout="0"))["triggerTime"] == "0"
        assert its.venue.accounts[ALICE].dead_man_us == 0
        for timeout in ("-1", "86401", "x", ""):
            assert await alice.error("CancelAllOrdersAfter", timeout=timeout) == "EGeneral:Invalid arguments:timeout"

    run(work, tmp_path)


async def everything_seen_by(client: Client, texts: list[str]) -> str:
    """All that an account is told of its own."""
    names = ("OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers", "Balance", "BalanceEx")
    found = [await client.result(name) for name in names]
    found.append(await client.result("QueryOrders", txid=",".join(texts)))
    return json.dumps(found)


def test_one_account__trying_all_it_can__neither_sees_nor_moves_another_s(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        resting = await alice.order("buy", "1", "290", cl_ord_id="secret", userref="")
        stop = (await alice.result("AddOrder", pair="TSLAxUSD", type="sell", ordertype="stop-loss", price="200", volume="1"))[
            "txid"
        ][0]
        await alice.order("sell", "1", "300")
        await bob.order("buy", "1", "300")
        before = its.venue.balances(ALICE)
        seen = await everything_seen_by(bob, [resting, stop])
        assert resting not in seen
        assert stop not in seen
        assert "secret" not in seen
        for text in (resting, stop):
            assert await bob.error("CancelOrder", txid=text) == "EOrder:Unknown order"
            assert await bob.error("AmendOrder", txid=text, order_qty="0.5") == "EOrder:Unknown order"
            assert await bob.error("EditOrder", pair="TSLAxUSD", txid=text, volume="0.5") == "EOrder:Unknown order"
        assert await bob.error("CancelOrder", cl_ord_id="secret") == "EOrder:Unknown order"
        assert await bob.error("CancelOrder", txid="0") == "EOrder:Unknown order"
        assert (await bob.ask_json("CancelOrderBatch", orders=[resting, stop], cl_ord_ids=["secret"]))["error"] == [
            "EOrder:Unknown order"
        ]
        assert await bob.result("CancelAll") == {"count": 0}
        assert await bob.result("QueryTrades", txid=",".join(id_text("T", number) for number in range(8))) != {}
        own = (await bob.result("TradesHistory"))["trades"]
        assert await bob.result("QueryTrades", txid=",".join(id_text("T", number) for number in range(8))) == own
        mine = (await alice.result("TradesHistory"))["trades"]
        assert not own.keys() & mine.keys()
        too_much = {"pair": "TSLAxUSD", "type": "sell", "ordertype": "limit", "price": "310", "volume": "1001.5"}
        assert await bob.error("AddOrder", **too_much, account=str(ALICE)) == "EOrder:Insufficient funds"
        assert its.venue.balances(ALICE) == before
        assert list((await alice.result("OpenOrders"))["open"]) == [resting, stop]

    run(work, tmp_path)


def test_balances__with_holds_and_rebased__add_up(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        await alice.order("buy", "1", "300")
        await alice.order("sell", "3", "310")
        assert await alice.result("BalanceEx") == {
            "ZUSD": {"balance": "1000000.000000", "hold_trade": "301.200000"},
            "TSLAx": {"balance": "1000.00000000", "hold_trade": "3.00000000"},
        }
        rebased = await alice.result("BalanceEx", rebased="true")
        assert rebased["TSLAx"] == {"balance": "1500.00000000", "hold_trade": "4.50000000"}
        assert await alice.result("Balance", rebased="false") == {"ZUSD": "1000000.000000", "TSLAx": "1000.00000000"}
        worth = await alice.result("TradeBalance")
        assert (worth["eb"], worth["m"]) == ("1300000.0000", "0.0000")
        assert (await alice.result("TradeBalance", asset="ZEUR"))["eb"] == "1181818.1818"
        assert await alice.error("TradeBalance", asset="TSLAx") == "EQuery:Unknown asset"

    run(work, tmp_path)


def test_fees__of_the_account__are_told_in_percent_with_the_next_tier(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        assert await alice.result("TradeVolume") == {"currency": "ZUSD", "volume": "0.0000"}
        told = await alice.result("TradeVolume", pair="TSLAx/USD")
        assert told["fees"] == {
            "TSLAx/USD": {
                "fee": "0.4000", "minfee": "0.2000", "maxfee": "0.4000", "nextfee": "0.2000", "nextvolume": "50000.0000",
                "tiervolume": "0.0000",
            }
        }  # fmt: skip
        assert told["fees_maker"]["TSLAx/USD"]["fee"] == "0.2500"

    run(work, tmp_path)


def test_pages__by_time_id_and_offset__meet_without_gap(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        texts = []
        for number in range(60):
            its.time.at_us += SECOND_US
            texts.append(await alice.order(price=f"{200 + number}"))
            await alice.result("CancelOrder", txid=texts[-1])
        newest = await alice.result("ClosedOrders")
        rest = await alice.result("ClosedOrders", ofs="50")
        assert (newest["count"], rest["count"]) == (60, 60)
        assert [*newest["closed"], *rest["closed"]] == texts[::-1]
        after = await alice.result("ClosedOrders", start=texts[54], without_count="true")
        assert list(after) == ["closed"]
        assert list(after["closed"]) == texts[:54:-1]
        until = await alice.result("ClosedOrders", end=str(newest["closed"][texts[40]]["closetm"]), closetime="close")
        assert next(iter(until["closed"])) == texts[40]
        assert await alice.error("ClosedOrders", closetime="never") == "EGeneral:Invalid arguments:closetime"
        assert await alice.error("ClosedOrders", start="OAAAAA-ZZZZZ-AAAAAA") == "EGeneral:Invalid arguments:start"
        rows = await alice.result("Ledgers", asset="USD,TSLAx", type="deposit")
        assert {row["asset"] for row in rows["ledger"].values()} == {USD.name, TSLA.name}
        assert await alice.error("Ledgers", asset="DOGE") == "EQuery:Unknown asset"
        assert await alice.error("Ledgers", type="loot") == "EGeneral:Invalid arguments:type"

    run(work, tmp_path)


def test_a_key__without_a_permission__is_refused_where_it_needs_it(tmp_path: Path) -> None:
    needs = {
        "Balance": Permission.FUNDS,
        "OpenOrders": Permission.OPEN_ORDERS,
        "ClosedOrders": Permission.CLOSED_ORDERS,
        "TradesHistory": Permission.CLOSED_ORDERS,
        "Ledgers": Permission.LEDGER,
        "GetWebSocketsToken": Permission.SOCKETS,
        "CancelAll": Permission.CANCEL,
    }

    async def work(its: Room) -> None:
        for name, permission in needs.items():
            without = ALL - {permission} - ({Permission.MODIFY} if permission is Permission.CANCEL else set())
            assert await its.client(ALICE, frozenset(without)).error(name) == "EGeneral:Permission denied"
            await its.client(ALICE, frozenset({permission})).result(name)
        reader = its.client(ALICE, ALL - {Permission.MODIFY})
        order = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "limit", "price": "300", "volume": "1"}
        assert await reader.error("AddOrder", **order) == "EGeneral:Permission denied"

    run(work, tmp_path)
