"""Whose a row is, as a column beside its body; indexes that go on from a place in line; samples of what is measured.

Rows of before are filled from their bodies. A program of before that still runs leaves the column empty in what it inserts;
the next write of such a row by this program fills it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FILL_SQLITE = (
    "UPDATE row SET person = json_extract(body, '{0}') WHERE person = '' AND kind {2} AND json_type(body, '{0}') = 'text'"
)
FILL_POSTGRESQL = (
    "UPDATE row SET person = body::json #>> '{1}' WHERE person = '' AND kind {2} "
    "AND position('\"person' in body) + position('\"client\"' in body) > 0 AND json_typeof(body::json #> '{1}') = 'string'"
)
PLACES = (
    ("$.person", "{person}", "NOT IN ('ClientWallet', 'Examination')"),
    ("$.wallet.person_id", "{wallet,person_id}", "= 'ClientWallet'"),
    ("$.client", "{client}", "= 'Examination'"),
)
"""Where a body says whose the row is, in the words of either database, and the kinds that say it there."""


JOURNEYS = (
    "INSERT INTO row (kind, id, stock, state, body, person) SELECT 'Journey', id, stock, 'kept', {0}, person "
    "FROM row WHERE kind IN ('Subscription', 'Redemption') ORDER BY number"
)
JOURNEY_SQLITE = (
    "json_object('id', id, 'stock', stock, 'person', person, 'milestones', "
    "json_array(json_object('name', state, 'at', json_extract(body, '$.asked_at'))), 'state', 'kept')"
)
JOURNEY_POSTGRESQL = (
    "json_build_object('id', id, 'stock', stock, 'person', person, 'milestones', json_build_array("
    "json_build_object('name', state, 'at', (body::json ->> 'asked_at')::bigint)), 'state', 'kept')::text"
)
"""Requests of before begin their journey where they stand."""


def upgrade() -> None:
    """Add the column and fill it, then the indexes; add the table of samples."""
    op.add_column("row", sa.Column("person", sa.String, nullable=False, server_default=""))
    fill = FILL_SQLITE if op.get_bind().dialect.name == "sqlite" else FILL_POSTGRESQL
    for place in PLACES:
        op.get_bind().exec_driver_sql(fill.format(*place))
    journey = JOURNEY_SQLITE if op.get_bind().dialect.name == "sqlite" else JOURNEY_POSTGRESQL
    op.get_bind().exec_driver_sql(JOURNEYS.format(journey))
    for name, columns in (("row_state", ["kind", "state"]), ("row_stock", ["kind", "stock"])):
        op.drop_index(name, "row")
        op.create_index(name, "row", [*columns, "number"])
    somebody = sa.text("person <> ''")
    op.create_index("row_kind", "row", ["kind", "number"])
    op.create_index("row_person", "row", ["kind", "person", "number"], sqlite_where=somebody, postgresql_where=somebody)
    op.create_table(
        "sample",
        sa.Column("series", sa.String, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.CheckConstraint("until >= at", name="sample_span"),
    )
