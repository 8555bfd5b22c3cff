"""A small HTTP server for the paper sides of vendors' REST interfaces: routes, streams, and a connection cut in mid-answer.

The paper parties that are ours (`paper_http`) answer as we would; a vendor's answers as the vendor does, faults included, so
it needs its own statuses and to be able to fall silent.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

BODY_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the groups of its path, query, headers by lower-case name, and its JSON body (None without)."""

    method: str
    path: str
    groups: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. With `cut` the connection is closed without a word; a `stream` is sent piece by piece."""

    status: int = 200
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    stream: Iterator[bytes] | None = None


Act = Callable[[Asked], Answer]
Routes = Sequence[tuple[str, str, Act]]
"""Method, path as a regular expression with named groups, and what answers."""


_BARE = re.compile(rb'"~#([0-9.eE+-]+)"')


def bare(text: str) -> str:
    """A decimal that `written` writes as a JSON number with exactly these digits."""
    return f"~#{text}"


def written(document: object) -> bytes:
    """A document as JSON; what is `bare` becomes a number."""
    return _BARE.sub(rb"\1", json.dumps(document).encode())


class PaperRest:
    """Serves `routes` on 127.0.0.1 in threads; `url` is where."""

    def __init__(self, routes: Routes, port: int = 0) -> None:
        class Handler(_Handler):
            table: list[tuple[str, re.Pattern[str], Act]] = []  # noqa: RUF012  # of this server alone

        self._handler = Handler
        self.routes(routes)
        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="paper-rest", daemon=True)

    def routes(self, routes: Routes) -> None:
        """Answer these from now on."""
        self._handler.table = [(method, re.compile(path), act) for method, path, act in routes]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    table: list[tuple[str, re.Pattern[str], Act]]
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
        """Say nothing."""

    def handle_one_request(self) -> None:
        """One request of a kept connection."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve()

    def do_PATCH(self) -> None:
        """Answer a PATCH."""
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(min(length, BODY_BYTES_MAX))
        answer = self._answer(raw)
        if answer.cut:
            self.close_connection = True
            return
        if answer.stream is not None:
            self._send_stream(answer.stream)
            return
        content = b"" if answer.document is None else written(answer.document)
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _answer(self, raw: bytes) -> Answer:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = json.loads(raw) if raw and "form" not in headers.get("content-type", "") else None
        except ValueError:
            return Answer(400, {"code": 40010000, "message": "request body format is invalid"})
        for method, path, act in self.table:
            match = path.fullmatch(parts.path)
            if match is not None and method == self.command:
                asked = Asked(method, parts.path, match.groupdict(), dict(parse_qsl(parts.query)), headers, body, raw)
                return act(asked)
        return Answer(404, {"code": 40410000, "message": "endpoint not found."})

    def _send_stream(self, stream: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in stream:
            self.wfile.write(piece)
            self.wfile.flush()
