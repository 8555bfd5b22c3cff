"""Run the durable chain in this process, until told to stop."""

import socket
from collections.abc import Callable
from typing import Any

import uvloop

from openscrip.issuance.nodes.evm.anvil import PATIENCE_S, Anvil, refuse_taken
from openscrip.issuance.nodes.evm.archive import Archive
from openscrip.issuance.nodes.evm.chain import Chain
from openscrip.issuance.nodes.evm.face import serve
from openscrip.issuance.nodes.evm.subscriptions import Subscriptions
from openscrip.kernel.errors import Refused

Ready = Callable[[dict[str, Any]], None]


def run(anvil: Anvil, port: int, ready: Ready, *, live: bool, die_with_parent: bool) -> None:
    """Serve `anvil`'s chain on a port of 127.0.0.1, 0 for a free one; `ready` is told where, and what was found.

    Raises `Refused("evm.missing")` without anvil, `Refused("evm.port")` for a taken port, `LogBroken` for a folder that
    cannot be gone on from, and `Unavailable` where anvil does not answer.
    """
    anvil.refuse_unless_there()
    refuse_taken(port, PATIENCE_S)
    try:
        door = socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError:
        raise Refused("evm.port", f"evm node: port {port} was taken by another program") from None
    # Accepted connections inherit it; without it each answer waits 40 ms for the client's delayed acknowledgement.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    archive = Archive(anvil, PATIENCE_S)
    uvloop.run(_run(archive, anvil, door, ready, live=live, die_with_parent=die_with_parent))


async def _run(archive: Archive, anvil: Anvil, door: socket.socket, ready: Ready, *, live: bool, die_with_parent: bool) -> None:
    subscriptions = Subscriptions()
    chain = Chain(archive, anvil, live=live, hear=subscriptions.hear)
    await chain.start()

    def tell() -> None:
        url = f"127.0.0.1:{door.getsockname()[1]}"
        tip = {"block": chain.tip.number, "hash": chain.tip.hash, "at": chain.tip.at, "anvil": chain.pid}
        ready({"ready": True, "rpc": f"http://{url}", "ws": f"ws://{url}", "chain_id": anvil.chain_id, **tip})

    try:
        await serve(chain, subscriptions, door, tell, die_with_parent=die_with_parent)
    finally:
        await chain.stop()
