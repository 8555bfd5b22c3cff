"""Accounts: what signs for an EVM address."""

from typing import Protocol

import coincurve
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.runtime.keys import DigestSigner


class Signer(DigestSigner, Protocol):
    """An account that signs digests."""

    @property
    def address(self) -> str:
        """The account, with checksum (EIP-55)."""
        ...


class Key(DigestSigner, Protocol):
    """A key of secp256k1: `runtime.keys.LocalKey`, or a signer process."""

    @property
    def public_key(self) -> bytes:
        """Compressed, 33 bytes."""
        ...


class EvmAccount:
    """The account of a key."""

    def __init__(self, key: Key) -> None:
        self._key = key
        point = coincurve.PublicKey(key.public_key).format(compressed=False)
        self._address = to_checksum_address(keccak(point[1:])[12:])

    @property
    def address(self) -> str:
        """The account, with checksum (EIP-55)."""
        return self._address

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes: r, s in the lower half of the order, v of 27 or 28."""
        return self._key.sign_digest(digest)
