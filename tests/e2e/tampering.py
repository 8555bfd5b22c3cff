"""A custodian's door with somebody in the line: one byte of a signed statement is changed on its way."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

AVAILABLE = re.compile(rb'("available":\s*")(\d)')


@contextmanager
def one_byte_changed(url: str) -> Iterator[str]:
    """The address of a proxy before `url` that raises the first digit of the first balance in any statement by one."""

    class Line(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            answer = httpx.get(url + self.path, trust_env=False, timeout=20)
            body = answer.content
            if "/statements" in self.path:
                body = AVAILABLE.sub(lambda found: found[1] + str((int(found[2]) + 1) % 10).encode(), body, count=1)
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # the library's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
