"""Every failure of our own APIs, in one place: its shape, its status, its sentence, and how a document declares it.

The shape is `{"code", "text"}`: the rule, stable and public, and a sentence that says what to do. The status is the family's:
400 malformed, 401 no valid key, 403 not by them, 404 not known, 409 the same id with other content, 422 a rule said no, 503 a
part does not answer. APIs whose shape others have set (Kraken's, the network's) have their own.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from openscrip.api.public.limits import TooOften
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable

log = logging.getLogger(__name__)

Responses = dict[int | str, dict[str, Any]]


class Failure(BaseModel):
    """Every failure: the rule that said no, stable and public, and a sentence that says what to do."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(examples=["symbol.unknown"])
    text: str


class RecordedFailure(BaseModel):
    """The same; a refusal that was recorded has its request or quote beside it."""

    code: str
    text: str


FAMILIES = {
    400: "It could not be read.", 401: "No valid key came with it.", 403: "The key may not do this.",
    404: "It is not known, or not yours.", 405: "Nothing does this here.", 409: "The same id came with other content.",
    413: "It was too long.", 422: "A rule said no.", 429: "Asked too often; `Retry-After` says when to ask again.",
    500: "A bug; it was logged.", 503: "A part does not answer; try again.",
}  # fmt: skip


def declared(*statuses: int, model: type[BaseModel] = Failure, words: Mapping[int, str] = FAMILIES) -> Responses:
    """Failures as a document declares them."""
    found: Responses = {status: {"model": model, "description": words[status]} for status in sorted(set(statuses))}
    if 429 in found:
        found[429]["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}
    return found


def failure(status: int, code: str, text: str, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """A failure in its one shape."""
    return JSONResponse({"code": code, "text": text, **more}, status, dict(headers or {}))


def status_of(error: Refused) -> int:
    """The status that a refusal's family has."""
    if error.code.endswith(".unknown"):
        return 404
    return 400 if isinstance(error, Malformed) else 409 if isinstance(error, Conflict) else 422


class Handlers:
    """Answers to everything that is raised. `document` is where the API's document is.

    `keyed`: rules named `key.…` are about the caller's key. `amounts`: fields whose faults are `amount.malformed`.
    """

    def __init__(self, document: str, *, keyed: bool = False, amounts: frozenset[str] = frozenset()) -> None:
        self._document = document
        self._keyed = keyed
        self._amounts = amounts

    def add_to(self, app: FastAPI) -> None:
        """Have `app` answer so."""
        app.add_exception_handler(TooOften, self._too_often)
        app.add_exception_handler(Refused, self._refused)
        app.add_exception_handler(Unavailable, self._unavailable)
        app.add_exception_handler(TimeoutError, self._unavailable)
        app.add_exception_handler(RequestValidationError, self._misread)
        app.add_exception_handler(HTTPException, self._no_route)
        app.add_exception_handler(Exception, self._bug)

    def _too_often(self, _: Request, error: Exception) -> JSONResponse:
        after_s = error.after_s if isinstance(error, TooOften) else 1
        return failure(429, "limits.reached", str(error), {"Retry-After": str(after_s)})

    def _refused(self, _: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, Refused):
            raise error
        if self._keyed and error.code.startswith("key."):
            if error.code == "key.scope":
                return failure(403, error.code, str(error))
            return failure(401, error.code, str(error), {"WWW-Authenticate": "X-API-Key"})
        return failure(status_of(error), error.code, str(error))

    def _unavailable(self, _: Request, error: Exception) -> JSONResponse:
        return failure(503, "unavailable", str(error))

    def _misread(self, _: Request, error: Exception) -> JSONResponse:
        """The first thing that was wrong with a body, a query or a path, with the name of its field."""
        found = error.errors()[0] if isinstance(error, RequestValidationError) else {}
        where = [str(part) for part in found.get("loc", ("body",))]
        if found.get("type") == "json_invalid":
            return failure(400, "body.json", "body: it was not JSON")
        name = where[-1][:40] if len(where) > 1 else "body"
        what = str(found.get("msg", "could not be read"))[:200]
        is_amount = name in self._amounts and found.get("type") != "missing"
        code = "amount.malformed" if is_amount else f"{where[0]}.field"
        return failure(400, code, f"{where[0]}: {name!a}: {what[:1].lower()}{what[1:]}")

    def _no_route(self, _: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 400
        if status == 404:
            return failure(404, "route.unknown", f"route: nothing answers there; GET {self._document} tells what does")
        headers = error.headers if isinstance(error, HTTPException) else None
        return failure(status, "route.refused", f"route: {getattr(error, 'detail', 'refused')}", headers)

    def _bug(self, request: Request, error: Exception) -> JSONResponse:
        log.error("api: %s %s failed", request.method, getattr(request.scope.get("route"), "path", "nowhere"), exc_info=error)
        return failure(500, "internal", "api: a bug was found; the log has it")
