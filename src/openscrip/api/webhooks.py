"""Where identity providers send their webhooks: verified over the bytes as they came, kept once, answered at once."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from openscrip.api.office import FrontOffice

BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


def webhook_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    # The body is read as bytes, since its signature is over them: what it is has to be said here.
    @routes.post("/webhooks/{provider}", status_code=202, openapi_extra={"requestBody": BODY})
    async def webhook(
        provider: Annotated[str, Path(min_length=1, max_length=20, pattern=r"^[a-z0-9-]+$")], request: Request
    ) -> JSONResponse:
        """Take a webhook. A repetition is answered as the first was; what it says is acted on later."""
        raw = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        new = await run_in_threadpool(office.room.inbox.take, provider, headers, raw)
        if new:
            office.nudge()
        return JSONResponse({"kept": True}, 202)

    return routes
