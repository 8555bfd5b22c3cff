"""Run the durable chain as a child: `python -m openscrip.issuance.nodes.evm --port N --data DIR --anvil BINARY`.

When ready it prints one line of JSON: where it answers, and the newest block.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from openscrip.issuance.nodes.evm.anvil import Anvil
from openscrip.issuance.nodes.evm.log import LogBroken
from openscrip.issuance.nodes.evm.running import run
from openscrip.kernel.errors import Refused, Unavailable


def main() -> int:
    """Serve until told to stop. Exit status 1 when it cannot, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="openscrip evm-node", description="Embedded EVM chain")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--data", type=Path, required=True, help="folder of the chain")
    parser.add_argument("--anvil", type=Path, required=True, help="anvil's binary")
    parser.add_argument("--chain-id", type=int, required=True, help="EIP-155 id")
    parser.add_argument("--live", action="store_true", help="market time is the wall clock")
    parser.add_argument("--start-time", type=int, default=0, help="market time of a new chain, UTC seconds")
    parser.add_argument("--die-with-parent", action="store_true", help="leave when the parent process is gone")
    asked = parser.parse_args()
    anvil = Anvil(asked.anvil, asked.data.absolute(), asked.chain_id, asked.start_time)

    def ready(told: dict[str, object]) -> None:
        print(json.dumps(told), flush=True)  # noqa: T201 - the program speaks to whoever started it

    tell = partial(print, file=sys.stderr, flush=True)
    try:
        run(anvil, asked.port, ready, live=asked.live, die_with_parent=asked.die_with_parent)
    except (LogBroken, Unavailable) as failure:
        tell(f"evm node: {failure}")
        return 1
    except Refused as refused:
        tell(refused.text)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
