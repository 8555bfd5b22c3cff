"""The tables of the index, as its statements see them. Amounts are 32 bytes, big-endian: no database counts that far."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

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
