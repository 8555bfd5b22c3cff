"""A running stack behind its HTTP door: the platform as `api` sees it, served by a thread."""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import uvicorn

from openscrip.api.app import application
from openscrip.api.office import Standing
from openscrip.assets.compliance.persons import Person
from openscrip.assets.stock import Stock
from openscrip.bootstrap.investors import investor_of, onboard, pay, put_into_escrow
from openscrip.bootstrap.lanes import open_lanes, propose_lanes, refuse_closed, ways
from openscrip.bootstrap.report_files import write_report
from openscrip.bootstrap.report_parties import sign_as_parties
from openscrip.bootstrap.reporting import coverage_of
from openscrip.bootstrap.running import Running
from openscrip.issuance.coin_desk import CoinDesk
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.reconciler import Look
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused, Unavailable, refuse_unless
from openscrip.runtime.decision import Books
from openscrip.runtime.sql import SqlStore

log = logging.getLogger(__name__)

START_S = 60.0
STEP_S = 0.25


class RunningOffice:
    """`FrontOffice` and `PaperInvestors` over a running stack."""

    def __init__(self, run: Running) -> None:
        self._run = run
        self._moving = threading.Lock()
        self.stopping = threading.Event()
        self._network_refused: Counter[str] = Counter()

    @property
    def store(self) -> SqlStore:
        """As `FrontOffice.store`."""
        return self._run.platform.store

    @property
    def books(self) -> Books:
        """As `FrontOffice.books`."""
        return self._run.platform.books

    @property
    def market(self) -> PrimaryMarket:
        """As `FrontOffice.market`."""
        return self._run.platform.market

    @property
    def room(self) -> ComplianceRoom:
        """As `FrontOffice.room`."""
        return self._run.platform.compliance_room

    @property
    def clock_mode(self) -> str:
        """As `FrontOffice.clock_mode`."""
        return self._run.platform.settings.market.clock

    def now(self) -> int:
        """As `FrontOffice.now`."""
        return self._run.platform.clock.now()

    def next_due(self) -> int | None:
        """As `FrontOffice.next_due`."""
        due = (self._run.stack.next_due(), self.store.next_due())
        return min((max(at, self.now()) for at in due if at is not None), default=None)

    def advance_to(self, at: int) -> None:
        """As `FrontOffice.advance_to`; one at a time, and not while a stock is being listed."""
        with self._moving:
            self._run.advance_to(at, self._refuse_when_stopping)

    def list_stock(self, symbol: str) -> Stock:
        """As `FrontOffice.list_stock`."""
        with self._moving:
            return self._run.list_stock(symbol)

    def standing(self, symbol: str) -> Standing:
        """As `FrontOffice.standing`."""
        coverage = coverage_of(self._run.platform, symbol)
        return Standing(coverage.supply, coverage.reserve)

    def looks(self) -> Mapping[str, Look]:
        """As `FrontOffice.looks`."""
        return dict(self._run.platform.reconciler.looks)

    def indexed(self) -> Sequence[tuple[str, str, int]]:
        """As `FrontOffice.indexed`."""
        return self._run.platform.reconciler.indexed()

    def troubles(self) -> Mapping[str, str]:
        """As `FrontOffice.troubles`."""
        return {**self._run.worker.troubles(), **self._run.platform.broker.troubles()}

    def process_ids(self) -> Mapping[str, int]:
        """As `FrontOffice.process_ids`."""
        return self._run.stack.pids()

    @property
    def coins(self) -> CoinDesk:
        """As `FrontOffice.coins`."""
        return self._run.platform.coins.desk

    @property
    def crossings(self) -> Crossings:
        """As `FrontOffice.crossings`."""
        return self._run.platform.crossings

    def way(self, symbol: str, source: str, destination: str, holder: str, receiver: str) -> Mapping[str, str]:
        """As `FrontOffice.way`."""
        platform = self._run.platform
        stock = platform.stock(symbol)
        word = platform.crossings.route(stock, source, destination, holder, receiver)
        refuse_closed(platform, stock, source, destination)
        there = platform.chains[destination].caip2()
        return {"token": stock.token(source), "destination": there, "receiver": word}

    def lanes(self, symbol: str, step: str) -> Sequence[Mapping[str, str]]:
        """As `FrontOffice.lanes`; not while a stock is being listed."""
        platform = self._run.platform
        stock = platform.stock(symbol)
        with self._moving:
            if step == "propose":
                propose_lanes(platform, stock)
            found = open_lanes(platform, stock) if step == "open" else ways(platform, stock)
        return [{"source": way.source, "destination": way.destination, "left": str(way.left)} for way in found]

    @property
    def in_kind(self) -> InKindMarket | None:
        """As `FrontOffice.in_kind`."""
        return self._run.platform.in_kind

    @property
    def network_refused(self) -> Counter[str]:
        """As `FrontOffice.network_refused`."""
        return self._network_refused

    def counterparties_refused(self) -> Mapping[str, Mapping[str, int]]:
        """As `FrontOffice.counterparties_refused`: of a custodian all that was ever kept, of the broker since the start."""
        platform = self._run.platform
        custodians = {name: each.troubles() for name, each in platform.custodians.items()}
        return {"broker": platform.broker.refused, **custodians}

    def nudge(self) -> None:
        """As `FrontOffice.nudge`."""
        self._run.worker.nudge()

    def write_report(self, month: str, *, signed: bool) -> Mapping[str, str]:
        """As `FrontOffice.write_report`."""
        path = write_report(self._run.platform, month or iso(self._run.platform.clock.now())[:7])
        if signed:
            sign_as_parties(self._run.platform, path)
        return {"html": str(path), "json": str(path.with_suffix(".json"))}

    def take_on(self, person: Person) -> Mapping[str, str]:
        """As `PaperInvestors.take_on`."""
        investor = onboard(self._run.platform, self._run.stack, person)
        return {chain: investor.address(chain) for chain in self._run.platform.chains}

    def pay(self, subscription: Subscription) -> None:
        """As `PaperInvestors.pay`."""
        pay(self._run.platform, subscription)

    def escrow(self, redemption: Redemption) -> str:
        """As `PaperInvestors.escrow`. Raises `Refused("paper.wallet")` for a wallet that is not in the data folder."""
        try:
            investor = investor_of(self._run.platform, redemption.person)
        except Refused as missing:
            text = f"paper: the wallets of {redemption.person} were not in the data folder"
            raise Refused("paper.wallet", text) from missing
        refuse_unless(
            investor.address(redemption.chain) == redemption.wallet,
            "paper.wallet",
            f"paper: the key of {redemption.wallet} was not in the data folder",
        )
        return put_into_escrow(self._run.platform, investor, redemption)

    def _refuse_when_stopping(self, _now: int) -> None:
        if self.stopping.is_set():
            raise Unavailable("platform: it was stopping")


