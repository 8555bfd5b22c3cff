"""`FixBroker`: the broker port over a FIX 4.2 session and the broker's back office.

Orders are rows that the session sends when its link is up; every report is booked in the transaction that takes its number.
One process runs the session, by a lease; any process may place orders and read events.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from openscrip.assets.broker import (
    BrokerEvent,
    Order,
    OrderAnswer,
    OrderProgress,
    Position,
    Settled,
    TimeInForce,
    refuse_unfit,
)
from openscrip.assets.brokers import fix_migrations
from openscrip.assets.brokers.fix_books import EVENT, HEARD, NEWS, SAID, FixBooks, settled_part
from openscrip.assets.brokers.fix_desk import FixDesk
from openscrip.assets.brokers.fix_office import BackOffice, OfficeNews
from openscrip.assets.brokers.fix_order import SENT, FixOrder
from openscrip.assets.brokers.fix_queue import OrderQueue, Ticket
from openscrip.assets.brokers.fix_running import FixLine, FixRunner
from openscrip.assets.brokers.fix_statements import statements_of
from openscrip.assets.brokers.paper import broker_event
from openscrip.assets.calendar import Calendar
from openscrip.assets.trading_hours import next_window
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.database import READ_ONLY, asker, unavailable, upgrade
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.sql import SqlSessionStore
from openscrip.runtime.prepared import Session
from openscrip.runtime.sessions import Sessions

log = logging.getLogger(__name__)

EVENTS_MAX = 1_000
NEWS_AT_ONCE = 200
KNOWN_MAX = 20_000
DOUBTS_SHOWN = 100
IOC_S = 60
CAUGHT_UP_S, CAUGHT_UP_S_MAX = 0.002, 0.05
TURN_S = 0.25
"""So long an order waits for the session to write it; then whoever placed it writes it."""
WRITTEN_TRIES = 3
LOST_S = 0.5
"""So long after both sides should have been level, something was lost, and a sign of life is asked for."""


class FixBroker:
    """The `Broker` port. `start` begins to run the session, or to wait until its lease is free; `stop` ends that."""

    def __init__(
        self, engine: Engine, line: FixLine, office: BackOffice, clock: Clock, calendar: Calendar, *, ask_after_s: float = 5.0
    ) -> None:
        upgrade(engine, fix_migrations)
        self._engine = engine
        self._asking = asker(engine)
        self._sessions = Sessions(self._asking)
        self._office = office
        self._clock = clock
        self._calendar = calendar
        self._turnstile = threading.Lock()
        self._news_lock = threading.Lock()
        self.desk = FixDesk(line.identity, clock.now, time.monotonic, ask_after_s, live=line.live)
        self.on_booked: Callable[[], None] = lambda: None
        """Called when events were booked, for whoever waits for them."""
        self._books: FixBooks | None = None
        self._known: dict[str, FixOrder] = {}
        """Orders as they stand while this process runs the session: nobody else changes them then."""
        self._queue = OrderQueue(self._known)
        store: SqlSessionStore[FixBooks] = SqlSessionStore(engine, self._open_books, self._queue)
        self._moved = threading.Condition()
        self.runner = FixRunner(line, store, self.desk, self._after_turn, self._read_news, self._known.clear, self.desk.ahead)

    def start(self, holder: str = "worker") -> None:
        """Run the session in a thread, as soon as its lease is ours."""
        self.runner.start(holder)

    def stop(self) -> None:
        """Log out and end the thread."""
        self.runner.stop()

    def close(self) -> None:
        """Stop, and close the connections."""
        self.stop()
        self._office.close()
        self._sessions.close()
        self._asking.dispose()
        self._engine.dispose()

    # As `Broker`

    def place(self, order: Order) -> OrderAnswer:
        """Take an order into the books, from where the session sends it; several that come together share one write."""
        refuse_unfit(order)
        ticket = Ticket(order, self._valid_until(order))
        self._queue.put(ticket)
        if self.runner.poke():
            ticket.written.wait(TURN_S)
        if not ticket.written.is_set():
            self._write(ticket)
            self.runner.poke()
        if ticket.found is None:
            raise RuntimeError(f"fix broker: {order.client_order_id} was written and not found")
        if ticket.found.order != order:
            raise Conflict("order.conflict", f"order: {order.client_order_id} was used for another order")
        return ticket.found.answer()

    def order(self, client_order_id: str) -> OrderProgress | None:
        """What has become of an order."""
        with self._reading() as books:
            found = books.order(client_order_id)
        return None if found is None else found.progress()

    def cancel(self, client_order_id: str) -> None:
        """Ask that the rest of an order be cancelled."""
        with self._writing() as books:
            found = books.order(client_order_id)
            if found is None:
                raise Refused("order.unknown", f"order: {client_order_id:.80} was never placed")
            if not found.over and not books.is_wanted("F", client_order_id):
                books.want("F", client_order_id)
        self.runner.poke()

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """Up to `limit` (at most 1000) events numbered above `after`."""
        with unavailable(), self._sessions.one() as session:
            statement = statements_of(session.dialect).events
            found = session.all(statement, {"after": after, "most": min(limit, EVENTS_MAX)})
        return [broker_event(json.loads(body)) for (body,) in found]

    def positions(self) -> Mapping[str, Position]:
        """Positions by symbol, as the back office has them now."""
        return self._office.positions()

    def troubles(self) -> dict[str, str]:
        """Why the session does not run, and what was told and could not be booked: a person must look."""
        with self._reading() as books:
            doubts = books.questions(DOUBTS_SHOWN)
        found = {f"fix: {case or 'no order'} {exec_id}".strip(): reason for case, exec_id, reason in doubts}
        return found | ({"fix": self.runner.trouble} if self.runner.trouble else {})

    @property
    def refused(self) -> Mapping[str, int]:
        """What the broker sent to this process that counted for nothing, by kind, since the start."""
        return self.runner.refused

    def last_event(self) -> int:
        """The number of the newest event, 0 before the first."""
        with self._reading() as books:
            return books.count(EVENT)

    # Catching up

    def catch_up(self, timeout_s: float = 60.0) -> int:
        """Wait until the broker has heard all that we said, and all that it said is booked; gives the last event's number.

        Orders that it heard and did not answer are asked for. Raises `TimeoutError`, or `Unavailable` from the back office.
        """
        began = time.monotonic()
        ends, tested_at = began + timeout_s, began
        asked_for = -1
        while True:
            standing = self._office.standing()
            here = self._here()
            level = (here.said, here.heard, here.waiting) == (standing.heard, standing.said, 0)
            if level and here.unanswered and asked_for != standing.said:
                asked_for = standing.said + self._ask_unanswered()
            elif level and here.news >= standing.news:
                return here.event
            elif level:
                # what is new may have been booked by the session's own thread since we looked, and then we look again
                if not self._read_if_ours() and self._here().news == here.news:
                    return here.event
            elif not level:
                self.runner.poke()
                if time.monotonic() - tested_at > LOST_S:
                    tested_at = time.monotonic()
                    self.runner.test()
                with self._moved:
                    self._moved.wait(min(CAUGHT_UP_S_MAX, CAUGHT_UP_S + (time.monotonic() - began) / 10))
            if time.monotonic() > ends:
                trouble = self.runner.trouble or "no trouble"
                raise TimeoutError(f"fix broker: here {here}, there {standing} after {timeout_s} s; {trouble}")

    def _read_if_ours(self) -> bool:
        """Only who runs the session books news; the others wait for it."""
        if self.runner.runs:
            return self._read_news()
        time.sleep(CAUGHT_UP_S_MAX)
        return True

    def _ask_unanswered(self) -> int:
        with self._writing() as books:
            return self.desk.ask_all(books)

    def _here(self) -> "_Here":
        with self._reading() as books:
            waiting = books.is_anything_wanted()
            unanswered = len(books.in_state(SENT))
            said, heard, news, event_number = (books.count(name) for name in (SAID, HEARD, NEWS, EVENT))
            return _Here(said, heard, news, event_number, int(waiting), unanswered)

    # Writing

    def _write(self, ticket: Ticket) -> None:
        """Write an order that the session did not take in time, with all others that wait."""
        for attempt in range(WRITTEN_TRIES):
            try:
                with self._turnstile:
                    if ticket.written.is_set():
                        return
                    with self._writing() as books:
                        self._queue.take(books)
                ticket.written.wait()
                return
            except IntegrityError:  # another process wrote the same order meanwhile; now it is found
                if attempt == WRITTEN_TRIES - 1:
                    self._queue.drop(ticket)
                    raise
            except BaseException:
                self._queue.drop(ticket)
                raise

    def _valid_until(self, order: Order) -> int:
        """Until when it may be sent: to the end of its hours, or within a minute."""
        now = self._clock.now()
        if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            return now + IOC_S
        return next_window(self._calendar, order.session, now).close_at

    def _read_news(self) -> bool:
        """Book what the back office told and the session has caught up with; says whether anything was booked."""
        with self._news_lock:
            with self._reading() as books:
                reached = books.count(NEWS)
            found = self._office.news(reached, NEWS_AT_ONCE)
            if not found:
                return False
            with self._transaction() as session:
                books = FixBooks(session, known=self._known)
                if books.count(NEWS) != reached:
                    return True
                self._merge(books, found)
                booked = books.count(NEWS) != reached
                books.flush()
        if booked:
            self.on_booked()
        return booked

    def _merge(self, books: FixBooks, found: Sequence[OfficeNews]) -> None:
        """Book news and the reports that waited for them, each in its place."""
        self.desk.release(books)
        for news in found:
            first = books.first_held()
            if news.said > (books.count(HEARD) if first is None else first[0] - 1):
                return
            books.increase(NEWS)
            self._tell(books, news.event)
            self.desk.release(books)

    def _tell(self, books: FixBooks, told: BrokerEvent) -> None:
        """A settlement of a trade that we do not know is kept in doubt; everything else is told."""
        if isinstance(told, Settled):
            row = books.order(told.client_order_id)
            if row is None or not books.booked(told):
                body = Message(told.TYPE, ((11, told.client_order_id), (17, ",".join(told.exec_ids)), (58, str(told.amount))))
                books.question(told.client_order_id, told.exec_ids[0], "a trade settled that was not booked", body)
                return
            books.put(settled_part(row, told))
        books.tell(told.at, lambda seq, at: replace(told, seq=seq, at=at))

    def _open_books(self, session: Session) -> FixBooks:
        if len(self._known) > KNOWN_MAX:
            self._known.clear()
        self.runner.heard()
        self._books = FixBooks(session, known=self._known)
        self._queue.take(self._books)
        return self._books

    def _after_turn(self) -> None:
        """The session's transaction committed."""
        if self._books is not None and self._books.told:
            self.on_booked()
        if self.desk.holds:
            self.runner.hurry_news()
        if self.desk.more:
            self.runner.poke()
        with self._moved:
            self._moved.notify_all()

    @contextmanager
    def _writing(self) -> Iterator[FixBooks]:
        with self._transaction() as session:
            books = FixBooks(session)
            yield books
            books.flush()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with unavailable(), self._queue, self._engine.begin() as connection:
            yield Session(connection)

    @contextmanager
    def _reading(self) -> Iterator[FixBooks]:
        """What was committed, question by question; on SQLite all of one moment."""
        if self._engine.dialect.name != "sqlite":
            with unavailable(), self._sessions.one() as session:
                yield FixBooks(session, locked=False)
            return
        with unavailable(), self._engine.connect().execution_options(**{READ_ONLY: True}) as connection, connection.begin():
            yield FixBooks(Session(connection), locked=False)


@dataclass(frozen=True, slots=True)
class _Here:
    """How far our side is."""

    said: int
    heard: int
    news: int
    event: int
    waiting: int
    unanswered: int
