"""`/client`: what a client holds and asked for, quotes, subscriptions, redemptions, papers. Of the key's owner alone."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathPart

from openscrip.api.keys import Caller, caller_with
from openscrip.api.private import shapes
from openscrip.api.public.answers import failures
from openscrip.api.public.asset_shapes import when
from openscrip.api.public.assets import Assets
from openscrip.api.public.limits import Buckets
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.paging import After, Limit, cursor_of, number_of
from openscrip.issuance.primary_market import PaidBy
from openscrip.issuance.quote import Quote, QuoteMode, QuoteSide
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.holdings import Holding, holdings
from openscrip.records.orders import OrderRecord, order, orders
from openscrip.runtime.api_keys import Scope

RequestId = Annotated[str, PathPart(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["sub-1"])]


class Client:
    """What the routes share."""

    def __init__(self, office: ApiOffice, buckets: Buckets) -> None:
        self.office = office
        self.assets = Assets(office)
        self.reads = Depends(caller_with(office.store, Scope.READ, buckets))
        self.trades = Depends(caller_with(office.store, Scope.TRADE, buckets))

    def mine(self, caller: Caller, order_id: str) -> OrderRecord:
        """An order of the caller's. Raises `Malformed("order.unknown")` for another's as for none."""
        with self.office.store.view() as view:
            found = order(view, order_id)
        if found is None or found.person != caller.person:
            raise Malformed("order.unknown", f"order: {order_id!a:.70} is not one of yours")
        return found

    def shown(self, row: OrderRecord) -> shapes.OrderShape:
        """An order as it is answered."""
        network = self.office.networks.get(row.chain)
        return shapes.order_shape(row, network.caip2 if network else row.chain)

    def symbol(self, name: str) -> str:
        """The share's symbol. Raises `Malformed("symbol.unknown")`."""
        with self.office.store.view() as view:
            return self.assets.one(view, name).symbol

    def taken(self, row: Subscription | Redemption, caller: Caller) -> shapes.OrderShape:
        """The order that was just taken. Raises `Refused` with its rule if it was refused; that is recorded."""
        self.office.nudge()
        if row.state == "refused":
            raise Refused(row.rule, row.reason)
        return self.shown(self.mine(caller, row.id))


def client_routes(office: ApiOffice, buckets: Buckets) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["client"])
    client = Client(office, buckets)
    _reading(client, routes)
    _papers(client, routes)
    _asking(client, routes)
    return routes


def _reading(client: Client, routes: APIRouter) -> None:
    office = client.office

    @routes.get("/me", responses=failures(401, 403))
    def read_me(caller: Caller = client.reads) -> shapes.Me:
        """Whose key this is, and what it may do."""
        return shapes.Me(client=caller.person, key_id=caller.key, scopes=list(caller.scopes))

    @routes.get("/holdings", responses=failures(401, 403))
    def list_holdings(caller: Caller = client.reads) -> shapes.HoldingList:
        """Raw tokens in the wallets that you signed for, by the index, and the shares that they claim."""
        with office.store.view() as view:
            found = holdings(view, caller.person, office.now(), office.networks, office.balances)
        items = [_holding_shape(each) for each in found]
        return shapes.HoldingList(items=items, next=None, total=len(items))

    @routes.get("/orders", responses=failures(401, 403))
    def list_orders(after: After = None, limit: Limit = 50, caller: Caller = client.reads) -> shapes.OrderList:
        """Your subscriptions and redemptions, the newest first."""
        with office.store.view() as view:
            page = orders(view, person=caller.person, before=number_of(after), limit=limit)
        items = [client.shown(each) for each in page.orders]
        return shapes.OrderList(items=items, next=None if page.next is None else cursor_of(page.next), total=None)

    @routes.get("/orders/{request_id}", responses=failures(401, 403, 404))
    def read_order(request_id: RequestId, caller: Caller = client.reads) -> shapes.OrderShape:
        """One order with everything that happened."""
        return client.shown(client.mine(caller, request_id))

    @routes.get("/quotes/{quote_id}", responses=failures(401, 403, 404))
    def read_quote(quote_id: RequestId, caller: Caller = client.reads) -> shapes.QuoteShape:
        """One quote of yours, and which request used it."""
        with office.store.view() as view:
            row = view.row(Quote, quote_id)
        if row is None or row.person != caller.person:
            raise Malformed("quote.unknown", f"quote: {quote_id!a:.70} is not one of yours")
        return shapes.quote_shape(row)


