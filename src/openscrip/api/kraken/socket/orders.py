"""Trading over the socket: requests to commands, answers to replies. Every reply waits until its command is on the disk."""

import time
from collections.abc import Callable
from types import MappingProxyType

from openscrip.api.kraken.counters import PLACE, Counters, amend_cost, batch_cost, edit_cost
from openscrip.api.kraken.desk import desk
from openscrip.api.kraken.errors import text_of, wrong_argument
from openscrip.api.kraken.names import amend_text
from openscrip.api.kraken.socket.asked import (
    AddOrder,
    AmendOrder,
    BatchAdd,
    BatchCancel,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    EditOrder,
    OrderParams,
    units,
)
from openscrip.api.kraken.socket.connection import Connection
from openscrip.api.kraken.socket.session import Sessions, Speaker
from openscrip.api.kraken.socket.switches import Switches
from openscrip.api.kraken.socket.wire import order_name, quoted, refusal_body, reply_head, second_text
from openscrip.api.kraken.socket.words import changes_of, order_of, shown_terms
from openscrip.api.kraken.trading import CLIENT_ID_MAX, Trading, client_id_of, order_id_of
from openscrip.kernel.errors import Refused
from openscrip.markets.accounts import Order
from openscrip.markets.commands import CancelAfter, Place, Take
from openscrip.markets.instruments import Instrument
from openscrip.markets.orders import Limit, SelfTrade, Side, TimeInForce
from openscrip.markets.sequencer import Sequenced, Sequencer
from openscrip.markets.venue import Venue

