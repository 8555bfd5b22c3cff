"""A server-sent event stream of Alpaca's: read line by line, and taken up again where it broke off, with an overlap.

The stream may repeat what it sent before; whoever hears it drops what it knows by the event's id.
"""

import http.client
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from openscrip.assets.alpaca_http import AlpacaHttp, read_json
from openscrip.kernel.errors import Malformed, NotYet, Refused, Unavailable

log = logging.getLogger(__name__)

SILENCE_S_MAX = 60.0
LINE_BYTES_MAX = 1024 * 1024
BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.05, 10.0


def read_stream(lines: Iterator[bytes], where: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream's `data` lines; comments and other fields are passed over.

    Raises `Malformed("<where>.json")` for data that is no object, and `Malformed("<where>.line")` for a line too long.
    """
    data: list[bytes] = []
    for line in lines:
        if len(line) > LINE_BYTES_MAX:
            raise Malformed(f"{where}.line", f"{where}: a line was longer than {LINE_BYTES_MAX} bytes")
        text = line.rstrip(b"\r\n")
        if text.startswith(b"data:"):
            data.append(text[5:].removeprefix(b" "))
        elif not text and data:
            document = read_json(b"\n".join(data), where)
            data.clear()
            if not isinstance(document, dict):
                raise Malformed(f"{where}.json", f"{where}: an event was no object")
            yield document


class EventStream:
    """Follows one stream in a thread. `since` gives the id to go on from; `hear` books an event, in its own transaction."""

    def __init__(self, alpaca: AlpacaHttp, path: str, since: Callable[[], str], hear: Callable[[dict[str, Any]], None]) -> None:
        self._alpaca = alpaca
        self._path = path
        self._since = since
        self._hear = hear
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=f"alpaca{path}", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        """Follow it from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._socket is not None:
            with suppress(OSError):  # it ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        delay_s = BACKOFF_FIRST_S
        while not self._stop.is_set():
            try:
                for event in self._events():
                    self._hear(event)
                    delay_s, self.trouble = BACKOFF_FIRST_S, ""
                    if self._stop.is_set():
                        return
                self.trouble = "the stream ended"
            except NotYet as wait:
                self.trouble, delay_s = str(wait), wait.after_s
            except (Unavailable, Refused, OSError, http.client.HTTPException, ValueError) as error:
                self.trouble = f"{type(error).__name__}: {error}"
            if self._stop.is_set():
                return
            log.info("%s: %s; taken up again in %.2f s", self._path, self.trouble, delay_s)
            self._stop.wait(delay_s)
            delay_s = min(BACKOFF_MOST_S, delay_s * 2)

    def _events(self) -> Iterator[dict[str, Any]]:
        """One connection, from the last event that we know on."""
        parts = urlsplit(self._alpaca.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=SILENCE_S_MAX)
        since = self._since()
        query: Mapping[str, str] = {"since_id": since} if since else {}
        path = f"{parts.path.rstrip('/')}{self._path}" + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request("GET", path, headers={**self._alpaca.authorised(), "Accept": "text/event-stream"})
            self._socket = connection.sock  # the answer takes it over, and only through it can a wait be ended
            if self._stop.is_set():  # told before there was a socket to shut
                return
            with connection.getresponse() as response:
                if response.status != 200:
                    raise Unavailable(f"{self._alpaca.name}: the stream was answered {response.status}")
                self.trouble = ""
                yield from read_stream(iter(lambda: response.readline(LINE_BYTES_MAX + 1), b""), self._alpaca.name)
        finally:
            connection.close()
