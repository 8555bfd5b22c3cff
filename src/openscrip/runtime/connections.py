"""Kept-alive HTTP connections to one address, for many threads, every exchange with a time limit.

A request is sent once more if the kept connection was found closed, so only what may safely arrive twice is sent through
here: reads, settings, and requests that carry an id of their own. Nothing of the environment (proxies, netrc) redirects it.
"""

import http.client
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.http_line import HttpLine, Reply


class Connections:
    """Connections to `http://host:port/path`; `name` is what failures call the other side."""

    def __init__(self, name: str, url: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise ValueError(f"{name}: {url!r} was not an http address")
        self._name = name
        self._host, self._port, self._root = parts.hostname, parts.port, parts.path.rstrip("/")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._timeout_s = timeout_s
        self._idle: deque[HttpLine] = deque()

    def exchange(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and content of the answer. Raises `Unavailable` when there is none in time."""
        reply = self.ask(method, path, body)
        return reply.status, reply.content

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """The whole answer to a request with `headers` of its own. Raises `Unavailable` when there is none in time."""
        try:
            kept = self._idle.pop()
        except IndexError:
            kept = None
        if kept is not None:
            try:
                return self._exchange(kept, method, path, body, headers or {})
            except (http.client.HTTPException, ConnectionError):
                self.close()  # the server closed what we kept
            except OSError as error:
                raise self._silent(method, path, error) from error
        try:
            fresh = HttpLine(self._kind(self._host, self._port, timeout=self._timeout_s))
            return self._exchange(fresh, method, path, body, headers or {})
        except (http.client.HTTPException, OSError) as error:
            raise self._silent(method, path, error) from error

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, line: HttpLine, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> Reply:
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            reply = line.exchange(method, self._root + path or "/", body, {**headers, **more})
        except BaseException:
            line.close()
            raise
        if line.is_over:
            line.close()
        else:
            self._idle.append(line)
        return reply

    def _silent(self, method: str, path: str, error: Exception) -> Unavailable:
        return Unavailable(f"{self._name}: {method} {path} was not answered: {str(error) or type(error).__name__}")
