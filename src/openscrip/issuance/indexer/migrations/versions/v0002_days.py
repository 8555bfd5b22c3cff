"""When blocks were, and what moved and who moved it on each day. Everything is read anew, since the times were not kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_READ = ("index_tail", "index_balance", "index_history", "index_transfer")


def upgrade() -> None:
    """Make the tables, and begin at the first block again."""
    op.create_table("index_block", _text("chain"), _number("number"), sa.Column("at", sa.BigInteger, nullable=False))
    op.create_table(
        "index_day",
        _text("scope"),
        _number("day"),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("moved", "minted", "burned")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("transfers", "transactions", "users", "new_users")),
        sqlite_with_rowid=False,
    )
    op.create_table("index_user", _text("scope"), _text("holder"), sa.Column("first_day", sa.BigInteger, nullable=False))
    op.create_table("index_user_day", _text("scope"), _number("day"), _text("holder"), sqlite_with_rowid=False)
    for name in _READ:
        op.execute(sa.delete(sa.table(name)))
    deployment = sa.table("index_deployment", sa.column("number"), sa.column("hash"))
    op.execute(sa.update(deployment).values(number=-1, hash=""))


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String, primary_key=True, nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)
