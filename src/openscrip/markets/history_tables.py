"""The column store of the venue's history: its tables in DuckDB, and how rows go in.

Nothing is ever changed but the minutes' candles, which grow. How far it reaches is written in the same transaction as the
rows, so that a kill leaves either both or neither.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

VERSION = 1
MEMORY_MIB = 512
THREADS = 1
"""Those who wait for an order need the other cores more."""

TEXT, WHOLE, FLAG, HUGE = "VARCHAR", "BIGINT", "BOOLEAN", "HUGEINT"

TABLES: Final[dict[str, dict[str, str]]] = {
    "trade": {
        "sequence": WHOLE, "time_us": WHOLE, "instrument": WHOLE, "number": WHOLE, "since": WHOLE, "side": WHOLE,
        "is_market": FLAG, "price": WHOLE, "lots": WHOLE,
    },
    "execution": {
        "sequence": WHOLE, "time_us": WHOLE, "id": WHOLE, "order": WHOLE, "account": WHOLE, "instrument": WHOLE,
        "trade": WHOLE, "side": WHOLE, "is_maker": FLAG, "price": WHOLE, "lots": WHOLE, "value": WHOLE, "fee": WHOLE,
    },
    "placed": {
        "sequence": WHOLE, "time_us": WHOLE, "order": WHOLE, "account": WHOLE, "instrument": WHOLE, "side": WHOLE,
        "lots": WHOLE, "order_type": TEXT, "time_in_force": TEXT, "price": WHOLE, "trigger": WHOLE, "display": WHOLE,
        "post_only": FLAG, "reduce_only": FLAG, "expires_us": WHOLE, "client_id": TEXT, "user_reference": WHOLE,
    },
    "ended": {
        "sequence": WHOLE, "time_us": WHOLE, "order": WHOLE, "account": WHOLE, "instrument": WHOLE, "client_id": TEXT,
        "user_reference": WHOLE, "status": TEXT, "reason": TEXT, "left": WHOLE, "filled": WHOLE, "value": WHOLE, "fee": WHOLE,
    },
    "amended": {
        "sequence": WHOLE, "time_us": WHOLE, "order": WHOLE, "account": WHOLE, "instrument": WHOLE, "lots": WHOLE,
        "price": WHOLE, "display": WHOLE, "trigger": WHOLE, "kept_priority": FLAG,
    },
    "ledger": {
        "sequence": WHOLE, "time_us": WHOLE, "id": WHOLE, "account": WHOLE, "asset": WHOLE, "kind": TEXT,
        "reference": TEXT, "amount": WHOLE, "fee": WHOLE, "balance": WHOLE,
    },
}  # fmt: skip
"""Columns in the order in which rows bring them."""

_MINUTE = """CREATE TABLE IF NOT EXISTS minute (instrument BIGINT, begin_s BIGINT, open BIGINT, high BIGINT, low BIGINT,
 close BIGINT, turnover HUGEINT, lots HUGEINT, count BIGINT, PRIMARY KEY (instrument, begin_s))"""
_POSITION = "CREATE TABLE IF NOT EXISTS position (version BIGINT, sequence BIGINT)"
_GROW = """INSERT INTO minute
 SELECT instrument, time_us // 60000000 * 60 AS begin_s, arg_min(price, number), max(price), min(price),
   arg_max(price, number), sum(price::HUGEINT * lots), sum(lots), count(*)
 FROM fresh GROUP BY instrument, begin_s
 ON CONFLICT DO UPDATE SET high = greatest(high, excluded.high), low = least(low, excluded.low), close = excluded.close,
   turnover = turnover + excluded.turnover, lots = lots + excluded.lots, count = count + excluded.count"""

Columns = dict[str, Sequence[Sequence[Any] | np.ndarray[Any, Any]]]
"""Fresh rows by table: their columns, in the order of `TABLES`; no columns where there is nothing."""


class OtherVersion(Exception):
    """The file was written by a program with other tables."""


def open_tables(path: Path) -> duckdb.DuckDBPyConnection:
    """The database in a file, its tables made where they are missing. Raises `OtherVersion`."""
    connection = duckdb.connect(str(path), config={"memory_limit": f"{MEMORY_MIB}MiB", "threads": THREADS})
    connection.execute("BEGIN")
    for name, columns in TABLES.items():
        said = ", ".join(f'"{column}" {kind} NOT NULL' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({said})")
    connection.execute(_MINUTE)
    connection.execute(_POSITION)
    found = connection.execute("SELECT version FROM position").fetchone()
    if found is None:
        connection.execute("INSERT INTO position VALUES (?, 0)", [VERSION])
    connection.execute("COMMIT")
    if found is not None and found[0] != VERSION:
        connection.close()
        raise OtherVersion(f"history: {path.name} had version {found[0]}, this program writes {VERSION}")
    return connection


def position_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The last number up to which everything is in."""
    found = connection.execute("SELECT sequence FROM position").fetchone()
    return int(found[0]) if found else 0


def write(connection: duckdb.DuckDBPyConnection, rows: Columns, last: int) -> None:
    """All rows and how far they reach, or nothing."""
    connection.execute("BEGIN")
    try:
        for table, fresh in rows.items():
            if len(fresh):
                _insert(connection, table, fresh)
        connection.execute("UPDATE position SET sequence = ?", [last])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _insert(connection: duckdb.DuckDBPyConnection, table: str, fresh: Sequence[Sequence[Any] | np.ndarray[Any, Any]]) -> None:
    columns = zip(TABLES[table].items(), fresh, strict=True)
    connection.register("fresh", {name: np.asarray(column, TYPES[kind]) for (name, kind), column in columns})
    connection.execute(f"INSERT INTO {table} SELECT * FROM fresh")  # noqa: S608  # one of TABLES
    if table == "trade":
        connection.execute(_GROW)
    connection.unregister("fresh")


TYPES: Final[dict[str, Any]] = {WHOLE: np.int64, TEXT: object, FLAG: np.bool_}
"""Of a column, as an array."""
