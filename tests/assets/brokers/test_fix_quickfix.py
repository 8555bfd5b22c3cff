"""QuickFIX on either side of our session for as long as `make soak` is told; its lives end in kills.

It is killed with orders under way and goes on from its files, as our sides do from theirs: gaps are asked for and filled in
both directions, and every order is executed once.
"""

import random
import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.assets.brokers.test_fix_foreign import NoOffice, told

from openscrip.assets.broker import Fill, Order, OrderDone, Side
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.fix_running import FixLine
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.fix.effects import Identity
from sbf.compiler import TOOLCHAIN

pytestmark = [pytest.mark.soak, pytest.mark.parts]

PYTHON = TOOLCHAIN / "quickfix" / "bin" / "python"
PEER = Path(__file__).with_name("quickfix_peer.py")
SETTLED_S = 120.0
PAGE = 1_000


class Engine:
    """One life of QuickFIX after the other, on the same files."""

    def __init__(self, role: str, port: int, folder: Path, sender: str, target: str) -> None:
        self._command = [str(PYTHON), str(PEER), role, str(port), str(folder), sender, target]
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.lines: list[str] = []

    def start(self) -> None:
        assert PYTHON.exists(), "tests: QuickFIX is needed; `tools/set_up.py soak` builds it"
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        out = process.stdout
        assert out is not None

        def read() -> None:
            self.lines += [line.strip() for line in out]

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()
        self._process = process

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._over()

    def finish(self) -> None:
        """Let it have its answers, and log out."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._over()
        assert self.lines[-1] == "ended", self.lines[-20:]

    def _over(self) -> None:
        assert self._process is not None
        assert self._reader is not None
        self._process.wait(SETTLED_S)
        self._reader.join(SETTLED_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def words(self, first: str) -> list[list[str]]:
        return [line.split() for line in self.lines if line.startswith(f"{first} ")]


@contextmanager
def a_dice() -> Iterator[random.Random]:
    seed = secrets.randbelow(10**6)
    print(f"quickfix: seed {seed}", flush=True)
    yield random.Random(seed)


def test_quickfix__orders_at_the_paper_broker_through_kills__and_each_is_executed_once(tmp_path: Path, soak_s: int) -> None:
    names = ["--sender", "BROKER", "--target", "ISSUER", "--start-time", "2024-06-03T14:00:00Z", "--at-once"]
    child = PaperChild(BROKER_MODULE, tmp_path / "broker", names)
    child.start()
    office, lives = PaperBrokerClient(child.url), 0
    try:
        engine = Engine("initiator", child.fix_port, tmp_path / "quickfix", "ISSUER", "BROKER")
        ends = time.monotonic() + soak_s / 2
        with a_dice() as dice:
            while time.monotonic() < ends:
                engine.start()
                time.sleep(dice.uniform(1.0, 6.0))
                if dice.random() < 0.3:  # our side dies as well, and its numbers go on
                    child.kill()
                    child.start()
                engine.kill()
                lives += 1
        engine.start()
        engine.finish()
        fills = Counter(each.client_order_id for each in events_of(office) if isinstance(each, Fill))
    finally:
        office.close()
        child.kill()
    sent = {words[1] for words in engine.words("sent")}
    assert engine.words("reject") == []
    assert sent <= set(fills)
    assert set(fills.values()) == {1}, "an order was executed twice"
    got = {words[3] for words in engine.words("got") if words[1] == "2"}
    assert sent <= got, "QuickFIX was not told of a fill"
    print(f"quickfix: {len(fills)} orders over {lives} lives, each filled once")
    assert len(fills) > 5 * lives


def test_quickfix__fills_what_our_fix_broker_orders_through_kills__and_each_fill_is_booked_once(
    tmp_path: Path, soak_s: int, free_port: Callable[[], int]
) -> None:
    port = free_port()
    engine = Engine("acceptor", port, tmp_path / "quickfix", "PAPERBROKER", "OPENSCRIP")
    line = FixLine("127.0.0.1", port, Identity("OPENSCRIP", "PAPERBROKER"), LiveClock(), live=True, heartbeat_s=5)
    broker = FixBroker(open_database(sqlite_url(tmp_path / "fix.db")), line, NoOffice(), LiveClock(), new_york_calendar())
    placed: list[str] = []
    lives = 0
    books = Booked(broker)
    try:
        broker.start()
        ends = time.monotonic() + soak_s / 2
        with a_dice() as dice:
            while time.monotonic() < ends:
                engine.start()
                aim, over = books.done() + dice.randint(5, 100), time.monotonic() + SETTLED_S
                while books.done() < aim and time.monotonic() < over:
                    if len(placed) - books.done() < 20:
                        placed.append(f"buy-{len(placed)}")
                        broker.place(Order(placed[-1], "AAPL", Side.BUY, Shares.parse("2.5")))
                    else:
                        time.sleep(0.01)
                engine.kill()
                lives += 1
        engine.start()
        waited = time.monotonic() + SETTLED_S
        while books.done() < len(placed):
            assert time.monotonic() < waited, f"{len(placed) - books.done()} orders were never filled; {broker.troubles()}"
            time.sleep(0.05)
        fills = Counter(each.client_order_id for each in told(broker, Fill))
        shares = [(each.client_order_id, each.filled) for each in told(broker, OrderDone)]
    finally:
        broker.close()
        engine.kill()
    assert engine.words("reject") == []
    assert fills == Counter(dict.fromkeys(placed, 2)), "a fill was booked twice, or not"
    assert sorted(shares) == sorted((each, Shares.parse("2.5")) for each in placed)
    print(f"quickfix: {len(placed)} orders over {lives} lives, each filled in two parts, once")
    assert lives


class Booked:
    """What our broker has booked, read on from where it was read last."""

    def __init__(self, broker: FixBroker) -> None:
        self._broker, self._after, self._done = broker, 0, 0

    def done(self) -> int:
        """How many orders have ended."""
        while found := self._broker.events(self._after, PAGE):
            self._after = found[-1].seq
            self._done += sum(isinstance(each, OrderDone) for each in found)
        return self._done


def events_of(office: PaperBrokerClient) -> Iterator[object]:
    after = 0
    while found := office.events(after, PAGE):
        yield from found
        after = found[-1].seq
