"""Deployments with their cursors, blocks that may be undone, balances now and before, transfers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "index_deployment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chain", sa.String, nullable=False),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.UniqueConstraint("chain", "token", name="index_deployment_place"),
    )
    op.create_table("index_tail", _text("chain"), _number("number"), sa.Column("hash", sa.String, nullable=False))
    op.create_table("index_balance", _deployment(), _text("holder"), _atoms(), sqlite_with_rowid=False)
    op.create_table("index_history", _deployment(), _text("holder"), _number("block"), _atoms(), sqlite_with_rowid=False)
    op.create_table(
        "index_transfer",
        _deployment(),
        _number("block"),
        _number("place"),
        sa.Column("sender", sa.String, nullable=False),
        sa.Column("receiver", sa.String, nullable=False),
        _atoms(),
        sa.Column("tx_id", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )


def _deployment() -> "sa.Column[int]":
    return sa.Column("deployment", sa.Integer, primary_key=True, autoincrement=False)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String, primary_key=True, nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _atoms() -> "sa.Column[bytes]":
    return sa.Column("atoms", sa.LargeBinary, nullable=False)
