"""The tables of the index, as its statements see them. Amounts are 32 bytes, big-endian: no database counts that far."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

metadata = MetaData()

deployment = Table(
    "index_deployment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain", String, nullable=False),
    Column("token", String, nullable=False),
    Column("number", BigInteger, nullable=False),  # the last block that was read; -1 before the first
    Column("hash", String, nullable=False),
    UniqueConstraint("chain", "token", name="index_deployment_place"),
)

tail = Table(
    "index_tail",
    metadata,
    Column("chain", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String, nullable=False),
)
"""Blocks that were read and may yet be undone."""

balance = Table(
    "index_balance",
    metadata,
    Column("deployment", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, primary_key=True),
    Column("atoms", LargeBinary, nullable=False),
    Index("index_balance_holder", "holder"),
    sqlite_with_rowid=False,
)
"""What each has now; the holder `""` is the supply."""

history = Table(
    "index_history",
    metadata,
    Column("deployment", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("atoms", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What each had at the end of every block that changed it."""

transfer = Table(
    "index_transfer",
    metadata,
    Column("deployment", Integer, primary_key=True, autoincrement=False),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("atoms", LargeBinary, nullable=False),
    Column("tx_id", String, nullable=False),
    sqlite_with_rowid=False,
)

block = Table(
    "index_block",
    metadata,
    Column("chain", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
)
"""When a block was that moved something, in UTC seconds as the chain tells them."""

day = Table(
    "index_day",
    metadata,
    Column("scope", String, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),  # days since 1970, UTC
    Column("moved", LargeBinary, nullable=False),  # between holders; mints and burns apart
    Column("minted", LargeBinary, nullable=False),
    Column("burned", LargeBinary, nullable=False),
    Column("transfers", BigInteger, nullable=False),
    Column("transactions", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    Column("new_users", BigInteger, nullable=False),
    Index("index_day_day", "day"),
    sqlite_with_rowid=False,
)
"""What a day brought; `scope` is a deployment's number, or a chain's name for all its tokens together."""

user = Table(
    "index_user",
    metadata,
    Column("scope", String, primary_key=True),
    Column("holder", String, primary_key=True),
    Column("first_day", BigInteger, nullable=False),
)
"""The first day on which an address gave or took."""

user_day = Table(
    "index_user_day",
    metadata,
    Column("scope", String, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("holder", String, primary_key=True),
    sqlite_with_rowid=False,
)
"""Who gave or took on a day: what keeps `users` from counting twice."""

undone = Table(
    "index_undone",
    metadata,
    Column("chain", String, primary_key=True),
    Column("times", BigInteger, nullable=False),
)
"""How often blocks of a chain were taken back: what was counted before may have come again differently."""
