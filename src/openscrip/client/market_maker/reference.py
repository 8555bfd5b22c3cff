"""The price that quotes are set around, and the port that it comes through.

To add a source: implement `ReferenceSource`, and name it where the market maker is put together.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from openscrip.assets.calendar import Calendar
from openscrip.issuance.terms import Hours, hours_at
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import ONE, Multiplier


@dataclass(frozen=True, slots=True)
class Reference:
    """What a share was worth at `at` (UTC seconds), how many shares a raw token stands for, and which hours it is."""

    price: PricePerShare
    multiplier: Multiplier
    at: int
    hours: Hours

    @property
    def micros_per_raw_down(self) -> int:
        """The price of one raw token in 1e-6 USD. Worked example: 300 USD a share at 1.5 shares a token are 450 USD."""
        return self.price.micros * self.multiplier.value // ONE


class ReferenceSource(Protocol):
    """Where the reference comes from: the broker's feed, an oracle, another venue.

    Safe if: `at` is when the market last said so, not when it was asked.
    Live if: it answers within seconds, or raises `Unavailable`; the market maker then takes its quotes away.
    """

    async def read(self, symbol: str) -> Reference:
        """The reference of a stock now. Raises `Unavailable`."""
        ...


ANSWER_S = 5.0


class PlatformSource:
    """The price that the issuer's platform trades by, over its operator interface; as a `Clock`, the market time last heard.

    Warning: the platform tells no instant beside its price. A stock that it keeps closed is taken as one without a price.
    """

    def __init__(self, url: str, calendar: Calendar) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False)
        self._calendar = calendar
        self._heard_at = 0

    def now(self) -> int:
        """Market time when it was asked last; 0 before."""
        return self._heard_at

    async def close(self) -> None:
        """End the connection."""
        await self._http.aclose()

    async def hear(self) -> int:
        """Market time now, as the platform says. Raises `Unavailable`."""
        self._heard_at = instant((await self._ask("/v1/clock"))["now"])
        return self._heard_at

    async def read(self, symbol: str) -> Reference:
        """The stock's price and multiplier at the platform's market time."""
        told = next((each for each in await self._ask("/v1/stocks") if each["symbol"] == symbol), None)
        if told is None or told["state"] != "open" or told["waits_for"]:
            raise Unavailable(f"reference: {symbol} is not open at the issuer")
        at = await self.hear()
        price, multiplier = PricePerShare.parse(told["price_usd"]), Multiplier.parse(told["multiplier"])
        return Reference(price, multiplier, at, hours_at(self._calendar, at))

    async def _ask(self, path: str) -> Any:
        try:
            return (await self._http.get(path)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"reference: {path} was not answered ({type(error).__name__})") from error
