"""Trading and private channels over the socket: replies, executions, balances; and nobody sees or touches another's."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.api.kraken.socket_room import PAIR, SYMBOL, USD, Room, run

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import Permission
from openscrip.markets.commands import Take

pytestmark = pytest.mark.parts


def test_an_order_that_crosses__tells_its_steps_in_krakens_order(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        maker, taker = await room.client(1), await room.client(2)
        for client in (maker, taker):
            assert (await client.subscribe("executions"))["success"]
            assert (await client.next("executions"))["sequence"] == 1
        resting = await maker.order("sell", 2, 300.5, cl_ord_id="mine")
        first = await maker.next("executions", "update")
        assert [item["exec_type"] for item in first["data"]] == ["pending_new", "new"]
        pending = first["data"][0]
        assert pending["order_id"] == resting["result"]["order_id"]
        assert (pending["cl_ord_id"], pending["side"], pending["order_type"]) == ("mine", "sell", "limit")
        assert [str(pending[name]) for name in ("order_qty", "limit_price", "cum_qty")] == ["2.0000", "300.50", "0.0000"]
        assert resting["result"]["cl_ord_id"] == "mine"
        await taker.order("buy", 2, 301, order_userref=9)
        told = [await taker.next("executions", "update") for _ in range(3)]
        assert [[item["exec_type"] for item in message["data"]] for message in told] == [
            ["pending_new", "new"], ["trade"], ["filled"],
        ]  # fmt: skip
        assert [message["sequence"] for message in told] == [2, 3, 4]
        trade = told[1]["data"][0]
        assert trade["exec_id"].startswith("T")
        assert (trade["liquidity_ind"], trade["order_userref"]) == ("t", 9)
        assert [str(trade[name]) for name in ("last_qty", "last_price", "cost")] == ["2.0000", "300.50", "601.000000"]
        assert str(trade["fees"][0]["qty"]) == "0.601000"
        done = told[2]["data"][0]
        assert (done["order_status"], str(done["cum_qty"]), str(done["avg_price"])) == ("filled", "2.0000", "300.50")

    run(story, tmp_path)


def test_executions__without_transitions_and_after_the_fact__show_what_is_open(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        order = (await client.order("buy", 1, 250))["result"]["order_id"]
        await client.subscribe("executions", order_status=False, snap_trades=True)
        snapshot = await client.next("executions", "snapshot")
        assert [(item["order_id"], item["order_status"]) for item in snapshot["data"]] == [(order, "new")]
        await client.order("buy", 1, 249)
        assert [item["exec_type"] for item in (await client.next("executions", "update"))["data"]] == ["new"]
        await client.ask("cancel_order", order_id=[order], token=client.token)
        last = (await client.next("executions", "update"))["data"][0]
        assert (last["exec_type"], last["reason"]) == ("canceled", "User requested")

    run(story, tmp_path)


def test_balances__on_a_trade__tell_both_legs(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        maker, taker = await room.client(1), await room.client(2)
        assert (await taker.subscribe("balances"))["success"]
        snapshot = await taker.next("balances", "snapshot")
        held = {item["asset"]: item for item in snapshot["data"]}
        assert set(held) == {"USD", "TSLAx"}
        assert held["USD"]["wallets"][0]["balance"] == held["USD"]["balance"]
        await maker.order("sell", 1, 300)
        await taker.order("buy", 1, 300)
        legs = (await taker.next("balances", "update"))["data"]
        assert [(leg["asset"], f"{leg['amount']:f}", f"{leg['fee']:f}") for leg in legs] == [
            ("TSLAx", "1.00000000", "0.00000000"), ("USD", "-300.000000", "0.300000"),
        ]  # fmt: skip
        assert legs[1]["balance"] == held["USD"]["balance"] - 300 - legs[1]["fee"]
        assert room.venue.balances(2)[USD.number][0] == int(legs[1]["balance"] * 10**6)

    run(story, tmp_path)


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"order_qty": 1e9}, "EOrder:Insufficient funds"),
    ({"order_qty": 0.00001}, "EGeneral:Invalid arguments:order_qty"),
    ({"limit_price": 300.123}, "EGeneral:Invalid arguments:limit_price"),
    ({"symbol": "TSLAx/ABC"}, "EQuery:Unknown asset pair"),
    ({"token": "wrong"}, "ESession:Invalid session"),
    ({"post_only": True, "limit_price": 400}, "EOrder:Post only order"),
    ({"time_in_force": "xyz"}, "EGeneral:Invalid arguments:timeinforce"),
    ({"conditional": {"order_type": "limit"}}, "EGeneral:Invalid arguments:conditional"),
    ({"price": 3}, "Unsupported field: 'price' for the given msg type: add order"),
    ({"deadline": "2020-01-01T00:00:00Z"}, "EService:Deadline elapsed"),
    ({"order_qty": 0.0001, "limit_price": 1}, "EOrder:Cost minimum not met"),
)


def test_an_order__that_is_refused__says_so_as_kraken_does(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client, other = await room.client(1), await room.client(2)
        await other.order("sell", 1, 350)
        for more, error in REFUSED:
            reply = await client.order("buy", 1, 300, **more)
            assert (reply["success"], reply["error"]) == (False, error)
        assert not room.venue.open_orders(1)

    run(story, tmp_path)


def test_amending__keeps_the_order__and_editing_replaces_it(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        await client.subscribe("executions")
        order = (await client.order("buy", 2, 250, cl_ord_id="a"))["result"]["order_id"]
        amended = await client.ask("amend_order", cl_ord_id="a", order_qty=1.5, limit_price=251, token=client.token)
        assert amended["result"]["order_id"] == order
        assert amended["result"]["amend_id"].startswith("T")
        await client.next("executions", "update")
        item = (await client.next("executions", "update"))["data"][0]
        assert (item["exec_type"], str(item["order_qty"]), str(item["limit_price"])) == ("amended", "1.5000", "251.00")
        edited = await client.ask("edit_order", order_id=order, symbol=SYMBOL, limit_price=249, token=client.token)
        assert edited["result"]["original_order_id"] == order
        (left,) = room.venue.open_orders(1)
        assert (left.price, left.lots) == (24_900, 15_000)
        gone = await client.ask("amend_order", order_id=order, order_qty=1, token=client.token)
        assert gone["error"] == "EOrder:Unknown order"

    run(story, tmp_path)


def test_cancelling__several_at_once__one_reply_for_each(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        orders = [(await client.order("buy", 1, 250 - n))["result"]["order_id"] for n in range(3)]
        await client.order("buy", 1, 240, order_userref=7)
        await client.order("buy", 1, 239, order_userref=7)
        unknown = "OAAAAA-AAAAA-AAAAAA"
        replies = [await client.ask("cancel_order", 50, order_id=[orders[0], unknown, orders[1]], token=client.token)]
        replies += [await client.reply(50), await client.reply(50)]
        assert [reply["success"] for reply in replies] == [True, False, True]
        assert (replies[1]["error"], replies[1]["order_id"]) == ("EOrder:Unknown order", unknown)
        assert (await client.ask("cancel_order", order_userref=[7], token=client.token))["success"]
        assert (await client.ask("batch_cancel", orders=[orders[2], unknown], token=client.token))["orders_cancelled"] == 1
        await client.order("buy", 1, 240)
        assert (await client.ask("cancel_all", token=client.token))["result"]["count"] == 1
        assert not room.venue.open_orders(1)

    run(story, tmp_path)


def test_a_batch__one_order_of_which_is_wrong__places_none(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        good: dict[str, Any] = {"order_type": "limit", "side": "buy", "order_qty": 1, "limit_price": 250}
        reply = await client.ask("batch_add", symbol=SYMBOL, orders=[good, good | {"order_qty": 1e9}], token=client.token)
        assert (reply["success"], reply["error"]) == (False, "EOrder:Insufficient funds")
        assert not room.venue.open_orders(1)
        reply = await client.ask("batch_add", symbol=SYMBOL, orders=[good, good | {"limit_price": 251}], token=client.token)
        assert [order["order_id"][0] for order in reply["result"]] == ["O", "O"]
        assert len(room.venue.open_orders(1)) == 2

    run(story, tmp_path)


KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("stop-loss", {"triggers": {"price": 200, "reference": "last"}}),
    ("stop-loss-limit", {"triggers": {"price": 200}, "limit_price": 199}),
    ("take-profit", {"triggers": {"price": 400}}),
    ("take-profit-limit", {"triggers": {"price": 400}, "limit_price": 400}),
    ("trailing-stop", {"triggers": {"price": 5, "price_type": "quote"}}),
    (
        "trailing-stop-limit",
        {"triggers": {"price": 5, "price_type": "quote"}, "limit_price": -1, "limit_price_type": "quote"},
    ),
    ("iceberg", {"limit_price": 400, "display_qty": 1}),
    ("limit", {"limit_price": 400, "time_in_force": "gtd", "expire_time": "2030-01-01T00:00:00Z"}),
)


def test_every_order_type__is_taken_and_shown(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        one, two = await room.client(1), await room.client(2)
        await one.order("sell", 1, 300)
        await two.order("buy", 1, 300)  # a last price to trail
        await one.subscribe("executions")
        await one.next("executions", "snapshot")
        for order_type, more in KINDS:
            params: dict[str, Any] = {
                "order_type": order_type,
                "side": "sell",
                "order_qty": 4,
                "symbol": SYMBOL,
                "token": one.token,
            } | more
            reply = await one.ask("add_order", **params)
            assert reply["success"], reply
            pending = (await one.next("executions", "update"))["data"][0]
            assert pending["order_type"] == order_type
            await one.subscribe("executions")
            shown = (await one.next("executions", "snapshot"))["data"][-1]
            for name in ("order_id", "order_type", "side", "order_qty", "time_in_force"):
                assert shown[name] == pending[name]

    run(story, tmp_path)


def test_the_dead_mans_switch__and_the_loss_of_the_connection_for_who_asked(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        stays, goes = await room.client(1), await room.client(2)
        reply = await stays.ask("cancel_all_orders_after", timeout=60, token=stays.token)
        assert reply["result"]["triggerTime"] > reply["result"]["currentTime"]
        assert (await stays.ask("cancel_all_orders_after", timeout=0, token=stays.token))["result"]["triggerTime"] == "0"
        more: dict[str, Any] = {"timeout": 60, "cancel_on_disconnect": True, "token": goes.token}
        assert (await goes.ask("cancel_all_orders_after", **more))["success"]
        await stays.order("buy", 1, 250)
        await goes.order("buy", 1, 250)
        await stays.connection.close()
        await goes.connection.close()
        while room.venue.open_orders(2):  # noqa: ASYNC110  # what it waits for has no event
            await asyncio.sleep(0.005)
        assert len(room.venue.open_orders(1)) == 1

    run(story, tmp_path)


def test_one_account__cannot_see_or_cancel_anothers_orders(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        mine, other = await room.client(1), await room.client(2)
        await other.subscribe("executions")
        await other.next("executions", "snapshot")
        order = (await mine.order("buy", 1, 250, cl_ord_id="secret"))["result"]["order_id"]
        for named in ({"order_id": [order]}, {"cl_ord_id": ["secret"]}):
            assert (await other.ask("cancel_order", token=other.token, **named))["error"] == "EOrder:Unknown order"
        assert (await other.ask("amend_order", order_id=order, order_qty=1, token=other.token))[
            "error"
        ] == "EOrder:Unknown order"
        edited = await other.ask("edit_order", order_id=order, symbol=SYMBOL, order_qty=1, token=other.token)
        assert edited["error"] == "EOrder:Unknown order"
        assert (await other.ask("cancel_all", token=other.token))["result"]["count"] == 0
        assert not [message for message in other.heard if message.get("channel") == "executions"]
        assert len(room.venue.open_orders(1)) == 1

    run(story, tmp_path)


def test_a_key__without_the_permission_or_at_its_rate_limit__is_refused(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        reads = room.token(2, frozenset({Permission.SOCKETS, Permission.OPEN_ORDERS}))
        assert (await client.order("buy", 1, 250, token=reads))["error"] == "EGeneral:Permission denied"
        slow = room.token(3, tier=TIERS["starter"])
        errors = [(await client.order("buy", 1, 250, token=slow)).get("error") for _ in range(62)]
        assert errors[0] is None
        assert errors[-1] == "EOrder:Rate limit exceeded"
        public = await room.client(private=False)
        assert (await public.order("buy", 1, 250, token=client.token))["error"] == "ESession:Invalid session"

    run(story, tmp_path)


def test_a_revoked_key__loses_its_socket_within_a_second(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        assert (await client.order("buy", 1, 250))["success"]
        await client.subscribe("executions")
        await client.next("executions", "snapshot")
        room.keys.clear()
        while "error" not in (reply := await client.order("buy", 1, 250)):  # noqa: ASYNC110  # looked at once a second
            await asyncio.sleep(0.05)
        assert reply["error"] == "ESession:Invalid session"
        client.heard.clear()
        room.sequencer.submit(Take(1))
        await asyncio.sleep(0.05)
        assert (await client.ask("ping"))["method"] == "pong"
        assert not [message for message in client.heard if message.get("channel") == "executions"]

    run(story, tmp_path)


def test_a_validated_order__is_not_placed(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        assert (await client.order("buy", 1, 250, validate=True))["success"]
        assert (await client.order("buy", 1e9, 250, validate=True))["error"] == "EOrder:Insufficient funds"
        assert not room.venue.open_orders(1)
        assert PAIR.number in room.venue.instruments.instruments

    run(story, tmp_path)
