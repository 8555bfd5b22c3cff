"""The door to the primary market: a request is screened, recorded with its place, and answered; the same id once.

The same id with the same content gets the same answer; with other content it is a `Conflict("request.conflict")`. A refusal
is recorded with its rule (I9).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from openscrip.assets.stock import Stock
from openscrip.issuance.news import ChainName
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription, subscribe
from openscrip.issuance.terms import Terms, View
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Conflict, Malformed, Refused, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.store import Store, Unit


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


R = TypeVar("R", Subscription, Redemption)
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RESERVED_IDS = frozenset({"inventory", "capital"})
"""What shares and cash are wanted by that belong to no client. Ids of corporate actions have dots, those of requests none."""

Screen = Callable[[Unit, Asked], None]
"""Raises `Refused` with the rule that forbids the request."""


class PrimaryMarket:
    """Takes requests. `screen` is compliance, `now` market time."""

    def __init__(self, store: Store, books: Books, screen: Screen, terms: Terms, now: Callable[[], int]) -> None:
        self._store = store
        self._books = books
        self._screen = screen
        self._terms = terms
        self._now = now

    def subscribe(
        self, request_id: str, person: str, stock: str, chain: str, wallet: str, shares: Shares, at_once: bool = False
    ) -> Subscription:
        """Accept or refuse a subscription; the answer says in `state` and `rule` which. Raises `Conflict`, `Malformed`."""
        fingerprint = _fingerprint("subscribe", person, stock, chain, wallet, str(shares), str(at_once))
        with self._store.transaction() as unit:
            known = _known(unit, Subscription, request_id, fingerprint)
            if known is not None:
                return known
            listed = _listed(unit, stock)
            deposit = self._terms.deposit_up(shares, listed.price)
            row = Subscription(
                request_id, stock, person, chain, wallet, shares, listed.price, deposit, at_once, self._now(), listed.epoch
            )
            try:
                decision = subscribe(row, View(self._now(), listed, self._terms))
                self._screen(unit, Asked("subscribe", person, stock, chain, wallet, deposit))
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                decision = Decision((refused,), facts=(_refusal(request_id, person, stock, refusal),))
            self._books.record(unit, decision)
            return _must(unit.row(Subscription, request_id))

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
    ) -> Redemption:
        """Record a redemption with its place in line; it starts when the wallet puts the tokens into escrow."""
        fingerprint = _fingerprint("redeem", person, stock, chain, wallet, str(raw), kind.name, deliver_to)
        with self._store.transaction() as unit:
            known = _known(unit, Redemption, request_id, fingerprint)
            if known is not None:
                return known
            listed = _listed(unit, stock)
            value = listed.price.proceeds_down(listed.multiplier.to_shares_down(raw))
            row = Redemption(
                request_id, stock, person, chain, wallet, raw, kind, deliver_to, unit.next_number("place"), self._now()
            )
            try:
                self._check_redemption(row, listed)
                self._screen(unit, Asked("redeem", person, stock, chain, wallet, value))
                decision = Decision((row, ChainName(chain_hash(request_id).hex(), request_id, stock)))
            except Refused as refusal:
                refused = replace(row, state="refused", rule=refusal.code, reason=refusal.text)
                decision = Decision((refused,), facts=(_refusal(request_id, person, stock, refusal),))
            self._books.record(unit, decision)
            return _must(unit.row(Redemption, request_id))

    def _check_redemption(self, row: Redemption, stock: Stock) -> None:
        """Whole multiples of 1e-8 raw that are worth something; in kind from one share, to a named account."""
        stock.token(row.chain)
        refuse_unless(bool(row.raw.grains), "amount.size", "redemption: the amount was zero")
        claim = stock.multiplier.to_shares_down(row.raw)
        refuse_unless(bool(claim), "amount.size", f"redemption: {row.raw} raw was worth less than an atom of a share")
        if row.kind is RedemptionKind.IN_KIND:
            refuse_unless(claim >= Shares.whole(1), "amount.size", f"redemption: in kind starts at 1 share, {claim} were asked")
            refuse_unless(bool(row.deliver_to), "account.missing", "redemption: in kind needs an account to deliver to")


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


def _refusal(request_id: str, person: str, stock: str, refusal: Refused) -> RequestRefused:
    return RequestRefused(request_id, person, stock, refusal.code, refusal.text)


def _must(row: R | None) -> R:
    if row is None:
        raise LookupError("primary market: a row vanished in its own transaction")
    return row

