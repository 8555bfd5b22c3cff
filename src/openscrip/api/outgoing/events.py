"""Which facts are told, to whom, and in which words. What is one client's is told to that client's webhooks alone."""

from collections.abc import Mapping
from typing import Any

from openscrip.issuance.break_row import BreakClosed, BreakOpened
from openscrip.issuance.coverage import CoverageChanged
from openscrip.issuance.distribution_row import MultiplierChanged, StockFrozen, StockResumed
from openscrip.issuance.journey import Journey, OrderMoved
from openscrip.issuance.primary_market import RequestRefused
from openscrip.issuance.redemption_row import ClaimArose, RedemptionCompleted, TokensRestored
from openscrip.issuance.subscription_row import SubscriptionCompleted, SubscriptionMinted
from openscrip.kernel.clock import iso
from openscrip.runtime.store import View

PUBLIC_EVENTS = (
    "coverage.changed", "multiplier.changed", "stock.frozen", "stock.resumed", "alarm.opened", "alarm.closed",
)  # fmt: skip
PRIVATE_EVENTS = ("order.moved", "order.refused", "order.minted", "order.burned", "order.restored", "order.completed")
EVENTS = PUBLIC_EVENTS + PRIVATE_EVENTS

Told = tuple[str, Mapping[str, Any], str]
"""An event's name, its data, and whose it is; empty for everybody's."""


def told_of(view: View, fact: object) -> Told | None:
    """What a fact is told as, or None for one that is nobody else's business."""
    public = _public(fact)
    if public is not None:
        return *public, ""
    private = _private(fact)
    if private is None:
        return None
    if isinstance(fact, RequestRefused | OrderMoved):
        return *private, fact.person
    journey = view.row(Journey, str(private[1]["orderId"]))
    return (*private, journey.person) if journey is not None and journey.person else None


def _public(fact: object) -> tuple[str, Mapping[str, Any]] | None:
    match fact:
        case CoverageChanged():
            return "coverage.changed", {
                "symbol": fact.stock, "state": fact.state, "sharesHeld": str(fact.held), "sharesOwed": str(fact.owed),
                "rawSupply": str(fact.raw),
            }  # fmt: skip
        case MultiplierChanged():
            return "multiplier.changed", {
                "symbol": fact.stock, "eventId": fact.event_id, "value": str(fact.multiplier),
                "version": fact.multiplier.version, "since": iso(fact.effective_at),
            }  # fmt: skip
        case StockFrozen():
            return "stock.frozen", {"symbol": fact.stock, "eventId": fact.event_id}
        case StockResumed():
            return "stock.resumed", {"symbol": fact.stock, "eventId": fact.event_id}
        case BreakOpened():
            return "alarm.opened", {
                "id": fact.id, "symbol": fact.stock, "kind": fact.kind, "chain": fact.chain or None, "seen": fact.seen,
                "expected": fact.expected,
            }  # fmt: skip
        case BreakClosed():
            return "alarm.closed", {"id": fact.id, "symbol": fact.stock}
        case _:
            return None


def _private(fact: object) -> tuple[str, Mapping[str, Any]] | None:
    match fact:
        case OrderMoved():
            return "order.moved", {"orderId": fact.id, "symbol": fact.stock, "milestone": fact.state}
        case RequestRefused():
            return "order.refused", {"orderId": fact.id, "symbol": fact.stock, "rule": fact.rule, "text": fact.text}
        case SubscriptionMinted():
            return "order.minted", {
                "orderId": fact.id, "symbol": fact.stock, "shares": str(fact.shares), "raw": str(fact.raw),
                "transaction": fact.tx_id,
            }  # fmt: skip
        case ClaimArose():
            return "order.burned", {
                "orderId": fact.id, "symbol": fact.stock, "raw": str(fact.raw), "claimShares": str(fact.shares),
            }  # fmt: skip
        case TokensRestored():
            return "order.restored", {"orderId": fact.id, "symbol": fact.stock, "raw": str(fact.raw)}
        case SubscriptionCompleted():
            return "order.completed", {
                "orderId": fact.id, "symbol": fact.stock, "side": "subscribe", "shares": str(fact.shares), "raw": str(fact.raw),
            }  # fmt: skip
        case RedemptionCompleted():
            return "order.completed", {
                "orderId": fact.id, "symbol": fact.stock, "side": "redeem", "deliveredShares": str(fact.shares),
                "paidUsd": str(fact.paid),
            }  # fmt: skip
        case _:
            return None
