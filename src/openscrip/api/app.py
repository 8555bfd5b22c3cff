"""The operator's door as one application: its routes, and what stands before them. Failures are those of `api.failures`."""

from collections import Counter

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from openscrip.api.body import BodyLimit, CountedRefusals, NoBrowsers
from openscrip.api.breaks import break_routes
from openscrip.api.compliance import compliance_routes
from openscrip.api.corporate_actions import action_routes
from openscrip.api.crossings import crossing_routes
from openscrip.api.failures import FAMILIES, Handlers, RecordedFailure, declared
from openscrip.api.in_kind import in_kind_routes
from openscrip.api.market import market_routes
from openscrip.api.metrics import metric_routes
from openscrip.api.office import FrontOffice, PaperInvestors
from openscrip.api.operations import operations
from openscrip.api.paper import paper_routes
from openscrip.api.requests import requests
from openscrip.api.webhooks import webhook_routes

AMOUNTS = frozenset({"shares", "raw", "amount_usd"})
WORDS = {**FAMILIES, 403: "A page in a browser may not ask here.", 404: "It is not known."}


def application(office: FrontOffice, paper: PaperInvestors | None = None) -> FastAPI:
    """The HTTP face of `office`; the `/v1/paper` routes exist only with `paper` investors."""
    failures = declared(400, 403, 404, 405, 409, 413, 422, 500, 503, model=RecordedFailure, words=WORDS)
    app = FastAPI(
        title="Openscrip", version="1", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json", responses=failures
    )
    refused: Counter[str] = Counter()
    app.include_router(requests(office), prefix="/v1")
    app.include_router(market_routes(office), prefix="/v1")
    app.include_router(operations(office), prefix="/v1")
    app.include_router(break_routes(office), prefix="/v1")
    app.include_router(action_routes(office), prefix="/v1")
    app.include_router(crossing_routes(office), prefix="/v1")
    app.include_router(in_kind_routes(office), prefix="/v1")
    app.include_router(compliance_routes(office), prefix="/v1")
    app.include_router(webhook_routes(office), prefix="/v1")
    app.include_router(metric_routes(office, refused))
    if paper is not None:
        app.include_router(paper_routes(office, paper), prefix="/v1/paper")
    # Only this machine's own names: a page in a browser cannot reach the door under a name that it made up.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.add_middleware(BodyLimit)
    app.add_middleware(NoBrowsers)
    app.add_middleware(CountedRefusals, refused)
    Handlers("/v1/openapi.json", amounts=AMOUNTS).add_to(app)
    return app
