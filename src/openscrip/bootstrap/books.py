"""Which rows decide how, and the table of who hears which fact."""

from collections.abc import Callable, Mapping
from typing import Any

from openscrip.assets import accounts, acquisition, disposal, inventory
from openscrip.assets.acquisition import Acquisition, AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import Woken
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold
from openscrip.assets.stock import Stock
from openscrip.issuance import bridge, distribution, redemption, subscription
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.distribution import ActionView, Distribution, StockResumed, StockSplit, heard_split
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms, View
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Books, Decide, Hears
from openscrip.runtime.store import Unit

DECIDES: Mapping[type[Any], Decide] = {
    Acquisition: lambda row, event, view: acquisition.decide(row, event, view.stock),
    Disposal: lambda row, event, view: disposal.decide(row, event),
    Subscription: subscription.decide,
    Redemption: redemption.decide,
    Distribution: distribution.decide,
    Crossing: bridge.decide,
}

OPEN_STATES: Mapping[type[Any], tuple[str, ...]] = {
    Acquisition: ("ordering", "working", "settled", "moving", "held"),
    Disposal: ("releasing", "selling", "held"),
    Subscription: ("awaiting_payment", "buying", "minting", "refunding", "held"),
    Redemption: ("escrowed", "burning", "burned", "delivering", "selling", "owed_back", "restituting", "held"),
    Distribution: ("buying",),
}


def _wanted_by(books: Books, unit: Unit, fact: SharesArrived | SharesMoving | MoveFailed | AcquisitionFailed) -> None:
    """Tell whoever wanted the shares: a subscription, a corporate action, or the issuer's inventory."""
    if unit.row(Subscription, fact.wanted_by) is not None:
        books.tell(unit, Subscription, fact.wanted_by, fact)
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
    if stock is None or not stock.is_open:
        return
    waiting = [
        row for state in ("escrowed", "owed_back") for row in unit.rows(Redemption, stock=fact.stock, state=state)
    ]
    for redemption_row in sorted(waiting, key=lambda row: row.place):
        books.tell(unit, Redemption, redemption_row.id, Woken("resumed"))
    for state in ("buying", "minting"):
        for row in unit.rows(Subscription, stock=fact.stock, state=state):
            books.tell(unit, Subscription, row.id, Woken("resumed"))


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
}


def view_of(terms: Terms, now: Callable[[], int]) -> Callable[[Unit, Any], View]:
    """What each row may know when it decides."""

    def view(unit: Unit, row: Any) -> View:
        stock = unit.row(Stock, row.stock)
        if stock is None:
            raise LookupError(f"bootstrap: row {row.id} named stock {row.stock!r}, which was not listed")
        if isinstance(row, Redemption | Crossing):
            chain = row.source if isinstance(row, Crossing) else row.chain
            supply = unit.balance(accounts.raw_supply(row.stock, chain))
            return View(now(), stock, terms, burnable=RawAmount.from_grains(supply.credit - supply.debits_pending))
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


def build_books(terms: Terms, now: Callable[[], int], decides: Mapping[type[Any], Decide] = DECIDES) -> Books:
    """Rows, their decisions and their listeners, wired."""
    return Books(decides, HEARS, view_of(terms, now), now)
