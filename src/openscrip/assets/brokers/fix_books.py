"""The FIX broker's books: orders, trades, numbered events, what is to be sent, what is in doubt. One transaction's worth.

What changes is remembered and written by `flush`, many rows at a time, right before the commit.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from openscrip.assets.broker import BrokerEvent, Order, Settled
from openscrip.assets.brokers.fix_order import DONE, FixOrder, Trade, order_of_row
from openscrip.assets.brokers.fix_statements import statements_of
from openscrip.assets.brokers.fix_tables import doubt, event, held, order, todo, trade
from openscrip.assets.wire import to_json
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix.codec import Message, decode
from openscrip.runtime.prepared import Session

HEARD, SAID, NEWS, EVENT, AT, DOUBTS = "heard", "said", "news", "event", "at", "doubts"


class FixBooks:
    """Books in one session, inside its transaction. `locked` keeps what is counted from others until the commit."""

    def __init__(self, session: Session, *, locked: bool = True, known: dict[str, FixOrder] | None = None) -> None:
        """`known` are orders as they stand, for whoever alone changes them; what changes here is put there by `flush`."""
        self._session = session
        self._statements = statements_of(session.dialect)
        self._known = {} if known is None else known
        self._locks = locked and not self._statements.is_sqlite
        self.told = False
        """Whether an event was told in this transaction."""
        self._orders: dict[str, FixOrder | None] = {}
        self._moved: set[str] = set()
        self._fresh: set[str] = set()
        self._counts: dict[str, int] | None = None
        self._counted: set[str] = set()
        self._events: list[dict[str, object]] = []
        self._trades: dict[tuple[date, str], Trade] = {}
        self._there: dict[tuple[date, str], Trade] = {}
        self._looked: set[str] = set()
        self._busted: list[Trade] = []
        self._todo: list[dict[str, object]] = []
        self._held: list[dict[str, object]] = []
        self._doubts: list[dict[str, object]] = []

    # Orders

    def order(self, case: str) -> FixOrder | None:
        """An order, or None if it was never placed."""
        if case not in self._orders and case in self._known:
            self._orders[case] = self._known[case]
        if case not in self._orders:
            found = self._session.first(self._statements.order, {"asked": case})
            self._orders[case] = None if found is None else order_of_row(tuple(found))
        return self._orders[case]

    def look_up(self, cases: Sequence[str]) -> None:
        """Read several orders at once."""
        asked = [case for case in cases if case not in self._orders and case not in self._known]
        if asked:
            rows = self._session.all(self._statements.orders, {"among": self._statements.many(asked)})
            found = {str(row[0]): order_of_row(tuple(row)) for row in rows}
            self._orders.update((case, found.get(case)) for case in asked)

    def put(self, row: FixOrder) -> None:
        """Change an order that was read before."""
        self._orders[row.id] = row
        self._moved.add(row.id)

    def add(self, orders: Sequence[FixOrder]) -> None:
        """Write new orders, and have them sent."""
        for each in orders:
            self._orders[each.id] = each
            self._fresh.add(each.id)
            self.want("D", each.id)

    def in_state(self, state: str) -> list[str]:
        """The ids of the orders in a state."""
        return [str(case) for (case,) in self._session.all(self._statements.in_state, {"stands": state})]

    # Trades

    def trade(self, trade_date: date, exec_id: str) -> Trade | None:
        """The trade of that date and id."""
        known = self._trades.get((trade_date, exec_id))
        if known is not None or exec_id in self._looked:
            return known or self._there.get((trade_date, exec_id))
        found = self._session.first(self._statements.trade, {"on": trade_date.isoformat(), "asked": exec_id})
        return None if found is None else _trade_of(found)

    def look_up_trades(self, exec_ids: Sequence[str]) -> None:
        """Read several trades at once, so that `trade` need not ask for each."""
        if not exec_ids:
            return
        rows = self._session.all(self._statements.trades, {"among": self._statements.many(exec_ids)})
        found = [_trade_of(row) for row in rows]
        self._there.update(((each.trade_date, each.exec_id), each) for each in found)
        self._looked.update(exec_ids)

    def trade_of(self, case: str, exec_id: str) -> Trade | None:
        """The trade of an order by its id alone, as a bust names it."""
        for known in self._trades.values():
            if (known.order_id, known.exec_id) == (case, exec_id):
                return known
        found = self._session.first(self._statements.trades_of, {"of": case, "asked": exec_id})
        return None if found is None else _trade_of(found)

    def book(self, made: Trade) -> None:
        """A new trade."""
        self._trades[made.trade_date, made.exec_id] = made

    def bust(self, made: Trade) -> None:
        """A trade that is no more."""
        key = (made.trade_date, made.exec_id)
        if key in self._trades:
            self._trades[key] = replace(made, busted=True)
        else:
            self._busted.append(made)

    def booked(self, settled: Settled) -> bool:
        """Whether every execution that settled is in the books."""
        return all(self.trade_of(settled.client_order_id, exec_id) is not None for exec_id in settled.exec_ids)

    # Events

    def tell(self, at: int, make: Callable[[int, int], BrokerEvent]) -> None:
        """A numbered event of an instant, or of the one before it if that was later; `make` is given number and instant."""
        self.told = True
        at = max(at, self.count(AT))
        self.increase(AT, at - self.count(AT))
        made = make(self.increase(EVENT), at)
        body = json.dumps(to_json(made))
        self._events.append({"seq": made.seq, "at": made.at, "kind": made.TYPE, "body": body})

    # Reports that wait

    def hold(self, number: int, message: Message) -> None:
        """Keep a message, by its place among those heard, until the news before it are there."""
        self._held.append({"number": number, "body": json.dumps([message.type, message.fields])})

    def is_holding(self) -> bool:
        """Whether any message waits."""
        return bool(self._held) or self.first_held() is not None

    def first_held(self) -> tuple[int, Message] | None:
        """The first message that waits, with its place."""
        found = self._session.first(self._statements.held, {})
        if found is None:
            return None
        number, body = found
        kind, fields = json.loads(body)
        return int(number), Message(kind, tuple((int(tag), str(value)) for tag, value in fields))

    def let_go(self, number: int) -> None:
        """A message waits no more."""
        self._session.change(self._statements.let_go, {"asked": number})

    # What is to be sent, and doubts

    def want(self, kind: str, case: str, body: object = None) -> None:
        """Have something sent."""
        self._todo.append({"kind": kind, "order_id": case, "body": json.dumps(body)})

    def next_todo(self, most: int) -> list[tuple[str, str, Any]]:
        """What is to be sent next, taken out of the list: kind, order, content."""
        found = self._session.all(self._statements.next_todo, {"most": most})
        if found:
            self._session.change_many(self._statements.did, [{"asked": each[0]} for each in found])
        taken = [(str(kind), str(case), str(body)) for _, kind, case, body in found]
        room = most - len(taken)
        fresh, self._todo = self._todo[:room], self._todo[room:]
        taken += [(str(each["kind"]), str(each["order_id"]), str(each["body"])) for each in fresh]
        return [(kind, case, json.loads(body)) for kind, case, body in taken]

    def is_wanted(self, kind: str, case: str) -> bool:
        """Whether this is to be sent already."""
        if any(each["kind"] == kind and each["order_id"] == case for each in self._todo):
            return True
        return self._session.first(self._statements.wanted, {"what": kind, "asked": case}) is not None

    def is_anything_wanted(self) -> bool:
        """Whether something waits to be sent."""
        return self._session.first(self._statements.anything_wanted, {}) is not None

    def question(self, case: str, exec_id: str, reason: str, message: Message) -> None:
        """Keep what cannot be booked, for a person."""
        self.increase(DOUBTS)
        body = json.dumps([message.type, message.fields])
        self._doubts.append({"order_id": case, "exec_id": exec_id, "reason": reason, "state": "open", "body": body})

    def was_questioned(self, exec_id: str) -> bool:
        """Whether a trade was told and not booked."""
        if not self.count(DOUBTS):
            return False
        known = any(each["exec_id"] == exec_id for each in self._doubts)
        return known or self._session.first(self._statements.doubt, {"asked": exec_id}) is not None

    def questions(self, limit: int) -> list[tuple[str, str, str]]:
        """What is in doubt and open: order, execution, reason."""
        found = self._session.all(self._statements.doubts, {"most": limit})
        return [(str(case), str(exec_id), str(reason)) for case, exec_id, reason in found]

    def resolve(self, exec_id: str) -> None:
        """The broker took back what was in doubt."""
        for each in self._doubts:
            each["state"] = "resolved" if each["exec_id"] == exec_id else each["state"]
        self._session.change(self._statements.resolve, {"asked": exec_id})

    def sent(self, identity: str, number: int) -> Message | None:
        """A message of ours in the present era."""
        wire = self._session.value(self._statements.sent, {"who": identity, "asked": number})
        return None if wire is None else decode(bytes(wire))

    # Counts

    def count(self, name: str) -> int:
        """A count; 0 at the beginning."""
        if self._counts is None:
            statement = self._statements.counts_locked if self._locks else self._statements.counts
            self._counts = {str(each): int(value) for each, value in self._session.all(statement, {})}
        return self._counts.get(name, 0)

    def increase(self, name: str, by: int = 1) -> int:
        """A count, raised; gives what it is now."""
        raised = self.count(name) + by
        self._counts = (self._counts or {}) | {name: raised}
        self._counted.add(name)
        return raised

    def flush(self) -> None:
        """Write everything that changed."""
        write, statements = self._session.change_many, self._statements
        fresh = [each for case in self._fresh if (each := self._orders[case]) is not None]
        if fresh:
            write(statements.insert[order.name], [each.row() for each in fresh])
        moved = [each for case in self._moved - self._fresh if (each := self._orders[case]) is not None]
        if moved:
            to = [{"asked": each.id} | {f"to_{name}": value for name, value in each.moving().items()} for each in moved]
            write(statements.move_order, to)
        self._known.update((each.id, each) for each in (*fresh, *moved))
        if self._trades:
            write(statements.insert[trade.name], [_row_of(each) for each in self._trades.values()])
        if self._busted:
            write(statements.bust, [{"on": each.trade_date.isoformat(), "asked": each.exec_id} for each in self._busted])
        for table, rows in ((event, self._events), (todo, self._todo), (held, self._held), (doubt, self._doubts)):
            if rows:
                write(statements.insert[table.name], rows)
        if self._counted:
            write(statements.put_count, [{"name": name, "value": self.count(name)} for name in sorted(self._counted)])


def new_orders(books: FixBooks, asked: Sequence[tuple[Order, int]]) -> dict[str, FixOrder]:
    """Each order as the books have it: new ones are written, with the instant until which they may be sent."""
    books.look_up([placed.client_order_id for placed, _ in asked])
    found: dict[str, FixOrder] = {}
    fresh: list[FixOrder] = []
    for placed, valid_until in asked:
        known = found.get(placed.client_order_id) or books.order(placed.client_order_id)
        if known is None:
            known = FixOrder(placed, valid_until)
            fresh.append(known)
        found[placed.client_order_id] = known
    books.add(fresh)
    return found


def settled_part(row: FixOrder, settled: Settled) -> FixOrder:
    """The order with so much more of it settled."""
    return replace(row, settled=row.settled + settled.quantity.atoms)


def finished(row: FixOrder) -> bool:
    """Whether the order is over, and all that was filled of it is booked."""
    return row.final is not None and row.filled == row.final and row.state != DONE


def _trade_of(found: Sequence[Any]) -> Trade:
    """The trade in a row of the table, its columns in order."""
    trade_date, exec_id, order_id, quantity, price, fee, busted = found
    return Trade(
        date.fromisoformat(trade_date), exec_id, order_id, Shares(quantity), PricePerShare(price), Money(fee), bool(busted)
    )


def _row_of(made: Trade) -> dict[str, object]:
    return {
        "trade_date": made.trade_date.isoformat(),
        "exec_id": made.exec_id,
        "order_id": made.order_id,
        "quantity": made.quantity.atoms,
        "price": made.price.micros,
        "fee": made.fee.atoms,
        "busted": made.busted,
    }
