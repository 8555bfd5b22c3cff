"""Routes of corporate actions: what the sources said and what became of it, and the operators' queue."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from openscrip.api.asked import Asked, Name, Words
from openscrip.api.office import FrontOffice
from openscrip.api.shapes import action_json
from openscrip.issuance.action_queue import Answer, QueueItem, answer
from openscrip.issuance.distribution import Distribution
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed

Json = dict[str, Any]
Day = Annotated[str, Field(max_length=10, pattern=r"^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2025-06-11"])]


class AnswerAsked(Asked):
    """One person's answer to a question: which `source` holds, dates that no source told, or consent (neither)."""

    by: Name
    reason: Words
    document: Words
    source: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    record_date: Day = ""
    pay_date: Day = ""


def action_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/corporate-actions")
    def actions(stock: Annotated[str, Query(max_length=12)] = "") -> list[Json]:
        """All corporate actions, with what each source said."""
        with office.store.view() as view:
            return [action_json(row) for row in view.rows(Distribution, stock=stock or None)]

    @routes.get("/corporate-actions/queue")
    def queue(state: Annotated[str, Query(pattern="^(|open|proposed|resolved|closed)$")] = "") -> list[Json]:
        """The operators' queue: what corporate actions cannot go on without; all questions, or those in one state."""
        with office.store.view() as view:
            return [item_json(item) for item in view.rows(QueueItem, state=state or None)]

    @routes.post("/corporate-actions/queue/{item_id}/resolve")
    def resolve(item_id: str, asked: AnswerAsked) -> Json:
        """Answer a question. The first person proposes; another who says the same resolves it, and the action goes on."""
        said = Answer(asked.source, _day(asked.record_date), _day(asked.pay_date))
        with office.store.transaction() as unit:
            item = answer(unit, office.books, item_id, said, asked.by, asked.reason, asked.document, office.now())
        office.nudge()
        return item_json(item)

    @routes.get("/corporate-actions/{action_id}")
    def action(action_id: str) -> Json:
        """One corporate action."""
        with office.store.view() as view:
            row = view.row(Distribution, action_id)
        if row is None:
            raise Malformed("action.unknown", f"corporate action: {action_id!a:.80} was not announced")
        return action_json(row)

    return routes


def open_questions(office: FrontOffice) -> list[Json]:
    """What waits for operators: each question that nobody answered, or one person did."""
    with office.store.view() as view:
        return [item_json(item) for state in ("open", "proposed") for item in view.rows(QueueItem, state=state)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Malformed("body.date", f"body: {text!a:.20} was not a date such as 2025-06-11") from error


def item_json(item: QueueItem) -> Json:
    """A question: what is asked since when, who answered what, why and on which document."""
    said = item.answer
    return {
        "id": item.id,
        "stock": item.stock,
        "action": item.action,
        "question": item.question,
        "text": item.text,
        "state": item.state,
        "opened_at": iso(item.opened_at),
        "source": said.source,
        "record_date": said.record_date.isoformat() if said.record_date else None,
        "pay_date": said.pay_date.isoformat() if said.pay_date else None,
        "by": item.by,
        "second": item.second,
        "reason": item.reason,
        "document": item.document,
        "ended_at": iso(item.ended_at) if item.ended_at else None,
    }
