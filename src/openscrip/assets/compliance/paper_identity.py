"""A paper identity provider: both providers' answers in their published shapes, told what to know by whoever runs it.

A process of its own, for tests and demonstrations: `python -m openscrip.assets.compliance.paper_identity`.
"""

import argparse
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openscrip.assets.compliance.paper_shapes import persona_inquiry, sumsub_applicant
from openscrip.assets.paper_http import process_arguments, run, serve


class PaperProvider:
    """What it knows of each subject: `client`, `outcome`, `updated_at`, and papers as (kind, issued_on, expires_on)."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._silent = False

    def app(self) -> Starlette:
        """The face."""
        return Starlette(
            routes=[
                Route("/paper/subjects/{subject}", self._tell, methods=["PUT"]),
                Route("/paper/silence", self._silence, methods=["POST"]),
                Route("/api/v1/inquiries/{subject}", self._inquiry),
                Route("/resources/applicants/{subject}/one", self._applicant),
            ]
        )

    async def _tell(self, request: Request) -> Response:
        self._known[request.path_params["subject"]] = json.loads(await request.body())
        return JSONResponse({})

    async def _silence(self, request: Request) -> Response:
        self._silent = bool(json.loads(await request.body())["silent"])
        return JSONResponse({})

    async def _inquiry(self, request: Request) -> Response:
        return self._answer(request.path_params["subject"], persona_inquiry)

    async def _applicant(self, request: Request) -> Response:
        return self._answer(request.path_params["subject"], sumsub_applicant)

    def _answer(self, subject: str, shape: Any) -> Response:
        if self._silent:
            return Response(status_code=503)
        known = self._known.get(subject)
        return JSONResponse(shape(subject, known)) if known else Response(status_code=404)


def main() -> None:
    """Serve until it is told to end."""
    arguments: argparse.Namespace = process_arguments("paper-identity").parse_args()
    serve(PaperProvider().app(), "paper-identity", arguments)


if __name__ == "__main__":
    run(main)
