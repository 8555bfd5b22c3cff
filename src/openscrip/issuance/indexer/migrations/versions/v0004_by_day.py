"""A day of all tokens is found by the day, without the years before; and how often blocks were taken back is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index and the table."""
    op.create_index("index_day_day", "index_day", ["day"])
    op.create_table(
        "index_undone",
        sa.Column("chain", sa.String(), primary_key=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
    )
