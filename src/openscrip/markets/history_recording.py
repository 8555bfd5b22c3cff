"""Facts of the venue as rows of its history, and Kraken's words for order types and for how orders end."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple, assert_never

import numpy as np
from msgspec.structs import astuple

from openscrip.markets.commands import Cause
from openscrip.markets.compact import DONE, PLACED, PRINTED, TRADED, is_rows, table_of
from openscrip.markets.facts import (
    Ending,
    Moved,
    OrderAmended,
    OrderDone,
    OrderNew,
    OrderTraded,
    Printed,
    What,
)
from openscrip.markets.following import Sequenced
from openscrip.markets.history_tables import TABLES, TYPES, Columns
from openscrip.markets.instruments import Directory
from openscrip.markets.orders import (
    Iceberg,
    Limit,
    Market,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
)

KINDS: Final = {What.CREDIT: "deposit", What.PAY_OUT: "withdrawal", What.REBATE: "adjustment"}
"""Kraken's words for what moves a balance, trades apart."""

CAUSES: Final = {
    Cause.BY_OWNER: "User requested",
    Cause.BY_OPERATOR: "Canceled by the venue",
    Cause.DISCONNECTED: "Connection lost",
    Cause.DEAD_MAN: "Cancel all orders after timeout",
    Cause.KILLED: "Account or venue stopped",
    Cause.CORPORATE_ACTION: "Corporate action",
    Cause.SCHEDULE: "End of session",
    Cause.VOLATILITY: "Volatility halt",
    Cause.STALE: "Reference price stale",
    Cause.DELISTED: "Delisted",
}
ENDINGS: Final = {
    Ending.FILLED: "",
    Ending.EXPIRED: "Order expired",
    Ending.IMMEDIATE: "IOC order could not be filled at once",
    Ending.NOT_FILLED: "FOK order could not be filled",
    Ending.NO_LIQUIDITY: "No liquidity",
    Ending.SELF_TRADE: "Self trade prevented",
    Ending.POST_ONLY: "Post only order",
    Ending.FILLED_MORE: "Amended below what was filled",
}

PIECE = 1_000
"""So many facts are turned at once: numpy lets nobody else compute meanwhile, and orders wait in the other thread."""

Table = np.ndarray[Any, Any]
_Told = Sequence[Any]
"""Columns of facts, or of rows; empty for none."""
STATUSES: Final = tuple(
    {Ending.FILLED: "closed", Ending.EXPIRED: "expired"}.get(Ending(each), "canceled") for each in range(len(Ending))
)
"""Kraken's status of an order that ended, by `Ending`."""
REASONS: Final = tuple(
    tuple(CAUSES[Cause(cause)] if ending == Ending.CANCELLED else ENDINGS[Ending(ending)] for cause in range(len(Cause)))
    for ending in range(len(Ending))
)
"""Why it ended, by `Ending` and `Cause`."""
_IN_FORCE: Final = tuple(TimeInForce(each).name for each in range(len(TimeInForce)))


class Said(NamedTuple):
    """Terms of an order in columns; prices in ticks, 0 for none."""

    order_type: str
    time_in_force: str
    price: int = 0
    trigger: int = 0
    display: int = 0
    post_only: bool = False
    expires_us: int = 0


def said(terms: Terms) -> Said:
    """Terms of an order in Kraken's words."""
    if isinstance(terms, Limit):
        return Said("limit", _IN_FORCE[terms.time_in_force], terms.price, 0, 0, terms.post_only, terms.expires_at)
    if isinstance(terms, Market):
        return Said("market", "IOC", terms.worst)
    until = terms.expires_at
    lasting = "GTD" if until else "GTC"
    match terms:
        case Iceberg():
            return Said("iceberg", lasting, terms.price, 0, terms.display, terms.post_only, until)
        case Stop():
            return Said("stop-loss", lasting, 0, terms.trigger, expires_us=until)
        case StopLimit():
            return Said("stop-loss-limit", lasting, terms.price, terms.trigger, expires_us=until)
        case TakeProfit():
            return Said("take-profit", lasting, 0, terms.trigger, expires_us=until)
        case TakeProfitLimit():
            return Said("take-profit-limit", lasting, terms.price, terms.trigger, expires_us=until)
        case Trailing():
            return Said("trailing-stop", lasting, 0, terms.offset, expires_us=until)
        case TrailingLimit():
            return Said("trailing-stop-limit", lasting, terms.limit_offset, terms.offset, expires_us=until)
        case _:
            assert_never(terms)


