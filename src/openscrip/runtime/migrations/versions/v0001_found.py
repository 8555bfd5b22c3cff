"""Rows, ledger, facts, outbox and inbox, with the ledger's rules as constraints.

Accounts hold their limit as a CHECK, a pending transfer resolves once by a unique index, and triggers refuse to change
or delete what is append-only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
APPEND_ONLY = ("transfer", "fact", "inbox", "once")


def upgrade() -> None:
    """Make everything."""
    _ledger()
    _business()
    _messages()
    for table in APPEND_ONLY:
        _append_only(table)


def _text(name: str, primary_key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String, primary_key=primary_key, nullable=False)


def _amount(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, sa.CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative"), nullable=False)


def _ledger() -> None:
    op.create_table(
        "account",
        _text("id", primary_key=True),
        _text("unit"),
        _text("side"),
        _amount("debits_pending"),
        _amount("debits_posted"),
        _amount("credits_pending"),
        _amount("credits_posted"),
        sa.CheckConstraint("side IN ('debit', 'credit', 'either')", name="account_side"),
        sa.CheckConstraint("side <> 'debit' OR credits_pending + credits_posted <= debits_posted", name="account_limit_debit"),
        sa.CheckConstraint("side <> 'credit' OR debits_pending + debits_posted <= credits_posted", name="account_limit_credit"),
    )
    op.create_index("ix_account_unit", "account", ["unit"])
    op.create_table(
        "transfer",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("debit", sa.String, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("credit", sa.String, sa.ForeignKey("account.id"), nullable=False),
        _amount("amount"),
        _text("cause"),
        _text("phase"),
        sa.Column("pending_id", sa.String, sa.ForeignKey("transfer.id"), unique=True),
        _text("seal"),
        sa.CheckConstraint("phase IN ('posted', 'pending', 'post', 'void')", name="transfer_phase"),
        sa.CheckConstraint("(phase IN ('post', 'void')) = (pending_id IS NOT NULL)", name="transfer_pending"),
        sa.CheckConstraint("amount > 0 OR phase = 'void'", name="transfer_amount"),
        sa.CheckConstraint("debit <> credit", name="transfer_accounts"),
    )


def _business() -> None:
    op.create_table(
        "row",
        sa.Column("number", NUMBER, primary_key=True),
        _text("kind"),
        _text("id"),
        _text("stock"),
        _text("state"),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("row_identity", "row", ["kind", "id"], unique=True)
    op.create_index("row_state", "row", ["kind", "state"])
    op.create_index("row_stock", "row", ["kind", "stock"])
    op.create_table(
        "fact",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        _text("kind"),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table("once", _text("kind", primary_key=True), _text("key", primary_key=True), _text("used_by"))
    op.create_table("counter", _text("name", primary_key=True), sa.Column("next", sa.BigInteger, nullable=False))


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        _text("row_kind"),
        _text("row_id"),
        _text("kind"),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        _text("status"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        _text("holder"),
        sa.Column("until", sa.Float, nullable=False),
        sa.CheckConstraint("status IN ('due', 'leased', 'parked', 'done')", name="outbox_status_known"),
    )
    op.create_index("outbox_status", "outbox", ["status", "due_at", "number"])
    op.create_table("inbox", _text("source", primary_key=True), _text("message_id", primary_key=True), _text("digest"))
    op.create_table("cursor", _text("source", primary_key=True), sa.Column("position", sa.Text, nullable=False))


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
