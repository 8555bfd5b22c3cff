"""Keys: kept for one's own eyes, made once, and never shown."""

import json
import pickle
import threading
from pathlib import Path

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import KeyKind, Keystore, LocalKey, passphrase_from

KINDS = pytest.mark.parametrize("kind", list(KeyKind))
PASSPHRASES = pytest.mark.parametrize("passphrase", [None, "correct horse"])


@KINDS
@PASSPHRASES
def test_a_key_is_made_once_and_then_stays(tmp_path: Path, kind: KeyKind, passphrase: str | None) -> None:
    made = Keystore(tmp_path / "keys", passphrase).ensure("issuer", kind)
    again = Keystore(tmp_path / "keys", passphrase).ensure("issuer", kind)
    assert made.secret == again.secret
    file = tmp_path / "keys" / "issuer.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["issuer.json"]
    assert (made.secret.hex() in file.read_text()) == (passphrase is None)


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    makers = [
        threading.Thread(target=lambda: found.append(Keystore(tmp_path).ensure("k", KeyKind.ED25519).secret)) for _ in range(8)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(30)
    assert len(found) == 8
    assert len(set(found)) == 1


def refused(store: Keystore, kind: KeyKind = KeyKind.ED25519, name: str = "k") -> str:
    with pytest.raises(Refused) as refusal:
        store.load(name, kind)
    return refusal.value.code


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Keystore(tmp_path).ensure("k", KeyKind.ED25519)
    (tmp_path / "k.json").chmod(0o640)
    assert refused(Keystore(tmp_path)) == "key.mode"
    assert any("read by others" in problem for problem in Keystore(tmp_path).problems())


def test_a_sealed_key_opens_only_with_its_passphrase_and_as_its_kind(tmp_path: Path) -> None:
    Keystore(tmp_path, "right").ensure("k", KeyKind.ED25519)
    assert refused(Keystore(tmp_path, "wrong")) == "key.passphrase"
    assert refused(Keystore(tmp_path)) == "key.passphrase"
    assert refused(Keystore(tmp_path, "right"), KeyKind.SECP256K1) == "key.kind"
    body = json.loads((tmp_path / "k.json").read_text())
    (tmp_path / "k.json").write_text(json.dumps(body | {"kind": "secp256k1"}))
    assert refused(Keystore(tmp_path, "right"), KeyKind.SECP256K1) == "key.passphrase"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind":"ed25519"}', '{"kind":"ed25519","secret":"00"}'])
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "k.json").write_text(text)
    (tmp_path / "k.json").chmod(0o600)
    assert refused(Keystore(tmp_path, "passphrase")) == "key.format"
    assert refused(Keystore(tmp_path), name="other") == "key.missing"
    assert refused(Keystore(tmp_path), name="../k") == "key.name"


def test_a_key_without_a_passphrase_is_reported_as_for_development(tmp_path: Path) -> None:
    Keystore(tmp_path).ensure("issuer", KeyKind.SECP256K1)
    Keystore(tmp_path, "x").ensure("treasury", KeyKind.ED25519)
    assert Keystore(tmp_path).problems() == ["keys: issuer.json was kept without a passphrase: for development only"]


@KINDS
def test_a_secret_never_shows(kind: KeyKind) -> None:
    key = LocalKey(kind, bytes(range(1, 33)))
    for shown in (repr(key), str(key), f"{key}", repr([key])):
        assert key.secret.hex() not in shown
        assert key.public_key.hex() in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_a_digest_signature_recovers_to_the_key() -> None:
    key, digest = LocalKey(KeyKind.SECP256K1, bytes(range(1, 33))), bytes(range(32))
    signature = key.sign_digest(digest)
    assert (len(signature), signature[64] in (27, 28)) == (65, True)
    recoverable = signature[:64] + bytes([signature[64] - 27])
    assert coincurve.PublicKey.from_signature_and_message(recoverable, digest, hasher=None).format() == key.public_key


def test_a_message_signature_verifies() -> None:
    key = LocalKey(KeyKind.ED25519, bytes(32))
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(key.sign_message(b"pay"), b"pay")


def test_a_key_signs_only_what_its_kind_signs() -> None:
    with pytest.raises(Refused, match="cannot sign digests"):
        LocalKey(KeyKind.ED25519, bytes(32)).sign_digest(bytes(32))
    with pytest.raises(Refused, match="cannot sign messages"):
        LocalKey(KeyKind.SECP256K1, b"\1" * 32).sign_message(b"")
    with pytest.raises(Refused, match="not 32"):
        LocalKey(KeyKind.SECP256K1, b"\1" * 32).sign_digest(b"short")
    with pytest.raises(Refused, match="order"):
        LocalKey(KeyKind.SECP256K1, bytes(32))


def test_the_passphrase_comes_from_a_variable_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from file\n")
    assert passphrase_from({}) is None
    assert passphrase_from({"OPENSCRIP_KEYS_PASSPHRASE": "direct"}) == "direct"
    assert passphrase_from({"OPENSCRIP_KEYS_PASSPHRASE_FILE": str(file)}) == "from file"
    with pytest.raises(Refused, match="could not be read"):
        passphrase_from({"OPENSCRIP_KEYS_PASSPHRASE_FILE": str(tmp_path / "none")})
