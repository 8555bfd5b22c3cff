"""Routes of clients: taking them on, subscriptions, redemptions, and who was refused.

A request that a rule refuses is recorded and answered 422 with the rule; asked again it gets the same answer.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openscrip.api.asked import CancelAsked, ClientAsked, RedemptionAsked, SubscriptionAsked
from openscrip.api.failures import failure
from openscrip.api.office import FrontOffice
from openscrip.api.shapes import redemption_json, refusal_json, subscription_json
from openscrip.issuance.cancelling import RULE as CANCELLED
from openscrip.issuance.clients import Client
from openscrip.issuance.onboarding import refuse_unsigned, wallets_of
from openscrip.issuance.primary_market import PaidBy
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Malformed
from openscrip.kernel.quantities import RawAmount, Shares


def requests(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _clients(office, routes)
    _subscriptions(office, routes)
    _redemptions(office, routes)
    _cancelling(office, routes)

    @routes.get("/refusals")
    def refusals() -> list[dict[str, Any]]:
        """Everybody who was refused, and by which rule; who cancelled was not."""
        with office.store.view() as view:
            rows: list[Subscription | Redemption] = [*view.rows(Subscription, state="refused")]
            rows += view.rows(Redemption, state="refused")
        return [refusal_json(row) for row in sorted(rows, key=lambda row: row.asked_at) if row.rule != CANCELLED]

    return routes


def _clients(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/clients")
    def onboard(asked: ClientAsked) -> dict[str, Any]:
        """Take a client on with wallets whose own keys signed the sentence of ownership."""
        refuse_unsigned(asked.id, {each.chain: (each.address, each.signature) for each in asked.wallets})
        with office.store.transaction() as unit:
            wallets = {each.chain: each.address for each in asked.wallets}
            client = office.room.compliance.take_on(unit, asked.person(), wallets)
            return {"id": client.id, "state": client.state, "wallets": wallets_of(unit, client.id)}

    @routes.get("/clients/{client_id}")
    def client(client_id: str) -> dict[str, Any]:
        """A client's state and the wallet on each chain; no particulars."""
        with office.store.view() as view:
            row = view.row(Client, client_id)
            if row is None:
                raise Malformed("client.unknown", f"client: {client_id!a:.80} was not taken on")
            return {"id": row.id, "state": row.state, "wallets": wallets_of(view, row.id)}


def _subscriptions(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/subscriptions")
    def subscribe(asked: SubscriptionAsked) -> JSONResponse:
        """Ask for tokens against money; the answer names the deposit to pay with the request's id as reference."""
        row = office.market.subscribe(
            asked.request_id, asked.client, asked.stock, asked.chain, asked.wallet, Shares.parse(asked.shares), asked.at_once,
            asked.quote, _paid_by(asked),
        )  # fmt: skip
        office.nudge()
        return _answered(row.rule if row.state == "refused" else "", row.reason, subscription_json(row))

    @routes.get("/subscriptions")
    def subscriptions(state: str | None = None, stock: str | None = None) -> list[dict[str, Any]]:
        """All subscriptions, oldest first."""
        with office.store.view() as view:
            return [subscription_json(row) for row in view.rows(Subscription, stock=stock, state=state)]

    @routes.get("/subscriptions/{request_id}")
    def subscription(request_id: str) -> dict[str, Any]:
        """One subscription."""
        return subscription_json(subscription_of(office, request_id))


def _cancelling(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/cancellations")
    def cancel(asked: CancelAsked) -> dict[str, Any]:
        """Take an order of a client's back, while it is not paid or its tokens are not being burned; what came goes back."""
        row = office.market.cancel(asked.request_id, asked.client)
        office.nudge()
        return subscription_json(row) if isinstance(row, Subscription) else redemption_json(row)


def _redemptions(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/redemptions")
    def redeem(asked: RedemptionAsked) -> JSONResponse:
        """Ask for shares or money against tokens; it starts when the wallet puts them into escrow."""
        row = office.market.redeem(
            asked.request_id,
            asked.client,
            asked.stock,
            asked.chain,
            asked.wallet,
            RawAmount.parse(asked.raw),
            RedemptionKind[asked.kind.upper()],
            asked.deliver_to,
            asked.quote,
            asked.paid_in,
        )
        office.nudge()
        return _answered(row.rule if row.state == "refused" else "", row.reason, redemption_json(row))

    @routes.get("/redemptions")
    def redemptions(state: str | None = None, stock: str | None = None) -> list[dict[str, Any]]:
        """All redemptions, oldest first."""
        with office.store.view() as view:
            return [redemption_json(row) for row in view.rows(Redemption, stock=stock, state=state)]

    @routes.get("/redemptions/{request_id}")
    def redemption(request_id: str) -> dict[str, Any]:
        """One redemption."""
        return redemption_json(redemption_of(office, request_id))


def _paid_by(asked: SubscriptionAsked) -> PaidBy | None:
    if asked.funding == "bank":
        return None
    return PaidBy(asked.funding, asked.pay_chain or asked.chain, asked.pay_wallet or asked.wallet)


def subscription_of(office: FrontOffice, request_id: str) -> Subscription:
    """The subscription. Raises `Malformed("request.unknown")`."""
    with office.store.view() as view:
        row = view.row(Subscription, request_id)
    if row is None:
        raise Malformed("request.unknown", f"subscription: {request_id!a:.80} was not asked for")
    return row


def redemption_of(office: FrontOffice, request_id: str) -> Redemption:
    """The redemption. Raises `Malformed("request.unknown")`."""
    with office.store.view() as view:
        row = view.row(Redemption, request_id)
    if row is None:
        raise Malformed("request.unknown", f"redemption: {request_id!a:.80} was not asked for")
    return row


def _answered(rule: str, reason: str, body: dict[str, Any]) -> JSONResponse:
    return failure(422, rule, reason, request=body) if rule else JSONResponse(body)
