"""What the second API needs of a running platform; the composition root brings it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.terms import Terms
from openscrip.records.holdings import Balances
from openscrip.records.networks import Networks
from openscrip.records.queues import QueueCount, QueuePage
from openscrip.runtime.store import Store


class ApiOffice(Protocol):
    """A running platform. Every method may be called from any thread; `Unavailable` means that a part did not answer."""

    @property
    def store(self) -> Store:
        """The books."""
        ...

    @property
    def market(self) -> PrimaryMarket:
        """Where requests are taken."""
        ...

    @property
    def terms(self) -> Terms:
        """Fees, limits and hours in force."""
        ...

    @property
    def networks(self) -> Networks:
        """The chains, by our names for them."""
        ...

    @property
    def balances(self) -> Balances:
        """What the index knows of balances."""
        ...

    @property
    def reports(self) -> Path:
        """The folder of the reserve reports."""
        ...

    @property
    def clock_mode(self) -> str:
        """`live` or `accelerated`."""
        ...

    @property
    def simulated(self) -> Sequence[str]:
        """What of this run is played: `broker`, `custodian`, `clock`; empty where everything is real."""
        ...

    @property
    def webhook_master(self) -> bytes:
        """What the secrets of all webhooks are made from; never told."""
        ...

    def now(self) -> int:
        """Market time."""
        ...

    def block_time(self, chain: str, block: int) -> int:
        """The time of a final block in UTC seconds. Raises `Malformed("block.unknown")`."""
        ...

    def read_up_to(self) -> Mapping[str, int]:
        """How far the index has read each chain."""
        ...

    def proofs(self, label: str, stock: str, bucket: str) -> Sequence[Mapping[str, Any]]:
        """The proofs of all holders in a bucket of a report's tree. Raises `Malformed("report.unknown")`."""
        ...

    def nudge(self) -> None:
        """Something was recorded: look for work. Never raises."""
        ...

    def venue_queues(self) -> Sequence[QueueCount]:
        """What of the venue's money waits for a person; nothing where no venue was founded."""
        ...

    def venue_queue(self, name: str, before: int | None, limit: int) -> QueuePage | None:
        """A page of one of them; None for a name that is none."""
        ...
