"""The tables of the FIX broker's books, as its statements see them; `fix_migrations` makes them and a test compares."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

from openscrip.runtime.fix.sql import session_tables
from openscrip.runtime.schema import NUMBER

metadata = MetaData()
session, sent = session_tables(metadata)

order = Table(
    "fix_order",
    metadata,
    Column("id", String, primary_key=True),
    Column("symbol", String, nullable=False),
    Column("side", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("limit_micros", BigInteger, nullable=True),
    Column("session", String, nullable=False),
    Column("time_in_force", String, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("filled", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False),
    Column("final", BigInteger, nullable=True),
    Column("cancels", Integer, nullable=False),
    Index("fix_order_state", "state"),
)

trade = Table(
    "fix_trade",
    metadata,
    Column("trade_date", String, primary_key=True),
    Column("exec_id", String, primary_key=True),
    Column("order_id", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("busted", Boolean, nullable=False),
    Index("fix_trade_exec", "exec_id"),
)

event = Table(
    "fix_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
)

todo = Table(
    "fix_todo",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("kind", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""What is to be sent, in order: `D` an order, `F` its cancellation, `H` a question about it, `Q` a trade we do not know."""

held = Table(
    "fix_held",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
"""Reports, by their place among all messages heard, that wait for news of the back office that came before them."""

doubt = Table(
    "fix_doubt",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("order_id", String, nullable=False),
    Column("exec_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("fix_doubt_exec", "exec_id"),
)
"""What was told and not booked: `open` until the broker takes it back or a person has looked."""

count = Table(
    "fix_count",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""`heard` and `said` messages, `news` read from the back office, `event` the last number given, `at` its instant, `doubts`."""
