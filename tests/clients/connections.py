"""The clients of others, unmodified, each pointed at a venue by its addresses alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ccxt
import ccxt.pro
from kraken.spot import SpotClient
from kraken.spot.websocket import SpotWSClientBase
from tests.clients.venue_server import Addresses, RunningVenue

HEARD_S = 60.0
PAIR, SYMBOL = "TSLAx/USD", "TSLAX/USD"
"""As Kraken writes it, and as ccxt does."""


def ccxt_of(venue: RunningVenue, account: int) -> Any:
    """ccxt over REST, with a key of its own. Its own brake of one call a second is off."""
    key, rest = venue.key(account), venue.addresses.rest
    urls = {"api": {"public": rest, "private": rest}}
    return ccxt.kraken({"apiKey": key.key, "secret": key.secret_text, "urls": urls, "rateLimit": 1})


def ccxt_pro_of(venue: RunningVenue, account: int) -> Any:
    """ccxt over WebSocket v2, and over REST for what it asks there."""
    key, at = venue.key(account), venue.addresses
    public, private = f"{at.public}/v2", f"{at.private}/v2"
    sockets = {
        "public": public, "private": private, "publicV2": public, "privateV2": private, "beta": public, "beta-private": private,
    }  # fmt: skip
    urls = {"api": {"public": at.rest, "private": at.rest, "ws": sockets}}
    return ccxt.pro.kraken({"apiKey": key.key, "secret": key.secret_text, "urls": urls, "rateLimit": 1})


@contextmanager
def pointed_at(addresses: Addresses) -> Iterator[None]:
    """Some classes of the SDK take no address: their attributes are set, and set back."""
    before = SpotClient.URL, SpotWSClientBase.WS_URL, SpotWSClientBase.AUTH_WS_URL
    SpotClient.URL, SpotWSClientBase.WS_URL, SpotWSClientBase.AUTH_WS_URL = (
        addresses.rest, addresses.public, addresses.private,
    )  # fmt: skip
    try:
        yield
    finally:
        SpotClient.URL, SpotWSClientBase.WS_URL, SpotWSClientBase.AUTH_WS_URL = before


async def until(holds: Callable[[], bool], within_s: float = HEARD_S) -> None:
    """Let the loop run until something holds. Raises `TimeoutError`."""
    async with asyncio.timeout(within_s):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)
