"""One suite for both kinds of signer, files and a process behind a socket; and what only the second can get wrong."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import Message
from solders.pubkey import Pubkey

from openscrip.bootstrap.signer import MINT_NAME, SOLANA_PROGRAMS, RolePolicy
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.runtime.signing import Line, RemoteKeystore, SignerServer, connected, token_of

TOKEN = b"t" * 64
DIGEST = bytes(range(32))
DOCUMENT = b'{"id":"sub-1:refund"}'
PER_MINUTE = 5


class Process:
    """A signer over files in a folder, in a thread of its own."""

    def __init__(self, folder: Path, address: str) -> None:
        self.keys = Keystore(folder / "signer-keys")
        self.time_s = 0.0
        policy = RolePolicy(PER_MINUTE, SOLANA_PROGRAMS, lambda: self.time_s)
        self.server = SignerServer(self.keys, TOKEN, policy, address)
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join(10)


@pytest.fixture(params=["unix", "loopback"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Process]:
    address = f"unix:{tmp_path}/s" if request.param == "unix" else "127.0.0.1:0"
    made = Process(tmp_path, address)
    yield made
    made.stop()


@pytest.fixture
def remote(process: Process, tmp_path: Path) -> Iterator[RemoteKeystore]:
    keys = RemoteKeystore(process.server.address, TOKEN, tmp_path / "keys")
    yield keys
    keys.close()


@pytest.fixture(params=["files", "process"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keystore]:
    if request.param == "files":
        yield Keystore(tmp_path / "keys")
        return
    process = Process(tmp_path, f"unix:{tmp_path}/s")
    keys = RemoteKeystore(process.server.address, TOKEN, tmp_path / "keys")
    yield keys
    keys.close()
    process.stop()


def test_g01_a_digest_is_signed_by_the_key_that_the_signer_shows(keys: Keystore) -> None:
    key = keys.ensure("issuer", KeyKind.SECP256K1)
    signature = key.sign(DIGEST)
    assert signature == key.sign_digest(DIGEST)
    assert signature[64] in (27, 28)
    signed_by = coincurve.PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), DIGEST, None)
    assert signed_by.format() == key.public_key


def test_g02_a_message_is_signed_by_the_key_that_the_signer_shows(keys: Keystore) -> None:
    key = keys.ensure("treasury", KeyKind.ED25519)
    assert key.sign(DOCUMENT) == key.sign_message(DOCUMENT)
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(key.sign(DOCUMENT), DOCUMENT)


def test_g03_a_key_stays_the_same_however_often_it_is_asked_for(keys: Keystore) -> None:
    first = keys.ensure("issuer", KeyKind.SECP256K1).public_key
    assert keys.ensure("issuer", KeyKind.SECP256K1).public_key == first
    assert keys.load("issuer", KeyKind.SECP256K1).public_key == first


def test_g04_a_key_that_is_not_there_is_refused(keys: Keystore) -> None:
    with pytest.raises(Refused, match="missing"):
        keys.load("guardian", KeyKind.SECP256K1)


def test_g05_a_digest_of_another_length_and_a_key_of_another_curve_are_refused(keys: Keystore) -> None:
    with pytest.raises(Refused, match="not 32"):
        keys.ensure("issuer", KeyKind.SECP256K1).sign(b"short")
    with pytest.raises(Refused, match="cannot sign digests"):
        keys.ensure("treasury", KeyKind.ED25519).sign_digest(DIGEST)
    with pytest.raises(Refused, match=r"not of kind|no role"):
        keys.ensure("issuer", KeyKind.ED25519)


# Only in a process


def test_g10_no_secret_leaves_the_signer(remote: RemoteKeystore, process: Process, tmp_path: Path) -> None:
    key = remote.ensure("issuer", KeyKind.SECP256K1)
    with pytest.raises(Refused, match="never leaves it"):
        _ = key.secret
    secret = process.keys.load("issuer", KeyKind.SECP256K1).secret
    assert secret.hex() not in repr(vars(key)) + repr(vars(remote))
    assert not (tmp_path / "keys").exists()


def test_g11_what_encrypts_stays_a_file_of_the_platform(remote: RemoteKeystore, process: Process, tmp_path: Path) -> None:
    assert len(remote.ensure("report-salts", KeyKind.ED25519).secret) == 32
    assert (tmp_path / "keys" / "report-salts.json").exists()
    assert not (process.keys.folder / "report-salts.json").exists()


@pytest.mark.parametrize(
    ("name", "kind"), [("nobody", KeyKind.SECP256K1), ("issuer-solana", KeyKind.SECP256K1), ("issuer", KeyKind.ED25519)]
)
def test_g12_a_name_that_is_no_role_has_no_key(remote: RemoteKeystore, process: Process, name: str, kind: KeyKind) -> None:
    with pytest.raises(Refused, match="no role"):
        remote.ensure(name, kind)
    assert not process.keys.folder.exists()


def message_to(program: str) -> bytes:
    call = Instruction(Pubkey.from_string(program), b"", [])
    return bytes(Message.new_with_blockhash([call], Pubkey.default(), Hash.default()))


def test_g13_a_solana_role_signs_calls_of_known_programs_alone(remote: RemoteKeystore) -> None:
    key = remote.ensure("issuer-solana", KeyKind.ED25519)
    assert len(key.sign(message_to(next(iter(SOLANA_PROGRAMS))))) == 64
    assert len(key.sign(MINT_NAME + b"TSLAx")) == 64
    for strange in (message_to("Vote111111111111111111111111111111111111111"), b"hello", DOCUMENT):
        with pytest.raises(Refused, match="signer"):
            key.sign(strange)
    with pytest.raises(Refused, match="no message of Solana"):
        remote.ensure("guardian-solana", KeyKind.ED25519).sign(MINT_NAME + b"TSLAx")


def test_g14_the_treasury_signs_documents_and_no_transaction(remote: RemoteKeystore) -> None:
    key = remote.ensure("treasury", KeyKind.ED25519)
    envelope = b"openscrip-custody-1\nISSUER\n0\nsese.023.001.11\nsub-1:buy:t1\n2024-06-03T12:00:00Z\n00\n"
    assert len(key.sign(envelope)) == 64
    for strange in (message_to(next(iter(SOLANA_PROGRAMS))), b"hello", b"[1]", envelope + b"\n"):
        with pytest.raises(Refused, match="no document"):
            key.sign(strange)


def test_g15_no_role_signs_more_often_than_is_allowed(remote: RemoteKeystore, process: Process) -> None:
    key, other = remote.ensure("issuer", KeyKind.SECP256K1), remote.ensure("lister", KeyKind.SECP256K1)
    for _ in range(PER_MINUTE):
        key.sign(DIGEST)
    with pytest.raises(Refused, match="in a minute"):
        key.sign(DIGEST)
    other.sign(DIGEST)
    process.time_s = 61.0
    key.sign(DIGEST)


def test_g16_whoever_does_not_know_the_token_gets_nothing(process: Process, tmp_path: Path) -> None:
    stranger = RemoteKeystore(process.server.address, b"x" * 64, tmp_path / "keys")
    with pytest.raises(Unavailable):
        stranger.ensure("issuer", KeyKind.SECP256K1)
    stranger.close()
    assert process.server.refused == 1
    assert not process.keys.folder.exists()


def test_g17_a_message_that_was_recorded_is_no_use_on_another_connection(process: Process, remote: RemoteKeystore) -> None:
    said: list[bytes] = []
    with connected(process.server.address) as link:
        stream = link.makefile("rwb")
        line = Line(TOKEN, Recorded(stream, said), is_client=True)
        line.say({"ask": "ensure", "name": "issuer", "kind": "secp256k1"})
        assert "answer" in line.hear()
        stream.close()
    with connected(process.server.address) as link:
        stream = link.makefile("rwb")
        for each in said:
            stream.write(each)
        stream.flush()
        assert stream.readline()
        assert stream.readline() == b"", "nothing is answered"
        stream.close()
    assert process.server.refused == 1


class Recorded:
    """A stream that keeps what is written."""

    def __init__(self, stream: Any, said: list[bytes]) -> None:
        self.readline, self.flush, self._stream, self._said = stream.readline, stream.flush, stream, said

    def write(self, line: bytes) -> None:
        self._said.append(line)
        self._stream.write(line)


def test_g18_a_signer_that_was_started_again_is_found_again(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/s"
    first = Process(tmp_path, address)
    keys = RemoteKeystore(address, TOKEN, tmp_path / "keys")
    key = keys.ensure("issuer", KeyKind.SECP256K1)
    key.sign(DIGEST)
    keys.close()
    first.stop()
    with pytest.raises(Unavailable, match="did not answer"):
        key.sign(DIGEST)
    second = Process(tmp_path, address)
    assert len(key.sign(DIGEST)) == 65
    keys.close()
    second.stop()


def test_g19_the_token_is_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    file = tmp_path / "signer" / "token"
    made = token_of(file, make=True)
    assert len(made) == 64
    assert token_of(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(Refused, match="others could read it"):
        token_of(file)
    with pytest.raises(Refused, match="missing"):
        token_of(tmp_path / "none")


def test_g20_nobody_else_may_connect_to_the_socket(tmp_path: Path) -> None:
    process = Process(tmp_path, f"unix:{tmp_path}/s")
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    process.stop()
    with pytest.raises(Refused, match=r"not 127\.0\.0\.1"):
        SignerServer(process.keys, TOKEN, RolePolicy(1, frozenset()), "0.0.0.0:0")
