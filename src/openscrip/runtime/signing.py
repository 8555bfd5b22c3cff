"""Signing elsewhere: keys behind a socket, so that no secret is ever in the platform's process, and an HSM or KMS fits.

`Signer` is the port: a public key, and a signature over what is given. `LocalKey` (a keystore file) and `RemoteKey` (a signer
process) are its adapters, and pass one suite. The line between the two is a Unix socket or a loopback port; each side
proves with each message that it knows one shared token, over a number that only this connection used, so a message can
be neither forged nor replayed. What a key may sign is judged by the signer's own policy, not by the platform's word.
"""

import base64
import hmac
import json
import logging
import os
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.runtime.keys import KeyKind, Keystore, LocalKey

log = logging.getLogger(__name__)

LINE_MAX = 1 << 20
ANSWER_S_MAX = 10.0
SECRET_PREFIXES = ("personal-data-", "report-salts", "webhooks")
"""Keys that encrypt, salt, or make secrets for receivers, and never sign: they stay in files of the platform."""


class Signer(Protocol):
    """A key that signs.

    Safe if: its secret is nowhere else; it signs for whoever knows the token, and only what its policy allows.
    Live if: it answers within `ANSWER_S_MAX`.
    """

    @property
    def public_key(self) -> bytes:
        """Compressed 33 bytes on secp256k1, 32 bytes on ed25519."""
        ...

    def sign(self, content: bytes) -> bytes:
        """65 bytes over a digest of 32 on secp256k1, 64 bytes over a message on ed25519.

        Raises `Refused` (`key.digest`, `signer.policy`) and `Unavailable`.
        """
        ...


Policy = Callable[[str, KeyKind, bytes], None]
"""`policy(name, kind, content)` raises `Refused("signer.policy")` for what a key may not sign."""


class RemoteKey(LocalKey):
    """A key whose secret is in a signer process. Its public half is asked for once."""

    def __init__(self, name: str, kind: KeyKind, public_key: bytes, sign: Callable[[bytes], bytes]) -> None:
        self.kind = kind
        self._name = name
        self._public_key = public_key
        self._sign = sign

    @property
    def public_key(self) -> bytes:
        """As `Signer.public_key`."""
        return self._public_key

    @property
    def secret(self) -> bytes:  # type: ignore[override]  # what a local key has in memory, this one has not
        """There is none here. Raises `Refused("key.remote")`."""
        raise Refused("key.remote", f"keys: the secret of {self._name} is kept by the signer and never leaves it")

    def sign_digest(self, digest: bytes) -> bytes:
        """As `DigestSigner.sign_digest`."""
        refuse_unless(self.kind is KeyKind.SECP256K1, "key.kind", f"keys: a key of {self.kind} cannot sign digests")
        refuse_unless(len(digest) == 32, "key.digest", f"keys: a digest had {len(digest)} bytes, not 32")
        return self._sign(digest)

    def sign_message(self, message: bytes) -> bytes:
        """As `MessageSigner.sign_message`."""
        refuse_unless(self.kind is KeyKind.ED25519, "key.kind", f"keys: a key of {self.kind} cannot sign messages")
        return self._sign(message)


class Line:
    """One connection's messages: JSON in a line, each under an HMAC over both sides' numbers, a count and the line."""

    def __init__(self, token: bytes, stream: Any, *, is_client: bool) -> None:
        self._token = token
        self._stream = stream
        self._ours = secrets.token_hex(16)
        self._send(self._ours.encode())
        theirs = self._line().decode("ascii", "replace")
        self._both = f"{self._ours}{theirs}" if is_client else f"{theirs}{self._ours}"
        self._sent = self._heard = 0
        self._from, self._to = ("client", "server") if is_client else ("server", "client")

    def say(self, document: dict[str, Any]) -> None:
        """Send."""
        body = json.dumps(document, separators=(",", ":"))
        self._send(f"{self._mac(self._from, self._sent, body)} {body}".encode())
        self._sent += 1

    def hear(self) -> dict[str, Any]:
        """The next message. Raises `Malformed("signer.line")`, and `EOFError` at the end."""
        mac, _, body = self._line().decode("utf-8", "replace").partition(" ")
        if not hmac.compare_digest(mac.encode(), self._mac(self._to, self._heard, body).encode()):
            raise Malformed("signer.line", "signer: a message was not of who knows the token")
        self._heard += 1
        found = json.loads(body)
        if not isinstance(found, dict):
            raise Malformed("signer.line", "signer: a message was no object")
        return found

    def _mac(self, who: str, number: int, body: str) -> str:
        return hmac.new(self._token, f"{self._both}|{who}|{number}|{body}".encode(), "sha256").hexdigest()

    def _send(self, line: bytes) -> None:
        self._stream.write(line + b"\n")
        self._stream.flush()

    def _line(self) -> bytes:
        line = bytes(self._stream.readline(LINE_MAX))
        if not line.endswith(b"\n"):
            raise EOFError("signer: the line ended")
        return line[:-1]


