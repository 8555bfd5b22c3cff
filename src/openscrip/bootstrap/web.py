"""The pages as a process of their own, beside a platform that another process started: `openscrip web`."""

import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from openscrip.bootstrap.alone import PLACE_LEASE_S, PlaceLease, held_alone
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.places import Places, read_wiring
from openscrip.bootstrap.platform import build_platform
from openscrip.bootstrap.venue_room import announce_pages
from openscrip.bootstrap.web_api import api_of
from openscrip.bootstrap.web_office import WebOffice
from openscrip.bootstrap.web_warm import warm_pages
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.keys import passphrase_from
from openscrip.runtime.leases import Leases
from openscrip.runtime.public_keys import PublicKeys
from openscrip.runtime.settings import Settings
from openscrip.runtime.signer_settings import SignerLine
from openscrip.runtime.web_settings import WebLine
from openscrip.web.app import web_application
from openscrip.web.live import hub_of
from openscrip.web.parts_watch import PartsWatch
from openscrip.web.shell.assets import read_assets
from openscrip.web.shell.current import Shell
from openscrip.web.shell.render import environment

log = logging.getLogger(__name__)

POLL_S = 0.05
GRACE_S = 2


def serve_web(settings: Settings, port: int, ready: Callable[[dict[str, Any]], None], stop: threading.Event) -> None:
    """Serve the pages of a data folder until `stop` is set; `port` 0 takes a free one.

    Raises `Refused("platform.missing")` or `Refused("key.public")` where nothing was ever started, and `Refused("web.port")`
    for a port in use. One process at a time serves a data folder, and a database: limits, and questions to sign, are counted
    and kept in it, and a second one would give everybody each of them again. Raises `Refused("web.busy")`.
    """
    places = Places(settings.data)
    with held_alone(places.pages_lock, "web.busy", "web", f"the pages of {settings.data} were served already,"):
        _serve(settings, places, port, ready, stop)


def _serve(
    settings: Settings, places: Places, port: int, ready: Callable[[dict[str, Any]], None], stop: threading.Event
) -> None:
    # No key that signs, and nothing that leads to one: where pages are served, the signer is as far away as the files.
    settings, wiring = replace(settings, signer=SignerLine()), read_wiring(places)
    held = PublicKeys(places.public_keys, places.keys, passphrase_from(os.environ))
    platform = build_platform(settings, places, wiring, held=held)
    office, tenancy = WebOffice(platform), PlaceLease(Leases(platform.engine), "web", settings.data)
    try:
        tenancy.take()
        with _listening(port) as listener, api_of(platform, office) as mounts:
            origin = settings.web.origin or f"http://localhost:{listener.getsockname()[1]}"
            announce_pages(settings.data / "venue", origin)
            shell = shell_over(office, origin, settings.web)
            server = _server(office, shell, mounts)
            parts = PartsWatch(office, hub_of(office.store, office.now))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
            thread.start()
            while not server.started and thread.is_alive():
                stop.wait(POLL_S)
            if not thread.is_alive():
                raise Unavailable("web: the server did not start")
            taken = listener.getsockname()[1]
            ready({"web": origin, "port": taken, "pid": os.getpid()})
            parts.start()
            warm_pages(origin, taken, shell.templates, office.store, stop)
            gc.collect()
            gc.freeze()  # what was loaded stays: a collection that walks all of it would hold a page up for a tenth of a second
            while not stop.wait(PLACE_LEASE_S / 5):
                if not thread.is_alive():
                    raise Unavailable("web: the server ended by itself")
                tenancy.renew()
            parts.close()
            server.should_exit = True
            thread.join(10 + GRACE_S)
        tenancy.release()
    finally:
        office.close()
        platform.close()


def shell_over(office: WebOffice, origin: str, lives: WebLine) -> Shell:
    """What all pages share."""
    assets = read_assets(node_modules())
    return Shell(office, origin, LiveClock().now, assets, environment(assets), lives)


def _server(office: WebOffice, shell: Shell, mounts: Mapping[str, ASGIApp]) -> uvicorn.Server:
    application = web_application(shell, mounts, _sockets(office))
    config = uvicorn.Config(
        application,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
    )
    return _Server(config)


def _sockets(office: WebOffice) -> list[str]:
    """The venue's sockets, where a venue runs."""
    try:
        doors = office.door.doors()
    except Unavailable:
        return []
    return sorted({"/".join(url.split("/")[:3]) for url in doors.values() if url.startswith(("ws://", "wss://"))})


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Refused("web.port", f"web: port {port} could not be taken: {os.strerror(error.errno or 0)}") from error
    try:
        yield listener
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Leaves the signals to the command line."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are taken."""
        yield
