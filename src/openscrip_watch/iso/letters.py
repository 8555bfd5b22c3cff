"""The envelope around a custodian's message: its number in the custodian's one stream, and a signature over all of it.

Signed is a text of seven lines, each ended by a line feed: `openscrip-custody-1`, sender, number, type, id, created, and
the SHA-256 of the message's exact bytes in hex.
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openscrip_watch import fields
from openscrip_watch.iso.tree import BYTES_MAX
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless

DOMAIN = "openscrip-custody-1"
FIELDS = frozenset(("number", "sender", "type", "id", "created", "sha256", "signature", "raw"))
_NUMBER = re.compile(r"[0-9]{1,18}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as its sender signed it; `created` in UTC seconds."""

    number: int
    sender: str
    type: str
    id: str
    created: int
    raw: bytes
    sha256: str

    @property
    def identity(self) -> tuple[str, str]:
        """What a sender calls a message; the same again with other bytes is an incident."""
        return self.type, self.id


def read_letter(body: Mapping[str, Any], key: Ed25519PublicKey) -> Letter:
    """The message in a JSON object. Raises `BadInput`, `letter.hash` or `letter.signature`."""
    if set(body) != FIELDS:
        raise BadInput("letter.fields", f"letter: its fields were not {', '.join(sorted(FIELDS))}")
    raw = body["raw"]
    if not isinstance(raw, str) or len(raw) > BYTES_MAX:
        raise BadInput("letter.size", f"letter: its message was no text of at most {BYTES_MAX} characters")
    text = envelope_text(body)
    return read_enveloped(raw.encode("utf-8", "surrogatepass"), text, fields.text(body, "signature", 200), key)


def envelope_text(body: Mapping[str, Any]) -> str:
    """The seven lines of an envelope in JSON."""
    names = [fields.text(body, name, 100) for name in ("sender", "type", "id", "created", "sha256")]
    lines = (DOMAIN, names[0], str(fields.integer(body, "number", 1)), *names[1:])
    return "".join(f"{line}\n" for line in lines)


def read_enveloped(raw: bytes, envelope: str, signature: str, key: Ed25519PublicKey) -> Letter:
    """The message in `raw`, under the seven lines that were signed. Raises as `read_letter`."""
    lines = envelope.split("\n")
    whole = len(lines) == 8 and not lines[7] and lines[0] == DOMAIN
    if not whole or not _NUMBER.fullmatch(lines[2]) or not _INSTANT.fullmatch(lines[5]):
        raise BadInput("letter.envelope", "letter: its envelope was not the seven lines of one")
    where = f"letter: {lines[3]:.40} number {lines[2]:.20}"
    real = hashlib.sha256(raw).hexdigest()
    refuse_unless(lines[6] == real, "letter.hash", f"{where}: its bytes have the hash {real}")
    try:
        key.verify(b64decode(signature, validate=True), envelope.encode())
        created = datetime.strptime(lines[5], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (InvalidSignature, ValueError):
        raise Refusal("letter.signature", f"{where} was not signed by the custodian") from None
    return Letter(int(lines[2]), lines[1], lines[3], lines[4], int(created.timestamp()), raw, real)
