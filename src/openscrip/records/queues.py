"""What waits for a person at the desk: how many of each kind, since when the oldest, and the items."""

from dataclasses import dataclass
from typing import Any

from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.break_row import Break
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.cases import Case
from openscrip.issuance.deposits import CoinDeposit
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.runtime.store import OpenCommand, View


@dataclass(frozen=True, slots=True)
class QueueKind:
    """A queue: the rows of a class in a state, and the field that says since when."""

    name: str
    title: str
    row: type[Any]
    state: str
    since: str


@dataclass(frozen=True, slots=True)
class QueueItemRecord:
    """One thing that waits: whose row it is, what it is about, since when."""

    kind: str
    id: str
    stock: str
    person: str
    text: str
    since: int


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some items, the newest first; `next` is what to ask `before` for the rest."""

    items: tuple[QueueItemRecord, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many wait in a queue; `oldest` is since when the first of them does (market time), 0 where none waits."""

    name: str
    title: str
    count: int
    oldest: int = 0


QUEUES = (
    QueueKind("breaks", "Differences between books, chains and custody", Break, "open", "since"),
    QueueKind("questions", "Corporate actions that ask something", QueueItem, "open", "opened_at"),
    QueueKind("cases", "Compliance cases", Case, "open", "opened_at"),
    QueueKind("held-subscriptions", "Subscriptions on hold", Subscription, "held", "asked_at"),
    QueueKind("held-redemptions", "Redemptions on hold", Redemption, "held", "asked_at"),
    QueueKind("held-creations", "Creations in kind on hold", InKindCreation, "held", "asked_at"),
    QueueKind("held-network-redemptions", "Redemptions in kind on hold at the network", InKindRedemption, "held", "asked_at"),
    QueueKind("deposits", "Deposits that are nobody's", CoinDeposit, "suspense", "seen_at"),
    QueueKind("crossings", "Crossings on hold", Crossing, "held", "departed_at"),
)
COMMANDS, COMMANDS_TITLE = "commands", "Commands that were given up"
"""The queue of what is no row: commands that a part refused to carry out again and again."""
PARKED_MAX = 1_000


def queue_counts(view: View) -> list[QueueCount]:
    """How many wait in each queue, and since when: two questions. Commands are counted up to 1,000."""
    tallies = view.tallies([(each.row, each.state) for each in QUEUES])
    found = [
        QueueCount(each.name, each.title, tally.count, _since(each, tally.oldest) if tally.oldest else 0)
        for each, tally in zip(QUEUES, tallies, strict=True)
    ]
    parked = view.open_commands(status="parked", limit=PARKED_MAX)
    oldest = min((each.command.due_at for each in parked), default=0)
    return [*found, QueueCount(COMMANDS, COMMANDS_TITLE, len(parked), oldest)]


def queue_page(view: View, name: str, before: int | None = None, limit: int = 50) -> QueuePage | None:
    """A page of a queue; None for a name that is none: one question."""
    if name == COMMANDS:
        return QueuePage(tuple(map(_parked, view.open_commands(status="parked", limit=PARKED_MAX))), None)
    kind = next((each for each in QUEUES if each.name == name), None)
    if kind is None:
        return None
    page = view.page(kind.row, state=kind.state, before=before, limit=limit)
    return QueuePage(tuple(_item(kind, row) for row in page.rows), page.next)


def _parked(found: OpenCommand) -> QueueItemRecord:
    command = found.command
    text = f"{type(command.action).__name__} of {command.row_id}, tried {found.attempts} times: {found.error}"
    return QueueItemRecord(COMMANDS, command.key, "", "", text, command.due_at)


def _item(kind: QueueKind, row: Any) -> QueueItemRecord:
    texts = (getattr(row, name, "") for name in ("text", "what", "reason"))
    text = next((str(each) for each in texts if each), "")
    if isinstance(row, Break):
        text = f"{row.kind} {f'on {row.chain} ' if row.chain else ''}was {row.seen}, expected {row.expected}"
    person = str(getattr(row, "person", "") or getattr(row, "client", "") or "")
    return QueueItemRecord(kind.name, row.id, row.stock, person, text, _since(kind, row))


def _since(kind: QueueKind, row: Any) -> int:
    return int(getattr(row, kind.since, 0) or 0)
