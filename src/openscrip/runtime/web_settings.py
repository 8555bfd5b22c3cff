"""Settings of the pages: whether they are served, under which address, and how long a person stays signed in."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class WebLine:
    """The pages that `openscrip up` serves in a process of their own, and `openscrip web` alone."""

    up: Literal["on", "off"] = "on"
    """Whether `openscrip up` serves them."""
    origin: str = ""
    """The address that browsers use, such as `https://scrip.example` behind a proxy; empty: `http://localhost:PORT`."""
    operator_idle_s: int = 1_800
    operator_most_s: int = 43_200
    """An operator who does nothing is signed out after the first, and everyone after the second (machine time)."""
    investor_idle_s: int = 43_200
    investor_most_s: int = 604_800

    def problems(self) -> list[str]:
        """What is wrong, each as a sentence that names the setting."""
        found = []
        parts = urlsplit(self.origin)
        if self.origin and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query):
            found.append("web: origin was not an address such as https://scrip.example")
        if parts.scheme == "http" and parts.hostname != "localhost":
            found.append("web: origin was without TLS and not localhost; browsers keep no session there")
        lives = (self.operator_idle_s, self.operator_most_s, self.investor_idle_s, self.investor_most_s)
        if not all(lives) or self.operator_idle_s > self.operator_most_s or self.investor_idle_s > self.investor_most_s:
            found.append("web: a session's time was zero, or its idle time above its whole time")
        return found
