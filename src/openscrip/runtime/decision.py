"""What a pure `decide` gives back, and the shell that records it in one transaction and tells who hears its facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command, Fact, Row, Unit


@dataclass(frozen=True, slots=True)
class Decision:
    """The next rows, ledger transfers, facts and commands; nothing has happened yet.

    `rows` are written whole; `uses` are (kind, key, by) that may be bound once for ever (single use of evidence).
    """

    rows: tuple[Row, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    facts: tuple[Fact, ...] = ()
    commands: tuple[Command, ...] = ()
    uses: tuple[tuple[str, str, str], ...] = ()

    def __add__(self, later: "Decision") -> "Decision":
        """Both decisions, this one first. A row decided twice keeps the later form."""
        return Decision(
            self.rows + later.rows,
            self.transfers + later.transfers,
            self.facts + later.facts,
            self.commands + later.commands,
            self.uses + later.uses,
        )


Decide = Callable[[Any, Any, Any], Decision]
"""`decide(row, event, view)`: pure; `view` is what it may know beside its own row."""

Notes = Callable[[Unit, Row, int], None]
"""What is kept of every row that is written, beside it, at market time: for people, never for a decision."""

Hears = Mapping[type[Any], Sequence[Callable[["Books", Unit, Any], None]]]
"""Who hears which fact: the table in `bootstrap`."""


class Books:
    """Rows that hear events: load, decide, record, then pass the facts on, all in the caller's transaction."""

    def __init__(
        self,
        decides: Mapping[type[Any], Decide],
        hears: Hears,
        view: Callable[[Unit, Any], Any],
        now: Callable[[], int],
        notes: Notes = lambda unit, row, at: None,
    ) -> None:
        self._decides = decides
        self._kinds = {kind.__name__: kind for kind in decides}
        self._hears = hears
        self._view = view
        self._now = now
        self._notes = notes

    def tell(self, unit: Unit, kind: type[Any] | str, row_id: str, event: object) -> None:
        """Let the row decide about `event`. An unknown row is a bug: whoever sends an answer knows that it exists."""
        row_type = self._kinds[kind] if isinstance(kind, str) else kind
        row = unit.row(row_type, row_id)
        if row is None:
            raise LookupError(f"books: no {row_type.__name__} {row_id!r} for {type(event).__name__}")
        self.record(unit, self._decides[row_type](row, event, self._view(unit, row)))

    def record(self, unit: Unit, decision: Decision) -> None:
        """Write a decision and let every listener hear its facts."""
        for kind, key, by in decision.uses:
            unit.use_once(kind, key, by)
        now = self._now()
        for row in decision.rows:
            unit.put(row)
            self._notes(unit, row, now)
        if decision.transfers:
            unit.post(decision.transfers)
        for command in decision.commands:
            unit.enqueue(command)
        for fact in decision.facts:
            unit.record(fact, now)
            for listener in self._hears.get(type(fact), ()):
                listener(self, unit, fact)
