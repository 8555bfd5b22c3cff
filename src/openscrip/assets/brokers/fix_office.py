"""What FIX 4.2 does not carry and a broker tells over its back office: settlements, positions, corporate actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.assets.broker import BrokerEvent, Position


@dataclass(frozen=True, slots=True)
class OfficeNews:
    """An event with its place in the back office's news; it comes after `said` application messages of the session."""

    number: int
    said: int
    event: BrokerEvent


@dataclass(frozen=True, slots=True)
class OfficeStanding:
    """How many application messages the broker has heard and said (sent or not yet), and how many news it has."""

    heard: int
    said: int
    news: int


class BackOffice(Protocol):
    """The broker's back office. Each method raises `Unavailable` when it does not answer.

    Safe if: news are numbered without a gap from 1 and never change.
    """

    def news(self, after: int, limit: int) -> Sequence[OfficeNews]:
        """Up to `limit` news numbered above `after`, in order."""
        ...

    def standing(self) -> OfficeStanding:
        """How far the broker is, for comparing."""
        ...

    def positions(self) -> Mapping[str, Position]:
        """Positions by symbol."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
