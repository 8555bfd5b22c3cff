"""Routes of reconciliation: what differs, and an operator's word that it may."""

from typing import Any

from fastapi import APIRouter, Query

from openscrip.api.asked import AcceptanceAsked
from openscrip.api.office import FrontOffice
from openscrip.issuance.break_row import Break
from openscrip.issuance.reconciliation import accept
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, refuse_unless

Json = dict[str, Any]


def break_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/breaks")
    def breaks(state: str = Query(default="", pattern="^(|open|accepted|closed)$")) -> list[Json]:
        """All breaks, oldest first, or those in one state."""
        with office.store.view() as view:
            return [break_json(row) for row in view.rows(Break, state=state or None)]

    @routes.post("/breaks/{break_id}/accept")
    def accept_break(break_id: str, asked: AcceptanceAsked) -> Json:
        """Close an open break as it is, with a reason: mints go on until it becomes another."""
        with office.store.transaction() as unit:
            row = unit.row(Break, break_id)
            if row is None:
                raise Malformed("break.unknown", f"break: {break_id!a:.80} was not opened")
            refuse_unless(row.state == "open", "break.state", f"break: {break_id} was {row.state}, not open")
            office.books.record(unit, accept(row, asked.by, asked.reason, office.now()))
            after = unit.row(Break, break_id) or row
        office.nudge()
        return break_json(after)

    return routes


def open_breaks(office: FrontOffice) -> list[Json]:
    """What is not closed: open breaks stop mints, accepted ones are known and left."""
    with office.store.view() as view:
        return [break_json(row) for state in ("open", "accepted") for row in view.rows(Break, state=state)]


def break_json(row: Break) -> Json:
    """A break: which, since when, what was expected and what was seen."""
    return {
        "id": row.id,
        "stock": row.stock,
        "kind": row.kind,
        "chain": row.chain,
        "state": row.state,
        "since": iso(row.since),
        "expected": row.expected,
        "seen": row.seen,
        "difference": row.difference,
        "closed_at": iso(row.closed_at) if row.closed_at else None,
        "closed_by": row.closed_by,
        "reason": row.reason,
    }
