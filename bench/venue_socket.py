"""Orders over the WebSocket of a venue's own server, in a process of its own: rates, latencies, CPU; with and without the sync.

`python -m bench.venue_socket --serve FOLDER [--sync]` is that process: venue, sequencer, journal, history and socket as the
product puts them together, with holds, fees, self-trade prevention, limits and executions on. It tells its address and tokens
in one line of JSON, and its CPU seconds whenever it is sent a line.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect, ws_create_server

from bench.venue_server import MIDDLE, Server, now_us, pair, server_of, tell, venue_in
from openscrip.api.kraken.counters import TIERS, Counters
from openscrip.api.kraken.keys import Keys, new_key
from openscrip.api.kraken.socket.server import serve_socket
from openscrip.api.kraken.tokens import Tokens

ORDERS = 60_000
CLIENTS, IN_FLIGHT = 8, 24
ACCOUNTS = CLIENTS + 1
"""The last one is that of the client that polls: orders that others left open are not in its way."""


# the server


async def serve(folder: Path, *, sync: bool) -> None:
    """The venue, until nobody reads any more."""
    tokens, keys = Tokens(), [new_key(n, n, f"bench {n}", tier=TIERS["maker"]) for n in range(1, ACCOUNTS + 1)]
    async with venue_in(folder, pair(2_000), ACCOUNTS, sync=sync) as its:
        history = its.history
        socket = serve_socket(
            its.sequencer, its.venue, history, Keys(keys=keys), tokens, Counters(), now_us, quoted=history.quoted
        )  # fmt: skip
        async with socket as server:
            issued = [tokens.issue(key, time.monotonic()) for key in keys]
            await tell({"public": server.public_port, "private": server.private_port, "tokens": issued}, its)


@contextmanager
def server_in(folder: Path, *, sync: bool, echo: bool = False) -> Iterator[Server]:
    """A server on a new folder; or an echo in its place."""
    with server_of("bench.venue_socket", folder, sync=sync, more=["--echo"] if echo else []) as server:
        yield server


# the client


def frames(number: int, token_text: str, count: int) -> list[bytes]:
    """Orders of one client around the middle price, many of them trading; every third message cancels an older one."""
    pick, made, live = Random(number), list[bytes](), deque[int]()
    head = f'{{"method":"add_order","params":{{"order_type":"limit","symbol":"TSLAx/USD","token":"{token_text}"'
    for request in range(1, count + 1):
        if len(live) > 8 and pick.random() < 0.33:
            gone = live.popleft()
            told = f'"params":{{"cl_ord_id":["{number}-{gone}"],"token":"{token_text}"}},"req_id":{request}'
            made.append(f'{{"method":"cancel_order",{told}}}'.encode())
            continue
        side = pick.choice(("buy", "sell"))
        away = -6 if pick.random() < 0.3 else 1 + int(pick.expovariate(0.05))
        price = MIDDLE - away if side == "buy" else MIDDLE + away
        lots = 1 + int(pick.expovariate(0.005))
        named = f'"side":"{side}","order_qty":{lots // 100}.{lots % 100:02d},"limit_price":{price // 100}.{price % 100:02d}'
        live.append(request)
        made.append(f'{head},{named},"cl_ord_id":"{number}-{request}"}},"req_id":{request}}}'.encode())
    return made


class Sender(WSListener):
    """One client: keeps `window` requests in flight and takes each one's time."""

    def __init__(self, messages: list[bytes], window: int, done: "asyncio.Future[None]") -> None:
        self.messages, self.window, self.done = messages, window, done
        self.sent = self.replied = self.refused = self.executions = 0
        self.took: list[float] = []
        self._at: deque[float] = deque()
        self.transport: WSTransport | None = None
        self.ready = asyncio.get_running_loop().create_future()
        self.starts = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Be ready."""
        self.transport = transport

    def begin(self) -> None:
        """Fill the window."""
        self.starts = True
        self._send(self.window)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count replies; send as many anew when all that came in one read was counted."""
        text = frame.get_payload_as_bytes()
        if text.startswith((b'{"method":"add_order"', b'{"method":"cancel_order"')):
            self.replied += 1
            self.took.append(time.perf_counter() - self._at.popleft())
            if b'"success":false' in text:
                self.refused += 1
        elif text.startswith(b'{"channel":"executions"'):
            self.executions += 1
            if b'"snapshot"' in text and not self.ready.done():
                self.ready.set_result(None)
        if frame.last_in_buffer and self.starts:
            self._send(self.window - (self.sent - self.replied))
            if self.replied == len(self.messages) and not self.done.done():
                self.done.set_result(None)

    def _send(self, count: int) -> None:
        if self.transport is None:
            return
        for message in self.messages[self.sent : self.sent + count]:
            self._at.append(time.perf_counter())
            self.transport.send(WSMsgType.TEXT, message)
            self.sent += 1


