"""Which rows decide how, and the table of who hears which fact."""

from collections.abc import Callable, Mapping
from typing import Any

from openscrip.assets import accounts, acquisition, disposal, inventory
from openscrip.assets.acquisition import Acquisition, AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import Woken
from openscrip.assets.custody_parts import Parts
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold
from openscrip.assets.financing import Credit
from openscrip.assets.stock import Stock
from openscrip.bootstrap.financing_books import FINANCING_DECIDES, FINANCING_OPEN_STATES, financing_hears
from openscrip.bootstrap.in_kind_books import IN_KIND_DECIDES, IN_KIND_HEARS, IN_KIND_OPEN_STATES
from openscrip.issuance import action_queue, bridge, conversion, deposits, distribution, proving, redemption, subscription
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.coins import CoinView, Stablecoin
from openscrip.issuance.conversion import Conversion
from openscrip.issuance.deposits import CoinDeposit
from openscrip.issuance.distribution import (
    ActionView,
    Distribution,
    QuestionClosed,
    QuestionOpened,
    StockResumed,
    StockSplit,
    heard_split,
)
from openscrip.issuance.in_kind_row import InKindCreation
from openscrip.issuance.journey import note
from openscrip.issuance.network_view import NetworkView
from openscrip.issuance.proving import ReserveProof
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms, View
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Books, Decide, Hears
from openscrip.runtime.store import Unit

DECIDES: Mapping[type[Any], Decide] = {
    Acquisition: lambda row, event, view: acquisition.decide(row, event, view.stock),
    Disposal: lambda row, event, view: disposal.decide(row, event),
    Subscription: subscription.decide,
    Redemption: redemption.decide,
    Distribution: distribution.decide,
    Crossing: bridge.decide,
    ReserveProof: lambda row, event, view: proving.decide(row, event),
    CoinDeposit: lambda row, event, view: deposits.decide(row, event, view.now),
    Conversion: lambda row, event, view: conversion.decide(row, event, view.coin, view.now),
    **FINANCING_DECIDES,
    **IN_KIND_DECIDES,
}

OPEN_STATES: Mapping[type[Any], tuple[str, ...]] = {
    Acquisition: ("ordering", "working", "settled", "financed", "moving", "held"),
    Disposal: ("releasing", "selling", "held"),
    Subscription: ("awaiting_payment", "buying", "minting", "refunding", "held"),
    Redemption: ("escrowed", "burning", "burned", "delivering", "selling", "owed_back", "restituting", "held"),
    Distribution: ("buying",),
    **FINANCING_OPEN_STATES,
    **IN_KIND_OPEN_STATES,
}


def _wanted_by(books: Books, unit: Unit, fact: SharesArrived | SharesMoving | MoveFailed | AcquisitionFailed) -> None:
    """Tell whoever wanted the shares: a subscription, a corporate action, or the issuer's inventory."""
    if unit.row(Subscription, fact.wanted_by) is not None:
        books.tell(unit, Subscription, fact.wanted_by, fact)
    elif unit.row(InKindCreation, fact.wanted_by) is not None:
        books.tell(unit, InKindCreation, fact.wanted_by, fact)
    elif isinstance(fact, SharesMoving | MoveFailed):
        return
    elif unit.row(Distribution, fact.wanted_by) is not None:
        books.tell(unit, Distribution, fact.wanted_by, fact)
    elif isinstance(fact, SharesArrived):
        stock = unit.row(Stock, fact.stock)
        if stock is not None:
            books.record(unit, inventory.keep(fact, stock))


def _redemption(books: Books, unit: Unit, fact: SharesReleased | SharesSold | DisposalFailed) -> None:
    books.tell(unit, Redemption, fact.wanted_by, fact)


def _rescale(books: Books, unit: Unit, fact: StockSplit) -> None:
    """Every open row of the stock counts anew."""
    event = heard_split(fact)
    for kind, states in OPEN_STATES.items():
        for state in states:
            for row in unit.rows(kind, stock=fact.stock, state=state):
                books.tell(unit, kind, row.id, event)


