"""One thing at the desk: its history by step, the commands that it waits for, and what belongs to it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.break_row import Break
from openscrip.issuance.calls import SentCalls
from openscrip.issuance.cases import Case
from openscrip.issuance.deposits import CoinDeposit
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.journey import InKindJourney, Journey, Milestone
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.records.orders import OrderRecord, order
from openscrip.records.queues import COMMANDS, QUEUES
from openscrip.runtime.store import OpenCommand, View

ATTEMPTS_SHOWN = 5
RELATED_MAX = 10
KIND_OF = {each.row.__name__: each.name for each in QUEUES}
"""The queue in whose words a row is shown, by its class."""
STEP_OF = {
    "requested": 0, "awaiting_payment": 0, "buying": 1, "order": 2, "moving": 3, "in_custody": 3, "minting": 4, "minted": 5,
    "completed": 5, "refunding": 5,
}  # fmt: skip
STEP_OF_REDEMPTION = {
    "requested": 0, "escrowed": 0, "burning": 1, "burned": 2, "delivering": 3, "selling": 3, "order": 3, "paying": 4,
    "completed": 4,
}  # fmt: skip


IN_KIND_WORDS = {
    "asked": "Asked for", "created": "Asked for by the network", "journaled": "Shares are in the tokenisation account",
    "minting": "All shares are in custody; the mint is under way", "minted": "Tokens minted; the network is told",
    "completed": "Done", "rejected": "The network did not journal the shares", "held": "On hold",
    "redeeming": "Tokens are in escrow", "calling": "Tokens burned; the network is called",
    "pending": "The network answered; its journal is awaited", "returning": "Refused by the network; shares come back",
    "returned": "Tokens were given back", "restored": "Tokens left escrow again; nothing was burned", "paid": "Paid in cash",
}  # fmt: skip
"""The states of creations and redemptions in kind, as an operator reads them."""
MOVE_WORDS = {
    "moving": "Shares asked into custody", "arrived": "Shares arrived in custody", "failed": "The custodian did not move them",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """Something that happened at `at` (market time); `tx` on `chain` proves it, where a transaction does."""

    at: int
    label: str
    sentence: str
    chain: str = ""
    tx: str = ""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """What happened in one step, oldest first."""

    title: str
    events: tuple[HistoryEvent, ...]


@dataclass(frozen=True, slots=True)
class WaitingCommand:
    """A command that is not done. `again_s` is when it is tried next, in seconds (None: not by itself, or it is in hand).

    `due_at` is the market time before which it is not tried, `sent` the transactions of its last attempts.
    """

    key: str
    does: str
    status: str
    attempts: int
    error: str
    due_at: int
    again_s: int | None
    sent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another thing that this one belongs to, and the page that shows it."""

    label: str
    text: str
    href: str


def item_path(kind: str, item_id: str) -> str:
    """The page of one thing."""
    return f"/desk/items/{kind}/{quote(item_id, safe='')}"


def history(view: View, row: Any) -> list[HistoryStep]:
    """What happened with a thing, by step."""
    if isinstance(row, Subscription | Redemption):
        known = order(view, row.id)
        return _steps(known) if known is not None else []
    if isinstance(row, InKindCreation | InKindRedemption):
        return _in_kind(view, row)
    steps: list[HistoryStep] = []
    opened = int(getattr(row, "opened_at", 0) or getattr(row, "since", 0) or getattr(row, "seen_at", 0))
    opened = opened or int(getattr(row, "departed_at", 0))
    why = str(getattr(row, "what", "") or getattr(row, "text", "") or getattr(row, "reason", ""))
    if opened:
        steps.append(HistoryStep("How it came here", (HistoryEvent(opened, "Opened", why),)))
    said: list[HistoryEvent] = []
    if isinstance(row, Case):
        said = [HistoryEvent(each.at, f"{each.by}: {each.word}", each.reason) for each in row.approvals]
    elif isinstance(row, QueueItem) and row.proposed_at:
        said = [HistoryEvent(row.proposed_at, f"{row.by}: proposed an answer", f"{row.reason} ({row.document})")]
    if said:
        steps.append(HistoryStep("What persons said", tuple(said)))
    ended = int(getattr(row, "closed_at", 0) or getattr(row, "ended_at", 0))
    if ended:
        steps.append(HistoryStep("How it ended", (HistoryEvent(ended, row.state, str(getattr(row, "reason", ""))),)))
    return steps


def _in_kind(view: View, row: InKindCreation | InKindRedemption) -> list[HistoryStep]:
    """What happened to the tokens of a redemption, and what at the network and in custody."""
    steps: list[HistoryStep] = []
    if isinstance(row, InKindRedemption):
        ours = order(view, row.id)
        steps = _steps(ours) if ours is not None else []
    journey = view.row(InKindJourney, row.id)
    milestones = journey.milestones if journey is not None else (Milestone("asked", row.asked_at),)
    # Why it is on hold is known of the last time alone.
    last = len(milestones) - 1
    events = tuple(
        HistoryEvent(each.at, *_in_kind_words(row, each.name, is_last=place == last), *_minted_by(row, each.name))
        for place, each in enumerate(milestones)
    )
    title = "The network and custody" if isinstance(row, InKindCreation) else "The network"
    return [*steps, HistoryStep(title, events)]


def _in_kind_words(row: InKindCreation | InKindRedemption, name: str, *, is_last: bool) -> tuple[str, str]:
    part, _, state = name.rpartition(":")
    if part:
        moves = row.moves if isinstance(row, InKindCreation) else ()
        move = next((each for each in moves if each.instruction_id.endswith(f":{part}")), None)
        return MOVE_WORDS.get(state, state), f"{move.shares} shares, instruction {move.instruction_id}" if move else ""
    is_why = is_last and state == "held"
    return IN_KIND_WORDS.get(state, state), row.reason if is_why else ""


