"""What an address has of everything is found by the address: with thousands of tokens, nobody asks each of them."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("index_balance_holder", "index_balance", ["holder"])
