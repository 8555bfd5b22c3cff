"""Orders through the FIX broker to a paper broker's process that fills them at once, and each fill booked to the ledger.

Run alone: `python -m bench.fix_orders [SECONDS]`. Two processes on loopback: ours (orders, session, ledger; SQLite with
synchronous=FULL) and the paper broker. Open loop: orders are due at a fixed rate whether or not the ones before are filled,
and a latency counts from the instant at which the order was due to the commit that books its fill to the ledger.
"""

import json
import queue
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from openscrip.assets import accounts
from openscrip.assets.accounts import CHART
from openscrip.assets.broker import Fill, Order, Side
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.fix.effects import Identity
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.pauses import shorten_pauses
from openscrip.runtime.sql import SqlStore

OPEN = "2024-06-03T14:00:00Z"
RATE = 500
THREADS = 48
WAIT_S = 60.0
PAGE = 1_000


@dataclass
class Booker:
    """Books fills to the ledger as they come, and notes when each was committed."""

    broker: FixBroker
    store: SqlStore
    booked_at: dict[str, float] = field(default_factory=dict)
    seen: int = 0
    news: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until told to stop."""
        while not self.stop.is_set():
            self.news.wait(0.05)
            self.news.clear()
            while page := self.broker.events(self.seen, PAGE):
                fills = [each for each in page if isinstance(each, Fill)]
                with self.store.transaction() as unit:
                    unit.post([transfer for each in fills for transfer in _transfers(each)])
                    unit.set_cursor("broker", str(page[-1].seq))
                now = time.monotonic()
                self.booked_at.update((each.client_order_id, now) for each in fills)
                self.seen = page[-1].seq


def _transfers(fill: Fill) -> tuple[Transfer, Transfer]:
    cost = fill.price.cost_up(fill.quantity).atoms + fill.fee.atoms
    key = f"fill:{fill.exec_id}"
    return (
        Transfer(key, f"{fill.symbol}/pending_receipt", f"{fill.symbol}/bought", fill.quantity.atoms, fill.client_order_id),
        Transfer(key + ":cost", accounts.ACQUISITIONS, accounts.BROKER_PAYABLE, cost, fill.client_order_id),
    )


def fix_order_figures(seconds: float = 10.0, rate: int = RATE, folder: Path | None = None) -> dict[str, float]:
    """One run: orders a second at full speed, and the latencies in milliseconds at `rate` orders a second."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        data = Path(place)
        child = PaperChild(BROKER_MODULE, data / "broker", ["--start-time", OPEN, "--at-once"])
        child.start()
        try:
            return _measured(data, child, seconds, rate)
        finally:
            child.kill()


def _measured(data: Path, child: PaperChild, seconds: float, rate: int) -> dict[str, float]:
    clock, office = SteppedClock(instant(OPEN)), PaperBrokerClient(child.url)
    line = FixLine("127.0.0.1", child.fix_port, Identity("OPENSCRIP", "PAPERBROKER"), clock, live=False)
    broker = FixBroker(open_database(sqlite_url(data / "fix.db")), line, office, clock, new_york_calendar())
    engine = open_database(sqlite_url(data / "store.db"))
    upgrade(engine)
    store = SqlStore(engine, CHART, ())
    booker = Booker(broker, store)
    broker.on_booked = booker.news.set
    thread = threading.Thread(target=booker.run, daemon=True)
    broker.start()
    broker.catch_up(WAIT_S)
    thread.start()
    try:
        _place_all(broker, booker, "warm", 200, 0)
        shorten_pauses()  # as `openscrip up` does
        due = _place_all(broker, booker, "open", int(seconds * rate), rate)
        waits = sorted(1_000 * (booker.booked_at[case] - at) for case, at in due.items())
        began = time.monotonic()
        count = int(2 * seconds * rate)
        _place_all(broker, booker, "full", count, 0)
        return {
            "orders_per_s": count / (max(booker.booked_at.values()) - began),
            "p50_ms": waits[len(waits) // 2],
            "p99_ms": waits[len(waits) * 99 // 100],
            "max_ms": waits[-1],
            "open_loop_per_s": len(due) / (max(booker.booked_at[case] for case in due) - min(due.values())),
        }
    finally:
        booker.stop.set()
        thread.join(5)
        broker.close()
        store.close()


def _place_all(broker: FixBroker, booker: Booker, name: str, count: int, rate: int) -> dict[str, float]:
    """Place so many orders, at a rate or as fast as it goes; when all are booked, gives when each was due."""
    asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def place() -> None:
        while (case := asked.get()) is not None:
            broker.place(Order(case, "TSLA", Side.BUY, Shares.parse("1.5")))

    threads = [threading.Thread(target=place) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    began, due = time.monotonic(), {}
    for number in range(count):
        at = began + number / rate if rate else time.monotonic()
        while (early := at - time.monotonic()) > 0:
            time.sleep(early)
        due[f"{name}-{number}"] = at
        asked.put(f"{name}-{number}")
    for _ in threads:
        asked.put(None)
    for thread in threads:
        thread.join()
    ends = time.monotonic() + WAIT_S
    while not due.keys() <= booker.booked_at.keys():
        if time.monotonic() > ends:
            raise TimeoutError(f"bench: {len(due.keys() - booker.booked_at.keys())} of {count} orders were not booked")
        time.sleep(0.005)
    return due


if __name__ == "__main__":
    print(json.dumps(fix_order_figures(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)))
