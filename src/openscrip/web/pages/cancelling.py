"""Taking an order back: a page that says what comes of it, and one click."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.assets.stock import Stock
from openscrip.kernel.errors import Refused
from openscrip.web.pages.investor import own_order
from openscrip.web.pages.practice import Nothing
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor

TOO_LATE = "late"


def cancelling_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/orders/{order_id}/cancel")
    def ask(request: Request, order_id: str) -> Response:
        """What will happen? An order that can no longer be taken back leads to its own page."""
        who = investor(request)
        office = shell_of(request).office
        with office.store.view() as view:
            found = own_order(view, who.person, order_id)
            stock = view.row(Stock, found.stock)
        if not found.can_cancel:
            return redirect(request, f"/orders/{order_id}")
        return page(request, "investor/cancel.html", private=True, order=found, stock=stock)

    @routes.post("/orders/{order_id}/cancel")
    def cancel(request: Request, order_id: str) -> Response:
        """Take it back, once. Who comes a moment too late is told so on the order's page."""
        who = investor(request)
        asked = read(request, Nothing, "cancel")
        office = shell_of(request).office
        with office.store.view() as view:
            own_order(view, who.person, order_id)

        def act(_: str) -> Response:
            try:
                row = office.market.cancel(order_id, who.person)
            except Refused as refusal:
                record_alone(request, "order.cancel", order_id, {"refused": refusal.code})
                return redirect(request, f"/orders/{order_id}?cancel={TOO_LATE}")
            office.nudge()
            record_alone(request, "order.cancel", order_id, {"stock": row.stock, "state": row.state})
            return redirect(request, f"/orders/{order_id}")

        return once(request, f"cancel:{order_id}", asked, act)

    return routes
