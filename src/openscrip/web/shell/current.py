"""One request: who asks, what is known of it so far, and the cookies that its answer sets."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment
from starlette.requests import Request

from openscrip.runtime.web_settings import WebLine
from openscrip.web.office import Office
from openscrip.web.shell.assets import Assets
from openscrip.web.shell.limits import Limits
from openscrip.web.signing.challenges import Challenges

THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Shell:
    """What all pages share. `origin` is the one address that browsers use; `now` is machine time in UTC seconds."""

    office: Office
    origin: str
    now: Callable[[], int]
    assets: Assets
    templates: Environment
    lives: WebLine = field(default_factory=WebLine)
    limits: Limits = field(default_factory=Limits)
    challenges: Challenges = field(default_factory=Challenges)

    @property
    def host(self) -> str:
        """The name and port of the origin."""
        return self.origin.partition("://")[2]

    @property
    def name(self) -> str:
        """The name alone, which passkeys are bound to."""
        return self.host.partition(":")[0]

    @property
    def port(self) -> str:
        """The port of the origin; empty for the scheme's own."""
        return self.host.partition(":")[2]

    @property
    def cookie(self) -> str:
        """The session's cookie. Cookies ignore ports, so that its name carries it: two runs on one host stay apart."""
        return f"__Host-openscrip-{self.port or 'web'}"


@dataclass(slots=True)
class Current:
    """The request that is being answered."""

    shell: Shell
    request: Request
    reached: int = 0
    """Which facts the stream had told when the request came: what came later, its page may not know."""
    started_s: float = field(default_factory=time.perf_counter)
    cookies: list[str] = field(default_factory=list)
    """Whole `Set-Cookie` values."""
    known: dict[str, Any] = field(default_factory=dict)
    """What was found out about the visitor, once."""

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.request.url.path

    @property
    def theme(self) -> str:
        """`light`, `dark`, or empty: as the system has it."""
        chosen = self.request.cookies.get("openscrip-theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a block. A step back asks for the whole page."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


CURRENT: ContextVar[Current] = ContextVar("openscrip-request")
"""Set for each request before anything of it runs, in whichever thread."""


def current_of(request: Request) -> Current:
    """What is known of a request."""
    found: Current = request.scope["openscrip.current"]
    return found


def shell_of(request: Request) -> Shell:
    """What all pages share."""
    return current_of(request).shell
