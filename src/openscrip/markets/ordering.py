"""Orders at the venue: placed, taken out, changed. Everything is checked first; then it is written, and then done."""

from collections.abc import Iterable

from openscrip.kernel.errors import Refused
from openscrip.markets.accounts import ICEBERG, LIMIT, LIMITED, MARKET, TRAILS, Account, Order, OrderRefused, first_trigger
from openscrip.markets.book import ORDERS_MAX
from openscrip.markets.commands import Answer, Cause, Change, Enter, Place, State, Take
from openscrip.markets.floors import PHASES, Floor
from openscrip.markets.hours import FOLLOWERS
from openscrip.markets.instruments import NUMBER_MAX
from openscrip.markets.limits import (
    BY_INDEX,
    finished,
    in_band,
    is_plain,
    refuse_by_state,
    refuse_price,
    refuse_terms,
    would_take,
)
from openscrip.markets.orders import ID_STEP_MAX, LOTS_MAX, PRICE_MAX, Limit, Market, New, Phase
from openscrip.markets.records import REDUCE_ONLY, USER_REFERENCE_MASK, Kind
from openscrip.markets.rows import Row, to_row
from openscrip.markets.sessions import Sessions

CLIENT_ID_MAX = 36
POST_ONLY = 4
_PLACE, _TAKE = Kind.PLACE, Kind.TAKE


