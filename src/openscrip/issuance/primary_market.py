"""The door to the primary market: a request is screened, recorded with its place, and answered; the same id once.

The same id with the same content gets the same answer; with other content it is a `Conflict("request.conflict")`. A refusal
is recorded with its rule (I9).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from openscrip.assets.actions import CancelAsked
from openscrip.assets.stock import Stock
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.deposits import expect
from openscrip.issuance.news import ChainName
from openscrip.issuance.quote import Quote, QuoteMode, QuoteSide, check, offer, used
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription, subscribe
from openscrip.issuance.subscription_promise import priced
from openscrip.issuance.terms import Hours, Terms, View
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Conflict, Malformed, Refused, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.store import Store, Unit
from openscrip.runtime.store import View as StoreView


@dataclass(frozen=True, slots=True)
class Asked:
    """What is screened: who wants what with which wallet, worth about `value`. `side` is `subscribe` or `redeem`."""

    side: str
    person: str
    stock: str
    chain: str
    wallet: str
    value: Money


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """Fact: somebody was refused, by which rule; nothing else happened."""

    id: str
    person: str
    stock: str
    rule: str
    text: str


R = TypeVar("R", Subscription, Redemption, Quote)
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RESERVED_IDS = frozenset({"inventory", "capital"})
"""What shares and cash are wanted by that belong to no client. Ids of corporate actions have dots, those of requests none."""


@dataclass(frozen=True, slots=True)
class PaidBy:
    """Who pays in coins: `wallet`, the client's own, on `chain`, with the stablecoin `asset`."""

    asset: str
    chain: str
    wallet: str


WalletOwner = Callable[[StoreView, str, str], str]
"""The client who signed for a wallet, by chain and address; empty for nobody's."""

Screen = Callable[[Unit, Asked], None]
"""Raises `Refused` with the rule that forbids the request."""


