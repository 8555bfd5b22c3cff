"""Market data over the socket: what readers rebuild is the book; who is slow gets snapshots, and slows nobody."""

import asyncio
import json
import socket
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest
from tests.api.kraken.socket_room import PAIR, SYMBOL, Client, Room, run
from tests.markets.test_sequencer import SlowDisk

from openscrip.api.kraken.socket.connection import Connection, Limits
from openscrip.markets.commands import Place, Take
from openscrip.markets.orders import Iceberg, Limit, Side, Terms

pytestmark = pytest.mark.parts

HEARD_S = 60


class Reader:
    """Follows Kraken's guide to the letter: apply, cut, and check the CRC over the digits that were sent."""

    def __init__(self, depth: int) -> None:
        self.depth, self.checked = depth, 0
        self.sides: dict[str, dict[Decimal, str]] = {"bids": {}, "asks": {}}
        self.texts: dict[Decimal, str] = {}

    def hear(self, message: dict[str, Any]) -> None:
        item = message["data"][0]
        if message["type"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        for name, side in self.sides.items():
            for level in item[name]:
                price = Decimal(level["price"])
                self.texts[price] = level["price"]
                if Decimal(level["qty"]):
                    side[price] = level["qty"]
                else:
                    side.pop(price, None)
            best = sorted(side, reverse=name == "bids")[: self.depth]
            self.sides[name] = {price: side[price] for price in best}
        text = ""
        for name in ("asks", "bids"):
            for price, quantity in list(self.sides[name].items())[:10]:
                text += "".join(part.replace(".", "").lstrip("0") for part in (self.texts[price], quantity))
        assert crc32(text.encode()) == int(item["checksum"]), f"update {self.checked}"
        self.checked += 1


class Queue:
    """The same, order by order."""

    def __init__(self, depth: int) -> None:
        self.depth, self.checked = depth, 0
        self.sides: dict[str, dict[Decimal, dict[str, tuple[str, str]]]] = {"bids": {}, "asks": {}}

    def hear(self, message: dict[str, Any]) -> None:
        item = message["data"][0]
        if message["type"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        for name, side in self.sides.items():
            for order in item[name]:
                line = side.setdefault(Decimal(order["limit_price"]), {})
                if order.get("event") == "delete":
                    del line[order["order_id"]]
                else:
                    line[order["order_id"]] = (order["limit_price"], order["order_qty"])
            best = sorted((price for price, line in side.items() if line), reverse=name == "bids")[: self.depth]
            self.sides[name] = {price: side[price] for price in best}
        text = ""
        for name in ("asks", "bids"):
            for line in list(self.sides[name].values())[:10]:
                text += "".join(part.replace(".", "").lstrip("0") for order in line.values() for part in order)
        assert crc32(text.encode()) == int(item["checksum"]), f"update {self.checked}"
        self.checked += 1


async def follow(client: Client, channel: str, reader: Reader | Queue) -> None:
    async for told in client.connection:
        message = json.loads(told, parse_float=str, parse_int=str)
        if message.get("channel") == channel:
            reader.hear(message)


def trade(room: Room, pick: Random, steps: int) -> None:
    """Some random commands of three accounts, around one price."""
    for _ in range(steps):
        account = pick.choice((1, 2, 3))
        own = room.venue.open_orders(account)
        if own and pick.random() < 0.4:
            room.sequencer.submit(Take(account, pick.choice(own).id))
            continue
        side = Side(pick.randrange(2))
        price = 30_000 + pick.randrange(-60, 61) + (-10 if side is Side.BUY else 10)
        lots = 10_000 + pick.randrange(1, 50_000)
        terms: Terms = Limit(price) if pick.random() < 0.8 else Iceberg(price, max(1, lots // 10))
        room.sequencer.submit(Place(account, PAIR.number, side, lots, terms))


def test_readers_of_every_depth__through_a_random_market__agree_with_the_checksum_on_every_update(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        pick = Random(3)
        trade(room, pick, 300)
        readers: list[Reader | Queue] = []
        tasks = []
        for depth in (10, 25, 100, 1000):
            client = await room.client(private=False)
            await client.ask("subscribe", channel="book", symbol=[SYMBOL], depth=depth)
            readers.append(Reader(depth))
            readers[-1].hear(json.loads(json.dumps(await client.next("book"), default=str), parse_int=str))
            tasks.append(asyncio.create_task(follow(client, "book", readers[-1])))
        for depth in (10, 1000):
            client = await room.client(1)
            params = {"channel": "level3", "symbol": [SYMBOL], "depth": depth, "token": client.token}
            await client.connection.send(json.dumps({"method": "subscribe", "params": params}))
            readers.append(Queue(depth))
            tasks.append(asyncio.create_task(follow(client, "level3", readers[-1])))
        for _ in range(150):
            trade(room, pick, 8)
            await asyncio.sleep(0.004)
        async with asyncio.timeout(HEARD_S):
            while min(one.checked for one in readers) <= 50 and not any(one.done() for one in tasks):  # noqa: ASYNC110  # real sockets
                await asyncio.sleep(0.05)
        for task in tasks:
            assert not task.done(), task.exception()
            task.cancel()

    run(story, tmp_path)


def test_a_reader_that_is_slow__is_passed_by_and_gets_a_snapshot__and_nobody_else_notices(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        pick, quick = Random(5), await room.client(private=False)
        trade(room, pick, 300)
        slow = await room.client(private=False)
        await slow.ask("subscribe", channel="book", symbol=[SYMBOL], depth=1000)
        await slow.next("book", "snapshot")
        deafen(slow)
        await quick.ask("subscribe", channel="book", symbol=[SYMBOL], depth=1000)
        reader = Reader(1000)
        task = asyncio.create_task(follow(quick, "book", reader))
        server_side = narrow(room, 2)
        for _ in range(4_000):
            trade(room, pick, 10)
            await asyncio.sleep(0.001)
            if is_slow(server_side):
                break
        assert is_slow(server_side)
        before = reader.checked
        waiting = buffered(server_side)
        async with asyncio.timeout(HEARD_S):
            while reader.checked <= before + 20 and not task.done():
                trade(room, pick, 10)
                await asyncio.sleep(0.006)
        assert buffered(server_side) == waiting, "market data went on gathering for one who does not read"
        slow.connection.transport.resume_reading()
        await slow.next("book", "snapshot")
        assert not is_slow(server_side)
        assert not task.done()
        task.cancel()

    run(story, tmp_path, limits=Limits(slow_bytes=20_000))


def deafen(client: Client) -> None:
    """Read nothing any more, with a small buffer in the system."""
    client.connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connection.transport.pause_reading()


def is_slow(connection: Connection) -> bool:
    return connection.slow


def narrow(room: Room, number: int) -> Connection:
    """A connection of the server, with a small buffer in the system."""
    found = room.server.connections[number]
    assert found._stream is not None  # its socket
    found._stream.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # its socket
    return found


def buffered(connection: Connection) -> int:
    assert connection._stream is not None  # what waits for the client
    return connection._stream.get_write_buffer_size()  # what waits for the client


def test_one_who_never_reads_his_own_executions__is_cut_off(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        client = await room.client(1)
        await client.subscribe("executions")
        deafen(client)
        server_side = narrow(room, 1)
        for _ in range(20_000):
            order = room.sequencer.submit(Place(1, PAIR.number, Side.BUY, 10_000, Limit(20_000))).order
            room.sequencer.submit(Take(1, order))
            if not order % 20:
                await asyncio.sleep(0)
            if server_side.gone:
                break
        assert server_side.gone
        client.connection.transport.resume_reading()

    run(story, tmp_path, limits=Limits(slow_bytes=20_000, backlog_bytes=100_000))


def test_a_reply__leaves_only_when_its_order_is_on_the_disk(tmp_path: Path) -> None:
    disk = SlowDisk()

    async def story(room: Room) -> None:
        client, reader = await room.client(1), await room.client(private=False)
        await client.subscribe("executions")
        await client.next("executions", "snapshot")
        await reader.ask("subscribe", channel="book", symbol=[SYMBOL])
        await reader.next("book")
        disk.is_slow = True
        order = asyncio.create_task(client.order("buy", 1, 300))
        while not room.venue.open_orders(1):  # noqa: ASYNC110  # what it waits for has no event
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert not order.done()
        assert (await reader.ask("ping"))["method"] == "pong"
        assert not reader.heard, "the book told of an order that is not on the disk"
        disk.is_slow = False
        disk.lets.release(10)
        assert (await order)["success"]
        assert (await reader.next("book"))["type"] == "update"
        assert (await client.next("executions", "update"))["data"][0]["exec_type"] == "pending_new"

    run(story, tmp_path, sync=True, disk=disk)


@pytest.mark.slow
def test_a_new_subscriber__in_the_middle_of_a_fast_market__starts_where_everybody_stands(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        pick = Random(9)
        trade(room, pick, 200)
        tasks, readers = [], []
        for _ in range(60):
            trade(room, pick, 4)
            client = await room.client(private=False)
            reader = Reader(10)
            readers.append(reader)
            tasks.append(asyncio.create_task(follow(client, "book", reader)))
            frame = {"method": "subscribe", "params": {"channel": "book", "symbol": [SYMBOL], "depth": 10}}
            await client.connection.send(json.dumps(frame))
        async with asyncio.timeout(HEARD_S):
            while min(reader.checked for reader in readers) <= 10 and not any(task.done() for task in tasks):
                trade(room, pick, 4)
                await asyncio.sleep(0.01)
        assert not [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()

    run(story, tmp_path)
