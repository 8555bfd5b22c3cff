"""Persona: `Persona-Signature: t=…,v1=…` over `t.body`, two pairs while a secret is rotated; inquiries as JSON:API."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from openscrip.assets.compliance.identities.asking import Asking, day_of, instant_of
from openscrip.assets.compliance.identity import (
    WINDOW_S,
    Hint,
    IdentityState,
    Outcome,
    SeenPaper,
    document,
    kind_at,
    refuse_signature,
    signed_by_any,
    subject_at,
    text_at,
)
from openscrip.assets.compliance.persons import EvidenceKind
from openscrip.kernel.errors import Malformed, refuse_unless

_PAIR = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")
PAIRS_MAX = 4
OUTCOMES = {
    "approved": Outcome.APPROVED, "completed": Outcome.PENDING, "created": Outcome.PENDING, "pending": Outcome.PENDING,
    "needs_review": Outcome.PENDING, "declined": Outcome.DECLINED, "failed": Outcome.DECLINED, "expired": Outcome.EXPIRED,
}  # fmt: skip
KINDS = {
    "verification/government-id": EvidenceKind.IDENTITY_DOCUMENT,
    "verification/document": EvidenceKind.PROOF_OF_ADDRESS,
    "verification/selfie": EvidenceKind.LIVENESS,
}


def check_persona(headers: dict[str, str], raw: bytes, secrets: Sequence[bytes], now: int) -> Hint:
    """As `WebhookCheck`."""
    words = headers.get("persona-signature", "").split()
    pairs = [_PAIR.fullmatch(word) for word in words[:PAIRS_MAX]]
    if not words or len(words) > PAIRS_MAX or None in pairs:
        raise refuse_signature("persona")
    held = [pair[1] for pair in pairs if pair and signed_by_any(f"{pair[1]}.".encode() + raw, [pair[2]], secrets)]
    if not held:
        raise refuse_signature("persona")
    refuse_unless(
        any(abs(now - int(at)) <= WINDOW_S for at in held),
        "webhook.window",
        f"webhook: it was signed more than {WINDOW_S} s from now; clocks differ, or it was sent before",
    )
    found = document(raw)
    subject = subject_at(found, "data", "attributes", "payload", "data", "id")
    return Hint(text_at(found, "data", "id"), kind_at(found, "data", "attributes", "name"), subject)


class Persona:
    """Asks Persona's API at `url` with a key."""

    name = "persona"

    def __init__(self, url: str, key: str) -> None:
        self._asking = Asking("persona", url, {"Authorization": f"Bearer {key}", "Persona-Version": "2023-01-05"})

    def state(self, subject: str) -> IdentityState:
        """As `IdentityProvider.state`."""
        return read_inquiry(self._asking.get(f"/api/v1/inquiries/{subject}"), subject)

    def close(self) -> None:
        """Close the connection."""
        self._asking.close()


def read_inquiry(found: dict[str, Any], subject: str) -> IdentityState:
    """Persona's answer about an inquiry. Raises `Malformed("identity.answer")`."""
    try:
        return _read(found, subject)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("identity.answer", f"identity: persona's answer about {subject:.60} had another shape") from None


def _read(found: dict[str, Any], subject: str) -> IdentityState:
    attributes = found["data"]["attributes"]
    if found["data"]["id"] != subject:
        raise ValueError(subject)
    papers = []
    for each in found.get("included", []):
        kind, said = KINDS.get(each["type"]), each["attributes"]
        if kind is not None and said["status"] == "passed":
            expires = day_of(said["expiration-date"]) if said.get("expiration-date") else None
            issued = day_of(said.get("issue-date") or said["completed-at"][:10])
            digest = hashlib.sha256(f"persona:{each['id']}".encode()).hexdigest()
            papers.append(SeenPaper(kind, issued, expires, digest, str(said.get("country-code") or "")))
    outcome = OUTCOMES[attributes["status"]]
    return IdentityState(
        subject, text_at(attributes, "reference-id"), outcome, instant_of(attributes["updated-at"]), tuple(papers)
    )
