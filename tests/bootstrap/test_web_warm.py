"""What every first page costs is paid once, when the pages start, and not by a visitor."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from jinja2 import DictLoader, Environment

from openscrip.assets.accounts import CHART
from openscrip.assets.stock import Stock
from openscrip.bootstrap.web_warm import OF_A_STOCK, PAGES, warm_pages
from openscrip.runtime.memory import MemoryStore


class Loader(DictLoader):
    """Notes what was compiled."""

    def __init__(self) -> None:
        super().__init__({"a.html": "", "b.html": "{{ 1 | of_another_environment }}"})
        self.loaded: set[str] = set()

    def get_source(self, environment: Environment, template: str) -> object:  # type: ignore[override]  # passed on as it is
        self.loaded.add(template)
        return super().get_source(environment, template)


def test_warming__asks_every_public_page_by_its_own_name__and_takes_no_notice_of_one_that_fails() -> None:
    asked: list[tuple[str, str]] = []

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.headers["Host"], self.path))
            self.send_response(500 if self.path == "/who" else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
            return

    loader, store, server = Loader(), MemoryStore(CHART), HTTPServer(("127.0.0.1", 0), Pages)
    with store.transaction() as unit:
        unit.put(Stock("BRK.B", "US0846707026", "SEG", "BRK.Bx", ()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = "https://scrip.example"
    found = warm_pages(origin, server.server_port, Environment(loader=loader, autoescape=True), store, threading.Event())
    server.shutdown()
    server.server_close()
    assert loader.loaded == {"a.html", "b.html"}
    paths = [*PAGES, *(path.format("BRK.B") for path in OF_A_STOCK)]
    assert asked == [("scrip.example", path) for path in paths]
    assert found == len(paths) - 1
