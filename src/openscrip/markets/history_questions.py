"""What the history's readers ask of its tables, in SQL. Every private question names the account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection as Cursor

from openscrip.markets.candles import DAY_S, MINUTE_S, Tape
from openscrip.markets.history_reader import INTERVALS_MIN
from openscrip.markets.history_rows import Amendment, Candle, ClosedOrder, Execution, LedgerRow, Trade

DAYS_30_US = 30 * DAY_S * 1_000_000

_TRADE = "instrument, number, since, time_us, side, is_market, price, lots"
_TRADES_AFTER = f"SELECT {_TRADE} FROM trade WHERE instrument = ? AND since > ? ORDER BY since LIMIT ?"  # noqa: S608  # only constants
_TRADES_NEWEST = f"SELECT {_TRADE} FROM trade WHERE instrument = ? ORDER BY since DESC LIMIT ?"  # noqa: S608  # only constants
_MINUTE = "begin_s, open, high, low, close, turnover, lots, count"
_CANDLES = """SELECT begin_s // ? * ? AS begun, arg_min(open, begin_s), max(high), min(low), arg_max(close, begin_s),
 sum(turnover), sum(lots), sum(count) FROM minute WHERE instrument = ? AND begin_s < ?
 GROUP BY begun ORDER BY begun DESC LIMIT ?"""
_CLOSED = """SELECT ended."order", ended.account, ended.instrument, ended.client_id, ended.user_reference, status, reason, side,
 order_type, time_in_force, price, trigger, display, post_only, reduce_only, expires_us, lots, filled, value, fee,
 placed.time_us, ended.time_us, ended."left" FROM ended JOIN placed ON placed."order" = ended."order"
 WHERE ended.account = $account AND placed.account = $account"""
_AMENDED = """SELECT "order", arg_max(lots, sequence), arg_max(price, sequence), arg_max(display, sequence),
 arg_max(trigger, sequence) FROM amended WHERE account = ? AND "order" = ANY(?::BIGINT[]) GROUP BY "order" """
_AMENDMENTS = """SELECT sequence, "order", account, instrument, lots, price, display, trigger, kept_priority, time_us FROM (
 SELECT sequence, "order", account, instrument, lots, price, display, trigger, true AS kept_priority, time_us FROM placed
 UNION ALL BY NAME SELECT sequence, "order", account, instrument, lots, price, display, trigger, kept_priority, time_us
 FROM amended) WHERE account = ? AND "order" = ? ORDER BY sequence"""
_EXECUTION = """SELECT execution.id, execution."order", execution.account, execution.instrument, trade, execution.side,
 order_type, execution.price, execution.lots, value, fee, is_maker, execution.time_us
 FROM execution JOIN placed ON placed."order" = execution."order"
 WHERE execution.account = $account AND placed.account = $account"""
_LEDGER = "SELECT id, account, asset, kind, reference, amount, fee, balance, time_us FROM ledger WHERE account = $account"


@dataclass(frozen=True, slots=True)
class Closed:
    """Which closed orders: after `start_us` up to `end_us` of closing, of opening, or of either."""

    account: int
    start_us: int = 0
    end_us: int = 2**62
    by_open: bool = False
    by_close: bool = True
    user_reference: int | None = None
    client_id: str | None = None


def last_since(cursor: Cursor) -> dict[int, int]:
    """The last trade's id in nanoseconds, by instrument."""
    return dict(cursor.execute("SELECT instrument, max(since) FROM trade GROUP BY instrument").fetchall())


def tapes(cursor: Cursor) -> dict[int, Tape]:
    """What is kept in memory of each instrument that ever traded."""
    found = {}
    newest = "SELECT instrument, max(begin_s) FROM minute GROUP BY instrument"
    for instrument, running_s in cursor.execute(newest).fetchall():
        day = f"SELECT {_MINUTE} FROM minute WHERE instrument = ? AND begin_s > ? ORDER BY begin_s"  # noqa: S608  # only constants
        minutes = [Candle(*row) for row in cursor.execute(day, [instrument, running_s - DAY_S]).fetchall()]
        longer = []
        for interval in INTERVALS_MIN[1:]:
            before = candles(cursor, instrument, interval, running_s - 1, 1, whole=running_s)
            longer += [(interval, each) for each in before]
        last = cursor.execute(
            "SELECT arg_max(price, since), arg_max(lots, since) FROM trade WHERE instrument = ? AND time_us >= ?",
            [instrument, running_s * 1_000_000],
        ).fetchone()
        found[instrument] = Tape(minutes, longer, last or (0, 0))
    return found


def trades(cursor: Cursor, instrument: int, since: int | None, count: int) -> list[Trade]:
    """Trades after an id, or the newest; oldest first."""
    if since is None:
        rows = cursor.execute(_TRADES_NEWEST, [instrument, count]).fetchall()[::-1]
    else:
        rows = cursor.execute(_TRADES_AFTER, [instrument, since, count]).fetchall()
    return [Trade(*row) for row in rows]


def candles(
    cursor: Cursor, instrument: int, interval_min: int, now_s: int, count: int, *, whole: int | None = None
) -> list[Candle]:
    """The newest candles in which something traded, oldest first: of the intervals up to `now_s`, minutes before `whole`."""
    step = interval_min * MINUTE_S
    before = now_s // step * step + step if whole is None else whole
    rows = cursor.execute(_CANDLES, [step, step, instrument, before, count]).fetchall()
    return [Candle(*map(int, row)) for row in reversed(rows)]


