"""The port of identity providers: what they know of a person now, asked again whenever they say that something changed.

A webhook is a hint. What is believed is what the provider answers when it is asked, and only if it is newer than what is
known. To add a provider: a module in `identities/` with its webhook's check and its client, a line in `PROVIDERS`, and its
shapes in the paper provider, against which one suite runs them all.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from openscrip.assets.compliance.persons import EvidenceKind
from openscrip.kernel.errors import Malformed, Refused

WINDOW_S = 300
BODY_BYTES_MAX = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")


class Outcome(StrEnum):
    """Where an examination stands."""

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SeenPaper:
    """A document that the provider has seen; `sha256` is of the provider's own reference, for the document stays there."""

    kind: EvidenceKind
    issued_on: date
    expires_on: date | None
    sha256: str
    country: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class IdentityState:
    """What a provider knows of one examination. `client` is our id, as we gave it; `updated_at` orders what is told."""

    subject: str
    client: str
    outcome: Outcome
    updated_at: int
    papers: tuple[SeenPaper, ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook said, after its signature held: an id that is never given twice, a kind, and whom it is about."""

    event_id: str
    kind: str
    subject: str


class IdentityProvider(Protocol):
    """A provider as it is asked. Methods raise `Unavailable` where it does not answer.

    Safe if: a newer `updated_at` never tells an older state.
    """

    @property
    def name(self) -> str:
        """Such as `persona`."""
        ...

    def state(self, subject: str) -> IdentityState:
        """The examination now. Raises `Malformed("identity.unknown")`, `Malformed("identity.answer")`."""
        ...


class WebhookCheck(Protocol):
    """Verifies a webhook and says what it hints at."""

    def __call__(self, headers: dict[str, str], raw: bytes, secrets: Sequence[bytes], now: int) -> Hint:
        """Headers by lower-case name. Raises `Refused("webhook.signature")`, `webhook.window`, `Malformed("webhook.body")`."""
        ...


def signed_by_any(message: bytes, given: Sequence[str], secrets: Sequence[bytes], algorithm: str = "sha256") -> bool:
    """Whether one of the hex signatures is of one of the active secrets; every pair is compared, each in constant time."""
    found = False
    for secret in secrets:
        expected = hmac.new(secret, message, getattr(hashlib, algorithm)).hexdigest()
        for signature in given:
            found |= hmac.compare_digest(expected.encode(), signature.encode("ascii", "replace"))
    return found


def refuse_signature(provider: str) -> Refused:
    """One answer to whatever was wrong with a signature: it says nothing that would help to make one."""
    return Refused("webhook.signature", f"webhook: the signature of {provider} did not hold over the body as it came")


def document(raw: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises `Malformed("webhook.body")`."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("webhook.body", "webhook: the body was not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("webhook.body", "webhook: the body was no JSON object")
    return found


def text_at(found: object, *path: str) -> str:
    """An id deep in a JSON document. Raises `Malformed("webhook.body")` where it is missing or not a plain id."""
    return _plain_at(found, path, _ID)


def kind_at(found: object, *path: str) -> str:
    """The kind of an event, such as `report/screening.ready`. Raises `Malformed("webhook.body")`."""
    return _plain_at(found, path, _KIND)


def subject_at(found: object, *path: str) -> str:
    """Whom an event is about; empty where it says nobody, as kinds that we do not know may."""
    try:
        return text_at(found, *path)
    except Malformed:
        return ""


def _plain_at(found: object, path: tuple[str, ...], shape: re.Pattern[str]) -> str:
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, str) or not shape.fullmatch(found):
        raise Malformed("webhook.body", f"webhook: {'.'.join(path)} was missing or no plain text")
    return found
