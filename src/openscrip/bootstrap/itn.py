"""The tokenisation network's door with us, served in a thread of its own."""

import base64
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from openscrip.api.itn import ItnDoor, itn_application
from openscrip.api.itn_guard import Failures, Guard, KeyAuth, SignatureAuth, read_networks
from openscrip.bootstrap.itn_parts import secret_lines, secrets_of
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.settings import Settings

START_S = 60.0


def build_door(platform: Platform, market: InKindMarket, nudge: Callable[[], None]) -> ItnDoor:
    """The network's door with us. Raises `Refused("itn.secret")` without keys to know the network by."""
    itn = platform.settings.itn
    guard = Guard(read_networks(itn.allowed), _door_auth(platform), Failures(time.monotonic))
    return ItnDoor(market, guard, itn.account, itn.door_url.rstrip("/"), nudge)


def _door_auth(platform: Platform) -> KeyAuth | SignatureAuth:
    settings = platform.settings
    if settings.itn.door_auth == "key":
        return KeyAuth(secret_lines(settings, "door-keys"))

    def fresh(nonce: str) -> bool:
        with platform.store.transaction() as unit:
            return unit.first_time("itn.nonce", nonce)

    return SignatureAuth(_public_keys(settings), LiveClock().now, fresh)


def _public_keys(settings: Settings) -> dict[str, Ed25519PublicKey]:
    """The network's keys by their ids: `<keyid>.pem`, or lines `keyid base64` in the file `network-keys`."""
    found: dict[str, Ed25519PublicKey] = {}
    for path in sorted(secrets_of(settings).glob("*.pem")):
        key = load_pem_public_key(path.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise Refused("itn.secret", f"itn: {path.name} was no Ed25519 key")
        found[path.stem] = key
    if not found:
        for line in secret_lines(settings, "network-keys"):
            name, _, text = line.partition(" ")
            found[name] = Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip()))
    return found


@contextmanager
def open_itn_door(platform: Platform, nudge: Callable[[], None], refused: Counter[str] | None = None) -> Iterator[str]:
    """Serve the network's door on 127.0.0.1 in a thread; gives its address, empty while no network is set.

    `refused` counts what is turned away.
    """
    if platform.in_kind is None:
        yield ""
        return
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", platform.settings.itn.port))
    except OSError as error:
        door.close()
        raise Refused("itn.port", f"itn: port {platform.settings.itn.port} could not be taken") from error
    built = build_door(platform, platform.in_kind, nudge)
    if refused is not None:
        built.refused = refused
    app = itn_application(built)
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", ws="none", server_header=False, timeout_graceful_shutdown=2
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="itn", daemon=True)
    thread.start()
    try:
        ends = time.monotonic() + START_S
        while not server.started:
            if time.monotonic() > ends or not thread.is_alive():
                raise Unavailable(f"itn: the door was not ready within {START_S} s")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_S)
        door.close()


class _Server(uvicorn.Server):
    """Leaves the signals to whoever started the stack."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are taken."""
        yield
