"""Corporate actions: all four dates, the exact ratio, who told, what became of the multiplier, and where it stands."""

from dataclasses import dataclass
from datetime import date

from openscrip.assets.notice import CASH, RATIOS, ActionEvent
from openscrip.issuance.action_questions import phase_of
from openscrip.issuance.distribution_row import Distribution, Step
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.runtime.store import Page, View

FINAL = ("FINAL", "CORRECTED", "CANCELLED")
"""Phases that nothing follows; `CORRECTED` is superseded by the action that `corrects` it."""
PHASES = (
    "ANNOUNCED", "CONFLICT", "CORROBORATED", "SCHEDULED", "FROZEN", "STAGED", "EFFECTIVE", "VERIFIED", "RESUMED", "HELD",
    *FINAL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceTold:
    """What one source told: its revision, when it announced, and the SHA-256 of the message."""

    source: str
    revision: int
    announced_on: date
    document: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One corporate action. `id` is the same everywhere: on chains, in notices, in reports; `version` counts its revisions.

    `ratio` is (new, old) shares of a split, `gross` dollars a share before tax. `applied_at` is when the multiplier moved,
    `before` and `after` it; None until it did. `corrects` names the action that this one corrects.
    """

    id: str
    stock: str
    event: ActionEvent
    kind: str
    phase: str
    is_final: bool
    version: int
    announced_on: date
    ex_date: date
    record_date: date | None
    pay_date: date | None
    effective_at: int
    freeze_at: int
    ratio: tuple[int, int] | None
    gross: PricePerShare | None
    withheld_bps: int | None
    net: Money
    received: Money
    before: Multiplier | None
    after: Multiplier | None
    corrects: str
    sources: tuple[SourceTold, ...]
    trail: tuple[Step, ...]
    reason: str
    corroborated: bool


def actions(view: View, *, stock: str | None = None, before: int | None = None, limit: int = 50) -> Page[Distribution]:
    """A page of corporate actions, newest first; `action_record` makes a record of each: one question."""
    return view.page(Distribution, stock=stock, before=before, limit=limit)


def action(view: View, action_id: str) -> ActionRecord | None:
    """One corporate action, or None: one question."""
    row = view.row(Distribution, action_id)
    return None if row is None else action_record(row)


def action_record(row: Distribution) -> ActionRecord:
    """A corporate action as it is shown."""
    terms = row.standing
    moved = row.after != row.before
    kind = "split" if terms.event in RATIOS else "cash" if terms.event in CASH else "other"
    phase = phase_of(row)
    return ActionRecord(
        row.id, row.stock, terms.event, kind, phase, phase in FINAL, row.revision, terms.announced_on, terms.ex_date,
        terms.record_date or row.record_date, terms.pay_date or row.pay_date, row.effective_at, row.freeze_at, terms.ratio,
        terms.cash_usd, terms.withheld_bps, row.net, row.cash, row.before if moved else None, row.after if moved else None,
        row.corrects,
        tuple(SourceTold(n.source, n.revision, n.announced_on, n.document, n.is_withdrawn) for n in row.notices),
        row.trail, row.reason, row.corroborated,
    )  # fmt: skip
