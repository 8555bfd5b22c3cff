"""The watch's own keys: EVM attestor, Solana attestor, payout approver, and its EVM key. Each in a file of mode 0600.

A file holds JSON: `{"kind": "secp256k1"|"ed25519", "secret": hex}`, or instead of `secret` the fields `salt`, `nonce`
and `sealed` (scrypt of the passphrase, then AES-256-GCM), all in hex.
"""

import json
import os
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from eth_hash.auto import keccak
from solders.keypair import Keypair

from openscrip_watch.refusal import Refusal, refuse_unless

AUDITOR = "auditor.json"
"""Apart from the watch's own: whoever audits reports makes it, and nothing else is signed with it."""
ATTESTOR_EVM, ATTESTOR_SOLANA, APPROVER = "attestor.json", "attestor-solana.json", "approver.json"
APPROVER_EVM = "approver-evm.json"
_KINDS = {ATTESTOR_EVM: "secp256k1", ATTESTOR_SOLANA: "ed25519", APPROVER: "ed25519", APPROVER_EVM: "secp256k1"}


@dataclass(frozen=True, slots=True, repr=False)
class WatchKeys:
    """The signers. On Solana the approver signs with the same key as under what leaves custody and bank."""

    evm: coincurve.PrivateKey
    solana: Keypair
    approver: Ed25519PrivateKey
    approver_evm: coincurve.PrivateKey

    def public(self) -> dict[str, str]:
        """What may be told to everyone: EVM address, Solana address, approver's public key in base64 and its addresses."""
        return {
            "evm": evm_address(self.evm.public_key),
            "solana": str(self.solana.pubkey()),
            "approver": b64encode(self.approver.public_key().public_bytes_raw()).decode(),
            "approver_evm": evm_address(self.approver_evm.public_key),
            "approver_solana": str(self.approver_solana.pubkey()),
        }

    @property
    def approver_solana(self) -> Keypair:
        """The approver's key as Solana's."""
        return Keypair.from_seed(self.approver.private_bytes_raw())


def evm_address(key: coincurve.PublicKey) -> str:
    """The lower-case EVM address of a public key."""
    return "0x" + keccak(key.format(compressed=False)[1:])[-20:].hex()


def create_keys(folder: Path, passphrase: str | None = None) -> None:
    """Make those of the key files that do not exist yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, kind in _KINDS.items():
        if not (folder / name).exists():
            _write(folder / name, kind, secrets.token_bytes(32), passphrase)


def load_keys(folder: Path, passphrase: str | None = None) -> WatchKeys:
    """Read the key files. Raises `Refusal("key.…")` for a missing, readable-by-others or wrongly sealed file."""
    evm, solana, approver, payer = (_read(folder / name, kind, passphrase) for name, kind in _KINDS.items())
    ed25519 = Ed25519PrivateKey.from_private_bytes(approver)
    return WatchKeys(coincurve.PrivateKey(evm), Keypair.from_seed(solana), ed25519, coincurve.PrivateKey(payer))


def ensure_auditor(folder: Path, passphrase: str | None = None) -> str:
    """The public key (base64) of an auditor, whose key file is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / AUDITOR).exists():
        _write(folder / AUDITOR, "ed25519", secrets.token_bytes(32), passphrase)
    return b64encode(load_ed25519(folder / AUDITOR, passphrase).public_key().public_bytes_raw()).decode()


def load_ed25519(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """The ed25519 key in a key file, or in a file of its 32 bare bytes. Raises `Refusal("key.…")`."""
    refuse_unless(path.is_file(), "key.missing", f"keys: {path.name} was missing")
    if path.stat().st_size != 32:
        return Ed25519PrivateKey.from_private_bytes(_read(path, "ed25519", passphrase))
    refuse_unless(path.stat().st_mode & 0o077 == 0, "key.mode", f"keys: {path.name} was open to others; use mode 0600")
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _write(path: Path, kind: str, secret: bytes, passphrase: str | None) -> None:
    body: dict[str, str] = {"kind": kind}
    if passphrase is None:
        body["secret"] = secret.hex()
    else:
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        sealed = AESGCM(_derived(passphrase, salt)).encrypt(nonce, secret, kind.encode())
        body |= {"salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(body, file)


def _read(path: Path, kind: str, passphrase: str | None) -> bytes:
    refuse_unless(path.is_file(), "key.missing", f"keys: {path.name} was missing")
    refuse_unless(path.stat().st_mode & 0o077 == 0, "key.mode", f"keys: {path.name} was open to others; use mode 0600")
    try:
        body = json.loads(path.read_text())
        refuse_unless(body["kind"] == kind, "key.kind", f"keys: {path.name} was not of kind {kind}")
        if "secret" in body:
            secret = bytes.fromhex(body["secret"].removeprefix("0x"))
        else:
            refuse_unless(passphrase is not None, "key.sealed", f"keys: {path.name} was sealed and no passphrase given")
            box = AESGCM(_derived(passphrase or "", bytes.fromhex(body["salt"])))
            secret = box.decrypt(bytes.fromhex(body["nonce"]), bytes.fromhex(body["sealed"]), kind.encode())
    except InvalidTag:
        raise Refusal("key.sealed", f"keys: the passphrase of {path.name} was wrong") from None
    except (ValueError, KeyError, TypeError):
        raise Refusal("key.format", f"keys: {path.name} was not a key file") from None
    refuse_unless(len(secret) == 32, "key.format", f"keys: {path.name} did not hold 32 bytes")
    return secret


def _derived(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
