"""The second API over a built platform, and the thread that tells webhooks, in the process of the pages."""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from openscrip.api.outgoing.sending import Sender, poster
from openscrip.api.outgoing.targets import address_of
from openscrip.api.v2 import api_v2
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.report_cut import time_of
from openscrip.bootstrap.web_office import WebOffice
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.records.networks import Networks
from openscrip.records.queues import QueueCount, QueuePage
from openscrip.runtime.keys import KeyKind
from openscrip.runtime.leases import Leases
from openscrip.runtime.sql import SqlStore
from openscrip.web.pages.events import public_events

log = logging.getLogger(__name__)

PLACE = "/api/v2"
STOP_S = 15.0
LEASE, FOR_S, IDLE_S = "webhooks", 30.0, 0.25


class PlatformApi:
    """`api.public.office.ApiOffice`."""

    def __init__(self, platform: Platform, office: WebOffice) -> None:
        self._platform = platform
        self._office = office
        self.webhook_master = platform.keys.ensure("webhooks", KeyKind.ED25519).secret

    @property
    def store(self) -> SqlStore:
        """As `ApiOffice.store`."""
        return self._platform.store

    @property
    def market(self) -> PrimaryMarket:
        """As `ApiOffice.market`."""
        return self._platform.market

    @property
    def terms(self) -> Terms:
        """As `ApiOffice.terms`."""
        return self._platform.terms

    @property
    def networks(self) -> Networks:
        """As `ApiOffice.networks`."""
        return self._office.public.networks

    @property
    def balances(self) -> IndexStore:
        """As `ApiOffice.balances`."""
        return self._office.public.index

    @property
    def reports(self) -> Path:
        """As `ApiOffice.reports`."""
        return self._platform.places.reports

    @property
    def clock_mode(self) -> str:
        """As `ApiOffice.clock_mode`."""
        return self._office.clock_mode

    @property
    def simulated(self) -> Sequence[str]:
        """As `ApiOffice.simulated`."""
        return self._office.simulated

    def now(self) -> int:
        """As `ApiOffice.now`."""
        return self._platform.clock.now()

    def block_time(self, chain: str, block: int) -> int:
        """As `ApiOffice.block_time`: asked of the chain's node, for blocks that are final."""
        head = self._platform.chains[chain].head().number
        at = time_of(self._platform, chain)(block) if block <= head else None
        if at is None:
            text = f"block: {block} of {chain} was skipped or is not final; {head} is the newest that is"
            raise Malformed("block.unknown", text)
        return at

    def read_up_to(self) -> Mapping[str, int]:
        """As `ApiOffice.read_up_to`."""
        return {each.chain: each.block for each in self._office.public.read_up_to()}

    def proofs(self, label: str, stock: str, bucket: str) -> Sequence[Mapping[str, Any]]:
        """As `ApiOffice.proofs`."""
        return self._office.public.proofs(label, stock, bucket)

    def nudge(self) -> None:
        """As `ApiOffice.nudge`."""
        self._office.nudge()

    def venue_queues(self) -> Sequence[QueueCount]:
        """As `ApiOffice.venue_queues`."""
        return self._office.venue_desk.queues()

    def venue_queue(self, name: str, before: int | None, limit: int) -> QueuePage | None:
        """As `ApiOffice.venue_queue`."""
        return self._office.venue_desk.queue(name, before, limit)


@contextmanager
def api_of(platform: Platform, office: WebOffice) -> Iterator[dict[str, ASGIApp]]:
    """The API by the path that it is mounted at; webhooks are told while the block runs.

    A run whose custodian or broker is played is a paper run: there a webhook may go to this machine.
    """
    paper = bool(set(office.simulated) & {"broker", "clock"})
    api = PlatformApi(platform, office)
    post, machine = poster(paper=paper), LiveClock().now
    sender = Sender(platform.store, api.webhook_master, post, machine)
    events = public_events(platform.store, platform.clock.now)
    stop = threading.Event()
    thread = threading.Thread(target=_tell, args=(sender, Leases(platform.engine), stop), name="webhooks", daemon=True)
    thread.start()
    try:
        yield {PLACE: api_v2(api, events=events, allow=partial(_allowed, paper=paper))}
    finally:
        stop.set()
        thread.join(STOP_S)


def _allowed(url: str, *, paper: bool) -> None:
    """Raise what `address_of` raises for a target that is not told anything."""
    address_of(url, paper=paper)


def _tell(sender: Sender, leases: Leases, stop: threading.Event) -> None:
    """Tell webhooks while no other process does; who is slower than its lease tells something twice, which is allowed."""
    holder, token = f"webhooks-{os.getpid()}-{threading.get_native_id()}", None
    while not stop.is_set():
        try:
            token = leases.take(LEASE, holder, for_s=FOR_S)
            if token is None:
                stop.wait(FOR_S / 3)
                continue
            turn_ends = time.monotonic() + FOR_S / 3
            while not stop.is_set() and time.monotonic() < turn_ends:
                if not sender.step():
                    stop.wait(IDLE_S)
        except Unavailable as outage:
            log.warning("webhooks: %s", outage)
            stop.wait(FOR_S / 6)
    if token is not None:
        leases.release(LEASE, token)
