"""AddOrder over the REST door of a venue's own server, in a process of its own: rates, latencies and CPU.

`python -m bench.venue_rest --serve FOLDER [--sync]` is that process: venue, sequencer, journal, history and REST as the product
puts them together, with signatures, nonces (journalled), holds, fees, self-trade prevention, limits and counters on. It tells
its port and keys in one line of JSON, and its CPU seconds whenever it is sent a line. Requests are signed before the clock
starts; each connection has one in flight, as REST clients have.
"""

import argparse
import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

import uvloop

from bench.venue_server import MIDDLE, Server, now_us, pair, server_of, tell, venue_in
from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import Keys, new_key
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.door import serve_rest
from openscrip.api.kraken.signature import Secret

CONNECTIONS = 16
ORDERS = 40_000


# the server


async def serve(folder: Path, *, sync: bool) -> None:
    """The venue, until nobody reads any more."""
    keys = [new_key(n, n, f"bench {n}", tier=TIERS["maker"]) for n in range(1, CONNECTIONS + 1)]
    async with (
        venue_in(folder, pair(200_000), CONNECTIONS, sync=sync) as its,
        serve_rest(Backing(its.sequencer, its.venue, Keys(keys=keys), its.history, now_us)) as port,
    ):
        await tell({"port": port, "keys": [(key.key, key.secret.hex()) for key in keys]}, its)


# the clients


def requests(server: Server, first: int, number: int, count: int) -> list[bytes]:
    """Signed orders of one client around the middle price, about a third of them trading; their nonces are above `first`."""
    pick, made = Random(number), list[bytes]()
    key, secret = server.where["keys"][number]
    signer, path = Secret(bytes.fromhex(secret)), b"/0/private/AddOrder"
    for step in range(count):
        nonce = first + step + 1
        side = pick.choice(("buy", "sell"))
        away = int(pick.expovariate(0.05)) - (8 if pick.random() < 0.6 else 0)
        price = MIDDLE - away if side == "buy" else MIDDLE + away
        lots = 1 + int(pick.expovariate(0.005))
        body = (
            f"nonce={nonce}&ordertype=limit&pair=TSLAxUSD&price={price // 100}.{price % 100:02d}&type={side}"
            f"&volume={lots // 100}.{lots % 100:02d}&cl_ord_id={number}-{nonce}"
        ).encode()
        sign = signer.sign(path, str(nonce).encode(), body)
        made.append(
            b"POST /0/private/AddOrder HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n"
            b"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nAPI-Key: %b\r\nAPI-Sign: %b\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b"
            % (key.encode(), sign, len(body), body)
        )
    return made


class Sender(asyncio.Protocol):
    """One client with one request in flight. Takes each one's time, and counts what was refused."""

    def __init__(self, made: list[bytes], done: "asyncio.Future[None]") -> None:
        self.made, self.done = made, done
        self.answered = self.refused = 0
        self.took: list[float] = []
        self._transport: asyncio.Transport | None = None
        self._at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = transport  # type: ignore[assignment]  # create_connection gives one that reads and writes

    def send(self) -> None:
        """The next request."""
        self._at = time.perf_counter()
        if self._transport is not None:
            self._transport.write(self.made[self.answered])

    def data_received(self, data: bytes) -> None:
        """The whole answer is small and comes at once."""
        self.took.append(time.perf_counter() - self._at)
        self.answered += 1
        self.refused += b'"txid"' not in data
        if self.answered == len(self.made):
            self.done.set_result(None)
        else:
            self.send()


async def orders(server: Server, first: int, connections: int, count: int) -> dict[str, float]:
    """Run `count` orders over so many connections, nonces above `first`; rates and latencies."""
    loop, each = asyncio.get_running_loop(), count // connections
    senders = [Sender(requests(server, first, number, each), loop.create_future()) for number in range(connections)]
    for sender in senders:
        await loop.create_connection(partial(_self, sender), "127.0.0.1", server.where["port"])
    before, began_s = server.told(), time.perf_counter()
    for sender in senders:
        sender.send()
    await asyncio.gather(*(sender.done for sender in senders))
    wall_s, after = time.perf_counter() - began_s, server.told()
    took = sorted(each for sender in senders for each in sender.took)
    made = len(took)
    refused = sum(sender.refused for sender in senders)
    if refused * 100 > made:
        raise RuntimeError(f"bench: {refused} of {made} orders were refused")
    return {
        "per_s": made / wall_s,
        "per_loop_cpu_s": made / (after["loop_s"] - before["loop_s"]),
        "per_cpu_s": made / (after["cpu_s"] - before["cpu_s"]),
        "p50_us": took[made // 2] * 1e6,
        "p99_ms": took[made * 99 // 100] * 1e3,
        "group": made * 2 / max(1, after["groups"] - before["groups"]),
    }


def _self(sender: Sender) -> Sender:
    return sender


def rest_figures(runs: int, count: int = ORDERS) -> dict[str, list[float]]:
    """Each figure over the runs, by `plain.` (not journalled: without the sync) and `journalled.`."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, sync in (("plain", False), ("journalled", True)):
            with tempfile.TemporaryDirectory() as folder, server_of("bench.venue_rest", Path(folder), sync=sync) as server:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(orders(server, 0, CONNECTIONS, count // 10))
                    told = runner.run(orders(server, count, CONNECTIONS, count))
                for each, value in told.items():
                    found.setdefault(f"{name}.{each}", []).append(value)
    return found


def main() -> None:
    """Serve, or measure and print."""
    parser = argparse.ArgumentParser(prog="bench.venue_rest")
    parser.add_argument("--serve", type=Path, default=None)
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--orders", type=int, default=ORDERS)
    asked = parser.parse_args()
    if asked.serve is not None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(asked.serve, sync=asked.sync))
        return
    for name, values in rest_figures(asked.runs, asked.orders).items():
        print(f"{name:28} {' '.join(f'{value:,.1f}' for value in values)}")


if __name__ == "__main__":
    main()
