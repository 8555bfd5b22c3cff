"""An hour of simulated market: the book's checksum agrees with every update, for the SDK and for a reader by the manual."""

import asyncio
import json
import zlib
from typing import Any

import pytest
from kraken.spot import SpotOrderBookClient
from tests.clients.connections import PAIR, pointed_at, until
from tests.clients.simulated_market import SimulatedMarket
from tests.clients.venue_server import TSLAX_USD, RunningVenue
from websockets.asyncio.client import connect

from openscrip.markets.venue import Venue

DEPTH = 10
UPDATES_MIN = 2_500
LAST_S = 10.0


class ManualReader:
    """A book kept and checked as Kraken's guide to the checksum says, from the literal text of the messages."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.sides: dict[str, dict[str, str]] = {"asks": {}, "bids": {}}
        self.updates = self.snapshots = 0
        self.wrong: list[str] = []

    def take(self, text: str) -> None:
        message = json.loads(text, parse_float=str, parse_int=str)
        if message.get("channel") != "book":
            return
        (item,) = message["data"]
        if message["type"] == "snapshot":
            self.snapshots += 1
            self.sides = {"asks": {}, "bids": {}}
        else:
            self.updates += 1
        for side, book in self.sides.items():
            for level in item[side]:
                if float(level["qty"]) == 0:
                    book.pop(level["price"], None)
                else:
                    book[level["price"]] = level["qty"]
            for price in self._sorted(side)[self.depth :]:
                del book[price]
        if self.checksum() != int(item["checksum"]):
            self.wrong.append(text)

    def _sorted(self, side: str) -> list[str]:
        return sorted(self.sides[side], key=float, reverse=side == "bids")

    def top(self, side: str) -> list[tuple[str, str]]:
        return [(price, self.sides[side][price]) for price in self._sorted(side)[:10]]

    def checksum(self) -> int:
        levels = [*self.top("asks"), *self.top("bids")]
        text = "".join(part.replace(".", "").lstrip("0") for level in levels for part in level)
        return zlib.crc32(text.encode())


class CheckedBook(SpotOrderBookClient):
    """The SDK's book client, which checks each update by itself; here it is only counted."""

    def __init__(self) -> None:
        super().__init__(depth=DEPTH)
        self.updates = self.wrong = 0

    async def on_book_update(self, pair: str, message: dict[str, Any]) -> None:
        self.updates += message.get("type") == "update"
        book = self.get(pair)
        self.wrong += book is None or not book["valid"]


async def manual(venue: RunningVenue, reader: ManualReader, depth: int) -> None:
    async with connect(f"{venue.addresses.public}/v2", proxy=None, max_size=None) as socket:
        params = {"channel": "book", "symbol": [PAIR], "depth": depth, "snapshot": True}
        await socket.send(json.dumps({"method": "subscribe", "params": params}))
        async for text in socket:
            reader.take(str(text))


def shown(venue: RunningVenue) -> dict[str, list[tuple[str, str]]]:
    """The venue's ten best levels of each side, as text."""

    def levels(of: Venue) -> dict[str, list[tuple[str, str]]]:
        found = {"bids": of.depth(TSLAX_USD.number, 0, 10), "asks": of.depth(TSLAX_USD.number, 1, 10)}
        return {side: [(f"{price / 100:.2f}", f"{lots / 10_000:.4f}") for price, lots in each] for side, each in found.items()}

    return venue.read(levels)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_hour_of_market__every_update__carries_the_checksum_of_the_book_it_makes(venue_an_hour_ago: RunningVenue) -> None:
    market = SimulatedMarket(venue_an_hour_ago, seed=20_261_121)
    readers = [ManualReader(10), ManualReader(100)]

    async def watched() -> CheckedBook:
        sdk = CheckedBook()
        await sdk.start()
        await sdk.add_book(pairs=[PAIR])
        reading = [asyncio.create_task(manual(venue_an_hour_ago, reader, reader.depth)) for reader in readers]
        await until(lambda: all(reader.snapshots for reader in readers))
        await asyncio.to_thread(venue_an_hour_ago.run, market.run())
        await _until_quiet(sdk, readers)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await sdk.close()
        return sdk

    with pointed_at(venue_an_hour_ago.addresses):
        sdk = asyncio.run(watched())
    assert venue_an_hour_ago.clock_us.behind_us == 0
    assert market.refused < market.commands // 2
    for reader in readers:
        assert (reader.wrong[:1], reader.snapshots) == ([], 1)
        assert reader.updates > UPDATES_MIN
        assert {side: reader.top(side) for side in ("bids", "asks")} == shown(venue_an_hour_ago)
    assert (sdk.wrong, sdk.exception_occur) == (0, False)
    by_hand = [reader.updates for reader in readers]
    print(f"{market.commands} commands; updates checked: {by_hand} by hand, {sdk.updates} by the SDK")
    assert sdk.updates > UPDATES_MIN


async def _until_quiet(sdk: CheckedBook, readers: list[ManualReader]) -> None:
    """Until nobody hears anything new for a moment."""
    async with asyncio.timeout(LAST_S * 6):
        before = -1
        while before != (before := sdk.updates + sum(reader.updates for reader in readers)):
            for _ in range(10):
                await asyncio.sleep(0.05)
