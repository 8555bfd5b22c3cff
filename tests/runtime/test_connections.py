"""Kept-alive HTTP connections, held against a server that answers byte for byte what a test tells it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.connections import Connections

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server(threading.Thread):
    """Answers the requests of each connection with the next of `answers`; an empty one closes the connection."""

    def __init__(self, answers: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._answers = answers
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/base"
        self.asked: list[bytes] = []
        self.connections = 0

    def run(self) -> None:
        """Until no answer is left."""
        while self._answers:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while self._answers:
            request = b""
            while b"\r\n\r\n" not in request:
                data = connection.recv(65_536)
                if not data:
                    return
                request += data
            self.asked.append(request)
            answer = self._answers.pop(0)
            if not answer:
                return
            connection.sendall(answer)
            if b"close" in answer or b"Content-Length: 5" in answer:
                return

    def close(self) -> None:
        """Close the door."""
        self._door.close()


@contextmanager
def server(*answers: bytes) -> Iterator[Server]:
    """A server that gives these answers, one after the other."""
    made = Server(list(answers))
    made.start()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def connected(there: Server) -> Iterator[Connections]:
    """Connections to it, closed at the end."""
    made = Connections("there", there.url, 10)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    ("answer", "status", "content"),
    [
        (OK, 200, b"ok"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: 1\r\n\r\n", 200, b"abcd"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall until the end", 200, b"all until the end"),
    ],
    ids=["length", "empty", "no content", "continue", "chunked", "until the end"],
)
def test_an_answer_is_read__framed_in_any_way_that_http_knows__whole(answer: bytes, status: int, content: bytes) -> None:
    with server(answer) as there, connected(there) as line:
        assert line.exchange("GET", "/a?b=c") == (status, content)
    assert there.asked[0].startswith(b"GET /base/a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=["no http", "status", "header", "headers", "length", "cut", "chunk", "long"],
)
def test_an_answer_is_unavailable__that_is_not_http_or_ends_too_early(answer: bytes) -> None:
    with server(answer) as there, pytest.raises(Unavailable, match="there: GET / was not answered"):
        Connections("there", there.url, 10).exchange("GET", "/")


def test_a_connection_is_kept__for_the_next_request__and_headers_are_told_in_lower_case() -> None:
    with server(OK, OK.replace(b"OK\r\n", b"OK\r\nX-Left:  7 \r\n")) as there, connected(there) as line:
        line.exchange("POST", "", b"{}")
        assert line.ask("GET", "/", headers={"Key": "k"}).headers["x-left"] == "7"
    assert there.connections == 1
    assert b"Content-Length: 2\r\n" in there.asked[0]
    assert b"\r\nKey: k\r\n" in there.asked[1]


def test_a_request_is_sent_again__on_a_new_connection__where_the_kept_one_was_closed() -> None:
    with server(OK, b"", OK) as there, connected(there) as line:
        assert line.exchange("GET", "/")[0] == 200
        assert line.exchange("GET", "/")[0] == 200
    assert there.connections == 2


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\u00e9"])
def test_a_request_is_not_sent__whose_target_would_break_it(path: str) -> None:
    with server(OK) as there:
        with pytest.raises(ValueError, match="target"):
            Connections("there", there.url, 10).exchange("GET", path)
        assert there.asked == []


def test_a_request_is_not_sent__with_a_header_that_ends_its_line() -> None:
    with server(OK) as there, pytest.raises(ValueError, match="header"):
        Connections("there", there.url, 10).ask("GET", "/", headers={"Key": "k\r\nOther: o"})
