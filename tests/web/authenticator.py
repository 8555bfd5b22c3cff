"""A passkey device in software: it makes and uses ES256 passkeys as a platform authenticator does, and can be told to lie."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def cbor(value: object) -> bytes:
    """What authenticators write: integers, bytes, text and maps, in the form of RFC 8949."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(cbor(key) + cbor(each) for key, each in value.items())
    raise TypeError(f"cbor: {type(value).__name__} is not written here")


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    size = 1 if count < 1 << 8 else 2
    return bytes([major << 5 | 23 + size]) + count.to_bytes(size)


@dataclass
class Device:
    """One device. `verifies` is whether its owner proves themselves, `origin` and `rp` what it believes to talk to."""

    origin: str
    rp: str = "localhost"
    verifies: bool = True
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: str = ""

    def create(self, options: str) -> str:
        """What a browser sends back after `navigator.credentials.create`."""
        told = json.loads(options)
        self.handle = told["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = b"\0" * 16 + len(self.id).to_bytes(2) + self.id + cose
        data = self._data(ATTESTED) + attested
        statement = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({
            "clientDataJSON": self._client("webauthn.create", told["challenge"]),
            "attestationObject": bytes_to_base64url(statement),
        })  # fmt: skip

    def get(self, options: str, challenge: str = "") -> str:
        """What a browser sends back after `navigator.credentials.get`."""
        client = self._client("webauthn.get", challenge or json.loads(options)["challenge"], raw=True)
        self.count += 1
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client.encode()).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({
            "clientDataJSON": bytes_to_base64url(client.encode()),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
            "userHandle": self.handle,
        })  # fmt: skip

    def _data(self, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str, *, raw: bool = False) -> str:
        told = json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False})
        return told if raw else bytes_to_base64url(told.encode())

    def _answer(self, response: dict[str, Any]) -> str:
        key = bytes_to_base64url(self.id)
        return json.dumps({
            "id": key, "rawId": key, "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {}, "response": response,
        })  # fmt: skip
