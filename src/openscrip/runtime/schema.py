"""The tables of the SQL store, as its statements see them. The migrations make them; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

from openscrip.runtime.ledger import TOTAL_MAX


class Amount(TypeDecorator[int]):
    """Atoms in a signed 64-bit column: an `int` in and out, refused outside 0 … 2^63 - 1 before it is stored."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Check the range of an amount that is about to be stored."""
        if value is None or not 0 <= value <= TOTAL_MAX:
            raise OverflowError(f"schema: amount {value} was outside 64 bits")
        return value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """An `int`, whatever number the driver returns."""
        return None if value is None else int(value)


NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A row's place in line; on SQLite only `INTEGER PRIMARY KEY` counts by itself."""

metadata = MetaData()

row = Table(
    "row",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("kind", String, nullable=False),
    Column("id", String, nullable=False),
    Column("stock", String, nullable=False),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("person", String, nullable=False, server_default=""),
    Index("row_identity", "kind", "id", unique=True),
    Index("row_kind", "kind", "number"),
    Index("row_state", "kind", "state", "number"),
    Index("row_stock", "kind", "stock", "number"),
    Index(
        "row_person", "kind", "person", "number",
        sqlite_where=text("person <> ''"), postgresql_where=text("person <> ''"),
    ),
)  # fmt: skip

account = Table(
    "account",
    metadata,
    Column("id", String, primary_key=True),
    Column("unit", String, nullable=False, index=True),
    Column("side", String, nullable=False),
    Column("debits_pending", Amount, nullable=False),
    Column("debits_posted", Amount, nullable=False),
    Column("credits_pending", Amount, nullable=False),
    Column("credits_posted", Amount, nullable=False),
)

transfer = Table(
    "transfer",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("debit", String, ForeignKey("account.id"), nullable=False),
    Column("credit", String, ForeignKey("account.id"), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("cause", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("pending_id", String, ForeignKey("transfer.id"), unique=True),
    Column("seal", String, nullable=False),
    Column("at", BigInteger, nullable=False, server_default="0"),
    Column("expires_at", BigInteger, nullable=False, server_default="0"),
    Index("transfer_expires", "expires_at", sqlite_where=text("expires_at > 0"), postgresql_where=text("expires_at > 0")),
    Index("transfer_at", "at", "number"),
    Index("transfer_debit", "debit", "at", "number"),
    Index("transfer_credit", "credit", "at", "number"),
)

closing = Table(
    "closing",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("period", String, nullable=False, unique=True),
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False, unique=True),
    Column("transfers", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    Column("closed_by", String, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)

closing_balance = Table(
    "closing_balance",
    metadata,
    Column("account", String, primary_key=True, nullable=False),
    Column("closing", NUMBER, ForeignKey("closing.number"), primary_key=True, nullable=False),
    Column("debits_pending", Amount, nullable=False),
    Column("debits_posted", Amount, nullable=False),
    Column("credits_pending", Amount, nullable=False),
    Column("credits_posted", Amount, nullable=False),
)

closing_page = Table(
    "closing_page",
    metadata,
    Column("closing", NUMBER, ForeignKey("closing.number"), primary_key=True, nullable=False),
    Column("page", Integer, primary_key=True, nullable=False),
    Column("body", Text, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
)

sample = Table(
    "sample",
    metadata,
    Column("series", String, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=True),
    Column("body", Text, nullable=False),
)
"""What was measured, and until when it was seen to stay so."""

outbox = Table(
    "outbox",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("row_kind", String, nullable=False),
    Column("row_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("holder", String, nullable=False),
    Column("until", Float, nullable=False),
    Index("outbox_status", "status", "due_at", "number"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", String, primary_key=True),
    Column("message_id", String, primary_key=True),
    Column("digest", String, nullable=False),
)

once = Table(
    "once",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("used_by", String, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", String, primary_key=True),
    Column("position", Text, nullable=False),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("market_at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
    Index("audit_entry_who", "who", "number"),
    Index("audit_entry_subject", "subject", "number"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", Float, nullable=False),
    Column("for_s", Float, nullable=False),
)
