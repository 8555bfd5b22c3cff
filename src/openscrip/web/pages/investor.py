"""What an investor has and what happens with it: holdings, orders, dividends and splits, notices."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.assets import accounts
from openscrip.assets.stock import Stock
from openscrip.issuance.cancelling import RULE as CANCELLED
from openscrip.issuance.clients import ClientWallet
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.errors import Malformed, Unavailable, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.actions import ActionRecord, action_record, actions
from openscrip.records.holdings import wallets_of
from openscrip.records.orders import OrderRecord, order, orders
from openscrip.records.prices import Price, hour_at, price_of
from openscrip.runtime.store import View
from openscrip.web.notices import notices_of
from openscrip.web.office import Office
from openscrip.web.order_amounts import amounts_of
from openscrip.web.pages.practice import Nothing
from openscrip.web.rails import ChainFacts, ToSign
from openscrip.web.rule_words import words_of
from openscrip.web.shell.audit import record_alone
from openscrip.web.shell.forms import read
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of
from openscrip.web.shell.visitors import investor

OPEN_SHOWN = 20
LIVE_READS_MAX = 60
"""So many balances are read from the chains for one page; the rest is not shown as nothing, but as not read."""
DEALT_MAX, NEWEST_MAX = 50, 10
"""Of so many orders, the stocks of the newest are looked for on the chains: the index may not have read their mints yet."""
TRANSACTION_BYTES_MAX = 1_232


class SignedTransaction(BaseModel):
    """A signed Solana transaction, in base64."""

    transaction: Annotated[str, StringConstraints(max_length=2_000)]

    def content(self) -> bytes:
        """Its bytes. Raises `Malformed("solana.transaction")` for what cannot be a transaction."""
        try:
            signed = base64.b64decode(self.transaction, validate=True)
        except ValueError:
            raise Malformed("solana.transaction", "solana: what came was no base64") from None
        if len(signed) > TRANSACTION_BYTES_MAX:
            raise Malformed("solana.transaction", "solana: what came was too long for a transaction")
        return signed


@dataclass(frozen=True, slots=True)
class Place:
    """Tokens of one stock in one wallet."""

    chain: ChainFacts
    wallet: str
    raw: RawAmount
    shares: Shares


@dataclass(frozen=True, slots=True)
class Held:
    """One stock that a client holds: claim in shares (down), raw tokens, what it is worth, and where it lies.

    `coming` is the corporate action that will change the multiplier next, if one is under way.
    """

    stock: Stock
    raw: RawAmount
    shares: Shares
    price: Price
    value: Money | None
    places: tuple[Place, ...]
    coming: ActionRecord | None


def investor_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _holdings(routes)
    _orders(routes)
    _sending(routes)
    return routes


def holdings_of(office: Office, person: str) -> tuple[list[Held], bool]:
    """What a client holds now, read from the chains; and whether a chain did not answer, so that something may be missing."""
    now = office.now()
    with office.store.view() as view:
        wallets, stocks = wallets_of(view, person), view.rows(Stock)
        if len(wallets) * len(stocks) > LIVE_READS_MAX:
            stocks = _likely(
                office, stocks, wallets, [each.stock for each in orders(view, person=person, limit=DEALT_MAX).orders]
            )
    at = {stock.id: _places(office, stock, wallets) for stock in stocks}
    with office.store.view() as view:
        coming = {name: _coming(view, name) for name, (places, _) in at.items() if places}
    found, silent = [], False
    for stock in sorted(stocks, key=lambda each: each.id):
        places, missed = at[stock.id]
        silent = silent or missed
        raw = RawAmount(sum(each.raw.atoms for each in places))
        if not raw:
            continue
        claim, price = stock.multiplier.to_shares_down(raw), price_of(stock, stock.multiplier, now)
        value = price.value.proceeds_down(claim) if price.value is not None else None
        found.append(Held(stock, raw, claim, price, value, places, coming[stock.id]))
    return found, silent


def _likely(office: Office, stocks: Sequence[Stock], wallets: Sequence[ClientWallet], dealt: Sequence[str]) -> list[Stock]:
    """The stocks that may lie in the wallets: those of the newest orders, and whatever the index has seen come there."""
    names = {text for each in wallets for text in (each.wallet.address, each.wallet.address.lower())}
    seen = {(chain, token) for (chain, token, _), raw in office.public.index.held_by(sorted(names)).items() if raw}
    newest = set(list(dict.fromkeys(dealt))[:NEWEST_MAX])
    held = [each for each in stocks if not seen.isdisjoint(each.tokens)]
    more = [each for each in stocks if each.id in newest and seen.isdisjoint(each.tokens)]
    return (held + more)[: LIVE_READS_MAX // max(1, len(wallets))]


def _places(office: Office, stock: Stock, wallets: Sequence[ClientWallet]) -> tuple[tuple[Place, ...], bool]:
    found, silent, chains = [], False, office.rails.chains()
    for each in wallets:
        chain, address = each.wallet.chain, each.wallet.address
        if chain not in chains or chain not in dict(stock.tokens):
            continue
        try:
            raw = office.rails.tokens(stock, chain, address)
        except Unavailable:
            silent = True
            continue
        if raw:
            found.append(Place(chains[chain], address, raw, stock.multiplier.to_shares_down(raw)))
    return tuple(found), silent


def _coming(view: View, stock: str) -> ActionRecord | None:
    """The action that is under way, or the next that was announced."""
    found = [action_record(row) for row in actions(view, stock=stock, limit=10).rows]
    waiting = [
        each for each in found if not each.is_final and each.phase not in ("CONFLICT", "RESUMED", "VERIFIED", "EFFECTIVE")
    ]
    return min(waiting, key=lambda each: each.effective_at, default=None)


def _holdings(routes: APIRouter) -> None:
    @routes.get("/holdings")
    def holdings(request: Request) -> Response:
        """What do I own?"""
        who = investor(request)
        office = shell_of(request).office
        found, silent = holdings_of(office, who.person)
        with office.store.view() as view:
            latest = orders(view, person=who.person, limit=OPEN_SHOWN)
            wallets, coins = wallets_of(view, who.person), view.rows(Stablecoin)
        waiting = [each for each in latest.orders if not each.is_final]
        total = sum(each.value.atoms for each in found if each.value is not None)
        return page(
            request, "investor/holdings.html", private=True, holdings=found, waiting=waiting, silent=silent, total=Money(total),
            wallets=wallets, chains=office.rails.chains(), practice=office.practice is not None,
            purse=_purse(office, wallets, coins), venue=office.trading.is_open,
        )  # fmt: skip

    @routes.get("/dividends")
    def dividends(request: Request) -> Response:
        """What did I receive?"""
        who = investor(request)
        office = shell_of(request).office
        found, silent = holdings_of(office, who.person)
        with office.store.view() as view:
            dealt = {each.stock: each.asked_at for each in orders(view, person=who.person, limit=200).orders}
            events = {
                each.stock.id: [action_record(row) for row in actions(view, stock=each.stock.id, limit=50).rows]
                for each in found
            }
        return page(
            request, "investor/dividends.html", private=True, holdings=found, events=events, since=dealt, silent=silent,
            practice=office.practice is not None, standing=office.clock_mode != "live",
        )  # fmt: skip

    @routes.get("/notices")
    def notices(request: Request) -> Response:
        """What happened that I should know?"""
        who = investor(request)
        with shell_of(request).office.store.view() as view:
            found = notices_of(view, who.person)
        return page(request, "investor/notices.html", private=True, notices=found)


def _purse(
    office: Office, wallets: Sequence[ClientWallet], coins: Sequence[Stablecoin]
) -> list[tuple[ClientWallet, str, Money | None]]:
    """The coins in each wallet of a paper run, for its faucet; None where a chain does not answer."""
    if office.practice is None:
        return []
    found: list[tuple[ClientWallet, str, Money | None]] = []
    for each in wallets:
        for coin in coins:
            if coin.chain == each.wallet.chain:
                try:
                    held: Money | None = office.rails.coins(coin, each.wallet.address)
                except Unavailable:
                    held = None
                found.append((each, coin.asset.upper(), held))
    return found


def _orders(routes: APIRouter) -> None:
    @routes.get("/orders")
    def all_orders(request: Request, after: str = "") -> Response:
        """Every order, newest first."""
        who = investor(request)
        before = place_of(after)
        with shell_of(request).office.store.view() as view:
            found = orders(view, person=who.person, before=before, limit=25)
        return page(request, "investor/orders.html", private=True, orders=found.orders, next=found.next, first=bool(after))

    @routes.get("/orders/{order_id}")
    def one(request: Request, order_id: str, sent: str = "", cancel: str = "") -> Response:
        """Where is my order? `sent` says that a wallet has just sent what it waits for, `cancel` that it came too late."""
        who = investor(request)
        office = shell_of(request).office
        with office.store.view() as view:
            found = own_order(view, who.person, order_id)
            stock, coin = view.row(Stock, found.stock), _coin_of(view, found)
            row = view.row(Redemption, order_id) if found.side == "redeem" else None
        account = accounts.client_payable(order_id)
        movements = office.rails.movements([account])[account]
        return page(
            request, "investor/order.html", private=True, sent=bool(sent), order=found, stock=stock, coin=coin, redemption=row,
            amounts=amounts_of(order_id, movements), chains=office.rails.chains(), practice=office.practice is not None,
            standing=office.clock_mode != "live", words=words_of(found.rule) if found.rule not in ("", CANCELLED) else None,
            purse=_enough(office, found, coin), hour=hour_at(office.now(), office.calendar),
            not_cancelled=bool(cancel) and not found.can_cancel and found.rule != CANCELLED,
        )  # fmt: skip


def own_order(view: View, person: str, order_id: str) -> OrderRecord:
    """An order of this client's. Raises `Malformed("order.unknown")`, for another's as for none."""
    found = order(view, order_id)
    if found is None or found.person != person:
        raise Malformed("order.unknown", "order: there is none of that number here")
    return found


def _coin_of(view: View, found: OrderRecord) -> Stablecoin | None:
    return view.row(Stablecoin, f"{found.funding}:{found.pay_chain}") if found.pay_chain else None


def _enough(office: Office, found: OrderRecord, coin: Stablecoin | None) -> Money | None:
    """What is in the wallet that is to pay; None where nothing is to be paid in coins, or nobody could say."""
    if coin is None or found.state != "awaiting_payment":
        return None
    try:
        return office.rails.coins(coin, found.pay_wallet)
    except Unavailable:
        return None


def _sending(routes: APIRouter) -> None:
    @routes.post("/orders/{order_id}/transaction")
    def prepare(request: Request, order_id: str) -> Response:
        """What the wallet is asked to sign: the coins that an order waits for, or its tokens."""
        who = investor(request)
        read(request, Nothing, "send")
        return JSONResponse(_asked_of(shell_of(request).office, who.person, order_id).document())

    @routes.post("/orders/{order_id}/transaction/signed")
    def send(request: Request, order_id: str) -> Response:
        """Hand a signed Solana transaction in."""
        who = investor(request)
        asked = read(request, SignedTransaction, "send")
        office = shell_of(request).office
        _asked_of(office, who.person, order_id)
        sent = office.rails.send(asked.content())
        record_alone(request, "order.sent", order_id, {"transaction": sent})
        office.nudge()
        return JSONResponse({"id": sent})


def _asked_of(office: Office, person: str, order_id: str) -> ToSign:
    """What an order of this client's waits for. Raises `Malformed("order.unknown")`, `Refused("order.state")`."""
    with office.store.view() as view:
        found = own_order(view, person, order_id)
        coin, stock = _coin_of(view, found), view.row(Stock, found.stock)
        paying, redeeming = view.row(Subscription, order_id), view.row(Redemption, order_id)
    if paying is not None and coin is not None:
        refuse_unless(
            paying.state == "awaiting_payment", "order.state", "order: it was paid already; nothing more is to be sent"
        )
        return office.rails.deposit(paying, coin)
    waiting = redeeming is not None and redeeming.state == "requested" and stock is not None
    refuse_unless(waiting, "order.state", "order: it waits for nothing that a wallet could send")
    if redeeming is None or stock is None:
        raise LookupError("order: a redemption without its stock")
    return office.rails.escrow(redeeming, stock)
