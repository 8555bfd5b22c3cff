"""Market data to many: 1,000 subscribers of one instrument's book at 20 updates a second, with some that do not read.

The server is that of `bench.venue_socket`; its CPU seconds are its own. Every tenth subscriber reads nothing for the whole run;
what the others got, and how late, is counted here.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.venue_server import Server
from bench.venue_socket import server_in

SUBSCRIBERS, UPDATES_PER_S, SECONDS = 1_000, 20, 8
DEAF_EACH = 10


class Subscriber(WSListener):
    """Counts updates, and how late each is after its order was sent."""

    def __init__(self, sent: dict[bytes, float]) -> None:
        self.sent = sent
        self.updates = 0
        self.late: list[float] = []
        self.snapshot = asyncio.get_running_loop().create_future()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One message."""
        text = frame.get_payload_as_bytes()
        if not text.startswith(b'{"channel":"book"'):
            return
        if text.startswith(b'{"channel":"book","type":"update"'):
            self.updates += 1
            start = text.find(b'"qty":') + 6
            at = self.sent.get(text[start : text.find(b"}", start)])
            if at is not None:
                self.late.append(time.perf_counter() - at)
        elif not self.snapshot.done():
            self.snapshot.set_result(None)


async def fan_out(server: Server) -> dict[str, float]:
    """Subscribe everybody, then send orders that each change the book."""
    sent: dict[bytes, float] = {}
    holder = server.where["tokens"][0]
    readers: list[Subscriber] = []
    transports: list[WSTransport] = []
    subscribe = json.dumps({"method": "subscribe", "params": {"channel": "book", "symbol": ["TSLAx/USD"], "depth": 10}})
    for number in range(SUBSCRIBERS):
        reader = Subscriber(sent)
        transport, _listener = await ws_connect(lambda reader=reader: reader, f"ws://127.0.0.1:{server.where['public']}/v2")
        transport.send(WSMsgType.TEXT, subscribe.encode())
        await reader.snapshot
        transports.append(transport)
        if number % DEAF_EACH:
            readers.append(reader)
        else:
            transport.underlying_transport.pause_reading()
    trader, _listener = await ws_connect(WSListener, f"ws://127.0.0.1:{server.where['private']}/v2")
    before, began, own = server.told(), time.perf_counter(), time.process_time()
    count = UPDATES_PER_S * SECONDS
    for number in range(1, count + 1):
        quantity = f"{1 + number // 100}.{number % 100:02d}00"
        order = (
            f'"order_type":"limit","side":"buy","symbol":"TSLAx/USD","order_qty":{quantity},"limit_price":{300 - number % 5}.00'
        )
        cancel_all = f'{{"method":"cancel_all","params":{{"token":"{holder}"}}}}'
        trader.send(WSMsgType.TEXT, cancel_all.encode())
        trader.send(WSMsgType.TEXT, f'{{"method":"add_order","params":{{{order},"token":"{holder}"}}}}'.encode())
        sent[quantity.encode()] = time.perf_counter()
        await asyncio.sleep(max(0.0, began + number / UPDATES_PER_S - time.perf_counter()))
    await asyncio.sleep(0.5)
    wall = time.perf_counter() - began
    after, own = server.told(), time.process_time() - own
    late = sorted(each for reader in readers for each in reader.late)
    for transport in transports:
        transport.disconnect(graceful=False)
    cpu = after["cpu_s"] - before["cpu_s"]
    return {
        "core": cpu / wall,
        "cpu_us": cpu / sum(reader.updates for reader in readers) * 1e6,
        "updates_per_s": min(reader.updates for reader in readers) / SECONDS,
        "p50_ms": late[len(late) // 2] * 1e3,
        "p99_ms": late[len(late) * 99 // 100] * 1e3,
        "client_core": own / wall,
    }


def fanout_figures(folder: Path | None = None) -> dict[str, float]:
    """Figures of one run on a new server."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        server_in(Path(place), sync=True) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(fan_out(server))


if __name__ == "__main__":
    print({key: round(value, 3) for key, value in fanout_figures().items()})
