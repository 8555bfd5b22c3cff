"""Facts of plain orders as rows of numbers, which the native clearing tells, and the same as objects for whoever reads those.

A row has the columns of `ROW`; what a kind of fact does not have is 0. Events of books stand apart, eight numbers each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeGuard

import numpy as np

from openscrip.markets.commands import Cause
from openscrip.markets.facts import BookEvents, Ending, Fact, OrderDone, OrderNew, OrderTraded, Printed
from openscrip.markets.native import built_module
from openscrip.markets.orders import Limit, SelfTrade

PLACED, TRADED, DONE, PRINTED, BOOK = range(1, 6)
NAME_BYTES = 40
COLUMNS: Final = (
    "kind", "sequence", "time_us", "instrument", "order", "account", "side", "order_kind", "user_reference", "price", "lots",
    "value", "fee", "left", "filled", "cost", "fees", "trade", "entry", "base_balance", "quote_balance", "flag", "cause",
    "name_bytes",
)  # fmt: skip
"""`flag`: whether it made, how it ended, how many events; `value` of a new order is what it holds; see `native/facts.hpp`."""
ROW: Final = np.dtype([*((name, "<i8") for name in COLUMNS), ("name", f"S{NAME_BYTES}")])
_WIDTH: Final = ROW.itemsize // 8
_NUMBERS: Final = len(COLUMNS)
_NAME_AT: Final = _NUMBERS * 8


class Rows(Protocol):
    """Facts of plain orders in a row, each command's together; never empty once told."""

    @property
    def first(self) -> int:
        """The number of the first record that they tell of."""

    @property
    def sequence(self) -> int:
        """The number of the last record that they tell of."""

    def rows(self) -> bytes:
        """The facts."""

    def events(self) -> bytes:
        """The events of their books."""

    def traded(self) -> list[tuple[int, int, int, int, int, int, int, int, int, int]]:
        """What traded, by instrument and minute: instrument, time, open, high, low, close, turnover, lots, count, last lots."""

    def prints(self, limit: int, /) -> list[tuple[int, int, int, int, int, int]]:
        """The newest trades of each instrument, in order: instrument, trade, time, side, price, lots."""

    def show(self, tables: Mapping[int, tuple[Any, ...]], /) -> dict[int, int]:
        """Have the tables of each `depth.Shown` follow (see its `tables`); which did, and the time of the last."""

    def __len__(self) -> int:
        """How many facts."""


_NATIVE: Final = built_module()
_Rows: Final[type] = _NATIVE.Facts if _NATIVE else type(None)


def is_rows(told: object) -> TypeGuard[Rows]:
    """Whether it is rows, not a fact."""
    return type(told) is _Rows


def unfolded(told: Sequence[Any]) -> list[Any]:
    """Facts alone, from facts and rows of them."""
    facts: list[Any] = []
    for each in told:
        if is_rows(each):
            facts += facts_of(each.rows(), each.events())
        else:
            facts.append(each)
    return facts


def first_of(told: Any) -> int:
    """The number of a fact's record, or of the first of rows."""
    return int(told.first if is_rows(told) else told.sequence)


def count_of(told: Sequence[object]) -> int:
    """How many facts, those in rows counted one by one."""
    return sum(len(each) if is_rows(each) else 1 for each in told)


def table_of(told: Iterable[Any]) -> np.ndarray[Any, Any]:
    """Rows put together, as a table with the columns of `ROW`."""
    return np.frombuffer(b"".join(each.rows() for each in told), ROW)


def facts_of(rows: bytes, events: bytes) -> list[Fact]:
    """The facts that rows tell."""
    numbers = np.frombuffer(rows, "<i8").reshape(-1, _WIDTH)[:, :_NUMBERS].tolist()
    told = list(map(tuple, np.frombuffer(events, "<i8").reshape(-1, 8).tolist()))
    facts: list[Fact] = []
    for place, row in enumerate(numbers):
        if row[0] == BOOK:
            first = row[22]
            facts.append(BookEvents(row[1], row[2], row[3], told[first : first + row[21]]))
            continue
        name_at = place * ROW.itemsize + _NAME_AT
        facts.append(_MAKERS[row[0]](row, rows[name_at : name_at + row[23]].decode()))
    return facts


def _placed(row: Sequence[int], client_id: str) -> Fact:
    _k, sequence, time_us, instrument, order, account, side, _kind, reference, price, lots, hold = row[:12]
    return OrderNew(
        sequence, time_us, order, account, instrument, side, lots, Limit(price), SelfTrade.CANCEL_NEWEST, client_id, reference,
        False, hold,
    )  # fmt: skip


def _traded(row: Sequence[int], client_id: str) -> Fact:
    _k, sequence, time_us, instrument, order, account, side, _kind, reference, price, lots, value, fee = row[:13]
    left, filled, cost, fees, trade, entry, base_balance, quote_balance, makes = row[13:22]
    return OrderTraded(
        sequence, time_us, trade, order, account, instrument, side, client_id, reference, bool(makes), price, lots, value, fee,
        left, filled, cost, fees, entry, base_balance, quote_balance,
    )  # fmt: skip


def _done(row: Sequence[int], client_id: str) -> Fact:
    _k, sequence, time_us, instrument, order, account, side, _kind, reference = row[:9]
    left, filled, cost, fees = row[13:17]
    return OrderDone(
        sequence, time_us, order, account, instrument, side, client_id, reference, Ending(row[21]), Cause(row[22]), left,
        filled, cost, fees,
    )  # fmt: skip


def _printed(row: Sequence[int], _client_id: str) -> Fact:
    return Printed(row[1], row[2], row[17], row[3], row[6], row[9], row[10], row[11], False, False)


_MAKERS: Final[dict[int, Callable[[Sequence[int], str], Fact]]] = {
    PLACED: _placed,
    TRADED: _traded,
    DONE: _done,
    PRINTED: _printed,
}