BATCH_ADD, BATCH_CANCEL = (2, 15), (2, 50)
TIMEOUT_MAX_S = 86_400
_SIDES = MappingProxyType({"buy": Side.BUY, "sell": Side.SELL})
_TIMES = MappingProxyType(
    {"": TimeInForce.GTC, "gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC}
)
_SELF_TRADES = MappingProxyType(
    {
        "cancel_newest": SelfTrade.CANCEL_NEWEST,
        "cancel_oldest": SelfTrade.CANCEL_OLDEST,
        "cancel_both": SelfTrade.CANCEL_BOTH,
    }
)
Find = Callable[[str], Instrument]


class Orders:
    """The trading methods. What they submitted is told by `submitted`, which the server clears with each read."""

    def __init__(
        self,
        sequencer: Sequencer,
        venue: Venue,
        trading: Trading,
        sessions: Sessions,
        counters: Counters,
        find: Find,
        spelt: dict[str, Instrument],
        switches: Switches,
    ) -> None:
        """`spelt` are the instruments that `find` found before, by how they were spelt."""
        self.submitted = False
        self._spelt = spelt
        self._ask = desk.ask if desk and venue.is_native else None
        self._sequencer, self._venue, self._trading, self._switches = sequencer, venue, trading, switches
        self._sessions, self._counters, self._find = sessions, counters, find

    def at_once(self, connection: Connection, payloads: list[bytes], done: int, now_us: int) -> int:
        """Do plain requests from the place `done` on in one call, until one is not plain: its place.

        Replies and refusals are those of the methods below; whatever else there is to say is left to them.
        """
        ask, now_s = self._ask, time.monotonic()
        if ask is None:
            return done
        spelt, counters = self._spelt, self._counters.engines

        def plain(venue: Sequenced, submit_us: int) -> int:
            place: int = ask(
                payloads, done, venue, connection.sessions, spelt, connection.spellings, counters, connection.held, now_us,
                submit_us, now_s,
            )  # fmt: skip
            return place

        reached = self._sequencer.at_once(plain, done)
        self.submitted = self.submitted or reached > done
        return reached

    # placing

    def add(self, connection: Connection, asked: AddOrder, now_us: int) -> None:
        """`add_order`."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).modifies()
            instrument = self._find(params.symbol)
            connection.spellings[instrument.number] = params.symbol
            place = self._place(params, instrument, key.account, now_us)
            self._counters.trade(key.account, instrument.number, key.tier, PLACE, time.monotonic())
            if params.validate:
                self._venue.check(place, now_us)
                body = '"result":{},"success":true'
            else:
                self.submitted = True
                body = f'"result":{_named(self._sequencer.submit(place).order, place)},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("add_order", asked.req_id, body, now_us))

    def _place(self, params: OrderParams, instrument: Instrument, account: int, now_us: int) -> Place:
        """The command; the plain limit order, most of all that comes, by a way of its own with the same checks."""
        if params.order_type != "limit" or not params.is_plain():
            return self._trading.place(order_of(params, instrument), account, now_us)
        side, time_in_force = _SIDES.get(params.side), _TIMES.get(params.time_in_force)
        self_trade = _SELF_TRADES.get(params.stp_type)
        lots = units(params.order_qty, instrument.lot_decimals, "order_qty")
        ticks = units(params.limit_price, instrument.price_decimals, "limit_price")
        client_id, reference = params.cl_ord_id, params.order_userref
        unusual = params.post_only and time_in_force is TimeInForce.IOC
        if side is None or time_in_force is None or self_trade is None or not lots or unusual or (client_id and reference):
            return self._trading.place(order_of(params, instrument), account, now_us)
        if client_id and not (
            len(client_id) <= CLIENT_ID_MAX and client_id.isascii() and client_id.isprintable() and " " not in client_id
        ):
            client_id_of(client_id)
        return Place(
            account,
            instrument.number,
            side,
            lots,
            Limit(ticks, time_in_force, 0, params.post_only),
            self_trade,
            client_id,
            reference,
            0,
            params.reduce_only,
        )

    def batch_add(self, connection: Connection, asked: BatchAdd, now_us: int) -> None:
        """`batch_add`: every order is read before the first is placed; what the venue refuses of one stands in its place."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).modifies()
            instrument = self._find(params.symbol)
            connection.spellings[instrument.number] = params.symbol
            least, most = BATCH_ADD
            if not least <= len(params.orders) <= most:
                raise wrong_argument("orders", f"a batch has {least} to {most} orders")
            places = []
            for order in params.orders:
                if order.symbol not in {"", params.symbol}:
                    raise wrong_argument("symbol", "all orders of a batch are of one pair")
                order.deadline = order.deadline or params.deadline
                places.append(self._place(order, instrument, key.account, now_us))
                self._venue.check(places[-1], now_us)
            self._counters.trade(key.account, instrument.number, key.tier, batch_cost(len(places)), time.monotonic())
            body = '"result":[],"success":true' if params.validate else self._placed(places)
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("batch_add", asked.req_id, body, now_us))

    def _placed(self, places: list[Place]) -> str:
        self.submitted = True
        results, refusals = [], []
        for place in places:
            try:
                results.append(_named(self._sequencer.submit(place).order, place))
            except Refused as refused:
                refusals.append(text_of(refused))
                results.append(f'{{"error":{quoted(refusals[-1])}}}')
        if len(refusals) == len(places):
            return refusal_body(refusals[0])
        return f'"result":[{",".join(results)}],"success":true'

    # changing

    def amend(self, connection: Connection, asked: AmendOrder, now_us: int) -> None:
        """`amend_order`: in its place where nothing gets better for it."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).modifies()
            order = self._order(key, params.order_id, params.cl_ord_id)
            if params.post_only and not order.is_post_only:
                raise wrong_argument("post_only", "an order becomes post-only by another order")
            instrument = self._venue.instruments.instruments[order.instrument]
            change = self._trading.change(changes_of(params), key.account, order.id, instrument, now_us)
            self._count(key, order, amend_cost(now_us - order.placed_us))
            number = self._venue.sequence + 1
            self.submitted = True
            self._sequencer.submit(change)
            amended = amend_text(number)
            named = f',"cl_ord_id":{quoted(order.client_id)}' if order.client_id else ""
            body = f'"result":{{"amend_id":"{amended}","order_id":"{order_name(order.id)}"{named}}},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("amend_order", asked.req_id, body, now_us))

    def edit(self, connection: Connection, asked: EditOrder, now_us: int) -> None:
        """`edit_order`: the order goes, and another comes with what was not changed. If that is refused, the first is gone."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).modifies()
            instrument = self._find(params.symbol)
            connection.spellings[instrument.number] = params.symbol
            order = self._order(key, params.order_id, "")
            if order.instrument != instrument.number:
                raise wrong_argument("symbol", "the order is of another pair")
            place = self._trading.place(shown_terms(order, instrument, params), key.account, now_us)
            self._count(key, order, edit_cost(now_us - order.placed_us))
            if params.validate:
                self._venue.check(place, now_us)
                body = '"result":{},"success":true'
            else:
                self.submitted = True
                self._sequencer.submit(Take(key.account, order.id))
                number = self._sequencer.submit(place).order
                told = f'{{"order_id":"{order_name(number)}","original_order_id":"{order_name(order.id)}"}}'
                body = f'"result":{told},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("edit_order", asked.req_id, body, now_us))

    # cancelling

    def cancel(self, connection: Connection, asked: CancelOrder, now_us: int) -> None:
        """`cancel_order`: one reply for each order."""
        params = asked.params
        heads = connection.held
        try:
            key = self._sessions.of(connection, params.token).cancels()
            count = len(params.order_id) + len(params.cl_ord_id) + len(params.order_userref)
            if not 0 < count <= BATCH_CANCEL[1]:
                raise wrong_argument("order_id", f"1 to {BATCH_CANCEL[1]} orders are cancelled at once")
        except Refused as refused:
            heads.append(reply_head("cancel_order", asked.req_id, refusal_body(text_of(refused)), now_us))
            return
        for name in params.order_id:
            heads.append(reply_head("cancel_order", asked.req_id, self._cancelled(key, name, "", now_us), now_us))
        for name in params.cl_ord_id:
            heads.append(reply_head("cancel_order", asked.req_id, self._cancelled(key, "", name, now_us), now_us))
        for reference in params.order_userref:
            found = self._referenced(key.account, reference) or [""]
            heads += [
                reply_head("cancel_order", asked.req_id, self._cancelled(key, name, "", now_us), now_us) for name in found
            ]

    def _cancelled(self, key: Speaker, order_id: str, client_id: str, now_us: int) -> str:
        """Cancel one; the body of its reply."""
        try:
            order = self._order(key, order_id, client_id)
            placed_us, named = order.placed_us, order.client_id
            self.submitted = True
            self._sequencer.submit(Take(key.account, order.id))
            self._counters.cancelled(key.account, order.instrument, key.tier, now_us - placed_us, time.monotonic())
        except Refused as refused:
            more = f',"order_id":{quoted(order_id)}' if order_id else f',"cl_ord_id":{quoted(client_id)}'
            return refusal_body(text_of(refused), more)
        more = f',"cl_ord_id":{quoted(named)}' if named else ""
        return f'"result":{{"order_id":"{order_name(order.id)}"{more}}},"success":true'

    def batch_cancel(self, connection: Connection, asked: BatchCancel, now_us: int) -> None:
        """`batch_cancel`: those that are open; the rest is passed over and not counted."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).cancels()
            least, most = BATCH_CANCEL
            if not least <= len(params.orders) + len(params.cl_ord_id) <= most:
                raise wrong_argument("orders", f"a batch has {least} to {most} orders")
            names: list[str] = []
            for each in params.orders:
                digits = str(each).removeprefix("-")
                names += self._referenced(key.account, int(each)) if digits.isdecimal() and len(digits) <= 10 else [str(each)]
            bodies = [self._cancelled(key, name, "", now_us) for name in names]
            bodies += [self._cancelled(key, "", name, now_us) for name in params.cl_ord_id]
            count = sum(body.endswith('"success":true') for body in bodies)
            # Kraken's page shows it within `result`, its examples of earlier years beside it: both are there.
            body = f'"orders_cancelled":{count},"result":{{"count":{count}}},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("batch_cancel", asked.req_id, body, now_us))

    def cancel_all(self, connection: Connection, asked: CancelAll, now_us: int) -> None:
        """`cancel_all`."""
        try:
            key = self._sessions.of(connection, asked.params.token).cancels()
            self.submitted = True
            count = self._sequencer.submit(Take(key.account)).count
            body = f'"result":{{"count":{count}}},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("cancel_all", asked.req_id, body, now_us))

    def cancel_all_after(self, connection: Connection, asked: CancelAllAfter, now_us: int) -> None:
        """`cancel_all_orders_after`, the dead man's switch."""
        params = asked.params
        try:
            key = self._sessions.of(connection, params.token).cancels()
            if not 0 <= params.timeout <= TIMEOUT_MAX_S:
                raise wrong_argument("timeout", f"was not 0 to {TIMEOUT_MAX_S} seconds")
            until_us = now_us + params.timeout * 1_000_000 if params.timeout else 0
            self.submitted = True
            self._sequencer.submit(CancelAfter(key.account, until_us))
            if params.cancel_on_disconnect and until_us:
                self._switches.arm(connection.number, key.account, params.timeout, until_us)
            else:
                self._switches.disarm(connection.number, key.account)
            trigger = second_text(until_us) if until_us else "0"
            body = f'"result":{{"currentTime":"{second_text(now_us)}","triggerTime":"{trigger}"}},"success":true'
        except Refused as refused:
            body = refusal_body(text_of(refused))
        connection.held.append(reply_head("cancel_all_orders_after", asked.req_id, body, now_us))

    # finding

    def _order(self, key: Speaker, order_id: str, client_id: str) -> Order:
        """An open order of the key's own account. Raises `Refused("order.unknown")`: another's is as unknown as none."""
        number = order_id_of(order_id) if order_id else self._venue.order_of_client(key.account, client_id)
        order = self._venue.order(number) if number else None
        if order is None or order.account != key.account:
            raise Refused("order.unknown", f"order: {(order_id or client_id)!a:.40} was not open")
        return order

    def _referenced(self, account: int, reference: int) -> list[str]:
        if not reference:
            return []
        return [order_name(order.id) for order in self._venue.open_orders(account) if order.user_reference == reference]

    def _count(self, key: Speaker, order: Order, cost: float) -> None:
        self._counters.trade(key.account, order.instrument, key.tier, cost, time.monotonic())


def _named(number: int, place: Place) -> str:
    """The result of an order that was placed."""
    if place.client_id:
        return f'{{"order_id":"{order_name(number)}","cl_ord_id":{quoted(place.client_id)}}}'
    if place.user_reference:
        return f'{{"order_id":"{order_name(number)}","order_userref":{place.user_reference}}}'
    return f'{{"order_id":"{order_name(number)}"}}'