class Polling:
    """While it lasts this process's loop never sleeps: it looks for what came, as who trades for latency does.

    A sleeping client has to be woken by the server's processor, which takes both longer than the order itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._lasts = loop, True
        self._look()

    def _look(self) -> None:
        if self._lasts:
            self._loop.call_soon(self._look)

    def end(self) -> None:
        """Let it sleep."""
        self._lasts = False


async def orders(
    server: Server, clients: int, window: int, count: int, *, first: int = 0, polls: bool = False
) -> dict[str, float]:
    """Run `count` requests over so many clients from `first` on; rates and latencies. `polls`: see `Polling`."""
    loop, senders = asyncio.get_running_loop(), list[Sender]()
    for number in range(first, first + clients):
        token_text = server.where["tokens"][number % ACCOUNTS]
        done = loop.create_future()
        sender = Sender(frames(number + 1000 * window, token_text, count // clients), window, done)
        _transport, _sender = await ws_connect(lambda sender=sender: sender, f"ws://127.0.0.1:{server.where['private']}/v2")
        subscribe = json.dumps({"method": "subscribe", "params": {"channel": "executions", "token": token_text}})
        _transport.send(WSMsgType.TEXT, subscribe.encode())
        await sender.ready
        senders.append(sender)
    before, began, own = server.told(), time.perf_counter(), time.process_time()
    polling = Polling(loop) if polls else None
    for sender in senders:
        sender.begin()
    await asyncio.gather(*(sender.done for sender in senders))
    if polling is not None:
        polling.end()
    wall, own = time.perf_counter() - began, time.process_time() - own
    after = server.told()
    replied = sum(sender.replied for sender in senders)
    took = sorted(each for sender in senders for each in sender.took)
    for sender in senders:
        if sender.transport is not None:
            sender.transport.disconnect()
    cpu = after["cpu_s"] - before["cpu_s"]
    return {
        "rate": replied / wall,
        "per_cpu_s": replied / cpu,
        "cpu_us": cpu / replied * 1e6,
        "loop_us": (after["loop_s"] - before["loop_s"]) / replied * 1e6,
        "client_cpu_us": own / replied * 1e6,
        "p50_us": took[len(took) // 2] * 1e6,
        "p99_us": took[len(took) * 99 // 100] * 1e6,
        "refused": sum(sender.refused for sender in senders) / replied,
        "executions": sum(sender.executions for sender in senders) / replied,
        "groups": after["groups"] - before["groups"],
    }


def venue_socket_figures(folder: Path | None = None) -> dict[str, dict[str, float]]:
    """Figures of one run by mode: not journalled and journalled, one in flight and many."""
    found: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        server_in(Path(place), sync=False, echo=True) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found["echo.one"] = runner.run(echoes(server, ORDERS // 10, polls=False))
        found["echo.one_polled"] = runner.run(echoes(server, ORDERS // 10, polls=True))
    for mode, sync in (("not_journalled", False), ("journalled", True)):
        with (
            tempfile.TemporaryDirectory(dir=folder) as place,
            server_in(Path(place), sync=sync) as server,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(orders(server, 2, 16, ORDERS // 10))  # warm
            found[f"{mode}.one"] = runner.run(orders(server, 1, 1, ORDERS // 10))
            if not sync:
                found[f"{mode}.one_polled"] = runner.run(orders(server, 1, 1, ORDERS // 10, first=CLIENTS, polls=True))
            found[f"{mode}.load"] = runner.run(orders(server, CLIENTS, IN_FLIGHT, ORDERS))
    return found


class Echo(WSListener):
    """Says what it hears: what the two processes and the wire take by themselves."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """An order comes back as an answer to it."""
        transport.send(WSMsgType.TEXT, b'{"method":"add_order"' + frame.get_payload_as_bytes())


async def serve_echo() -> None:
    """An echo in place of the venue, until nobody reads any more."""
    server = await ws_create_server(lambda _request: Echo(), "127.0.0.1", 0)
    print(json.dumps({"private": server.sockets[0].getsockname()[1]}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)


async def echoes(server: Server, count: int, *, polls: bool) -> dict[str, float]:
    """What one message in flight takes to an echo and back."""
    loop = asyncio.get_running_loop()
    sender = Sender(frames(1, "none", count), 1, loop.create_future())
    transport, _sender = await ws_connect(lambda: sender, f"ws://127.0.0.1:{server.where['private']}/v2")
    polling = Polling(loop) if polls else None
    sender.begin()
    await sender.done
    if polling is not None:
        polling.end()
    transport.disconnect()
    took = sorted(sender.took)
    return {"p50_us": took[count // 2] * 1e6, "p99_us": took[count * 99 // 100] * 1e6}


def main() -> None:
    """Serve, or measure once and print."""
    parser = argparse.ArgumentParser(prog="bench.venue_socket")
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("--echo", action="store_true")
    asked = parser.parse_args()
    if asked.serve is not None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_echo() if asked.echo else serve(asked.serve, sync=asked.sync))
        return
    for name, figures in venue_socket_figures().items():
        print(name, {key: round(value, 2) for key, value in figures.items()})


if __name__ == "__main__":
    main()