@contextmanager
def open_door(run: Running) -> Iterator[tuple[str, RunningOffice]]:
    """Serve the HTTP face on 127.0.0.1 in a thread of its own; gives its address."""
    office = RunningOffice(run)
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts takes this over
    try:
        door.bind(("127.0.0.1", run.platform.settings.ports.api))
    except OSError as error:
        door.close()
        port = run.platform.settings.ports.api
        raise Refused("api.port", f"api: port {port} could not be taken: {os.strerror(error.errno or 0)}") from error
    config = uvicorn.Config(
        application(office, office),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="api", daemon=True)
    thread.start()
    try:
        ends = time.monotonic() + START_S
        while not server.started:
            if time.monotonic() > ends or not thread.is_alive():
                raise Unavailable(f"api: was not ready within {START_S} s")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{door.getsockname()[1]}", office
    finally:
        office.stopping.set()
        server.should_exit = True
        thread.join(START_S)
        door.close()


@contextmanager
def pacing(office: RunningOffice, pace: int) -> Iterator[None]:
    """Let accelerated market time run `pace` seconds in each of the machine's, in a thread; 0 lets it stand."""
    stop = threading.Event()
    thread = threading.Thread(target=_pace, args=(office, pace, stop.wait), name="pace", daemon=True)
    if pace:
        thread.start()
    try:
        yield
    finally:
        office.stopping.set()
        stop.set()
        if pace:
            thread.join(START_S)


def _pace(office: RunningOffice, pace: int, wait: Callable[[float], bool]) -> None:
    """Small steps. Where the stack is slower than the pace, market time falls behind instead of jumping."""
    while not wait(STEP_S):
        try:
            office.advance_to(office.now() + max(1, int(pace * STEP_S)))
        except (Refused, Unavailable, TimeoutError) as trouble:
            if not office.stopping.is_set():
                log.warning("pace: market time stands: %s", trouble)


class _Server(uvicorn.Server):
    """Leaves the signals to whoever started the stack."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are taken."""
        yield
