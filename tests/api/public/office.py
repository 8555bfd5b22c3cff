"""The second API over a simulated quarter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from tests.records.world import NETWORKS, Index, quarter

from openscrip.api.outgoing.targets import address_of
from openscrip.api.public.limits import PUBLIC, Rate
from openscrip.api.v2 import api_v2
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.web_venue_desk import WebVenueDesk
from openscrip.issuance.primary_market import Asked, PrimaryMarket
from openscrip.issuance.subscription_row import Subscription
from openscrip.issuance.terms import Terms
from openscrip.kernel.errors import Malformed, Refused
from openscrip.lab.world import World
from openscrip.records.queues import QueueCount, QueuePage
from openscrip.runtime.api_keys import Scope, make_key
from openscrip.runtime.store import Unit

OTHER, DESK = "mallory", "ada"


class SimulatedOffice:
    """`ApiOffice` over what a simulation left."""

    def __init__(self, world: World, reports: Path) -> None:
        self.world = world
        self.store = world.store
        self.terms = Terms()
        books = build_books(self.terms, world.clock.now)
        self.market = PrimaryMarket(world.store, books, self._screen, self.terms, world.clock.now)
        self.networks = NETWORKS
        self.balances = Index()
        self.reports = reports
        self.clock_mode = "accelerated"
        self.simulated = ("broker", "custodian", "clock")
        self.webhook_master = b"m" * 32
        self.nudges = 0
        self.venue: WebVenueDesk | None = None
        """The venue's money, where a test gives it one."""

    def _screen(self, _unit: Unit, asked: Asked) -> None:
        if asked.wallet == "LISTED":
            raise Refused("compliance.sanctioned_address", "compliance: LISTED was listed")

    def now(self) -> int:
        return self.world.clock.now()

    def block_time(self, chain: str, block: int) -> int:
        if block > 1_000_000:
            raise Malformed("block.unknown", f"block: {block} of {chain} is not final yet")
        return self.world.clock.now() - (1_000_000 - block) * 60

    def read_up_to(self) -> dict[str, int]:
        return {"evm": 120, "solana": 4_000}

    def proofs(self, label: str, stock: str, bucket: str) -> list[dict[str, Any]]:
        if label != "2024-06":
            raise Malformed("report.unknown", f"report: {label} was not written")
        return [
            {
                "format": "f", "stock": stock, "chain": "evm", "token": "0x1", "holder": "0x2", "salt": bucket,
                "proof": {"index": 0, "path": []},
            }
        ]  # fmt: skip

    def nudge(self) -> None:
        self.nudges += 1

    def venue_queues(self) -> Sequence[QueueCount]:
        return self.venue.queues() if self.venue else []

    def venue_queue(self, name: str, before: int | None, limit: int) -> QueuePage | None:
        return self.venue.queue(name, before, limit) if self.venue else None


def simulated(reports: Path) -> SimulatedOffice:
    """An office over the quarter."""
    return SimulatedOffice(quarter(), reports)


def key_of(office: SimulatedOffice, person: str, *scopes: Scope) -> str:
    """A new key's text."""
    with office.store.transaction() as unit:
        return make_key(unit, person, "test", scopes, "test", office.now())[1]


def somebody(office: SimulatedOffice) -> str:
    """A client with orders."""
    return completed(office).person


def completed(office: SimulatedOffice) -> Subscription:
    """An order that is over. The simulated quarter is one for all tests of a process: the newest order may be anybody's."""
    with office.store.view() as view:
        return view.page(Subscription, state="completed", limit=1).rows[0]


def client_of(office: SimulatedOffice, *, paper: bool = True, rate: Rate = PUBLIC) -> TestClient:
    """A client of the application; what would be a 500 is answered, not raised."""

    def allow(url: str) -> None:
        address_of(url, paper=paper, resolve=lambda host, port: ["127.0.0.1"])

    app = api_v2(office, allow=allow, rate=rate, key_rate=rate)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
