"""Webhooks as providers sign them."""

import hashlib
import hmac
import json
from typing import Any

from tests.issuance.compliance.office import NOW

SECRET, OLD_SECRET = b"wbhsec_new", b"wbhsec_old"


def persona(event: str = "evt_1", kind: str = "inquiry.approved", subject: str = "inq_1", **more: Any) -> bytes:
    payload = {"data": {"type": "inquiry", "id": subject, "attributes": {"status": "approved", "name-first": "Annabella"}}}
    attributes = {"name": kind, "payload": payload, "created-at": "2026-11-20T12:00:00.000Z", **more}
    return json.dumps({"data": {"type": "event", "id": event, "attributes": attributes}}).encode()


def persona_headers(raw: bytes, *secrets: bytes, at: int = NOW) -> dict[str, str]:
    pairs = [
        f"t={at},v1={hmac.new(each, f'{at}.'.encode() + raw, hashlib.sha256).hexdigest()}" for each in secrets or (SECRET,)
    ]
    return {"persona-signature": " ".join(pairs)}


def sumsub(
    subject: str = "app_1", kind: str = "applicantReviewed", correlation: str = "req-1", made: str = "2026-11-20 12:00:00.123"
) -> bytes:
    return json.dumps(
        {
            "applicantId": subject, "inspectionId": "i1", "correlationId": correlation, "externalUserId": "c1", "type": kind,
            "reviewResult": {"reviewAnswer": "GREEN"}, "reviewStatus": "completed", "createdAtMs": made,
        }
    ).encode()  # fmt: skip


def sumsub_headers(raw: bytes, secret: bytes = SECRET, algorithm: str = "sha256") -> dict[str, str]:
    digest = hmac.new(secret, raw, getattr(hashlib, algorithm)).hexdigest()
    return {"x-payload-digest": digest, "x-payload-digest-alg": f"HMAC_{algorithm.upper()}_HEX"}