class PrimaryMarket:
    """Takes requests. `screen` is compliance, `now` market time."""

    def __init__(
        self, store: Store, books: Books, screen: Screen, terms: Terms, now: Callable[[], int],
        hours: Callable[[int], Hours] = lambda at: Hours.MARKET, owner: WalletOwner | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._books = books
        self._screen = screen
        self._terms = terms
        self._now = now
        self._hours = hours
        self._owner = owner

    def quote(self, quote_id: str, person: str, stock: str, side: QuoteSide, mode: QuoteMode, wanted: Shares | Money) -> Quote:
        """Promise what `wanted` shares cost or bring, or what an amount buys; `state` and `rule` tell a refusal.

        Raises `Conflict`, `Malformed`.
        """
        fingerprint = _fingerprint("quote", person, stock, side, mode, type(wanted).__name__, str(wanted))
        with self._store.transaction() as unit:
            known = _known(unit, Quote, quote_id, fingerprint)
            if known is not None:
                return known
            listed, now = _listed(unit, stock), self._now()
            row = offer(quote_id, person, listed, side, mode, wanted, self._terms, self._hours(now), now)
            try:
                check(row, listed, self._terms)
                decision = Decision((row,))
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                decision = Decision((refused,), facts=(_refusal(quote_id, person, stock, refusal),))
            self._books.record(unit, decision)
            return _must(unit.row(Quote, quote_id))

    def subscribe(
        self,
        request_id: str,
        person: str,
        stock: str,
        chain: str,
        wallet: str,
        shares: Shares,
        at_once: bool = False,
        quote: str = "",
        paid_by: PaidBy | None = None,
    ) -> Subscription:
        """Accept or refuse a subscription; the answer says in `state` and `rule` which. Raises `Conflict`, `Malformed`.

        `quote` names the quote that it uses, `paid_by` the coins that pay for it; without, the bank does.
        """
        more = (quote, *((paid_by.asset, paid_by.chain, paid_by.wallet) if paid_by else ())) if quote or paid_by else ()
        fingerprint = _fingerprint("subscribe", person, stock, chain, wallet, str(shares), str(at_once), *more)
        with self._store.transaction() as unit:
            known = _known(unit, Subscription, request_id, fingerprint)
            if known is not None:
                return known
            listed, now = _listed(unit, stock), self._now()
            row = _asked_now(
                Subscription(
                    request_id, stock, person, chain, wallet, shares, listed.price, Money(0), at_once, now, listed.epoch,
                    quote=quote,
                ),
                paid_by, self._terms, self._hours(now),
            )  # fmt: skip
            try:
                decision = self._accepted(unit, row, listed)
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                decision = Decision((refused,), facts=(_refusal(request_id, person, stock, refusal),))
            self._books.record(unit, decision)
            return _must(unit.row(Subscription, request_id))

    def _accepted(self, unit: Unit, row: Subscription, listed: Stock) -> Decision:
        """What taking a subscription changes. Raises `Refused` with the rule that forbids it."""
        ended = f"stock: {listed.id} matured; its tokens can only be redeemed"
        refuse_unless(not listed.payout.micros and not listed.last_coupon.micros, "stock.matured", ended)
        taken = Decision()
        if row.quote:
            mode = QuoteMode.INSTANT if row.at_once else QuoteMode.ORDER_THROUGH
            wanted = (row.person, row.stock, QuoteSide.SUBSCRIBE, mode, row.shares)
            quote = used(unit.row(Quote, row.quote), row.quote, row.id, wanted, row.asked_at)
            row, taken = priced(row, quote), Decision((quote,))
        if row.in_coins:
            owner = self._owner(unit, row.pay_chain, row.pay_wallet) if self._owner else row.person
            text = f"funding: {row.pay_wallet} on {row.pay_chain} was not a wallet of {row.person}; pay from one that is"
            refuse_unless(owner == row.person, "funding.wallet", text)
            taken += expect(unit, row)
        decision = taken + subscribe(row, View(row.asked_at, listed, self._terms))
        self._screen(unit, Asked("subscribe", row.person, row.stock, row.chain, row.wallet, row.deposit))
        self._terms.check_value(listed.price.cost_up(row.shares), Hours(row.rates.hours))
        return decision

    def redeem(
        self,
        request_id: str,
        person: str,
        stock: str,
        chain: str,
        wallet: str,
        raw: RawAmount,
        kind: RedemptionKind,
        deliver_to: str = "",
        quote: str = "",
        paid_in: str = "bank",
    ) -> Redemption:
        """Record a redemption with its place in line; it starts when the wallet puts the tokens into escrow.

        `quote` names the quote whose fees it pays, `paid_in` the stablecoin that reaches the wallet; without, the bank pays.
        """
        more = (quote, paid_in) if quote or paid_in != "bank" else ()
        fingerprint = _fingerprint("redeem", person, stock, chain, wallet, str(raw), kind.name, deliver_to, *more)
        with self._store.transaction() as unit:
            known = _known(unit, Redemption, request_id, fingerprint)
            if known is not None:
                return known
            listed = _listed(unit, stock)
            value = listed.price.proceeds_down(listed.multiplier.to_shares_down(raw))
            row = Redemption(
                request_id, stock, person, chain, wallet, raw, kind, deliver_to, unit.next_number("place"), self._now(),
                rates=self._terms.rates(self._hours(self._now())), quote=quote, paid_in=paid_in,
            )  # fmt: skip
            try:
                self._check_redemption(row, listed)
                row, taken = self._priced_redemption(unit, row, listed)
                self._screen(unit, Asked("redeem", person, stock, chain, wallet, value))
                decision = taken + Decision((row, ChainName(chain_hash(request_id).hex(), request_id, stock)))
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                decision = Decision((refused,), facts=(_refusal(request_id, person, stock, refusal),))
            self._books.record(unit, decision)
            return _must(unit.row(Redemption, request_id))

    def cancel(self, request_id: str, person: str) -> Subscription | Redemption:
        """Undo an order of `person`'s, once; asked again it is the same answer.

        Raises `Malformed("order.unknown")` for another's as for none, and `Refused("order.under_way")`, which is recorded.
        """
        with self._store.transaction() as unit:
            row = _order(unit, request_id, person)
            try:
                self._books.tell(unit, type(row), request_id, CancelAsked())
            except Refused as refusal:
                refused = refusal
                self._books.record(unit, Decision(facts=(_refusal(request_id, person, row.stock, refusal),)))
            else:
                return _order(unit, request_id, person)
        raise refused

    def _priced_redemption(self, unit: Unit, row: Redemption, stock: Stock) -> tuple[Redemption, Decision]:
        """The redemption at its quote's rates, to be paid in a coin that is accepted on its chain.

        Raises `Refused("funding.unknown")`, or the quote's rule.
        """
        coin = unit.row(Stablecoin, f"{row.paid_in}:{row.chain}") if row.paid_in != "bank" else None
        text = f"funding: {row.paid_in!a:.20} on {row.chain} was not accepted here"
        refuse_unless(row.paid_in == "bank" or coin is not None, "funding.unknown", text)
        if not row.quote:
            return row, Decision()
        shares = stock.multiplier.to_shares_down(row.raw)
        wanted = (row.person, row.stock, QuoteSide.REDEEM, QuoteMode.ORDER_THROUGH, shares)
        quote = used(unit.row(Quote, row.quote), row.quote, row.id, wanted, row.asked_at)
        return replace(row, rates=quote.rates), Decision((quote,))

    def _check_redemption(self, row: Redemption, stock: Stock) -> None:
        """Whole multiples of 1e-8 raw that are worth something; in kind from one share, to a named account."""
        stock.token(row.chain)
        refuse_unless(bool(row.raw.grains), "amount.size", "redemption: the amount was zero")
        claim = stock.multiplier.to_shares_down(row.raw)
        refuse_unless(bool(claim), "amount.size", f"redemption: {row.raw} raw was worth less than an atom of a share")
        if row.kind is RedemptionKind.IN_KIND:
            refuse_unless(claim >= Shares.whole(1), "amount.size", f"redemption: in kind starts at 1 share, {claim} were asked")
            refuse_unless(bool(row.deliver_to), "account.missing", "redemption: in kind needs an account to deliver to")


def _asked_now(row: Subscription, paid_by: PaidBy | None, terms: Terms, hours: Hours) -> Subscription:
    """A subscription at the rates of these hours, with the time that its money has where a price or coins wait for it."""
    rates = terms.rates(hours)
    row = replace(row, rates=rates, deposit=terms.deposit_up(row.shares, row.price, rates))
    if paid_by is not None:
        coins = replace(row, funding=paid_by.asset, pay_chain=paid_by.chain, pay_wallet=paid_by.wallet)
        return replace(coins, expires_at=row.asked_at + terms.stable_within_s)
    return replace(row, expires_at=row.asked_at + terms.bank_within_s) if row.at_once or row.quote else row


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _known(unit: Unit, kind: type[R], request_id: str, fingerprint: str) -> R | None:
    """The earlier answer to the same request. Raises `Conflict("request.conflict")` for other content."""
    if _REQUEST_ID.fullmatch(request_id) is None or request_id in RESERVED_IDS:
        raise Malformed("request.id", f"request: {request_id!a:.80} was not 1 to 64 letters, digits, '-' or '_'")
    try:
        unit.use_once("request", request_id, fingerprint)
    except Refused as refusal:
        raise Conflict("request.conflict", f"request: {request_id} was used for another request") from refusal
    return unit.row(kind, request_id)


def _listed(unit: Unit, symbol: str) -> Stock:
    stock = unit.row(Stock, symbol)
    if stock is None:
        raise Malformed("symbol.unknown", f"symbol: {symbol!r:.40} was not listed; `openscrip status` shows what is")
    return stock


def _order(unit: Unit, request_id: str, person: str) -> Subscription | Redemption:
    """An order of `person`'s. Raises `Malformed("order.unknown")`, for another's as for none."""
    row = unit.row(Subscription, request_id) or unit.row(Redemption, request_id)
    if row is None or row.person != person:
        raise Malformed("order.unknown", f"order: {request_id!a:.70} is not one of yours")
    return row


def _refusal(request_id: str, person: str, stock: str, refusal: Refused) -> RequestRefused:
    return RequestRefused(request_id, person, stock, refusal.code, refusal.text)


def _must(row: R | None) -> R:
    if row is None:
        raise LookupError("primary market: a row vanished in its own transaction")
    return row
