"""The application: routes, and every failure as `{"code", "text"}` with the status that its family has.

400 malformed, 404 not known, 409 the same id with other content, 422 a rule said no, 503 a part does not answer.
"""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from openscrip.api.body import BodyLimit
from openscrip.api.breaks import break_routes
from openscrip.api.crossings import crossing_routes
from openscrip.api.metrics import metric_routes
from openscrip.api.office import FrontOffice, PaperInvestors
from openscrip.api.operations import operations
from openscrip.api.paper import paper_routes
from openscrip.api.requests import requests
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable

log = logging.getLogger(__name__)

AMOUNTS = frozenset({"shares", "raw"})


def application(office: FrontOffice, paper: PaperInvestors | None = None) -> FastAPI:
    """The HTTP face of `office`; the `/v1/paper` routes exist only with `paper` investors."""
    app = FastAPI(title="Openscrip", version="1", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    app.include_router(requests(office), prefix="/v1")
    app.include_router(operations(office), prefix="/v1")
    app.include_router(break_routes(office), prefix="/v1")
    app.include_router(crossing_routes(office), prefix="/v1")
    app.include_router(metric_routes(office))
    if paper is not None:
        app.include_router(paper_routes(office, paper), prefix="/v1/paper")
    # Only this machine's own names: a page in a browser cannot reach the door under a name that it made up.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.add_middleware(BodyLimit)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(TimeoutError, _unavailable)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _bug)
    return app


def answer(status: int, code: str, text: str, **more: Any) -> JSONResponse:
    """A failure in its one shape."""
    return JSONResponse({"code": code, "text": text, **more}, status)


def _refused(_: Request, error: Exception) -> JSONResponse:
    code, text = getattr(error, "code", "internal"), str(error)
    if code.endswith(".unknown"):
        return answer(404, code, text)
    return answer(400 if isinstance(error, Malformed) else 409 if isinstance(error, Conflict) else 422, code, text)


def _unavailable(_: Request, error: Exception) -> JSONResponse:
    return answer(503, "unavailable", str(error))


def _misread(_: Request, error: Exception) -> JSONResponse:
    """The first thing that was wrong with a body, a query or a path, with the name of its field."""
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = [str(part) for part in found.get("loc", ("body",))]
    name = where[-1][:40] if len(where) > 1 else "body"
    what = str(found.get("msg", "could not be read"))[:200]
    if found.get("type") == "json_invalid":
        return answer(400, "body.json", "body: it was not JSON")
    code = "amount.malformed" if name in AMOUNTS and found.get("type") != "missing" else f"{where[0]}.field"
    return answer(400, code, f"{where[0]}: {name!a}: {what[:1].lower()}{what[1:]}")


def _no_route(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == 404:
        return answer(404, "route.unknown", "route: nothing answers there; GET /v1/openapi.json tells what does")
    return answer(status, "route.refused", f"route: {getattr(error, 'detail', 'refused')}")


def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("api: %s %s failed", request.method, request.url.path, exc_info=error)
    return answer(500, "internal", "api: a bug was found; the log has it")
