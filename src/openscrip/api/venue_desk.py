"""The operator's door of a venue, beside the traders' ones: accounts, markets, kill switches, and how it stands.

Loopback alone. Every change is journalled before it is answered, like any other command of the venue.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from fastapi import Body, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from openscrip.api.failures import failure
from openscrip.kernel.errors import Malformed, Refused, Unavailable

Json = dict[str, Any]


class VenueDesk(Protocol):
    """What the door asks of a running venue; everything happens in the venue's loop."""

    def standing(self) -> Json:
        """Doors, accounts, markets, and what is wrong."""
        ...

    async def open_account(self, account: int, name: str) -> Json:
        """Open an account; 0 takes the next number. Raises `Refused`."""
        ...

    async def enter(self, pair: str, state: str) -> Json:
        """Bring a market into another state. Raises `Refused`."""
        ...

    async def stop(self, account: int, on: bool) -> Json:
        """Kill switch of an account (0: of the venue). Raises `Refused`."""
        ...

    async def publish_proof(self) -> Json:
        """Publish what the venue owes, and that it is held. Raises `NotYet`, `Refused`."""
        ...

    async def proof(self, account: int, asset: str) -> Json:
        """A customer's proof against the newest document. Raises `Refused`."""
        ...

    async def paper_credit(self, account: int, asset: str, amount: str, reference: str) -> Json:
        """Give play money on a venue that was started for trying out. Raises `Refused`."""
        ...


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Number = Annotated[int, Field(ge=0, lt=2**31)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$")]


class AccountAsked(_Strict):
    """An account to open."""

    name: Word
    account: Number = 0


class MarketAsked(_Strict):
    """A market and the state that it is to enter."""

    pair: Word
    state: Literal["pre_open", "call", "open", "post_only", "cancel_only", "reduce_only", "halted", "closed", "delisted"]


class StopAsked(_Strict):
    """Whose kill switch, and whether it is on."""

    account: Number
    on: bool


class CreditAsked(_Strict):
    """Play money."""

    account: Number
    asset: Word
    amount: Word
    reference: Word


def venue_application(desk: VenueDesk) -> FastAPI:
    """The door over one desk."""
    app = FastAPI(title="Openscrip venue, operator", docs_url=None, redoc_url=None)

    @app.exception_handler(Refused)
    async def refused(_request: Any, error: Exception) -> JSONResponse:
        return _told(409, error)

    @app.exception_handler(Malformed)
    async def malformed(_request: Any, error: Exception) -> JSONResponse:
        return _told(400, error)

    @app.exception_handler(Unavailable)
    async def unavailable(_request: Any, error: Exception) -> JSONResponse:
        return failure(503, "unavailable", str(error))

    @app.get("/v1/venue")
    async def standing() -> Mapping[str, Any]:
        return desk.standing()

    @app.post("/v1/venue/accounts")
    async def open_account(asked: Annotated[AccountAsked, Body()]) -> Mapping[str, Any]:
        return await desk.open_account(asked.account, asked.name)

    @app.post("/v1/venue/markets")
    async def enter(asked: Annotated[MarketAsked, Body()]) -> Mapping[str, Any]:
        return await desk.enter(asked.pair, asked.state)

    @app.post("/v1/venue/stop")
    async def stop(asked: Annotated[StopAsked, Body()]) -> Mapping[str, Any]:
        return await desk.stop(asked.account, asked.on)

    @app.post("/v1/venue/proofs")
    async def publish_proof() -> Mapping[str, Any]:
        return await desk.publish_proof()

    @app.get("/v1/venue/proofs/{account}/{asset}")
    async def proof(account: Number, asset: Word) -> Mapping[str, Any]:
        return await desk.proof(account, asset)

    @app.post("/v1/venue/paper-credit")
    async def paper_credit(asked: Annotated[CreditAsked, Body()]) -> Mapping[str, Any]:
        return await desk.paper_credit(asked.account, asked.asset, asked.amount, asked.reference)

    return app


def _told(status: int, error: Any) -> JSONResponse:
    return failure(status, error.code, error.text)
