"""A thin reader over the generated client: amounts as the quantities that they are, failures as exceptions, pages as one."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from openscrip.client.public.generated.api.assets import (
    list_assets,
    list_multipliers,
    read_asset,
    read_circulating_supply,
    read_multiplier,
    read_price,
    read_proof,
)
from openscrip.client.public.generated.api.corporate_actions import list_history
from openscrip.client.public.generated.client import AuthenticatedClient, Client
from openscrip.client.public.generated.models import (
    Asset,
    CorporateAction,
    MultiplierNow,
    MultiplierVersion,
    PriceData,
    Proof,
    Supply,
)
from openscrip.client.public.generated.types import UNSET, Response
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

PAGE_ITEMS = 200
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class MultiplierRead:
    """A stock's multiplier in the books; `agrees` where every chain shows the same version."""

    current: Multiplier
    agrees: bool


@dataclass(frozen=True, slots=True)
class PriceRead:
    """A price per share, None where none is known; `as_of` in UTC seconds."""

    per_share: PricePerShare | None
    as_of: int | None
    session: str
    stale: bool


@dataclass(frozen=True, slots=True)
class SupplyRead:
    """Raw tokens on all chains and between them, and by chain (CAIP-2)."""

    raw: RawAmount
    chains: dict[str, RawAmount]


@dataclass(frozen=True, slots=True)
class ProofRead:
    """Shares held and owed at `as_of`."""

    state: str
    held: Shares
    owed: Shares
    as_of: int | None

    @property
    def is_covered(self) -> bool:
        """Never fewer held than owed, by our own comparison and by what the issuer says."""
        return self.state == "covered" and self.held >= self.owed


class PublicReader:
    """Reads `BASE/api/v2`. Raises `Refused` and `Malformed` with the rule that the API names, `Unavailable` for the rest."""

    def __init__(self, base: str, key: str = "", transport: httpx.BaseTransport | None = None) -> None:
        more: dict[str, Any] = {"transport": transport} if transport else {}
        url = base.rstrip("/") + "/api/v2"
        kept: dict[str, Any] = {"timeout": httpx.Timeout(TIMEOUT_S), "httpx_args": more}
        self.client: Client | AuthenticatedClient = (
            AuthenticatedClient(url, key, prefix="", auth_header_name="X-API-Key", **kept) if key else Client(url, **kept)
        )

    def close(self) -> None:
        """End the connections."""
        self.client.get_httpx_client().close()

    def assets(self) -> Iterator[Asset]:
        """Every stock and its tokens, page by page."""
        yield from self._pages(lambda after: list_assets.sync_detailed(client=self.client, after=after, limit=PAGE_ITEMS))

    def asset(self, symbol: str) -> Asset:
        """One stock by its token's or share's symbol, or its ISIN."""
        found: Asset = self._read(lambda: read_asset.sync_detailed(symbol, client=self.client))
        return found

    def multiplier(self, symbol: str) -> MultiplierRead:
        """Shares for one raw token."""
        told: MultiplierNow = self._read(lambda: read_multiplier.sync_detailed(symbol, client=self.client))
        current = Multiplier.parse(told.current.value, told.current.version)
        return MultiplierRead(current, all(each.equals_books for each in told.chains))

    def multipliers(self, symbol: str) -> Iterator[MultiplierVersion]:
        """Every version of the multiplier, the newest first."""
        yield from self._pages(
            lambda after: list_multipliers.sync_detailed(symbol, client=self.client, after=after, limit=PAGE_ITEMS)
        )

    def price(self, symbol: str) -> PriceRead:
        """The price of a share."""
        told: PriceData = self._read(lambda: read_price.sync_detailed(symbol, client=self.client))
        value = PricePerShare.parse(told.per_share) if told.per_share is not None else None
        return PriceRead(value, instant(told.as_of) if told.as_of else None, str(told.session), told.stale)

    def supply(self, symbol: str) -> SupplyRead:
        """Raw tokens of a stock."""
        told: Supply = self._read(lambda: read_circulating_supply.sync_detailed(symbol, client=self.client))
        return SupplyRead(RawAmount.parse(told.raw), {each.network: RawAmount.parse(each.raw) for each in told.chains})

    def proof(self, symbol: str) -> ProofRead:
        """Shares held against shares owed."""
        told: Proof = self._read(lambda: read_proof.sync_detailed(symbol, client=self.client))
        as_of = instant(told.timestamp) if told.timestamp else None
        return ProofRead(str(told.state), Shares.parse(told.shares_held), Shares.parse(told.shares_owed), as_of)

    def corporate_actions(self) -> Iterator[CorporateAction]:
        """Every corporate action, the newest first."""
        yield from self._pages(lambda after: list_history.sync_detailed(client=self.client, after=after, limit=PAGE_ITEMS))

    def _pages(self, ask: Callable[[Any], Response[Any]]) -> Iterator[Any]:
        after: Any = UNSET
        while after is not None:
            page = self._read(partial(ask, after))
            yield from page.items
            after = page.next_

    def _read(self, ask: Callable[[], Response[Any]]) -> Any:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            raise Unavailable(f"api: it did not answer ({type(error).__name__})") from error
        if answer.status_code.value == httpx.codes.OK and answer.parsed is not None:
            return answer.parsed
        raise failure_of(answer.status_code.value, bytes(answer.content))


def failure_of(status: int, content: bytes) -> Exception:
    """What an answer that is not 200 is raised as."""
    try:
        told = json.loads(content)
        code, text = str(told["code"]), str(told["text"])
    except (ValueError, KeyError, TypeError):
        return Unavailable(f"api: it answered {status} with nothing that could be read")
    if status in (429, 500, 503):
        return Unavailable(f"api: {code}: {text}")
    return Malformed(code, text) if status in (400, 404) else Refused(code, text)
