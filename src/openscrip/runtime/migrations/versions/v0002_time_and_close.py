"""The market time of a transfer, when a pending one expires, and the closing of periods.

Transfers of before have no time (0) and belong to the first period that is closed. Nothing is posted with a time in a
closed period, and what belongs to a closing is never changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
APPEND_ONLY = ("closing", "closing_balance", "closing_page")
CLOSED = "transfer: its time was in a closed period"


def upgrade() -> None:
    """Add the time, its indexes, and the tables of closings."""
    op.add_column("transfer", sa.Column("at", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("transfer", sa.Column("expires_at", sa.BigInteger, nullable=False, server_default="0"))
    some = sa.text("expires_at > 0")
    op.create_index("transfer_expires", "transfer", ["expires_at"], sqlite_where=some, postgresql_where=some)
    op.create_index("transfer_at", "transfer", ["at", "number"])
    op.create_index("transfer_debit", "transfer", ["debit", "at", "number"])
    op.create_index("transfer_credit", "transfer", ["credit", "at", "number"])
    _closings()
    for table in APPEND_ONLY:
        _append_only(table)
    _closed_periods()


def _closings() -> None:
    op.create_table(
        "closing",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("period", sa.String, nullable=False, unique=True),
        sa.Column("since_at", sa.BigInteger, nullable=False),
        sa.Column("until_at", sa.BigInteger, nullable=False, unique=True),
        sa.Column("transfers", sa.BigInteger, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("closed_by", sa.String, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.CheckConstraint("until_at > since_at AND closed_at >= until_at", name="closing_period"),
    )
    op.create_table(
        "closing_balance",
        # no foreign key to the account: on PostgreSQL it would wait for whoever is posting, who waits for the closing
        sa.Column("account", sa.String, primary_key=True, nullable=False),
        sa.Column("closing", NUMBER, sa.ForeignKey("closing.number"), primary_key=True, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, sa.CheckConstraint(f"{name} >= 0"), nullable=False)
            for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
        ),
    )
    op.create_table(
        "closing_page",
        sa.Column("closing", NUMBER, sa.ForeignKey("closing.number"), primary_key=True, nullable=False),
        sa.Column("page", sa.Integer, primary_key=True, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _append_only(table: str) -> None:
    reason = f"{table}: a record is never changed or deleted"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{reason}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{reason}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )


def _closed_periods() -> None:
    closed = "SELECT max(until_at) FROM closing"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER transfer_not_closed BEFORE INSERT ON transfer WHEN NEW.at < ({closed}) "
            f"BEGIN SELECT RAISE(ABORT, '{CLOSED}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION transfer_not_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.at < ({closed}) "
        f"THEN RAISE EXCEPTION '{CLOSED}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER transfer_not_closed BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_not_closed()"
    )
