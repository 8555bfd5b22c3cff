"""Failures as pages. They stand on nothing that could be what failed: no database, no design, no script."""

import logging
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from openscrip.web.rule_words import RULES
from openscrip.web.shell.current import current_of, shell_of
from openscrip.web.shell.render import page

log = logging.getLogger(__name__)

TITLES = {
    400: "That could not be read", 401: "Sign in first", 403: "That is not yours to see", 404: "Nothing is here",
    405: "That cannot be done here", 409: "That was already something else", 413: "That was too long",
    415: "That kind of content is not taken", 422: "A rule said no", 429: "Too many requests",
    500: "This page failed", 503: "A part does not answer",
}  # fmt: skip
SENTENCES = {
    500: "It was noted with the number below. What you had asked for may or may not be done: look before you ask again.",
    503: "Nothing was lost. Try again in a moment; what you had asked for is shown where it belongs once it is done.",
}


def failure_page(request: Request, status: int, code: str, text: str) -> Response:
    """What went wrong, what did not happen, and a number to quote. The design where it can be had, else plain.

    Our own scripts, which ask for JSON, get the same words as JSON.
    """
    number = secrets.token_hex(4)
    if status >= 500:
        log.warning("web: failure %s was answered %s (%s) at %s", number, status, code, place_of(request))
    title = TITLES.get(status, "That did not work")
    sentence = SENTENCES.get(status, "")
    current_of(request).known["failing"] = True
    if request.headers.get("accept", "").startswith("application/json"):
        known = f"Not possible because {RULES[code].because}. {RULES[code].remedy}" if code in RULES else text
        told = {"code": code, "text": sentence if status >= 500 else known, "number": number}
        return JSONResponse(told, status, headers={"Cache-Control": "no-store"})
    try:
        shown: dict[str, Any] = {"title": title, "code": code, "text": text, "sentence": sentence, "number": number}
        return page(request, "shell/failure.html", status=status, private=True, **shown)
    except Exception:
        log.exception("web: the page of failure %s failed too", number)
        template = shell_of(request).templates.get_template("shell/plain_failure.html")
        return HTMLResponse(template.render(title=title, code=code, text=text, sentence=sentence, number=number), status)


def place_of(request: Request) -> str:
    """The route, not the path: a path may hold the secret of a one-time link."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path', 'nowhere')}"
