"""The reference book: price, then time. It says what the native book must do, event for event.

One command yields one contiguous run of events. It knows no clock, no balance and no account but the owner's number:
holds, fees and collars are taken before it, by the venue.
"""

from collections import deque
from typing import assert_never

from openscrip.markets.auction import crossing
from openscrip.markets.events import HASH_START, Event, Kind, Reason, folded
from openscrip.markets.ladder import Resting, reaches
from openscrip.markets.matching import Matching
from openscrip.markets.orders import (
    ID_STEP_MAX,
    LOTS_MAX,
    PRICE_MAX,
    Amend,
    Cancel,
    Command,
    Enter,
    Expire,
    Iceberg,
    Index,
    Limit,
    Market,
    New,
    Phase,
    Reference,
    Side,
    StopLimit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
    Uncross,
)
from openscrip.markets.waiting import Armed, first_trigger, hears, is_sound

ORDERS_MAX = 2**22
ACTIVATIONS_MAX = 10_000
"""So many waiting orders may fire after one command; then the book halts."""


class Book(Matching):
    """One instrument. `apply` is all that changes it."""

    def __init__(self, orders_max: int = ORDERS_MAX, activations_max: int = ACTIVATIONS_MAX) -> None:
        super().__init__()
        self._orders_max = orders_max
        self._activations_max = activations_max
        self.index = 0
        self.last_id = 0
        self.sequence = 0
        self.digest = HASH_START
        self.armed: dict[int, Armed] = {}

    def apply(self, command: Command) -> list[Event]:
        """Do what is commanded and all that follows from it; the events in order. Nothing is ever raised for bad terms."""
        self._events, self._prints = [], []
        match command:
            case New():
                self._new(command)
            case Cancel():
                self._cancel(command.id)
            case Amend():
                self._amend(command)
            case Expire():
                self._expire(command.now)
            case Index():
                self._index(command.price)
            case Enter():
                self._enter(command.phase)
            case Uncross():
                self._uncross(command.reference)
            case _:
                assert_never(command)
        self._fire()
        self.sequence += len(self._events)
        for event in self._events:
            self.digest = folded(self.digest, event)
        return self._events

    # coming in

    def _new(self, new: New) -> None:
        reason = self._refusal(new)
        if reason is Reason.ID:
            self._tell(Kind.REJECTED, new.id, detail=reason)
            return
        self.last_id = new.id
        if reason:
            self._tell(Kind.REJECTED, new.id, detail=reason)
            return
        terms = new.terms
        match terms:
            case Limit() | Iceberg() | Market():
                order = _order(new, terms)
                if isinstance(terms, Limit) and terms.time_in_force is TimeInForce.FOK and not self._fillable(order):
                    self._tell(Kind.REJECTED, new.id, detail=Reason.NOT_FILLED)
                    return
                self._tell(Kind.ACCEPTED, new.id, side=new.side, price=order.price, lots=new.lots)
                self._enter_book(order, terms)
            case _:
                armed = Armed(new.id, new.owner, new.side, new.lots, terms, new.self_trade, first_trigger(terms))
                price = self._price_of(terms.reference)
                if price:
                    armed.follows(price)
                self._tell(Kind.ACCEPTED, new.id, side=new.side, price=armed.trigger, lots=new.lots)
                self.armed[new.id] = armed

    def _refusal(self, new: New) -> Reason:
        """Why the book does not take an order."""
        terms = new.terms
        if not self.last_id < new.id <= self.last_id + ID_STEP_MAX:
            return Reason.ID
        if not 0 < new.lots <= LOTS_MAX or (isinstance(terms, Iceberg) and not 0 < terms.display <= new.lots):
            return Reason.QUANTITY
        if not _is_priced(terms):
            return Reason.PRICE
        at_once = isinstance(terms, Market) or (
            isinstance(terms, Limit) and terms.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        )
        if self.phase is Phase.HALTED or (self.phase is Phase.CALL and at_once):
            return Reason.PHASE
        if len(self.resting) + len(self.armed) >= self._orders_max:
            return Reason.FULL
        if isinstance(terms, Limit | Iceberg) and terms.post_only and self._would_take(new.side, terms.price):
            return Reason.POST_ONLY
        return Reason.NONE

    # waiting orders

    def _price_of(self, reference: Reference) -> int:
        return self.last if reference is Reference.LAST else self.index

    def _fire(self) -> None:
        """Let the prices of this command move and fire waiting orders, one after another, until no more fire."""
        fired: deque[tuple[Armed, int]] = deque()
        count = 0
        self._collect(fired)
        while fired:
            armed, price = fired.popleft()
            count += 1
            if count > self._activations_max:
                for waiting, _price in ((armed, price), *fired):
                    self.armed[waiting.id] = waiting
                self._set_phase(Phase.HALTED)
                return
            self._tell(Kind.TRIGGERED, armed.id, side=armed.side, price=price)
            terms = armed.becomes(price)
            order = Resting(armed.id, armed.owner, armed.side, terms.worst if isinstance(terms, Market) else terms.price,
                            armed.lots, armed.self_trade)  # fmt: skip
            if isinstance(terms, Limit):
                order.expires_at = terms.expires_at
            self._enter_book(order, terms)
            self._collect(fired)

    def _collect(self, fired: deque[tuple[Armed, int]]) -> None:
        """Take out what the prints since the last look fire, in their order; then what stands fired already."""
        if self.phase is not Phase.CONTINUOUS or not self.armed:
            self._prints = []
            return
        prints, self._prints = self._prints, []
        for price in prints:
            self._hear(price, Reference.LAST, fired)
        for reference in Reference:
            if price := self._price_of(reference):
                self._hear(price, reference, fired)

    def _hear(self, price: int, reference: Reference, fired: deque[tuple[Armed, int]]) -> None:
        heard = [armed for armed in self.armed.values() if hears(armed.terms, reference)]
        for armed in heard:
            armed.follows(price)
        for armed in sorted((armed for armed in heard if armed.fires_at(price)), key=lambda armed: armed.place):
            del self.armed[armed.id]
            fired.append((armed, price))

    def _index(self, price: int) -> None:
        if 0 < price <= PRICE_MAX:
            self.index = price

    # going out

    def _cancel(self, order_id: int) -> None:
        if order_id in self.resting:
            order = self.resting[order_id]
            self._remove(order)
            self._ended(order, Reason.BY_OWNER)
        elif order_id in self.armed:
            self._disarm(order_id, Reason.BY_OWNER)
        else:
            self._tell(Kind.CANCEL_REJECTED, order_id, detail=Reason.UNKNOWN)

    def _disarm(self, order_id: int, reason: Reason) -> None:
        armed = self.armed.pop(order_id)
        self._tell(Kind.CANCELLED, armed.id, side=armed.side, price=armed.trigger, left=armed.lots, detail=reason)

    def _expire(self, now: int) -> None:
        due = [order.id for order in self.resting.values() if 0 < order.expires_at <= now]
        due += [armed.id for armed in self.armed.values() if 0 < armed.terms.expires_at <= now]
        for order_id in sorted(due):
            if order_id in self.resting:
                order = self.resting[order_id]
                self._remove(order)
                self._ended(order, Reason.EXPIRED)
            else:
                self._disarm(order_id, Reason.EXPIRED)

    # changes

    def _amend(self, amend: Amend) -> None:
        if amend.id in self.resting:
            self._amend_resting(self.resting[amend.id], amend)
        elif amend.id in self.armed:
            self._amend_armed(self.armed[amend.id], amend)
        else:
            self._tell(Kind.AMEND_REJECTED, amend.id, detail=Reason.UNKNOWN)

    def _amend_resting(self, order: Resting, amend: Amend) -> None:
        left = amend.lots - order.filled if amend.lots else order.left
        price, display = amend.price or order.price, amend.display or order.display
        keeps = price == order.price and left <= order.left and display <= order.display
        reason = self._amend_refusal(order, amend, price, keeps)
        if reason:
            self._tell(Kind.AMEND_REJECTED, amend.id, detail=reason)
            return
        if left <= 0:
            self._remove(order)
            self._ended(order, Reason.FILLED_MORE)
            return
        if keeps:
            order.left, order.display = left, display
            order.visible = min(order.visible, left, display or left)
            self._tell(Kind.AMENDED, order.id, side=order.side, price=price, lots=order.visible, left=left, detail=1)
            return
        self._remove(order)
        order.left, order.price, order.display = left, price, display
        self._tell(Kind.AMENDED, order.id, side=order.side, price=price, left=left)
        self._enter_book(order, Limit(price))

    def _amend_refusal(self, order: Resting, amend: Amend, price: int, keeps: bool) -> Reason:
        if not (0 <= amend.lots <= LOTS_MAX and 0 <= amend.display <= LOTS_MAX) or (amend.display and not order.display):
            return Reason.QUANTITY
        if not 0 <= amend.price <= PRICE_MAX or amend.trigger:
            return Reason.PRICE
        if self.phase is Phase.HALTED and not keeps:
            return Reason.PHASE
        if not keeps and order.post_only and self._would_take(order.side, price):
            return Reason.POST_ONLY
        return Reason.NONE

    def _amend_armed(self, armed: Armed, amend: Amend) -> None:
        terms = armed.terms
        priced = isinstance(terms, StopLimit | TakeProfitLimit)
        trails = isinstance(terms, Trailing | TrailingLimit)
        reason = Reason.NONE
        if not 0 <= amend.lots <= LOTS_MAX or amend.display:
            reason = Reason.QUANTITY
        elif not (0 <= amend.price <= (PRICE_MAX if priced else 0) and 0 <= amend.trigger <= (0 if trails else PRICE_MAX)):
            reason = Reason.PRICE
        elif self.phase is Phase.HALTED and amend.lots > armed.lots:
            reason = Reason.PHASE
        if reason:
            self._tell(Kind.AMEND_REJECTED, amend.id, detail=reason)
            return
        armed.lots, armed.trigger = amend.lots or armed.lots, amend.trigger or armed.trigger
        if amend.price and isinstance(terms, StopLimit | TakeProfitLimit):
            armed.terms = type(terms)(terms.trigger, amend.price, terms.reference, terms.expires_at)
        self._tell(Kind.AMENDED, armed.id, side=armed.side, price=armed.trigger, left=armed.lots, detail=1)

    # phases

    def _set_phase(self, phase: Phase) -> None:
        self.phase = phase
        self._tell(Kind.PHASE, detail=phase)

    def _enter(self, phase: Phase) -> None:
        bid, ask = self.bids.best, self.asks.best
        if phase is Phase.CONTINUOUS and bid is not None and ask is not None and bid >= ask:
            self._tell(Kind.REJECTED, detail=Reason.CROSSED)
        else:
            self._set_phase(phase)

    def _uncross(self, reference: int) -> None:
        """One price for everybody; nobody's own orders are kept apart in an auction."""
        if self.phase is not Phase.CALL:
            self._tell(Kind.REJECTED, detail=Reason.PHASE)
            return
        while self._drop_post_only():
            pass
        cross = crossing(self.bids, self.asks, reference)
        if cross is not None:
            self._tell(
                Kind.UNCROSSED,
                side=Side.BUY if cross.surplus >= 0 else Side.SELL,
                price=cross.price,
                lots=cross.lots,
                left=abs(cross.surplus),
            )
            self._pair(cross.price, cross.lots)
        self._set_phase(Phase.CONTINUOUS)

    def _drop_post_only(self) -> bool:
        """Cancel orders that would only make, where they could trade; whether there were any."""
        best = {Side.BUY: self.asks.best, Side.SELL: self.bids.best}
        found = [
            order
            for side in self.sides
            for order in side.orders()
            if order.post_only and (price := best[order.side]) is not None and reaches(order.side, order.price, price)
        ]
        for order in found:
            self._remove(order)
            self._ended(order, Reason.POST_ONLY)
        return bool(found)

    def _pair(self, price: int, lots: int) -> None:
        self.last = price
        self._prints.append(price)
        while lots:
            buyer, seller = self.bids.first(), self.asks.first()
            traded = min(lots, buyer.left, seller.left)
            lots -= traded
            for order in (buyer, seller):
                order.take(traded)
            self._tell(
                Kind.TRADED, buyer.id, other=seller.id, side=Side.BUY, price=price, lots=traded, left=buyer.left,
                detail=seller.left,
            )  # fmt: skip
            for order in (buyer, seller):
                if not order.left:
                    self._remove(order)
                elif not order.visible:
                    order.show()
                    self._refilled(order, keeps=True)


def _order(new: New, terms: Limit | Iceberg | Market) -> Resting:
    price = terms.worst if isinstance(terms, Market) else terms.price
    order = Resting(new.id, new.owner, new.side, price, new.lots, new.self_trade)
    if not isinstance(terms, Market):
        order.expires_at, order.post_only = terms.expires_at, terms.post_only
        order.display = terms.display if isinstance(terms, Iceberg) else 0
    return order


def _is_priced(terms: Terms) -> bool:
    match terms:
        case Limit():
            gtd = terms.time_in_force is TimeInForce.GTD
            kept = terms.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
            return 0 < terms.price <= PRICE_MAX and gtd == (terms.expires_at > 0) and (kept or not terms.post_only)
        case Iceberg():
            return 0 < terms.price <= PRICE_MAX and terms.expires_at >= 0
        case Market():
            return 0 < terms.worst <= PRICE_MAX and terms.budget >= 0
        case _:
            return is_sound(terms) and terms.expires_at >= 0
