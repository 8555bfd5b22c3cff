"""The operator's queue of corporate actions: each question with its answer, which two different people give alike.

Who answered, why, and on which document stays with the question for ever.
"""

from dataclasses import dataclass, replace
from datetime import date

from openscrip.issuance.action_questions import CONFLICT, DATES, SOURCE
from openscrip.issuance.distribution_row import Distribution, QuestionClosed, QuestionOpened, Resolved
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Unit


@dataclass(frozen=True, slots=True)
class Answer:
    """What operators say: which `source` holds, the dates that no source told, or consent (nothing of them)."""

    source: str = ""
    record_date: date | None = None
    pay_date: date | None = None


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Row: a question about a corporate action. `open`, `proposed` by one person, `resolved` by two, or `closed` by itself.

    `proposals` counts the answers that were proposed, the last at `proposed_at`.
    """

    id: str
    stock: str
    action: str
    question: str
    text: str
    opened_at: int
    answer: Answer = Answer()
    reason: str = ""
    document: str = ""
    by: str = ""
    second: str = ""
    ended_at: int = 0
    proposed_at: int = 0
    proposals: int = 0
    state: str = "open"


def opened(_: Books, unit: Unit, fact: QuestionOpened) -> None:
    """Puts a question into the queue."""
    unit.put(QueueItem(fact.item, fact.stock, fact.action, fact.question, fact.text, fact.at))


def closed(_: Books, unit: Unit, fact: QuestionClosed) -> None:
    """Closes a question that answered itself; what people resolved stays resolved."""
    item = unit.row(QueueItem, fact.item)
    if item is not None and item.state in ("open", "proposed"):
        unit.put(replace(item, state="closed", ended_at=fact.at))


def answer(unit: Unit, books: Books, item_id: str, said: Answer, by: str, reason: str, document: str, now: int) -> QueueItem:
    """One person's answer: the first proposes, another who says the same resolves, and the action goes on.

    Another answer replaces the proposal and needs a second person of its own. Raises `Malformed("queue.unknown")`,
    `queue.answer`; `Refused("queue.state")`, `queue.two_persons`.
    """
    item = unit.row(QueueItem, item_id)
    if item is None:
        raise Malformed("queue.unknown", f"queue: {item_id!a:.120} was not asked; list the queue")
    refuse_unless(item.state in ("open", "proposed"), "queue.state", f"queue: {item_id} was {item.state} already")
    if not (by and reason and document):
        raise Malformed("queue.answer", f"queue: {item_id} was answered without a name, a reason or a document")
    row = unit.row(Distribution, item.action)
    if row is None:
        raise LookupError(f"queue: {item_id} named an action that the books do not have")
    _refuse_unfit(item, row, said)
    if item.state == "open" or item.answer != said:
        proposed = replace(
            item, answer=said, by=by, reason=reason, document=document, proposed_at=now, proposals=item.proposals + 1,
            state="proposed",
        )  # fmt: skip
        unit.put(proposed)
        return proposed
    if item.by == by:
        raise Refused("queue.two_persons", f"queue: {by} answered {item_id} already; another person must say the same")
    resolved = replace(item, second=by, state="resolved", ended_at=now)
    unit.put(resolved)
    event = Resolved(said.source, document, item.question, said.record_date, said.pay_date, (item.by, by))
    books.tell(unit, Distribution, row.id, event)
    return resolved


def deny(unit: Unit, item_id: str) -> QueueItem:
    """A proposed answer is void for good: the question is open again. Raises `Refused("queue.state")`."""
    item = unit.row(QueueItem, item_id)
    if item is None or item.state != "proposed":
        raise Refused("queue.state", f"queue: no answer to {item_id!a:.120} was proposed")
    reopened = replace(item, answer=Answer(), reason="", document="", by="", proposed_at=0, state="open")
    unit.put(reopened)
    return reopened


def _refuse_unfit(item: QueueItem, row: Distribution, said: Answer) -> None:
    """An answer must be one to the question that was asked."""
    if item.question in (SOURCE, CONFLICT):
        sources = sorted(notice.source for notice in row.notices)
        if said.source not in sources:
            raise Malformed("queue.answer", f"queue: {item.id} asked which source holds: one of {', '.join(sources)}")
    elif said.source:
        raise Malformed("queue.answer", f"queue: {item.id} did not ask which source holds")
    dated = said.record_date is not None or said.pay_date is not None
    if dated != (item.question == DATES):
        raise Malformed("queue.answer", f"queue: {item.id} {'asked for dates' if not dated else 'did not ask for dates'}")
