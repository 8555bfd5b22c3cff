"""One kept-alive HTTP/1.1 connection: requests are written and answers read as bytes.

The library's own client reads each answer's headers with the parser for e-mail, which cost a platform that asks its parts
sixty times for a subscription more than the sockets did. Here lines are split; what does not look like an answer is refused.
"""

import http.client
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

LINE_BYTES_MAX = 65_536
HEADERS_MAX = 100
_UNFIT_IN_TARGET = re.compile(r"[^\x21-\x7e]")
_UNFIT_IN_HEADER = re.compile(r"[^\x20-\x7e\t\x80-\xff]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_BODY_EXPECTED = {"POST", "PUT", "PATCH"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers by lower-case name, content."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class HttpLine:
    """One connection; from one thread at a time. What breaks it raises `OSError` or `http.client.HTTPException`."""

    def __init__(self, opening: http.client.HTTPConnection) -> None:
        """`opening` knows where, in which way (TLS) and with which time limit to connect; it carries no request."""
        opening.connect()
        connected: socket.socket = opening.sock
        self._opening = opening  # whose socket it stays, since closing it early would end TLS
        self._socket = connected
        self._answers: BinaryIO = connected.makefile("rb")
        port = "" if opening.port == opening.default_port else f":{opening.port}"
        self._host = f"[{opening.host}]{port}" if ":" in opening.host else f"{opening.host}{port}"
        self.is_over = False
        """Whether the other side ends the connection after its last answer."""

    def close(self) -> None:
        """Close it."""
        self._answers.close()
        self._opening.close()

    def exchange(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """Send a request and read its answer. Raises `ValueError` for a header or a target that would break the request."""
        self._socket.sendall(self._request(method, target, body, headers))
        status, version, told = self._head()
        while 100 <= status < 200:  # what is said before the answer itself
            status, version, told = self._head()
        kept = told.get("connection", "").lower()
        self.is_over = "close" in kept or (version == "HTTP/1.0" and "keep-alive" not in kept)
        return Reply(status, told, b"" if method == "HEAD" or status in {204, 304} else self._content(told))

    def _request(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        if _UNFIT_IN_TARGET.search(target):
            raise ValueError(f"http: a target held a space, a control or a foreign character: {target[:80]!r}")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}", "Accept-Encoding: identity"]
        if body is not None or method in _BODY_EXPECTED:
            lines.append(f"Content-Length: {len(body or b'')}")
        for name, value in headers.items():
            if not _NAME.fullmatch(name) or _UNFIT_IN_HEADER.search(value):
                raise ValueError(f"http: header {name[:80]!r} could not be sent: it would end the line")
            lines.append(f"{name}: {value}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")

    def _head(self) -> tuple[int, str, dict[str, str]]:
        """Status, version and headers of an answer."""
        first = self._line()
        if not first:
            raise http.client.RemoteDisconnected("the connection was closed without an answer")
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()) or rest[3:4].strip():
            raise http.client.BadStatusLine(first[:80])
        told: dict[str, str] = {}
        for _ in range(HEADERS_MAX + 1):
            line = self._line()
            if line in {"\r\n", "\n"}:
                return int(status), version, told
            name, colon, value = line.partition(":")
            if not colon or not _NAME.fullmatch(name):
                raise http.client.HTTPException(f"a header could not be read: {line[:80]!r}")
            told[name.lower()] = value.strip()
        raise http.client.HTTPException(f"more than {HEADERS_MAX} headers were sent")

    def _line(self) -> str:
        line = self._answers.readline(LINE_BYTES_MAX + 1)
        if len(line) > LINE_BYTES_MAX:
            raise http.client.LineTooLong("header line")
        if line and not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        return line.decode("latin-1")

    def _content(self, told: Mapping[str, str]) -> bytes:
        if "chunked" in told.get("transfer-encoding", "").lower():
            return self._chunks()
        length = told.get("content-length")
        if length is None:
            self.is_over = True
            return self._answers.read()
        if not _LENGTH.fullmatch(length):
            raise http.client.HTTPException(f"a content length was {length[:40]!r}")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            size = self._line().partition(";")[0].strip().encode("latin-1")
            if not _CHUNK_SIZE.fullmatch(size):
                raise http.client.HTTPException(f"a chunk's size was {size[:40]!r}")
            if not int(size, 16):
                break
            parts.append(self._exactly(int(size, 16)))
            self._line()
        while self._line() not in {"\r\n", "\n", ""}:
            pass
        return b"".join(parts)

    def _exactly(self, length: int) -> bytes:
        content = self._answers.read(length)
        if len(content) < length:
            raise http.client.IncompleteRead(content, length - len(content))
        return content
