"""The envelope around a custody message: who sent it, its number, type, id and time, and one signature over all of it.

Signed is a text of seven lines, each ended by a line feed: `openscrip-custody-1`, sender, number, type, id, created, and
the SHA-256 of the message's exact bytes in hex. Messages of a custodian are numbered from 1; those to it have number 0.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Malformed, Refused

DOMAIN = "openscrip-custody-1"
RAW_BYTES_MAX = 1 << 20
_FIELDS = frozenset(("number", "sender", "type", "id", "created", "sha256", "signature", "raw"))


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it was sent. `raw` are its exact bytes, `created` UTC seconds, `signature` ed25519 in base64."""

    number: int
    sender: str
    type: str
    id: str
    created: int
    raw: bytes
    signature: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two copies one message: sender, type and the sender's id."""
        return self.sender, self.type, self.id

    def signed_text(self) -> str:
        """What the sender signs."""
        lines = (DOMAIN, self.sender, str(self.number), self.type, self.id, iso(self.created), self.hash)
        return "".join(f"{line}\n" for line in lines)

    def refuse_unless_signed(self, key: bytes) -> None:
        """Raise `Refused("envelope.signature")` unless the owner of `key` signed exactly this."""
        try:
            signature = base64.b64decode(self.signature, validate=True)
            Ed25519PublicKey.from_public_bytes(key).verify(signature, self.signed_text().encode())
        except (InvalidSignature, ValueError):
            text = f"envelope: {self.type} {self.id:.40} was not signed by {self.sender:.40}"
            raise Refused("envelope.signature", text) from None


def envelope_json(envelope: Envelope) -> dict[str, Any]:
    """The envelope as JSON; `raw` is the message as text, which is UTF-8 by its profile."""
    return {
        "number": envelope.number,
        "sender": envelope.sender,
        "type": envelope.type,
        "id": envelope.id,
        "created": iso(envelope.created),
        "sha256": envelope.hash,
        "signature": envelope.signature,
        "raw": envelope.raw.decode(),
    }


def envelope_from_json(body: object) -> Envelope:
    """The envelope in a JSON object. Raises `Malformed("envelope.…")`: its fields, a value, the size, or a wrong hash."""
    if not isinstance(body, Mapping) or set(body) != _FIELDS:
        raise Malformed("envelope.fields", f"envelope: its fields were not {', '.join(sorted(_FIELDS))}")
    number = body["number"]
    texts = {name: body[name] for name in _FIELDS - {"number"}}
    if type(number) is not int or not 0 <= number < 2**63 or not all(isinstance(each, str) for each in texts.values()):
        raise Malformed("envelope.value", "envelope: number was no whole number, or another field no text")
    if not all(_one_line(texts[name]) for name in ("sender", "type", "id", "signature")):
        raise Malformed("envelope.value", "envelope: a name was empty, longer than 100 characters or not printable")
    try:
        raw, created = texts["raw"].encode(), instant(texts["created"])
    except (UnicodeEncodeError, ValueError):
        raise Malformed("envelope.value", "envelope: the message was no text, or created no instant") from None
    if len(raw) > RAW_BYTES_MAX:
        raise Malformed("envelope.size", f"envelope: {len(raw)} bytes were more than {RAW_BYTES_MAX}")
    found = Envelope(number, texts["sender"], texts["type"], texts["id"], created, raw, texts["signature"])
    if found.hash != texts["sha256"] or iso(created) != texts["created"]:
        raise Malformed("envelope.hash", f"envelope: {found.type} {found.id:.40} had another hash or time than it said")
    return found


def _one_line(text: str) -> bool:
    return 0 < len(text) <= 100 and text.isprintable()
