"""A node from its options to its end: the chain is rebuilt, its doors are opened, and it serves until it is told to stop."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.faults import Faults
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.server import serve
from openscrip.issuance.nodes.solana.shapes import base58
from openscrip.issuance.nodes.solana.slots import WINDOW
from openscrip.kernel.errors import Refused

PROGRESS_S = 1.0
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """`start_at`, `slot_ms` and `programs` are for a new chain. `second_port` takes requests and WebSockets too, if it
    is free; 0 is none. `faults` and `blockhash_slots` are those of a bad cluster.
    """

    data: Path
    port: int
    second_port: int = 0
    live: bool = False
    start_at: int = 0
    slot_ms: int = 400
    programs: Sequence[ProgramAtGenesis] = ()
    faults: Faults = field(default_factory=Faults)
    blockhash_slots: int = WINDOW
    die_with_parent: bool = False


def run(options: NodeOptions, tell: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGINT or SIGTERM. `tell` is called once, when the node answers.

    Raises `LogBroken` if the log is damaged or in use, `Refused` if the port is taken.
    """
    bank = Bank(
        options.data,
        live=options.live,
        start_at=options.start_at,
        slot_ms=options.slot_ms,
        programs=options.programs,
        progress=Progress(),
    )
    bank.faults, bank.slots.window = options.faults, options.blockhash_slots
    door = _door(options.port)
    if door is None:
        bank.close()
        raise Refused("node.port", f"solana node: port {options.port} was taken; name another, or 0 for a free one")
    second = _door(options.second_port) if options.second_port else None
    doors = [door] if second is None else [door, second]
    ports = [each.getsockname()[1] for each in doors]
    told = {
        "ready": True,
        "rpc": f"http://127.0.0.1:{ports[0]}",
        "ws": f"ws://127.0.0.1:{ports[-1]}",
        "genesis": base58(bank.genesis),
        "transactions": len(bank.history),
        "slot": bank.slots.current(),
        "at": bank.now(),
    }
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(bank, doors, lambda: tell(told), die_with_parent=options.die_with_parent))
    bank.close()


class Progress:
    """Says on standard error how far a long replay is, once a second from the first second on."""

    def __init__(self) -> None:
        self.next_s = time.monotonic() + PROGRESS_S

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` bytes of the log were replayed."""
        if time.monotonic() >= self.next_s:
            self.next_s += PROGRESS_S
            print(f"solana node: replayed {100 * done // total} % of the log", file=sys.stderr, flush=True)  # noqa: T201 - the program speaks to whoever started it


def _door(port: int) -> socket.socket | None:
    try:
        door = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError:
        return None
    # Accepted connections inherit it; without it each answer waits 40 ms for the client's delayed acknowledgement.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door