class RemoteKeystore(Keystore):
    """Keys of a signer process, by the names that files would have. What encrypts stays in files of `folder`."""

    def __init__(self, address: str, token: bytes, folder: Path, passphrase: str | None = None) -> None:
        super().__init__(folder, passphrase)
        self._address = address
        self._token = token
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._socket: socket.socket | None = None
        self._stream: Any = None
        self._known: dict[tuple[str, KeyKind], RemoteKey] = {}

    def ensure(self, name: str, kind: KeyKind) -> LocalKey:
        """As `Keystore.ensure`; the signer makes a missing key if its policy lets it."""
        return super().ensure(name, kind) if name.startswith(SECRET_PREFIXES) else self._remote("ensure", name, kind)

    def load(self, name: str, kind: KeyKind) -> LocalKey:
        """As `Keystore.load`. Raises what the signer refuses, and `Unavailable`."""
        return super().load(name, kind) if name.startswith(SECRET_PREFIXES) else self._remote("load", name, kind)

    def _remote(self, how: str, name: str, kind: KeyKind) -> RemoteKey:
        if (name, kind) not in self._known:
            public_key = self._ask({"ask": how, "name": name, "kind": kind.value})

            def sign(content: bytes) -> bytes:
                return self._ask({"ask": "sign", "name": name, "kind": kind.value, "content": _text(content)})

            self._known[name, kind] = RemoteKey(name, kind, public_key, sign)
        return self._known[name, kind]

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        for part in (self._stream, self._socket):
            if part is not None:
                with suppress(OSError):
                    part.close()
        self._socket = self._stream = self._line = None

    def _ask(self, question: dict[str, str]) -> bytes:
        """One question, on a connection that is kept; once more on a new one if the kept one had gone."""
        with self._lock:
            try:
                answer = self._asked(question)
            except (OSError, EOFError, ValueError, Malformed) as error:
                self.close()
                raise Unavailable(f"signer: {self._address} did not answer: {error}") from error
        if "code" in answer:
            raise Refused(str(answer["code"]), str(answer["text"]))
        return _bytes(answer["answer"])

    def _asked(self, question: dict[str, str]) -> dict[str, Any]:
        if self._line is not None:
            try:
                self._line.say(question)
                return self._line.hear()
            except (OSError, EOFError):
                self.close()
        line = self._connected()
        line.say(question)
        return line.hear()

    def _connected(self) -> Line:
        self._socket = connected(self._address)
        self._stream = self._socket.makefile("rwb")
        self._line = Line(self._token, self._stream, is_client=True)
        return self._line


def connected(address: str) -> socket.socket:
    """A connection to `unix:PATH` or to `HOST:PORT` of this machine. Raises `OSError`."""
    if address.startswith("unix:"):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(ANSWER_S_MAX)
        try:
            made.connect(address.removeprefix("unix:"))
        except OSError:
            made.close()
            raise
        return made
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), ANSWER_S_MAX)


class SignerServer:
    """Signs with the keys of a keystore for whoever knows the token, as `policy` allows. One thread a connection."""

    def __init__(self, keys: Keystore, token: bytes, policy: Policy, address: str) -> None:
        self._keys = keys
        self._policy = policy
        self.refused = 0
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            """One connection."""

            def handle(self) -> None:
                with suppress(OSError, EOFError, ValueError):
                    outer._serve(Line(token, _Both(self.rfile, self.wfile), is_client=False))

        if address.startswith("unix:"):
            path = Path(address.removeprefix("unix:"))
            path.unlink(missing_ok=True)
            before = os.umask(0o177)  # nobody else may connect
            try:
                self._server: Any = _UnixServer(str(path), Handler)
            finally:
                os.umask(before)
            self.address = address
        else:
            host, _, port = address.rpartition(":")
            text = f"signer: {host} was not 127.0.0.1; use a tunnel that encrypts"
            refuse_unless(host == "127.0.0.1", "signer.address", text)
            self._server = _TcpServer((host, int(port)), Handler)
            self.address = f"{host}:{self._server.server_address[1]}"

    def serve_forever(self) -> None:
        """Serve until `shutdown`."""
        self._server.serve_forever(0.1)

    def shutdown(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, line: Line) -> None:
        while True:
            try:
                question = line.hear()
            except Malformed as wrong:
                self.refused += 1
                log.warning("%s", wrong)
                return
            try:
                line.say({"answer": _text(self._answer(question))})
            except Refused as refusal:
                self.refused += 1
                log.warning("signer: %s was refused: %s", question.get("name"), refusal.text)
                line.say({"code": refusal.code, "text": refusal.text})

    def _answer(self, question: dict[str, Any]) -> bytes:
        try:
            ask, name, kind = str(question["ask"]), str(question["name"]), KeyKind(question["kind"])
        except (KeyError, ValueError):
            raise Malformed("signer.question", "signer: a question had no ask, name or kind") from None
        refuse_unless(not name.startswith(SECRET_PREFIXES), "signer.policy", f"signer: {name} is no key that signs")
        if ask == "sign":
            content = _bytes(question.get("content", ""))
            self._policy(name, kind, content)
            return self._keys.load(name, kind).sign(content)
        refuse_unless(ask in {"ensure", "load"}, "signer.question", f"signer: {ask!r:.20} was no question")
        if ask == "ensure":
            self._policy(name, kind, b"")
        return (self._keys.ensure if ask == "ensure" else self._keys.load)(name, kind).public_key


class _Both:
    """A connection's two halves as one stream."""

    def __init__(self, read: Any, write: Any) -> None:
        self.readline, self.write, self.flush = read.readline, write.write, write.flush


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def token_of(file: Path, *, make: bool = False) -> bytes:
    """The shared token. Raises `Refused("signer.token")` if it is missing, short, or readable by others."""
    if make and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_hex(32))
    refuse_unless(file.is_file(), "signer.token", f"signer: the token file {file.name} was missing")
    mode = file.stat().st_mode & 0o777
    refuse_unless(mode & 0o077 == 0, "signer.token", f"signer: {file.name} had mode {mode:o}; others could read it, use 600")
    token = file.read_text(encoding="utf-8").strip().encode()
    refuse_unless(len(token) >= 32, "signer.token", f"signer: the token in {file.name} was shorter than 32 characters")
    return token


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise Malformed("signer.question", "signer: content was not base64") from None
