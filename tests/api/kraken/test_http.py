"""The HTTP door, over real sockets: order, bounds, and strangers who send what no client would."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openscrip.api.kraken.http import Handler, Server, Slot
from openscrip.api.kraken.http_message import Bounds, Request

ANSWERED_S = 60
GET = b"GET /0/public/Time HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, path: str = "/0/private/AddOrder", *headers: str) -> bytes:
    more = "".join(f"{header}\r\n" for header in headers)
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Client:
    """A plain socket that speaks bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), ANSWERED_S)).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await asyncio.wait_for(self.reader.readexactly(int(headers["content-length"])), ANSWERED_S)
        return int(head[0].split(" ")[1]), headers, body

    async def is_closed(self) -> bool:
        with suppress(ConnectionResetError):
            return await asyncio.wait_for(self.reader.read(1), ANSWERED_S) == b""
        return True


@asynccontextmanager
async def door(
    handler: Handler, bounds: Bounds | None = None, machine_s: Callable[[], float] | None = None
) -> AsyncIterator[tuple[Server, int]]:
    server = Server(handler, bounds, machine_s) if machine_s else Server(handler, bounds)
    async with server.serve("127.0.0.1", 0) as port:
        yield server, port


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def echo(request: Request, slot: Slot) -> None:
    slot.fill(request.method + b" " + request.path + b"?" + request.query + b" " + request.body)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(ANSWERED_S):
        while not condition():  # noqa: ASYNC110  # what it waits for has no event
            await asyncio.sleep(0.002)


