"""What of the venue's money waits for a person: how many, since when the oldest, the things, and all that is known of one.

It is read in the venue's own store, which is another database than the platform's (`records.queues`). The facts are those of
`openscrip venue-money`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.markets.funding_check import HoldingBreak
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal
from openscrip.records.desk_items import HistoryEvent, HistoryStep, Related, item_path
from openscrip.records.queues import PARKED_MAX, QueueCount, QueueItemRecord, QueuePage
from openscrip.runtime.store import PAGE_ROWS, OpenCommand, View

Places = Callable[[str], int]
"""How many decimals an asset has at the venue."""
UNITS = frozenset({"amount", "held", "booked", "under_way"})
"""Fields that count the venue's units."""
INSTANTS = frozenset({"seen_at", "asked_at", "since", "closed_at"})
LEFT_OUT = frozenset({"id", "state", "stock"})
"""What stands in the head of a page, or elsewhere in the row."""
VENUE_PARKED = "venue-commands"
RELATED_MAX = 10


@dataclass(frozen=True, slots=True)
class VenueQueue:
    """A queue: the rows of a class, and its states as (state, words); in the first of them a thing waits for a person."""

    name: str
    title: str
    row: type[Any]
    since: str
    states: tuple[tuple[str, str], ...]


VENUE_QUEUES = (
    VenueQueue(
        "venue-withdrawals", "Withdrawals from the venue that a person looks at first", VenueWithdrawal, "asked_at",
        (("review", "For a person"), ("pay_waits", "Tried again"), ("void_waits", "Being ended")),
    ),
    VenueQueue(
        "venue-deposits", "Deposits at the venue that are nobody's", VenueDeposit, "seen_at",
        (("suspense", "For a person"), ("kept", "Kept"), ("return_waits", "Return is tried again")),
    ),
    VenueQueue(
        "venue-breaks", "Holdings of the venue that differ from its ledger", HoldingBreak, "since", (("open", "Open"),),
    ),
    VenueQueue(
        VENUE_PARKED, "Commands of the venue's money that were given up", OpenCommand, "due_at", (("parked", "Given up"),),
    ),
)  # fmt: skip
"""The last is of what is no row."""
_BY_NAME = {each.name: each for each in VENUE_QUEUES}
_ROWS = VENUE_QUEUES[:-1]


def venue_queue(name: str) -> VenueQueue | None:
    """The queue of that name."""
    return _BY_NAME.get(name)


def venue_counts(view: View) -> list[QueueCount]:
    """How many wait for a person in each queue, and since when: two questions. Commands are counted up to 1,000."""
    tallies = view.tallies([(each.row, each.states[0][0]) for each in _ROWS])
    found = [
        QueueCount(each.name, each.title, tally.count, _since(each, tally.oldest) if tally.oldest else 0)
        for each, tally in zip(_ROWS, tallies, strict=True)
    ]
    parked = view.open_commands(status="parked", limit=PARKED_MAX)
    oldest = min((each.command.due_at for each in parked), default=0)
    return [*found, QueueCount(VENUE_PARKED, VENUE_QUEUES[-1].title, len(parked), oldest)]


def venue_states(view: View, queue: VenueQueue) -> list[tuple[str, str, int]]:
    """The states of a queue with their words and how many are in each; none where there is but one. One question."""
    if len(queue.states) == 1:
        return []
    tallies = view.tallies([(queue.row, state) for state, _ in queue.states])
    return [(state, words, tally.count) for (state, words), tally in zip(queue.states, tallies, strict=True)]


def venue_page(
    view: View, queue: VenueQueue, state: str, places: Places, before: int | None = None, limit: int = PAGE_ROWS
) -> QueuePage:
    """A page of a queue, the newest first; commands the oldest first, where `before` is how many came before. One question."""
    if queue.row is OpenCommand:
        first = before or 0
        parked = view.open_commands(status=state, limit=PARKED_MAX)
        is_more = len(parked) > first + limit
        return QueuePage(tuple(map(_parked, parked[first : first + limit])), first + limit if is_more else None)
    page = view.page(queue.row, state=state, before=before, limit=limit)
    return QueuePage(tuple(_item(queue, row, places) for row in page.rows), page.next)


def venue_thing(view: View, queue: VenueQueue, item_id: str) -> Any:
    """The row, or the command that is not done; None where there is none."""
    if queue.row is OpenCommand:
        return next(iter(view.open_commands(key=item_id, limit=1)), None)
    return view.row(queue.row, item_id)


def venue_why(row: Any, places: Places) -> str:
    """In one line, why it waits."""
    if isinstance(row, HoldingBreak):
        asset, more = _asset(row), row.held - row.booked
        what = "more is held than booked" if more > 0 else "less is held than booked"
        return f"{_amount(abs(more), asset, places)} {what}"
    return _last_line(row) if isinstance(row, OpenCommand) else str(row.reason)[:300]


