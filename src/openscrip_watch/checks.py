"""One thing that was checked, and how a refusal becomes a broken check."""

from collections.abc import Callable
from dataclasses import dataclass

from openscrip_watch.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: `ok`, and what was found."""

    name: str
    ok: bool
    detail: str


def made(name: str, check: Callable[[], str]) -> Check:
    """The check as `check` finds it; what it refuses is broken."""
    try:
        return Check(name, True, check())
    except Refusal as refusal:
        return Check(name, False, f"{refusal.text} [{refusal.code}]")
