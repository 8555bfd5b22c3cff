"""Pages served in process at an address of their own: no other part runs, and what is shown is the same every time."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from playwright.sync_api import BrowserContext

READY_S = 60.0


class Serving:
    """An application behind `http://localhost:PORT`; `made` is given that origin and makes it."""

    def __init__(self, made: Callable[[str], Any]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://localhost:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            made(self.origin), log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()
        ends = time.monotonic() + READY_S
        while not self._server.started and time.monotonic() < ends:
            time.sleep(0.02)
        assert self._server.started

    def let_in(self, context: BrowserContext, session: str) -> None:
        """Give a browser what that of somebody keeps who is signed in."""
        name = f"__Host-openscrip-{self.origin.rpartition(':')[2]}"
        place = self.origin.replace("http:", "https:")
        context.add_cookies([{"name": name, "value": session, "url": place, "secure": True, "httpOnly": True}])

    def stop(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(READY_S)
        self._listener.close()
