"""The pages as one application: routes, failures as pages, and the layers around them."""

import logging
from collections.abc import Iterable, Mapping

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable
from openscrip.web.pages import all_routes
from openscrip.web.shell.current import Shell
from openscrip.web.shell.errors import failure_page, place_of
from openscrip.web.shell.forms import Invalid
from openscrip.web.shell.headers import Front
from openscrip.web.shell.limits import TooMany
from openscrip.web.shell.render import redirect
from openscrip.web.shell.routes_table import admit
from openscrip.web.shell.visitors import SignInNeeded

log = logging.getLogger(__name__)

FORBIDDEN = frozenset({"form.origin", "form.token", "role.missing"})


def web_application(shell: Shell, mounts: Mapping[str, ASGIApp] | None = None, sockets: Iterable[str] = ()) -> ASGIApp:
    """Everything that a browser asks us for. `mounts` are applications of their own under a path, such as the public API."""
    return Front(pages_application(mounts), shell, sockets)


def pages_application(mounts: Mapping[str, ASGIApp] | None = None) -> FastAPI:
    """The routes of all faces; what they need of a platform comes with each request, from the layer around them."""
    app = FastAPI(
        title="Openscrip",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(admit)],
        redirect_slashes=False,
    )
    for routes in all_routes():
        app.include_router(routes)
    for path, mounted in (mounts or {}).items():
        app.mount(path, mounted)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(TimeoutError, _unavailable)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(Invalid, _invalid)
    app.add_exception_handler(Exception, _bug)
    return app


def status_of(error: Refused) -> int:
    """The status of a refusal: 404 not known, 400 malformed, 403 not by them, 409 a conflict, 422 a rule said no."""
    if error.code in FORBIDDEN:
        return 403
    if error.code.endswith(".unknown"):
        return 404
    return 400 if isinstance(error, Malformed) else 409 if isinstance(error, Conflict) else 422


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return failure_page(request, status_of(error), error.code, error.text)


def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("web: %s: %s", place_of(request), error)
    return failure_page(request, 503, "unavailable", "A part of the platform does not answer at the moment.")


def _sign_in(request: Request, error: Exception) -> Response:
    return redirect(request, error.path if isinstance(error, SignInNeeded) else "/sign-in")


def _too_many(request: Request, error: Exception) -> Response:
    after_s = error.after_s if isinstance(error, TooMany) else 60
    response = failure_page(request, 429, "limits.reached", f"That was asked too often. It is open again in {after_s} s.")
    response.headers["Retry-After"] = str(after_s)
    return response


def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors if isinstance(error, Invalid) else {}
    said = "; ".join(f"{name}: {what}" for name, what in sorted(found.items()))
    return failure_page(request, 422, "form.invalid", f"What was sent does not fit. {said}")


def _misread(request: Request, _error: Exception) -> Response:
    return failure_page(request, 400, "request.malformed", "The address or what was sent with it could not be read.")


def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == 404:
        return failure_page(request, 404, "page.unknown", "Nothing is at this address.")
    response = failure_page(request, status, "request.refused", "This address does not take such a request.")
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


def _bug(request: Request, error: Exception) -> Response:
    log.error("web: %s failed", place_of(request), exc_info=error)
    return failure_page(request, 500, "internal", "This page failed. Nothing was changed by it that is not shown elsewhere.")
