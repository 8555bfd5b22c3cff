"""The custodian's keys: the clients' pair that must both sign what goes out, and its own for statements."""

import base64
import binascii
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openscrip.assets.custody import Signatures
from openscrip.kernel.errors import Malformed


class TwoKeys(Protocol):
    """Who may move shares or money out: only both together."""

    def signed(self, message: bytes, signatures: Signatures | None) -> bool:
        """Whether both keys signed exactly `message`."""
        ...


class StatementKey(Protocol):
    """The custodian's signature."""

    def sign(self, message: bytes) -> str:
        """The signature in base64."""
        ...

    def public_key(self) -> bytes:
        """The key that others check it with."""
        ...


class Ed25519TwoKeys:
    """Treasury and payout approver, two different ed25519 keys (I7)."""

    def __init__(self, treasury: bytes, approver: bytes) -> None:
        if treasury == approver:
            raise Malformed("keys.same", "keys: treasury and approver were the same key")
        self.treasury = treasury
        self._treasury = Ed25519PublicKey.from_public_bytes(treasury)
        self._approver = Ed25519PublicKey.from_public_bytes(approver)

    def signed(self, message: bytes, signatures: Signatures | None) -> bool:
        """Whether both keys signed exactly `message`."""
        if signatures is None:
            return False
        return _verified(self._treasury, signatures.treasury, message) and _verified(
            self._approver, signatures.approver, message
        )


class Ed25519StatementKey:
    """An ed25519 key from its 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def sign(self, message: bytes) -> str:
        """The signature in base64."""
        return base64.b64encode(self._key.sign(message)).decode()

    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()


def public_key_bytes(text: str) -> bytes:
    """The 32 bytes of a public key in hex or base64. Raises `Malformed("keys.public")`."""
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Malformed("keys.public", "keys: the public key was neither hex nor base64") from error
    if len(key) != 32:
        raise Malformed("keys.public", f"keys: the public key had {len(key)} bytes, not 32")
    return key


def _verified(key: Ed25519PublicKey, signature: str, message: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True
