"""A custodian's door with somebody in the line: one byte of a signed statement is changed on its way."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

AVAILABLE = re.compile(r"(<AvlblBal>.*?<Unit>)(\d)")


def raised(body: bytes) -> bytes:
    """A page of messages with the first balance of its first statement one digit higher, and its hash made to fit."""
    page = json.loads(body)
    for each in page["messages"]:
        if each["type"].startswith("semt.002"):
            each["raw"] = AVAILABLE.sub(lambda found: found[1] + str((int(found[2]) + 1) % 10), each["raw"], count=1)
            each["sha256"] = hashlib.sha256(each["raw"].encode()).hexdigest()
            break
    return json.dumps(page).encode()


@contextmanager
def one_byte_changed(url: str) -> Iterator[str]:
    """The address of a proxy before `url` that raises the first digit of the first balance in a statement."""

    class Line(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            answer = httpx.get(url + self.path, trust_env=False, timeout=20)
            self._send(answer, raised(answer.content) if "/v1/messages" in self.path else answer.content)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {"content-type": "application/json"}
            answer = httpx.post(url + self.path, content=content, headers=headers, trust_env=False, timeout=20)
            self._send(answer, answer.content)

        def _send(self, answer: httpx.Response, body: bytes) -> None:
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
