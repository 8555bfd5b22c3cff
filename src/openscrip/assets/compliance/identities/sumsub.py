"""Sumsub: `X-Payload-Digest` over the body, its algorithm named beside it; applicants by id; requests signed with a secret.

Sumsub signs no time of sending, and sends again after up to 18 hours with the same body: a repetition is known by its
event, not by its age. A body from the future is refused.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
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

ALGORITHMS = {"HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}
"""SHA-1 is offered by Sumsub and not taken here."""
OUTCOMES = {"GREEN": Outcome.APPROVED, "RED": Outcome.DECLINED}
KINDS = {
    "PASSPORT": EvidenceKind.IDENTITY_DOCUMENT, "ID_CARD": EvidenceKind.IDENTITY_DOCUMENT,
    "DRIVERS": EvidenceKind.IDENTITY_DOCUMENT, "UTILITY_BILL": EvidenceKind.PROOF_OF_ADDRESS, "SELFIE": EvidenceKind.LIVENESS,
    "COMPANY_DOC": EvidenceKind.REGISTER_EXTRACT,
}  # fmt: skip


def check_sumsub(headers: dict[str, str], raw: bytes, secrets: Sequence[bytes], now: int) -> Hint:
    """As `WebhookCheck`."""
    algorithm = ALGORITHMS.get(headers.get("x-payload-digest-alg", ""))
    digest = headers.get("x-payload-digest", "")
    if algorithm is None or not signed_by_any(raw, [digest], secrets, algorithm):
        raise refuse_signature("sumsub")
    found = document(raw)
    kind, subject = kind_at(found, "type"), subject_at(found, "applicantId")
    made = found.get("createdAtMs") or found.get("createdAt") or ""
    try:
        made_at = instant_of(str(made))
    except ValueError:
        raise Malformed("webhook.body", "webhook: createdAtMs was no time") from None
    refuse_unless(made_at <= now + WINDOW_S, "webhook.window", "webhook: it was made in the future; clocks differ")
    event = hashlib.sha256(f"{text_at(found, 'correlationId')}:{kind}:{subject}:{made}".encode()).hexdigest()[:40]
    return Hint(event, kind, subject)


class Sumsub:
    """Asks Sumsub's API at `url` with an app token and its secret; `now` is the wall clock that requests are signed with."""

    name = "sumsub"

    def __init__(self, url: str, token: str, secret: bytes, now: Callable[[], int]) -> None:
        self._token, self._secret, self._now = token, secret, now
        self._asking = Asking("sumsub", url, {}, self._signed)

    def _signed(self, method: str, path: str) -> dict[str, str]:
        at = str(self._now())
        signature = hmac.new(self._secret, f"{at}{method}{path}".encode(), hashlib.sha256).hexdigest()
        return {"X-App-Token": self._token, "X-App-Access-Ts": at, "X-App-Access-Sig": signature}

    def state(self, subject: str) -> IdentityState:
        """As `IdentityProvider.state`."""
        found = self._asking.get(f"/resources/applicants/{subject}/one")
        try:
            return _read(found, subject)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed("identity.answer", f"identity: sumsub's answer about {subject:.60} had another shape") from None

    def close(self) -> None:
        """Close the connection."""
        self._asking.close()


def _read(found: dict[str, Any], subject: str) -> IdentityState:
    if found["id"] != subject:
        raise ValueError(subject)
    review = found["review"]
    outcome = Outcome.PENDING
    if review["reviewStatus"] == "completed":
        outcome = OUTCOMES[review["reviewResult"]["reviewAnswer"]]
    papers = []
    for each in found.get("info", {}).get("idDocs", []):
        kind = KINDS.get(each["idDocType"])
        if kind is not None:
            digest = hashlib.sha256(f"sumsub:{subject}:{each['idDocType']}:{each['issuedDate']}".encode()).hexdigest()
            expires = day_of(each["validUntil"]) if each.get("validUntil") else None
            papers.append(SeenPaper(kind, day_of(each["issuedDate"]), expires, digest, str(each.get("country") or "")))
    at = instant_of(review.get("reviewDate") or found["createdAt"])
    return IdentityState(subject, text_at(found, "externalUserId"), outcome, at, tuple(papers))
