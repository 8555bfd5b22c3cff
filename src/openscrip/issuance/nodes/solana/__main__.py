"""Run the embedded Solana node as a child: `python -m openscrip.issuance.nodes.solana --port N --data DIR [--live]`.

When ready it prints one line of JSON: `ready`, `rpc`, `ws`, `genesis`, `transactions`, `slot`, `at`.
People use `openscrip solana-node`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.log import LogBroken
from openscrip.issuance.nodes.solana.running import NodeOptions, run
from openscrip.kernel.errors import Refused


def main() -> int:
    """Serve until told to stop. Exit status 1 when the log is damaged or in use, or the port taken."""
    parser = argparse.ArgumentParser(prog="python -m openscrip.issuance.nodes.solana", description="Embedded Solana node")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--second-port", type=int, default=0, help="takes the same, if it is free (0: none)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the log")
    parser.add_argument("--live", action="store_true", help="market time is the wall clock")
    parser.add_argument("--start-time", type=int, default=0, help="market time of a new chain, UTC seconds")
    parser.add_argument("--slot-ms", type=int, default=400, help="machine milliseconds per slot of a new chain")
    parser.add_argument("--program", action="append", default=[], metavar="ID=PATH[,AUTHORITY]", help="on a new chain")
    parser.add_argument("--die-with-parent", action="store_true", help="leave when the parent process is gone")
    asked = parser.parse_args()
    try:
        options = NodeOptions(
            asked.data,
            asked.port,
            second_port=asked.second_port,
            live=asked.live,
            start_at=asked.start_time,
            slot_ms=asked.slot_ms,
            programs=[ProgramAtGenesis.parse(text) for text in asked.program],
            die_with_parent=asked.die_with_parent,
        )
        run(options, _tell)
    except (LogBroken, Refused) as failure:
        print(f"solana node: {failure}", file=sys.stderr)  # noqa: T201 - the program speaks to whoever started it
        return 1
    return 0


def _tell(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)  # noqa: T201 - the program speaks to whoever started it


if __name__ == "__main__":
    raise SystemExit(main())
