"""What a book told, done to the accounts: holds taken and released, tokens against money, fees to the house; and told on.

A buyer pays value and fee and gets tokens; a seller gives tokens and gets value less fee; the house gets both fees. Nothing is
made and nothing is lost: of every asset, all balances together are what was credited less what was paid out.
"""

from collections.abc import Iterator, Sequence
from heapq import heappush
from typing import TypeVar

from openscrip.markets.accounts import HOUSE, Account, Order, VenueBroken
from openscrip.markets.commands import Cause
from openscrip.markets.events import Kind, Reason
from openscrip.markets.facts import BookEvents, Ending
from openscrip.markets.fees import DEFAULT_TIERS, RATE_ONE, Schedule
from openscrip.markets.floors import PHASES, Floor
from openscrip.markets.orders import Phase
from openscrip.markets.telling import Telling

ENDINGS = {
    Reason.BY_OWNER: Ending.CANCELLED,
    Reason.EXPIRED: Ending.EXPIRED,
    Reason.IMMEDIATE: Ending.IMMEDIATE,
    Reason.NO_LIQUIDITY: Ending.NO_LIQUIDITY,
    Reason.SELF_TRADE: Ending.SELF_TRADE,
    Reason.POST_ONLY: Ending.POST_ONLY,
    Reason.FILLED_MORE: Ending.FILLED_MORE,
}
# Plain integers: comparing with a member of an enumeration costs more than the rest of an event's work.
_ACCEPTED, _REJECTED, _TRADED = int(Kind.ACCEPTED), int(Kind.REJECTED), int(Kind.TRADED)
_RESTED, _DONE, _CANCELLED = int(Kind.RESTED), int(Kind.DONE), int(Kind.CANCELLED)
_BY_OWNER = int(Reason.BY_OWNER)
_T = TypeVar("_T")


