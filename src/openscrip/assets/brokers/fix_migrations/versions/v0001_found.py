"""Sessions with what they sent, orders, trades, numbered events, what is to be sent, what is in doubt, and counts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make everything."""
    _sessions()
    _orders()
    op.create_table("fix_event", _number("seq"), _column("at", sa.BigInteger), _column("kind"), _column("body", sa.Text))
    op.create_table(
        "fix_todo",
        sa.Column("number", NUMBER, primary_key=True),
        _column("kind"),
        _column("order_id"),
        _column("body", sa.Text),
    )
    op.create_table("fix_held", _number("number"), _column("body", sa.Text))
    op.create_table(
        "fix_doubt",
        sa.Column("number", NUMBER, primary_key=True),
        _column("order_id"),
        _column("exec_id"),
        _column("reason"),
        _column("state"),
        _column("body", sa.Text),
    )
    op.create_index("fix_doubt_exec", "fix_doubt", ["exec_id"])
    op.create_table("fix_count", sa.Column("name", sa.String, primary_key=True), _column("value", sa.BigInteger))


def _sessions() -> None:
    op.create_table(
        "fix_session",
        sa.Column("identity", sa.String, primary_key=True),
        _column("era", sa.Integer),
        _column("next_out", sa.BigInteger),
        _column("next_in", sa.BigInteger),
        _column("period"),
        _column("spoken", sa.Boolean),
        _column("linked", sa.Boolean),
    )
    op.create_table(
        "fix_sent",
        sa.Column("identity", sa.String, primary_key=True),
        sa.Column("era", sa.Integer, primary_key=True, autoincrement=False),
        _number("number"),
        _column("wire", sa.LargeBinary),
        sa.Column("valid_until_ms", sa.BigInteger, nullable=True),
        sqlite_with_rowid=False,
    )


def _orders() -> None:
    op.create_table(
        "fix_order",
        sa.Column("id", sa.String, primary_key=True),
        _column("symbol"),
        _column("side"),
        _column("quantity", sa.BigInteger),
        sa.Column("limit_micros", sa.BigInteger, nullable=True),
        _column("session"),
        _column("time_in_force"),
        _column("valid_until", sa.BigInteger),
        _column("state"),
        _column("order_id"),
        _column("reason"),
        _column("filled", sa.BigInteger),
        _column("settled", sa.BigInteger),
        sa.Column("final", sa.BigInteger, nullable=True),
        _column("cancels", sa.Integer),
    )
    op.create_index("fix_order_state", "fix_order", ["state"])
    op.create_table(
        "fix_trade",
        _column("trade_date", primary_key=True),
        _column("exec_id", primary_key=True),
        _column("order_id"),
        _column("quantity", sa.BigInteger),
        _column("price", sa.BigInteger),
        _column("fee", sa.BigInteger),
        _column("busted", sa.Boolean),
    )
    op.create_index("fix_trade_exec", "fix_trade", ["exec_id"])


def _column(name: str, kind: Any = sa.String, primary_key: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, kind, primary_key=primary_key, nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)
