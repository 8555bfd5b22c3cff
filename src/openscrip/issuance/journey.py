"""What a request went through, and when: a row beside a subscription or a redemption, for the people who wait for it.

`Books` tells of every row that it writes; a row that stands elsewhere than before adds a milestone. Nothing decides by this.
"""

from dataclasses import dataclass, replace

from openscrip.assets.acquisition_row import Acquisition
from openscrip.assets.disposal import Disposal
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.runtime.store import Row, Unit

MILESTONES_MAX = 200
"""A request that waits and is asked again for months keeps its first and its latest milestones."""
PARCEL_STATES = ("moving", "in_custody", "minting", "minted", "held")


@dataclass(frozen=True, slots=True)
class Milestone:
    """Where a request stood from `at` on, in the words of its row: `buying`, `order:working`, `parcel-1:minted`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Journey:
    """Row: the milestones of the request with the same id, oldest first."""

    id: str
    stock: str
    person: str
    milestones: tuple[Milestone, ...] = ()
    state: str = "kept"

    def reached(self, name: str) -> int:
        """When a milestone was first reached, 0 if it was not."""
        return next((each.at for each in self.milestones if each.name == name), 0)


@dataclass(frozen=True, slots=True)
class InKindJourney:
    """Row: the milestones of the creation or redemption in kind with the same id, for the desk alone: no investor waits."""

    id: str
    stock: str
    milestones: tuple[Milestone, ...] = ()
    state: str = "kept"


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """Fact: a request stands elsewhere than before; `state` is its newest milestone."""

    id: str
    person: str
    stock: str
    state: str


def note(unit: Unit, row: Row, now: int) -> None:
    """Add what a row that was just written says about its request."""
    match row:
        case Subscription():
            names = [row.state, *(f"parcel-{parcel.number}:{parcel.state}" for parcel in row.parcels)]
            _add(unit, row.id, names, now, Journey(row.id, row.stock, row.person))
        case Redemption():
            _add(unit, row.id, [row.state], now, Journey(row.id, row.stock, row.person))
        case Acquisition() | Disposal():
            filled = [f"order:{_filled(row)}"] if row.fills else []
            _add(unit, row.wanted_by, [f"order:{row.state}", *filled], now, None)
        case InKindCreation():
            moves = [f"{move.instruction_id.rpartition(':')[2]}:{move.state}" for move in row.moves]
            _add_in_kind(unit, row, [*moves, row.state], now)
        case InKindRedemption():
            _add_in_kind(unit, row, [row.state], now)
        case _:
            return


def _filled(row: Acquisition | Disposal) -> str:
    done = sum(fill.shares.atoms for fill in row.fills)
    return "filled" if done >= row.shares.atoms else "part_filled"


def _add(unit: Unit, request: str, names: list[str], now: int, new: Journey | None) -> None:
    known = unit.row(Journey, request) or new
    if known is None:
        return
    fresh, milestones = _grown(known.milestones, names, now)
    if not fresh:
        return
    unit.put(replace(known, milestones=milestones))
    unit.record(OrderMoved(known.id, known.person, known.stock, fresh[-1]), now)


def _add_in_kind(unit: Unit, row: InKindCreation | InKindRedemption, names: list[str], now: int) -> None:
    known = unit.row(InKindJourney, row.id) or InKindJourney(row.id, row.stock)
    fresh, milestones = _grown(known.milestones, names, now)
    if fresh:
        unit.put(replace(known, milestones=milestones))


def _grown(known: tuple[Milestone, ...], names: list[str], now: int) -> tuple[list[str], tuple[Milestone, ...]]:
    """What is new of `names`, and all milestones with it."""
    reached = {each.name for each in known}
    # A state may come back (held, then minting again): the row's own is noted whenever it changes.
    last_own = next((each.name for each in reversed(known) if ":" not in each.name), "")
    fresh = [name for name in dict.fromkeys(names) if (name != last_own if ":" not in name else name not in reached)]
    milestones = (*known, *(Milestone(name, now) for name in fresh))
    if len(milestones) > MILESTONES_MAX:
        milestones = (*milestones[: MILESTONES_MAX // 2], *milestones[-MILESTONES_MAX // 2 :])
    return fresh, milestones