class Clearing(Telling):
    """Accounts and their open orders."""

    def __init__(self) -> None:
        super().__init__()
        self.house = Account(HOUSE, "house")
        self.accounts: dict[int, Account] = {HOUSE: self.house}
        self.orders: dict[int, Order] = {}
        self.schedules: dict[int, Schedule] = {0: Schedule(DEFAULT_TIERS)}
        self.touched: set[Account] = set()
        """Accounts that changed since the digest was taken last."""

    def rates(self, account: Account, schedule: int) -> tuple[int, int, int]:
        """What an account pays as taker and as maker where `schedule` rules, and the most that it may come to pay; in 1e-6."""
        found = account.rates.get(schedule)
        if found is None:
            asked = self.schedules[account.schedule if account.schedule >= 0 else schedule]
            found = account.rates[schedule] = (*asked.rates(account.volume_before), asked.highest)
        return found

    def clear(
        self,
        floor: Floor,
        events: Sequence[tuple[int, ...]],
        incoming: Iterator[Order] | None = None,
        changes: Iterator[Sequence[int]] | None = None,
        cause: Cause = Cause.BY_OWNER,
    ) -> None:
        """Do what these events say; `incoming` and `changes` are the orders and the amendments' rows behind them, in order."""
        orders, in_auction = self.orders, False
        for event in events:
            kind, number, other, side, price, lots, left, detail = event
            if kind == _TRADED:
                self._trade(floor, orders[number], orders[other], side, price, lots, in_auction)
                if not detail:
                    self._finish(orders[other], Ending.FILLED)
                if in_auction and not left:
                    self._finish(orders[number], Ending.FILLED)
            elif kind == _ACCEPTED:
                self._accept(floor, _next(incoming), number, price)
            elif kind == _RESTED:
                if orders[number].is_waiting:
                    self._enter_book(floor, orders[number], price)
            elif kind == _CANCELLED:
                if detail == _BY_OWNER:
                    self._finish(orders[number], Ending.CANCELLED, cause)
                else:
                    self._end(orders[number], Reason(detail), changes)
            elif kind == _DONE:
                self._finish(orders[number], Ending.FILLED)
            elif kind == Kind.AMENDED:
                self._amend(floor, orders[number], _next(changes), price, left, bool(detail))
            elif kind == _REJECTED:
                self._reject(floor, event, incoming)
            else:
                in_auction = kind == Kind.UNCROSSED or (in_auction and kind != Kind.PHASE)
                self._clear_rare(floor, event)
        if self.is_telling:
            told = events if isinstance(events, list) else list(events)
            self.facts.append(BookEvents(self.sequence, self.time_us, floor.instrument.number, told))

    def _clear_rare(self, floor: Floor, event: tuple[int, ...]) -> None:
        kind, number, _other, _side, price, lots, left, detail = event
        if kind == Kind.PHASE:
            floor.breached |= detail == Phase.HALTED and PHASES[floor.state] is not Phase.HALTED
        elif kind == Kind.TRIGGERED:
            if self.is_telling:
                self._tell_triggered(self.orders[number], price)
        elif kind == Kind.REFILLED:
            if self.is_telling:
                self._tell_refilled(self.orders[number], lots, left)
        elif kind != Kind.UNCROSSED:
            raise VenueBroken(f"book {floor.instrument.number}: {tuple(event)} was impossible after the venue's checks")

    def _accept(self, floor: Floor, order: Order, number: int, price: int) -> None:
        if order.id != number:
            raise VenueBroken(f"book {floor.instrument.number}: order {number} was accepted in place of {order.id}")
        if order.is_waiting and order.trigger != price:
            order.trigger = price
            floor.set_hold(order)
        owner, instrument, held = order.owner, order.instrument, order.owner.held
        held[order.asset] = held.get(order.asset, 0) + order.held
        self.orders[number] = owner.orders[number] = order
        owner.counts[instrument] = owner.counts.get(instrument, 0) + 1
        if order.client_id:
            owner.client_ids[order.client_id] = number
        until = order.row[9]
        if until:
            heappush(floor.expiries, (until, number))
        self.touched.add(owner)
        if self.is_telling:
            self._tell_new(order)

    def _reject(self, floor: Floor, event: tuple[int, ...], incoming: Iterator[Order] | None) -> None:
        """Fill or kill, killed: it was never open and holds nothing. And a CATCH_UP is refused by design."""
        reason = Reason(event[7])
        if reason is Reason.QUANTITY:
            return
        if reason is not Reason.NOT_FILLED:
            raise VenueBroken(f"book {floor.instrument.number}: {tuple(event)} was impossible after the venue's checks")
        order = _next(incoming)
        order.held = order.hold_per_lot = 0
        if self.is_telling:
            self._tell_new(order)
            self._tell_done(order, Ending.NOT_FILLED, Cause.BY_OWNER)

    def _enter_book(self, floor: Floor, order: Order, price: int) -> None:
        """A waiting order became one with a limit."""
        order.is_waiting = False
        order.price, order.trigger = price, 0
        self._rehold(floor, order)

    def _trade(self, floor: Floor, taker: Order, maker: Order, side: int, price: int, lots: int, in_auction: bool) -> None:
        value = price * lots * floor.scale
        schedule, base, quote = floor.schedule, floor.base, floor.quote
        takes, makes = taker.owner, maker.owner
        if in_auction:
            # Nobody takes in an auction: both pay as makers, and nobody is there to pay a rebate.
            taker_rate, maker_rate = max(0, self.rates(takes, schedule)[1]), max(0, self.rates(makes, schedule)[1])
        else:
            taker_rate, maker_rate = self.rates(takes, schedule)[0], self.rates(makes, schedule)[1]
        # No order pays more than the rate that it was held for, whatever was set since.
        taker_fee = -(-value * (taker_rate if taker_rate < taker.rate_max else taker.rate_max) // RATE_ONE)
        maker_fee = -(-value * (maker_rate if maker_rate < maker.rate_max else maker.rate_max) // RATE_ONE)
        if side:
            buyer, seller, buyer_fee, seller_fee = maker, taker, maker_fee, taker_fee
        else:
            buyer, seller, buyer_fee, seller_fee = taker, maker, taker_fee, maker_fee
        units, released = lots * floor.lot_units, buyer.hold_per_lot * lots
        buys, sells = buyer.owner, seller.owner
        balances = buys.balances
        balances[base] = balances.get(base, 0) + units
        balances[quote] = money_left = balances[quote] - value - buyer_fee
        buys.held[quote] -= released
        buyer.held -= released
        buyer.left -= lots
        buyer.filled += lots
        buyer.cost += value
        buyer.fees += buyer_fee
        balances = sells.balances
        balances[base] = tokens_left = balances[base] - units
        balances[quote] = balances.get(quote, 0) + value - seller_fee
        sells.held[base] -= units
        seller.held -= units
        seller.left -= lots
        seller.filled += lots
        seller.cost += value
        seller.fees += seller_fee
        balances = self.house.balances
        balances[quote] = balances.get(quote, 0) + buyer_fee + seller_fee
        if money_left < 0 or tokens_left < 0 or value + buyer_fee > released > 0:
            raise VenueBroken(
                f"order {taker.id} against {maker.id}: {money_left} of {quote}, {tokens_left} of {base} were left"
            )
        if takes is not makes:
            usd = value * floor.usd_micros // 1_000_000
            takes.volume += usd
            makes.volume += usd
            if floor.makers and not in_auction and makes.number in floor.makers:
                floor.makers[makes.number].value += value
        floor.last = price
        if not floor.low <= price <= floor.high:
            floor.breached = True
        self.trades += 1
        self.entries += 4
        self.touched.add(takes)
        self.touched.add(makes)
        if self.is_telling:
            self._tell_trade(floor, (taker, maker), side, price, lots, value, (taker_fee, maker_fee), in_auction)

    def _finish(self, order: Order, ending: Ending, cause: Cause = Cause.BY_OWNER) -> None:
        owner = order.owner
        owner.held[order.asset] -= order.held
        order.held = 0
        del self.orders[order.id], owner.orders[order.id]
        owner.counts[order.instrument] -= 1
        if order.client_id and owner.client_ids.get(order.client_id) == order.id:
            del owner.client_ids[order.client_id]
        self.touched.add(owner)
        if self.is_telling:
            self._tell_done(order, ending, cause)

    def _end(self, order: Order, reason: Reason, changes: Iterator[Sequence[int]] | None) -> None:
        if reason is Reason.FILLED_MORE:
            _next(changes)
        self._finish(order, ENDINGS[reason])

    def _amend(self, floor: Floor, order: Order, row: Sequence[int], price: int, left: int, kept: bool) -> None:
        lots, asked, display, trigger = row[5], row[6], row[7], row[9]
        order.lots = lots or order.lots
        order.left = order.lots - order.filled
        if left != order.left:
            raise VenueBroken(f"book {floor.instrument.number}: order {order.id} had {left} left there, {order.left} here")
        order.display = display or order.display
        if order.is_waiting:
            order.trigger = price
            order.change_row(trigger, asked)
        else:
            order.price = price
        self._rehold(floor, order)
        if self.is_telling:
            self._tell_amended(order, kept)

    def _rehold(self, floor: Floor, order: Order) -> None:
        """Hold what an open order needs now, no more."""
        held = order.held
        floor.set_hold(order)
        order.owner.held[order.asset] += order.held - held
        self.touched.add(order.owner)


def _next(these: Iterator[_T] | None) -> _T:
    found = None if these is None else next(these, None)
    if found is None:
        raise VenueBroken("book: it told of an order or an amendment that nobody gave it")
    return found