def _pieces(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Rows in pieces of some `PIECE` facts."""
    piece: list[Any] = []
    count = 0
    for each in rows:
        piece.append(each)
        count += len(each)
        if count >= PIECE:
            yield piece
            piece, count = [], 0
    if piece:
        yield piece


def execution_id(trade: Any, side: Any) -> Any:
    """The number of one side of a trade: unique at the venue."""
    return 2 * trade + side


class Recorder:
    """Turns facts into columns. `since` is the last id of a trade in nanoseconds, by instrument.

    `pause` is called after each piece of rows: whoever records beside a venue lets it compute for a moment.
    """

    def __init__(self, directory: Directory, since: dict[int, int], pause: Callable[[], None] = lambda: None) -> None:
        self._directory = directory
        self._since = since
        self._pause = pause

    def columns(self, facts: Iterable[Sequenced]) -> Columns:
        """The rows of a batch, by table, as columns. Facts may come in rows of their own (see `compact`)."""
        parts: list[Columns] = []
        for in_rows, some in groupby(facts, is_rows):
            if in_rows:
                for piece in _pieces(some):
                    parts.append(self._of_rows(table_of(piece)))
                    self._pause()
            else:
                parts.append(self._of_facts(list(some)))
        return parts[0] if len(parts) == 1 else {table: _stacked(table, [each[table] for each in parts]) for table in TABLES}

    def _of_rows(self, rows: Table) -> Columns:
        kinds = rows["kind"]
        traded, placed, done, printed = (rows[kinds == kind] for kind in (TRADED, PLACED, DONE, PRINTED))
        return {
            "trade": self._printed_in(printed),
            "execution": _executed_in(traded),
            "placed": _placed_in(placed),
            "ended": _ended_in(done),
            "amended": (),
            "ledger": self._entered_in(traded),
        }

    def _printed_in(self, rows: Table) -> _Told:
        if not len(rows):
            return ()
        number, time_us = rows["instrument"], rows["time_us"]
        since = list(map(self._next, number.tolist(), time_us.tolist()))
        by_market = np.zeros(len(rows), np.bool_)
        return rows["sequence"], time_us, number, rows["trade"], since, rows["side"], by_market, rows["price"], rows["lots"]

    def _entered_in(self, rows: Table) -> _Told:
        if not len(rows):
            return ()
        numbers, place = np.unique(rows["instrument"], return_inverse=True)
        listed = [self._directory.instruments[each] for each in numbers.tolist()]
        bases, quotes, units = (
            np.array(each, np.int64)[place]
            for each in (
                [one.base.number for one in listed],
                [one.quote.number for one in listed],
                [one.lot_units for one in listed],
            )
        )
        got, both, fee = 1 - 2 * rows["side"], np.concatenate, rows["fee"]
        references = list(map(str, execution_id(rows["trade"], rows["side"]).tolist())) * 2
        return (
            *(both((rows[name], rows[name])) for name in ("sequence", "time_us")), both((rows["entry"], rows["entry"] + 1)),
            both((rows["account"], rows["account"])), both((bases, quotes)), _same("trade", 2 * len(rows)), references,
            both((rows["lots"] * units * got, -rows["value"] * got)), both((np.zeros_like(fee), fee)),
            both((rows["base_balance"], rows["quote_balance"])),
        )  # fmt: skip

    def _of_facts(self, facts: Iterable[Sequenced]) -> Columns:
        found: dict[type, list[Any]] = {kind: [] for kind in (Printed, OrderTraded, OrderNew, OrderDone, OrderAmended, Moved)}
        get = found.get
        for fact in facts:
            kept = get(type(fact))
            if kept is not None:
                kept.append(fact)
        traded = _columns(found[OrderTraded])
        return {
            "trade": self._printed(_columns(found[Printed])),
            "execution": _executed(traded),
            "placed": _placed(_columns(found[OrderNew])),
            "ended": _ended(_columns(found[OrderDone])),
            "amended": _amended(_columns(found[OrderAmended])),
            "ledger": _joined(self._entered(traded), _moved(_columns([each for each in found[Moved] if each.entry]))),
        }

    def by_quote(self, values: Mapping[int, int]) -> dict[int, int]:
        """Values by instrument, added up by the number of the quote asset."""
        found: dict[int, int] = {}
        for number, value in values.items():
            quote = self._directory.instruments[number].quote.number
            found[quote] = found.get(quote, 0) + value
        return found

    def _printed(self, told: _Told) -> _Told:
        if not told:
            return ()
        sequence, time_us, number, instrument, side, price, lots, _value, by_market, _auction = told
        return sequence, time_us, instrument, number, list(map(self._next, instrument, time_us)), side, by_market, price, lots

    def _next(self, instrument: int, time_us: int) -> int:
        since = self._since[instrument] = max(time_us * 1_000, self._since.get(instrument, 0) + 1)
        return since

    def _entered(self, told: _Told) -> _Told:
        """Two rows of the account's ledger for each side of a trade: the base first, then the quote."""
        if not told:
            return ()
        sequence, time_us, trade, account, side = (np.array(told[each]) for each in (0, 1, 2, 4, 6))
        lots, value, fee, entry, base_after, quote_after = (np.array(told[each]) for each in (11, 12, 13, 18, 19, 20))
        listed = [self._directory.instruments[each] for each in told[5]]
        bases, quotes = [each.base.number for each in listed], [each.quote.number for each in listed]
        got = 1 - 2 * side
        units = lots * np.array([each.lot_units for each in listed]) * got
        kinds = ["trade"] * (2 * len(listed))
        references = [str(each) for each in (2 * trade + side).tolist()] * 2
        both = np.concatenate
        return (
            both((sequence, sequence)), both((time_us, time_us)), both((entry, entry + 1)), both((account, account)),
            both((bases, quotes)), kinds, references, both((units, -value * got)), both((np.zeros_like(fee), fee)),
            both((base_after, quote_after)),
        )  # fmt: skip


def _columns(facts: Sequence[Any]) -> _Told:
    """The fields of facts of one kind, one column each; none if there are no facts."""
    return tuple(zip(*map(astuple, facts), strict=True))


def _executed(told: _Told) -> _Told:
    if not told:
        return ()
    trade, side = told[2], told[6]
    return (
        told[0], told[1], list(map(execution_id, trade, side)), told[3], told[4], told[5], trade, side, told[9], told[10],
        told[11], told[12], told[13],
    )  # fmt: skip


def _placed(told: _Told) -> _Told:
    if not told:
        return ()
    kind, in_force, price, trigger, display, post_only, expires_us = zip(*map(said, told[7]), strict=True)
    return (
        *told[:7], kind, in_force, price, trigger, display, post_only, told[11], expires_us, told[9], told[10],
    )  # fmt: skip


def _ended(told: _Told) -> _Told:
    if not told:
        return ()
    sequence, time_us, order, account, instrument, _side, client_id, reference, ending, cause, left, filled, cost, fees = told
    statuses, reasons = (
        [STATUSES[each] for each in ending],
        [REASONS[each][why] for each, why in zip(ending, cause, strict=True)],
    )
    return sequence, time_us, order, account, instrument, client_id, reference, statuses, reasons, left, filled, cost, fees


def _amended(told: _Told) -> _Told:
    if not told:
        return ()
    return (*told[:5], told[7], *told[9:13])


def _moved(told: _Told) -> _Told:
    if not told:
        return ()
    sequence, time_us, entry, account, asset, amount, balance, what, reference = told
    kinds = [KINDS[each] for each in what]
    return sequence, time_us, entry, account, asset, kinds, reference, amount, [0] * len(entry), balance


def _same(text: str, count: int) -> Table:
    return np.full(count, text, object)


def _names(rows: Table) -> list[str]:
    return [name.decode() for name in rows["name"].tolist()]


def _executed_in(rows: Table) -> _Told:
    if not len(rows):
        return ()
    return (
        rows["sequence"], rows["time_us"], execution_id(rows["trade"], rows["side"]),
        *(rows[name] for name in ("order", "account", "instrument", "trade", "side")), rows["flag"] != 0,
        *(rows[name] for name in ("price", "lots", "value", "fee")),
    )  # fmt: skip


def _placed_in(rows: Table) -> _Told:
    if not len(rows):
        return ()
    count = len(rows)
    none, no = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    return (
        *(rows[name] for name in ("sequence", "time_us", "order", "account", "instrument", "side", "lots")),
        _same("limit", count), _same("GTC", count), rows["price"], none, none, no, no, none, _names(rows),
        rows["user_reference"],
    )  # fmt: skip


def _ended_in(rows: Table) -> _Told:
    if not len(rows):
        return ()
    return (
        *(rows[name] for name in ("sequence", "time_us", "order", "account", "instrument")), _names(rows),
        rows["user_reference"], np.array(STATUSES, object)[rows["flag"]],
        np.array(REASONS, object)[rows["flag"], rows["cause"]],
        *(rows[name] for name in ("left", "filled", "cost", "fees")),
    )  # fmt: skip


def _stacked(table: str, parts: Sequence[_Told]) -> _Told:
    """One part's rows after another's."""
    some = [part for part in parts if len(part)]
    if len(some) <= 1:
        return some[0] if some else ()
    kinds = [TYPES[kind] for kind in TABLES[table].values()]
    return tuple(np.concatenate([np.asarray(part[column], kind) for part in some]) for column, kind in enumerate(kinds))


def _joined(first: _Told, second: _Told) -> _Told:
    """Rows after rows."""
    if not first or not second:
        return first or second
    return tuple((*one, *other) for one, other in zip(first, second, strict=True))
