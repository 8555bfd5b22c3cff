"""What one HTTP request is here, how its answer is written, and the bounds that both stay in."""

from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection, and all together, may take. Bytes, counts and seconds."""

    head_max: int = 8_192
    headers_max: int = 64
    body_max: int = 65_536
    in_flight_max: int = 64
    """Requests of one connection that wait for their answer; reading pauses beyond."""
    unsent_max: int = 262_144
    connections_max: int = 2_000
    connections_host_max: int = 1_000
    request_s: float = 10.0
    """From the first byte of a request to its last."""
    idle_s: float = 75.0
    unread_s: float = 30.0
    """How long a client may leave its answers unread."""
    closing_s: float = 2.0


class Request(Struct):
    """One request. `path` has no query; header values are those of the last header so named."""

    method: bytes
    path: bytes
    query: bytes
    body: bytes
    host: str
    """Who sent it: the address of the other side."""
    key: bytes = b""
    sign: bytes = b""
    kind: bytes = b""
    """The content type."""


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: %d\r\n"
_STAY, _CLOSE = b"\r\n", b"Connection: close\r\n\r\n"
ERRORS = MappingProxyType(
    {
        400: b'{"error":["EGeneral:Invalid arguments"]}',
        408: b'{"error":["EService:Deadline elapsed"]}',
        413: b'{"error":["EGeneral:Invalid arguments:body"]}',
        431: b'{"error":["EGeneral:Invalid arguments:headers"]}',
        503: b'{"error":["EService:Busy"]}',
    }
)
"""What is said to whoever sent no proper request, by status."""


def answer_bytes(body: bytes, status: int, last: bool) -> bytes:
    """A whole answer; after the `last` one the connection closes."""
    head = _OK % len(body)
    if status != 200:
        head = head.replace(b"200 OK", f"{status} {HTTPStatus(status).phrase}".encode(), 1)
    return head + (_CLOSE if last else _STAY) + body
