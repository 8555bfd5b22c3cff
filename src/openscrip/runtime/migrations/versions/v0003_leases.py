"""Leases by name: who reads a feed, runs a session or carries a worker's name, until when, and the token that fences."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing else is touched."""
    op.create_table(
        "lease",
        sa.Column("name", sa.String, primary_key=True, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("for_s", sa.Float, nullable=False),
    )