class Ordering(Sessions):
    """The part of the venue that takes orders."""

    def _place(self, place: Place) -> Answer:
        order, limit = self._order_of(place)
        row, floor = order.row, self.floors[place.instrument]
        self._catch_up(floor, order.id)
        extra = place.user_reference & USER_REFERENCE_MASK | (REDUCE_ONLY if place.reduce_only else 0)
        self._write(_PLACE, place.instrument, row, place.account, extra, place.client_id)
        self._do_place(floor, order)
        if floor.breached or (limit != row[6] and order.left and would_take(floor, row[3], limit)):
            self._halt(floor)
        return Answer(order.id, 1)

    def _order_of(self, place: Place) -> tuple[Order, int]:
        """The order after every check, and the limit that was asked for: the band may have drawn it nearer."""
        floor, owner = self._floor(place.instrument), self._trader(place.account, place.deadline_us)
        number = self.last_order + 1
        terms = place.terms
        if type(terms) is Limit and is_plain(floor, place, terms, self.time_us):
            limit = terms.price
            row: Row = (1, number, place.account, int(place.side), LIMIT, place.lots, limit, 0, 0, 0)
        else:
            row, limit = self._row_of(place, floor, owner, number)
        self._refuse_identity(place, owner, floor)
        if row[8] & POST_ONLY and row[4] <= ICEBERG and would_take(floor, row[3], limit):
            raise OrderRefused("order.post_only", f"order: a limit of {limit} would have taken; it was to make only")
        order = Order(
            row, owner, place.instrument, floor.base if row[3] else floor.quote, self.rates(owner, floor.schedule)[2],
            self.time_us,
        )  # fmt: skip
        if order.is_waiting:
            order.trigger = first_trigger(row[4], row[3], row[6], floor.quoted if row[8] & BY_INDEX else floor.last)
        floor.set_hold(order)
        free = owner.balances.get(order.asset, 0) - owner.held.get(order.asset, 0)
        if order.held > free:
            raise OrderRefused("order.funds", f"order: it needs {order.held} units of asset {order.asset}, {free} were free")
        order.client_id, order.user_reference, order.reduce_only = place.client_id, place.user_reference, place.reduce_only
        if type(terms) is Limit and limit == row[6]:
            order.told_terms = terms
        return order, limit

    def _row_of(self, place: Place, floor: Floor, owner: Account, number: int) -> tuple[Row, int]:
        """What the book will get, after every check of terms; and the limit that was asked for, before the band."""
        terms, lots = place.terms, place.lots
        if place.reduce_only:
            lots = self._reduced(place, floor, owner)
        if place.spend:
            terms, lots = self._spending(place, floor)
        if type(terms) is Limit:
            flags = terms.time_in_force | place.self_trade << 4 | (POST_ONLY if terms.post_only else 0)
            row: Row = (1, number, place.account, int(place.side), LIMIT, lots, terms.price, 0, flags, terms.expires_at)
        else:
            row = to_row(New(number, place.account, place.side, lots, terms, place.self_trade))
            row = (*row[:3], int(row[3]), *row[4:8], int(row[8]), row[9])
        refuse_by_state(floor, row)
        if row[4] >= MARKET:
            row = finished(floor, row, self.time_us)
        refuse_terms(floor, row, self.time_us)
        asked = row[6]
        if row[4] <= MARKET and not floor.low <= asked <= floor.high:
            row = (*row[:6], in_band(floor, row[3], asked), *row[7:])
        return row, asked

    def _reduced(self, place: Place, floor: Floor, owner: Account) -> int:
        """The lots of a reduce-only order: no more than the tokens that are free."""
        lots = min(place.lots, owner.free(floor.base) // floor.lot_units)
        if not place.side or lots < 1 or place.spend:
            raise OrderRefused(
                "order.reduce_only", "order: there were no free tokens to reduce; it sells what is held, no more"
            )
        return lots

    def _spending(self, place: Place, floor: Floor) -> tuple[Market, int]:
        """A market buy for a sum: the most lots that it can come to."""
        budget = place.spend // floor.scale
        if place.side or place.lots or not isinstance(place.terms, Market) or budget < 1:
            raise OrderRefused("order.invalid", "order: a sum to spend is for a market buy, without a quantity")
        best = floor.book.depth(1, 1)
        price = best[0][0] if best else floor.reference(self.time_us) or 1
        return Market(place.terms.worst, budget), max(1, min(LOTS_MAX, budget // price))

    def _refuse_identity(self, place: Place, owner: Account, floor: Floor) -> None:
        if place.client_id:
            if place.client_id in owner.client_ids:
                raise OrderRefused("client_id.used", f"order: client id {place.client_id!r:.40} was that of an open order")
            if len(place.client_id.encode()) > CLIENT_ID_MAX:
                raise OrderRefused("order.invalid", f"order: a client id was longer than {CLIENT_ID_MAX} bytes")
        if place.user_reference and not -NUMBER_MAX - 1 <= place.user_reference <= NUMBER_MAX:
            raise OrderRefused("order.invalid", "order: a user reference was beyond 32 bits")
        if owner.counts.get(place.instrument, 0) >= floor.instrument.orders_max:
            raise OrderRefused("order.limit", f"order: {floor.instrument.orders_max} orders were open; cancel some first")
        if len(self.orders) >= ORDERS_MAX:
            raise OrderRefused("venue.busy", "order: the venue held as many orders as it has room for")

    def _trader(self, number: int, deadline_us: int) -> Account:
        """An account that may trade now. Raises `account.unknown`, `account.stopped`, `venue.stopped`, `deadline.elapsed`."""
        if self.is_stopped:
            raise OrderRefused("venue.stopped", "venue: it was stopped by its kill switch; only cancels are taken")
        account = self.accounts.get(number)
        if account is None or not number:
            raise OrderRefused("account.unknown", f"account: number {number} was not opened")
        if account.stopped:
            raise OrderRefused("account.stopped", f"account: number {number} was stopped; only cancels are taken")
        if 0 < deadline_us < self.time_us:
            raise OrderRefused("deadline.elapsed", f"order: its deadline was {deadline_us}, the clock {self.time_us}")
        return account

    def _catch_up(self, floor: Floor, number: int) -> None:
        """A book takes no leap in ids; one that was idle while others took orders is led there by empty ones."""
        last = floor.last_order
        floor.last_order = number
        while number - last > ID_STEP_MAX:
            last += ID_STEP_MAX
            row = (1, last, 0, 0, 0, 0, 1, 0, 0, 0)
            self._write(Kind.CATCH_UP, floor.instrument.number, row)
            self.clear(floor, floor.book.apply_row(row))

    def _do_place(self, floor: Floor, order: Order) -> None:
        row = order.row
        self.last_order = row[1]
        book = floor.book
        events = book.apply_row(row) if row[8] or row[4] else book.add(row[1], row[2], row[3], row[6], row[5])
        self.clear(floor, events, iter((order,)))

    # states

    def _enter_state(self, enter: Enter) -> Answer:
        """By the operator. A delisting takes every order out first."""
        floor = self._floor(enter.instrument)
        if enter.state not in FOLLOWERS[floor.state]:
            text = f"market: {floor.instrument.symbol} was {floor.state.name}; {enter.state.name} does not follow it"
            raise Refused("market.state", text)
        count = 0
        if enter.state is State.DELISTED:
            orders = [each for each in self.orders.values() if each.instrument == enter.instrument]
            count = self._take_all(orders, Cause.DELISTED)
        self._enter(floor, enter.state, enter.cause, enter.until_us)
        return Answer(0, count)

    # cancels

    def _take(self, take: Take) -> Answer:
        if take.order:
            order = self.orders.get(take.order)
            if order is None or (take.account and order.owner.number != take.account):
                raise OrderRefused("order.unknown", f"order: {take.order} was not among the open orders of the account")
            self._take_out(order, take.cause)
            return Answer(take.order, 1)
        found: Iterable[Order] = self._account(take.account).orders.values() if take.account else self.orders.values()
        chosen = [each for each in found if not take.instrument or each.instrument == take.instrument]
        return Answer(0, self._take_all(chosen, take.cause))

    def _take_all(self, chosen: Iterable[Order], cause: Cause) -> int:
        count = 0
        for order in list(chosen):
            self._take_out(order, cause)
            count += 1
        return count

    def _take_out(self, order: Order, cause: Cause) -> None:
        floor = self.floors[order.instrument]
        row = (2, order.id, 0, 0, 0, 0, 0, 0, 0, 0)
        self._write(_TAKE, order.instrument, row, order.owner.number, cause)
        self.clear(floor, floor.book.cancel(order.id), cause=cause)

    # changes

    def _change(self, change: Change) -> Answer:
        order, floor = self._checked(change)
        row = (3, order.id, 0, 0, 0, change.lots, change.price, change.display, 0, change.trigger)
        self._write(Kind.CHANGE, order.instrument, row, change.account)
        self.clear(floor, floor.book.apply_row(row), changes=iter((row,)))
        if floor.breached:
            self._halt(floor)
        return Answer(order.id, 1)

    def _checked(self, change: Change) -> tuple[Order, Floor]:
        """The order that is to be amended, after every check."""
        owner = self._trader(change.account, change.deadline_us)
        order = owner.orders.get(change.order)
        if order is None:
            raise OrderRefused("order.unknown", f"order: {change.order} was not among the open orders of the account")
        floor = self.floors[order.instrument]
        if min(change.lots, change.price, change.display, change.trigger) < 0 or max(change.lots, change.display) > LOTS_MAX:
            raise OrderRefused("order.invalid", "order: an amendment below 0, or beyond what can be")
        if max(change.price, change.trigger) > PRICE_MAX or change.price % floor.instrument.tick:
            raise OrderRefused("order.price", "order: an amended price was no price of the instrument")
        held = self._held_waiting(floor, order, change) if order.is_waiting else self._held_resting(floor, order, change)
        free = owner.free(order.asset) + order.held
        if held > max(free, order.held):
            raise OrderRefused("order.funds", f"order: it would need {held} units of asset {order.asset}, {free} were free")
        return order, floor

    def _held_resting(self, floor: Floor, order: Order, change: Change) -> int:
        """What the amended order will hold. Raises what the book would refuse."""
        price, display = change.price or order.price, change.display or order.display
        left = change.lots - order.filled if change.lots else order.left
        keeps = price == order.price and left <= order.left and display <= order.display
        if change.display and not order.display:
            raise OrderRefused("order.invalid", "order: only an iceberg has a quantity to display")
        if change.trigger:
            raise OrderRefused("order.price", "order: it waits for no trigger")
        if not keeps:
            self._refuse_growth(floor, order)
            if change.price:
                refuse_price(floor, order.side, price, self.time_us)
            takes = would_take(floor, order.side, price)
            if takes and (order.is_post_only or floor.state is State.POST_ONLY):
                raise OrderRefused("order.post_only", f"order: a limit of {price} would have taken; it was to make only")
            if takes and in_band(floor, order.side, price) != price:
                raise OrderRefused("order.price", f"order: a limit of {price} would have printed outside the band")
        return floor.needed(order, price, max(0, left))

    def _held_waiting(self, floor: Floor, order: Order, change: Change) -> int:
        """As `_held_resting`, for an order that waits."""
        row = order.row
        if change.display or (change.price and row[4] not in LIMITED) or (change.trigger and row[4] in TRAILS):
            raise OrderRefused("order.invalid", "order: it has no such field to amend")
        if change.trigger % floor.instrument.tick:
            raise OrderRefused("order.tick", "order: a trigger was no multiple of the tick")
        lots = change.lots or order.left
        if lots > order.left:
            self._refuse_growth(floor, order)
        if change.price:
            refuse_price(floor, order.side, change.price, self.time_us)
        return floor.needed_waiting(order, change.trigger, change.price, lots)

    def _refuse_growth(self, floor: Floor, order: Order) -> None:
        if PHASES[floor.state] is Phase.HALTED:
            raise OrderRefused(
                "market.cancel_only", f"order: {floor.instrument.symbol} is {floor.state.name}; only less is taken"
            )
        if floor.state is State.REDUCE_ONLY and not order.side:
            raise OrderRefused("market.reduce_only", f"order: {floor.instrument.symbol} takes no more buys")
