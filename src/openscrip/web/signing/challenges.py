"""Questions that are asked once: what a wallet or a passkey is to sign, and to whom it was asked.

They are kept by this process alone: whoever is half-way through signing in when it ends asks for another one.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from openscrip.kernel.errors import Refused

LIFE_S = 300
KEPT_MAX = 10_000
"""What is asked beyond this makes the oldest questions void."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One question. `session` is the hash of the session it was asked in; only there it can be answered."""

    nonce: str
    kind: str
    session: str
    expires_at: int
    value: bytes = b""
    facts: dict[str, str] = field(default_factory=dict)


class Challenges:
    """The open questions."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Challenge] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, kind: str, session: str, now: int, value: bytes = b"", nonce: str = "", **facts: str) -> Challenge:
        """A new question."""
        made = Challenge(nonce or new_nonce(), kind, session, now + LIFE_S, value, facts)
        with self._lock:
            self._open[made.nonce] = made
            while len(self._open) > KEPT_MAX:
                self._open.popitem(last=False)
        return made

    def take(self, nonce: str, kind: str, session: str, now: int) -> Challenge:
        """The question, which nobody can answer again, right or wrong. Raises `Refused("challenge.void")`."""
        with self._lock:
            found = self._open.pop(nonce, None)
        if found is None or found.kind != kind or found.session != session or now >= found.expires_at:
            raise Refused("challenge.void", "challenge: it was answered before, too old, or asked elsewhere; start again")
        return found


def new_nonce() -> str:
    """128 random bits in letters and digits, as EIP-4361 wants a nonce."""
    return secrets.token_hex(16)
