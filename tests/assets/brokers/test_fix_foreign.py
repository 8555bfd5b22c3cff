"""A foreign FIX engine (jspurefix) against both of our sides: it orders at the paper broker, and it fills our FIX broker."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from tests.assets.brokers.fix_market import everything, until

from openscrip.assets.broker import Fill, Order, OrderAccepted, OrderDone, Position, Side
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_office import OfficeNews, OfficeStanding
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity

pytestmark = pytest.mark.parts
ROOT = Path(__file__).parents[3]
WAIT_S = 60
EventT = TypeVar("EventT")


def engine(script: Path, *arguments: str) -> subprocess.Popen[str]:
    node = shutil.which("node")
    assert node is not None, "tests: a Node is needed; make set-up installs one"
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(ROOT / "node_modules")}
    return subprocess.Popen(
        [node, str(script), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def told(broker: FixBroker, kind: type[EventT]) -> list[EventT]:
    return [each for each in everything(broker) if isinstance(each, kind)]


class NoOffice:
    """A broker without a back office that we could ask."""

    def news(self, after: int, limit: int) -> Sequence[OfficeNews]:
        return ()

    def standing(self) -> OfficeStanding:
        raise Unavailable("there is no back office")

    def positions(self) -> Mapping[str, Position]:
        return {}

    def close(self) -> None:
        pass


def test_a_foreign_issuer__orders_at_the_paper_broker__and_is_filled(tmp_path: Path) -> None:
    names = ["--sender", "BROKER", "--target", "ISSUER", "--start-time", "2024-06-03T14:00:00Z", "--at-once"]
    child = PaperChild(BROKER_MODULE, tmp_path, names)
    child.start()
    office = PaperBrokerClient(child.url)
    try:
        issuer = engine(ROOT / "tests" / "runtime" / "fix" / "peer.cjs", "initiator", str(child.fix_port))
        said, wire = issuer.communicate(timeout=WAIT_S)
        fills = [each for each in office.events(0, 1_000) if isinstance(each, Fill)]
    finally:
        office.close()
        child.kill()
    assert [line for line in said.splitlines() if line.startswith("8")] == [
        "8 R1", "8 PB1.1", "8 R2", "8 PB2.1", "8 R3", "8 PB3.1",
    ], wire  # fmt: skip
    assert [(each.client_order_id, each.symbol, str(each.quantity)) for each in fills] == [
        ("o-0", "AAPL", "1.5"),
        ("o-1", "AAPL", "1.5"),
        ("o-2", "AAPL", "1.5"),
    ]


def test_a_foreign_broker__fills_and_cancels_what_our_fix_broker_orders(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    peer = engine(Path(__file__).with_name("fix_peer.cjs"), str(port))
    line = FixLine("127.0.0.1", port, Identity("OPENSCRIP", "PAPERBROKER"), LiveClock(), live=True, resets=True)
    broker = FixBroker(open_database(sqlite_url(tmp_path / "fix.db")), line, NoOffice(), LiveClock(), new_york_calendar())
    try:
        assert peer.stdout is not None
        broker.start()
        assert peer.stdout.readline() == "ready\n"
        for case in ("buy-0", "buy-1", "wait-1"):
            broker.place(Order(case, "AAPL", Side.BUY, Shares.parse("2.5")))
        until(lambda: len(told(broker, OrderDone)) == 2)
        until(lambda: [each.client_order_id for each in told(broker, OrderAccepted)] == ["buy-0", "buy-1", "wait-1"])
        broker.cancel("wait-1")
        until(lambda: len(told(broker, OrderDone)) == 3)
    finally:
        broker.close()
        peer.terminate()
        _said, wire = peer.communicate(timeout=WAIT_S)
    events = everything(broker)
    accepted = [each.client_order_id for each in events if isinstance(each, OrderAccepted)]
    assert accepted == ["buy-0", "buy-1", "wait-1"], wire
    fills = [(each.client_order_id, str(each.quantity), str(each.price)) for each in events if isinstance(each, Fill)]
    assert fills == [(case, part, "187.4") for case in ("buy-0", "buy-1") for part in ("1", "1.5")], wire
    ends = [(each.client_order_id, str(each.filled), each.reason) for each in events if isinstance(each, OrderDone)]
    assert ends == [("buy-0", "2.5", ""), ("buy-1", "2.5", ""), ("wait-1", "0", "as asked")], wire
    assert broker.troubles() == {}
