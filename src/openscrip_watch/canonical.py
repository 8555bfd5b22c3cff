"""The one JSON spelling that is hashed and signed, and the hashes that stand for business ids on chains."""

import hashlib
import json

NO_HASH = "00" * 32
"""32 bytes of zero in hex: nothing is named."""


def canonical(document: object) -> bytes:
    """Sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def document_hash(document: object) -> str:
    """SHA-256 of the canonical document, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


REVISION = "~"
_REVISIONS_MAX = 9


def revisions(event_id: str, last: int = _REVISIONS_MAX) -> tuple[str, ...]:
    """The ids under which chains may know an event: its own, and one for each time that it came again corrected."""
    return (event_id, *(f"{event_id}{REVISION}{number}" for number in range(2, last + 1)))


def request_hash(request_id: str) -> str:
    """What stands for a request or mint id on every chain: SHA-256 of `openscrip:` + id, in hex."""
    return hashlib.sha256(f"openscrip:{request_id}".encode()).hexdigest()
