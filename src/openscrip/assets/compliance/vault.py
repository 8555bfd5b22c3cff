"""Personal data at rest: sealed with AES-256-GCM, each text bound to the row that it belongs to.

The keys come from the keystore, `personal-data-1`, `personal-data-2` and so on: the newest seals, all of them open, so that
a key can be rotated while the platform runs. What is sealed under an older key is sealed anew by `openscrip compliance
rotate-key`; then the older key file may be destroyed.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.keys import KeyKind, Keystore

KEY_NAME = "personal-data"
SEALING, DIGESTING = b"openscrip personal data, sealing", b"openscrip personal data, digests"
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that only the vault opens: which key, the nonce, the box. Its repr says the key alone."""

    key: int
    nonce: bytes = field(repr=False)
    box: bytes = field(repr=False)


class Vault:
    """Seals and opens. `secrets_by_number` are 32 bytes each; the highest number seals."""

    def __init__(self, secrets_by_number: Mapping[int, bytes]) -> None:
        refuse_unless(bool(secrets_by_number), "vault.key", "vault: there was no key for personal data")
        self.newest = max(secrets_by_number)
        self._boxes = {number: AESGCM(_derived(secret, SEALING)) for number, secret in secrets_by_number.items()}
        # Digests must stay the same over rotations, or every person would look changed: they hang on the oldest key.
        self._digest_key = _derived(secrets_by_number[min(secrets_by_number)], DIGESTING)

    def __repr__(self) -> str:
        return f"Vault(keys={sorted(self._boxes)})"

    def seal(self, document: object, bound_to: str) -> Sealed:
        """A JSON document under the newest key, bound to the name of its place."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(self.newest, nonce, self._boxes[self.newest].encrypt(nonce, _canonical(document), bound_to.encode()))

    def open(self, sealed: Sealed, bound_to: str) -> Any:
        """The document. Raises `Refused("vault.key")` without its key, `Refused("vault.damaged")` in another place."""
        box = self._boxes.get(sealed.key)
        if box is None:
            raise Refused("vault.key", f"vault: {bound_to:.80} was sealed under key {sealed.key}, which is not in the keystore")
        try:
            return json.loads(box.decrypt(sealed.nonce, sealed.box, bound_to.encode()))
        except (InvalidTag, ValueError):
            raise Refused("vault.damaged", f"vault: {bound_to:.80} was damaged, or belonged to another place") from None

    def renewed(self, sealed: Sealed, bound_to: str) -> Sealed:
        """The same under the newest key."""
        return sealed if sealed.key == self.newest else self.seal(self.open(sealed, bound_to), bound_to)

    def digest(self, document: object) -> str:
        """A keyed hash: says whether two documents are the same, and nothing about them to whoever has no key."""
        return hmac.new(self._digest_key, _canonical(document), hashlib.sha256).hexdigest()


def kept_vault(keys: Keystore) -> Vault:
    """The vault of a keystore; its first key is made if there is none."""
    keys.ensure(f"{KEY_NAME}-1", KeyKind.ED25519)
    found = {}
    for path in keys.folder.glob(f"{KEY_NAME}-*.json"):
        number = path.stem.removeprefix(f"{KEY_NAME}-")
        if number.isascii() and number.isdigit():
            found[int(number)] = keys.load(path.stem, KeyKind.ED25519).secret
    return Vault(found)


def add_key(keys: Keystore) -> int:
    """Make the next key; its number. Workers seal with it when they start again, and `rotate-key` says so."""
    number = kept_vault(keys).newest + 1
    keys.ensure(f"{KEY_NAME}-{number}", KeyKind.ED25519)
    return number


def passing_vault() -> Vault:
    """A vault whose key is gone with the process: for tests and the simulation, where nothing is kept."""
    return Vault({1: secrets.token_bytes(32)})


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _canonical(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
