"""How orders meet: what comes in trades against what rests, and then rests itself or ends."""

from openscrip.markets.events import Event, Kind, Reason
from openscrip.markets.ladder import Ladder, Resting, reaches
from openscrip.markets.orders import Iceberg, Limit, Market, Phase, SelfTrade, Side, TimeInForce


class Matching:
    """The part of a book that trades: both sides, and what was told and printed by the command at hand."""

    def __init__(self) -> None:
        self.phase = Phase.CONTINUOUS
        self.last = 0
        self.sides = (Ladder(Side.BUY), Ladder(Side.SELL))
        self.resting: dict[int, Resting] = {}
        self._events: list[Event] = []
        self._prints: list[int] = []

    @property
    def bids(self) -> Ladder:
        """Who would buy."""
        return self.sides[Side.BUY]

    @property
    def asks(self) -> Ladder:
        """Who would sell."""
        return self.sides[Side.SELL]

    def _tell(self, kind: Kind, order: int = 0, **told: int) -> None:
        self._events.append(Event(kind, order, **told))

    def _would_take(self, side: Side, limit: int) -> bool:
        best = self.sides[side.other].best
        return self.phase is Phase.CONTINUOUS and best is not None and reaches(side, limit, best)

    def _enter_book(self, order: Resting, terms: Limit | Iceberg | Market) -> None:
        """Match what can be matched; rest, or cancel what is left."""
        if isinstance(terms, Market) and not self.sides[order.side.other]:
            self._ended(order, Reason.NO_LIQUIDITY)
            return
        if self.phase is Phase.CONTINUOUS and not self._match(order, terms.budget if isinstance(terms, Market) else 0):
            return
        if not order.left:
            self._tell(Kind.DONE, order.id)
        elif isinstance(terms, Market) or (isinstance(terms, Limit) and terms.time_in_force is TimeInForce.IOC):
            self._ended(order, Reason.IMMEDIATE)
        else:
            self._rest(order)

    def _rest(self, order: Resting) -> None:
        order.show()
        self.sides[order.side].add(order)
        self.resting[order.id] = order
        self._tell(Kind.RESTED, order.id, side=order.side, price=order.price, lots=order.visible, left=order.left)

    def _ended(self, order: Resting, reason: Reason) -> None:
        self._tell(Kind.CANCELLED, order.id, side=order.side, price=order.price, left=order.left, detail=reason)

    def _match(self, taker: Resting, budget: int) -> bool:
        """Trade while prices cross; whether the order still lives."""
        opposite, left = self.sides[taker.side.other], budget
        while taker.left and (price := opposite.best) is not None and reaches(taker.side, taker.price, price):
            maker = opposite.first()
            if maker.owner == taker.owner:
                if not self._same_owner(taker, maker):
                    return False
                continue
            lots = min(taker.left, maker.visible, left // price if budget else taker.left)
            if not lots:
                break
            left -= lots * price
            self._trade(taker, maker, price, lots)
        return True

    def _trade(self, taker: Resting, maker: Resting, price: int, lots: int) -> None:
        taker.take(lots)
        maker.take(lots)
        self.last = price
        self._prints.append(price)
        self._tell(
            Kind.TRADED, taker.id, other=maker.id, side=taker.side, price=price, lots=lots, left=taker.left, detail=maker.left
        )
        if not maker.left:
            self._remove(maker)
        elif not maker.visible:
            maker.show()
            self.sides[maker.side].to_the_end(maker)
            self._refilled(maker)

    def _refilled(self, order: Resting, keeps: bool = False) -> None:
        shown = {"side": order.side, "price": order.price, "lots": order.visible, "left": order.left}
        self._tell(Kind.REFILLED, order.id, **shown, detail=keeps)

    def _same_owner(self, taker: Resting, maker: Resting) -> bool:
        """Cancel as the incoming order says; whether it goes on."""
        if taker.self_trade is not SelfTrade.CANCEL_NEWEST:
            self._remove(maker)
            self._ended(maker, Reason.SELF_TRADE)
        if taker.self_trade is SelfTrade.CANCEL_OLDEST:
            return True
        self._ended(taker, Reason.SELF_TRADE)
        return False

    def _remove(self, order: Resting) -> None:
        self.sides[order.side].remove(order)
        del self.resting[order.id]

    def _fillable(self, taker: Resting) -> bool:
        """Whether a fill or kill order finds all its lots before one of its own owner would end it."""
        missing, ends_at_own = taker.left, taker.self_trade is not SelfTrade.CANCEL_OLDEST
        for price, line in self.sides[taker.side.other].lines():
            if not reaches(taker.side, taker.price, price):
                break
            for order in line.values():
                if order.owner == taker.owner:
                    if ends_at_own:
                        return missing <= 0
                    continue
                missing -= order.visible
            # What is hidden trades after all that shows at its price, and before the next price.
            missing -= sum(order.left - order.visible for order in line.values() if order.owner != taker.owner)
            if missing <= 0:
                return True
        return missing <= 0
