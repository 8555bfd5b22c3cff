"""Reference prices for the venue: from the issuer's platform, or, where there is none, the package's last closes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import httpx

from openscrip.assets.listings import daily_closes
from openscrip.bootstrap.venue_catalogue import Share
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import ONE, Multiplier

ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Priced:
    """A stock at `at` (UTC seconds); `waits` while a corporate action is under way."""

    share: Share
    price: PricePerShare
    at: int
    waits: bool = False

    @property
    def micros_per_raw_down(self) -> int:
        """The price of one raw token in 1e-6 USD."""
        return self.price.micros * self.share.multiplier.value // ONE


class PriceSource(Protocol):
    """Where references come from. To add one: implement `read`, and name it where the venue is put together."""

    async def read(self) -> Sequence[Priced]:
        """Every stock that there is. Raises `Unavailable`."""
        ...


class PlatformPrices:
    """What the issuer's platform trades by, over its operator interface at `url()`."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._http = httpx.AsyncClient(timeout=ANSWER_S, trust_env=False)

    async def read(self) -> Sequence[Priced]:
        """As `PriceSource.read`."""
        at = instant((await self._ask("/v1/clock"))["now"])
        return [_priced(told, at) for told in await self._ask("/v1/stocks")]

    async def close(self) -> None:
        """End the connection."""
        await self._http.aclose()

    async def _ask(self, path: str) -> Any:
        try:
            return (await self._http.get(self._url() + path)).raise_for_status().json()
        except (httpx.HTTPError, ValueError, OSError) as error:
            raise Unavailable(f"reference: {path} was not answered ({type(error).__name__})") from error


def _priced(told: Any, at: int) -> Priced:
    share = Share(told["symbol"], Multiplier.parse(told["multiplier"], int(told["multiplier_version"])))
    waits = told["state"] != "open" or bool(told["waits_for"])
    return Priced(share, PricePerShare.parse(told["price_usd"]), at, waits)


def _last_close(symbol: str) -> PricePerShare:
    found = daily_closes().on(symbol, date.max)
    if found is None:
        raise Refused("symbol.unknown", f"symbol: {symbol!r:.40} has no price in the package")
    return found


class LastCloses:
    """The last close of each stock that the package knows, always as of now: for trying a venue out without an issuer."""

    def __init__(self, symbols: Sequence[str], now: Callable[[], int]) -> None:
        self._now = now
        self._found = [(Share(symbol, Multiplier.one()), _last_close(symbol)) for symbol in symbols]

    async def read(self) -> Sequence[Priced]:
        """As `PriceSource.read`."""
        return [Priced(share, price, self._now()) for share, price in self._found]
