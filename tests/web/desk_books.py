"""What desks are tried on: books that decide, compliance that notes whom it cleared, a split that asks for consent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.databases import copy_of
from tests.web.stage import Stage

from openscrip.assets.notice import ActionEvent, Notice
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.cases import Case
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.terms import Terms

WEEK_S = 7 * 86_400


class PlayedRoom:
    """Compliance: whose hold was lifted. What is only looked at lifts none."""

    def __init__(self) -> None:
        self.cleared: list[str] = []
        self.compliance = self

    def clear(self, unit: object, row: Case) -> None:
        if type(unit).__name__ != "DryUnit":
            self.cleared.append(row.id)


def give_books(stage: Stage) -> PlayedRoom:
    """Books that decide by their rules, crossings, and a room of compliance."""
    office: Any = stage.office
    office.books, office.room = build_books(Terms(), office.now), PlayedRoom()
    office.crossings = Crossings(office.books, {}, lambda chain, wallet: None)
    room: PlayedRoom = office.room
    return room


@contextmanager
def desk_over(up_to_date: Path, place: Path) -> Iterator[Stage]:
    """A stage whose books know everything."""
    made = Stage(copy_of(up_to_date, place), registered=REGISTERED)
    give_books(made)
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class SplitQuestion:
    """A split of AAPL on 10 June 2024 in `numerator` for one, and the question whether it may go on."""

    at: int
    numerator: int
    announced: date
    text: str
    id = "AAPL.SPLF.2024-06-10"

    @property
    def action(self) -> Distribution:
        """As one source told it."""
        day, event = date(2024, 6, 10), ActionEvent.FORWARD_SPLIT
        notice = Notice(self.id, "AAPL", "US0378331005", event, self.announced, day, None, None, self.numerator, 1, None, "a")
        return Distribution(self.id, "AAPL", (notice,), self.at, self.at + WEEK_S)

    @property
    def asked(self) -> QueueItem:
        """What two persons answer alike."""
        return QueueItem(f"{self.id}:approval-1", "AAPL", self.id, "approval", self.text, self.at)
