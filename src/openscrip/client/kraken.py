"""The venue's REST interface for a program of ours or of yours: signed, typed, and nothing more than the two tools need.

It speaks as any client of Kraken's does, so the tools built on it can be pointed at any venue that answers so. What the
venue refuses is `VenueRefused` with its text; no answer is `Unavailable`, and then an order may stand all the same: look for it
by its client id.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Malformed, Refused, Unavailable

ANSWER_S = 10.0
MICROS_DECIMALS = 6
PASSING = ("EService:", "EAPI:Rate limit", "EAPI:Invalid nonce", "EGeneral:Temporary lockout", "EGeneral:Internal error")


class VenueRefused(Refused):
    """The venue said no; `error` is its text, such as `EOrder:Insufficient funds`."""

    def __init__(self, error: str) -> None:
        super().__init__("venue.refused", f"venue: {error}")
        self.error = error

    @property
    def passes(self) -> bool:
        """Whether it is about the moment and not about what was asked: worth asking again later."""
        return self.error.startswith(PASSING)


@dataclass(frozen=True, slots=True)
class Pair:
    """A market: `key` names it over REST and `name` on sockets. Prices are ticks, quantities lots, both integers."""

    key: str
    name: str
    base: str
    quote: str
    price_decimals: int
    lot_decimals: int
    lots_min: int
    status: str

    @property
    def micros_per_tick(self) -> int:
        """How many 1e-6 of the quote currency one tick is, for one whole token."""
        return int(10 ** (MICROS_DECIMALS - self.price_decimals))

    def ticks(self, text: object) -> int:
        """A price in ticks. Raises `Malformed` for digits finer than a tick."""
        return parse_decimal(str(text), self.price_decimals, "price")

    def lots(self, text: object) -> int:
        """A quantity in lots. Raises `Malformed` for digits finer than a lot."""
        return parse_decimal(str(text), self.lot_decimals, "quantity")

    def lots_down(self, text: object) -> int:
        """A balance in whole lots: what is finer cannot be traded and is left out."""
        whole, _, fraction = str(text).partition(".")
        return parse_decimal(f"{whole}.{fraction[: self.lot_decimals]}".rstrip("."), self.lot_decimals, "balance")

    def price_text(self, ticks: int) -> str:
        """Ticks as a decimal with all decimals of the pair."""
        return fixed(ticks, self.price_decimals)

    def quantity_text(self, lots: int) -> str:
        """Lots as a decimal with all decimals of the pair."""
        return fixed(lots, self.lot_decimals)


def fixed(units: int, decimals: int) -> str:
    """`units` x 10^-`decimals` with exactly so many decimals. Worked example: 34570 with 2 is `345.70`."""
    whole, fraction = divmod(units, 10**decimals)
    return f"{whole}.{fraction:0{decimals}d}" if decimals else str(whole)


def signature(secret: str, path: str, nonce: str, body: bytes) -> str:
    """API-Sign: HMAC-SHA512 over the path and the SHA-256 of nonce and body, keyed with the secret in base64."""
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error:
        raise Malformed("key.secret", "key: the API secret was not base64; copy it whole") from None
    inner = hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(hmac.digest(key, path.encode() + inner, "sha512")).decode()


def read_json(text: str | bytes) -> Any:
    """JSON with every fraction kept as the text that was sent: a price never passes through a float."""
    return json.loads(text, parse_float=str)


def pair_of(told: Mapping[str, Any]) -> Pair:
    """A pair as AssetPairs tells it, whatever its key. REST prefixes some currencies; the name on sockets does not."""
    lot_decimals = int(told["lot_decimals"])
    base, _, quote = str(told["wsname"]).partition("/")
    lots_min = parse_decimal(str(told["ordermin"]), lot_decimals, "ordermin")
    return Pair(
        told["altname"], told["wsname"], base, quote, int(told["pair_decimals"]), lot_decimals, lots_min, str(told["status"])
    )


class KrakenRest:
    """Calls of one API key. `clock_us` gives microseconds since 1970: the nonce, which only ever rises."""

    def __init__(self, url: str, clock_us: Callable[[], int], key: str = "", secret: str = "") -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False)
        self._clock_us, self._key, self._secret = clock_us, key, secret
        self._nonce = 0

    async def __aenter__(self) -> "KrakenRest":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def public(self, name: str, **asked: str) -> Any:
        """A public call such as `Depth`. Raises `VenueRefused` or `Unavailable`."""
        return await self._ask("GET", f"/0/public/{name}?{urlencode(asked)}", b"", {})

    async def private(self, name: str, **asked: str) -> Any:
        """A private call such as `AddOrder`. Raises `VenueRefused` or `Unavailable`."""
        path = f"/0/private/{name}"
        self._nonce = max(self._nonce + 1, self._clock_us())
        body = urlencode({"nonce": str(self._nonce), **asked}).encode()
        sign = signature(self._secret, path, str(self._nonce), body)
        headers = {"API-Key": self._key, "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", path, body, headers)

    async def pair(self, name: str) -> Pair:
        """One market by any of its names. Raises `Malformed("pair.unknown")` when the venue does not list it."""
        told: dict[str, Any] = await self.public("AssetPairs", pair=name)
        if len(told) != 1:
            raise Malformed("pair.unknown", f"pair: {name!a:.40} was not one market of the venue")
        return next(pair_of(each) for each in told.values())

    async def token(self) -> str:
        """A token for the private socket; it has to be used within 15 minutes."""
        return str((await self.private("GetWebSocketsToken"))["token"])

    async def balances(self) -> dict[str, str]:
        """What the account holds, as decimal text by asset; what open orders hold is in it."""
        return {asset: str(amount) for asset, amount in (await self.private("Balance")).items()}

    async def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        where = path.partition("?")[0]
        try:
            response = await self._client.request(method, path, content=body, headers=dict(headers))
        except httpx.HTTPError as error:
            raise Unavailable(f"venue: {where} was not answered ({type(error).__name__})") from error
        try:
            told = read_json(response.content)
            errors = told["error"]
        except (ValueError, KeyError, TypeError):
            raise Unavailable(f"venue: {where} was answered {response.status_code} without the envelope") from None
        if errors:
            raise VenueRefused(str(errors[0]))
        return told.get("result", {})