def venue_told(row: Any, places: Places) -> list[tuple[str, str]]:
    """Every field of a row as text: amounts with their asset, instants in UTC. What is empty or nothing yet is left out."""
    found = []
    for each in fields(row):
        value = getattr(row, each.name)
        if each.name in UNITS:
            text = _amount(value, _asset(row), places)
        elif each.name in INSTANTS:
            text = iso(value) if value else ""
        elif isinstance(value, bool):
            text = "yes" if value else "no"
        else:
            text = str(value) if value else ""
        if text and each.name not in LEFT_OUT:
            found.append((each.name.replace("_", " "), text[:500]))
    return found


def venue_history(row: Any, places: Places) -> list[HistoryStep]:
    """How a row came here and ended, as far as it tells when."""
    match row:
        case VenueDeposit():
            event = HistoryEvent(row.seen_at, f"Arrived at {row.place}", row.reason, row.place, row.tx_id)
        case VenueWithdrawal():
            event = HistoryEvent(row.asked_at, f"Asked for by account {row.account}", f"request {row.request}")
        case HoldingBreak():
            event = HistoryEvent(row.since, "Found to differ", venue_why(row, places))
        case _:
            return []
    steps = [HistoryStep("How it came here", (event,))]
    closed_at = int(getattr(row, "closed_at", 0))
    if closed_at:
        steps.append(HistoryStep("How it ended", (HistoryEvent(closed_at, "They agree again", ""),)))
    return steps


def venue_related(view: View, row: Any) -> list[Related]:
    """What else of the venue's money belongs to a thing, each with its page: two questions at the most."""
    if isinstance(row, OpenCommand):
        whose = next((each for each in _ROWS if each.row.__name__ == row.command.row_kind), None)
        return [Related("Belongs to", row.command.row_id, item_path(whose.name, row.command.row_id))] if whose else []
    if isinstance(row, HoldingBreak):
        return []
    holding = f"{row.asset}:{row.place}"
    broken = view.row(HoldingBreak, holding)
    is_open = broken is not None and broken.state == "open"
    found = [Related("Holding that differs", holding, item_path("venue-breaks", holding))] if is_open else []
    parked = view.open_commands(row_id=row.id, status="parked", limit=RELATED_MAX)
    return [
        *found,
        *(Related("Command given up", each.command.key, item_path(VENUE_PARKED, each.command.key)) for each in parked),
    ]


def venue_found(view: View, asked: str) -> list[tuple[str, str, str]]:
    """What of the venue's money has this id: (what it is, what it says, where it is shown)."""
    rows = [(each, view.row(each.row, asked)) for each in _ROWS]
    found = [(each.row.__name__, f"{row.state} at the venue", item_path(each.name, row.id)) for each, row in rows if row]
    return found + [
        ("Command of the venue's money", f"{each.status}, tried {each.attempts} times", item_path(VENUE_PARKED, asked))
        for each in view.open_commands(key=asked, limit=1)
    ]


def _parked(found: OpenCommand) -> QueueItemRecord:
    command = found.command
    text = f"{type(command.action).__name__} of {command.row_id}, tried {found.attempts} times: {_last_line(found)}"
    return QueueItemRecord(VENUE_PARKED, command.key, str(getattr(command.action, "asset", "")), "", text, command.due_at)


def _amount(units: int, asset: str, places: Places) -> str:
    """Of 25000000000 units with 6 decimals: `25,000 TUSD`."""
    whole, point, fraction = format_decimal(units, places(asset)).partition(".")
    return f"{int(whole):,}{point}{fraction} {asset}"


def _last_line(found: OpenCommand) -> str:
    """What went wrong: the last line of what was told of it."""
    return found.error.strip().rpartition("\n")[2][:300]


def _item(queue: VenueQueue, row: Any, places: Places) -> QueueItemRecord:
    asset, why = _asset(row), venue_why(row, places)
    text = why
    if not isinstance(row, HoldingBreak):
        amount = _amount(row.amount, asset, places)
        way = f"from {row.sender or 'nobody named'}" if isinstance(row, VenueDeposit) else f"to {row.to}"
        text = f"{amount} {way} at {row.place}" + (f": {why}" if why else "")
    account = int(getattr(row, "account", 0))
    return QueueItemRecord(queue.name, row.id, asset, str(account) if account else "", text, _since(queue, row))


def _asset(row: Any) -> str:
    """A break is named by its holding, `asset:place`."""
    return row.id.partition(":")[0] if isinstance(row, HoldingBreak) else str(row.asset)


def _since(queue: VenueQueue, row: Any) -> int:
    return int(getattr(row, queue.since, 0) or 0)