def _minted_by(row: InKindCreation | InKindRedemption, name: str) -> tuple[str, str]:
    """The transaction that proves a milestone: of a creation its mint, of a redemption its way into escrow."""
    proven = "minted" if isinstance(row, InKindCreation) else "redeeming"
    return (row.chain, row.tx) if name == proven and row.tx else ("", "")


def _steps(known: OrderRecord) -> list[HistoryStep]:
    """The milestones of an order under the steps that investors see; what belongs to none stays with the one before it."""
    places = STEP_OF if known.side == "subscribe" else STEP_OF_REDEMPTION
    groups: dict[int, list[HistoryEvent]] = {}
    place = 0
    for each in known.events:
        group, _, rest = each.name.partition(":")
        name = rest if group.startswith("parcel-") or (group == "order" and rest in ("moving",)) else group
        place = places.get(name, place)
        groups.setdefault(place, []).append(HistoryEvent(each.at, each.label, "", each.chain, each.tx))
    return [HistoryStep(known.steps[place].label, _once(groups[place])) for place in sorted(groups)]


def _once(events: list[HistoryEvent]) -> tuple[HistoryEvent, ...]:
    """Without what says the same of the same moment: an order and its only parcel are held together."""
    return tuple(each for place, each in enumerate(events) if place == 0 or each != events[place - 1])


def waiting(view: View, row_id: str, machine_now: float) -> list[WaitingCommand]:
    """The commands whose answers a thing waits for, oldest first. `machine_now` is the clock of leases and retries."""
    found = view.open_commands(row_id=row_id)
    names = [f"{each.command.key}#{attempt}" for each in found for attempt in range(1, ATTEMPTS_SHOWN + 1)]
    sent = view.several(SentCalls, names)
    return [_waiting(each, sent, machine_now) for each in found]


def _waiting(each: OpenCommand, sent: dict[str, SentCalls], machine_now: float) -> WaitingCommand:
    key = each.command.key
    hashes = tuple(call.tx_id for name, calls in sorted(sent.items()) if name.rpartition("#")[0] == key for call in calls.calls)
    again = max(0, int(each.machine_until - machine_now)) if each.status == "due" else None
    return WaitingCommand(
        key, type(each.command.action).__name__, each.status, each.attempts, each.error, each.command.due_at, again, hashes
    )


def related(view: View, row: Any) -> list[Related]:
    """What else belongs to a thing, each with its page: seven questions at the most."""
    found: list[Related] = []
    if isinstance(row, CoinDeposit) and row.request:
        found.append(Related("Pays for", row.request, item_path(KIND_OF["Subscription"], row.request)))
    if isinstance(row, Subscription) and row.deposit_id:
        found.append(Related("Paid by", row.deposit_id, item_path(KIND_OF["CoinDeposit"], row.deposit_id)))
    if isinstance(row, QueueItem):
        found.append(Related("Corporate action", row.action, f"/actions/{quote(row.action, safe='')}"))
    if isinstance(row, OpenCommand):
        kind = KIND_OF.get(row.command.row_kind)
        if kind is not None:
            found.append(Related("Belongs to", row.command.row_id, item_path(kind, row.command.row_id)))
        return found
    found += _other_half(view, row)
    if row.stock:
        found.append(Related("Stock", row.stock, f"/stocks/{quote(row.stock, safe='')}"))
        breaks = view.page(Break, stock=row.stock, state="open", limit=RELATED_MAX).rows
        found += [Related("Open difference", each.id, item_path("breaks", each.id)) for each in breaks if each.id != row.id]
    person = str(getattr(row, "person", "") or getattr(row, "client", "") or "")
    if person:
        cases = view.page(Case, person=person, state="open", limit=RELATED_MAX).rows
        found += [Related("Open case", each.id, item_path("cases", each.id)) for each in cases if each.id != row.id]
        orders = [each.id for each in view.page(Journey, person=person, limit=RELATED_MAX).rows if each.id != row.id]
        kinds: tuple[type[Any], ...] = (Subscription, Redemption)
        for side in kinds:
            known = view.several(side, orders)
            page = KIND_OF[side.__name__]
            found += [Related("Order", f"{each.id}: {each.state}", item_path(page, each.id)) for each in known.values()]
    parked = view.open_commands(row_id=row.id, status="parked", limit=RELATED_MAX)
    found += [Related("Command given up", each.command.key, item_path(COMMANDS, each.command.key)) for each in parked]
    return found


def _other_half(view: View, row: Any) -> list[Related]:
    """A redemption in kind is two rows of one id, tokens and network; what the network refused comes back as a creation."""
    found: list[Related] = []
    if isinstance(row, InKindRedemption):
        if view.row(Redemption, row.id) is not None:
            found.append(Related("Its tokens", row.id, item_path(KIND_OF["Redemption"], row.id)))
        back = f"{row.id}-back"
        if view.row(InKindCreation, back) is not None:
            found.append(Related("Shares coming back", back, item_path(KIND_OF["InKindCreation"], back)))
    elif isinstance(row, InKindCreation) and row.origin:
        found.append(Related("Comes back from", row.origin, item_path(KIND_OF["InKindRedemption"], row.origin)))
    elif isinstance(row, Redemption) and view.row(InKindRedemption, row.id) is not None:
        found.append(Related("At the network", row.id, item_path(KIND_OF["InKindRedemption"], row.id)))
    return found
