"""What the public pages need beside the books: the index, reports, powers, proofs, and the venue. `bootstrap` brings it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.powers import Breach, Power
from openscrip.records.activity import Ladder, VenueDay, VenueTotal
from openscrip.records.networks import Networks

WHOLE_PAIRS = 8
"""Of so many pairs the venue's days are read while somebody waits."""


@dataclass(frozen=True, slots=True)
class PowersSeen:
    """Who can do what, as it was read at `at` (UTC seconds of market time); `problem` says why it could not be read."""

    at: int
    powers: tuple[Power, ...] = ()
    breaches: tuple[Breach, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ChainRead:
    """How far the index has read a chain."""

    chain: str
    block: int


class Venue(Protocol):
    """What the trading venue tells everybody. Every method raises `Unavailable` where none runs or answers."""

    def pairs(self) -> Mapping[str, str]:
        """Each pair's name and what it trades (`TSLAx`)."""
        ...

    def days(self, pairs: Collection[str], first: date, last: date) -> list[VenueDay]:
        """The days of these pairs, each pair's oldest first; days without a trade may be missing. `last` is today.

        Of up to `WHOLE_PAIRS` pairs all days; of more those that were read so far (`behind`), the others a moment later.
        """
        ...

    def totals(self, pairs: Collection[str], first: date, last: date) -> list[VenueTotal]:
        """The same days of each pair, added up."""
        ...

    def behind(self, pairs: Collection[str], last: date) -> int:
        """Of how many of these pairs days that are over were not read yet, so that their figures are too low."""
        ...

    def ladder(self, pair: str) -> Ladder:
        """What the pair's book shows now."""
        ...


class PublicOffice(Protocol):
    """May be called from any thread."""

    @property
    def index(self) -> IndexStore:
        """What was read of the chains."""
        ...

    @property
    def reports(self) -> Path:
        """The folder of the reserve reports."""
        ...

    @property
    def networks(self) -> Networks:
        """The chains by our names for them. Raises `Unavailable` before one answered for the first time."""
        ...

    @property
    def entities_file(self) -> str:
        """The operator's entities; empty for those of the package."""
        ...

    @property
    def venue(self) -> Venue:
        """The venue beside this platform."""
        ...

    def read_up_to(self) -> Sequence[ChainRead]:
        """How far each chain was read."""
        ...

    def powers(self) -> PowersSeen:
        """Who can do what on chains and at the custodian, read now or a minute ago."""
        ...

    def proofs(self, label: str, stock: str, bucket: str) -> list[Mapping[str, Any]]:
        """The proofs of all holders whose places hash into a bucket (hex digits). Raises `Malformed("report.unknown")`."""
        ...
