"""Our side as a process: `python -m tests.assets.brokers.ours DATA URL FIX_PORT FIRST COUNT [BOOKS]`. It places orders.

`BOOKS` is the URL of a project's database, whose leases say which process runs the session.
"""

import sys
from pathlib import Path

from tests.assets.brokers.fix_market import START, buy, our_side

from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.runtime.database import open_database
from openscrip.runtime.leases import Leases


def main() -> None:
    data, url, port, first, count, *books = sys.argv[1:]
    shared = {"books": books[0], "leases": Leases(open_database(books[0]))} if books else {}
    child = PaperChild(BROKER_MODULE, Path(data), fix_port=int(port))
    broker = our_side(child, PaperBrokerClient(url), SteppedClock(instant(START)), Path(data), **shared)
    broker.start("first")
    print("ready", flush=True)
    for number in range(int(first), int(first) + int(count)):
        broker.place(buy(f"buy-{number}", "1"))
    broker.catch_up()
    print("done", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