def _papers(client: Client, routes: APIRouter) -> None:
    @routes.get("/documents", responses=failures(401, 403))
    def list_documents(after: After = None, limit: Limit = 50, caller: Caller = client.reads) -> shapes.DocumentList:
        """Receipts of your orders that are done, the newest first. A page may be short: what is not done has none."""
        with client.office.store.view() as view:
            page = orders(view, person=caller.person, before=number_of(after), limit=limit)
        items = [
            shapes.Document(
                id=each.id, kind="receipt", title=f"{'Subscription' if each.side == 'subscribe' else 'Redemption'} {each.id}",
                at=when(each.events[-1].at if each.events else each.asked_at) or "",
            )
            for each in page.orders
            if each.code == "COMPLETED"
        ]  # fmt: skip
        return shapes.DocumentList(items=items, next=None if page.next is None else cursor_of(page.next), total=None)

    @routes.get("/documents/{request_id}", responses=failures(401, 403, 404))
    def read_document(request_id: RequestId, caller: Caller = client.reads) -> shapes.OrderShape:
        """The receipt of an order that is done."""
        found = client.mine(caller, request_id)
        if found.code != "COMPLETED":
            raise Malformed("document.unknown", f"document: order {request_id} is not done; it has no receipt yet")
        return client.shown(found)


def _asking(client: Client, routes: APIRouter) -> None:
    office = client.office

    @routes.post("/quotes", responses=failures(401, 403, 404, 409, 413, 422))
    def ask_quote(asked: shapes.QuoteAsked, caller: Caller = client.trades) -> shapes.QuoteShape:
        """Ask for a price, or fees, until it expires. A refusal is recorded with its rule."""
        if (asked.shares is None) == (asked.amount_usd is None):
            raise Malformed("quote.amount", "quote: shares and amountUsd were both given, or none; give one")
        if asked.side == "redeem" and (asked.shares is None or asked.mode == "instant"):
            raise Malformed("quote.mode", "quote: a redemption is quoted in shares, and as order_through")
        wanted = Shares.parse(asked.shares) if asked.shares is not None else Money.parse(asked.amount_usd)
        side, mode = QuoteSide(asked.side), QuoteMode(asked.mode)
        row = office.market.quote(asked.id, caller.person, client.symbol(asked.symbol), side, mode, wanted)
        if row.state == "refused":
            raise Refused(row.rule, row.reason)
        return shapes.quote_shape(row)

    @routes.post("/subscriptions", responses=failures(401, 403, 404, 409, 413, 422))
    def subscribe(asked: shapes.SubscriptionAsked, caller: Caller = client.trades) -> shapes.OrderShape:
        """Ask for tokens. The same `requestId` with the same content is the same order, with other content 409."""
        chain = client.assets.network(asked.network).name
        paid_by = None
        if asked.funding != "bank":
            pay_chain = client.assets.network(asked.pay_network).name if asked.pay_network else chain
            paid_by = PaidBy(asked.funding, pay_chain, asked.pay_wallet or asked.wallet)
        row = office.market.subscribe(
            asked.request_id, caller.person, client.symbol(asked.symbol), chain, asked.wallet, Shares.parse(asked.shares),
            asked.at_once, asked.quote or "", paid_by,
        )  # fmt: skip
        return client.taken(row, caller)

    @routes.post("/redemptions", responses=failures(401, 403, 404, 409, 413, 422))
    def redeem(asked: shapes.RedemptionAsked, caller: Caller = client.trades) -> shapes.OrderShape:
        """Give tokens back. The request has its place in line; it starts when the wallet puts the tokens into escrow."""
        row = office.market.redeem(
            asked.request_id, caller.person, client.symbol(asked.symbol), client.assets.network(asked.network).name,
            asked.wallet, RawAmount.parse(asked.raw), RedemptionKind[asked.kind.upper()], asked.deliver_to or "",
            asked.quote or "", asked.paid_in,
        )  # fmt: skip
        return client.taken(row, caller)

    @routes.post("/orders/{request_id}/cancel", responses=failures(401, 403, 404, 422))
    def cancel_order(request_id: RequestId, caller: Caller = client.trades) -> shapes.OrderShape:
        """Take an order back that is not paid, or whose tokens are not being burned yet. Sent again it is the same answer.

        What had come, or still comes, goes back as it came.
        """
        office.market.cancel(request_id, caller.person)
        office.nudge()
        return client.shown(client.mine(caller, request_id))


def _holding_shape(each: Holding) -> shapes.HoldingShape:
    """What is not known is null: a price that never came has no value."""
    return shapes.HoldingShape(
        symbol=each.token_symbol,
        network=each.network.caip2,
        wallet=each.wallet,
        raw=str(each.raw),
        shares=str(each.shares_down),
        multiplier=str(each.multiplier),
        multiplier_version=each.multiplier.version,
        price_per_share=None if each.price.value is None else str(each.price.value),
        price_as_of=when(each.price.as_of),
        value_usd=None if each.value_micros_down is None else format_decimal(each.value_micros_down, 6),
    )
