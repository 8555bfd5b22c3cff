"""What the desk needs of the venue's money: its own store, and the words of an operator; the composition root brings it.

The venue's store is another database than the platform's: it may be away while the desk is there, and where no venue was
founded there is none.
"""

from collections.abc import Sequence
from typing import Protocol

from openscrip.kernel.errors import Unavailable
from openscrip.records.queues import QueueCount
from openscrip.records.venue_queues import venue_found
from openscrip.runtime.store import Store, Unit

NONE_FOUNDED = "No venue was founded beside this platform: no money of one waits for anybody."


class VenueDesk(Protocol):
    """The venue's money as its operators decide about it. `Unavailable` from any method but `is_founded`: it was not there."""

    @property
    def is_founded(self) -> bool:
        """Whether there is a venue's money."""
        ...

    @property
    def store(self) -> Store:
        """The venue's rows, ledger and commands."""
        ...

    def queues(self) -> Sequence[QueueCount]:
        """How many wait for a person in each queue; none where no venue was founded."""
        ...

    def places(self, asset: str) -> int:
        """How many decimals an asset has there."""
        ...

    def settle(self, unit: Unit, deposit: str, decision: str, account: int, by: str, why: str) -> None:
        """`assign` a deposit that waits to `account`, `return` or `keep` it. Raises `Refused`."""
        ...

    def review(self, unit: Unit, withdrawal: str, by: str, why: str, *, pay: bool) -> None:
        """Pay a withdrawal under review, or give it back. Raises `Refused`."""
        ...


def venue_waiting(desk: VenueDesk) -> tuple[Sequence[QueueCount], str]:
    """The venue's queues; where there are none, a sentence that says why."""
    if not desk.is_founded:
        return [], NONE_FOUNDED
    try:
        return desk.queues(), ""
    except Unavailable as outage:
        return [], away(outage)


def venue_hits(desk: VenueDesk, asked: str) -> list[tuple[str, str, str]]:
    """What of the venue's money has this id, as a search tells it; nothing while its store is away."""
    if not desk.is_founded:
        return []
    try:
        with desk.store.view() as view:
            return venue_found(view, asked)
    except Unavailable:
        return []


def away(outage: Unavailable) -> str:
    """The sentence of the desk for it."""
    return f"The venue's money cannot be read now, and nothing about it can be decided here: {outage}"