def closed_orders(cursor: Cursor, asked: Closed, offset: int, limit: int) -> tuple[list[ClosedOrder], int]:
    """A page, newest first, and how many there are."""
    given: dict[str, Any] = {"account": asked.account, "start": asked.start_us, "end": asked.end_us}
    times = [name for name, wanted in (("placed", asked.by_open), ("ended", asked.by_close)) if wanted]
    within = " OR ".join(f"({each}.time_us > $start AND {each}.time_us <= $end)" for each in times)
    text = f"{_CLOSED} AND ({within})"
    if asked.user_reference is not None:
        text, given["reference"] = f"{text} AND ended.user_reference = $reference", asked.user_reference
    if asked.client_id is not None:
        text, given["client"] = f"{text} AND ended.client_id = $client", asked.client_id
    by = "ended" if asked.by_close else "placed"
    return _page(cursor, text, given, f'{by}.time_us DESC, ended."order" DESC', offset, limit, _closed)


def orders(cursor: Cursor, account: int, ids: Sequence[int]) -> list[ClosedOrder]:
    """Closed orders by their ids."""
    given = {"account": account, "ids": list(ids)}
    text = f'{_CLOSED} AND ended."order" = ANY($ids::BIGINT[]) ORDER BY ended."order"'
    return _closed(cursor, cursor.execute(text, given).fetchall())


def _closed(cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> list[ClosedOrder]:
    """Orders as they were in the end: with their last amendment. One that was to spend so much had so many lots."""
    if not rows:
        return []
    changed = cursor.execute(_AMENDED, [rows[0][1], [row[0] for row in rows]]).fetchall()
    last = {order: rest for order, *rest in changed}
    found = []
    for row in rows:
        price, trigger, display, lots, filled = *row[10:13], *row[16:18]
        if row[0] in last:
            lots, price, display, trigger = last[row[0]]
        values = (*row[:10], price, trigger, display, *row[13:16], lots or filled + row[22], *row[17:22])
        found.append(ClosedOrder(*values))
    return found


def amendments(cursor: Cursor, account: int, order: int) -> list[Amendment]:
    """An order as it was placed, and after each change."""
    return [Amendment(*row) for row in cursor.execute(_AMENDMENTS, [account, order]).fetchall()]


def executions(
    cursor: Cursor, asked: tuple[int, int, int, bool | None], offset: int, limit: int
) -> tuple[list[Execution], int]:
    """A page, newest first, and how many there are: of an account after a time up to another, made or taken."""
    account, start_us, end_us, is_maker = asked
    given: dict[str, Any] = {"account": account, "start": start_us, "end": end_us}
    text = f"{_EXECUTION} AND execution.time_us > $start AND execution.time_us <= $end"
    if is_maker is not None:
        text, given["maker"] = f"{text} AND is_maker = $maker", is_maker
    return _page(cursor, text, given, "execution.id DESC", offset, limit, _executions)


def executions_with(cursor: Cursor, account: int, column: str, values: Sequence[int]) -> list[Execution]:
    """Executions by `id` or by `order`, oldest first."""
    text = f'{_EXECUTION} AND execution."{column}" = ANY($among::BIGINT[]) ORDER BY execution.id'
    return _executions(cursor, cursor.execute(text, {"account": account, "among": list(values)}).fetchall())


def _executions(_cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> list[Execution]:
    return [Execution(*row) for row in rows]


def ledgers(
    cursor: Cursor, asked: tuple[int, list[int], str, int, int], offset: int, limit: int
) -> tuple[list[LedgerRow], int]:
    """A page, newest first, and how many there are: of an account, of assets, of one kind, after a time up to another."""
    account, assets, kind, start_us, end_us = asked
    given: dict[str, Any] = {"account": account, "start": start_us, "end": end_us}
    text = f"{_LEDGER} AND time_us > $start AND time_us <= $end"
    if assets:
        text, given["assets"] = f"{text} AND asset = ANY($assets::BIGINT[])", assets
    if kind:
        text, given["kind"] = f"{text} AND kind = $kind", kind
    return _page(cursor, text, given, "id DESC", offset, limit, _ledger_rows)


def ledgers_by_id(cursor: Cursor, account: int, ids: Sequence[int]) -> list[LedgerRow]:
    """Rows of an account's ledger by their ids."""
    text = f"{_LEDGER} AND id = ANY($ids::BIGINT[]) ORDER BY id"
    return _ledger_rows(cursor, cursor.execute(text, {"account": account, "ids": list(ids)}).fetchall())


def _ledger_rows(_cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> list[LedgerRow]:
    return [LedgerRow(*row) for row in rows]


def volumes(cursor: Cursor, account: int, now_us: int) -> dict[int, int]:
    """What an account traded in the last 30 days by instrument, in units of the quote."""
    text = "SELECT instrument, sum(value) FROM execution WHERE account = ? AND time_us > ? GROUP BY instrument"
    return {number: int(value) for number, value in cursor.execute(text, [account, now_us - DAYS_30_US]).fetchall()}


def _page(
    cursor: Cursor, text: str, given: dict[str, Any], order: str, offset: int, limit: int, made: Any
) -> tuple[list[Any], int]:
    counted = cursor.execute(f"SELECT count(*) FROM ({text})", given).fetchone()  # noqa: S608  # texts of this module
    rows = cursor.execute(f"{text} ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}", given).fetchall()
    return made(cursor, rows), counted[0] if counted else 0
