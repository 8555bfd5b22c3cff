"""The issuer as the keeper sees it: prices of redemption and subscription, and the two requests."""

from typing import Any, Protocol

import httpx

from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import ATOMS_PER_RAW, RawAmount

ANSWER_S = 30.0
SERVER_FAILED = 500


class Primary(Protocol):
    """What the issuer does for an authorised holder.

    Safe if: the same request id is carried out once.
    Live if: a request that was taken ends; it raises `Unavailable` while it cannot be reached.
    """

    async def redeem_micros_down(self, quote_id: str, raw: RawAmount) -> int | None:
        """What one raw token brings, net of fees, when `raw` is redeemed for money; None while it is refused."""
        ...

    async def subscribe_micros_up(self, quote_id: str, raw: RawAmount) -> int | None:
        """What one raw token costs with fees when `raw` is subscribed to; None while it is refused."""
        ...

    async def redeem(self, request_id: str, raw: RawAmount) -> None:
        """Redeem for money. Raises `Refused`."""
        ...

    async def subscribe(self, request_id: str, raw: RawAmount) -> None:
        """Subscribe with money. Raises `Refused`."""
        ...


class HttpPrimary:
    """The issuer's operator interface, as `openscrip subscribe` and `redeem` use it.

    With `paper` the paper parties make the deposit and put tokens into escrow; without, the keeper's own wallet and bank do.
    """

    def __init__(self, url: str, client: str, stock: str, chain: str, wallet: str, *, paper: bool = False) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False)
        self._client, self._stock, self._chain, self._wallet, self._paper = client, stock, chain, wallet, paper

    async def close(self) -> None:
        """End the connection."""
        await self._http.aclose()

    async def redeem_micros_down(self, quote_id: str, raw: RawAmount) -> int | None:
        """By a quote for the shares that `raw` stands for."""
        amount = await self._quote(quote_id, "redeem", raw)
        return None if amount is None else amount.atoms * ATOMS_PER_RAW // raw.atoms

    async def subscribe_micros_up(self, quote_id: str, raw: RawAmount) -> int | None:
        """By a quote out of inventory, since only that price is fixed, for the shares that `raw` stands for."""
        amount = await self._quote(quote_id, "subscribe", raw)
        return None if amount is None else -(-amount.atoms * ATOMS_PER_RAW // raw.atoms)

    async def redeem(self, request_id: str, raw: RawAmount) -> None:
        """Ask for the redemption, and escrow the tokens."""
        asked = {"raw": str(raw), "kind": "cash", **self._whose(request_id)}
        await self._ask("POST", "/v1/redemptions", asked)
        if self._paper:
            await self._ask("POST", "/v1/paper/escrow", {"request_id": request_id})

    async def subscribe(self, request_id: str, raw: RawAmount) -> None:
        """Ask for it out of inventory, which has a fixed price, and pay."""
        shares = (await self._multiplier()).to_shares_up(raw)
        await self._ask("POST", "/v1/subscriptions", {"shares": str(shares), "at_once": True, **self._whose(request_id)})
        if self._paper:
            await self._ask("POST", "/v1/paper/pay", {"request_id": request_id})

    async def _multiplier(self) -> Multiplier:
        for each in await self._ask("GET", "/v1/stocks"):
            if each["symbol"] == self._stock:
                return Multiplier.parse(each["multiplier"])
        raise Malformed("stock.unknown", f"issuer: {self._stock!a:.20} was not listed")

    async def _quote(self, quote_id: str, side: str, raw: RawAmount) -> Money | None:
        shares = (await self._multiplier()).to_shares_down(raw)
        mode = "instant" if side == "subscribe" else "order_through"
        whose = {"id": quote_id, "client": self._client, "stock": self._stock}
        asked = {**whose, "side": side, "mode": mode, "shares": str(shares)}
        try:
            return Money.parse((await self._ask("POST", "/v1/quotes", asked))["amount_usd"])
        except Malformed:
            raise
        except Refused:
            return None

    def _whose(self, request_id: str) -> dict[str, Any]:
        return {
            "request_id": request_id, "client": self._client, "stock": self._stock, "chain": self._chain,
            "wallet": self._wallet,
        }  # fmt: skip

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            response = await self._http.request(method, path, json=body)
            told = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"issuer: {path} was not answered ({type(error).__name__})") from error
        if response.is_success:
            return told
        if response.status_code >= SERVER_FAILED:
            raise Unavailable(f"issuer: {path} was answered {response.status_code}")
        kind = Refused if response.status_code in {409, 422} else Malformed
        raise kind(str(told.get("code") or "issuer.refused"), str(told.get("text") or f"issuer: {path} was refused"))


def raw_of(lots: int, lot_decimals: int) -> RawAmount:
    """Lots of the venue as a raw amount: the same thing, counted more finely."""
    return RawAmount.parse(format_decimal(lots, lot_decimals))