def _resume(books: Books, unit: Unit, fact: StockResumed) -> None:
    """Redemptions go on in their order of place, then subscriptions."""
    stock = unit.row(Stock, fact.stock)
    if stock is None or not stock.is_redeemable:
        return
    waiting = [row for state in ("escrowed", "owed_back") for row in unit.rows(Redemption, stock=fact.stock, state=state)]
    for redemption_row in sorted(waiting, key=lambda row: row.place):
        books.tell(unit, Redemption, redemption_row.id, Woken("resumed"))
    for state in ("buying", "minting"):
        for row in unit.rows(Subscription, stock=fact.stock, state=state):
            books.tell(unit, Subscription, row.id, Woken("resumed"))
    for creation in unit.rows(InKindCreation, stock=fact.stock, state="journaled"):
        books.tell(unit, InKindCreation, creation.id, Woken("resumed"))


HEARS: Hears = {
    SharesMoving: (_wanted_by,),
    MoveFailed: (_wanted_by,),
    SharesArrived: (_wanted_by,),
    AcquisitionFailed: (_wanted_by,),
    SharesReleased: (_redemption,),
    SharesSold: (_redemption,),
    DisposalFailed: (_redemption,),
    StockSplit: (_rescale,),
    StockResumed: (_resume,),
    **financing_hears(),
    **IN_KIND_HEARS,
    QuestionOpened: (action_queue.opened,),
    QuestionClosed: (action_queue.closed,),
}


def view_of(terms: Terms, now: Callable[[], int]) -> Callable[[Unit, Any], View | CoinView]:
    """What each row may know when it decides."""

    def view(unit: Unit, row: Any) -> View | CoinView:
        if isinstance(row, CoinDeposit | Conversion):
            coin = unit.row(Stablecoin, f"{row.asset}:{row.chain}")
            if coin is None:
                raise LookupError(f"bootstrap: row {row.id} named coin {row.asset} on {row.chain}, which was not registered")
            return CoinView(now(), coin)
        stock = unit.row(Stock, row.stock)
        if stock is None:
            raise LookupError(f"bootstrap: row {row.id} named stock {row.stock!r}, which was not listed")
        if isinstance(row, Redemption | Crossing):
            chain = row.source if isinstance(row, Crossing) else row.chain
            supply = unit.balance(accounts.raw_supply(row.stock, chain))
            burnable = RawAmount.from_grains(supply.credit - supply.debits_pending)
            if isinstance(row, Redemption) and row.via:
                own = Shares(unit.balance(f"{stock.id}/network_float").credit)
                return NetworkView(now(), stock, terms, own, burnable=burnable)
            return View(now(), stock, terms, burnable=burnable)
        if isinstance(row, Subscription) and row.at_once:
            return View(now(), stock, terms, on_order=_on_order(unit, stock.id))
        if not isinstance(row, Distribution):
            return View(now(), stock, terms)
        names = [f"{stock.id}/{name}" for name in (*accounts.SHARE_ASSETS, *accounts.SHARE_CLAIMS)]
        balances = {name: unit.balance(name) for name in names}
        supplies = [unit.balance(f"{stock.id}.{chain}/supply") for chain, _token in stock.tokens]
        crossing = [unit.balance(accounts.raw_crossing(stock.id, chain)) for chain, _token in stock.tokens]
        raw = RawAmount.from_grains(sum(each.credit for each in (*supplies, *crossing)))
        pending = any(supply.credits_pending or supply.debits_pending for supply in supplies)
        return ActionView(now(), stock, terms, raw, balances, pending)

    return view


def _on_order(unit: Unit, symbol: str) -> Shares:
    """What is bought for inventory and has not arrived."""
    waiting = (row for state in OPEN_STATES[Acquisition] for row in unit.rows(Acquisition, stock=symbol, state=state))
    return Shares(sum(row.shares.atoms - row.arrived.atoms for row in waiting if row.wanted_by == "inventory"))


def build_books(
    terms: Terms, now: Callable[[], int], decides: Mapping[type[Any], Decide] = DECIDES, *, credit: Credit | None = None,
    parts: Parts = (),
) -> Books:  # fmt: skip
    """Rows, their decisions and their listeners, wired. `credit` is what was agreed with who lends; None checks no loan.

    `parts` are how what is bought is shared among the custodians.
    """
    if parts:
        decides = {**decides, Acquisition: lambda row, event, view: acquisition.decide(row, event, view.stock, parts)}
    return Books(decides, {**HEARS, **financing_hears(credit)}, view_of(terms, now), now, note)
