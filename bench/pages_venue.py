"""A venue with two pairs of each stock, as it answers everybody: a process that the pages' door asks."""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.pages_world import venue_answers
from bench.records_world import Size
from openscrip.web.venue_door import VenueDoor


def serve_venue(size: Size, told: Any) -> None:
    """A venue's public answers, until the process is ended."""
    answers = venue_answers(size)

    class Venue(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            pair = parse_qs(asked.query).get("pair", ["PAIR"])[0]
            body = answers[asked.path.rpartition("/")[2]].replace("PAIR", pair).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Venue)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def a_venue(folder: Path, size: Size) -> Iterator[VenueDoor]:
    """The door of a played venue in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_venue, args=(size, there), daemon=True)
    process.start()
    doors = folder / "doors.json"
    doors.write_text(json.dumps({"rest": f"http://127.0.0.1:{here.recv()}"}))
    try:
        yield VenueDoor(doors)
    finally:
        process.terminate()
        process.join()
