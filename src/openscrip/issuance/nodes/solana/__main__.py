"""Run the embedded Solana node: `python -m openscrip.issuance.nodes.solana --port N --data DIR [--live]`.

When ready it prints one line, `{"ready": true, "rpc": url, "genesis": hash, "transactions": count}`.
"""

import argparse
import asyncio
import json
import socket
import sys
from functools import partial
from pathlib import Path

from openscrip.issuance.nodes.solana.bank import Bank
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.log import LogBroken
from openscrip.issuance.nodes.solana.server import serve
from openscrip.issuance.nodes.solana.shapes import base58
from openscrip.kernel.errors import Malformed


def main() -> int:
    """Serve until told to stop. Exit status 1 when the log is damaged or in use."""
    parser = argparse.ArgumentParser(prog="openscrip solana-node", description="Embedded Solana node")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--data", type=Path, required=True, help="folder of the log")
    parser.add_argument("--live", action="store_true", help="market time is the wall clock")
    parser.add_argument("--start-time", type=int, default=0, help="market time of a new chain, UTC seconds")
    parser.add_argument("--slot-ms", type=int, default=400, help="machine milliseconds per slot of a new chain")
    parser.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="ID=PATH[,AUTHORITY]",
        help="a program on a new chain, upgradeable by AUTHORITY (repeatable)",
    )
    parser.add_argument("--die-with-parent", action="store_true", help="leave when the parent process is gone")
    asked = parser.parse_args()
    try:
        programs = [ProgramAtGenesis.parse(text) for text in asked.program]
        bank = Bank(asked.data, live=asked.live, start_at=asked.start_time, slot_ms=asked.slot_ms, programs=programs)
    except (LogBroken, Malformed) as failure:
        print(f"solana node: {failure}", file=sys.stderr)  # noqa: T201 - the program speaks to whoever started it
        return 1
    door = socket.create_server(("127.0.0.1", asked.port), backlog=512)
    # Accepted connections inherit it; without it each answer waits 40 ms for the client's delayed acknowledgement.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    ready = {"ready": True, "rpc": url, "genesis": base58(bank.genesis), "transactions": len(bank.history)}
    tell = partial(print, json.dumps(ready), flush=True)
    asyncio.run(serve(bank, [door], tell, die_with_parent=asked.die_with_parent))
    bank.log.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
