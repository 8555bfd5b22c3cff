"""Keys, each in its own file of mode 0600, and the ports that sign with them.

A file is JSON: `kind` and either `salt`, `nonce` and `sealed` (the passphrase through scrypt, then AES-256-GCM bound to
the kind), or, when there is no passphrase, `secret` and `protection: "development"`, which `openscrip doctor` reports.
`runtime.signing` has the same keys behind a socket, in another process.
"""

import json
import os
import secrets
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from openscrip.kernel.errors import Refused, refuse_unless

PASSPHRASE, PASSPHRASE_FILE = "OPENSCRIP_KEYS_PASSPHRASE", "OPENSCRIP_KEYS_PASSPHRASE_FILE"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1
_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class KeyKind(StrEnum):
    """The curve of a key."""

    SECP256K1 = "secp256k1"
    """EVM accounts."""
    ED25519 = "ed25519"
    """Solana accounts and custody."""


class DigestSigner(Protocol):
    """Signs 32-byte digests with secp256k1: a local key or a signer process."""

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes: r, s in the lower half of the order, v of 27 or 28."""
        ...


class MessageSigner(Protocol):
    """Signs messages with ed25519: a local key or a signer process."""

    def sign_message(self, message: bytes) -> bytes:
        """64 bytes."""
        ...


class LocalKey:
    """A key in memory. Its secret never shows in a repr; `secret` is for adapters that build their own signer."""

    def __init__(self, kind: KeyKind, secret: bytes) -> None:
        refuse_unless(len(secret) == 32, "key.format", "keys: a secret did not have 32 bytes")
        self.kind = kind
        self.secret = secret
        if kind is KeyKind.SECP256K1:
            in_range = 0 < int.from_bytes(secret, "big") < _SECP256K1_ORDER
            refuse_unless(in_range, "key.format", "keys: a secret was outside the curve's order")

    def __repr__(self) -> str:
        return f"LocalKey({self.kind}, public_key={self.public_key.hex()})"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("keys: a key is never pickled")

    @property
    def public_key(self) -> bytes:
        """Compressed 33 bytes on secp256k1, 32 bytes on ed25519."""
        if self.kind is KeyKind.SECP256K1:
            return coincurve.PrivateKey(self.secret).public_key.format(compressed=True)
        return Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """As `signing.Signer.sign`: over a digest or a message, as the curve has it."""
        return self.sign_digest(content) if self.kind is KeyKind.SECP256K1 else self.sign_message(content)

    def sign_digest(self, digest: bytes) -> bytes:
        """As `DigestSigner.sign_digest`."""
        refuse_unless(self.kind is KeyKind.SECP256K1, "key.kind", f"keys: a key of {self.kind} cannot sign digests")
        refuse_unless(len(digest) == 32, "key.digest", f"keys: a digest had {len(digest)} bytes, not 32")
        signature = coincurve.PrivateKey(self.secret).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def sign_message(self, message: bytes) -> bytes:
        """As `MessageSigner.sign_message`."""
        refuse_unless(self.kind is KeyKind.ED25519, "key.kind", f"keys: a key of {self.kind} cannot sign messages")
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(message)


def passphrase_from(environment: Mapping[str, str]) -> str | None:
    """The passphrase in force, from the variable or from the file that the other variable names; None without one."""
    if environment.get(PASSPHRASE):
        return environment[PASSPHRASE]
    named = environment.get(PASSPHRASE_FILE)
    if not named:
        return None
    try:
        text = Path(named).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise Refused("key.passphrase", f"keys: the passphrase file could not be read: {error.strerror}") from error
    refuse_unless(bool(text), "key.passphrase", "keys: the passphrase file was empty")
    return text


class Keystore:
    """A folder of key files, `NAME.json`."""

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self.folder = folder
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return f"Keystore({str(self.folder)!r})"

    def ensure(self, name: str, kind: KeyKind) -> LocalKey:
        """The key `name`, made if it is not there. Two processes that start together agree on one."""
        path = self._path(name)
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_once(path, _sealed(kind, _new_secret(kind), self._passphrase))
        return self.load(name, kind)

    def load(self, name: str, kind: KeyKind) -> LocalKey:
        """The key `name`.

        Raises `Refused` with `key.missing`, `key.mode` (others could read the file), `key.kind`, `key.passphrase`
        (wrong, or needed and absent) or `key.format`.
        """
        path = self._path(name)
        refuse_unless(path.is_file(), "key.missing", f"keys: {path.name} was missing")
        mode = path.stat().st_mode & 0o777
        refuse_unless(mode & 0o077 == 0, "key.mode", f"keys: {path.name} had mode {mode:o}; others could read it, use 600")
        body = _document(path)
        refuse_unless(body.get("kind") == kind, "key.kind", f"keys: {path.name} was not of kind {kind}")
        try:
            return LocalKey(kind, self._opened(path, body))
        except (ValueError, KeyError, TypeError):
            raise Refused("key.format", f"keys: {path.name} was not a key file") from None

    def beside(self, folder: Path) -> "Keystore":
        """The keys of another folder, opened in the same way."""
        return Keystore(folder, self._passphrase)

    def close(self) -> None:
        """Let go of what was opened; files are not kept open."""

    def problems(self) -> list[str]:
        """What `doctor` must say about the files: readable by others, or kept without a passphrase."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            if path.stat().st_mode & 0o077:
                found.append(f"keys: {path.name} could be read by others; use mode 600")
            if "secret" in _document(path):
                found.append(f"keys: {path.name} was kept without a passphrase: for development only")
        return found

    def _path(self, name: str) -> Path:
        plain = name.replace("-", "").replace("_", "")
        refuse_unless(plain.isalnum() and plain.isascii(), "key.name", f"keys: {name!r} was not a name of a key")
        return self.folder / f"{name}.json"

    def _opened(self, path: Path, body: Mapping[str, str]) -> bytes:
        if "secret" in body:
            return bytes.fromhex(body["secret"])
        if self._passphrase is None:
            raise Refused("key.passphrase", f"keys: {path.name} was sealed and no passphrase was given")
        box = AESGCM(_derived(self._passphrase, bytes.fromhex(body["salt"])))
        try:
            return box.decrypt(bytes.fromhex(body["nonce"]), bytes.fromhex(body["sealed"]), body["kind"].encode())
        except InvalidTag:
            raise Refused("key.passphrase", f"keys: the passphrase of {path.name} was wrong") from None


def _document(path: Path) -> dict[str, str]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        body = None
    if not isinstance(body, dict):
        raise Refused("key.format", f"keys: {path.name} was not a key file")
    return body


def _new_secret(kind: KeyKind) -> bytes:
    while True:
        secret = secrets.token_bytes(32)
        if kind is KeyKind.ED25519 or 0 < int.from_bytes(secret, "big") < _SECP256K1_ORDER:
            return secret


def _sealed(kind: KeyKind, secret: bytes, passphrase: str | None) -> dict[str, str]:
    if passphrase is None:
        return {"kind": kind.value, "protection": "development", "secret": secret.hex()}
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derived(passphrase, salt)).encrypt(nonce, secret, kind.value.encode())
    return {
        "kind": kind.value,
        "protection": "passphrase",
        "salt": salt.hex(),
        "nonce": nonce.hex(),
        "sealed": sealed.hex(),
    }


def _derived(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.encode())


def _write_once(path: Path, body: Mapping[str, str]) -> None:
    """Write whole or not at all, to the disk; a file that is there already stays."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(body, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
