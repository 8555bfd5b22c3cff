"""Keys of secp256k1: what signs for an EVM account."""

from typing import Protocol

import coincurve
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak


class Signer(Protocol):
    """An EVM account that signs: a local key, or a signer process."""

    @property
    def address(self) -> str:
        """The account, with checksum (EIP-55)."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """The signature of 32 bytes, as 65 bytes: r, s (never in the upper half of the order), v of 27 or 28."""
        ...


class LocalSigner:
    """A key in memory."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is the 32-byte private key."""
        # coincurve itself, not a library that falls back to slow pure Python where it is missing
        self._key = coincurve.PrivateKey(secret)
        self._address = to_checksum_address(keccak(self._key.public_key.format(compressed=False)[1:])[12:])

    @property
    def address(self) -> str:
        """The account, with checksum."""
        return self._address

    def sign(self, digest: bytes) -> bytes:
        """The signature of 32 bytes."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])