def run(story: Callable[[], object]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # each story is a coroutine function


def test_a_request__plain__is_handed_on_and_answered() -> None:
    async def story() -> None:
        seen: list[Request] = []

        def handler(request: Request, slot: Slot) -> None:
            seen.append(request)
            echo(request, slot)

        async with door(handler) as (_, port), client(port) as one:
            one.send(b"GET /0/public/Depth?pair=TSLAxUSD&count=2 HTTP/1.1\r\nHost: x\r\n\r\n")
            status, headers, body = await one.answer()
            assert (status, body) == (200, b"GET /0/public/Depth?pair=TSLAxUSD&count=2 ")
            assert headers["content-type"].startswith("application/json")
            one.send(post(b"a=1", "/0/private/Balance", "api-KEY: k", "API-Sign:  s", "Content-Type: application/json"))
            assert (await one.answer())[2] == b"POST /0/private/Balance? a=1"
            assert (seen[1].key, seen[1].sign, seen[1].kind, seen[1].host) == (b"k", b"s", b"application/json", "127.0.0.1")

    run(story)


def test_a_request__in_single_bytes_or_chunks__is_the_same() -> None:
    async def story() -> None:
        async with door(echo) as (_, port), client(port) as one:
            for byte in post(b"a=1"):
                one.send(bytes([byte]))
                await asyncio.sleep(0)
            assert (await one.answer())[2] == b"POST /0/private/AddOrder? a=1"
            one.send(b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na=\r\n1\r\n1\r\n0\r\n\r\n")
            assert (await one.answer())[2] == b"POST /x? a=1"

    run(story)


def test_requests__sent_ahead__are_answered_in_their_order_whatever_is_ready_first() -> None:
    async def story() -> None:
        slots: list[Slot] = []
        async with door(lambda _, slot: slots.append(slot)) as (_, port), client(port) as one:
            one.send(GET * 3)
            await until(lambda: len(slots) == 3)
            for place in (2, 0, 1):
                slots[place].fill(b"%d" % place)
                slots[place].fill(b"again")
            assert [(await one.answer())[2] for _ in range(3)] == [b"0", b"1", b"2"]

    run(story)


def test_requests__by_thousands_in_one_breath__are_all_answered_within_bounds() -> None:
    async def story() -> None:
        waiting: list[Slot] = []
        highest = 0

        def handler(request: Request, slot: Slot) -> None:
            nonlocal highest
            waiting.append(slot)
            highest = max(highest, len(waiting))
            asyncio.get_running_loop().call_soon(lambda: waiting.pop(0).fill(b"x" * 1_000))

        async with door(handler, Bounds(in_flight_max=16)) as (_, port), client(port) as one:
            one.send(GET * 5_000)
            for _ in range(5_000):
                assert (await one.answer())[2] == b"x" * 1_000
            assert highest <= 16

    run(story)


def test_answers__ready_at_once_for_thousands__do_not_nest() -> None:
    async def story() -> None:
        async with door(lambda _, slot: slot.fill(b"x" * 20_000)) as (_, port), client(port) as one:
            one.send(GET * 4_000)
            for _ in range(4_000):
                assert len((await one.answer())[2]) == 20_000

    run(story)


def test_a_client__that_says_close_or_ends_its_side__gets_its_answers_first() -> None:
    async def story() -> None:
        async with door(echo) as (_, port):
            async with client(port) as one:
                one.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET)
                assert (await one.answer())[1]["connection"] == "close"
                assert await one.is_closed()
            async with client(port) as one:
                one.send(GET)
                one.writer.write_eof()
                assert (await one.answer())[0] == 200
                assert await one.is_closed()

    run(story)


HOSTILE = [
    (b"\x00\x01\x02\x03\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
    (b"CONNECT x:1 HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nA: b\nc\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + b"x" * 0x20000, 413),
    (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nA: b\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nA: " + b"x" * 9_000, 431),
    (b"GET / HTTP/1.1\r\nA: " + b"x" * 9_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 65 + b"\r\n", 431),
]


@pytest.mark.parametrize(("data", "status"), HOSTILE, ids=[data[:24].decode("latin1") + str(len(data)) for data, _ in HOSTILE])
def test_a_request__malformed_or_oversized__is_refused_once_and_the_client_let_go(data: bytes, status: int) -> None:
    async def story() -> None:
        async with door(echo) as (server, port), client(port) as one:
            one.send(data)
            answered, headers, body = await one.answer()
            assert answered == status
            assert headers["connection"] == "close"
            assert body.startswith(b'{"error":["E')
            assert await one.is_closed()
            async with client(port) as another:
                another.send(GET)
                assert (await another.answer())[0] == 200
            one.writer.close()
            await until(lambda: not server.connections)

    run(story)


def test_a_broken_request__behind_a_good_one__does_not_take_its_answer() -> None:
    async def story() -> None:
        slots: list[Slot] = []
        async with door(lambda _, slot: slots.append(slot)) as (_, port), client(port) as one:
            one.send(GET + b"\x00\x00\r\n\r\n")
            await until(lambda: slots)
            slots[0].fill(b"good")
            assert (await one.answer())[2] == b"good"
            assert (await one.answer())[0] == 400
            assert await one.is_closed()

    run(story)


def test_a_client__that_feeds_its_request_by_drops__is_let_go_in_time() -> None:
    async def story() -> None:
        now_s = 100.0
        bounds = Bounds(request_s=10, idle_s=75)
        async with door(echo, bounds, lambda: now_s) as (server, port), client(port) as slow, client(port) as idle:
            idle.send(GET)
            await idle.answer()
            slow.send(b"GET / HTTP/1.1\r\n")
            for drop in range(12):
                slow.send(b"X-%d: y\r\n" % drop)
                await asyncio.sleep(0.005)
                now_s += 1.0
                server.check()
            assert (await slow.answer())[0] == 408
            assert await slow.is_closed()
            now_s += 3.0
            server.check()
            await until(lambda: len(server.connections) == 1)
            now_s += 80.0
            server.check()
            assert await idle.is_closed()

    run(story)


def test_a_client__that_leaves_its_answers_unread__is_set_aside_and_let_go() -> None:
    async def story() -> None:
        now_s = 100.0
        handed = 0

        def handler(_: Request, slot: Slot) -> None:
            nonlocal handed
            handed += 1
            slot.fill(b"x" * 60_000)

        async with door(handler, Bounds(unread_s=30), lambda: now_s) as (server, port):
            with socket.create_connection(("127.0.0.1", port)) as deaf:
                deaf.setblocking(False)
                deaf.send(GET * 1_500)
                before = -1
                while handed != before or not handed:
                    before = handed
                    await asyncio.sleep(0.05)
                assert 0 < handed < 1_500
                async with client(port) as other:
                    other.send(GET)
                    assert (await other.answer())[0] == 200
                now_s += 31.0
                server.check()
                await until(lambda: not server.connections)

    run(story)


def test_connections__too_many__are_turned_away_and_the_rest_served() -> None:
    async def story() -> None:
        async with door(echo, Bounds(connections_host_max=3)) as (server, port):
            async with client(port) as first, client(port) as second, client(port) as third:
                async with client(port) as one_more:
                    assert (await one_more.answer())[::2] == (503, b'{"error":["EService:Busy"]}')
                    assert await one_more.is_closed()
                for each in (first, second, third):
                    each.send(GET)
                    assert (await each.answer())[0] == 200
            await until(lambda: not server.connections)
            async with client(port) as later:
                later.send(GET)
                assert (await later.answer())[0] == 200

    run(story)


def test_a_client__that_goes_away__is_forgotten_with_what_it_waited_for() -> None:
    async def story() -> None:
        slots: list[Slot] = []
        async with door(lambda _, slot: slots.append(slot)) as (server, port):
            async with client(port) as one:
                one.send(GET)
                await until(lambda: slots)
            slots[0].fill(b"nobody hears")
            await until(lambda: not server.connections)
            slots[0].fill(b"nobody hears")

    run(story)


def test_a_door__that_closes__finishes_what_is_under_way() -> None:
    async def story() -> None:
        slots: list[Slot] = []
        async with client_of_closing_door(slots) as one:
            assert (await one.answer())[2] == b"done"
            assert await one.is_closed()

    run(story)


@asynccontextmanager
async def client_of_closing_door(slots: list[Slot]) -> AsyncIterator[Client]:
    async with door(lambda _, slot: slots.append(slot)) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await until(lambda: slots)
        asyncio.get_running_loop().call_later(0.05, slots[0].fill, b"done")
    yield Client(reader, writer)
    writer.close()


def test_a_client__that_expects_100__is_told_to_go_on() -> None:
    async def story() -> None:
        async with door(echo) as (_, port), client(port) as one:
            whole = post(b"a=1", "/x", "Expect: 100-continue")
            one.send(whole[:-3])
            assert await asyncio.wait_for(one.reader.readuntil(b"\r\n\r\n"), ANSWERED_S) == b"HTTP/1.1 100 Continue\r\n\r\n"
            one.send(whole[-3:])
            assert (await one.answer())[2] == b"POST /x? a=1"

    run(story)


PIECE = st.binary(max_size=40) | st.sampled_from(
    [GET, post(b"a=1"), b"\r\n", b"\r\n\r\n", b"GET ", b"HTTP/1.1", b"Content-Length: 3\r\n"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECE, max_size=8))
def test_whatever_bytes_come__the_door_stands(pieces: list[bytes]) -> None:
    async def story() -> None:
        async with door(echo) as (_, port):
            async with client(port) as one:
                for piece in pieces:
                    one.send(piece)
                    await asyncio.sleep(0)
            async with client(port) as another:
                another.send(GET)
                assert (await another.answer())[0] == 200

    run(story)
