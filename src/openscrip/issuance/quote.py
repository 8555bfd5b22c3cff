"""A quote: what a request would cost or bring at this moment, promised until it expires, and used once.

    open > used          refused

An instant quote fixes the price: shares out of settled inventory, which are set aside when the quote is used. An
order-through quote fixes fees and a limit: the order is worked at the broker and what it costs is charged. A redemption's
quote fixes the fees; what the sale brings is known when it is done.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from openscrip.assets.stock import Stock
from openscrip.issuance.terms import Hours, Rates, Terms
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares


class QuoteSide(StrEnum):
    """Money into tokens, or back."""

    SUBSCRIBE = "subscribe"
    REDEEM = "redeem"


class QuoteMode(StrEnum):
    """Out of settled inventory at once, or through an order at the broker."""

    INSTANT = "instant"
    ORDER_THROUGH = "order_through"


@dataclass(frozen=True, slots=True)
class Quote:
    """Row: `shares` of `stock` for `amount`: what is to be paid in, or what about is paid out.

    `price` is the reference, `unit_price` the one that the shares are charged at (instant) or at most bought at.
    """

    id: str
    stock: str
    person: str
    side: QuoteSide
    mode: QuoteMode
    shares: Shares
    price: PricePerShare
    unit_price: PricePerShare
    amount: Money
    rates: Rates
    asked_at: int
    expires_at: int
    state: str = "open"
    used_by: str = ""
    rule: str = ""
    reason: str = ""


def offer(
    quote_id: str, person: str, stock: Stock, side: QuoteSide, mode: QuoteMode, wanted: Shares | Money, terms: Terms,
    hours: Hours, now: int,
) -> Quote:  # fmt: skip
    """What `wanted` shares cost or bring, or how many shares an amount buys; not checked against any limit."""
    rates = terms.rates(hours)
    instant = mode is QuoteMode.INSTANT
    price = stock.price
    if side is QuoteSide.REDEEM:
        unit, shares = price, wanted if isinstance(wanted, Shares) else Shares(0)
        gross = price.proceeds_down(shares)
        amount = gross - min(rates.fee_up(gross), gross)
    else:
        unit = price.plus_up(rates.spread if instant else terms.cushion)
        shares = terms.shares_down(wanted, price, rates, instant=instant) if isinstance(wanted, Money) else wanted
        amount = rates.instant_up(shares, price) if instant else terms.deposit_up(shares, price, rates)
    life_s = terms.at(hours).quote_life_s
    return Quote(quote_id, stock.id, person, side, mode, shares, price, unit, amount, rates, now, now + life_s)


def check(quote: Quote, stock: Stock, terms: Terms) -> None:
    """Raise `Refused` or `Malformed` for what is not offered: size, value, hours, inventory."""
    terms.check_size(quote.shares)
    terms.check_value(stock.price.cost_up(quote.shares), Hours(quote.rates.hours))
    refuse_unless(stock.is_open, "quote.waiting", f"quote: {stock.id} waited for {', '.join(stock.frozen_by) or 'its chains'}")
    refuse_unless(
        quote.mode is QuoteMode.ORDER_THROUGH or quote.shares <= stock.free,
        "inventory.short",
        f"quote: {quote.shares} shares at once were asked, {stock.free} were in inventory; ask for order_through",
    )


def used(quote: Quote | None, named: str, by: str, wanted: tuple[object, ...], now: int) -> Quote:
    """The quote as used by a request for exactly what it says. Raises `Refused` with its rule."""
    if quote is None or quote.state == "refused":
        raise Refused("quote.unknown", f"quote: {named!a:.80} was never given; ask for one")
    refuse_unless(quote.state == "open", "quote.used", f"quote: {named} was used before; ask for another")
    promised = (quote.person, quote.stock, quote.side, quote.mode, quote.shares)
    refuse_unless(promised == wanted, "quote.content", f"quote: {named} was for {_words(quote)}, the request was for another")
    refuse_unless(now < quote.expires_at, "quote.expired", f"quote: {named} expired at {quote.expires_at}, it was {now}")
    return replace(quote, state="used", used_by=by)


def _words(quote: Quote) -> str:
    return f"{quote.person} to {quote.side} {quote.shares} {quote.stock} {quote.mode}"
