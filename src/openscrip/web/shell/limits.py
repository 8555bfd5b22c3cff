"""How often somebody may ask, by what they ask for: an account has its own count, whoever has none shares their address's.

The counts are this process's and forget everything when it ends.
"""

import math

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

BUCKETS = {
    "sign-in": "60/minute",
    "account": "10/minute",
    "quotes": "60/minute",
    "search": "60/minute",
    "events": "600/minute",
    "forms": "240/minute",
}
"""`sign-in` counts by address, `account` by the address and the account together: a stranger locks nobody out."""


class TooMany(Exception):
    """Asked too often; again after `after_s` seconds."""

    def __init__(self, bucket: str, after_s: int) -> None:
        super().__init__(f"limits: {bucket} was asked too often; again in {after_s} s")
        self.after_s = after_s


class Limits:
    """The counts of this process."""

    def __init__(self, buckets: dict[str, str] | None = None) -> None:
        self._items: dict[str, RateLimitItem] = {name: parse(rate) for name, rate in (buckets or BUCKETS).items()}
        self._counting = SlidingWindowCounterRateLimiter(MemoryStorage())

    def spend(self, bucket: str, key: str, now: float) -> None:
        """Count one. Raises `TooMany`."""
        item = self._items[bucket]
        if not self._counting.hit(item, bucket, key):
            reset = self._counting.get_window_stats(item, bucket, key).reset_time
            raise TooMany(bucket, max(1, min(item.get_expiry(), math.ceil(reset - now))))


def address_of(request: Request) -> str:
    """Where a request came from: the socket's other end; no header is believed."""
    return request.client.host if request.client else "unknown"
