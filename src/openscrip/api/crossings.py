"""Routes of crossings: what is under way between chains, and a person's word for what compliance holds."""

from typing import Any

from fastapi import APIRouter

from openscrip.api.asked import LanesAsked, ReleaseAsked, WayAsked
from openscrip.api.office import FrontOffice
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.calls import SentCalls
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed
from openscrip.runtime.store import View


def crossing_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/crossings")
    def crossings(state: str | None = None, stock: str | None = None) -> list[dict[str, Any]]:
        """All crossings, oldest first. `state` is as the books have it: an attested one is `arriving` there."""
        with office.store.view() as view:
            return [crossing_json(view, row) for row in view.rows(Crossing, stock=stock, state=state)]

    @routes.get("/crossings/{crossing_id}")
    def crossing(crossing_id: str) -> dict[str, Any]:
        """One crossing, by `source:key`."""
        with office.store.view() as view:
            row = view.row(Crossing, crossing_id)
            if row is None:
                raise Malformed("crossing.unknown", f"crossing: {crossing_id!a:.120} is none; GET /v1/crossings lists them")
            return crossing_json(view, row)

    @routes.post("/crossings/way")
    def way(asked: WayAsked) -> dict[str, Any]:
        """How a holder's departure must name a way; refused where the crossing would be, before anything is burned."""
        return dict(office.way(asked.stock, asked.source, asked.destination, asked.holder, asked.receiver))

    @routes.get("/stocks/{symbol}/lanes")
    def lanes(symbol: str) -> list[dict[str, str]]:
        """Every lane between the chains of a stock, and the raw that may leave by it now."""
        return [dict(each) for each in office.lanes(symbol, "")]

    @routes.post("/stocks/{symbol}/lanes")
    def change_lanes(symbol: str, asked: LanesAsked) -> list[dict[str, str]]:
        """Propose the lanes to the timelocks, or open them when a day has passed."""
        return [dict(each) for each in office.lanes(symbol, asked.step)]

    @routes.post("/crossings/{crossing_id}/release")
    def release(crossing_id: str, asked: ReleaseAsked) -> dict[str, Any]:
        """Let a held crossing go on; who said so and why are kept as its reason."""
        with office.store.transaction() as unit:
            row = office.crossings.release(unit, crossing_id, f"{asked.by}: {asked.reason}")
            told = crossing_json(unit, row)
        office.nudge()
        return told

    return routes


def crossing_json(view: View, row: Crossing) -> dict[str, Any]:
    """A crossing as it is told. `attested` is an arrival whose voucher is signed and under way."""
    sent = row.state == "arriving" and view.row(SentCalls, f"{row.id}:arrive:{row.attempts}#1") is not None
    return {
        "id": row.id,
        "stock": row.stock,
        "state": "attested" if sent else row.state,
        "source": row.source,
        "destination": row.destination,
        "holder": row.holder,
        "receiver": row.receiver,
        "raw": str(row.raw),
        "request": row.request,
        "departed_at": iso(row.departed_at),
        "arrive_by": iso(row.arrive_by),
        "departure": row.tx,
        "arrival": row.arrival_tx,
        "rule": row.rule,
        "reason": row.reason,
    }
