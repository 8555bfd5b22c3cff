"""Orders that wait to be written: whoever writes next takes all of them, most often the session on its way.

An order that the session's own transaction writes leaves in the same transaction: one commit for both.
"""

import threading
from dataclasses import dataclass, field

from openscrip.assets.broker import Order
from openscrip.assets.brokers.fix_books import FixBooks, new_orders
from openscrip.assets.brokers.fix_order import FixOrder
from openscrip.runtime.sql import Gate


@dataclass(slots=True, eq=False)
class Ticket:
    """An order that waits, with the instant until which it may be sent. `found` is set once it is committed."""

    order: Order
    valid_until: int
    found: FixOrder | None = None
    written: threading.Event = field(default_factory=threading.Event)


class OrderQueue(Gate):
    """Lets one writer of this process in at a time. What it took and did not commit waits again.

    `known` are orders as the session knows them; they are forgotten when a transaction fails.
    """

    def __init__(self, known: dict[str, FixOrder]) -> None:
        super().__init__()
        self._known = known
        self._tickets_lock = threading.Lock()
        self._tickets: list[Ticket] = []
        self._taken: list[tuple[Ticket, FixOrder]] = []

    def put(self, ticket: Ticket) -> None:
        """Have it written by whoever comes first."""
        with self._tickets_lock:
            self._tickets.append(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Have it written by nobody."""
        with self._tickets_lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)

    def take(self, books: FixBooks) -> None:
        """Write all that wait into the books of a transaction inside this gate."""
        with self._tickets_lock:
            tickets, self._tickets = self._tickets, []
        if tickets:
            try:
                found = new_orders(books, [(ticket.order, ticket.valid_until) for ticket in tickets])
            except BaseException:
                self._put_back(tickets)
                raise
            self._taken += [(ticket, found[ticket.order.client_order_id]) for ticket in tickets]

    def __exit__(self, *error: object) -> None:
        taken, self._taken = self._taken, []
        if error[0] is not None:
            self._known.clear()
            self._put_back([ticket for ticket, _ in taken])
        super().__exit__(*error)
        if error[0] is None:
            for ticket, found in taken:
                ticket.found = found
                ticket.written.set()

    def _put_back(self, tickets: list[Ticket]) -> None:
        with self._tickets_lock:
            self._tickets[:0] = tickets
