"""The published shapes of identity providers' answers, filled with what a paper provider was told."""

from collections.abc import Mapping
from typing import Any

from openscrip.kernel.clock import iso

PERSONA_STATUS = {"approved": "approved", "declined": "declined", "pending": "pending", "expired": "expired"}
SUMSUB_ANSWER = {"approved": "GREEN", "declined": "RED"}


def persona_inquiry(subject: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """An inquiry with its verifications, as JSON:API."""
    types = {"identity_document": "government-id", "proof_of_address": "document", "liveness": "selfie"}
    return {
        "data": {
            "type": "inquiry",
            "id": subject,
            "attributes": {
                "status": PERSONA_STATUS[known["outcome"]],
                "reference-id": known["client"],
                "updated-at": iso(known["updated_at"]),
            },
        },
        "included": [
            {
                "type": f"verification/{types[kind]}",
                "id": f"ver_{subject}_{kind}",
                "attributes": {
                    "status": "passed", "issue-date": issued, "expiration-date": expires, "country-code": "DE",
                    "completed-at": iso(known["updated_at"]),
                },
            }
            for kind, issued, expires in known.get("papers", [])
        ],
    }  # fmt: skip


def sumsub_applicant(subject: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """An applicant with review and documents."""
    types = {"identity_document": "PASSPORT", "proof_of_address": "UTILITY_BILL", "liveness": "SELFIE"}
    done = known["outcome"] in SUMSUB_ANSWER
    review: dict[str, Any] = {"reviewStatus": "completed" if done else "pending", "reviewDate": iso(known["updated_at"])}
    if done:
        review["reviewResult"] = {"reviewAnswer": SUMSUB_ANSWER[known["outcome"]]}
    documents = [
        {"idDocType": types[kind], "country": "DEU", "issuedDate": issued, "validUntil": expires}
        for kind, issued, expires in known.get("papers", [])
    ]
    return {
        "id": subject, "createdAt": iso(known["updated_at"]), "externalUserId": known["client"],
        "info": {"idDocs": documents}, "review": review,
    }  # fmt: skip
