"""What a corporate action cannot go on without, and the phase that it stands at. Pure; noted beside every decision.

A question opens by itself and closes by itself where the sources come to agree. `Distribution.questions` holds those that
are open, each as its kind and number: `dates-2`.
"""

from dataclasses import replace
from typing import Final

from openscrip.assets.corporate_actions import ManualAction, Maturity, code_of, is_large, sources_agree
from openscrip.assets.notice import RATIOS, Notice
from openscrip.assets.products import fits
from openscrip.issuance.distribution_row import ActionView, Distribution, QuestionClosed, QuestionOpened, Step
from openscrip.kernel.instrument import InstrumentKind
from openscrip.kernel.multiplier import Multiplier
from openscrip.runtime.decision import Decision

SOURCE: Final = "source"
CONFLICT: Final = "conflict"
TERMS: Final = "terms"
DATES: Final = "dates"
APPROVAL: Final = "approval"
MANUAL: Final = "manual"
CHAINS: Final = "chains"
CURRENCY: Final = "USD"

UNTOUCHED = ("announced", "corroborated", "frozen")
ENDED = ("final", "corrected", "cancelled")
_TERMS = (
    "event", "ex_date", "record_date", "pay_date", "ratio_new", "ratio_old", "cash_usd", "currency", "withheld_bps",
    "capital_usd", "is_withdrawn",
)  # fmt: skip
_PHASES = {
    "staged": "STAGED",
    "verifying": "EFFECTIVE",
    "resumed": "RESUMED",
    "final": "FINAL",
    "corrected": "CORRECTED",
    "cancelled": "CANCELLED",
    "held": "HELD",
}


def questions(row: Distribution, kind: InstrumentKind | None = None) -> dict[str, str]:
    """Each question that the action of an instrument of this kind cannot go on without, with its text."""
    found: dict[str, str] = {}
    if row.state == "held":
        found[CHAINS] = row.reason
    if row.state in ("corrected", "cancelled"):
        return found
    if sources_agree(row.notices) is False and row.settled is None:
        found[CONFLICT] = f"{row.id}: {_differing(row)}; say which source holds"
    elif not row.corroborated and row.looked and row.state in UNTOUCHED:
        sound = any(notice.is_sound for notice in row.notices)
        missing = "no second source told of it" if sound else "no source told all of it and confirmed it"
        found[SOURCE] = f"{row.id}: {missing}; check it and say which source holds"
    if row.state in ENDED or not row.corroborated or (row.standing.is_withdrawn and row.base is None):
        return found
    return found | _about_terms(row, kind)


def _about_terms(row: Distribution, kind: InstrumentKind | None) -> dict[str, str]:
    terms = row.standing
    found: dict[str, str] = {}
    if row.large and not row.approved:
        found[APPROVAL] = f"{row.id}: moves the multiplier by more than 1 % within 24 hours; two people must approve it"
    if row.state not in UNTOUCHED or not row.looked:
        return found
    action = row.action
    if terms.currency != CURRENCY and terms.event not in RATIOS:
        found[TERMS] = f"{row.id}: paid in {terms.currency}, only {CURRENCY} is handled; carry it out by hand and say so"
    elif kind is not None and not fits(kind, action):
        found[TERMS] = f"{row.id}: {code_of(action)} was told of a line of kind {kind}; carry it out by hand and say so"
    elif isinstance(action, ManualAction):
        found[MANUAL] = f"{row.id}: {action.code} is carried out by hand; say when it is done"
    elif isinstance(action, Maturity) or terms.event in RATIOS or row.base is not None:
        return found
    elif dates := missing_dates(row):
        found[DATES] = f"{row.id}: no source told its {' and '.join(dates)}; give what is missing"
    return found


def missing_dates(row: Distribution) -> tuple[str, ...]:
    """Which dates of a payment neither a source nor an operator told."""
    record, pay = row.standing.record_date or row.record_date, row.standing.pay_date or row.pay_date
    return tuple(name for name, day in (("record date", record), ("pay date", pay)) if day is None)


def _differing(row: Distribution) -> str:
    """In which fields the sources differ, and what each says."""
    parts = []
    for name in _TERMS:
        told = {each.source: getattr(each, name) for each in sorted(row.notices, key=_by_source) if each.is_sound}
        if len({value for value in told.values() if value is not None}) > 1:
            parts.append(f"{name} was " + ", ".join(f"{value} ({source})" for source, value in told.items()))
    return "; ".join(parts) or "its sources differ"


def _by_source(notice: Notice) -> tuple[bool, str]:
    return notice.source != "custodian", notice.source


def asks(row: Distribution, kind: str) -> bool:
    """Whether a question of this kind is open."""
    return any(each.rpartition("-")[0] == kind for each in row.questions)


def marked(row: Distribution, before: Multiplier, after: Multiplier) -> Distribution:
    """The row, marked for the long path if its change is more than 1 %."""
    return replace(row, large=row.large or is_large(before, after))


def phase_of(row: Distribution) -> str:
    """The step of the procedure (docs/corporate-actions.md) that the row stands at."""
    if row.state in UNTOUCHED and asks(row, CONFLICT):
        return "CONFLICT"
    if row.state == "announced":
        return "ANNOUNCED"
    if row.state == "corroborated":
        return "CORROBORATED" if row.questions else "SCHEDULED"
    return _PHASES.get(row.state, "FROZEN")


def noted(before: Distribution | None, decision: Decision, view: ActionView | None) -> Decision:
    """The decision with each action's new phases noted, and its questions opened or closed."""
    newest = {row.id: row for row in decision.rows if isinstance(row, Distribution)}
    if not newest:
        return decision
    changed: dict[str, Distribution] = {}
    facts: list[QuestionOpened | QuestionClosed] = []
    now = view.now if view is not None else 0
    for row in newest.values():
        kind = view.stock.kind if view is not None else None
        wanted, open_now = questions(row, kind), {each.rpartition("-")[0]: each for each in row.questions}
        fresh = [kind for kind in wanted if kind not in open_now]
        numbered = {kind: f"{kind}-{row.asked + place}" for place, kind in enumerate(fresh, 1)}
        facts += [QuestionClosed(f"{row.id}:{each}", now) for kind, each in open_now.items() if kind not in wanted]
        facts += [
            QuestionOpened(f"{row.id}:{each}", row.stock, row.id, kind, wanted[kind], now) for kind, each in numbered.items()
        ]
        names = tuple(open_now.get(kind) or numbered[kind] for kind in wanted)
        after = replace(row, questions=names, asked=row.asked + len(fresh))
        was = before if before is not None and before.id == row.id else None
        changed[row.id] = replace(after, trail=(*after.trail, *_steps(was, after, now)))
    others = tuple(row for row in decision.rows if not isinstance(row, Distribution))
    return replace(decision, rows=(*others, *changed.values()), facts=(*decision.facts, *facts))


def _steps(was: Distribution | None, row: Distribution, now: int) -> tuple[Step, ...]:
    """What is new since the last phase noted; a verification that holds is followed at once by what it allows."""
    phase = phase_of(row)
    if row.trail and row.trail[-1].phase == phase:
        return ()
    passed = was is not None and was.state == "verifying" and row.state in ("resumed", "final")
    steps = (Step("VERIFIED", now), Step("RESUMED", now)) if passed else ()
    return steps if passed and phase == "RESUMED" else (*steps, Step(phase, now))
