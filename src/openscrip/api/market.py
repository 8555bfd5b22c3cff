"""Routes of the primary market's operation: quotes, deposits of stablecoin, suspense, conversions, terms."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openscrip.api.asked import ConversionAsked, DepositDecision, QuoteAsked
from openscrip.api.failures import failure
from openscrip.api.office import FrontOffice
from openscrip.api.shapes import Json, plain
from openscrip.assets import accounts
from openscrip.assets.bank import ConversionSide
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.conversion import Conversion
from openscrip.issuance.deposits import CoinDeposit, Judged
from openscrip.issuance.quote import Quote, QuoteMode, QuoteSide
from openscrip.issuance.terms import TermsVersion
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.store import View

IN_SUSPENSE = ("suspense", "kept", "returning", "return_waits")


def market_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    _quotes(office, routes)
    _deposits(office, routes)
    _conversions(office, routes)

    @routes.get("/terms")
    def terms() -> list[Json]:
        """Every version of the terms that was ever in force, oldest first."""
        with office.store.view() as view:
            rows = sorted(view.rows(TermsVersion), key=lambda row: row.terms.version)
        return [{"version": row.terms.version, "since": iso(row.since), "terms": plain(row.terms)} for row in rows]

    return routes


def _quotes(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/quotes")
    def quote(asked: QuoteAsked) -> JSONResponse:
        """Promise a price, or fees, until it expires; a subscription or redemption may name it, once."""
        wanted = _wanted(asked)
        side, mode = QuoteSide(asked.side), QuoteMode(asked.mode)
        row = office.market.quote(asked.id, asked.client, asked.stock, side, mode, wanted)
        body = quote_json(row)
        if row.state == "refused":
            return failure(422, row.rule, row.reason, quote=body)
        return JSONResponse(body)

    @routes.get("/quotes/{quote_id}")
    def one(quote_id: str) -> Json:
        """One quote, and which request used it."""
        with office.store.view() as view:
            row = view.row(Quote, quote_id)
        if row is None:
            raise Malformed("quote.unknown", f"quote: {quote_id!a:.80} was never given")
        return quote_json(row)


def _wanted(asked: QuoteAsked) -> Shares | Money:
    if bool(asked.shares) == bool(asked.amount_usd):
        raise Malformed("quote.amount", "quote: shares and amount_usd were both given, or none; give one")
    if asked.side == "redeem" and not asked.shares:
        raise Malformed("quote.amount", "quote: a redemption is asked for in shares")
    if asked.side == "redeem" and asked.mode == "instant":
        raise Malformed("quote.mode", "quote: a redemption is sold through an order; ask for order_through")
    return Shares.parse(asked.shares) if asked.shares else Money.parse(asked.amount_usd)


def _deposits(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/stablecoins")
    def coins() -> list[Json]:
        """The coins that are accepted, where to send them, and what the books have there."""
        with office.store.view() as view:
            return [_coin_json(view, coin) for coin in view.rows(Stablecoin)]

    @routes.get("/deposits")
    def deposits(state: str | None = None) -> list[Json]:
        """Every deposit of coins, oldest first."""
        with office.store.view() as view:
            return [plain(row) for row in view.rows(CoinDeposit, state=state)]

    @routes.get("/suspense")
    def suspense() -> Json:
        """What is nobody's yet, or on its way back; rows and ledger agree (L8), or the difference is told."""
        with office.store.view() as view:
            return suspense_json(view)

    @routes.post("/deposits/decisions")
    def decide(asked: DepositDecision) -> Json:
        """Return a deposit in suspense to its sender, or keep it where it is."""
        with office.store.transaction() as unit:
            if unit.row(CoinDeposit, asked.id) is None:
                raise Malformed("deposit.unknown", f"deposit: {asked.id!a:.160} never came")
            office.books.tell(unit, CoinDeposit, asked.id, Judged(asked.decision, asked.by, asked.reason))
            row = unit.row(CoinDeposit, asked.id)
        office.nudge()
        return dict(plain(row))


def _conversions(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/conversions")
    def convert(asked: ConversionAsked) -> Json:
        """Start a conversion; it is carried out under two keys and within a day's limit."""
        side, amount = ConversionSide(asked.side), Money.parse(asked.amount_usd)
        row = office.coins.convert(asked.id, side, asked.asset, asked.chain, amount, asked.by, asked.reason)
        office.nudge()
        return dict(plain(row))

    @routes.get("/conversions")
    def conversions(state: str | None = None) -> list[Json]:
        """Every conversion, oldest first."""
        with office.store.view() as view:
            return [plain(row) for row in view.rows(Conversion, state=state)]


def quote_json(row: Quote) -> Json:
    """A quote with its instants in ISO 8601."""
    times = {"asked_at": iso(row.asked_at), "expires_at": iso(row.expires_at)}
    return {**plain(row), "amount_usd": str(row.amount), **times}


def _coin_json(view: View, coin: Stablecoin) -> Json:
    there = view.balance(accounts.stable(coin.asset, coin.chain))
    return {
        "asset": coin.asset, "chain": coin.chain, "token": coin.token, "deposit_address": coin.treasury, "decimals": 6,
        "in_treasury": str(Money(there.debit)),
    }  # fmt: skip


def suspense_json(view: View) -> Json:
    """Open deposits by row and by ledger."""
    rows = [row for state in IN_SUSPENSE for row in view.rows(CoinDeposit, state=state)]
    by_rows = sum(row.amount.atoms for row in rows)
    balances: dict[str, Any] = dict(view.balances("USD"))
    by_ledger = sum(each.credit for name, each in balances.items() if name.startswith("USD/suspense:"))
    return {
        "deposits": [plain(row) for row in rows],
        "total": str(Money(by_rows)),
        "ledger": str(Money(by_ledger)),
        "agrees": by_rows == by_ledger,
    }
