"""What the Alpaca adapter keeps: every order before it is sent, every event under its own number, and what was read so far.

Alpaca numbers its events in streams of its own and repeats them; here each is booked once, and numbered without a gap.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from openscrip.assets.broker import BrokerEvent, Order, Side
from openscrip.assets.brokers.paper import EVENTS
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

_TABLES = """
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (source TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS asked (id TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL, order_id TEXT NOT NULL,
  reason TEXT NOT NULL, commission INTEGER NOT NULL, filled INTEGER NOT NULL, settled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS trade (exec_id TEXT PRIMARY KEY, id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
  trade_date TEXT NOT NULL, due_at INTEGER NOT NULL, shares INTEGER NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL,
  price INTEGER NOT NULL, fee INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """An order of ours. States: sent (perhaps), working, rejected, done. `commission` is the vendor's running total."""

    order: Order
    state: str = "sent"
    order_id: str = ""
    reason: str = ""
    commission: Money = Money(0)
    filled: Shares = Shares(0)
    settled: Shares = Shares(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """An execution until it settles. `amount` is what it cost or brought; states: open, settled, busted."""

    exec_id: str
    id: str
    symbol: str
    side: Side
    trade_date: date
    due_at: int
    shares: Shares
    amount: Money
    price_micros: int
    fee: Money
    state: str = "open"


class AlpacaStore:
    """One SQLite file; every transaction is on disk when it ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one at a time. Inside another of the same thread it is a part of that."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # events

    def tell(self, make: Callable[[int], BrokerEvent]) -> None:
        """Append the event that `make` gives for the next number."""
        with self.transaction():
            seq = self.last_event() + 1
            told = make(seq)
            body = json.dumps(to_json(told))
            self._db.execute("INSERT INTO event VALUES (?, ?, ?)", (seq, told.TYPE, body))

    def last_event(self) -> int:
        """The number of the newest event, 0 before the first."""
        with self._lock:
            return int(self._db.execute("SELECT COALESCE(MAX(seq), 0) FROM event").fetchone()[0])

    def events(self, after: int, limit: int) -> list[BrokerEvent]:
        """Up to `limit` events numbered above `after`."""
        with self._lock:
            found = self._db.execute(
                "SELECT type, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()
        return [from_json(EVENTS[kind], json.loads(body)) for kind, body in found]

    def first_time(self, source: str, source_id: str) -> bool:
        """True once for each id of a source."""
        with self.transaction():
            found = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (source, source_id))
            return found.rowcount == 1

    # orders

    def asked(self, client_order_id: str) -> AskedOrder | None:
        """An order of ours."""
        with self._lock:
            found = self._db.execute("SELECT * FROM asked WHERE id = ?", (client_order_id,)).fetchone()
        if found is None:
            return None
        _, body, state, order_id, reason, commission, filled, settled = found
        order = from_json(Order, json.loads(body))
        return AskedOrder(order, state, order_id, reason, Money(commission), Shares(filled), Shares(settled))

    def put(self, row: AskedOrder) -> None:
        """Write an order whole."""
        values = (
            row.order.client_order_id, json.dumps(to_json(row.order)), row.state, row.order_id, row.reason,
            row.commission.atoms, row.filled.atoms, row.settled.atoms,
        )  # fmt: skip
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    # trades

    def trade(self, exec_id: str) -> Trade | None:
        """An execution."""
        with self._lock:
            found = self._db.execute("SELECT * FROM trade WHERE exec_id = ?", (exec_id,)).fetchone()
        return None if found is None else _trade(found)

    def put_trade(self, made: Trade) -> None:
        """Write an execution whole."""
        values = (
            made.exec_id, made.id, made.symbol, made.side.value, made.trade_date.isoformat(), made.due_at, made.shares.atoms,
            made.amount.atoms, made.state, made.price_micros, made.fee.atoms,
        )  # fmt: skip
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO trade VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def unsettled(self, until: int | None = None) -> list[Trade]:
        """Open executions in the order of their settlement, those due by `until`."""
        with self._lock:
            found = self._db.execute(
                "SELECT * FROM trade WHERE state = 'open' AND due_at <= ? ORDER BY due_at, rowid",
                (2**62 if until is None else until,),
            ).fetchall()
        return [_trade(each) for each in found]

    def rescale(self, symbol: str, new: int, old: int) -> None:
        """A split: open executions count in new shares."""
        with self.transaction():
            for made in self.unsettled():
                if made.symbol == symbol:
                    after = made.shares.times_down(new, old)
                    self.put_trade(replace(made, shares=after))
                    row = self.asked(made.id)
                    if row is not None:
                        self.put(replace(row, filled=row.filled - made.shares + after))

    # marks

    def mark(self, name: str) -> str:
        """A remembered text, empty at first."""
        with self._lock:
            found = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return "" if found is None else str(found[0])

    def set_mark(self, name: str, value: str) -> None:
        """Remember a text."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (name, value))


def _trade(found: tuple[str, str, str, str, str, int, int, int, str, int, int]) -> Trade:
    exec_id, case, symbol, side, day, due_at, shares, amount, state, price, fee = found
    return Trade(
        exec_id, case, symbol, Side(side), date.fromisoformat(day), due_at, Shares(shares), Money(amount), price, Money(fee),
        state,
    )  # fmt: skip
