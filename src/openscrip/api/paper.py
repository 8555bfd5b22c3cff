"""Routes of a paper run alone: investors whose wallets lie in the data folder, and their bank."""

from typing import Any

from fastapi import APIRouter

from openscrip.api.asked import PersonAsked, RequestNamed
from openscrip.api.office import FrontOffice, PaperInvestors
from openscrip.api.requests import redemption_of, subscription_of
from openscrip.api.shapes import redemption_json, subscription_json
from openscrip.kernel.errors import refuse_unless


def paper_routes(office: FrontOffice, paper: PaperInvestors) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/clients")
    def take_on(asked: PersonAsked) -> dict[str, Any]:
        """Make an investor with a funded wallet on each chain."""
        return {"id": asked.id, "wallets": dict(paper.take_on(asked.person()))}

    @routes.post("/pay")
    def pay(asked: RequestNamed) -> dict[str, Any]:
        """The client's bank sends the deposit of a subscription, once."""
        row = subscription_of(office, asked.request_id)
        refuse_unless(row.state != "refused", "request.state", f"subscription: {row.id} was refused by {row.rule}")
        paper.pay(row)
        office.nudge()
        return subscription_json(row)

    @routes.post("/escrow")
    def escrow(asked: RequestNamed) -> dict[str, Any]:
        """The holder's wallet puts the tokens of a redemption into escrow."""
        row = redemption_of(office, asked.request_id)
        text = f"redemption: {row.id} was {row.state}; nothing was to be put into escrow"
        refuse_unless(row.state == "requested", "request.state", text)
        transaction = paper.escrow(row)
        office.nudge()
        return redemption_json(row) | {"transaction": transaction}

    return routes
