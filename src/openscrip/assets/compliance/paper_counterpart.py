"""A paper Travel Rule counterpart: reads each message by the same rules, keeps what came, and answers as it is told to.

A process of its own: `python -m openscrip.assets.compliance.paper_counterpart`.
"""

import hashlib
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openscrip.assets.compliance.ivms101 import read_message
from openscrip.assets.paper_http import process_arguments, run, serve
from openscrip.kernel.errors import Malformed


class PaperCounterpart:
    """`answer` is what it says to the next messages: accepted, rejected or pending."""

    def __init__(self) -> None:
        self._answer = "accepted"
        self._silent = False
        self._told: dict[str, dict[str, Any]] = {}

    def app(self) -> Starlette:
        """The face."""
        return Starlette(
            routes=[
                Route("/travel/{transfer}", self._tell, methods=["POST"]),
                Route("/paper/answer", self._set, methods=["POST"]),
                Route("/paper/told", self._list),
            ]
        )

    async def _tell(self, request: Request) -> Response:
        if self._silent:
            return Response(status_code=503)
        transfer = request.path_params["transfer"]
        document = json.loads(await request.body())
        try:
            read_message(document["ivms101"])
        except Malformed as malformed:
            return JSONResponse({"answer": "rejected", "reference": malformed.text})
        self._told[transfer] = document
        reference = hashlib.sha256(transfer.encode()).hexdigest()[:16]
        return JSONResponse({"answer": self._answer, "reference": reference})

    async def _set(self, request: Request) -> Response:
        told = json.loads(await request.body())
        self._answer, self._silent = told["answer"], told["silent"]
        return JSONResponse({})

    async def _list(self, _: Request) -> Response:
        return JSONResponse(self._told)


def main() -> None:
    """Serve until it is told to end."""
    serve(PaperCounterpart().app(), "paper-counterpart", process_arguments("paper-counterpart").parse_args())


if __name__ == "__main__":
    run(main)
