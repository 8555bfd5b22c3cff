"""Everybody screened anew when a list or a rule changes: a feed that goes on from where it stopped, in small transactions.

Names are compared outside of the transactions and their answers kept, so that no order waits for a comparison.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from openscrip.issuance.clients import Client, ClientStanding
from openscrip.issuance.compliance import Compliance
from openscrip.runtime.feed import QUIET_S, Feed
from openscrip.runtime.store import Store, Unit

BATCH = 25
DONE = "done"
FEED = "rescreening"


@dataclass(frozen=True, slots=True)
class Rescreening:
    """Row: how far everybody was screened by the newest lists and rules. `target` names them; `changed` are new verdicts."""

    id: str
    target: str
    total: int
    done: int
    changed: int
    started_at: int
    ended_at: int = 0
    stock: str = ""
    state: str = "running"


@dataclass(frozen=True, slots=True)
class Rescreened:
    """Fact: everybody was screened by these lists and rules."""

    target: str
    total: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Batch:
    target: str
    persons: tuple[str, ...]
    first: bool
    last: bool
    total: int


class Rescreener:
    """`refresh` looks for new lists; it is called at each poll."""

    def __init__(self, store: Store, compliance: Compliance, refresh: Callable[[], None]) -> None:
        self._store = store
        self._compliance = compliance
        self._refresh = refresh
        self._persons: tuple[str, ...] = ()
        self._of = ""

    def feed(self) -> Feed:
        """For the worker."""
        return Feed(FEED, self.poll, self.apply, QUIET_S)

    @property
    def target(self) -> str:
        """The rules and lists that everybody must have been screened by."""
        return f"{self._compliance.policy.version}|{self._compliance.lists().digest[:16]}"

    def poll(self, cursor: str) -> tuple[Sequence[_Batch], str]:
        """The next persons to be screened, their names compared already."""
        self._refresh()
        target, (was, _, place) = self.target, cursor.rpartition("@")
        if was == target and place == DONE:
            return (), cursor
        at = int(place) if was == target and place.isdigit() else 0
        if self._of != target:
            with self._store.glance() as view:
                self._persons, self._of = tuple(row.id for row in view.rows(Client)), target
        persons = self._persons[at : at + BATCH]
        self._compare(persons)
        last = at + BATCH >= len(self._persons)
        batch = _Batch(target, persons, at == 0, last, len(self._persons))
        return (batch,), f"{target}@{DONE if last else at + BATCH}"

    def _compare(self, persons: Sequence[str]) -> None:
        for person in persons:
            with self._store.view() as view:
                self._compliance.foresee(view, person)

    def apply(self, unit: Unit, batch: _Batch) -> None:
        """Write the verdicts of a batch; what was judged meanwhile by the same lists stays."""
        now = self._compliance.now()
        row = unit.row(Rescreening, FEED)
        if row is None or row.target != batch.target or batch.first:
            row = Rescreening(FEED, batch.target, batch.total, 0, 0, now)
        changed = 0
        for person in batch.persons:
            before = unit.row(ClientStanding, person)
            after = self._compliance.standing(unit, person)
            changed += before is None or after is None or (before.state, before.listed) != (after.state, after.listed)
        row = replace(row, done=row.done + len(batch.persons), changed=row.changed + changed)
        if batch.last:
            row = replace(row, state=DONE, ended_at=now)
            unit.record(Rescreened(batch.target, row.total, row.changed), now)
        unit.put(row)
